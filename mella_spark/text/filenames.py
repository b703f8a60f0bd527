"""Alts that are no words at all: file names, camera counters, slugs, addresses."""

from __future__ import annotations

import re

_EXTENSION = re.compile(
    r"^\S.{0,200}\.(?:jpe?g|jfif|png|gif|webp|svgz?|bmp|tiff?|avif|heic|ico|psd|eps|pdf|mp4|mov)$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*://|www\.|mailto:|data:)\S*$|^\S+@\S+\.\S+$", re.IGNORECASE
)
_COUNTER = re.compile(
    r"^(?:img|image|imgp|dsc[nf]?|dcim|mvimg|pxl|pict?|photo|foto|scan|screenshot|unnamed|untitled"
    r"|wp|gopr)[-_ .]*\(?\d[-_ \d().x]*[a-z]?$|^[a-z]{0,4}[-_]?\d{5,}[-_\d]*$",
    re.IGNORECASE,
)
_HASH = re.compile(
    r"^(?=[^\W_]*\d)[0-9a-f]{12,}$|^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+$", re.IGNORECASE
)
_SLUG = re.compile(r"^[^\W_]+(?:[-_+][^\W_]+)+$|^[^\W_]+(?:%20[^\W_]+)+$")


def is_address(text: str) -> bool:
    """Whether ``text`` is a URL or an e-mail address."""
    return bool(_ADDRESS.match(text))


def is_file_name(text: str) -> bool:
    """Whether ``text`` is a file name, a camera's counter (``IMG_2041``), a hash or a slug.

    A slug is one run of letters and digits joined by ``_``, by ``%20``, or by two or more hyphens
    in lower case (``banh-chung-ngay-tet``); one hyphen is left alone, as words have it too.
    """
    if _EXTENSION.match(text) or _COUNTER.match(text) or _HASH.match(text):
        return True
    if not _SLUG.match(text):
        return False
    return "_" in text or "%20" in text or (text.count("-") > 1 and text == text.lower())
