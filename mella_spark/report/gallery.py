"""The pictures of the report: which ones, their thumbnails, captions and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from mella_spark.lake.tables import Lake
from mella_spark.report.data import THICK, Evaluation, Picture, Thumbnail
from mella_spark.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import Column, Row

TEXT_CHARS = 600
"""Characters of a text that are shown; web authors write alts of any length."""
TERM_CHARS = 80
EVIDENCE_SHOWN = 6
PICTURE_BYTES = 3_000_000
"""Bytes of all pictures together (4 MB in base64), so that a page stays below 5 MB."""
ONE_PICTURE_BYTES = 30_000


def pictures(
    lake: Lake, settings: Settings, evaluation: Evaluation | None
) -> tuple[tuple[Picture, ...], Evaluation | None]:
    """The gallery, and the evaluation with the pictures of its examples.

    Examples whose samples were taken out of the table since are not shown again.
    """
    if not lake.exists("mella"):
        hidden = len(evaluation.examples) if evaluation else 0
        return (), evaluation and replace(evaluation, examples=(), hidden_examples=hidden)
    chosen = gallery_rows(lake, settings)
    examples = evaluation.examples if evaluation else ()
    placed = _pictures_of(lake, [example.sample_id for example in examples])
    wanted = sorted({row["image_sha256"] for row in chosen} | set(placed.values()))
    small = _thumbnails(lake, wanted, settings.report.thumbnail_side)
    seen = _pivot_captions(lake, wanted) if lake.exists("captions") else {}
    why = _pair_evidence(lake, [row["know"]["pair_key"] for row in chosen if row["know"]])
    gallery = tuple(
        _picture(row, small, seen, why)
        for row in sorted(chosen, key=lambda row: (row["language"], row["place"]))
    )
    if evaluation is None:
        return gallery, None
    shown = tuple(
        replace(example, thumbnail=small.get(placed[example.sample_id]))
        for example in examples
        if example.sample_id in placed
    )
    hidden = len(examples) - len(shown)
    return gallery, replace(evaluation, examples=shown, hidden_examples=hidden)


def gallery_rows(lake: Lake, settings: Settings) -> list[Row]:
    """Pictures of each language, those with both texts first, else in the order of their hash.

    A thick caption comes along where a picture has one, and counts for nothing in the order.

    One a near-duplicate cluster and language; the languages share ``report.gallery_size``.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    targets = settings.languages.targets
    each = max(1, settings.report.gallery_size // len(targets))
    key = F.sha2(F.concat_ws("\n", "image_url", "language", "response"), 256)
    sample = F.struct(
        "sample_id",
        F.substring("response", 1, TEXT_CHARS).alias("response"),
        F.slice("keywords", 1, EVIDENCE_SHOWN).alias("keywords"),
        "culture_score",
        "page_url",
        "license_url",
        key.alias("pair_key"),
    )

    def first(source: str) -> Column:
        return F.min(F.when(F.col("source") == source, sample)).alias(source)

    both = F.col("know").isNotNull() & F.col("ling").isNotNull()
    order = [F.desc(both.cast("int")), F.col("image_sha256")]
    return (
        lake.read("mella")
        .where(F.col("language").isin(*targets))
        .groupBy("language", "image_sha256")
        .agg(
            first("know"),
            first("ling"),
            first(THICK),
            F.min("split").alias("split"),
            F.min("cluster_id").alias("cluster_id"),
        )
        .withColumn(
            "turn",
            F.row_number().over(Window.partitionBy("language", "cluster_id").orderBy(*order)),
        )
        .where("turn = 1")
        .withColumn("place", F.row_number().over(Window.partitionBy("language").orderBy(*order)))
        .where(F.col("place") <= each)
        .collect()
    )


def _picture(
    row: Row, small: Mapping[str, Thumbnail], seen: Mapping[str, str], why: Mapping[str, Row]
) -> Picture:
    know, ling = row["know"], row["ling"]
    found = why.get(know["pair_key"]) if know else None
    return Picture(
        language=row["language"],
        split=row["split"],
        thumbnail=small.get(row["image_sha256"]),
        know=know["response"] if know else None,
        ling=ling["response"] if ling else None,
        pivot=seen.get(row["image_sha256"]),
        keywords=tuple((know and know["keywords"]) or ()),
        evidence=tuple((kind, value) for _, kind, value in found["evidence"]) if found else (),
        category=found["category"] if found else None,
        culture_score=know["culture_score"] if know else None,
        page_url=know["page_url"] if know else None,
        license_url=know["license_url"] if know else None,
        thick=row[THICK]["response"] if row[THICK] else None,
    )


def _pictures_of(lake: Lake, samples: list[str]) -> dict[str, str]:
    """Picture by sample, of those ``samples`` that are in the table."""
    from pyspark.sql import functions as F

    if not samples:
        return {}
    mine = lake.read("mella").where(F.col("sample_id").isin(*samples))
    return {row[0]: row[1] for row in mine.select("sample_id", "image_sha256").collect()}


def _thumbnails(lake: Lake, pictures: list[str], side: int) -> dict[str, Thumbnail]:
    from pyspark.sql import functions as F

    from udfs.thumbnails import THUMBNAIL_SCHEMA, thumbnail_batches

    if not pictures:
        return {}
    most = min(ONE_PICTURE_BYTES, PICTURE_BYTES // len(pictures))
    rows = (
        lake.read("mella")
        .where(F.col("image_sha256").isin(*pictures))
        .select("image_sha256", "image")
        .dropDuplicates(["image_sha256"])
        .mapInArrow(partial(thumbnail_batches, side=side, max_bytes=most), THUMBNAIL_SCHEMA)
        .collect()
    )
    return {
        row["image_sha256"]: Thumbnail(bytes(row["webp"]), row["width"], row["height"])
        for row in rows
    }


def _pivot_captions(lake: Lake, pictures: list[str]) -> dict[str, str]:
    """The newest caption of each picture that tells what is seen, and has not seen the alt."""
    from pyspark.sql import functions as F

    from mella_spark.models.keys import THICK as THICK_KEYS

    if not pictures:
        return {}
    rows = (
        lake.read("captions")
        .where("error IS NULL")
        .where(~F.startswith(F.col("caption_key"), F.lit(THICK_KEYS)))
        .where(F.col("image_sha256").isin(*pictures))
        .groupBy("image_sha256")
        .agg(F.max_by(F.substring("text", 1, TEXT_CHARS), "created_at").alias("text"))
        .collect()
    )
    return {row["image_sha256"]: row["text"] for row in rows}


def _pair_evidence(lake: Lake, keys: list[str]) -> dict[str, Row]:
    """Category and strongest evidence of kept pairs, by the key of ``gallery_rows``."""
    from pyspark.sql import functions as F

    if not keys or not lake.exists("native_pairs"):
        return {}
    key = F.sha2(F.concat_ws("\n", "image_url", "language", "alt"), 256)
    named = F.transform(
        "culture_evidence",
        lambda item: F.struct(
            (-item["weight"]).alias("order"),
            item["kind"].alias("kind"),
            F.substring(item["value"], 1, TERM_CHARS).alias("value"),
        ),
    )
    rows = (
        lake.read("native_pairs")
        .where("kept")
        .select(
            key.alias("pair_key"),
            "category",
            F.slice(F.array_sort(named), 1, EVIDENCE_SHOWN).alias("evidence"),
        )
        .where(F.col("pair_key").isin(*keys))
        .groupBy("pair_key")
        .agg(F.min(F.struct("evidence", "category")).alias("pair"))
        .select("pair_key", "pair.*")
        .collect()
    )
    return {row["pair_key"]: row for row in rows}
