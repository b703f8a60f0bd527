"""The command line without Spark: usage, exit codes, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mella_spark.cli import STAGE_HELP, build_parser, main

COMMANDS = {
    *STAGE_HELP,
    *("run", "manifest", "train", "evaluate", "export", "maintain", "status", "report", "demo"),
}


def test_every_command_has_a_job_and_a_function() -> None:
    from mella_spark import commands

    jobs = Path(__file__).resolve().parents[2] / "jobs"
    assert {path.stem for path in jobs.glob("*.py")} - {"__init__"} == COMMANDS
    for command in COMMANDS:
        assert f'job("{command}")' in (jobs / f"{command}.py").read_text()
        assert callable(getattr(commands, command))


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["run", "x.warc.gz"],
        ["run", "x.warc.gz", "--root", "r", "--set", "fetch.ordr=1"],
        ["run", "x.warc.gz", "--root", "r", "--profile", "moon"],
        ["run", "cc:CC-MAIN-2024", "--root", "r"],
        ["export", "--root", "r", "--format", "xml", "--out", "o"],
    ],
)
def test_bad_usage_is_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "/none.warc.gz", "--root", "r", "--json"],
        ["status", "--root", "/none", "--json"],
        ["train", "--root", "/none", "--json"],
        ["evaluate", "--root", "/none", "--json"],
    ],
)
def test_failure_is_one_and_one_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith("mella: ")
    assert shown.err.count("\n") == 1
    last = json.loads(shown.out.splitlines()[-1])
    assert last["exit_code"] == 1
    assert last["error"] in shown.err
    assert last["seconds"] >= 0


def test_an_unwritable_root_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crawl = tmp_path / "x.warc.gz"
    crawl.write_bytes(b"")
    (tmp_path / "file").write_text("")
    assert main(["run", str(crawl), "--root", str(tmp_path / "file" / "root")]) == 1
    assert "Cannot make the root" in capsys.readouterr().err


def test_unexpected_errors_show_no_stack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mella_spark import commands

    def broken(options: object, settings: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(commands, "status", broken)
    assert main(["status", "--root", "r"]) == 1
    error = capsys.readouterr().err
    assert "division by zero" in error
    assert "Traceback" not in error


def test_all_commands_take_the_common_options() -> None:
    parser = build_parser()
    for command in sorted(COMMANDS):
        extra = ["in"] if command in ("run", "manifest") else []
        if command == "export":
            extra = ["--format", "hf", "--out", "o"]
        options = parser.parse_args(
            [command, *extra, "--root", "r", "--json", "--set", "a.b=1", "--profile", "local"]
        )
        assert options.json
        assert options.overrides == ["a.b=1"]
