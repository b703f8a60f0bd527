"""HTML to pairs with Lexbor, in one parse.

An item is an image element. It makes a pair if its alt text is not blank, its address is http(s),
and the page has not given the same address with the same alt before. The alt is the attribute as
the HTML standard parses it, white space collapsed. ``noscript`` is read as markup, as browsers
without scripts do, so the fallback image of a lazy one counts like any other. The content of
``template`` elements is no part of the page and is not read.

Title, captions, context, language and licence are worked out only for pages that give a pair, and
pages without the bytes of an image tag are not parsed at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mella_spark.web import optout, picture
from mella_spark.web.charset import codec, decode
from mella_spark.web.page import Image, Page, collapse
from mella_spark.web.urls import resolve

# Enough for a language identifier to settle; a page's first screens.
TEXT_CHARS = 4000
# HTML's own upper bound for a dimension, and more than any picture has.
_MAX_SIDE = 1 << 24

_IMAGE_TAG = re.compile(rb"<ima?ge?[\s/>]", re.IGNORECASE)
_MARK = "\ufffc"  # OBJECT REPLACEMENT CHARACTER, what Unicode has for an image in text
_NOT_TEXT = ["script", "style", "template", "svg", "textarea", "select", "iframe", "object"]
_DIGITS = re.compile(r"\s*([0-9]+)(?:\.[0-9]*)?\s*(?:px)?\s*$", re.IGNORECASE)
_CC = re.compile(r"https?://(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/", re.I)


def may_have_images(body: bytes) -> bool:
    """Whether a page can contain an image element; a False is certain."""
    return _IMAGE_TAG.search(body) is not None or b"\0" in body[:64]


def read_page(
    body: bytes,
    url: str,
    charset: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
    context_chars: int = 400,
) -> Page:
    """The pairs of one HTML page. ``url``, ``charset`` and ``headers`` are those of the response.

    ``context_chars`` bounds the text kept around each image.
    """
    page = Page()
    if not may_have_images(body):
        return page
    text, page.charset = decode(body, charset)
    tree = LexborHTMLParser(text)
    nodes = tree.css("img")
    page.seen = len(nodes)
    kept = _images(page, nodes, _base(tree, url), codec(page.charset))
    if kept:
        _describe(page, tree, kept, url, headers)
        _read_text(page, tree, kept, context_chars)
    return page


def _images(
    page: Page, nodes: list[LexborNode], base: str, encoding: str
) -> list[tuple[LexborNode, Image]]:
    kept = []
    pairs: set[tuple[str, str]] = set()
    for node in nodes:
        attributes = node.attributes
        if "alt" not in attributes:
            page.rejects["no_alt"] += 1
            continue
        alt = collapse(attributes["alt"])
        if not alt:
            page.rejects["blank_alt"] += 1
            continue
        parent = node.parent
        sources = ()
        if parent is not None and parent.tag == "picture":
            sources = tuple(s.attributes for s in parent.iter() if s.tag == "source")
        reference = picture.choose(attributes, sources)
        if not reference.strip():
            page.rejects["no_url"] += 1
            continue
        url = resolve(reference, base, encoding)
        if url is None:
            page.rejects["not_http"] += 1
            continue
        if (url, alt) in pairs:
            page.rejects["repeated"] += 1
            continue
        pairs.add((url, alt))
        image = Image(
            url,
            alt,
            title=collapse(attributes.get("title")) or None,
            width=pixels(attributes.get("width")),
            height=pixels(attributes.get("height")),
        )
        page.images.append(image)
        kept.append((node, image))
    return kept


def _base(tree: LexborHTMLParser, url: str) -> str:
    """The document base URL: the first ``base`` with an href, resolved against the page."""
    node = tree.css_first("base[href]")
    href = node.attributes.get("href") if node is not None else None
    return (resolve(href, url) if href else None) or url


def _describe(
    page: Page,
    tree: LexborHTMLParser,
    kept: list[tuple[LexborNode, Image]],
    url: str,
    headers: Sequence[tuple[str, str]],
) -> None:
    """Title, declared language, opt-out signals, licence and figure captions."""
    head = tree.head
    title = head.css_first("title") if head is not None else None
    page.title = collapse(title.text()) if title is not None else None
    metas = [node.attributes for node in tree.css("meta[content]")]
    page.optout = optout.from_headers(headers) + optout.from_meta(
        (meta.get("name") or "", meta["content"] or "") for meta in metas
    )
    root = tree.root.attributes if tree.root is not None else {}
    page.language = declared_language(
        root.get("lang") or root.get("xml:lang"),
        [m["content"] for m in metas if (m.get("http-equiv") or "").lower() == "content-language"],
        [value for name, value in headers if name.lower() == "content-language"],
    )
    page.license_url = _license(tree, url)
    captions: dict[int, str] = {}
    for figure in tree.css("figure"):
        caption = figure.css_first("figcaption")
        if caption is not None and (text := collapse(caption.text(separator=" "))):
            captions.update((node.mem_id, text) for node in figure.css("img"))
    for node, image in kept:
        image.figcaption = captions.get(node.mem_id)
        image.title = image.title or page.title


def _read_text(
    page: Page, tree: LexborHTMLParser, kept: list[tuple[LexborNode, Image]], context_chars: int
) -> None:
    """Context of each image, half before and half after it, and a sample of the page's text.

    A mark goes into the tree where each image stands; one walk in C then gives text and places.
    """
    body = tree.body
    if body is None:
        return
    for node, _ in kept:
        node.insert_before(_MARK)
    tree.strip_tags(_NOT_TEXT)
    pieces = [collapse(piece) for piece in body.text(separator=" ").split(_MARK)]
    page.text = collapse(" ".join(pieces)[: 2 * TEXT_CHARS])[:TEXT_CHARS]
    if len(pieces) != len(kept) + 1:
        return  # the page has marks of its own, or an image outside the body: no telling which
    half = context_chars // 2
    for index, (_, image) in enumerate(kept):
        before, after = _last(pieces, index, half), _first(pieces, index + 1, half)
        image.context = collapse(f"{before} {after}") or None


def _last(pieces: list[str], index: int, count: int) -> str:
    """The last ``count`` characters of the text up to and including ``pieces[index]``."""
    text = pieces[index]
    while len(text) < count and index > 0:
        index -= 1
        text = f"{pieces[index]} {text}" if pieces[index] else text
    return text[-count:] if count else ""


def _first(pieces: list[str], index: int, count: int) -> str:
    """The first ``count`` characters of the text from ``pieces[index]`` on."""
    text = pieces[index]
    while len(text) < count and index < len(pieces) - 1:
        index += 1
        text = f"{text} {pieces[index]}" if pieces[index] else text
    return text[:count]


def declared_language(
    root: str | None, metas: Sequence[str | None], headers: Sequence[str]
) -> str | None:
    """The HTML Standard's order: the root's ``lang``, the ``meta`` pragma, the HTTP header.

    The pragma and header count only where they name one language.
    """
    if root and root.strip():
        return root.strip()
    for value in (*metas, *headers):
        if value and value.strip() and "," not in value:
            return value.split()[0]
    return None


def pixels(value: str | None) -> int | None:
    """A width or height attribute in CSS pixels; None for percentages and nonsense."""
    match = _DIGITS.match(value) if value else None
    side = int(match.group(1)[:9]) if match else 0
    return side if 0 < side < _MAX_SIDE else None


def _license(tree: LexborHTMLParser, url: str) -> str | None:
    """``rel=license`` of a link, else the first link to a Creative Commons licence."""
    nodes = tree.css(
        'a[rel~="license" i][href], link[rel~="license" i][href], area[rel~="license" i][href]'
    ) or [
        node
        for node in tree.css('a[href*="creativecommons.org/"]')
        if _CC.match(node.attributes.get("href") or "")
    ]
    base = _base(tree, url) if nodes else url
    return next(filter(None, (resolve(n.attributes.get("href") or "", base) for n in nodes)), None)
