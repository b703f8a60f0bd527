"""Scoring models on held-out pictures, before and after fine-tuning."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from mella_spark.errors import InputError
from mella_spark.evaluation import metrics, testsets
from mella_spark.evaluation.definitions import define
from mella_spark.evaluation.fidelity import is_in_language
from mella_spark.evaluation.generate import generate
from mella_spark.evaluation.meteor import MeteorParameters
from mella_spark.evaluation.metrics import Figures, Measures, MetricOptions, Output
from mella_spark.evaluation.records import Rules
from mella_spark.evaluation.samples import Sample, choose
from mella_spark.images.decode import decode
from mella_spark.images.reasons import Rejected
from mella_spark.progress import Progress
from mella_spark.settings import EvaluateSettings
from mella_spark.training import backbone, data, lora
from mella_spark.training.chat import Chat, end_tokens
from mella_spark.training.files import write_atomically


@dataclass(frozen=True)
class EvaluationResult:
    """Figures as ``{source: {language, micro or macro: {metric: Figure}}}`` and the ``answers`` by
    sample id. ``unreadable`` pictures have no answer and count as an empty one. ``measures`` are
    what two results are compared by."""

    figures: Figures
    answers: dict[str, str]
    unreadable: int
    seconds: float
    measures: Measures = field(default_factory=dict, repr=False, compare=False)


def evaluate_model(
    model: Any,
    processor: Any,
    samples: Sequence[Sample],
    settings: EvaluateSettings,
    progress: Progress | None = None,
) -> EvaluationResult:
    """Lets the model answer every sample, and scores the answers."""
    started = time.monotonic()
    chat = Chat(processor, end_tokens(model), settings.max_pixels)
    answers: dict[str, str] = {}
    unreadable = 0
    for first in range(0, len(samples), settings.batch_size):
        batch = samples[first : first + settings.batch_size]
        pictures = _pictures(batch)
        readable = [sample for sample in batch if sample.sample_id in pictures]
        answers |= dict.fromkeys((sample.sample_id for sample in batch), "")
        unreadable += len(batch) - len(readable)
        if readable:
            texts = generate(
                model,
                chat,
                list(pictures.values()),
                [sample.prompt for sample in readable],
                settings.max_new_tokens,
                settings.num_beams,
            )
            answers.update((s.sample_id, text) for s, text in zip(readable, texts, strict=True))
        if progress is not None:
            progress.update(len(answers))
    outputs = [
        Output(answers[s.sample_id], s.references, s.language, s.source, s.keywords)
        for s in samples
    ]
    speaks = partial(is_in_language, model=settings.language_model)
    measures = metrics.measure(outputs, metric_options(settings), speaks)
    figures = metrics.figures(measures, settings.confidence)
    return EvaluationResult(figures, answers, unreadable, time.monotonic() - started, measures)


def _pictures(samples: Sequence[Sample]) -> dict[str, Image.Image]:
    """The pictures that decode, by sample id, in order."""
    pictures = {}
    for sample in samples:
        try:
            image = sample.image
            content = image if isinstance(image, bytes) else image.read_bytes()
            pictures[sample.sample_id] = decode(content).image
        except (Rejected, OSError):
            continue
    return pictures


def metric_options(settings: EvaluateSettings) -> MetricOptions:
    """The part of the settings that the metrics need."""
    return MetricOptions(
        resamples=settings.resamples,
        confidence=settings.confidence,
        seed=settings.seed,
        bleu_tokeniser=settings.bleu_tokeniser,
        identifier=Path(settings.language_model).name,
        meteor=MeteorParameters(settings.meteor_alpha, settings.meteor_beta, settings.meteor_gamma),
    )


def evaluate(
    table: str | None,
    adapter_or_model: Path | None,
    settings: EvaluateSettings,
    version: int | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Scores ``settings.model`` (``before``) and, where given, an adapter on it or a fine-tuned
    model (``after``) on the same held-out samples: of ``settings.test_set``, else of ``table``.

    Returns ``table``, ``version``, ``split``, ``test_set`` (path, format, records seen, kept and
    rejected; None for the table), ``samples`` (counts by source and language), ``model``,
    ``adapter``, ``before`` and ``after`` (figures by source, language and metric; ``after`` None
    without a second model), ``difference`` (of the two, by paired bootstrap), ``examples`` (some
    questions with both answers), ``unreadable``, ``seconds`` and ``settings``. If ``out`` is given,
    writes it all there, into ``evaluation.json``, or ``evaluation-NAME.json`` for a test set.
    Raises ``InputError`` where model, adapter, table or test set is not usable.
    """
    define(metric_options(settings), 1, None)  # a tokenizer that is missing is told before the work
    held_out = None
    if settings.test_set is not None:
        table = version = None
        rules = Rules(settings.split, settings.test_set_language, settings.test_set_fields)
        held_out = testsets.load(
            Path(settings.test_set),
            settings.test_set_format,
            rules,
            settings.samples_per_language,
            settings.seed,
        )
        samples = held_out.samples
    elif table is not None:
        version = data.pinned_version(table, version)
        per_language = settings.samples_per_language
        samples = choose(table, version, settings.split, per_language, settings.seed)
    else:
        raise InputError("There is nothing to score on.", "Give a table or evaluate.test_set.")
    if progress is not None:
        progress.total = len(samples)
    options = settings.revision, settings.dtype, settings.device, settings.trust_remote_code
    model, processor = backbone.load(settings.model, *options)
    before = evaluate_model(model, processor, samples, settings, progress)
    after = None
    if adapter_or_model is not None:
        if lora.is_adapter(adapter_or_model):
            model = lora.load_adapter(model, adapter_or_model)
        else:
            model, processor = backbone.load(str(adapter_or_model), None, *options[1:])
        after = evaluate_model(model, processor, samples, settings, progress)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for sample in samples:
        counts[sample.source][sample.language] += 1
    result = {
        "table": table,
        "version": version,
        "split": settings.split,
        "test_set": None if held_out is None else _accounts(held_out),
        "samples": {source: dict(sorted(by.items())) for source, by in counts.items()},
        "model": settings.model,
        "adapter": None if adapter_or_model is None else str(adapter_or_model),
        "before": _plain(before.figures),
        "after": None if after is None else _plain(after.figures),
        "difference": None
        if after is None
        else _plain(metrics.compare(before.measures, after.measures, settings.confidence)),
        "examples": _examples(samples, before, after, settings.examples),
        "unreadable": before.unreadable,
        "seconds": {"before": before.seconds, "after": None if after is None else after.seconds},
        "settings": settings.model_dump(mode="json"),
    }
    if out is not None:
        content = json.dumps(result, ensure_ascii=False, indent=1)
        write_atomically(out / file_name(settings.test_set), content.encode())
    return result


def file_name(test_set: str | None) -> str:
    """The file that holds the result on a test set, or on the table."""
    return "evaluation.json" if test_set is None else f"evaluation-{Path(test_set).stem}.json"


def _accounts(held_out: testsets.HeldOut) -> dict[str, Any]:
    return {
        "path": str(held_out.path),
        "format": held_out.format,
        "seen": held_out.seen,
        "kept": held_out.kept,
        "rejects": held_out.rejects,
        "chosen": len(held_out.samples),
    }


def _plain(figures: Figures | metrics.Differences) -> dict[str, Any]:
    return {
        source: {
            language: {name: asdict(figure) for name, figure in found.items()}
            for language, found in languages.items()
        }
        for source, languages in figures.items()
    }


def _examples(
    samples: Sequence[Sample],
    before: EvaluationResult,
    after: EvaluationResult | None,
    per_group: int,
) -> list[dict[str, Any]]:
    """The first ``per_group`` samples of each source and language with what was answered."""
    shown: Counter[tuple[str, str]] = Counter()
    examples = []
    for sample in samples:
        group = sample.source, sample.language
        shown[group] += 1
        if shown[group] <= per_group:
            examples.append(
                {
                    "sample_id": sample.sample_id,
                    "source": sample.source,
                    "language": sample.language,
                    "prompt": sample.prompt,
                    "reference": sample.references[0] if sample.references else "",
                    "keywords": list(sample.keywords),
                    "before": before.answers[sample.sample_id],
                    "after": None if after is None else after.answers[sample.sample_id],
                }
            )
    return examples
