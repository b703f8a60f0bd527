"""The ways to have the same pictures captioned by the same model, in this process."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
from PIL import Image

from benchmarks.caption.subject import Subject
from mella_spark.models.work import COLUMN, Work
from udfs.caption import caption_batches


@dataclass(frozen=True)
class Counts:
    """What a program did; ``work`` is what our stage says that it cost.

    ``java_seconds`` is the processor time of Spark's own process.
    """

    pictures: int
    tokens: int
    errors: int = 0
    work: dict[str, Any] | None = None
    java_seconds: float = 0.0


Program = Callable[[Subject], Counts]


def bare(subject: Subject) -> Counts:
    """``generate`` on the batches that our engine made, which lie ready as tensors."""
    import torch

    pictures = 0
    for batch in subject.recorded:
        inputs = {name: value.to(subject.model.device) for name, value in batch.inputs.items()}
        with torch.inference_mode():
            output = subject.model.generate(**inputs, **subject.captioner.options)
            output.tolist()  # waits for the GPU, as whoever wants the answer must
        pictures += len(output)
    return Counts(pictures, pictures * subject.new_tokens)


def ours(subject: Subject) -> Counts:
    """The stage's function over Arrow batches, from encoded pictures to rows, without Spark."""
    return count(caption_batches(subject.batches, subject.settings, with_work=True))


def one_by_one(subject: Subject) -> Counts:
    """A plain loop: open a picture, make tensors of it, generate, decode."""
    import torch

    processor, answers = subject.captioner.processor, []
    for data in subject.pictures:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        inputs = processor.apply_chat_template(
            subject.chat(image),
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        ).to(subject.model.device, subject.model.dtype)
        with torch.inference_mode():
            output = subject.model.generate(**inputs, **subject.captioner.options)
        new = output[:, inputs["input_ids"].shape[1] :]
        answers += processor.batch_decode(new, skip_special_tokens=True)
    return Counts(len(answers), len(answers) * subject.new_tokens)


def pipeline(subject: Subject) -> Counts:
    """``pipeline("image-text-to-text")`` with our batch size."""
    import transformers

    pipe: Any = transformers.pipeline(
        "image-text-to-text", model=subject.model, processor=subject.captioner.processor
    )
    chats = [subject.chat(Image.open(io.BytesIO(data))) for data in subject.pictures]
    made = pipe(
        text=chats,
        batch_size=subject.settings.batch_size,
        generate_kwargs=subject.captioner.options,
        return_full_text=False,
    )
    return Counts(len(made), len(made) * subject.new_tokens)


def record(subject: Subject) -> Counts:
    """A run of ours that keeps the engine's batches, for :func:`bare` to run again."""
    subject.captioner.kept = subject.recorded = []
    try:
        return ours(subject)
    finally:
        subject.captioner.kept = None


def count(rows: Iterable[pa.RecordBatch]) -> Counts:
    """Adds up the rows of table ``captions`` with their work."""
    pictures = tokens = errors = 0
    work = Work()
    for batch in rows:
        pictures += batch.num_rows
        tokens += sum(batch.column("tokens").to_pylist())
        errors += batch.num_rows - batch.column("error").null_count
        for part in batch.column(COLUMN).drop_null().to_pylist():
            work.add(Work.of(part))
    return Counts(pictures, tokens, errors, told(work))


def told(work: Work) -> dict[str, Any]:
    """The sums and the shares of a stage's work."""
    shares = {name: getattr(work, name) for name in ("busy_share", "wait_share", "padding_share")}
    return asdict(work) | shares
