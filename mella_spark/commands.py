"""What each command does: load, call the stage or tool, say what came of it.

Every function takes the parsed options and the settings, prints for people, and returns what
``--json`` shows. ``problems`` in the result are sentences that make the command fail (exit 1)
after all that could be done was done.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mella_spark.errors import InputError, UsageError
from mella_spark.lake.schemas import TABLES
from mella_spark.lake.tables import Lake, Root
from mella_spark.progress import Progress
from mella_spark.settings import Settings

Result = dict[str, Any]


def _lake(options: argparse.Namespace, settings: Settings, create: bool = False) -> Lake:
    root = Root.parse(options.root)
    if create:
        root.require_writable()
    elif root.local is not None and not root.local.is_dir():
        raise InputError(f"There is no root {options.root}.", "Run `mella run` first.")
    from mella_spark.session import get_session

    lake = Lake(get_session(settings), root, settings.lake.properties)
    if create:
        lake.create()
    return lake


def run(options: argparse.Namespace, settings: Settings) -> Result:
    """Manifest, then every stage."""
    from mella_spark.stages.funnel import file_problems, funnel, funnel_text
    from mella_spark.stages.manifest import add_files, find_files
    from mella_spark.stages.pipeline import STAGES, run_pipeline
    from mella_spark.stages.stream import run_continuously

    found = find_files(options.inputs, settings.remote)
    if not found.files:
        raise InputError(" ".join(found.problems))
    lake = _lake(options, settings, create=True)
    added = add_files(lake, found.files, settings.extract)
    if options.continuous:
        run_continuously(list(STAGES.values()), lake, settings)
        return {"root": options.root}
    results = run_pipeline(lake, settings)
    print(funnel_text(funnel(lake, STAGES)))
    tables = {name: lake.count(name) for name in TABLES}
    print(f"\n{tables['mella']:,} samples in {lake.location('mella')}")
    return {
        "root": options.root,
        "files": {"given": len(found.files), "new": added},
        "stages": {name: result.as_dict() for name, result in results.items()},
        "tables": tables,
        "problems": [*found.problems, *file_problems(lake, (f.path for f in found.files))],
    }


def manifest(options: argparse.Namespace, settings: Settings) -> Result:
    """Notes crawl files."""
    from mella_spark.stages.manifest import add_files, find_files

    found = find_files(options.inputs, settings.remote)
    if not found.files:
        raise InputError(" ".join(found.problems))
    lake = _lake(options, settings, create=True)
    added = add_files(lake, found.files, settings.extract)
    print(f"{added:,} new of {len(found.files):,} crawl files")
    return {
        "root": options.root,
        "files": {"given": len(found.files), "new": added},
        "problems": list(found.problems),
    }


def _stage(options: argparse.Namespace, settings: Settings) -> Result:
    from mella_spark.stages.funnel import file_problems
    from mella_spark.stages.pipeline import STAGES
    from mella_spark.stages.stream import run_continuously, run_stage

    lake = _lake(options, settings, create=True)
    stage = STAGES[options.command]
    if options.continuous:
        run_continuously([stage], lake, settings)
        return {"root": options.root}
    result = run_stage(stage, lake, settings)
    problems = []
    if stage.name == "extract":
        problems = file_problems(lake, lake.read("manifest").select("path").toPandas()["path"])
    return {
        "root": options.root,
        "stages": {stage.name: result.as_dict()},
        "problems": problems,
    }


extract = filter = fetch = caption = translate = assemble = _stage


def model_folder(root: Root, out: Path | None) -> Path:
    """Where a fine-tuned model lies: ``out``, else under a local root."""
    if out is not None:
        return out
    if root.local is None:
        raise UsageError(f"{root.text} is not a local folder.", "Say where with --out.")
    return root.local / "_models" / "sft"


def train(options: argparse.Namespace, settings: Settings) -> Result:
    """Fine-tunes on a pinned version of the training table."""
    root = Root.parse(options.root)
    table, out = _table(root), model_folder(root, options.out)
    trained = _fine_tune(root, table, out, settings, options.version)
    losses = trained["losses"]
    print(
        f"{trained['steps']:,} steps on {trained['samples']:,} samples of version "
        f"{trained['version']}: loss {losses['train_first']:.3f} → {losses['train_last']:.3f}"
    )
    print(f"model: {trained['path']}")
    return {"root": options.root, "out": str(out), "train": trained}


def _fine_tune(
    root: Root, table: str, out: Path, settings: Settings, version: int | None = None
) -> Result:
    from mella_spark.lake.maintenance import commit_ms, pin
    from mella_spark.training.data import pinned_version
    from mella_spark.training.sft import train as fine_tune

    if version is None and not (out / "run.json").is_file():
        version = pinned_version(table, None)
    if root.local is not None and version is not None:
        pin(root.local / "_pins", table, version, commit_ms(table, version))
    trained = fine_tune(table, out, settings.train, version, Progress("train", "steps"))
    return asdict(trained)


def evaluate(options: argparse.Namespace, settings: Settings) -> Result:
    """Scores the base and the fine-tuned model on the test split, or on a test set."""
    from mella_spark.evaluation.evaluate import file_name

    root = Root.parse(options.root)
    out = model_folder(root, options.out)
    if (chosen := getattr(options, "test_set", None)) is not None:
        chosen_settings = settings.evaluate.model_copy(update={"test_set": str(chosen)})
        settings = settings.model_copy(update={"evaluate": chosen_settings})
    table = None if settings.evaluate.test_set else _table(root)
    result = _score(table, out, settings, options.version)
    print(metrics_text(result))
    print(f"Signatures and intervals: {out / file_name(settings.evaluate.test_set)}")
    return {"root": options.root, "out": str(out), "evaluation": result}


def _score(table: str | None, out: Path, settings: Settings, version: int | None = None) -> Result:
    from mella_spark.evaluation.evaluate import evaluate as score

    if not (out / "train.json").is_file():
        if table is None:
            print(f"No finished training in {out}: the base model is scored alone.")
            progress = Progress("evaluate", "samples")
            return score(None, None, settings.evaluate, None, out, progress)
        raise InputError(f"There is no finished training in {out}.", "Run `mella train` first.")
    trained = json.loads((out / "train.json").read_text(encoding="utf-8"))
    version = trained["version"] if version is None else version
    progress = Progress("evaluate", "samples")
    return score(table, Path(trained["path"]), settings.evaluate, version, out, progress)


def metrics_text(result: Result) -> str:
    """The averages before and after, and how sure their difference is, as a table for a terminal.

    Averages are micro, or macro for the metrics that are not pooled over languages.
    """
    lines = [f"{'source':<7}{'metric':<22}{'before':>9}{'after':>9}{'change':>9}  interval"]
    for source, groups in sorted(result["before"].items()):
        for name in groups["macro"]:
            group = "micro" if name in groups["micro"] else "macro"
            line = f"{source:<7}{name:<22}{groups[group][name]['value']:>9.2f}"
            if result["after"]:
                change = result["difference"][source][group][name]
                line += f"{result['after'][source][group][name]['value']:>9.2f}"
                line += f"{change['value']:>+9.2f}  [{change['low']:+.2f}, {change['high']:+.2f}]"
            else:
                line += f"{'-':>9}{'-':>9}"
            lines.append(line)
    return "\n".join(lines)


def _table(root: Root) -> str:
    table = f"{root.path}/mella" if root.path else f"{root.text}.mella"
    if root.local is not None and not (root.local / "mella" / "_delta_log").is_dir():
        raise InputError(f"There is no table mella under {root.text}.", "Run `mella run` first.")
    return table


def status(options: argparse.Namespace, settings: Settings) -> Result:
    """Rows and version of every table, counts of every stage, files waiting."""
    from mella_spark.lake.maintenance import table_status
    from mella_spark.stages.funnel import funnel, funnel_text
    from mella_spark.stages.pipeline import STAGES

    lake = _lake(options, settings)
    tables = table_status(lake)
    for name, row in tables.items():
        print(f"{name:<13} version {row['version']:>4}  {row['rows']:>10,} rows")
    counts = funnel(lake, STAGES)
    print(funnel_text(counts))
    waiting = (
        lake.read("manifest")
        .select("path")
        .exceptAll(
            lake.read("ledger")
            .where("stage = 'extract' AND reason = 'seen'")
            .selectExpr("file AS path")
            .distinct()
        )
    )
    files = waiting.count()
    print(f"{files:,} crawl files waiting")
    return {
        "root": options.root,
        "tables": tables,
        "stages": {
            c.stage: {"seen": c.seen, "kept": c.kept, "rejects": c.rejects, "balanced": c.balanced}
            for c in counts
        },
        "files_waiting": files,
    }


def maintain(options: argparse.Namespace, settings: Settings) -> Result:
    """OPTIMIZE and VACUUM."""
    from mella_spark.lake.maintenance import maintain as tend

    lake = _lake(options, settings)
    result = tend(lake, options.retention_hours)
    for name, row in result.items():
        print(f"{name:<13} {row['files_before']:>6,} files → {row['files_after']:>6,}")
    return {"root": options.root, "tables": result}


def report(options: argparse.Namespace, settings: Settings) -> Result:
    """One self-contained HTML page."""
    from mella_spark.report import write_report

    lake = _lake(options, settings)
    out = options.out or model_folder(lake.root, None).parent.parent / "report.html"
    model = options.model or (model_folder(lake.root, None) if lake.root.local else None)
    path = write_report(lake, out, settings, model)
    print(f"report: {path}")
    return {"root": options.root, "report": str(path), "bytes": path.stat().st_size}


def export(options: argparse.Namespace, settings: Settings) -> Result:
    """WebDataset, Hugging Face, LLaVA, InternVL or Qwen-VL files."""
    from mella_spark.export import export_table

    root = Root.parse(options.root)
    written = export_table(
        _table(root), options.out, options.format, options.split, options.version
    )
    print(
        f"{written['samples']:,} samples in {options.out}: all rows asked for of version "
        f"{written['version']}"
    )
    return {"root": options.root, **written}


def demo(options: argparse.Namespace, settings: Settings) -> Result:
    """The sample web, the line, training, evaluation, report."""
    from mella_spark.demo import run_demo

    return run_demo(options, settings)
