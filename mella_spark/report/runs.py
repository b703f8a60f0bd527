"""What a model folder holds: the training's curve and outcome, the evaluation. No Spark."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from mella_spark.errors import InputError
from mella_spark.progress import duration_text
from mella_spark.report.data import Comparison, Evaluation, Example, Figures, Score, Training
from mella_spark.report.redact import without_credentials
from mella_spark.training.curve import read_curve


def read_training(folder: Path) -> Training | None:
    """The training in ``folder``, finished or not; None where there is none.

    Raises ``InputError`` where a file of it is not what it should be.
    """
    run, done = _json(folder / "run.json"), _json(folder / "train.json")
    try:
        points = read_curve(folder / "curve.jsonl")
        if not points and done is None:
            return None
        curves = {
            kind: tuple(
                (int(p["step"]), float(p["loss"]))
                for p in points
                if p["kind"] == kind and math.isfinite(p["loss"])
            )
            for kind in ("train", "validation")
        }
        facts = _training_facts(done) if done is not None else _run_facts(run)
    except (KeyError, TypeError, ValueError) as error:
        raise _strange(folder, "training", error) from None
    return Training(curves["train"], curves["validation"], done is not None, facts)


def read_evaluation(folder: Path, examples_per_group: int) -> Evaluation | None:
    """The evaluation in ``folder`` with at most ``examples_per_group`` examples of each source and
    language; None where there is none.

    Raises ``InputError`` where the file is not what it should be.
    """
    content = _json(folder / "evaluation.json")
    if content is None:
        return None
    try:
        return Evaluation(
            figures=_figures(content["before"], content["after"]),
            examples=_examples(content["examples"], examples_per_group),
            facts=_evaluation_facts(content),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _strange(folder / "evaluation.json", "evaluation", error) from None


def _json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"Cannot read {path}: {error}.") from None
    if not isinstance(content, dict):
        raise InputError(f"{path} does not hold a JSON object.")
    return content


def _strange(path: Path, what: str, error: Exception) -> InputError:
    return InputError(
        f"{path} does not hold the {what} this version writes: {type(error).__name__}: {error}.",
        f"Run `mella {'train' if what == 'training' else 'evaluate'}` again, or give another "
        "--model.",
    )


def _run_facts(run: dict[str, Any] | None) -> dict[str, str]:
    if run is None:
        return {}
    return {"Table": without_credentials(run["table"]), "Table version": str(run["version"])}


def _training_facts(done: dict[str, Any]) -> dict[str, str]:
    losses = done["losses"]

    def change(first: str, last: str) -> str:
        pair = losses.get(first), losses.get(last)
        return " → ".join("none" if value is None else f"{value:.3f}" for value in pair)

    facts = {
        "Base model": without_credentials(done["model"]),
        "Method": done["method"],
        "Table": without_credentials(done["table"]),
        "Table version": str(done["version"]),
        "Training samples": f"{done['samples']:,}",
        "Steps": f"{done['steps']:,}" + (", stopped early" if done["stopped_early"] else ""),
        "Epochs": f"{done['epochs']:.2f}",
        "Answer tokens": f"{done['tokens']:,}",
        "Parameters trained": f"{done['trained_parameters']:,} of {done['parameters']:,}",
        "Train loss": change("train_first", "train_last"),
        "Validation loss": change("validation_first", "validation_last"),
        "Best validation loss": f"{losses['validation_best']:.3f}"
        if losses.get("validation_best") is not None
        else "none",
        "Time": duration_text(done["seconds"]),
        "Seed": str(done["seed"]),
    }
    if done["skipped"]:
        facts["Pictures that did not decode"] = f"{done['skipped']:,}"
    if done["resumed_at"]:
        facts["Resumed at step"] = ", ".join(map(str, done["resumed_at"]))
    return facts


def _evaluation_facts(content: dict[str, Any]) -> dict[str, str]:
    settings = content["settings"]
    total = sum(sum(by.values()) for by in content["samples"].values())
    facts = {
        "Before": without_credentials(content["model"]),
        "After": without_credentials(content["adapter"] or "not scored"),
        "Table": without_credentials(content["table"]),
        "Table version": str(content["version"]),
        "Split": content["split"],
        "Samples": f"{total:,}",
        "Intervals": f"{settings['confidence']:.0%} bootstrap, {settings['resamples']:,} resamples",
    }
    if content["unreadable"]:
        facts["Pictures that did not decode"] = f"{content['unreadable']:,}"
    return facts


def _figures(before: dict[str, Any], after: dict[str, Any] | None) -> Figures:
    return {
        source: {
            group: {
                metric: Comparison(
                    Score(**figure),
                    Score(**after[source][group][metric]) if after is not None else None,
                )
                for metric, figure in metrics.items()
            }
            for group, metrics in groups.items()
        }
        for source, groups in before.items()
    }


def _examples(items: list[dict[str, Any]], per_group: int) -> tuple[Example, ...]:
    shown: dict[tuple[str, str], int] = {}
    chosen = []
    for item in items:
        group = item["source"], item["language"]
        shown[group] = shown.get(group, 0) + 1
        if shown[group] <= per_group:
            chosen.append(
                Example(
                    sample_id=item["sample_id"],
                    source=item["source"],
                    language=item["language"],
                    prompt=item["prompt"],
                    reference=item["reference"],
                    before=item["before"],
                    after=item["after"],
                    keywords=tuple(item["keywords"]),
                )
            )
    return tuple(chosen)
