"""The tables: columns, types, units, constraints. One source for DDL, Arrow schemas and docs.

This module is pure: it imports Arrow, never Spark.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import pyarrow as pa

TIMESTAMP = pa.timestamp("us", tz="UTC")
STRINGS = pa.list_(pa.string())
EVIDENCE = pa.list_(
    pa.struct([("kind", pa.string()), ("value", pa.string()), ("weight", pa.float64())])
)
CHECKS = pa.struct(
    [
        ("language", pa.string()),
        ("language_score", pa.float64()),
        ("script_share", pa.float64()),
        ("length_ratio", pa.float64()),
        ("repetition", pa.float64()),
        ("copied", pa.bool_()),
        ("passed", pa.bool_()),
        ("numbers_kept", pa.float64()),
        ("sentences_source", pa.int32()),
        ("sentences", pa.int32()),
        ("finished", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Column:
    """One column: its name, Arrow type, comment (with unit) and whether it must be filled."""

    name: str
    type: pa.DataType
    comment: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One table: what a row is, its columns, the key that makes a row unique, and its checks.

    ``statistics`` names the columns whose least and largest values Delta keeps; all by default,
    which costs a table of many long texts a sixth of its writing.
    """

    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    checks: dict[str, str] = field(default_factory=dict)
    deletable: bool = False
    statistics: tuple[str, ...] = ()

    @property
    def column_names(self) -> list[str]:
        """Names of all columns, the transaction column included."""
        return [column.name for column in self.columns]


TXN = Column("txn", pa.string(), "id of the streaming transaction that wrote the row")


def _table(name: str, comment: str, key: str, *columns: Column, **options) -> Table:
    return Table(name, comment, (*columns, TXN), tuple(key.split()), **options)


def _text(name: str, comment: str, required: bool = False) -> Column:
    return Column(name, pa.string(), comment, required)


def _int(name: str, comment: str, required: bool = False) -> Column:
    return Column(name, pa.int32(), comment, required)


def _long(name: str, comment: str, required: bool = False) -> Column:
    return Column(name, pa.int64(), comment, required)


def _double(name: str, comment: str) -> Column:
    return Column(name, pa.float64(), comment)


def _time(name: str, comment: str) -> Column:
    return Column(name, TIMESTAMP, comment)


PAIR_STATISTICS = ("pair_id", "page_language", "warc_file", "warc_offset", "warc_date")
CRAWL_FILE = _text("warc_file", "crawl file whose pair brought the row here", True)

PAIR_COLUMNS = (
    _text("pair_id", "hash of page URL, image URL and alt, 32 hex digits", True),
    _text("page_url", "address of the page", True),
    _text("image_url", "absolute http(s) address of the picture", True),
    _text("alt", "alt text, white space collapsed, never blank", True),
    _text("figcaption", "text of the enclosing figure's caption"),
    _text("title", "title attribute of the image, else the page's title"),
    _text("context", "text around the image on its page"),
    _text("page_lang_declared", "language the page declares, as written (BCP 47)"),
    _text("page_language", "language identified in the page's text, ISO 639-1"),
    _double("page_language_score", "probability of page_language, 0 to 1"),
    _int("width_declared", "width attribute, CSS pixels"),
    _int("height_declared", "height attribute, CSS pixels"),
    _text("license_url", "address of the licence that the page links to"),
    Column("optout", STRINGS, "opt-out signals found, each as source:directive"),
    _text("charset", "character encoding the page was decoded with"),
    Column("truncated", pa.bool_(), "whether the record was cut short in the crawl"),
    CRAWL_FILE,
    _long("warc_offset", "where the record starts in warc_file, bytes"),
    _time("warc_date", "when the page was captured, UTC"),
)

MANIFEST = _table(
    "manifest",
    "Crawl files to read; one row a file.",
    "path",
    _text("path", "path or address of the crawl file", True),
    _text("kind", "warc, wat, or index (a columnar index of pages in WARC files)", True),
    _text("crawl", "name of the crawl, or of the folder the file lies in"),
    _long("bytes", "size of the file, bytes, null where it is not known"),
    _time("added_at", "when the file entered the manifest, UTC"),
    checks={"kind_known": "kind IN ('warc', 'wat', 'index')"},
)
PAIRS = _table(
    "pairs",
    "Images with alt text; one row per page, image and alt.",
    "pair_id",
    *PAIR_COLUMNS,
    checks={"alt_not_blank": "length(alt) > 0", "image_http": "image_url LIKE 'http%'"},
    statistics=PAIR_STATISTICS,
)
CAPTURES = _table(
    "captures",
    "Image responses that lie in the crawl itself; one row a response.",
    "warc_file warc_offset",
    _text("url", "address the image was captured from", True),
    _text("mime", "content type, as sniffed from the first bytes"),
    _int("http_status", "HTTP status of the capture"),
    _long("bytes", "length of the payload, bytes"),
    _text("warc_file", "crawl file that holds the record", True),
    _long("warc_offset", "where the record starts in warc_file, bytes", True),
    _time("warc_date", "when the image was captured, UTC"),
)
LEDGER = _table(
    "ledger",
    "Counts by crawl file, stage and reason; kept plus all reject reasons equals seen.",
    "file stage reason txn",
    _text("file", "crawl file", True),
    _text("stage", "stage that counted", True),
    _text("reason", "seen, kept, or why an item was rejected", True),
    _long("count", "items", True),
    checks={"count_not_negative": "count >= 0"},
)
QUARANTINE = _table(
    "quarantine",
    "A sample of every kind of unreadable record.",
    "file stage offset reason txn",
    _text("file", "crawl file", True),
    _text("stage", "stage that met the record", True),
    _long("offset", "where the record starts in the file, bytes"),
    _text("reason", "the ledger's reason", True),
    _text("detail", "what the reader said"),
    Column("sample", pa.binary(), "first bytes of the record, at most 2 KiB"),
)
NATIVE_PAIRS = _table(
    "native_pairs",
    "Pairs with their scores and evidence; rejected rows stay, with their reason.",
    "pair_id",
    *PAIR_COLUMNS,
    _text("language", "language of the alt, ISO 639-1, und where there is none"),
    _double("language_score", "probability of language, 0 to 1"),
    _text("script", "dominant script of the alt, ISO 15924"),
    _double("culture_score", "cultural evidence, 0 to 1"),
    Column("culture_evidence", EVIDENCE, "what the score is made of"),
    _text("category", "cultural category of the strongest gazetteer hit"),
    _text("duplicate_of", "pair_id of the first pair with the same picture, alt and language"),
    Column("kept", pa.bool_(), "whether later stages use the pair", True),
    _text("reject_reason", "why not, null where kept"),
    checks={"reason_iff_rejected": "kept = (reject_reason IS NULL)"},
)
IMAGES = _table(
    "images",
    "Pictures asked for; one row a URL, the bytes once for each image_sha256.",
    "image_url",
    _text("image_sha256", "SHA-256 of the bytes, 64 hex digits, null where failed"),
    _text("image_url", "address of the picture", True),
    Column("bytes", pa.binary(), "the encoded picture, on the first row of each image_sha256"),
    _text("mime", "media type of the bytes"),
    _int("width", "pixels"),
    _int("height", "pixels"),
    _long("phash", "64-bit perceptual hash (DCT), as a signed integer"),
    _text("status", "ok or failed", True),
    _int("http_status", "last HTTP status, where there was one"),
    _text("reason", "why it failed, null where ok"),
    _int("attempts", "requests made"),
    _time("fetched_at", "when the last attempt ended, UTC"),
    _text("source", "archive or web"),
    CRAWL_FILE,
    checks={"status_known": "status IN ('ok', 'failed')"},
    deletable=True,
)
CAPTIONS = _table(
    "captions",
    "What is seen, in the pivot language; one row per picture and way of captioning.",
    "image_sha256 caption_key",
    _text("image_sha256", "picture", True),
    _text("caption_key", "hash of model, revision, prompt and generation settings", True),
    _text("text", "the caption, null on error"),
    _text("language", "pivot language, ISO 639-1"),
    _text("model", "model that wrote it"),
    _text("prompt", "name of the prompt in conf/prompts, custom for a text of one's own"),
    _text("prompt_sha256", "SHA-256 of the prompt"),
    _text("error", "type and message, null where all went well"),
    _int("tokens", "tokens generated"),
    _text("finish_reason", "stop, or length where the answer was cut off; null where not known"),
    _double("latency_ms", "share of the batch's time, milliseconds"),
    _int("batch_size", "pictures answered together, 0 where the model was not asked"),
    _text("device", "where the model ran, null where it was not asked"),
    _time("created_at", "when it was written, UTC"),
    CRAWL_FILE,
    checks={"text_or_error": "(text IS NULL) = (error IS NOT NULL)"},
)
TRANSLATIONS = _table(
    "translations",
    "Captions in the target languages; one row per caption and language.",
    "image_sha256 caption_key language model",
    _text("image_sha256", "picture", True),
    _text("caption_key", "caption that was translated", True),
    _text("language", "target language, ISO 639-1", True),
    _text("text", "the translation, null on error"),
    _text("model", "model that wrote it"),
    Column("checks", CHECKS, "what was measured of the translation, and whether it passed"),
    _double("quality", "estimated errors (MetricX): 0 none, 25 worst; null where not estimated"),
    _int("attempts", "times the model was asked: 2 where the first answer failed"),
    _int("tokens", "generated by all attempts"),
    _double("latency_ms", "milliseconds of the model for all attempts"),
    _text("finish_reason", "stop, or length where the limit of tokens cut it"),
    _int("batch_size", "sentences that went through the model together, at most"),
    _text("device", "what the model ran on"),
    _text("error", "type and message, null where all went well"),
    _time("created_at", "when it was written, UTC"),
    CRAWL_FILE,
    checks={"text_or_error": "(text IS NULL) = (error IS NOT NULL)"},
)
MELLA = _table(
    "mella",
    "The training table; one row per sample.",
    "sample_id",
    _text("sample_id", "hash of source and of what the sample is made from, 32 hex digits", True),
    _text("image_sha256", "picture", True),
    Column("image", pa.binary(), "the encoded picture", True),
    _int("width", "pixels"),
    _int("height", "pixels"),
    _text("language", "language of prompt and response, ISO 639-1", True),
    _text(
        "source",
        "know (native alt), ling (translated caption) or thick (one that saw the alt)",
        True,
    ),
    _text("prompt", "what the user asks", True),
    _text("response", "what the model should answer", True),
    Column("keywords", STRINGS, "words whose presence shows cultural knowledge (know only)"),
    _double("culture_score", "cultural evidence of the pair, 0 to 1 (know only)"),
    _text("page_url", "page of the pair (know only)"),
    _text("image_url", "address of the picture"),
    _text("license_url", "licence the page links to (know only)"),
    Column("optout", STRINGS, "the pair's opt-out signals, each as source:directive (know only)"),
    _text("split", "train, validation or test, the same for all near-duplicate pictures", True),
    _text("cluster_id", "near-duplicate cluster, named by its first picture", True),
    CRAWL_FILE,
    checks={
        "source_known": "source IN ('know', 'ling', 'thick')",
        "split_known": "split IN ('train', 'validation', 'test')",
        "response_not_blank": "length(response) > 0",
    },
    deletable=True,
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        MANIFEST,
        PAIRS,
        CAPTURES,
        LEDGER,
        QUARANTINE,
        NATIVE_PAIRS,
        IMAGES,
        CAPTIONS,
        TRANSLATIONS,
        MELLA,
    )
}


@cache
def arrow_schema(name: str, txn: bool = False) -> pa.Schema:
    """Arrow schema of the table ``name``; with ``txn`` the transaction column too."""
    columns = TABLES[name].columns if txn else TABLES[name].columns[:-1]
    return pa.schema([pa.field(column.name, column.type) for column in columns])


def sql_type(type_: pa.DataType) -> str:
    """Spark SQL's name of an Arrow type used in these tables.

    Raises ``KeyError`` on a type the tables do not use.
    """
    if pa.types.is_list(type_):
        return f"ARRAY<{sql_type(type_.value_type)}>"
    if pa.types.is_struct(type_):
        return f"STRUCT<{', '.join(f'{f.name}: {sql_type(f.type)}' for f in type_)}>"
    return {
        pa.string(): "STRING",
        pa.binary(): "BINARY",
        pa.int32(): "INT",
        pa.int64(): "BIGINT",
        pa.float64(): "DOUBLE",
        pa.bool_(): "BOOLEAN",
        TIMESTAMP: "TIMESTAMP",
    }[type_]


def spark_schema(name: str, txn: bool = False) -> str:
    """The DDL-formatted column list of ``name``, as Spark's functions take it."""
    columns = TABLES[name].columns if txn else TABLES[name].columns[:-1]
    return ", ".join(f"`{column.name}` {sql_type(column.type)}" for column in columns)


def sql_string(text: str) -> str:
    """``text`` as a SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def create_statement(table: Table, reference: str, properties: dict[str, str]) -> str:
    """``CREATE TABLE IF NOT EXISTS`` for ``table`` at ``reference``, as SQL names it."""
    columns = ",\n  ".join(
        f"`{c.name}` {sql_type(c.type)}{' NOT NULL' if c.required else ''}"
        f" COMMENT {sql_string(c.comment)}"
        for c in table.columns
    )
    pairs = ", ".join(f"'{key}' = {sql_string(value)}" for key, value in properties.items())
    return (
        f"CREATE TABLE IF NOT EXISTS {reference} (\n  {columns}\n) USING DELTA\n"
        f"COMMENT {sql_string(table.comment)}\nTBLPROPERTIES ({pairs})"
    )


def documentation() -> str:
    """All tables in Markdown: what a row is, and each column with its type, unit and meaning."""
    parts = [
        "# The tables\n\nMade from `mella_spark/lake/schemas.py` by `make docs`. All are Delta "
        "tables; streams read their\nappends only. Every column has its comment in the catalog.\n"
    ]
    for table in TABLES.values():
        rows = "\n".join(
            f"| `{c.name}` | {sql_type(c.type)}{', not null' if c.required else ''} | {c.comment} |"
            for c in table.columns
        )
        key = ", ".join(f"`{name}`" for name in table.key)
        parts.append(
            f"## {table.name}\n\n{table.comment} Key: {key}.\n\n"
            f"| column | type | meaning |\n|---|---|---|\n{rows}\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    print(documentation(), end="")
