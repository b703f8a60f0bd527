"""What an input names: crawl files and URL indexes in folders, in buckets, of a crawl."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from urllib.parse import urldefrag

from mella_spark.errors import InputError
from mella_spark.remote.commoncrawl import crawl_files, parse_crawl
from mella_spark.remote.file import MissingError, RemoteError
from mella_spark.remote.opener import Opener
from mella_spark.settings import RemoteSettings

CRAWL_FILE = re.compile(r"\.(warc|wat)(\.gz|\.zst|\.zstd)?$", re.IGNORECASE)
WAT_FILE = re.compile(r"\.wat(\.gz|\.zst|\.zstd)?$", re.IGNORECASE)
INDEX_FILE = re.compile(r"\.parquet$", re.IGNORECASE)

Sizes = dict[str, int | None]


def kind_of(path: str) -> str:
    """``warc``, ``wat`` or ``index``, by the end of a path or of an address without its query."""
    name = re.sub(r"[?#].*", "", path) if "://" in path else path
    return "index" if INDEX_FILE.search(name) else "wat" if WAT_FILE.search(name) else "warc"


def in_folder(paths: Iterable[str]) -> list[str]:
    """Those of a folder's files, given below it, that are read when the folder is named, sorted.

    A WAT file beside the WARC file it was made from is left out: the WARC holds all that the WAT
    does. URL indexes are read only where there are no crawl files, whose pages they would repeat.
    """
    paths = list(paths)
    crawl = {path for path in paths if CRAWL_FILE.search(path)}
    if crawl:
        return sorted(path for path in crawl if warc_beside(path) not in crawl)
    return sorted(
        path
        for path in paths
        if INDEX_FILE.search(path) and not any(part[:1] in "._" for part in path.split("/"))
    )


def warc_beside(path: str) -> str | None:
    """The WARC file that a WAT file named ``x.warc.wat.gz`` was made from."""
    if not WAT_FILE.search(path):
        return None
    folder, slash, name = path.rpartition("/")
    return folder + slash + re.sub(r"\.wat(?=\.|$)", "", name, flags=re.IGNORECASE)


def remote_files(text: str, settings: RemoteSettings) -> Sizes:
    """Addresses and bytes (None: not known) of the files of a ``cc:``, ``http(s)`` or ``s3`` input.

    Raises UsageError on an input that makes no sense, InputError on one without files.
    """
    # Someone waits for the answer, and asks again if it is no.
    hasty = settings.model_copy(update={"attempts": min(3, settings.attempts)})
    open_ = Opener(hasty)
    try:
        if text[:3].lower() == "cc:":
            return _sizes(crawl_files(parse_crawl(text), hasty, open_), open_)
        if text[:1] in "sS":
            return _in_bucket("s3://" + text.partition("://")[2], open_)
        address = urldefrag(text).url
        return {address: open_.size(address)}
    except RemoteError as error:
        raise InputError(str(error)) from None


def _sizes(addresses: list[str], open_: Opener) -> Sizes:
    """Sizes of so many files as ``size_requests`` allows for all of them, else of none."""
    if len(addresses) > open_.settings.size_requests:
        return dict.fromkeys(addresses)

    def size(address: str) -> int | None:
        try:
            return open_.size(address)
        except OSError:  # reading it will say what is wrong with it, and count it
            return None

    with ThreadPoolExecutor(open_.settings.connections, "sizes") as pool:
        return dict(zip(addresses, pool.map(size, addresses), strict=True))


def _in_bucket(address: str, open_: Opener) -> Sizes:
    if glob.has_magic(address):
        fixed = re.split(r"[*?\[]", address, maxsplit=1)[0].rpartition("/")[0]
        listed = _listing(fixed, open_)
        found: Sizes = {path: size for path, size in listed.items() if matches(path, address)}
        if not found:
            raise InputError(f"Nothing matches {address}.")
        return found
    if address.count("/") > 2 and not address.endswith("/"):
        try:
            return {address: open_.size(address)}
        except MissingError:
            pass
    folder = address.rstrip("/") + "/"
    below = {path.removeprefix(folder): size for path, size in _listing(folder, open_).items()}
    if not below:
        raise InputError(f"There is nothing at {address}.")
    names = in_folder(below)
    if not names:
        raise InputError(f"The folder {address} holds no .warc, .wat or .parquet files.")
    return {folder + name: below[name] for name in names}


def _listing(folder: str, open_: Opener) -> dict[str, int]:
    if not folder.partition("://")[2].strip("/"):
        raise InputError(f"{folder}/… names no bucket.", "Write s3://BUCKET/…")
    return open_.listing(folder)


def matches(path: str, pattern: str) -> bool:
    """Whether a glob matches: ``*`` and ``?`` stay in a folder, ``**`` is any number of folders."""
    return _match(tuple(path.split("/")), tuple(pattern.split("/")))


def _match(parts: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    if not patterns:
        return not parts
    if patterns == ("**",):
        return bool(parts)
    if patterns[0] == "**":
        return _match(parts, patterns[1:]) or (bool(parts) and _match(parts[1:], patterns))
    return bool(parts) and fnmatchcase(parts[0], patterns[0]) and _match(parts[1:], patterns[1:])
