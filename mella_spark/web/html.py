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
from itertools import accumulate

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from mella_spark.web import optout, picture
from mella_spark.web.charset import codec, decode
from mella_spark.web.page import Image, Page, collapse
from mella_spark.web.urls import resolve

# Enough for a language identifier to settle.
TEXT_CHARS = 2000
# HTML's own upper bound for a dimension, and more than any picture has.
_MAX_SIDE = 1 << 24

_IMAGE_TAG = re.compile(rb"<ima?ge?[\s/>]", re.IGNORECASE)
_MARK = "\ufdd0"  # a noncharacter: no page has business with it
_NOT_TEXT = ("script", "style", "textarea", "select", "iframe")
_DIGITS = re.compile(r"\s*([0-9]+)(?:\.[0-9]*)?\s*(?:px)?\s*$", re.IGNORECASE)
# A word longer than this is cut: scripts without spaces.
_WORD = 24
# One walk finds all that is needed; each further query would cost as much as parsing a third time.
_SELECTOR = ", ".join(
    (
        "img",
        "base[href]",
        "meta[content]",
        "figcaption",
        *(f'{tag}[rel~="license" i][href]' for tag in ("a", "link", "area")),
        'a[href*="creativecommons.org/licenses/"]',
        'a[href*="creativecommons.org/publicdomain/"]',
        *_NOT_TEXT,
    )
)


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
    tree = LexborHTMLParser(text, options=LexborDocumentOptions.WO_EVENTS)
    nodes: dict[str, list[LexborNode]] = {}
    for node in tree.css(_SELECTOR):
        nodes.setdefault(node.tag or "", []).append(node)
    base = _base(nodes.get("base", []), url)
    page.seen = len(nodes.get("img", []))
    kept = _images(page, nodes.get("img", []), base, codec(page.charset))
    if kept:
        _describe(page, tree, nodes, headers)
        page.license_url = _license(nodes, base)
        captions = _captions(nodes.get("figcaption", []))
        for node, image in kept:
            image.figcaption = captions.get(node.mem_id)
            image.title = image.title or page.title
        for tag in _NOT_TEXT:
            for node in nodes.get(tag, []):
                node.decompose(recursive=False)
        _read_text(page, tree.body, [node for node, _ in kept], context_chars)
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
        sources: tuple[dict[str, str | None], ...] = ()
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


def _base(nodes: list[LexborNode], url: str) -> str:
    """The document base URL: the first ``base`` with an href, resolved against the page."""
    href = nodes[0].attributes.get("href") if nodes else None
    return (resolve(href, url) if href else None) or url


def _describe(
    page: Page,
    tree: LexborHTMLParser,
    nodes: dict[str, list[LexborNode]],
    headers: Sequence[tuple[str, str]],
) -> None:
    """Title, declared language and opt-out signals."""
    head, root = tree.head, tree.root
    title = head.css_first("title") if head is not None else None
    page.title = (collapse(title.text()) or None) if title is not None else None
    metas = [node.attributes for node in nodes.get("meta", [])]
    page.optout = optout.from_headers(headers) + optout.from_meta(
        (meta.get("name") or "", meta["content"] or "") for meta in metas
    )
    attributes = root.attributes if root is not None else {}
    page.language = declared_language(
        attributes.get("lang") or attributes.get("xml:lang"),
        [m["content"] for m in metas if (m.get("http-equiv") or "").lower() == "content-language"],
        [value for name, value in headers if name.lower() == "content-language"],
    )


def _captions(nodes: list[LexborNode]) -> dict[int, str]:
    """Caption of the innermost captioned figure around each image, by the image's node id."""
    found: list[tuple[list[int], str]] = []
    for caption in nodes:
        figure = caption.parent
        while figure is not None and figure.tag != "figure":
            figure = figure.parent
        if figure is not None and (text := collapse(caption.text(separator=" "))):
            found.append(([image.mem_id for image in figure.css("img")], text))
    found.sort(key=lambda item: -len(item[0]))  # figures within others last, so that theirs stay
    return {image: text for images, text in found for image in images}


def _read_text(
    page: Page, body: LexborNode | None, images: list[LexborNode], context_chars: int
) -> None:
    """Context of each image, half before and half after it, and a sample of the page's text.

    A mark goes into the tree where each image stands; one walk in C then gives text and places.
    """
    if body is None:
        return
    for node in images:
        node.insert_before(_MARK)
    pieces = body.text(separator=" ", strip=True, skip_empty=True).split(_MARK)
    text = "".join(pieces)
    page.text = sample(text)
    if len(pieces) != len(images) + 1:
        return  # the page has marks of its own, or an image outside the body: no telling which
    places = accumulate(map(len, pieces))
    for image, place in zip(page.images, places, strict=False):
        image.context = _window(text, place, context_chars // 2) or None


def sample(text: str) -> str:
    """At most TEXT_CHARS characters of a page, from its quarter, its middle and three quarters.

    Headers, menus and footers are often in another language than what stands between them.
    """
    if len(text) <= TEXT_CHARS:
        return collapse(text)
    half = TEXT_CHARS // 6
    return " ".join(_window(text, len(text) * quarter // 4, half) for quarter in (1, 2, 3))


def _window(text: str, place: int, half: int) -> str:
    """At most ``half`` characters on each side of ``place``, white space collapsed, whole words."""
    before = collapse(text[max(0, place - 2 * half) : place])
    after = collapse(text[place : place + 2 * half])
    if len(before) > half:
        space = before.find(" ", len(before) - half - 1, len(before) - half + _WORD)
        before = before[space + 1 if space >= 0 else len(before) - half :]
    if len(after) > half:
        space = after.rfind(" ", half - _WORD, half + 1)
        after = after[: space if space >= 0 else half]
    return f"{before} {after}".strip()


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


def _license(nodes: dict[str, list[LexborNode]], base: str) -> str | None:
    """``rel=license`` of a link, else the first link to a Creative Commons licence."""
    links = [n.attributes for tag in ("a", "link", "area") for n in nodes.get(tag, [])]
    stated = [link for link in links if "license" in (link.get("rel") or "").lower().split()]
    found = (resolve(link.get("href") or "", base) for link in stated or links)
    return next(filter(None, found), None)
