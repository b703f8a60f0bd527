"""Prompts and keywords of training samples, over Arrow batches."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pyarrow as pa

from mella_spark.evaluation.keywords import extract_keywords
from mella_spark.text.profiles import load_languages

SAMPLE_SCHEMA = "sample_id STRING, prompt STRING, response STRING, keywords ARRAY<STRING>"


def choose_prompt(sample_id: str, prompts: tuple[str, ...]) -> str:
    """One of ``prompts``, chosen by the sample's id, so that it is the same in every run."""
    return prompts[int(sample_id[:8], 16) % len(prompts)]


def sample_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The columns of SAMPLE_SCHEMA for rows of sample_id, language, source, response, hits, seen.

    ``hits`` are the gazetteer's finds in the response, ``seen`` a description of the picture in
    the same language (both may be null). Responses come in NFC: some legacy encodings spell with
    combining marks what others write as one letter. Only D_know has keywords; thick captions are
    answers to the same questions as native alts.
    """
    profiles = load_languages()
    schema = pa.schema(
        [
            ("sample_id", pa.string()),
            ("prompt", pa.string()),
            ("response", pa.string()),
            ("keywords", pa.list_(pa.string())),
        ]
    )
    for batch in batches:
        rows = []
        for row in batch.to_pylist():
            know = row["source"] == "know"
            meaning = row["source"] != "ling"
            response = unicodedata.normalize("NFC", row["response"])
            prompts = profiles[row["language"]].prompts
            rows.append(
                {
                    "sample_id": row["sample_id"],
                    "prompt": choose_prompt(
                        row["sample_id"], prompts.know if meaning else prompts.ling
                    ),
                    "response": response,
                    "keywords": extract_keywords(
                        response, row["seen"], row["language"], row["hits"] or ()
                    )
                    if know
                    else None,
                }
            )
        yield pa.RecordBatch.from_pylist(rows, schema)
