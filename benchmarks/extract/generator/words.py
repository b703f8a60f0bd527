"""What the pages say: sentences, alts and names in the eight languages of the sample web."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from mella_spark.sample.grammar import caption, motif_name, native_alt
from mella_spark.sample.scenes import MOTIFS, random_scene
from mella_spark.sample.sitetext import SITE_TEXTS

LANGUAGES = tuple(sorted(MOTIFS))
# Top-level domain, and what is left of old encodings there: label and Python codec.
_COUNTRIES: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "ar": ("eg", (("windows-1256", "cp1256"),)),
    "cs": ("cz", (("windows-1250", "cp1250"), ("iso-8859-2", "iso8859_2"))),
    "hu": ("hu", (("iso-8859-2", "iso8859_2"),)),
    "ko": ("kr", (("euc-kr", "cp949"),)),
    "ru": ("ru", (("windows-1251", "cp1251"), ("koi8-r", "koi8_r"))),
    "sr": ("rs", (("windows-1251", "cp1251"),)),
    "th": ("th", (("tis-620", "cp874"),)),
    "vi": ("vn", ()),
}
_SENTENCES, _ALTS = 1500, 1500


@dataclass(frozen=True)
class Words:
    """The vocabulary of one language; ``charsets`` are (label, codec) of old encodings."""

    language: str
    domain: str
    charsets: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]
    alts: tuple[str, ...]
    names: tuple[str, ...]


@cache
def words(language: str) -> Words:
    """The same vocabulary at every call."""
    rng = random.Random(f"words {language}")
    domain, charsets = _COUNTRIES[language]
    site = SITE_TEXTS[language]
    described = [
        _sentence(caption(random_scene(rng, language), language)) for _ in range(_SENTENCES)
    ]
    alts = tuple(
        dict.fromkeys(native_alt(random_scene(rng, language), language, rng) for _ in range(_ALTS))
    )
    names = (*(motif_name(motif, language) for motif in MOTIFS[language]), *site.headings)
    return Words(
        language=language,
        domain=domain,
        charsets=charsets,
        sentences=(*dict.fromkeys(described), *site.sentences * 8),
        alts=alts,
        names=(*names * 4, *(alt for alt in alts if len(alt) < 40)),
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "。")) else f"{text}."
