"""What takes too long is stopped, and only that."""

from __future__ import annotations

import contextlib
import re
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
