"""Opt-out signals: what a page's owner says about machine use of it, each as ``source:directive``.

Read are the robots directives that stand for "not for AI" or "not as an image or page of an index"
(``noai``, ``noimageai``, ``noindex``, ``noimageindex``; ``none`` means ``noindex``), from the
``robots`` meta element and the ``X-Robots-Tag`` header; the reservation of text and data mining
rights (TDMRep, W3C community group), from header and meta element; and the ``Content-Usage`` header
(IETF AIPREF). Directives addressed to another crawler by name do not concern us. This module only
reports; whoever fetches or filters decides.
"""

from __future__ import annotations

from collections.abc import Iterable

ROBOTS = {
    "noai": "noai",
    "noimageai": "noimageai",
    "noindex": "noindex",
    "noimageindex": "noimageindex",
    "none": "noindex",
}
# Directives of X-Robots-Tag that have a value; any other word before a colon names a crawler.
VALUED = frozenset({"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"})
OUR_NAMES = frozenset({"*", "mella-spark"})
USAGE = frozenset({"ai", "genai", "train-ai", "train-genai", "tdm", "bots", "all"})


def from_headers(headers: Iterable[tuple[str, str]]) -> list[str]:
    """Signals in HTTP response headers, given as (name, value); repeated names count each."""
    found: list[str] = []
    for name, value in headers:
        match name.lower():
            case "x-robots-tag":
                found += (f"x-robots-tag:{word}" for word in _robots(value, agents=True))
            case "tdm-reservation":
                found += ("tdm-reservation:1",) if value.strip() == "1" else ()
            case "content-usage":
                found += (f"content-usage:{word}" for word in _usage(value))
    return list(dict.fromkeys(found))


def from_meta(metas: Iterable[tuple[str, str]]) -> list[str]:
    """Signals in meta elements, given as (name, content)."""
    found: list[str] = []
    for name, content in metas:
        match name.strip().lower():
            case "robots":
                found += (f"meta-robots:{word}" for word in _robots(content, agents=False))
            case "tdm-reservation":
                found += ("meta-tdm-reservation:1",) if content.strip() == "1" else ()
    return list(dict.fromkeys(found))


def _robots(value: str, agents: bool) -> list[str]:
    """Directives in a list; with ``agents``, a list addressed to a named crawler is not ours."""
    agent, colon, rest = value.lower().partition(":")
    if agents and colon and "," not in agent and agent.strip() not in VALUED:
        return _robots(rest, agents=False) if agent.strip() in OUR_NAMES else []
    words = (word.strip() for word in value.lower().split(","))
    return [ROBOTS[word] for word in words if word in ROBOTS]


def _usage(value: str) -> list[str]:
    """Keys refused (``=n``) in a structured-field dictionary such as ``train-ai=n, search=y``."""
    found = []
    for member in value.lower().split(","):
        key, _, answer = member.partition(";")[0].partition("=")
        if key.strip() in USAGE and answer.strip() == "n":
            found.append(f"{key.strip()}=n")
    return found
