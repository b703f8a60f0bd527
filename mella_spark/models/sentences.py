"""Text into sentences and back: translation models are trained on sentences, captions have many.

Cutting is exact: the pieces of a text, put side by side, are the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mella_spark.text.profiles import load_languages

_CLOSERS = r"\"'”’»›)\]}」』）】》"
_SPACED = ".!?…‼⁇⁈⁉؟۔।॥։።፧။។៕"
_FULL_WIDTH = "。！？｡"
_END = re.compile(
    rf"(?P<mark>[{_SPACED}]+)[{_CLOSERS}]*\s+"
    rf"|[{_FULL_WIDTH}]+(?P<quote>[{_CLOSERS}]*)\s*"
    r"|[^\S\n]*\n\s*"
)
_ENDS_WIDE = re.compile(rf"[{_FULL_WIDTH}][{_CLOSERS}]*$")
_ENDED = re.compile(rf"[{_SPACED}{_FULL_WIDTH}][{_CLOSERS}]*$")
# A quotation or bracket is one piece, with all the sentences in it. A closing mark far away is
# rather somebody's slip, and looking for it would take quadratic time.
_QUOTED = re.compile(
    r'"[^"\n]{0,240}"|“[^“”\n]{0,240}”|„[^„“”\n]{0,240}[“”]|«[^«»\n]{0,240}»'
    r"|\([^()\n]{0,240}\)|「[^「」\n]{0,240}」|『[^『』\n]{0,240}』"
)
_BEFORE = re.compile(r"[^\s\"'“”„«»()\[\]{}]*$")
_NEXT_WORD = re.compile(r"[\"'“‘„‚«‹(\[{「『（¿¡*•—–-]*\s*(\w[\w'’]*)")
_DOTTED = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_ORDINAL = re.compile(r"\d{1,2}|[IVXLC]+")
_WEAK_ENDS = (re.compile(r"[;:—]\s+"), re.compile(r"[,،、，]\s*"), re.compile(r"\s+"))
_WORD_CHARS = 24
"""An abbreviation is never longer; so far is looked back."""


@dataclass(frozen=True)
class Rules:
    """What a full stop may mean in a language.

    ``abbreviations`` never end a sentence, ``before_numbers`` not before a digit; a sentence that
    follows initials begins with one of ``starts``; ``ordinals`` are written with a full stop.
    """

    abbreviations: frozenset[str] = frozenset()
    before_numbers: frozenset[str] = frozenset()
    starts: frozenset[str] = frozenset()
    ordinals: bool = False


@lru_cache(maxsize=64)
def rules_of(language: str) -> Rules:
    """The rules of a language (ISO 639-1) after ``conf/languages.yaml``; none for others."""
    profile = load_languages().get(language)
    if profile is None:
        return Rules()
    words = [word.lower() for word in profile.abbreviations]
    return Rules(
        frozenset(word for word in words if not word.endswith(" #")),
        frozenset(word.removesuffix(" #") for word in words if word.endswith(" #")),
        frozenset(profile.sentence_starts),
        profile.ordinal_stop,
    )


def split(text: str, language: str, max_chars: int = 0) -> list[str]:
    """The sentences of ``text`` with the white space behind each; joined they are ``text``.

    Full stops of abbreviations, initials, decimals, list numbers and (where the language writes
    them so) ordinals end nothing, nor do marks inside quotations and brackets, nor marks before
    a small letter. A new line always ends a sentence. Thai, which marks no sentence ends, is cut
    at new lines alone. Pieces longer than ``max_chars`` (0 for no limit) are cut at the last
    semicolon, comma or space before it.
    """
    rules = rules_of(language)
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    starts = [first for first, _ in quoted]
    pieces: list[str] = []
    begin = 0
    for match in _END.finditer(text):
        if text[begin : match.end()].isspace() or match.end() == len(text):
            continue  # white space belongs to the piece before it
        if "\n" in match[0] or (
            not _inside(match, quoted, starts) and _ends_sentence(text, begin, match, rules)
        ):
            pieces.append(text[begin : match.end()])
            begin = match.end()
    if begin < len(text):
        pieces.append(text[begin:])
    return [part for piece in pieces for part in _bounded(piece, max_chars)]


def gaps(pieces: Sequence[str]) -> list[str]:
    """The white space at the end of each piece."""
    return [piece[len(piece.rstrip()) :] for piece in pieces]


def join(sentences: Sequence[str], spaces: Sequence[str]) -> str:
    """Translated ``sentences`` as one text; ``spaces`` stood behind them in the source.

    New lines stay. Otherwise one space separates sentences (in Thai it is the only sign of their
    end), but none follows a full-width mark, and none is put where a long sentence was cut between
    letters. Punctuation is left as the translator wrote it.
    """
    text = ""
    for i, (sentence, space) in enumerate(zip(sentences, spaces, strict=True)):
        text += sentence
        if i + 1 == len(sentences):
            break
        if "\n" in space:
            text += space
        elif not _ENDS_WIDE.search(sentence) and (space or _ENDED.search(sentence)):
            text += " "
    return text


def marks_sentences(scripts: Sequence[str]) -> bool:
    """Whether texts in ``scripts`` (ISO 15924) show where sentences end; Thai and Lao do not."""
    return not {"Thai", "Laoo"} & set(scripts)


def _inside(match: re.Match[str], quoted: list[tuple[int, int]], starts: list[int]) -> bool:
    """Whether the mark stands in a quotation that goes on behind it."""
    index = bisect_right(starts, match.start()) - 1
    return index >= 0 and quoted[index][1] > match.end() - len(_space(match[0]))


def _space(text: str) -> str:
    return text[len(text.rstrip()) :]


def _ends_sentence(text: str, begin: int, match: re.Match[str], rules: Rules) -> bool:
    found = _NEXT_WORD.match(text, match.end())
    word = found[1] if found else ""
    mark = match["mark"]
    if mark is None:  # a full-width mark; what follows its quotation may belong to the sentence
        return not match["quote"] or match[0] != match[0].rstrip()
    if word[:1].islower():
        return False
    if mark != ".":
        return True
    back = max(begin, match.start() - _WORD_CHARS)
    before = _BEFORE.search(text, back, match.start())
    token = before[0] if before else ""
    if token.isdigit() and not text[begin : match.start() - len(token)].strip(" \t-*•("):
        return False  # the number of an item in a list
    known = token.lower()
    if known in rules.abbreviations or (known in rules.before_numbers and word[:1].isdigit()):
        return False
    if _DOTTED.fullmatch(token) and token[-1].lower() != token[-1].upper():  # initials, "a.m"
        return word in rules.starts
    return not (rules.ordinals and _ORDINAL.fullmatch(token))


def _bounded(piece: str, max_chars: int) -> Iterator[str]:
    """``piece`` in parts of at most ``max_chars`` characters, white space at their end aside."""
    while max_chars and len(piece.rstrip()) > max_chars:
        cut = next(
            (
                ends[-1]
                for pattern in _WEAK_ENDS
                if (ends := [m.end() for m in pattern.finditer(piece, max_chars // 2, max_chars)])
            ),
            max_chars,
        )
        yield piece[:cut]
        piece = piece[cut:]
    yield piece
