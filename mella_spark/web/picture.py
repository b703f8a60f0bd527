"""Which address an image element stands for.

The order is: a real ``src``; the attributes that lazy-loading scripts fill ``src`` from; the best
candidate of ``srcset`` or of a lazy srcset; the sources of an enclosing ``picture``. A ``src`` is
not real if it is empty, a ``data:`` or ``about:`` URL, or bears the name of a placeholder
(``spacer.gif``, ``loading.svg``) while another attribute has an address. A real ``src`` beside a
lazy attribute wins: it is what the page shows without scripts, typically a smaller rendering of the
same picture.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mella_spark.web import srcset

# Used by lazysizes, jQuery Lazy Load, LazyLoad (verlok), WordPress and its plugins (a3, Jetpack,
# Smush, Rocket), Blogger, Drupal, Discuz, and their many copies. The order is by how specific a
# name is to the full picture.
LAZY = (
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-lazy",
    "data-lazyload",
    "data-lazy-original",
    "data-original-src",
    "data-orig-src",
    "data-orig-file",
    "data-image",
    "data-img",
    "data-img-src",
    "data-image-src",
    "data-url",
    "data-uri",
    "data-echo",
    "data-ll-src",
    "data-cfsrc",
    "data-ezsrc",
    "data-pagespeed-lazy-src",
    "data-hi-res-src",
    "data-full-url",
    "data-large-file",
    "data-actualsrc",
    "data-delayed-url",
    "data-lazyimage",
    "lazy-src",
    "lazysrc",
    "file",
    "zoomfile",
)
LAZY_SRCSET = ("srcset", "data-srcset", "data-lazy-srcset", "data-original-set", "data-ll-srcset")

_ALTERNATIVES = frozenset({*LAZY, *LAZY_SRCSET})
_EXTENSION = re.compile(r"\.(?:gif|png|svg|jpe?g|webp)(?=[?#]|$)", re.IGNORECASE)
_NAMES = (
    "blank", "spacer", "pixel", "1x1", "1px", "transparent", "placeholder", "loading", "loader",
    "spinner", "lazy", "lazyload", "lazy_placeholder", "lazy-placeholder", "grey", "gray", "dummy",
    "clear", "trans", "empty",
)  # fmt: skip
_PLACEHOLDER = re.compile(rf"(?:^|[/_.-])(?:{'|'.join(_NAMES)})[_.\-0-9x]*\Z", re.IGNORECASE)
# What may follow a placeholder's name; two of the names are made of it themselves.
_NUMBERS = "_.-0123456789xX"
LAST_WORDS = tuple(name for name in _NAMES if name[0] != "1")
_NOT_A_PICTURE = re.compile(r"\s*(?:$|#|(?:data|about|blob|javascript):)", re.IGNORECASE)
# Nothing else can begin what that matches, but white space and signs.
_MAY_BE_NO_PICTURE = frozenset("dabjDABJ")


def choose(
    attributes: Mapping[str, str | None], sources: Sequence[Mapping[str, str | None]]
) -> str:
    """The reference, as written; ``sources`` are attributes of the ``source`` siblings.

    Without any usable reference, ``src`` as it stands (a placeholder), or an empty string.
    """
    src = attributes.get("src") or ""
    if _is_picture(src) and (
        (not sources and _ALTERNATIVES.isdisjoint(attributes)) or not _is_placeholder(src)
    ):
        return src
    for name in LAZY:
        value = attributes.get(name)
        if value and _is_address(value):
            return value
    for element in (attributes, *sources):
        for name in LAZY_SRCSET:
            value = element.get(name)
            candidate = srcset.best(value) if value else None
            if candidate and _is_picture(candidate):
                return candidate
    return src


def _is_picture(reference: str) -> bool:
    first = reference[:1]
    if first.isalnum() and first not in _MAY_BE_NO_PICTURE:
        return True
    return first == "/" or not _NOT_A_PICTURE.match(reference)


def _is_placeholder(reference: str) -> bool:
    """Whether a file in the path or query bears the name of a placeholder."""
    for extension in _EXTENSION.finditer(reference):
        end = extension.start()
        name = reference[max(0, reference.rfind("/", 0, end)) : end]
        words = name.rstrip(_NUMBERS).lower()  # a cheap look first: nearly no file is one
        suspect = words.endswith(LAST_WORDS) or "1x1" in name.lower() or words.endswith("1p")
        if suspect and _PLACEHOLDER.search(name):
            return True
    return False


def _is_address(value: str) -> bool:
    """Whether a data attribute holds an address, not an id, a flag, JSON or a placeholder."""
    return (
        _is_picture(value)
        and ("/" in value or "." in value)
        and not value.lstrip().startswith(("{", "["))
        and not _is_placeholder(value)
    )
