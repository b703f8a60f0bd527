"""Pages that take quadratic time are told apart and stopped."""

from __future__ import annotations

import base64
import os
import random
import time

import pytest

from mella_spark.web.html import read_page
from mella_spark.web.watchdog import Crashed, may_be_slow, run

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
