"""Structured field values for HTTP (RFC 9651): dictionaries, which newer headers are written in.

``dictionary`` follows section 4.2.2 to the letter: whatever departs from the grammar makes the
whole field count as absent. Lists and lone items are not read, for no header here needs them.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TypeAlias


class Token(str):
    """A short word, such as the ``n`` of ``train-ai=n``; a quoted string is a plain ``str``."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Date:
    """Seconds since 1970."""

    seconds: int


Bare: TypeAlias = "bool | int | float | str | Token | bytes | Date"
Parameters: TypeAlias = dict[str, Bare]
Member: TypeAlias = "tuple[Bare | list[tuple[Bare, Parameters]], Parameters]"

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_NUMBER = re.compile(r"-?(?:([0-9]{1,12}\.[0-9]{1,3})|([0-9]{1,15}))(?![0-9.])")
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_TOKEN = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*")
_BYTES = re.compile(r":([A-Za-z0-9+/=]*):")
_BOOLEAN = re.compile(r"\?([01])")
_DATE = re.compile(r"@(-?[0-9]{1,15})(?![0-9.])")
_DISPLAY = re.compile(r'%"((?:[ !#$&-~]|%[0-9a-f]{2})*)"')
_END = re.compile(r"[ \t]*\Z")
_COMMA = re.compile(r"[ \t]*,[ \t]*")


def dictionary(value: str) -> dict[str, Member]:
    """Members by key; of two with one key the last counts.

    ``value`` is the field's lines joined by commas. Raises ValueError if it is no dictionary.
    """
    text = value.strip(" ")
    found: dict[str, Member] = {}
    place = 0
    while place < len(text):
        key, place = _key(text, place)
        if text[place : place + 1] == "=":
            found[key], place = _member(text, place + 1)
        else:
            parameters, place = _parameters(text, place)
            found[key] = True, parameters
        if _END.match(text, place):
            break
        comma = _COMMA.match(text, place)
        if comma is None or comma.end() == len(text):
            raise ValueError(f"no comma and member at {place} of {value[:80]!r}")
        place = comma.end()
    return found


def _key(text: str, place: int) -> tuple[str, int]:
    match = _KEY.match(text, place)
    if match is None:
        raise ValueError(f"no key at {place} of {text[:80]!r}")
    return match.group(), match.end()


def _member(text: str, place: int) -> tuple[Member, int]:
    if text[place : place + 1] != "(":
        item, place = _bare(text, place)
        parameters, place = _parameters(text, place)
        return (item, parameters), place
    items: list[tuple[Bare, Parameters]] = []
    place += 1
    while True:
        start = place
        while text[place : place + 1] == " ":
            place += 1
        if text[place : place + 1] == ")":
            parameters, place = _parameters(text, place + 1)
            return (items, parameters), place
        if items and place == start:
            raise ValueError(f"no space between items at {place} of {text[:80]!r}")
        item, place = _bare(text, place)
        inner, place = _parameters(text, place)
        items.append((item, inner))


def _parameters(text: str, place: int) -> tuple[Parameters, int]:
    found: Parameters = {}
    while text[place : place + 1] == ";":
        place += 1
        while text[place : place + 1] == " ":
            place += 1
        key, place = _key(text, place)
        found[key] = True
        if text[place : place + 1] == "=":
            found[key], place = _bare(text, place + 1)
    return found, place


def _bare(text: str, place: int) -> tuple[Bare, int]:
    """One value without parameters (section 4.2.3.1)."""
    if match := _TOKEN.match(text, place):
        return Token(match.group()), match.end()
    if match := _NUMBER.match(text, place):
        return (float if match.group(1) else int)(match.group()), match.end()
    if match := _STRING.match(text, place):
        return re.sub(r"\\(.)", r"\1", match.group(1)), match.end()
    if match := _BOOLEAN.match(text, place):
        return match.group(1) == "1", match.end()
    if match := _DATE.match(text, place):
        return Date(int(match.group(1))), match.end()
    try:
        if match := _BYTES.match(text, place):
            data = match.group(1).rstrip("=")
            return base64.b64decode(data + "=" * (-len(data) % 4)), match.end()
        if match := _DISPLAY.match(text, place):
            raw = re.sub(r"%(..)", lambda m: chr(int(m.group(1), 16)), match.group(1))
            return raw.encode("latin-1").decode("utf-8"), match.end()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{error} at {place} of {text[:80]!r}") from error
    raise ValueError(f"no value at {place} of {text[:80]!r}")
