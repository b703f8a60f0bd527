"""Captions over Arrow batches and pandas series: bytes in, one row of answer or error out.

Neither Spark nor pandas is needed for :func:`caption_batches`, a plain iterator.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mella_spark.lake.schemas import arrow_schema
from mella_spark.models import Captioner, Generation, caption_key, load_captioner, resident
from mella_spark.models.devices import task_place
from mella_spark.models.engine import Question, answers
from mella_spark.models.keys import captioner_name
from mella_spark.models.prompts import Prompt, load_prompt, render
from mella_spark.models.work import COLUMN, Work, arrow_type, column
from mella_spark.settings import CaptionSettings

if TYPE_CHECKING:
    import pandas as pd

ANSWER_COLUMNS = ("text", "error", "tokens", "latency_ms", "finish_reason", "batch_size", "device")
GENERATION = (
    "text string, error string, tokens int, latency_ms double, "
    "finish_reason string, batch_size int, device string"
)
"""What :func:`caption_udf` returns, as Spark's DDL."""


def caption_batches(
    batches: Iterable[pa.RecordBatch],
    settings: CaptionSettings,
    language: str = "en",
    *,
    prompt: Prompt | None = None,
    key: str | None = None,
    with_work: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Caption pictures: ``image_sha256``, ``bytes``, ``warc_file`` to rows of table ``captions``.

    Columns ``context`` and ``alt``, where there are any, fill the prompt's fields. The captions
    are in ``language``; ``prompt`` and ``key`` follow from ``settings`` unless given. One row comes
    out for each row that goes in, in order; what goes wrong with a picture is in its ``error``.
    ``with_work`` adds a column that says what the rows cost (:mod:`mella_spark.models.work`).
    Raises ``MellaError`` only if the model itself cannot be loaded.
    """
    prompt = prompt or load_prompt(settings.prompt)
    schema = arrow_schema("captions")
    if with_work:
        schema = schema.append(pa.field(COLUMN, arrow_type()))
    constant = {
        "caption_key": key or caption_key(settings),
        "language": language,
        "model": captioner_name(settings),
        "prompt": prompt.name,
        "prompt_sha256": prompt.sha256,
    }
    names: deque[tuple[str, str]] = deque()  # of the pictures under way
    work = Work()
    questions = _questions(batches, prompt, settings, names)
    for made in caption_questions(questions, settings, work):
        mine = [names.popleft() for _ in made]
        columns: dict[str, Any] = {name: [value] * len(made) for name, value in constant.items()}
        columns |= {name: [getattr(one, name) for one in made] for name in ANSWER_COLUMNS}
        columns["image_sha256"] = [sha256 for sha256, _ in mine]
        columns["warc_file"] = [file for _, file in mine]
        columns["created_at"] = [datetime.now(UTC)] * len(made)
        if with_work:
            columns[COLUMN] = column(work.take(), len(made))
        yield pa.RecordBatch.from_pydict(columns, schema=schema)


def caption_udf(settings: CaptionSettings) -> Any:
    """An iterator pandas UDF over a column of picture bytes, for notebooks and SQL.

    Returns a struct of the columns in ``GENERATION``. All errors are values. To use it in SQL, see
    :func:`udfs.register`.
    """
    import pandas as pd
    from pyspark.sql.functions import pandas_udf

    question = render(load_prompt(settings.prompt), None, None, settings.web_text_chars)

    def caption(batches: Iterator[pd.Series]) -> Iterator[pd.DataFrame]:
        questions = (Question(data, question) for batch in batches for data in batch)
        for made in caption_questions(questions, settings, Work()):
            yield pd.DataFrame([vars(one) for one in made], columns=list(ANSWER_COLUMNS))

    caption.__annotations__ = {"batches": Iterator[pd.Series], "return": Iterator[pd.DataFrame]}
    make: Any = pandas_udf  # its stubs know no iterator of frames
    return make(caption, GENERATION)


def caption_bytes(pictures: Sequence[bytes | None], settings: CaptionSettings) -> list[Generation]:
    """One answer for each picture, in order, whatever the bytes are."""
    question = render(load_prompt(settings.prompt), None, None, settings.web_text_chars)
    questions = [Question(data, question) for data in pictures]
    return [one for made in caption_questions(questions, settings, Work()) for one in made]


def caption_questions(
    questions: Iterable[Question], settings: CaptionSettings, work: Work
) -> Iterator[list[Generation]]:
    """The core of all: this process's model, and the engine that feeds it.

    The model is not loaded where nothing is asked. See :func:`mella_spark.models.engine.answers`.
    """
    asked = iter(questions)
    first = list(islice(asked, 1))
    if not first:
        return
    with _captioner(settings, work) as captioner:
        yield from answers(chain(first, asked), captioner, settings, work)


@contextmanager
def _captioner(settings: CaptionSettings, work: Work) -> Iterator[Captioner]:
    """One model a worker process and device, kept from task to task."""
    begin = perf_counter()
    # Spark may hand the next task of this process another GPU; a server has its own.
    key = (settings, None if settings.backend == "openai" else task_place(settings.device))
    load = partial(load_captioner, settings)
    with resident.lease("caption", key, load, settings.idle_seconds) as captioner:
        work.load_s += perf_counter() - begin
        yield captioner


def _questions(
    batches: Iterable[pa.RecordBatch],
    prompt: Prompt,
    settings: CaptionSettings,
    names: deque[tuple[str, str]],
) -> Iterator[Question]:
    """One question a row; the row's names are kept aside in the same order."""
    for batch in batches:
        columns = [batch.column(name) for name in ("image_sha256", "warc_file", "bytes")]
        texts = [
            batch.column(name) if name in batch.schema.names else [None] * batch.num_rows
            for name in ("context", "alt")
        ]
        for sha256, file, data, context, alt in zip(*columns, *texts, strict=True):
            names.append((sha256.as_py(), file.as_py()))
            asked = render(prompt, _text(context), _text(alt), settings.web_text_chars)
            yield Question(data.as_py(), asked)


def _text(value: Any) -> str | None:
    return value if value is None else value.as_py()
