"""What a picture of the sample web shows: one or two groups of things and how they lie.

A scene is the common source of a picture (`draw.draw`), of its description and of its native alt
text (`grammar`), so that for every sample the truth is known exactly.
"""

import random
from dataclasses import dataclass

PLAIN: tuple[str, ...] = (
    "house", "tree", "ball", "cat", "fish", "car", "chair",
    "cup", "flower", "book", "apple", "star", "boat", "key",
)  # fmt: skip
"""Things every language has an everyday word for."""

MOTIFS: dict[str, tuple[str, ...]] = {
    "ar": ("ramadan_lantern", "dallah", "oud", "felucca", "tarboosh", "mabkhara"),
    "cs": ("kraslice", "pomlazka", "trdelnik", "pullitr", "gingerbread_heart", "mikulas_mitre"),
    "hu": ("stork_chimney", "bogracs", "buso_mask", "paprika_string", "gemeskut", "kopjafa"),
    "ko": ("hanbok", "onggi", "janggu", "bangpaeyeon", "hahoe_mask", "gat"),
    "ru": ("samovar", "matryoshka", "onion_dome", "balalaika", "valenki", "ushanka"),
    "sr": ("sajkaca", "opanak", "gusle", "slavski_kolac", "badnjak", "cokanj"),
    "th": ("khom_loi", "tuk_tuk", "spirit_house", "krathong", "ngop", "long_tail_boat"),
    "vi": ("den_ong_sao", "non_la", "banh_chung", "ao_dai", "trong_dong", "xich_lo"),
}
"""Things whose meaning belongs to one culture, by language (ISO 639-1)."""

COLOURS: tuple[str, ...] = (
    "red", "blue", "green", "yellow", "orange", "purple", "brown", "white",
)  # fmt: skip

_COLOURED_MOTIFS = frozenset(
    {"ramadan_lantern", "kraslice", "hanbok", "bangpaeyeon", "matryoshka", "onion_dome"}
    | {"tuk_tuk", "den_ong_sao", "ao_dai", "xich_lo"}
)

COLOURLESS: frozenset[str] = frozenset({"tree"}) | (
    frozenset(motif for motifs in MOTIFS.values() for motif in motifs) - _COLOURED_MOTIFS
)
"""Things drawn in their natural colours, whose colour no description names."""

RELATIONS: tuple[str, ...] = ("left", "right", "above", "below")

BACKGROUNDS: tuple[str, ...] = ("paper", "sand", "sky", "meadow", "dusk", "mint", "rose", "lake")

MAX_COUNT = 3

_SINGLE_SHARE = 0.35
"""Share of scenes with one group."""
_MOTIF_SHARE = 0.5
"""Share of groups that are a motif where the caller does not ask for one language's."""
_SECOND_MOTIF_SHARE = 0.25
"""Share of companions of a language's motif that are another motif of the same language."""


@dataclass(frozen=True)
class Group:
    """`count` (1 to 3) copies of one thing; `colour` is None for things in `COLOURLESS`."""

    thing: str
    colour: str | None
    count: int

    def __post_init__(self) -> None:
        if self.thing not in PLAIN and self.thing not in LANGUAGE_OF:
            raise ValueError(f"unknown thing: {self.thing!r}")
        if not 1 <= self.count <= MAX_COUNT:
            raise ValueError(f"count must be 1 to {MAX_COUNT}, not {self.count}")
        if (self.colour is None) != (self.thing in COLOURLESS):
            raise ValueError(f"colour {self.colour!r} does not fit {self.thing}")
        if self.colour is not None and self.colour not in COLOURS:
            raise ValueError(f"unknown colour: {self.colour!r}")


@dataclass(frozen=True)
class Scene:
    """One or two groups; `relation` says where groups[0] lies as seen from groups[1].

    `relation` is None exactly if there is one group. `background` is drawn but never named.
    """

    groups: tuple[Group, ...]
    relation: str | None
    background: str

    def __post_init__(self) -> None:
        if len(self.groups) not in (1, 2):
            raise ValueError(f"a scene has one or two groups, not {len(self.groups)}")
        if len({group.thing for group in self.groups}) != len(self.groups):
            raise ValueError("two groups must show different things")
        if (self.relation is None) != (len(self.groups) == 1):
            raise ValueError(f"relation {self.relation!r} with {len(self.groups)} group(s)")
        if self.relation is not None and self.relation not in RELATIONS:
            raise ValueError(f"unknown relation: {self.relation!r}")
        if self.background not in BACKGROUNDS:
            raise ValueError(f"unknown background: {self.background!r}")


LANGUAGE_OF: dict[str, str] = {
    motif: language for language, motifs in MOTIFS.items() for motif in motifs
}
"""The language each motif belongs to."""

_ALL_MOTIFS: tuple[str, ...] = tuple(LANGUAGE_OF)


def random_scene(rng: random.Random, motifs_of: str | None = None) -> Scene:
    """Draw a scene at random: about one third with one group, the rest with two.

    With `motifs_of`, at least one group is a motif of that language and the other one is a plain
    thing or another of its motifs. Without it each group is a plain thing or any motif.

    Raises:
        ValueError: `motifs_of` is not a language of `MOTIFS`.
    """
    if motifs_of is not None and motifs_of not in MOTIFS:
        raise ValueError(f"no motifs for language {motifs_of!r}")
    single = rng.random() < _SINGLE_SHARE
    things = [_first_thing(rng, motifs_of)]
    while len(things) < (1 if single else 2):
        other = _companion(rng, motifs_of)
        if other not in things:
            things.append(other)
    rng.shuffle(things)
    return Scene(
        groups=tuple(_group(rng, thing) for thing in things),
        relation=None if single else rng.choice(RELATIONS),
        background=rng.choice(BACKGROUNDS),
    )


def _first_thing(rng: random.Random, motifs_of: str | None) -> str:
    return _any_thing(rng) if motifs_of is None else rng.choice(MOTIFS[motifs_of])


def _companion(rng: random.Random, motifs_of: str | None) -> str:
    if motifs_of is None:
        return _any_thing(rng)
    return rng.choice(MOTIFS[motifs_of] if rng.random() < _SECOND_MOTIF_SHARE else PLAIN)


def _any_thing(rng: random.Random) -> str:
    return rng.choice(_ALL_MOTIFS if rng.random() < _MOTIF_SHARE else PLAIN)


def _group(rng: random.Random, thing: str) -> Group:
    colour = None if thing in COLOURLESS else rng.choice(COLOURS)
    return Group(thing=thing, colour=colour, count=rng.randint(1, MAX_COUNT))
