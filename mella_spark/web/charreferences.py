"""Character references in attribute values (HTML Standard, 13.2.5.73).

``html.unescape`` knows the rule for text only: there ``&copy=1`` begins with ©, while in an
attribute it is the parameter of an address.
"""

from __future__ import annotations

import html
import re
from html.entities import html5

_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|([A-Za-z][A-Za-z0-9]*;?)(=?))")


def unescape_attribute(text: str) -> str:
    """``text`` with its character references decoded as in an attribute value."""
    return _REFERENCE.sub(_decode, text)


def _decode(match: re.Match[str]) -> str:
    name, equals = match.groups()
    if name is None:
        return html.unescape(match.group())
    if name.endswith(";"):
        character = html5.get(name)
        # "&copy;" is there with and without its semicolon; "&copyx;" is neither.
        return match.group() if character is None else character + equals
    if equals:
        return match.group()
    return html5.get(name, match.group())
