"""A piece of a page being written: its HTML, its links as a WAT file has them, its pairs."""

from __future__ import annotations

import html
import json
import random
from dataclasses import dataclass, field

from benchmarks.extract.generator.words import Words

PLACEHOLDER = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


@dataclass(frozen=True)
class Block:
    """A finished piece: templates for ``%`` with ``n`` (unique), ``host`` and ``rel``.

    ``links`` are JSON objects with a comma after each, ``pairs`` lines of address, tab and alt;
    ``rel`` is what relative addresses stand for. ``size`` is of the HTML, in bytes of UTF-8.
    """

    html: str
    links: str
    pairs: str
    size: int
    zone: float


@dataclass
class Draft:
    """Collects markup; whatever is given as text is escaped for its place."""

    rng: random.Random
    html: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    pairs: list[str] = field(default_factory=list)
    images: int = 0

    def raw(self, markup: str) -> Draft:
        """Markup as it stands."""
        self.html.append(markup.replace("%", "%%"))
        return self

    def text(self, text: str) -> Draft:
        """Running text."""
        return self.raw(html.escape(text, quote=False))

    def link(self, href: str, text: str, attributes: str = "") -> Draft:
        """An anchor; ``href`` is a template."""
        self.html.append(f'<a href="{href}"{attributes.replace("%", "%%")}>')
        self.text(text).raw("</a>")
        self._wat({"path": "A@/href", "text": _template(" ".join(text.split())), "url": href})
        return self

    def image(self, alt: str | None, attributes: str = "", sloppy: bool = False) -> Draft:
        """An image element with an address in one of the usual spellings.

        ``alt`` None leaves the attribute out. A sloppy one is in capitals, without quotes.
        """
        written, resolved = self._address()
        if sloppy:
            described = "" if alt is None else f' ALT="{_attribute(alt)}"'
            self.html.append(f"<IMG SRC={written}{described} BORDER=0{attributes}>")
            self._found(written, resolved, alt)
            return self
        described = "" if alt is None else f' alt="{_attribute(alt)}"'
        way = self.rng.random()
        if way < 0.62:
            self.html.append(f'<img src="{written}"{described}{attributes}>')
            self._found(written, resolved, alt)
        elif way < 0.78:
            sizes = ", ".join(f"{_sized(written, w)} {w}w" for w in (320, 640, 1024, 1600))
            self.html.append(
                f'<img src="{written}" srcset="{sizes}" '
                f'sizes="(max-width: 1024px) 100vw, 1024px"{described}{attributes}>'
            )
            self._found(written, resolved, alt)
        elif way < 0.96:
            self.html.append(
                f'<img class="lazyload" src="{PLACEHOLDER}" data-src="{written}"'
                f"{described}{attributes}>"
            )
            self._found(PLACEHOLDER, resolved, alt)
            if way > 0.92:
                self.html.append(f'<noscript><img src="{written}"{described}></noscript>')
                self._found(written, resolved, alt)
        else:
            webp = written.rpartition(".")[0] + ".webp"
            self.html.append(
                f'<picture><source type="image/webp" srcset="{webp}">'
                f'<img src="{written}"{described}{attributes}></picture>'
            )
            self._found(written, resolved, alt)
        return self

    def block(self, zone: float) -> Block:
        """The finished piece; pages put pieces in the order of their zones."""
        markup = "".join(self.html)
        size = len((markup % {"n": "0" * 10, "host": "h" * 20, "rel": ""}).encode())
        return Block(markup, "".join(self.links), "".join(self.pairs), size, zone)

    def _address(self) -> tuple[str, str]:
        """An address as written, and what it stands for."""
        self.images += 1
        name = f"%(n)s-{self.images}.{self.rng.choice(('jpg', 'jpg', 'jpg', 'png', 'webp'))}"
        month = f"20{self.rng.randint(12, 24)}/{self.rng.randint(1, 12):02d}"
        return self.rng.choice(
            (
                (f"images/{name}", f"%(rel)simages/{name}"),
                (f"../media/{name}", f"https://%(host)s/media/{name}"),
                (f"/uploads/{month}/{name}", f"https://%(host)s/uploads/{month}/{name}"),
                (f"/uploads/{month}/{name}", f"https://%(host)s/uploads/{month}/{name}"),
                (f"//cdn.%(host)s/i/{name}", f"https://cdn.%(host)s/i/{name}"),
                (f"https://static.example.net/{month}/{name}",) * 2,
                (f"https://%(host)s/uploads/{month}/{name}",) * 2,
                (f"/image.php?id={name}&amp;w=640", f"https://%(host)s/image.php?id={name}&w=640"),
            )
        )

    def _found(self, written: str, resolved: str, alt: str | None) -> None:
        wat = {"path": "IMG@/src", "url": html.unescape(written)}
        if alt is not None:
            wat["alt"] = _template(alt)
        self._wat(wat)
        if alt and alt.strip():
            self.pairs.append(f"{resolved}\t{_template(' '.join(alt.split()))}\n")

    def _wat(self, link: dict[str, str]) -> None:
        self.links.append(json.dumps(link, ensure_ascii=False) + ",")


def choose_alt(rng: random.Random, words: Words) -> str | None:
    """What stands in ``alt``: nothing, a blank, a file name, a native author's words."""
    lot = rng.random()
    if lot < 0.15:
        return None
    if lot < 0.35:
        return ""
    if lot < 0.42:
        return f"IMG_{rng.randint(1000, 9999)}.JPG"
    if lot < 0.46:
        return f'{rng.choice(words.alts)} & "{rng.choice(words.names)}"'
    if lot < 0.48:
        return f"{rng.choice(words.alts)}\n    {rng.choice(words.names)}"
    return rng.choice(words.alts)


def _attribute(text: str) -> str:
    return _template(html.escape(text))


def _template(text: str) -> str:
    return text.replace("%", "%%")


def _sized(address: str, width: int) -> str:
    stem, _, extension = address.rpartition(".")
    return f"{stem}-{width}.{extension}"
