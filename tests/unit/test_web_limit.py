"""What takes too long is stopped, and only that."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from mella_spark.web.html import read_page
from mella_spark.web.limit import Limit, OutOfTime


def test_what_takes_parsers_minutes_takes_no_time() -> None:
    limit = Limit(1)
    with limit:
        assert read_page(b"<div>" * 200_000 + b"<img src=a alt=a>", "http://a/").seen == 1
    with limit:
        read_page(b"<img " + b" ".join(b"a%d" % i for i in range(200_000)) + b">", "http://a/")


def _swallow() -> None:
    with contextlib.suppress(OutOfTime):
        _spin()
    _spin()


def _spin() -> None:
    while True:
        sum(range(1000))


@pytest.mark.parametrize(
    "endless",
    [
        _spin,
        _swallow,
        lambda: re.match(r"(a*)*b", "a" * 40),
        lambda: sum(1 for _ in iter(int, 1)),
    ],
)
def test_a_limit_ends_what_has_no_end(endless: Callable[[], object]) -> None:
    limit = Limit(0.1)
    for _ in range(2):
        with pytest.raises(OutOfTime, match=r"0\.1 s"), limit:
            endless()


def test_a_limit_leaves_alone_what_ends() -> None:
    limit = Limit(0.05)
    for _ in range(1000):
        with limit:
            sum(range(1000))
    with pytest.raises(ZeroDivisionError), limit:
        1 // 0  # noqa: B018
    for _ in range(20_000):  # well beyond it, outside
        sum(range(1000))


def test_limits_take_turns() -> None:
    short, long = Limit(0.05), Limit(60)
    for _ in range(3):
        with long:
            sum(range(1000))
        with pytest.raises(OutOfTime), short:
            _spin()
        with long:
            for _ in range(200):
                sum(range(20_000))


def test_a_process_that_used_a_limit_ends_well() -> None:
    code = """
from mella_spark.web.limit import Limit
with Limit(0.001):
    pass
import atexit
atexit._run_exitfuncs()
for _ in range(300): sum(range(20_000))
print("ended")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "ended\n")


def test_a_forked_process_has_its_own_limit() -> None:
    limit = Limit(0.2)
    with limit:
        sum(range(1000))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with limit:
                _spin()
        except OutOfTime:
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_waiting_does_not_count() -> None:
    with Limit(0.05):
        time.sleep(0.3)


def test_there_is_no_limit_in_another_thread() -> None:
    found = []

    def work() -> None:
        with Limit(0.01):
            found.append(sum(range(3_000_000)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found
