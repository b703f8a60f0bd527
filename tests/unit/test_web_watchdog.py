"""Pages that take quadratic time are told apart and stopped."""

from __future__ import annotations

import base64
import contextlib
import os
import random
import re
import threading
import time
from collections.abc import Callable

import pytest

from mella_spark.web.html import read_page
from mella_spark.web.watchdog import Crashed, Limit, OutOfTime, may_be_slow, run

DEEP = b"<div>" * 60_000 + b"<img src=a.png alt=a>"


def test_what_may_be_slow() -> None:
    assert may_be_slow(DEEP)
    assert may_be_slow(b"<div>" * 60_000 + b"</div>" * 60_000)
    assert may_be_slow(b"<img " + b" ".join(b"a%d" % i for i in range(20_000)) + b">")
    assert may_be_slow(b" " * (9 << 20))


def test_ordinary_pages_stay_in_the_process() -> None:
    assert not may_be_slow(b"<div><p>text<br><img src=a.png alt=a></div>" * 10_000)
    assert not may_be_slow(
        b"<img src='data:image/png;base64,"
        + base64.b64encode(random.Random(0).randbytes(100_000))
        + b"'>"
    )


def test_native_code_is_stopped() -> None:
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        run(lambda: read_page(DEEP * 3, "http://a/"), 0.5)
    assert time.monotonic() - start < 5


def test_answers_and_errors_come_back() -> None:
    page = b"<html><img src=a.png alt=a></html>"
    assert run(lambda: read_page(page, "http://a/"), 30) == read_page(page, "http://a/")
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        run(lambda: 1 // 0, 30)
    with pytest.raises(Crashed):
        run(lambda: os._exit(3), 30)


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
