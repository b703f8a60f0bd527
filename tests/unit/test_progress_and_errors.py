"""What a user sees while work goes on, and when it fails."""

from __future__ import annotations

import io

import pytest

from mella_spark.progress import Progress, duration_text, rate_text
from mella_spark.stages.stream import root_cause


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_rates() -> None:
    assert rate_text(5, 2, "pages") == "2.5 pages/s"
    assert rate_text(50_000, 2, "pages") == "25,000 pages/s"
    assert rate_text(5, 0, "pages") == "0.0 pages/s"


def test_a_terminal_gets_one_redrawn_line_with_count_rate_and_time_left() -> None:
    stream = Terminal()
    progress = Progress("extract", "items", total=100, stream=stream)
    progress.started -= 10
    progress._shown -= 10
    progress.update(50)
    progress.finish()
    lines = stream.getvalue().split("\r\x1b[K")
    assert "50 of 100 items" in lines[1]
    assert "items/s" in lines[1]
    assert "10 s left" in lines[1]
    assert stream.getvalue().count("\n") == 1


def test_a_log_gets_a_line_only_every_few_seconds() -> None:
    stream = io.StringIO()
    progress = Progress("extract", "items", stream=stream)
    for done in range(1000):
        progress.update(done)
    assert stream.getvalue() == ""
    progress._shown -= 6
    progress.update(1000)
    assert stream.getvalue().startswith("extract: 1,000 items")


def test_root_cause_prefers_the_python_error() -> None:
    message = (
        "[STREAM_FAILED] Query terminated\nCaused by: org.apache.spark.SparkException: Job aborted"
        "\nTraceback (most recent call last):\n  File x\nbuiltins.ValueError: bad row\n"
    )
    assert root_cause(message) == "ValueError: bad row"
    assert root_cause("Caused by: java.io.IOException: No space left on device").endswith(
        "No space left on device"
    )
