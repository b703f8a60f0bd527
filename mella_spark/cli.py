"""The command line: ``mella COMMAND``. Every ``jobs/COMMAND.py`` is the same under spark-submit."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mella_spark import __version__
from mella_spark.errors import MellaError

STAGE_HELP = {
    "extract": "read crawl files into pairs",
    "filter": "decide language, culture and duplicates",
    "fetch": "get the pictures, from the crawl or the web",
    "caption": "describe the pictures in the pivot language",
    "translate": "translate the captions into the target languages",
    "assemble": "make the training table",
}


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    common = argparse.ArgumentParser(add_help=False)
    group = common.add_argument_group("settings")
    group.add_argument("--conf", type=Path, metavar="FILE", help="settings on top of mella.yaml")
    group.add_argument("--profile", metavar="NAME", help="local, cluster or databricks")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        dest="overrides",
        help="one setting; may be repeated",
    )
    common.add_argument("--json", action="store_true", help="end with one JSON object")

    parser = argparse.ArgumentParser(
        prog="mella",
        description="Image-text pairs for under-served languages, from web archives to training.",
    )
    parser.add_argument("--version", action="version", version=f"mella-spark {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, help_: str, root: bool = True) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help_, description=help_, parents=[common])
        if root:
            command.add_argument(
                "--root", required=True, metavar="URI", help="folder, URI or catalog.schema"
            )
        return command

    for name, help_ in (
        ("run", "the whole line, from crawl files to the training table"),
        ("manifest", "note which crawl files there are to read"),
    ):
        command = add(name, help_)
        command.add_argument(
            "inputs",
            nargs="+",
            metavar="INPUT",
            help="file, glob, folder, https:// or s3:// address, or cc:CC-MAIN-YYYY-WW[:limit]",
        )
        if name == "run":
            command.add_argument("--continuous", action="store_true", help="keep running")
    for name, help_ in STAGE_HELP.items():
        add(name, help_).add_argument("--continuous", action="store_true", help="keep running")
    for name, help_ in (
        ("train", "fine-tune a model on the training table"),
        ("evaluate", "score the model before and after on the test split"),
    ):
        command = add(name, help_)
        command.add_argument("--out", type=Path, metavar="DIR", help="default: ROOT/_models/sft")
        command.add_argument("--version", type=int, metavar="N", help="version of the table")
        if name == "evaluate":
            command.add_argument(
                "--test-set",
                type=Path,
                metavar="PATH",
                help="score on this file or folder instead of the table: JSON lines, Parquet or "
                "Arrow files of Hugging Face datasets, Crossmodal-3600 (docs/evaluation.md)",
            )
    command = add("report", "write a self-contained HTML report")
    command.add_argument("--out", type=Path, metavar="FILE", help="default: ROOT/report.html")
    command.add_argument("--model", type=Path, metavar="DIR", help="default: ROOT/_models/sft")
    add("status", "where every stage stands")
    command = add("maintain", "OPTIMIZE and VACUUM, sparing versions that training runs pinned")
    command.add_argument("--retention-hours", type=float, default=168.0, metavar="H")
    command = add("export", "write the training table in another format")
    formats = ("webdataset", "hf", "llava", "internvl", "qwen-vl")
    command.add_argument("--format", choices=formats, required=True)
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="empty or new")
    command.add_argument("--version", type=int, metavar="N", help="version of the table")
    command.add_argument("--split", choices=("train", "validation", "test"), default=None)
    command = add("demo", "the whole story on a generated sample web, offline", root=False)
    command.add_argument("--root", default="demo", metavar="DIR", help="default: ./demo")
    command.add_argument("--seed", type=int, default=7, help="of the sample web")
    command.add_argument("--scale", type=int, default=1, help="times as many pictures")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Returns its exit code: 0 done, 1 failed, 2 bad usage or settings."""
    parser = build_parser()
    try:
        options = parser.parse_args(arguments)
    except SystemExit as exit_:
        return int(exit_.code or 0)
    started = time.monotonic()
    result: dict[str, Any] = {"command": options.command}
    code = 0
    try:
        from mella_spark import commands
        from mella_spark.settings import load_settings

        settings = load_settings(options.conf, options.profile, options.overrides)
        result.update(getattr(commands, options.command)(options, settings))
        problems = result.get("problems", [])
        for problem in problems:
            print(f"mella: {problem}", file=sys.stderr)
        code = 1 if problems else 0
    except MellaError as error:
        print(f"mella: {error}", file=sys.stderr)
        result["error"] = str(error)
        code = error.exit_code
    except KeyboardInterrupt:
        print("mella: interrupted; the same command goes on where it stopped.", file=sys.stderr)
        result["error"] = "interrupted"
        code = 130
    except Exception as error:
        if os.environ.get("MELLA_DEBUG"):
            raise
        from mella_spark.stages.stream import root_cause

        text = f"{type(error).__name__}: {root_cause(str(error))}"
        print(f"mella: unexpected {text} MELLA_DEBUG=1 shows where.", file=sys.stderr)
        result["error"] = text
        code = 1
    if code == 0:
        from mella_spark.session import log_file

        log_file().unlink(missing_ok=True)
    result["exit_code"] = code
    result["seconds"] = round(time.monotonic() - started, 3)
    if options.json:
        print(json.dumps(result, ensure_ascii=False, default=str))
    sys.stdout.flush()
    return code


def job(command: str) -> None:
    """Entry point of ``jobs/COMMAND.py``: ``mella COMMAND`` with the script's own arguments."""
    sys.exit(main([command, *sys.argv[1:]]))


if __name__ == "__main__":
    sys.exit(main())
