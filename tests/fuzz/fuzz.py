"""Coverage-guided fuzzing of everything that reads bytes from the web (atheris, libFuzzer).

``python tests/fuzz/fuzz.py TARGET [libFuzzer options]``; ``make fuzz`` runs all targets in an
environment of their own. The compiled page scanner runs as plain Python here, so that coverage
sees into it; the other kernels check their bounds. The last byte of an input says whether the rest
is fed as it is, or chooses mutations of a real-looking seed (``tests/unit/fuzzing.py``). An
exception, a failed check and an input that takes longer than libFuzzer's ``-timeout`` are findings;
the file that shows one is left behind.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["NUMBA_BOUNDSCHECK"] = "1"
ROOT = Path(__file__).resolve().parents[2]
# Numba knows when a file of code changes, but not when what it takes from other files does.
_SOURCES = [Path(__file__), *(ROOT / "mella_spark" / "web").glob("*.py")]
_STATE = max(source.stat().st_mtime_ns for source in _SOURCES)
os.environ["NUMBA_CACHE_DIR"] = str(Path(tempfile.gettempdir()) / f"mella-fuzz-{_STATE}")
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "unit")]

import atheris  # noqa: E402
import numba  # noqa: E402

with atheris.instrument_imports(include=["mella_spark.web"]):
    from mella_spark.web import picture  # noqa: F401
# What is compiled bears no tracing.
from mella_spark.web import imagekernel, watkernel, words  # noqa: E402, F401


def _find_either(data: Any, i: int, end: int, one: int, other: int) -> int:
    """``words.find_either`` byte by byte."""
    return next((k for k in range(i, end) if data[k] in (one, other)), max(i, end))


# What reads memory by the word has no Python in it that could run in its place.
_COMPILED = words.bytes_of, words.find, words.find_either
words.bytes_of = lambda array: array
words.find = lambda data, i, end, byte: _find_either(data, i, end, byte, byte)
words.find_either = _find_either
with atheris.instrument_imports(include=["mella_spark.web"]):
    numba.config.DISABLE_JIT = 1
    from mella_spark.web import kernel, scan  # noqa: F401

    numba.config.DISABLE_JIT = 0
kernel._CLASS = kernel._CLASS.tolist()  # sums of NumPy's bytes would overflow, compiled ones do not
words.bytes_of, words.find, words.find_either = _COMPILED
with atheris.instrument_imports(include=["mella_spark.web"]):
    from mella_spark.web import (  # noqa: F401
        body,
        charreferences,
        charset,
        fields,
        harvest,
        html,
        optout,
        srcset,
        urls,
        warc,
        wat,
    )

import fuzzing  # noqa: E402
import numpy as np  # noqa: E402
import test_fuzz_pages as page_tests  # noqa: E402
import test_fuzz_records as record_tests  # noqa: E402

FOLDER = Path(tempfile.mkdtemp(prefix="mella-fuzz-"))


def damaged(data: bytes, seeds: tuple[bytes, ...]) -> bytes:
    """The input that ``data`` stands for."""
    choice = atheris.FuzzedDataProvider(data)
    if choice.ConsumeBool():
        return choice.ConsumeBytes(len(data))
    seed = seeds[choice.ConsumeIntInRange(0, len(seeds) - 1)]
    changes = [
        fuzzing.Mutation(
            choice.ConsumeIntInRange(0, 9),
            choice.ConsumeIntInRange(0, 65535),
            choice.ConsumeIntInRange(0, 400),
            choice.ConsumeIntInRange(0, 65535),
        )
        for _ in range(choice.ConsumeIntInRange(0, 6))
    ]
    return fuzzing.mutate(seed, changes)


def scanner(data: bytes) -> None:
    """The byte scanner and all that describes a page."""
    content = damaged(data, fuzzing.pages())
    page_tests.sound(html.read_page(content, "http://site.example/a/b", None, (), 400, True))


def archive(data: bytes) -> None:
    """The WARC reader, bodies, headers and the ledger."""
    content = damaged(data, fuzzing.files())
    fuzzing.extract(FOLDER, content, record_tests.SETTINGS)


def response(data: bytes) -> None:
    """One HTTP response within a good record."""
    content = damaged(data, fuzzing.blocks())
    record = fuzzing.record(content)
    fuzzing.extract(FOLDER, fuzzing.pack([record], 3), record_tests.SETTINGS)


def metadata(data: bytes) -> None:
    """The WAT reader."""
    try:
        found = wat.read_wat(damaged(data, (fuzzing.wat(),)))
    except ValueError:
        return
    if found.page is not None:
        page_tests.sound(found.page)


def headers(data: bytes) -> None:
    """HTTP heads, opt-outs and structured fields."""
    head, _, rest = damaged(data, fuzzing.blocks()).partition(b"\r\n\r\n")
    found = warc.parse_headers(head)
    optout.from_headers(found)
    text = data.decode("latin-1")
    names = ("X-Robots-Tag", "TDM-Reservation", "TDM-Policy", "Content-Usage", "Content-Signal")
    optout.from_headers((name, text) for name in names)
    optout.from_meta((name, text) for name in ("robots", "tdm-reservation"))
    warc.content_type(text)
    for coding in ("gzip", "deflate", "br", "zstd", "gzip, br"):
        try:
            decoded = body.decode_body(rest, "chunked", coding, page_tests.LIMIT)
        except body.BodyTooLarge:
            continue
        assert len(decoded) <= max(page_tests.LIMIT, len(rest))


def values(data: bytes) -> None:
    """srcset, addresses and character references."""
    text = data.decode("utf-8", "replace")
    srcset.parse(text)
    srcset.best(text)
    charreferences.unescape_attribute(text)
    for encoding in ("utf-8", "cp1251", "cp949"):
        address = urls.resolve(text, "http://site.example/a/b?c#d", encoding)
        assert address is None or (address.isascii() and urls.normalise(address) == address)
    urls.resolve("x/../y?q#f", text)


def encodings(data: bytes) -> None:
    """The choice of an encoding, and decoding."""
    content = damaged(data, fuzzing.pages())
    for label in (None, "windows-1251", "utf-16", "euc-kr"):
        text, name = charset.decode(content, label)
        assert charset.lookup(name) == name == charset.encoding_of(content, label)
        text.encode("utf-8")


SEEDS = {
    "scanner": fuzzing.pages(),
    "archive": fuzzing.files(),
    "response": fuzzing.blocks(),
    "metadata": (fuzzing.wat(),),
    "headers": fuzzing.blocks(),
    "encodings": fuzzing.pages(),
    "values": (
        b"a.png 1x, b.png 2x",
        b"//x.example:81/\xc5\xbe?\xc5\xbe#f",
        b"noai, bot: train-ai=n",
    ),
}
TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (scanner, archive, response, metadata, headers, values, encodings)
}


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        raise SystemExit(f"usage: fuzz.py {'|'.join(TARGETS)} [libFuzzer options]")
    name = sys.argv.pop(1)
    corpus = FOLDER / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(SEEDS[name]):
        (corpus / str(number)).write_bytes(seed + b"\x01")
    np.seterr(over="ignore")  # hashes wrap round, as they do when compiled
    atheris.Setup([*sys.argv, str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
