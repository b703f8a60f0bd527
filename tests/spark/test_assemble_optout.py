"""A page's opt-out signals and licence stay with the samples made from it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

from mella_spark.lake.schemas import TABLES, arrow_schema, create_statement, spark_schema
from mella_spark.lake.tables import Lake
from mella_spark.lake.transaction import transaction
from mella_spark.stages.assemble import CANDIDATE, EVENT, know_candidates

SIGNALS = ["meta:noai", "header:noimageai"]
LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def test_signals_and_licence_come_along(spark):
    pair = dict.fromkeys(arrow_schema("native_pairs").names) | {
        "pair_id": "p1", "page_url": "http://a/", "image_url": "http://a/1.png", "alt": "Kraslice",
        "language": "cs", "license_url": LICENCE, "optout": SIGNALS, "kept": True,
        "culture_evidence": [], "warc_file": "w",
    }  # fmt: skip
    images = [("http://a/1.png", "s1", "ok")]
    tables = {
        "native_pairs": spark.createDataFrame([pair], spark_schema("native_pairs")),
        "images": spark.createDataFrame(
            images, "image_url string, image_sha256 string, status string"
        ),
    }
    schema = ", ".join(f"{name} {type_}" for name, type_ in EVENT.items())
    events = spark.createDataFrame([{**dict.fromkeys(EVENT), "pair": "p1"}], schema)
    made = know_candidates(events, SimpleNamespace(read=tables.__getitem__))
    [sample] = made.select(*CANDIDATE).collect()
    assert sample.optout == SIGNALS
    assert sample.license_url == LICENCE


def test_a_table_made_before_there_were_signals_still_grows(spark, tmp_path):
    """Its samples then lack the column; nothing fails, no row is lost."""
    lake = Lake(spark, str(tmp_path))
    now = TABLES["mella"]
    before = replace(now, columns=tuple(c for c in now.columns if c.name != "optout"))
    spark.sql(create_statement(before, lake.reference("mella"), {"delta.appendOnly": "false"}))
    row = dict.fromkeys(arrow_schema("mella").names) | {
        "sample_id": "0" * 32, "image_sha256": "s1", "image": bytearray(b"x"), "language": "cs",
        "source": "know", "prompt": "?", "response": "!", "split": "train", "cluster_id": "s1",
        "warc_file": "w", "optout": SIGNALS,
    }  # fmt: skip
    rows = spark.createDataFrame([row], spark_schema("mella"))
    with transaction(lake, "assemble", 0) as txn:
        txn.insert("mella", rows)
    [read] = lake.read("mella").collect()
    assert read.sample_id == "0" * 32
    assert "optout" not in read.asDict()
