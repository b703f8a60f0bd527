"""Named cultural things: the terms of ``conf/gazetteer/CODE.yaml``, found fast in short texts.

Terms are written as dictionary forms; ``*`` after a word makes it a stem (``kraslic*``). All forms
are folded (case, ё, Arabic signs) before comparing. Ways of writing need ways of finding:

- words with inflection (cs hu ru sr vi): a stem matches words that begin with it;
- articles and prepositions joined to the word (ar): stripped, as ``prefixes`` say;
- unspaced scripts and compounds (th ko): a term matches anywhere in a run of letters; a short one,
  which would be found inside unrelated words, only where the run begins.

Look-up is by the beginning of a word in a dictionary, for the few lengths that terms have, so the
cost depends on the length of the text, not on the number of terms; words met before are remembered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from mella_spark.errors import SettingsError
from mella_spark.settings import conf_dir
from mella_spark.text.normalise import fold_arabic
from mella_spark.text.profiles import SAFE_LOADER, Language
from mella_spark.text.scripts import word_spans, words

# Characters from which on a term of an unspaced script is told from chance, by script.
_LONG_ENOUGH = {"Thai": 4, "Hang": 2}
_SHORTEST_STEM = 3  # letters left after a prefix is stripped
_BEGINNING = 2  # letters by which stems are looked up first


@dataclass(frozen=True, slots=True)
class Hit:
    """A term found: as the gazetteer spells it, as the text has it, and its category."""

    term: str
    surface: str
    category: str


@dataclass(frozen=True, slots=True)
class _Entry:
    term: str
    category: str
    words: tuple[tuple[str, bool], ...]  # each word, folded, and whether it is a stem

    def matches(self, tokens: Sequence[_Token]) -> bool:
        """Whether the first of ``tokens`` are the words of this entry."""
        return len(self.words) <= len(tokens) and all(
            any(v.startswith(word) if stem else v == word for v in token.variants)
            for (word, stem), token in zip(self.words, tokens, strict=False)
        )


@dataclass(frozen=True, slots=True)
class _Token:
    """A word of a text: its forms without prefixes, and the entries whose first word it may be."""

    variants: tuple[str, ...]
    entries: tuple[_Entry, ...]


class Gazetteer:
    """The terms of one language, ready for matching."""

    def __init__(self, terms: Mapping[str, Sequence[str]], language: Language) -> None:
        self._language = language
        self._prefixes = tuple(sorted(map(fold, language.prefixes), key=len, reverse=True))
        self._exact: dict[str, list[_Entry]] = defaultdict(list)
        self._stems: dict[str, list[_Entry]] = defaultdict(list)
        for category, names in terms.items():
            for name in names:
                for spelling in self._spellings(name):
                    self._add(spelling, name.replace("*", ""), category)
        # The lengths of stems by their beginning, longest first: what has to be looked up.
        lengths: dict[str, set[int]] = defaultdict(set)
        for stem in self._stems:
            lengths[stem[:_BEGINNING]].add(len(stem))
        self._lengths = {head: sorted(found, reverse=True) for head, found in lengths.items()}
        self._token = lru_cache(maxsize=1 << 16)(self._make_token)

    def __len__(self) -> int:
        entries = [*self._exact.values(), *self._stems.values()]
        return len({entry.term for found in entries for entry in found})

    def find(self, text: str) -> list[Hit]:
        """Terms in ``text`` in order of reading, each once; the longest where they overlap."""
        if not self._exact and not self._stems:
            return []
        inside = self._language.matching == "inside"
        found = self._find_inside(text) if inside else self._find_words(text)
        return list({hit.term: hit for hit in found}.values())

    def _find_words(self, text: str) -> Iterator[Hit]:
        spans = word_spans(text)
        tokens = [self._token(text[start:end]) for start, end in spans]
        at = 0
        while at < len(tokens):
            if not tokens[at].entries:
                at += 1
                continue
            fitting = [entry for entry in tokens[at].entries if entry.matches(tokens[at:])]
            best = max(fitting, key=lambda entry: len(entry.words), default=None)
            if best is None:
                at += 1
                continue
            last = at + len(best.words) - 1
            yield Hit(best.term, text[spans[at][0] : spans[last][1]], best.category)
            at = last + 1

    def _make_token(self, word: str) -> _Token:
        folded = fold(word)
        stripped = (
            folded[len(prefix) :]
            for prefix in self._prefixes
            if folded.startswith(prefix) and len(folded) - len(prefix) >= _SHORTEST_STEM
        )
        variants = (folded, *stripped)
        entries = [
            entry
            for variant in variants
            for key, table in self._keys(variant)
            for entry in table.get(key, ())
        ]
        return _Token(variants, tuple(entries))

    def _keys(self, word: str) -> Iterator[tuple[str, dict[str, list[_Entry]]]]:
        """What ``word`` may be looked up by: itself, and its beginnings, the longest first."""
        yield word, self._exact
        for length in self._lengths.get(word[:_BEGINNING], ()):
            if length <= len(word):
                yield word[:length], self._stems

    def _find_inside(self, text: str) -> Iterator[Hit]:
        long_enough = _LONG_ENOUGH.get(self._language.script, 2)
        for token in words(text):
            yield from self._find_short(token)
            at = 0
            while at < len(token):
                step = 1
                for length in self._lengths.get(token[at : at + _BEGINNING], ()):
                    entries = self._stems.get(token[at : at + length])
                    if entries and len(token) - at >= length >= long_enough:
                        yield Hit(entries[0].term, token[at : at + length], entries[0].category)
                        step = length
                        break
                at += step

    def _find_short(self, token: str) -> Iterator[Hit]:
        """Short terms where a run begins that they nearly fill, where spaces part words."""
        for length in range(1, _LONG_ENOUGH.get(self._language.script, 2)):
            entries = self._exact.get(token[:length])
            fills = self._language.tokenisation == "character" or len(token) - length <= 1
            if entries and len(token) >= length and fills:
                yield Hit(entries[0].term, token[:length], entries[0].category)

    def _spellings(self, name: str) -> Iterator[str]:
        folded = " ".join(map(fold, name.split()))
        yield folded
        table = self._language.transliteration
        if table:
            yield "".join(table.get(character, character) for character in folded)

    def _add(self, name: str, term: str, category: str) -> None:
        if self._language.matching == "inside":
            run = "".join(words(name))
            short = len(run) < _LONG_ENOUGH.get(self._language.script, 2)
            (self._exact if short else self._stems)[run].append(_Entry(term, category, ()))
            return
        parts: list[tuple[str, bool]] = []
        for part in name.replace("-", " ").split():
            *whole, last = words(part) or [""]
            parts += [(self._bare(word), False) for word in whole]
            parts.append((self._bare(last), part.endswith("*")))
        parts = [(word, stem) for word, stem in parts if word]
        if parts:
            word, stem = parts[0]
            (self._stems if stem else self._exact)[word].append(
                _Entry(term, category, tuple(parts))
            )

    def _bare(self, word: str) -> str:
        """Without the article, which is its first prefix."""
        article = fold(self._language.prefixes[0]) if self._language.prefixes else ""
        bare = word[len(article) :] if article and word.startswith(article) else word
        return bare if len(bare) >= _SHORTEST_STEM else word


def fold(text: str) -> str:
    """Case, ё, Arabic signs and teh marbuta folded away."""
    return fold_arabic(text.casefold()).replace("ё", "е")


def load_gazetteer(language: Language, folder: Path | None = None) -> Gazetteer:
    """The gazetteer of ``language``; an empty one where ``conf/gazetteer`` has no file for it.

    Raises ``SettingsError`` if the file is malformed.
    """
    path = (conf_dir() / "gazetteer" if folder is None else folder) / f"{language.code}.yaml"
    if not path.is_file():
        return Gazetteer({}, language)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=SAFE_LOADER) or {}
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"Cannot read {path}: {str(error).splitlines()[0]}.") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path} must hold categories with lists of terms.")
    for category, terms in content.items():
        if not isinstance(terms, list) or not all(isinstance(t, str) and words(t) for t in terms):
            raise SettingsError(f"{path}: {category} must be a list of terms.")
        for term in terms:
            if any(character.isdigit() for character in term):
                raise SettingsError(f"{path}: {term!r}: terms are made of letters, not digits.")
            if any("*" in part[:-1] for part in term.replace("-", " ").split()):
                raise SettingsError(f"{path}: {term!r}: '*' may only end a word.")
    return Gazetteer({str(category): terms for category, terms in content.items()}, language)
