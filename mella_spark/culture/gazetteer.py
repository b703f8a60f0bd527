"""Named cultural things: the terms of ``conf/gazetteer/CODE.yaml``, found fast in short texts.

Terms are written as dictionary forms; ``*`` after a word makes it a stem (``kraslic*``). All forms
are folded (case, ё, Arabic signs) before comparing. Ways of writing need ways of finding:

- words with inflection (cs hu ru sr vi): a stem matches words that begin with it;
- articles and prepositions joined to the word (ar): stripped, as ``prefixes`` say;
- unspaced scripts and compounds (th ko): a term matches anywhere in a run of letters; a short one,
  which would be found inside unrelated words, only where the run begins.

Look-up is by the beginning of a word in one dictionary, for the few lengths that terms have, so the
cost depends on the length of the text, not on the number of terms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from mella_spark.errors import SettingsError
from mella_spark.settings import conf_dir
from mella_spark.text.normalise import fold_arabic
from mella_spark.text.profiles import Language
from mella_spark.text.scripts import words

# Characters from which on a term of an unspaced script is told from chance, by script.
_LONG_ENOUGH = {"Thai": 4, "Hang": 2}
_SHORTEST_STEM = 3  # letters left after a prefix is stripped


@dataclass(frozen=True, slots=True)
class Hit:
    """A term found: as the gazetteer spells it, and its category."""

    term: str
    category: str


@dataclass(frozen=True, slots=True)
class _Entry:
    hit: Hit
    words: tuple[tuple[str, bool], ...]  # each word, folded, and whether it is a stem

    def matches(self, tokens: list[tuple[str, ...]], at: int) -> bool:
        """Whether the words stand in ``tokens`` (each with its variants) from ``at`` on."""
        if at + len(self.words) > len(tokens):
            return False
        return all(
            any(v.startswith(word) if stem else v == word for v in tokens[at + i])
            for i, (word, stem) in enumerate(self.words)
        )


class Gazetteer:
    """The terms of one language, ready for matching."""

    def __init__(self, terms: Mapping[str, list[str]], language: Language) -> None:
        self._language = language
        self._prefixes = tuple(sorted(map(fold, language.prefixes), key=len, reverse=True))
        self._entries: dict[str, list[_Entry]] = defaultdict(list)
        self._begins: set[str] = set()  # what has to be looked up by the beginning of a word
        for category, names in terms.items():
            for name in names:
                hit = Hit(name.replace("*", ""), category)
                for spelling in self._spellings(name):
                    self._add(spelling, hit)
        self._lengths: dict[str, list[int]] = defaultdict(list)
        for first, length in sorted({(b[0], len(b)) for b in self._begins}, reverse=True):
            self._lengths[first].append(length)

    def __len__(self) -> int:
        return len({entry.hit for entries in self._entries.values() for entry in entries})

    def find(self, text: str) -> list[Hit]:
        """Terms in ``text`` in order of reading, each once; the longest where they overlap."""
        if not self._entries:
            return []
        tokens = words(fold(text))
        inside = self._language.matching == "inside"
        found = self._find_inside(tokens) if inside else self._find_words(tokens)
        return list(dict.fromkeys(found))

    def _find_words(self, tokens: list[str]) -> Iterator[Hit]:
        variants = [self._variants(token) for token in tokens]
        at = 0
        while at < len(tokens):
            best: _Entry | None = None
            for variant in variants[at]:
                for entry in self._entries_of(variant):
                    longer = best is None or len(entry.words) > len(best.words)
                    if longer and entry.matches(variants, at):
                        best = entry
            if best is not None:
                yield best.hit
            at += len(best.words) if best is not None else 1

    def _entries_of(self, word: str) -> Iterator[_Entry]:
        """Entries whose first word may be ``word``: longest stems first, then the word itself."""
        for length in self._lengths.get(word[0], ()):
            if length <= len(word):
                yield from self._entries.get(word[:length], ())
        if word not in self._begins:
            yield from self._entries.get(word, ())

    def _find_inside(self, tokens: list[str]) -> Iterator[Hit]:
        long_enough = _LONG_ENOUGH.get(self._language.script, 2)
        for token in tokens:
            at = 0
            while at < len(token):
                step = 1
                for length in self._lengths.get(token[at], ()):
                    entries = self._entries.get(token[at : at + length])
                    if not entries or at + length > len(token):
                        continue
                    if length >= long_enough or self._stands_alone(token, at, length):
                        yield entries[0].hit
                        step = length
                        break
                at += step

    def _stands_alone(self, token: str, at: int, length: int) -> bool:
        """Whether a short term begins a run and, where spaces part words, nearly fills it."""
        return at == 0 and (self._language.tokenisation == "character" or len(token) - length <= 1)

    def _variants(self, token: str) -> tuple[str, ...]:
        stripped = (
            token[len(prefix) :]
            for prefix in self._prefixes
            if token.startswith(prefix) and len(token) - len(prefix) >= _SHORTEST_STEM
        )
        return (token, *stripped)

    def _spellings(self, name: str) -> Iterator[str]:
        folded = " ".join(map(fold, name.split()))
        yield folded
        table = self._language.transliteration
        if table:
            yield "".join(table.get(character, character) for character in folded)

    def _add(self, name: str, hit: Hit) -> None:
        if self._language.matching == "inside":
            run = "".join(words(name))
            self._begins.add(run)
            self._entries[run].append(_Entry(hit, ()))
            return
        parts: list[tuple[str, bool]] = []
        for part in name.replace("-", " ").split():
            *whole, last = words(part) or [""]
            parts += [(word, False) for word in whole]
            parts.append((last, part.endswith("*")))
        parts = [(self._bare(word), stem) for word, stem in parts if word]
        if parts:
            if parts[0][1]:
                self._begins.add(parts[0][0])
            self._entries[parts[0][0]].append(_Entry(hit, tuple(parts)))

    def _bare(self, word: str) -> str:
        """Without the article, which is its first prefix."""
        article = fold(self._language.prefixes[0]) if self._language.prefixes else ""
        bare = word[len(article) :] if article and word.startswith(article) else word
        return bare if len(bare) >= _SHORTEST_STEM else word


@lru_cache(maxsize=1 << 15)
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
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
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
