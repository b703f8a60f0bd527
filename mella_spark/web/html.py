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

import numpy as np

from mella_spark.web import imagekernel, optout, picture
from mella_spark.web.charreferences import unescape_attribute
from mella_spark.web.charset import (
    codec,
    decode,
    decode_part,
    encoding_of,
    is_multibyte,
    must_transcode,
)
from mella_spark.web.names import ATTRIBUTES, Tag
from mella_spark.web.page import SAMPLE_CHARS, Image, Page, collapse
from mella_spark.web.references import prefixes
from mella_spark.web.scan import Numbers, Scan, scan
from mella_spark.web.urlkernel import NOT_HTTP
from mella_spark.web.urls import resolve

# HTML's own upper bound for a dimension, and more than any picture has.
_MAX_SIDE = 1 << 24
# Images with alt text read from one page. No author writes so many; it bounds a page's memory.
MAX_IMAGES = 20_000
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
    # Nearly all is written in lower case, which is quicker to find.
    return b"<img" in body or _IMAGE_TAG.search(body) is not None or b"\0" in body[:64]


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
    if len(found.images):
        name = name or encoding_of(body, charset, _host(url))
        page.charset = encoding or name
        _Reader(page, found, body, url, name, context_chars).read(headers if described else None)
    return page


class _Reader:
    """Fills a page from its scan; ``name`` is the encoding of ``body``."""

    def __init__(
        self, page: Page, found: Scan, body: bytes, url: str, name: str, context_chars: int
    ) -> None:
        self.page = page
        self.found = found
        self.body = body
        self.name = name
        self.context_chars = context_chars
        self.codec = codec(name)
        self.elements = found.elements
        self.base = url
        for tag, first, last in found.elements:
            if tag == Tag.BASE and (href := self._attributes(first, last).get("href")) is not None:
                self.base = resolve(href, url) or url
                break
        self.below = prefixes(self.base)

    def read(self, headers: Sequence[tuple[str, str]] | None) -> None:
        """Images; with ``headers`` also all that describes them and the page."""
        page, below, found = self.page, self.below, self.found
        if len(found.images) > MAX_IMAGES:
            page.rejects["page_limit"] = len(found.images) - MAX_IMAGES
        images = found.images[:MAX_IMAGES]
        numbers, texts = self._written(images, headers is not None)
        rows: list[list[int]] = images.tolist()
        pairs: set[tuple[str, str]] = set()
        kept = []
        address: str | None
        for at, (kind, *_) in enumerate(numbers):
            alt = _attribute(texts[1][at])
            if not alt:
                page.rejects["blank_alt"] += 1
                continue
            if kind in below:
                address = below[kind] + texts[0][at]
            elif kind == NOT_HTTP:
                address = None
            else:
                reference = self._chosen(rows[at])
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
            page.images.append(Image(address, alt))
            kept.append(at)
        if headers is not None and kept:
            self._describe(headers)
            captions = self._captions()
            about = list(zip(rows, numbers, *texts[2:], strict=True))
            for at, image in zip(kept, page.images, strict=True):
                self._describe_image(image, captions, *about[at])

    def _written(self, images: Numbers, described: bool) -> tuple[list[list[int]], list[list[str]]]:
        """Numbers and texts of the images (``imagekernel``): a list of each kind of text."""
        body, found, count = np.frombuffer(self.body, np.uint8), self.found, len(images)
        numbers = np.empty((count, imagekernel.NUMBERS), np.int32)
        space = 4096 + 1024 * count
        while True:
            room = np.empty(space, np.uint8)
            used = imagekernel.write(
                body, found.text, images, found.attributes, described, room, numbers
            )
            if used >= 0:
                break
            space *= 4
        kinds = imagekernel.TEXTS_DESCRIBED if described else imagekernel.TEXTS
        lines = _lines(room[:used].tobytes(), self.name)
        return numbers.tolist(), [lines[kind : count * kinds : kinds] for kind in range(kinds)]

    def _chosen(self, row: list[int]) -> str:
        """The reference of an image, as written, where it takes more than a look at ``src``."""
        first, last = row[7], min(row[8], row[7] + _MAX_SOURCES)
        sources = [self._attributes(a, b) for _, a, b in self.elements[first:last]]
        return picture.choose(self._attributes(row[0], row[1]), sources)

    def _attributes(self, first: int, last: int) -> Attributes:
        """Attributes by name, character references decoded."""
        found, body = {}, self.body
        for number, start, end in self.found.attributes[first:last].tolist():
            raw = body[start:end]
            text = raw.decode("ascii") if raw.isascii() else decode_part(raw, self.name)
            found[ATTRIBUTES[number - 1]] = unescape_attribute(text) if "&" in text else text
        return found

    def _text(self, start: int, end: int) -> str:
        """A piece of the page's text, character references decoded, white space collapsed."""
        raw = self.found.text[start:end].tobytes()
        return _content(decode_part(raw, self.name).strip())

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
        pieces = [self._text(start, end) for start, end in found.samples]
        page.text = " ".join(pieces)[: SAMPLE_CHARS + len(pieces)]

    def _captions(self) -> list[str | None]:
        """Caption of each figure, or else of the figure around it."""
        captions: list[str | None] = []
        for parent, start, end in self.found.figures:
            own = self._text(start, min(end, start + 4 * MAX_SHARED_CHARS))[:MAX_SHARED_CHARS]
            captions.append(own or (captions[parent] if parent >= 0 else None))
        return captions

    def _describe_image(
        self,
        image: Image,
        captions: list[str | None],
        row: list[int],
        numbers: list[int],
        title: str,
        label: str,
        heading: str,
        window: str,
        link: str,
    ) -> None:
        _, link_kind, width, height = numbers
        image.title = _attribute(title) or self.page.title
        image.width = self._side(width, row, "width")
        image.height = self._side(height, row, "height")
        if row[6] >= 0:
            image.figcaption = captions[row[6]]
        window = _content(window)
        if len(window) > self.context_chars:  # bytes are not characters
            half = self.context_chars // 2
            before, after = self._text(row[10], row[9]), self._text(row[9], row[11])
            window = f"{before[-half:]} {after[:half]}".strip()
        lines = [
            line[: imagekernel.LINE_CHARS]
            for line in (_content(heading), _attribute(label))
            if line not in window and line != image.alt
        ]
        if window:
            lines.append(window)
        address: str | None = None
        if link_kind in self.below:
            address = self.below[link_kind] + link
        elif link_kind != NOT_HTTP:
            raw = unescape_attribute(decode_part(self.body[row[4] : row[5]], self.name))
            address = resolve(raw, self.base, self.codec)
        if address and len(address) <= imagekernel.LINE_CHARS and address != image.url:
            lines.append(address)
        image.context = "\n".join(lines) or None

    def _side(self, size: int, row: list[int], name: str) -> int | None:
        if size == imagekernel.ODD_SIZE:
            return pixels(self._attributes(row[0], row[1])[name])
        return size or None


def _lines(raw: bytes, name: str) -> list[str]:
    """Lines of text in the encoding of that WHATWG name."""
    if is_multibyte(name) and name != "utf-8":  # half a character would eat the end of its line
        return [decode_part(line, name) for line in raw.split(b"\n")]
    return decode_part(raw, name).split("\n")


def _attribute(value: str) -> str:
    """An attribute's value, character references decoded, white space collapsed."""
    if "&" in value:
        return collapse(unescape_attribute(value))
    # Of all white space only the common space is printable.
    return value if value.isprintable() else collapse(value)


def _content(text: str) -> str:
    """A piece of text, character references decoded, white space collapsed."""
    if "&" in text:
        return collapse(html.unescape(text))
    return text if text.isprintable() else collapse(text)


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
