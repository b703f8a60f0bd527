"""From WARC files to the training table, on the sample web with its ground truth."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from PIL import Image

from mella_spark.lake.schemas import TABLES
from mella_spark.lake.tables import Lake
from mella_spark.loader import DataLoader, make_delta_reader
from mella_spark.sample.truth import clean, read_truth
from mella_spark.sample.web import WebManifest
from mella_spark.stages.funnel import funnel
from mella_spark.stages.pipeline import STAGES, run_pipeline
from mella_spark.stages.stream import StageResult

Line = tuple[Lake, dict[str, StageResult]]


def triples(lake: Lake) -> set[tuple[str, str, str]]:
    rows = lake.read("pairs").select("page_url", "image_url", "alt").collect()
    assert len(rows) == len({tuple(row) for row in rows})
    return {(row[0], row[1], row[2]) for row in rows}


def composed(triples: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """As the truth writes them: windows-1258 pages spell Vietnamese with combining tones."""
    return {(page, image, clean(alt)) for page, image, alt in triples}


def test_every_table_is_filled(lake: Lake) -> None:
    for name in TABLES:
        assert lake.count(name) > 0, name


def test_pairs_are_exactly_those_of_the_truth(lake: Lake, web: WebManifest) -> None:
    truth = {(pair.page, pair.image, pair.alt) for pair in read_truth(web.truth)}
    assert composed(triples(lake)) == truth


def test_kept_and_rejects_equal_seen_for_every_file_and_stage(lake: Lake) -> None:
    totals: dict[tuple[str, str], Counter[str]] = {}
    for row in lake.read("ledger").collect():
        totals.setdefault((row["file"], row["stage"]), Counter())[row["reason"]] += row["count"]
    assert {stage for _, stage in totals} == set(STAGES)
    for key, counts in totals.items():
        assert counts.pop("seen") == sum(counts.values()), key
    for count in funnel(lake, STAGES):
        assert count.balanced
    kept = {count.stage: count.kept for count in funnel(lake, STAGES)}
    assert kept["extract"] == lake.count("pairs")
    assert kept["filter"] == lake.read("native_pairs").where("kept").count()
    assert kept["fetch"] == lake.read("images").where("status = 'ok'").count()
    assert kept["caption"] == lake.read("captions").where("error IS NULL").count()
    assert kept["assemble"] == lake.count("mella")


def test_the_filter_finds_the_native_alts(lake: Lake, web: WebManifest, settings) -> None:  # type: ignore[no-untyped-def]
    truth = {(p.page, p.image, p.alt): p for p in read_truth(web.truth)}
    rows = lake.read("native_pairs").where("reject_reason IS NULL OR reject_reason != 'duplicate'")
    found: Counter[tuple[str, bool, bool]] = Counter()
    for row in rows.collect():
        pair = truth[row["page_url"], row["image_url"], clean(row["alt"])]
        right = not row["kept"] or row["language"] == pair.lang
        if pair.lang not in settings.languages.targets:
            assert not row["kept"]
            continue
        found[pair.kind, bool(row["kept"]), right] += 1
    native = found["native", True, True]
    assert native / (native + found["native", False, True] + found["native", True, False]) > 0.95
    leaked = sum(found[kind, True, ok] for kind in ("english", "filename") for ok in (True, False))
    assert leaked <= 0.03 * native


def test_both_sources_speak_all_eight_languages(lake: Lake, settings) -> None:  # type: ignore[no-untyped-def]
    rows = lake.read("mella").groupBy("source", "language").count().collect()
    found = {(row["source"], row["language"]) for row in rows}
    assert found == {(s, t) for s in ("know", "ling") for t in settings.languages.targets}
    splits = {row[0] for row in lake.read("mella").select("split").distinct().collect()}
    assert splits == {"train", "validation", "test"}


def test_every_picture_decodes_and_its_bytes_are_stored_once(lake: Lake) -> None:
    stored = lake.read("images").where("bytes IS NOT NULL")
    distinct = lake.read("images").where("status = 'ok'").select("image_sha256").distinct().count()
    rows = stored.select("image_sha256", "bytes", "width", "height").collect()
    assert len(rows) == distinct == len({row["image_sha256"] for row in rows})
    for row in rows:
        picture = Image.open(io.BytesIO(row["bytes"]))
        picture.load()
    wrong = lake.spark.sql(
        f"SELECT m.sample_id FROM {lake.reference('mella')} m JOIN {lake.reference('images')} i "
        "ON m.image_sha256 = i.image_sha256 AND i.bytes IS NOT NULL WHERE m.image != i.bytes"
    )
    assert wrong.count() == 0


def test_broken_pictures_are_counted_and_never_lost(lake: Lake, web: WebManifest) -> None:
    status = {row["image_url"]: row for row in lake.read("images").collect()}
    native = {p.image: p for p in read_truth(web.truth) if p.kind == "native"}
    bad = {url: p.status for url, p in native.items() if p.status != "ok" and url in status}
    assert set(bad.values()) >= {"corrupt", "soft_404", "not_found"}
    assert all(status[url]["status"] == "failed" and status[url]["reason"] for url in bad)


def test_near_duplicates_never_cross_splits(lake: Lake, settings) -> None:  # type: ignore[no-untyped-def]
    hashes = lake.read("images").where("bytes IS NOT NULL").select("image_sha256", "phash")
    rows = (
        lake.read("mella")
        .select("image_sha256", "split")
        .distinct()
        .join(hashes, "image_sha256")
        .collect()
    )
    assert len({row["image_sha256"] for row in rows}) == len(rows)
    pictures = [(row["phash"] & (2**64 - 1), row["split"]) for row in rows]
    for i, (one, split) in enumerate(pictures):
        for other, other_split in pictures[:i]:
            if (one ^ other).bit_count() <= settings.assemble.max_hash_distance:
                assert split == other_split


def test_a_second_run_adds_nothing(line: Line, settings) -> None:  # type: ignore[no-untyped-def]
    lake, first = line
    assert all(result.batches > 0 for result in first.values())
    before = {name: lake.version(name) for name in TABLES}
    again = run_pipeline(lake, settings)
    assert {name: lake.version(name) for name in TABLES} == before
    assert all(result.batches == 0 for result in again.values())


@pytest.mark.parametrize("vectors", ["true"])
def test_deleted_rows_never_reach_the_loader(lake: Lake, tmp_path, vectors: str) -> None:  # type: ignore[no-untyped-def]
    copy = tmp_path / "mella"
    lake.spark.sql(
        f"CREATE TABLE delta.`{copy}` USING DELTA TBLPROPERTIES "
        f"('delta.enableDeletionVectors' = '{vectors}') AS SELECT * FROM {lake.reference('mella')}"
    )
    ids = {row[0] for row in lake.read("mella").select("sample_id").collect()}
    gone = {
        row[0] for row in lake.read("mella").where("language = 'th'").select("sample_id").collect()
    }
    assert gone
    lake.spark.sql(f"DELETE FROM delta.`{copy}` WHERE language = 'th'")
    with make_delta_reader(str(copy), schema_fields=["sample_id", "width"]) as reader:
        seen = [s for b in DataLoader(reader, batch_size=16, last="pad") for s in b["sample_id"]]
    assert not gone & set(seen)
    assert set(seen) == ids - gone


def test_keywords_and_prompts(lake: Lake) -> None:
    for row in lake.read("mella").select("source", "prompt", "response", "keywords").collect():
        assert row["prompt"].strip()
        assert (row["keywords"] is not None) == (row["source"] == "know")
