"""Opt-out signals: what a page's owner says about machine use of it, each as ``source:directive``.

This module only reports; whoever fetches or filters decides. Directives addressed to another
crawler by name do not concern us. Read are:

- the ``robots`` meta element and the ``X-Robots-Tag`` header. No standard defines them; the syntax
  (lists, values behind a colon, names of crawlers before one) is that of the search engines'
  documentation. ``noai`` and ``noimageai`` come from DeviantArt, ``noml`` from noml.info,
  ``DisallowAITraining`` from draft-canel-robots-ai-control; ``noindex`` and ``noimageindex`` ask
  not to be a page or an image of an index, and ``none`` means ``noindex``. What limits only how a
  search engine shows a page (``nosnippet``, ``noarchive``, ``max-image-preview`` …) is no opt-out;
- the TDM Reservation Protocol (TDMRep, W3C Community Group final report, 10 May 2024):
  ``tdm-reservation: 1`` as header or meta element, with the address of its ``tdm-policy``;
- ``Content-Usage`` (draft-ietf-aipref-attach-05, draft-ietf-aipref-vocab-08), a dictionary of
  RFC 9651: a category is refused by the token ``n``. A field that is no dictionary says nothing,
  and neither does any other value, as the drafts demand. Categories of earlier drafts count;
- ``Content-Signal`` (draft-romm-aipref-contentsignals-00), which spells it ``ai-train=no``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mella_spark.web.fields import Token, dictionary

ROBOTS = {
    "disallowaitraining": "disallowaitraining",
    "noai": "noai",
    "noimageai": "noimageai",
    "noimageindex": "noimageindex",
    "noindex": "noindex",
    "noml": "noml",
    "none": "noindex",
}
# Directives that have a value; any other word before a colon names a crawler.
VALUED = frozenset({"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"})
AGENT = "mella-spark"
# ``all`` to ``tdm`` were categories of earlier drafts. Search is not what we do.
USAGE = frozenset({"ai", "all", "bots", "genai", "tdm", "train-ai", "train-genai"})
SIGNALS = frozenset({"ai-input", "ai-train"})

_NAME = re.compile(r"[a-z0-9_*-]+")
_WORDS = re.compile(r"[\s,;]+")
_VALUE = re.compile(rf"(?:{'|'.join(sorted(VALUED))})\s*:[^,;]*")
_MAX_POLICY = 2000  # characters of an address
_MAX_FIELD = 1 << 16  # characters; servers and proxies allow an eighth of it


def from_headers(headers: Iterable[tuple[str, str]], agent: str = AGENT) -> list[str]:
    """Signals in HTTP response headers, given as (name, value); repeated names count each.

    ``agent`` is the product token, in lower case, that directives may address.
    """
    found: list[str] = []
    lines: dict[str, list[str]] = {}
    for name, value in headers:
        name = name.lower()
        if name == "x-robots-tag":
            found += (f"x-robots-tag:{word}" for word in _addressed(value, agent))
        elif name in ("tdm-reservation", "tdm-policy", "content-usage", "content-signal"):
            lines.setdefault(name, []).append(value)
    if not lines:
        return list(dict.fromkeys(found))
    found += _tdm(lines.get("tdm-reservation", []), lines.get("tdm-policy", []), "")
    # A field that is sent in several lines is one field (RFC 9110, 5.3).
    usage, signal = (", ".join(lines.get(name, [])) for name in ("content-usage", "content-signal"))
    found += (f"content-usage:{key}=n" for key in _refused(usage, "n") if key in USAGE)
    found += (f"content-signal:{key}=no" for key in _refused(signal, "no") if key in SIGNALS)
    return list(dict.fromkeys(found))


def from_meta(metas: Iterable[tuple[str, str]], agent: str = AGENT) -> list[str]:
    """Signals in meta elements, given as (name, content)."""
    found: list[str] = []
    reservations: list[str] = []
    policies: list[str] = []
    for name, content in metas:
        match name.strip().lower():
            case "tdm-reservation":
                reservations.append(content)
            case "tdm-policy":
                policies.append(content)
            case name if name in ("robots", agent):
                found += (f"meta-robots:{word}" for word in _directives(content.lower()))
    found += _tdm(reservations, policies, "meta-")
    return list(dict.fromkeys(found))


def _directives(text: str) -> Iterator[str]:
    """Directives in a list without names: by commas, and by the spaces that some write instead."""
    for word in _WORDS.split(_VALUE.sub("", text)):
        if word in ROBOTS:
            yield ROBOTS[word]


def _addressed(value: str, agent: str) -> Iterator[str]:
    """Directives of an X-Robots-Tag for everybody or for ``agent``.

    A name before a colon addresses what follows it, up to the next name.
    """
    ours = True
    for piece in value.lower().split(","):
        name, colon, rest = (part.strip() for part in piece.partition(":"))
        if colon and name not in VALUED and _NAME.fullmatch(name):
            ours = name in ("*", "robots", agent)
            piece = rest
        if ours:
            yield from _directives(piece)


def _tdm(reservations: list[str], policies: list[str], source: str) -> Iterator[str]:
    """``1`` is a reservation; the policy says under what terms, and means nothing without one."""
    if not any(value.strip() == "1" for line in reservations for value in line.split(",")):
        return
    yield f"{source}tdm-reservation:1"
    for policy in map(str.strip, policies):
        if policy.startswith(("http://", "https://")) and len(policy) <= _MAX_POLICY:
            yield f"{source}tdm-policy:{policy}"


def _refused(field: str, refusal: str) -> list[str]:
    """Keys of a dictionary whose value is the token ``refusal``."""
    if not 0 < len(field) <= _MAX_FIELD:
        return []
    try:
        members = dictionary(field)
    except ValueError:
        return []
    return [
        key for key, (value, _) in members.items() if isinstance(value, Token) and value == refusal
    ]
