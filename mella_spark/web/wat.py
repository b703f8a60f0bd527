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

from mella_spark.web import optout
from mella_spark.web.charset import codec, lookup
from mella_spark.web.html import MAX_IMAGES, declared_language
from mella_spark.web.page import Image, Page, collapse, sample
from mella_spark.web.record import content_type
from mella_spark.web.urls import resolve
from mella_spark.web.watrecord import Fields, WatRecord, integer, read_record

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


def read_wat(body: bytes, described: bool = True) -> WatPage:
    """The page that one WAT ``metadata`` record describes.

    Unless ``described``, only addresses and alts are worked out. Raises ValueError if the body is
    not JSON or not of a WAT's shape.
    """
    record = read_record(body)
    if record.kind != "page":
        return WatPage(record.kind)
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
    if not record.images:
        return page
    page.charset = _charset(record)
    encoding = codec(page.charset) if page.charset else "utf-8"
    base = (resolve(record.base, url) if record.base else None) or url
    if len(record.images) > MAX_IMAGES:
        page.rejects["page_limit"] = len(record.images) - MAX_IMAGES
    pairs: set[tuple[str, str]] = set()
    headline = collapse(record.title) or None
    for alt, reference, title in record.images[:MAX_IMAGES]:
        if not reference or reference.isspace():
            page.rejects["no_url"] += 1
            continue
        address = resolve(reference, base, encoding)
        if address is None:
            page.rejects["not_http"] += 1
        elif (address, alt) in pairs:
            page.rejects["repeated"] += 1
        else:
            pairs.add((address, alt))
            page.images.append(Image(address, alt, title or headline))
    if described and page.images:
        page.title = headline
        _describe(page, record, base)
    return page


def _describe(page: Page, record: WatRecord, base: str) -> None:
    """Opt-out signals, declared language, licence, and a sample of the text that a WAT keeps."""
    headers, metas = record.headers, record.metas
    page.optout = optout.from_headers(headers) + optout.from_meta(
        (meta.get("name", ""), meta["content"]) for meta in metas if "content" in meta
    )
    named = {meta.get("name", "").lower(): meta.get("content", "") for meta in reversed(metas)}
    page.language = declared_language(
        named.get("html@/lang") or named.get("html@/xml:lang"),
        _pragmas(metas, "content-language"),
        [value for name, value in headers if name.lower() == "content-language"],
    )
    page.license_url = _license(record.links, base)
    texts = [page.title or "", record.text, *(image.alt for image in page.images)]
    page.text = sample(" ".join(texts))


def _charset(record: WatRecord) -> str | None:
    """The encoding that the header or the page declares; what it was read with is not kept."""
    for value in (record.content_type, *_pragmas(record.metas, "content-type")):
        name = lookup(content_type(value)[1])
        if name:
            return name
    return None


def _pragmas(metas: Sequence[Fields], name: str) -> list[str]:
    return [
        meta["content"]
        for meta in metas
        if "content" in meta and meta.get("http-equiv", "").lower() == name
    ]


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
