"""From a scene to words: exact captions in nine languages, and the alts a native author writes.

A caption says what is *seen* (a star-shaped lantern); a native alt names it (đèn ông sao). All
knowledge of a language is data in :mod:`mella_spark.sample.lexicon`; this module puts the pieces
together. A caption in any language says neither more nor less than the English one, so the
translation of a caption is a function of the English text alone.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache

from mella_spark.sample.lexicon import LANGUAGES, Language, Noun
from mella_spark.sample.scenes import COLOURLESS, COLOURS, MAX_COUNT, Group, Scene


@dataclass(frozen=True)
class Description:
    """What a caption says: a :class:`Scene` without the background, which nobody names."""

    groups: tuple[Group, ...]
    relation: str | None


def caption(scene: Scene | Description, language: str) -> str:
    """What is seen in ``scene``, as one phrase (``en``) or sentence of ``language``.

    Raises KeyError for a language outside ``en ar cs hu ko ru sr th vi``.
    """
    return _fill(LANGUAGES[language].frames[scene.relation], scene.groups, LANGUAGES[language])


def parse_caption(text: str, language: str = "en") -> Description | None:
    """What ``text`` describes, or None unless ``caption`` puts it in exactly these words.

    Outer white space is ignored. The inverse of :func:`caption` for every language.
    """
    known = _groups_by_phrase(language)
    for relation, frame in LANGUAGES[language].frames.items():
        if match := _pattern(frame).fullmatch(text.strip()):
            groups = [known[phrase] for phrase in match.groups() if phrase in known]
            if len(groups) == len(match.groups()):
                return Description(tuple(groups), relation)
    return None


def motif_name(motif: str, language: str) -> str:
    """The dictionary form of the motif's name; KeyError unless it is a motif of ``language``."""
    return LANGUAGES[language].motifs[motif].base


def motif_keywords(motif: str, language: str) -> tuple[str, ...]:
    """Forms and spellings that count as naming the motif, its dictionary form first."""
    known = LANGUAGES[language].motifs[motif]
    return tuple(dict.fromkeys((known.base, *known.keywords)))


def named_motif(scene: Scene | Description, language: str) -> str | None:
    """The motif of ``language`` that :func:`native_alt` names: the first in the scene, if any."""
    motifs = LANGUAGES[language].motifs
    return next((group.thing for group in scene.groups if group.thing in motifs), None)


def native_alt(scene: Scene, language: str, rng: random.Random) -> str:
    """An alt text as a native web author writes it.

    Names the scene's :func:`named_motif` and adds an occasion, a place or a use. A scene without
    one is described in the loose way of an alt text.
    """
    lang = LANGUAGES[language]
    named = named_motif(scene, language)
    if named is None:
        return _plain_alt(scene, lang, rng)
    own = next(group for group in scene.groups if group.thing == named)
    motif = lang.motifs[named]
    template = rng.choice((*lang.alts, *motif.alts))
    slots = {"np": _phrase(motif.name, own, lang, bare=True), "fact": rng.choice(motif.facts)}
    return template.format(**slots, **{k.capitalize(): _capital(v) for k, v in slots.items()})


def english_alt(scene: Scene, rng: random.Random) -> str:
    """An English alt text as found on pages of any language that nobody translated."""
    return _plain_alt(scene, LANGUAGES["en"], rng)


def _plain_alt(scene: Scene, lang: Language, rng: random.Random) -> str:
    template = rng.choice(lang.plain_one if len(scene.groups) == 1 else lang.plain_two)
    return _capital(_fill(template, scene.groups, lang))


def _fill(template: str, groups: tuple[Group, ...], lang: Language) -> str:
    """``template`` with the phrases of the groups and the verbs that go with their counts."""
    slots = {}
    for slot, group in zip("ab", groups, strict=False):
        noun = lang.nouns[group.thing]
        slots[slot] = _phrase(noun, group, lang)
        slots["v" + slot] = lang.verbs[noun.cls][group.count - 1] if lang.verbs else ""
    return lang.polish(template.format(**slots))


def _phrase(noun: Noun, group: Group, lang: Language, bare: bool = False) -> str:
    """The noun with its numeral and colour, agreeing with each other; ``bare`` leaves out "a"."""
    colour = ""
    if group.colour is not None:
        forms = lang.colours[group.colour]
        colour = forms[lang.agreement[noun.cls][group.count - 1]] if lang.agreement else forms[0]
    numeral = "" if bare and group.count == 1 else lang.numerals[noun.cls][group.count - 1]
    text = lang.phrase.format(n=numeral, noun=noun.form(group.count).format(c=colour))
    return " ".join(text.split())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@cache
def _groups_by_phrase(language: str) -> dict[str, Group]:
    """Every group that can be said, by its phrase."""
    lang = LANGUAGES[language]
    groups = (
        Group(thing, colour, count)
        for thing in lang.nouns
        for colour in ((None,) if thing in COLOURLESS else COLOURS)
        for count in range(1, MAX_COUNT + 1)
    )
    return {lang.polish(_phrase(lang.nouns[g.thing], g, lang)): g for g in groups}


@cache
def _pattern(frame: str) -> re.Pattern[str]:
    """``frame`` as a regular expression with the groups ``a`` and ``b``.

    Verbs and the Korean subject particle, which depend on the phrases, match any word.
    """
    text = re.escape(frame.replace("이/가", "~"))
    for slot, pattern in (("a", "(?P<a>.+?)"), ("b", "(?P<b>.+?)"), ("va", r"\S+"), ("vb", r"\S+")):
        text = text.replace(re.escape("{" + slot + "}"), pattern)
    return re.compile(text.replace(re.escape("~"), "[이가]"))
