"""HTML to pairs, from one pass over the page's bytes (``scan``).

An item is an image element. It makes a pair if its alt text is not blank, its address is http(s),
and the page has not given the same address with the same alt before. The alt is the attribute as
the HTML standard parses it, white space collapsed.

Only pages with a worded alt get any further work: encoding, title, language, licence, opt-outs and
what stands around their images. Pages without the bytes of an image tag are not even scanned.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence

from mella_spark.web import optout, picture
from mella_spark.web.charreferences import unescape_attribute
from mella_spark.web.charset import codec, decode, decode_part, encoding_of, must_transcode
from mella_spark.web.names import ATTRIBUTES, Tag
from mella_spark.web.page import SAMPLE_CHARS, Image, Page, collapse
from mella_spark.web.scan import Scan, scan
from mella_spark.web.urls import resolve

# HTML's own upper bound for a dimension, and more than any picture has.
_MAX_SIDE = 1 << 24
# Images with alt text read from one page. No author writes so many; it bounds a page's memory.
MAX_IMAGES = 20_000
# Characters of a heading, a label or a link kept in a context: a line, not a paragraph.
_LINE_CHARS = 160
# What a page or figure says once goes into a row for each of its images, so it is bounded.
MAX_SHARED_CHARS = 2000
_MAX_LANGUAGE = 35  # RFC 5646, 4.4.1
# Sources of one picture that are looked at: browsers need a handful.
_MAX_SOURCES = 64

_IMAGE_TAG = re.compile(rb"<ima?ge?[\s/>]", re.IGNORECASE)
_DIGITS = re.compile(r"\s*([0-9]+)(?:\.[0-9]*)?\s*(?:px)?\s*$", re.IGNORECASE)
_COMMONS = re.compile(r"(?:^|[/.])creativecommons\.org/(?:licenses|publicdomain)/", re.IGNORECASE)

Attributes = dict[str, str]


def may_have_images(body: bytes) -> bool:
    """Whether a page can contain an image element; a False is certain."""
    return _IMAGE_TAG.search(body) is not None or b"\0" in body[:64]


def read_page(
    body: bytes,
    url: str,
    charset: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
    context_chars: int = 400,
    described: bool = True,
) -> Page:
    """The pairs of one HTML page. ``url``, ``charset`` and ``headers`` are those of the response.

    ``context_chars`` bounds the text kept around each image. Unless ``described``, only addresses
    and alts are worked out. Never raises.
    """
    page = Page()
    if not may_have_images(body):
        return page
    encoding = must_transcode(body, charset)
    name = "utf-8" if encoding else None
    if encoding:
        body = decode(body, charset)[0].encode("utf-8", "replace")
    found = scan(body, context_chars // 2)
    page.seen = found.seen
    if found.no_alt:
        page.rejects["no_alt"] = found.no_alt
    if found.blank_alt:
        page.rejects["blank_alt"] = found.blank_alt
    if found.images:
        name = name or encoding_of(body, charset, _host(url))
        page.charset = encoding or name
        _Reader(page, found, body, url, name).read(headers if described else None, context_chars)
    return page


class _Reader:
    """Fills a page from its scan; ``name`` is the encoding of ``body``."""

    def __init__(self, page: Page, found: Scan, body: bytes, url: str, name: str) -> None:
        self.page = page
        self.found = found
        self.body = body
        self.name = name
        self.codec = codec(name)
        self.elements = found.elements
        self.base = url
        for tag, first, last in found.elements:
            if tag == Tag.BASE and (href := self._attributes(first, last).get("href")) is not None:
                self.base = resolve(href, url) or url
                break

    def read(self, headers: Sequence[tuple[str, str]] | None, context_chars: int) -> None:
        """Images; with ``headers`` also all that describes them and the page."""
        page, kept = self.page, []
        pairs: set[tuple[str, str]] = set()
        sources: list[Attributes]
        if len(self.found.images) > MAX_IMAGES:
            page.rejects["page_limit"] = len(self.found.images) - MAX_IMAGES
        for row in self.found.images[:MAX_IMAGES]:
            attributes = self._attributes(row[0], row[1])
            alt = collapse(attributes["alt"])
            if not alt:
                page.rejects["blank_alt"] += 1
                continue
            first, last = row[7], row[8]
            last = min(last, first + _MAX_SOURCES)
            sources = [self._attributes(a, b) for _, a, b in self.elements[first:last]]
            reference = picture.choose(attributes, sources)
            if not reference.strip():
                page.rejects["no_url"] += 1
                continue
            address = resolve(reference, self.base, self.codec)
            if address is None:
                page.rejects["not_http"] += 1
                continue
            if (address, alt) in pairs:
                page.rejects["repeated"] += 1
                continue
            pairs.add((address, alt))
            image = Image(address, alt)
            page.images.append(image)
            kept.append((row, attributes, image))
        if headers is not None and kept:
            self._describe(headers)
            captions = self._captions()
            for row, attributes, image in kept:
                self._describe_image(image, row, attributes, captions, context_chars)

    def _attributes(self, first: int, last: int) -> Attributes:
        """Attributes by name, character references decoded."""
        found, body = {}, self.body
        for number, start, end in self.found.attributes[first:last]:
            raw = body[start:end]
            text = raw.decode("ascii") if raw.isascii() else decode_part(raw, self.name)
            found[ATTRIBUTES[number - 1]] = unescape_attribute(text) if "&" in text else text
        return found

    def _text(self, raw: bytes) -> str:
        """Text of a piece of content, character references decoded, white space collapsed.

        ``raw`` has no two spaces in a row.
        """
        text = raw.decode("ascii") if raw.isascii() else decode_part(raw, self.name)
        if "&" in text:
            return collapse(html.unescape(text))
        # Of all white space only the common space is printable.
        return text.strip() if text.isprintable() else collapse(text)

    def _describe(self, headers: Sequence[tuple[str, str]]) -> None:
        """Title, declared language, opt-out signals, licence and a sample of the text."""
        page, found = self.page, self.found
        if found.title:
            title = decode_part(self.body[slice(*found.title)], self.name)
            page.title = collapse(html.unescape(title))[:MAX_SHARED_CHARS] or None
        metas: list[Attributes] = []
        links: list[Attributes] = []
        root: Attributes = {}
        for tag, first, last in found.elements:
            if tag == Tag.META:
                metas.append(self._attributes(first, last))
            elif tag == Tag.HTML:
                root = self._attributes(first, last)
            elif tag in (Tag.A, Tag.LINK):
                links.append(self._attributes(first, last))
        page.optout = optout.from_headers(headers) + optout.from_meta(
            (meta.get("name", ""), meta["content"]) for meta in metas if "content" in meta
        )
        page.language = declared_language(
            root.get("lang") or root.get("xml:lang"),
            [
                meta.get("content")
                for meta in metas
                if meta.get("http-equiv", "").lower() == "content-language"
            ],
            [value for name, value in headers if name.lower() == "content-language"],
        )
        page.license_url = _license(links, self.base)
        pieces = [self._text(found.text[start:end]) for start, end in found.samples]
        page.text = " ".join(pieces)[: SAMPLE_CHARS + len(pieces)]

    def _captions(self) -> list[str | None]:
        """Caption of each figure, or else of the figure around it."""
        captions: list[str | None] = []
        for parent, start, end in self.found.figures:
            own = self._text(self.found.text[start : min(end, start + 4 * MAX_SHARED_CHARS)])
            own = own[:MAX_SHARED_CHARS]
            captions.append(own or (captions[parent] if parent >= 0 else None))
        return captions

    def _describe_image(
        self,
        image: Image,
        row: list[int],
        attributes: Attributes,
        captions: list[str | None],
        context_chars: int,
    ) -> None:
        image.title = collapse(attributes.get("title")) or self.page.title
        image.width = pixels(attributes.get("width"))
        image.height = pixels(attributes.get("height"))
        if row[6] >= 0:
            image.figcaption = captions[row[6]]
        text = self.found.text
        lines = []
        window = self._text(text[row[10] : row[11]])
        if len(window) > context_chars:  # bytes are not characters
            window = self._window(text[row[10] : row[9]], text[row[9] : row[11]], context_chars)
        if row[3] > row[2]:
            lines.append(self._text(text[row[2] : min(row[3], row[2] + 4 * _LINE_CHARS)]))
        if label := attributes.get("aria-label"):
            lines.append(collapse(label))
        lines = [line[:_LINE_CHARS] for line in lines if line not in window and line != image.alt]
        if window:
            lines.append(window)
        if row[5] > row[4]:
            link = self._link(row[4], row[5])
            if link and link != image.url:
                lines.append(link)
        image.context = "\n".join(lines) or None

    def _window(self, before: bytes, after: bytes, chars: int) -> str:
        """Text around a place, at most half of ``chars`` on each side of it."""
        half = chars // 2
        return f"{self._text(before)[-half:]} {self._text(after)[:half]}".strip()

    def _link(self, start: int, end: int) -> str | None:
        if end - start > 8 * _LINE_CHARS:  # too long, however much of it is escapes
            return None
        raw = self.body[start:end]
        target = decode_part(raw, self.name)
        address = resolve(unescape_attribute(target), self.base, self.codec)
        return address if address and len(address) <= _LINE_CHARS else None


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]


def declared_language(
    root: str | None, metas: Sequence[str | None], headers: Sequence[str]
) -> str | None:
    """The HTML Standard's order: the root's ``lang``, the ``meta`` pragma, the HTTP header.

    The pragma and header count only where they name one language.
    """
    if root and root.strip():
        return root.strip()[:_MAX_LANGUAGE]
    for value in (*metas, *headers):
        if value and value.strip() and "," not in value:
            return value.split()[0][:_MAX_LANGUAGE]
    return None


def pixels(value: str | None) -> int | None:
    """A width or height attribute in CSS pixels; None for percentages and nonsense."""
    if not value:
        return None
    match = _DIGITS.match(value)
    side = int(match.group(1)[:9]) if match else 0
    return side if 0 < side < _MAX_SIDE else None


def _license(links: Sequence[Attributes], base: str) -> str | None:
    """``rel=license`` of a link, else the first link to a Creative Commons licence."""
    stated = [link for link in links if "license" in link.get("rel", "").lower().split()]
    commons = [link for link in links if _COMMONS.search(link.get("href", ""))]
    found: Callable[[Attributes], str | None] = lambda link: resolve(link.get("href", ""), base)  # noqa: E731
    return next(filter(None, map(found, (*stated, *commons))), None)
