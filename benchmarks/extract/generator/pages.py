"""Whole pages, drawn by their index: the same page whatever else is generated."""

from __future__ import annotations

import html
import json
import random
from dataclasses import dataclass
from functools import cache

from benchmarks.extract.generator.blocks import KINDS, Kind, pool
from benchmarks.extract.generator.draft import Block
from benchmarks.extract.generator.words import LANGUAGES, Words, words

MEDIAN_BYTES, SIGMA, SMALLEST = 100_000, 0.9, 3000
# Common Crawl's limit for a page; before March 2025 it was 1 MiB.
LARGEST = 5 << 20
_IMAGELESS, _BASED, _OLD_CHARSET, _GUARDED = 0.08, 0.03, 0.03, 0.02


@dataclass(frozen=True)
class Page:
    """A page as served, what a WAT file says of it, and its pairs as (address, alt)."""

    url: str
    body: bytes
    content_type: str
    head: str
    links: str
    pairs: tuple[tuple[str, str], ...]


def page_size(rng: random.Random, largest: int = LARGEST) -> int:
    """Bytes of a page, drawn at random."""
    size = MEDIAN_BYTES * rng.lognormvariate(0.0, SIGMA)
    return max(SMALLEST, min(largest, int(size)))


def make_page(seed: int, index: int, size: int) -> Page:
    """Page number ``index``, of about ``size`` bytes."""
    rng = random.Random(f"page {seed} {index}")
    w = words(rng.choice(LANGUAGES))
    host = f"www{rng.randint(1, 4000)}.example.{w.domain}"
    url = f"https://{host}/{rng.choice(('blog', 'foto', 'shop', 'news', 'kultura'))}/{index}.html"
    base = f"https://{host}/" if rng.random() < _BASED else ""
    label, codec = "utf-8", "utf-8"
    if w.charsets and rng.random() < _OLD_CHARSET:
        label, codec = rng.choice(w.charsets)
    in_header = rng.random() < 0.6
    title = f"{rng.choice(w.names)} – {rng.choice(w.names)}"
    metas, head = _head(rng, w, url, title, base, "" if in_header else label)
    blocks = _blocks(rng, w.language, size - len(head.encode()))
    rel = base or url.rpartition("/")[0] + "/"
    names = [
        {"n": f"{rng.getrandbits(40):010x}", "host": host, "rel": rel} for _ in range(len(blocks))
    ]
    parts = [block.html % name for block, name in zip(blocks, names, strict=True)]
    early = sum(block.zone < 0.15 for block in blocks)
    text = "".join((head, *parts[:early], "</head>\n<body>\n", *parts[early:], "</body></html>\n"))
    links = "".join(
        block.links % name for block, name in zip(blocks, names, strict=True) if block.links
    )
    pairs = "".join(
        block.pairs % name for block, name in zip(blocks, names, strict=True) if block.pairs
    )
    return Page(
        url=url,
        body=text.encode(codec, "xmlcharrefreplace"),
        content_type=f"text/html; charset={label}" if in_header else "text/html",
        head=_wat_head(title, metas, base),
        links=links[:-1],
        pairs=tuple(_pair(line) for line in dict.fromkeys(pairs.splitlines())),
    )


def _pair(line: str) -> tuple[str, str]:
    address, _, alt = line.partition("\t")
    return address, alt


def _blocks(rng: random.Random, language: str, size: int) -> list[Block]:
    """Pieces of together about ``size`` bytes, in the order in which they stand on the page."""
    kinds = [kind for kind in KINDS if not kind.images] if rng.random() < _IMAGELESS else KINDS
    pools = [pool(kind, language) for kind in kinds]
    weights = [kind.share / _mean_size(kind, language) for kind in kinds]
    chosen: list[Block] = []
    while size > 0:
        for some in rng.choices(pools, weights, k=32):
            block = rng.choice(some)
            chosen.append(block)
            size -= block.size
            if size <= 0:
                break
    return sorted(chosen, key=lambda block: block.zone)


@cache
def _mean_size(kind: Kind, language: str) -> float:
    blocks = pool(kind, language)
    return sum(block.size for block in blocks) / len(blocks)


def _head(
    rng: random.Random, w: Words, url: str, title: str, base: str, label: str
) -> tuple[list[dict[str, str]], str]:
    """Meta elements, and the markup up to where styles and scripts begin."""
    metas = [
        {"name": "viewport", "content": "width=device-width, initial-scale=1"},
        {"name": "description", "content": rng.choice(w.sentences)},
        {"property": "og:title", "content": title},
        {"property": "og:type", "content": "article"},
        {"property": "og:url", "content": url},
        {"name": "twitter:card", "content": "summary_large_image"},
        {"name": "generator", "content": f"WordPress {rng.randint(4, 6)}.{rng.randint(0, 9)}"},
    ]
    if rng.random() < _GUARDED:
        metas.append({"name": "robots", "content": rng.choice(("noai, noimageai", "noindex"))})
    lang = f' lang="{w.language}"' if rng.random() < 0.85 else ""
    lines = [f"<!DOCTYPE html>\n<html{lang}>\n<head>"]
    if label:
        lines.append(
            f'<meta charset="{label}">'
            if rng.random() < 0.7
            else f'<meta http-equiv="Content-Type" content="text/html; charset={label}">'
        )
    lines.append(f"<title>{html.escape(title)}</title>")
    for meta in metas:
        described = " ".join(f'{name}="{html.escape(value)}"' for name, value in meta.items())
        lines.append(f"<meta {described}>")
    if base:
        lines.append(f'<base href="{base}">')
    lines.append(f'<link rel="canonical" href="{url}">')
    for other in LANGUAGES:
        lines.append(f'<link rel="alternate" hreflang="{other}" href="{url}?lang={other}">')
    for _ in range(rng.randint(3, 14)):
        token = f"{rng.getrandbits(48):x}"
        lines.append(
            f'<link rel="stylesheet" id="{token}-css" href="/assets/{token}.css?ver=6.4" '
            'media="all">'
        )
        lines.append(f'<script src="/assets/{token}.js" defer></script>')
    return metas, "\n".join(lines) + "\n"


def _wat_head(title: str, metas: list[dict[str, str]], base: str) -> str:
    head: dict[str, object] = {"Title": title, "Metas": metas}
    if base:
        head["Base"] = base
    return json.dumps(head, ensure_ascii=False)
