"""What the extraction benchmark makes of its measurements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.extract import compare, cost, ratios, report
from benchmarks.extract.inputs import Input
from benchmarks.extract.measure import Job

PAGE = "http://a.example/"


def test_a_billion_pairs_by_hand() -> None:
    # 100 million pages at 1,000 a second are 100,000 seconds; 20 KB a page are 2,000 GB.
    found = cost.per_billion_pairs(1000, 10, 20_000, 0.036, dollars_per_gb=0.01)
    assert found.core_hours == pytest.approx(100_000 / 3600)
    assert found.gigabytes == pytest.approx(2000)
    assert found.compute_dollars == pytest.approx(1.0)
    assert found.dollars == pytest.approx(21.0)
    half = cost.per_billion_pairs(1000, 10, 20_000, 0.036, busy=0.5)
    assert half.dollars == pytest.approx(2.0)


@given(*[st.floats(1e-3, 1e6) for _ in range(4)])
def test_cost_falls_with_speed_and_density(
    speed: float, density: float, size: float, price: float
) -> None:
    once = cost.per_billion_pairs(speed, density, size, price, 0.02)
    assert cost.per_billion_pairs(2 * speed, density, size, price).compute_dollars == (
        pytest.approx(once.compute_dollars / 2)
    )
    assert cost.per_billion_pairs(speed, 2 * density, size, price, 0.02).dollars == (
        pytest.approx(once.dollars / 2)
    )


@pytest.mark.parametrize("rates", [(0, 1, 1), (1, 0, 1), (-1, 1, 1)])
def test_cost_without_a_rate_is_refused(rates: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        cost.per_billion_pairs(*rates)


def test_wrong_pairs_and_why() -> None:
    oracle = [(PAGE, "", ""), (PAGE, f"{PAGE}a.png", "a b"), (PAGE, f"{PAGE}c.png", "c")]
    found = compare.compare(
        oracle,
        [
            ("<http://a.example/>", f"{PAGE}a.png#top", " a\n b "),  # right, in another style
            (PAGE, f"{PAGE}x.png", "c"),
            (PAGE, f"{PAGE}c.png", "\ufffd"),
            (PAGE, "data:,", "c"),
            (PAGE, f"{PAGE}c.png", " "),
            (PAGE, f"{PAGE}d.png", "d"),
            ("http://other.example/", f"{PAGE}d.png", "not a page that the oracle read"),
        ],
    )
    assert (found.found, found.correct, found.missed, found.wrong) == (6, 1, 1, 5)
    assert found.reasons == {
        "wrong address": 1,
        "wrong alt": 1,
        "no web address (placeholder of a lazy image)": 1,
        "blank alt": 1,
        "no such pair": 1,
    }


def test_an_oracle_without_pages_has_read_all() -> None:
    found = compare.compare([(PAGE, f"{PAGE}a", "a")], [("http://other.example/", PAGE, "b")])
    assert (found.found, found.wrong) == (1, 1)


def test_only_right_pairs_can_be_lost() -> None:
    oracle = [(PAGE, f"{PAGE}a", "a"), (PAGE, f"{PAGE}b", "b")]
    assert compare.lost(oracle, [*oracle, (PAGE, f"{PAGE}c", "wrong")], oracle[:1]) == 1


def _run(rounds: dict[str, list[float]]) -> dict[str, object]:
    results = {"passes": 2, "startup_seconds": 0.5, "cpu_seconds": 1.0, "rss_mb": 50.0, "pairs": 20}
    return {
        "inputs": {"web": {"pages": 10, "compressed": 1e6, "uncompressed": 5e6}},
        "pairs": {},
        "dollars_per_core_hour": 0.04,
        "jobs": [
            {
                "input": "web",
                "name": name,
                "cores": 1,
                "copies": 1,
                "results": [results | {"seconds": seconds} for seconds in each],
            }
            for name, each in rounds.items()
        ],
    }


def test_ratios_are_of_the_same_round() -> None:
    run = _run({ratios.FULL: [2.0, 4.0, 10.0], ratios.LEXBOR: [1.0, 4.0, 8.0]})
    (found,) = ratios.ratios(run)
    assert found.values == (0.5, 1.0, 0.8)
    assert found.median == 0.8
    assert found.processor == 1.0
    assert found.reached
    assert "0.80" in report.text(run)


def test_rates_count_passes() -> None:
    (row,) = report.rates(_run({ratios.FULL: [2.0, 4.0, 8.0]}), "web")
    name, speed, spread, processor, packed, unpacked, memory, start = row
    assert name == ratios.FULL
    assert (speed, spread, packed, unpacked) == ("5.0", "2.5 – 10.0", "0.5", "2.5")
    assert processor == "50.000"
    assert (memory, start) == ("50", "0.5")


def test_tables_are_whole() -> None:
    run = _run({ratios.FULL: [2.0], ratios.LEXBOR: [1.0]})
    lines = [line for line in report.markdown(run).splitlines() if line.startswith("|")]
    assert all(line.endswith(" |") for line in lines)
    assert len(lines) == 4 + 4 + 3


def test_a_job_is_a_command() -> None:
    job = Job("x", "ours", "ours", Input("i", "warc", ("a", "b"), 1, 1, 1), ("--detail", "full"))
    assert job.command("--cores", "0")[1].endswith("/loops/ours_loop.py")
    assert job.command("--cores", "0")[2:] == ["--detail", "full", "--cores", "0", "a", "b"]
