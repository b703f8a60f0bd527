"""WAT records to pairs: the metadata that Common Crawl extracts from every page.

A WAT record is JSON with the response's headers and the page's links; an image is a link with path
``IMG@/src``, its alt and its title. What the extractor did not keep cannot be had: lazy-loading
attributes, captions, sizes, surrounding text and the ``lang`` of the root element. Newer or other
extractors write more paths for one element (``IMG@/srcset``); those follow the ``src`` they belong
to and are used where it is a placeholder. Header values may be lists.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mella_spark.web import optout, picture
from mella_spark.web.charset import codec, lookup
from mella_spark.web.html import declared_language
from mella_spark.web.page import Image, Page, collapse, sample
from mella_spark.web.urls import resolve
from mella_spark.web.warc import content_type

_HTML = ("text/html", "application/xhtml+xml")


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


def read_wat(body: bytes) -> WatPage:
    """The page that one WAT ``metadata`` record describes.

    Raises ValueError if the body is not JSON or not of a WAT's shape.
    """
    try:
        document = json.loads(body)
        envelope = _mapping(document["Envelope"])
        warc = _mapping(envelope["WARC-Header-Metadata"])
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not a WAT record: {error}") from error
    response = _mapping(_mapping(envelope.get("Payload-Metadata")).get("HTTP-Response-Metadata"))
    if _text(warc.get("WARC-Type")) != "response" or not response:
        return WatPage("not_response")
    status = _integer(_mapping(response.get("Response-Message")).get("Status"))
    if status is None or not 200 <= status < 300:
        return WatPage("http_error")
    headers = list(_headers(_mapping(response.get("Headers"))))
    media_type, charset = content_type(_header(headers, "content-type"))
    html = _mapping(response.get("HTML-Metadata"))
    if not html and media_type not in _HTML:
        return WatPage("not_html")
    url = (_text(warc.get("WARC-Target-URI")) or "").strip().removeprefix("<").removesuffix(">")
    page = _page(html, url, headers, lookup(charset))
    if not page.seen:
        return WatPage("no_image")
    container = _mapping(document.get("Container"))
    return WatPage(
        "page",
        url,
        page,
        _date(_text(warc.get("WARC-Date"))),
        _text(container.get("Filename")),
        _integer(container.get("Offset")),
        "WARC-Truncated" in warc,
    )


def _page(
    html: Mapping[str, Any], url: str, headers: list[tuple[str, str]], charset: str | None
) -> Page:
    head = _mapping(html.get("Head"))
    links = [link for link in _list(html.get("Links")) if isinstance(link, dict)]
    metas = [
        {key.lower(): _text(value) or "" for key, value in meta.items()}
        for meta in _list(head.get("Metas"))
        if isinstance(meta, dict)
    ]
    page = Page(charset=charset)
    href = _text(head.get("Base"))
    base = (resolve(href, url) if href else None) or url
    encoding = codec(charset) if charset else "utf-8"
    pairs: set[tuple[str, str]] = set()
    for attributes in _image_elements(links):
        page.seen += 1
        reason = _add(page, attributes, base, encoding, pairs)
        if reason:
            page.rejects[reason] += 1
    if page.images:
        page.title = collapse(_text(head.get("Title"))) or None
        page.optout = optout.from_headers(headers) + optout.from_meta(
            (meta.get("name", ""), meta.get("content", "")) for meta in metas
        )
        page.language = declared_language(
            _text(head.get("Lang")),
            [m["content"] for m in metas if m.get("http-equiv", "").lower() == "content-language"],
            [value for name, value in headers if name.lower() == "content-language"],
        )
        page.license_url = _license([*_list(head.get("Link")), *links], base)
        page.text = _text_of(page, links)
        for image in page.images:
            image.title = image.title or page.title
    return page


def _add(
    page: Page,
    attributes: dict[str, str],
    base: str,
    encoding: str,
    pairs: set[tuple[str, str]],
) -> str | None:
    """Adds the image to the page; or the reason why it makes no pair."""
    if "alt" not in attributes:
        return "no_alt"
    alt = collapse(attributes["alt"])
    if not alt:
        return "blank_alt"
    reference = picture.choose(attributes, ())
    if not reference.strip():
        return "no_url"
    url = resolve(reference, base, encoding)
    if url is None:
        return "not_http"
    if (url, alt) in pairs:
        return "repeated"
    pairs.add((url, alt))
    page.images.append(Image(url, alt, title=collapse(attributes.get("title")) or None))
    return None


def _image_elements(links: Iterable[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """Attributes of each image element, put together from its consecutive links."""
    current: dict[str, str] = {}
    for link in links:
        tag, _, attribute = (_text(link.get("path")) or "").lower().partition("@/")
        value = _text(link.get("url"))
        if tag != "img" or attribute in ("", "longdesc", "usemap", "background") or value is None:
            continue
        if attribute == "src" or attribute in current:
            if current:
                yield current
            current = {}
        current[attribute] = value
        for name in ("alt", "title"):
            if (described := _text(link.get(name))) is not None:
                current[name] = described
    if current:
        yield current


def _license(links: Iterable[Any], base: str) -> str | None:
    fallback = None
    for link in links:
        if not isinstance(link, dict) or not (href := _text(link.get("url"))):
            continue
        if "license" in (_text(link.get("rel")) or "").lower().split():
            return resolve(href, base)
        if (
            "://creativecommons.org/licenses/" in href
            or "://creativecommons.org/publicdomain/" in href
        ):
            fallback = fallback or resolve(href, base)
    return fallback


def _text_of(page: Page, links: Iterable[dict[str, Any]]) -> str:
    """What text a WAT keeps: the title, link texts and alts."""
    texts = [page.title or ""]
    texts += [_text(link.get("text")) or "" for link in links]
    texts += [image.alt for image in page.images]
    return sample(collapse(" ".join(texts)))


def _headers(headers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, str):
                yield name, item


def _header(headers: Iterable[tuple[str, str]], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    """A string; the first of a list of them."""
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, str)), None)
    if not isinstance(value, str):
        return None
    # JSON can spell half a surrogate pair, which no table can hold.
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def _integer(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _date(value: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if value else None
    except ValueError:
        return None
