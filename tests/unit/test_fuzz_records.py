"""Whatever is in a file, every item of it is counted once and nothing is raised."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from fuzzing import Mutation, blocks, extract, files, fuzz, mutate, mutations, pack, records
from hypothesis import given
from hypothesis import strategies as st
from web_archive import record

from mella_spark.settings import ExtractSettings, load_settings
from mella_spark.web.harvest import Event, harvest

SETTINGS = load_settings(environment={}).extract.model_copy(update={"output_bytes": 20_000})
NUMBERS = st.integers(0, 1 << 16)


def check(content: bytes, kind: str = "warc", settings: ExtractSettings = SETTINGS) -> Counter[str]:
    with tempfile.TemporaryDirectory() as folder:
        return extract(Path(folder), content, settings, kind)


def test_the_seeds_give_pairs() -> None:
    for number, content in enumerate(files()):
        counts = check(content, "warc" if number < 5 else "wat")
        assert counts["kept"] >= 1, number
        assert counts["unreadable_record"] <= 1, number  # one has a length two bytes short


@fuzz(0.3)
@given(NUMBERS, mutations, st.sampled_from(["warc", "wat"]))
def test_damaged_files(seed: int, changes: list[Mutation], kind: str) -> None:
    check(mutate(files()[seed % len(files())], changes), kind)


@fuzz(0.25)
@given(st.lists(st.tuples(NUMBERS, mutations), min_size=1, max_size=4), NUMBERS)
def test_damaged_records(parts: list[tuple[int, list[Mutation]]], form: int) -> None:
    damaged = [mutate(records()[seed % len(records())], changes) for seed, changes in parts]
    check(pack(damaged, form))


@fuzz(0.2)
@given(NUMBERS, mutations)
def test_damaged_responses(seed: int, changes: list[Mutation]) -> None:
    """A record whose frame is whole is one item or as many as its page has images."""
    good = record(blocks()[0])
    counts = check(pack([good, record(mutate(blocks()[seed % len(blocks())], changes)), good], 0))
    alone = check(pack([good], 0))
    assert counts["seen"] >= 2 * alone["seen"] + 1
    assert counts["kept"] >= alone["kept"]
    assert not counts["parser_error"]


@fuzz(0.1)
@given(NUMBERS, mutations, NUMBERS)
def test_parts_of_a_damaged_file_make_the_whole(
    seed: int, changes: list[Mutation], place: int
) -> None:
    content = mutate(files()[seed % len(files())], changes)
    middle = max(1, place * (len(content) + 1) >> 16)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzz.warc"
        path.write_bytes(content)

        def events(start: int, end: int | None) -> list[Event]:
            return list(harvest(str(path), "warc", SETTINGS, start, end))

        whole, parts = events(0, None), [*events(0, middle), *events(middle, None)]
    assert items(parts) == items(whole)


def items(events: list[Event]) -> Counter[str]:
    """What was found, without damage: that between two parts may be seen from both or neither."""
    return Counter(repr(e) for e in events if type(e).__name__ in ("Found", "Capture"))
