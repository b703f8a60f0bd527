"""What is known of one page, whether its HTML was read (html.py) or a WAT record (wat.py)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

# Characters of the sample of a page's text; enough for a language identifier to settle.
SAMPLE_CHARS = 2000


@dataclass(slots=True)
class Image:
    """One image with alt text. Sizes are the declared ones, in CSS pixels."""

    url: str
    alt: str
    title: str | None = None
    figcaption: str | None = None
    context: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(slots=True)
class Page:
    """The images of a page that make pairs, and why its other image elements do not.

    ``seen`` counts image elements; it equals the images plus the sum of ``rejects``. ``text`` is a
    sample of the visible text, for language identification. Pages without a pair carry only counts.
    """

    seen: int = 0
    images: list[Image] = field(default_factory=list)
    rejects: Counter[str] = field(default_factory=Counter)
    title: str | None = None
    language: str | None = None
    license_url: str | None = None
    optout: list[str] = field(default_factory=list)
    charset: str | None = None
    text: str = ""


def collapse(text: str | None) -> str:
    """``text`` with every run of white space (Unicode's, so no-break spaces too) as one space."""
    return " ".join(text.split()) if text else ""


def sample(text: str) -> str:
    """At most SAMPLE_CHARS characters of a text, from its quarter, its middle and three quarters.

    Headers, menus and footers are often in another language than what stands between them.
    """
    if len(text) <= SAMPLE_CHARS:
        return collapse(text)
    half = SAMPLE_CHARS // 6
    places = (len(text) * quarter // 4 for quarter in (1, 2, 3))
    return " ".join(collapse(text[place - half : place + half]) for place in places)
