"""``mella demo``: the whole story on a generated web, offline."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from mella_spark import commands
from mella_spark.errors import UsageError
from mella_spark.lake.tables import Root
from mella_spark.progress import duration_text
from mella_spark.settings import Settings


def run_demo(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """Generates the sample web, runs the line over it, fine-tunes, scores, and writes the report.

    Every step is the command of the same name; a second call goes on where the first stopped.
    Raises ``UsageError`` where the root is not a local folder.
    """
    from mella_spark.sample.web import generate_web

    root = Root.parse(options.root)
    if root.local is None:
        raise UsageError("The demo needs a local folder as --root.")
    root.require_writable()
    started = time.monotonic()
    print("1. A small web in nine languages, drawn and written by the generator")
    web = generate_web(root.local / "web", options.seed, options.scale)
    print(f"   {web.pages} pages, {web.pairs} pairs in {len(web.warc_files)} WARC files")

    print("2. From WARC files to the training table")
    arguments = argparse.Namespace(
        command="run",
        inputs=[str(path) for path in web.warc_files],
        root=options.root,
        continuous=False,
        out=None,
        model=None,
        version=None,
    )
    result = commands.run(arguments, settings)
    # One file of the sample web ends in a cut record, and all that it cost is one count.
    notes = result.pop("problems")
    for note in notes:
        print(f"   (as planned) {note}")

    print("3. Fine-tuning the small model, which so far speaks English only")
    result.update(commands.train(arguments, settings))
    print("4. Before and after, on pictures it has not seen")
    result.update(commands.evaluate(arguments, settings))
    print("5. The report")
    result.update(commands.report(arguments, settings))
    print(f"Done in {duration_text(time.monotonic() - started)}. Open {Path(result['report'])}")
    return result
