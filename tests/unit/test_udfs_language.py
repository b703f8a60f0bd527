"""The filter's functions over Arrow batches."""

import pyarrow as pa
import pytest

from mella_spark.lake.schemas import arrow_schema
from mella_spark.settings import load_settings
from udfs.culture import ADDED, OUTPUT_SCHEMA, score_batches
from udfs.language import decide_languages

SETTINGS = load_settings(environment={})


def pairs(*alts, **other):
    rows = [
        {
            "pair_id": f"{i:032x}",
            "page_url": "http://www.example.cz/stranka",
            "image_url": f"http://www.example.cz/{i}.png",
            "alt": alt,
            "page_language": "cs",
            "page_language_score": 0.97,
            "optout": ["meta:noai"],
            "warc_file": "a.warc.gz",
            "warc_offset": i,
            **other,
        }
        for i, alt in enumerate(alts)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=arrow_schema("pairs"))


def score(*batches):
    return list(score_batches(iter(batches), SETTINGS.filter, SETTINGS.languages))


def test_output_is_native_pairs_without_what_the_stage_decides():
    native = arrow_schema("native_pairs")
    decided = {"duplicate_of", "kept"}
    assert pa.schema([field for field in native if field.name not in decided]) == OUTPUT_SCHEMA


def test_rows_keep_their_order_and_their_columns():
    batch = pairs("Vydra", "Next", "A lion.", "Kraslice na stole")
    (out,) = score(batch)
    assert out.schema == OUTPUT_SCHEMA
    assert out.select(batch.schema.names).equals(batch)
    assert out.column("reject_reason").to_pylist() == [None, "boilerplate", "not_native", None]
    assert out.column("language").to_pylist()[2] == "en"
    assert out.column("category").to_pylist() == [None, None, None, "festival"]


def test_evidence_is_a_list_of_structs():
    (out,) = score(pairs("Kraslice na stole"))
    evidence = out.column("culture_evidence").to_pylist()[0]
    assert {"kind": "gazetteer", "value": "Kraslice", "weight": 0.5} in evidence


def test_batches_are_independent_and_may_be_empty():
    one, two, none = pairs("Vydra"), pairs("Liška", "Slon"), pairs()
    together = score(one, none, two)
    assert [batch.num_rows for batch in together] == [1, 0, 2]
    for name in ADDED:
        apart = [*score(one)[0].column(name).to_pylist(), *score(two)[0].column(name).to_pylist()]
        joined = [value for batch in together for value in batch.column(name).to_pylist()]
        assert joined == apart


def test_every_optional_column_may_be_null():
    (out,) = score(pairs("Vydra", page_language=None, page_language_score=None, optout=None))
    assert out.num_rows == 1
    assert out.column("reject_reason").to_pylist() == [None]


@pytest.mark.parametrize("page", [None, "", "cs"])
def test_languages_of_a_column(page):
    decisions = decide_languages(["Žlutá růže", None, "ช้าง"], [page] * 3, SETTINGS)
    assert [decision.language for decision in decisions] == ["cs", "und", "th"]
