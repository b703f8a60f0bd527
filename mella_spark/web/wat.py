"""WAT records to pairs: the metadata that Common Crawl extracts from every page.

A WAT record is JSON with the response's headers and the page's links; an image is a link with path
``IMG@/src``, its alt and its title. What the extractor did not keep cannot be had: images without
``src``, lazy-loading attributes, captions, sizes, surrounding text. The language of the root
element is kept as a meta element, the texts of links at up to 128 characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice

from mella_spark.web import optout, urlkernel
from mella_spark.web.charset import codec, lookup
from mella_spark.web.html import MAX_IMAGES, declared_language
from mella_spark.web.page import SAMPLE_CHARS, Image, Page, collapse
from mella_spark.web.record import content_type
from mella_spark.web.references import prefixes
from mella_spark.web.urls import resolve
from mella_spark.web.watrecord import Fields, WatRecord, integer, read_record

_NOT_HTTP = str(urlkernel.NOT_HTTP)
_MAX_OFFSET = 1 << 62


@dataclass(slots=True)
class WatPage:
    """One page of a WAT file: where its WARC record lies, and the page itself.

    ``page`` is None where the record is about something else; ``kind`` then says what
    (``not_response``, ``not_html``, ``http_error``, ``no_image``).
    """

    kind: str
    url: str = ""
    page: Page | None = None
    date: datetime | None = None
    warc_file: str | None = None
    warc_offset: int | None = None
    truncated: bool = False


_OTHERS = {kind: WatPage(kind) for kind in ("not_response", "http_error", "not_html", "no_image")}


def read_wat(body: bytes, described: bool = True) -> WatPage:
    """The page that one WAT ``metadata`` record describes.

    Unless ``described``, only addresses and alts are worked out. Raises ValueError if the body is
    not JSON or not of a WAT's shape.
    """
    record = read_record(body)
    if record.kind != "page":
        return _OTHERS[record.kind]
    url = record.url.strip().removeprefix("<").removesuffix(">")
    offset = integer(record.offset)
    return WatPage(
        "page",
        url,
        _page(record, url, described),
        _date(record.date),
        record.file or None,
        offset if offset is not None and 0 <= offset < _MAX_OFFSET else None,
        record.truncated,
    )


def _page(record: WatRecord, url: str, described: bool) -> Page:
    page = Page(record.seen)
    if record.no_alt:
        page.rejects["no_alt"] = record.no_alt
    if record.blank_alt:
        page.rejects["blank_alt"] = record.blank_alt
    if not record.alts:
        return page
    page.charset, encoding = _charset(record)
    base = (resolve(record.base, url) if record.base else None) or url
    if len(record.alts) > MAX_IMAGES:
        page.rejects["page_limit"] = len(record.alts) - MAX_IMAGES
    below = {str(kind): prefix for kind, prefix in prefixes(base).items()}
    pairs: set[tuple[str, str]] = set()
    headline = collapse(record.title) or None
    address: str | None
    for alt, reference, kind, title in islice(
        zip(record.alts, record.references, record.kinds, record.titles, strict=True), MAX_IMAGES
    ):
        if kind in below:
            address = below[kind] + reference
        elif kind == _NOT_HTTP:
            address = None
        elif not reference or reference.isspace():
            page.rejects["no_url"] += 1
            continue
        else:
            address = resolve(reference, base, encoding)
        if address is None:
            page.rejects["not_http"] += 1
            continue
        known = len(pairs)
        pairs.add((address, alt))
        if len(pairs) == known:
            page.rejects["repeated"] += 1
        else:
            page.images.append(Image(address, alt, title or headline))
    if described and page.images:
        page.title = headline
        _describe(page, record, base)
    return page


def _describe(page: Page, record: WatRecord, base: str) -> None:
    """Opt-out signals, declared language, licence, and a sample of the text that a WAT keeps."""
    signals: list[tuple[str, str]] = []
    pragmas: list[str] = []
    roots: dict[str, str] = {}
    for meta in record.metas:
        content = meta.get("content")
        if content is None:
            continue
        name = meta.get("name", "").strip().lower()
        if name.startswith("html@/"):  # how the extractor writes attributes of the root element
            roots.setdefault(name, content)
        elif name:
            signals.append((name, content))
        if meta.get("http-equiv", "").lower() == "content-language":
            pragmas.append(content)
    page.optout = optout.from_headers(record.headers) + optout.from_meta(signals)
    declared = [value for name, value in record.headers if name.lower() == "content-language"]
    root = roots.get("html@/lang") or roots.get("html@/xml:lang")
    page.language = declared_language(root, pragmas, declared)
    page.license_url = _license(record.links, base) if record.links else None
    alts = " ".join([image.alt for image in page.images])
    page.text = _sample(f"{page.title or ''} ".encode() + record.texts + alts.encode())


def _sample(text: bytes) -> str:
    """A part of a text in UTF-8, as long as its language needs, from all over it."""
    if len(text) > 3 * SAMPLE_CHARS:
        half = SAMPLE_CHARS // 4  # bytes, of which a character has one to four
        places = (len(text) * quarter // 4 for quarter in (1, 2, 3))
        text = b" ".join([text[place - half : place + half] for place in places])
    return text.decode("utf-8", "ignore")


def _charset(record: WatRecord) -> tuple[str | None, str]:
    """The encoding that the header or the page declares, and the Python codec for its addresses.

    What the extractor read the page with is not kept.
    """
    found = _encoding(record.content_type)
    for meta in record.metas:
        if found:
            break
        if meta.get("http-equiv", "").lower() == "content-type":
            found = _encoding(meta.get("content", ""))
    return found or (None, "utf-8")


@lru_cache(maxsize=1024)
def _encoding(value: str) -> tuple[str, str] | None:
    name = lookup(content_type(value)[1])
    return (name, codec(name)) if name else None


def _license(links: Sequence[Fields], base: str) -> str | None:
    """``rel=license`` of a link, else the first link to a Creative Commons licence."""
    stated = [link for link in links if "license" in link.get("rel", "").lower().split()]
    commons = [link for link in links if _is_commons(link.get("url", ""))]
    found = (resolve(link.get("url", ""), base) for link in (*stated, *commons))
    return next(filter(None, found), None)


def _is_commons(address: str) -> bool:
    _, host, path = address.partition("creativecommons.org/")
    return bool(host) and path.startswith(("licenses/", "publicdomain/"))


def _date(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if value else None
    except ValueError:
        return None
