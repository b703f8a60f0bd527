"""The shape of a lexicon: nouns with their forms, and the few tables a language needs to agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Noun:
    """A noun phrase for 1, 2 and 3 of a thing; ``{c}`` marks the place of the colour.

    ``cls`` is what numerals and colours agree with: a gender, or the classifier the noun is
    counted with. ``three`` is given only where it differs from ``two`` (Arabic: dual, plural).
    """

    cls: str
    one: str
    two: str
    three: str | None = None

    def form(self, count: int) -> str:
        """The template for ``count`` (1..3)."""
        return (self.one, self.two, self.two if self.three is None else self.three)[count - 1]


@dataclass(frozen=True)
class Motif:
    """What a native author knows about a motif: its name and what belongs to it.

    ``base`` is the dictionary form, ``name`` the same as a countable, colourable noun.
    ``keywords`` are other forms and spellings that count as naming it. ``facts`` are short
    fragments (occasion, place, use) for the language's templates; ``alts`` are whole alt texts.
    """

    base: str
    name: Noun
    keywords: tuple[str, ...]
    facts: tuple[str, ...]
    alts: tuple[str, ...]


@dataclass(frozen=True)
class Language:
    """Everything :mod:`mella_spark.sample.grammar` needs to know about one language.

    ``numerals[cls]`` are the words for 1, 2, 3 (empty where the bare noun says it), put at
    ``{n}`` of ``phrase``. ``colours[colour]`` are the colour's forms and ``agreement[cls]`` says
    which of them goes with 1, 2, 3. ``frames[relation]`` is the sentence, with ``{a}``, ``{b}``
    the phrases and ``{va}``, ``{vb}`` the verb, ``verbs[cls]`` for 1, 2, 3; ``polish`` makes the
    last adjustments that depend on sounds. ``alts`` (with ``{np}``, the counted name, ``{fact}``,
    and ``{Np}``, ``{Fact}`` with a capital), ``plain_one`` and ``plain_two`` (with ``{a}``,
    ``{b}``) are the templates of native alt texts.
    """

    code: str
    nouns: Mapping[str, Noun]
    colours: Mapping[str, tuple[str, ...]]
    frames: Mapping[str | None, str]
    numerals: Mapping[str, tuple[str, str, str]]
    phrase: str = "{n} {noun}"
    agreement: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    verbs: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    polish: Callable[[str], str] = str.strip
    motifs: Mapping[str, Motif] = field(default_factory=dict)
    alts: tuple[str, ...] = ()
    plain_one: tuple[str, ...] = ()
    plain_two: tuple[str, ...] = ()
