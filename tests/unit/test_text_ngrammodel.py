"""Our reader of small fastText models against the library."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mella_spark.text.model import load_model, model_path, predict
from mella_spark.text.ngrammodel import NgramModel, read_model
from mella_spark.text.ngrammodel import _found as found_buckets

MODEL = model_path()


@pytest.fixture(scope="module")
def model() -> NgramModel:
    found = read_model(MODEL)
    assert found is not None
    return found


def agree(model: NgramModel, text: str, count: int) -> None:
    """The same labels but for those that are all but equal, with the same probabilities."""
    names, probabilities = load_model().predict(text, k=count)
    theirs = dict(zip(names, map(float, probabilities), strict=True))
    ours = dict(model.predict(text, count))
    assert len(ours) <= count
    assert list(ours.values()) == sorted(ours.values(), reverse=True)
    # Labels at the edge of the count, or of what is left out, may be another's in one of the two.
    least = min(theirs.values()) if len(theirs) == count else 1e-5
    for label in ours.keys() | theirs.keys():
        assert ours.get(label, least) == pytest.approx(theirs.get(label, least), abs=3e-5)


letters = (
    "abcčďeéfghiíjklmnňoópqrřsštťuúůvwxyýzž абвгдђежзијклљмн أبتثجح 한국어 日本語 ไทย <>_'’-.,1"
)


@given(
    st.one_of(st.text(letters, max_size=80), st.text(st.characters(exclude_categories=["Cs"]))),
    st.sampled_from([1, 8, 12, 176]),
)
def test_any_line_is_judged_as_by_the_library(model: NgramModel, text: str, count: int) -> None:
    agree(model, text.replace("\n", " "), count)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t ",
        "de la in and",
        "The quick brown fox jumps over the lazy dog",
        "Příliš žluťoučký kůň úpěl ďábelské ódy",
        "Чуєш їх, доцю, га? Кумедна ж ти, прощайся без ґольфів!",
        "คำภาษาไทยที่ไม่มีช่องว่าง",
        "തിരഞ്ഞെടുക്കപ്പെട്ട",
        "word </s> nothing behind it counts, mais non",
        "a</s>b is a word like any other",
        "__label__en",
        "nul\0separates words",
        "x" * 5000,
    ],
)
def test_lines(model: NgramModel, text: str) -> None:
    agree(model, text, 8)


def test_a_long_text_after_a_short_one(model: NgramModel) -> None:
    agree(model, "krátký", 8)
    agree(model, "dlouhý text " * 3000, 8)
    agree(model, "krátký", 8)


def test_half_a_surrogate_pair_is_a_question_mark(model: NgramModel) -> None:
    assert model.predict("ab \ud800 cd", 3) == model.predict("ab ? cd", 3)


def test_texts_of_a_real_crawl(model: NgramModel, crawl: Path) -> None:
    truth = crawl / "truth.jsonl"
    if not truth.exists():
        pytest.skip("the crawl has no truth.jsonl")
    alts = [json.loads(line)["alt"] for line in truth.read_text("utf-8").splitlines()]
    for alt in set(alts):
        agree(model, alt.replace("\n", " "), 8)


def test_files_that_are_left_to_the_library(tmp_path: Path) -> None:
    whole = MODEL.read_bytes()
    for number, data in enumerate(
        [b"", b"not a model", whole[:100], whole[:200_000], whole[:-1], b"\0" * 8 + whole[8:]]
    ):
        path = tmp_path / f"{number}.ftz"
        path.write_bytes(data)
        assert read_model(path) is None


def test_a_model_of_another_shape_is_left_to_the_library(tmp_path: Path) -> None:
    whole = bytearray(MODEL.read_bytes())
    whole[8] = 32  # dimensions
    path = tmp_path / "wide.ftz"
    path.write_bytes(whole)
    assert read_model(path) is None


@given(st.sets(st.integers(0, 299), min_size=1))
def test_buckets_are_found_by_their_rank(kept: set[int]) -> None:
    import numpy as np

    found = found_buckets(300, np.array(sorted(kept), np.int32)).tolist()
    for bucket in range(300):
        bits, before = found[2 * (bucket // 64)], found[2 * (bucket // 64) + 1]
        below = bits & ((2 << bucket % 64) - 1)
        assert bool(below >> bucket % 64) == (bucket in kept)
        if bucket in kept:
            assert (before + below.bit_count()) % (1 << 64) == sorted(kept).index(bucket)


def test_predict_gives_codes_of_languages() -> None:
    posterior = predict("Příliš žluťoučký kůň úpěl ďábelské ódy", labels=4)
    assert max(posterior, key=lambda code: posterior[code]) == "cs"
    assert all(0.0 <= probability <= 1.0 for probability in posterior.values())
