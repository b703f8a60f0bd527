"""Normal forms of text: for storing (``tidy``) and for comparing (``comparison_key``)."""

from __future__ import annotations

import re
import unicodedata

# Zero-width and bidirectional controls, soft hyphen, byte order mark: invisible, so never compared.
# The zero-width joiner and non-joiner matter for shaping only.
INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
# Arabic vowel signs, superscript alef and the tatweel: optional or decorative in running text.
_ARABIC_OPTIONAL = re.compile("[\u0640\u064b-\u065f\u0670\u06d6-\u06ed]")
_ARABIC_FOLD = str.maketrans("أإآٱىیکۀة", "ااااييكهه")
_SPACE = re.compile(r"\s+")


def tidy(text: str) -> str:
    """NFC, without invisible controls, white space collapsed. Keeps every visible character."""
    return _SPACE.sub(" ", INVISIBLE.sub("", unicodedata.normalize("NFC", text))).strip()


def fold_arabic(text: str) -> str:
    """Without vowel signs and tatweel; alef, yeh and teh marbuta forms made one, as readers do."""
    return _ARABIC_OPTIONAL.sub("", text).translate(_ARABIC_FOLD)


def comparison_key(text: str) -> str:
    """Equal for texts that differ only in case, width, spacing, invisible characters, outer
    punctuation or optional Arabic signs (NFKC and case folding, Unicode UAX 15 and 21)."""
    folded = unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).casefold()
    folded = _SPACE.sub(" ", fold_arabic(unicodedata.normalize("NFC", folded))).strip()
    return strip_edges(folded) or folded


def strip_edges(text: str) -> str:
    """Without leading and trailing characters that are neither letter, mark nor number."""
    start, end = 0, len(text)
    while start < end and not _is_word(text[start]):
        start += 1
    while end > start and not _is_word(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def strip_accents(text: str) -> str:
    """Without combining marks after canonical decomposition; đ, ł, ø keep no accent either."""
    decomposed = unicodedata.normalize("NFD", text)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return bare.translate(_STROKES)


_STROKES = str.maketrans("đĐłŁøØħĦı", "dDlLoOhHi")
