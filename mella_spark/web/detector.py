"""The encoding of a page that says nothing, or nothing that can be true, from its text.

The guess is chardetng's, the detector of Firefox, told what the page's host and its declared
language suggest. Two kinds of text are then looked at again. Latin encodings share most of their
letters, and chardetng without a hint takes Hungarian for Western: the alphabets of the languages
written in them decide. And one broken character, as left by software that cuts texts by bytes,
makes chardetng give up Korean: its syllables decide.

``coherence`` tells text from what a wrong encoding makes of it. A label is to be believed unless
text under it is incoherent and text under the guess is not.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from chardetng_py import EncodingDetector

from mella_spark.web.encodings import decode_part, is_multibyte, lookup

SAMPLE_BYTES = 2048
# Enough to confirm a label: some twenty words, and more where only some letters tell.
_CONFIRM_BYTES, _CONFIRM_LATIN_BYTES = 256, 768

# Text from its first non-ASCII byte on, up to the end of the element or attribute. What is cut off
# on the left is ASCII, so no character is broken.
_RUN = re.compile(rb"[\x80-\xff][^<>\"]*+")
_LEFT = 24
_HIGH = bytes(range(0x80, 0x100))
_LANG = re.compile(rb"<html\b[^>]*?\slang\s*=\s*[\"']?([a-zA-Z]{2})\b(-tw)?", re.IGNORECASE)

# Countries by which chardetng knows what a language is usually written in. Languages of two
# scripts have none.
_COUNTRIES = {
    "ar": "eg", "be": "by", "bg": "bg", "ca": "es", "cs": "cz", "da": "dk", "de": "de", "el": "gr",
    "es": "es", "et": "ee", "fa": "ir", "fi": "fi", "fr": "fr", "he": "il", "hr": "hr", "hu": "hu",
    "is": "is", "it": "it", "ja": "jp", "ko": "kr", "lt": "lt", "lv": "lv", "mk": "mk", "nl": "nl",
    "no": "no", "pl": "pl", "pt": "pt", "ro": "ro", "ru": "ru", "sk": "sk", "sl": "si", "sq": "al",
    "sv": "se", "th": "th", "tr": "tr", "uk": "ua", "vi": "vn", "zh": "cn",
}  # fmt: skip
_TWO_SCRIPTS = frozenset(("rs", "ba", "me", "az", "uz", "kz"))

# Lower-case letters beyond a to z (Unicode CLDR, main exemplar sets), as legacy encodings
# spell them.
_ALPHABETS = {
    "cs": "áčďéěíňóřšťúůýž", "sk": "áäčďéíĺľňóôŕšťúýž", "pl": "ąćęłńóśźż", "hu": "áéíóöőúüű",
    "ro": "ăâîşţ", "hr": "čćđšž", "tr": "çğıiöşüâîû", "et": "äõöüšž", "lv": "āčēģīķļņšūž",
    "lt": "ąčęėįšųūž", "fr": "àâæçéèêëîïôœùûüÿ", "de": "äöüß", "es": "áéíñóúüªº",
    "ca": "àçèéíïòóúü", "pt": "áâãàçéêíóôõúüªº", "it": "àèéìíîòóùúªº", "nl": "áéëèêïíóöü",
    "da": "æøåé", "sv": "åäöéàü", "fi": "äöåšž", "is": "áðéíóúýþæö", "sq": "çë",
    "vi": "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
}  # fmt: skip
_WRITTEN_IN = {
    "windows-1250": ("cs", "hr", "hu", "pl", "ro", "sk"),
    "windows-1252": ("ca", "da", "de", "es", "fi", "fr", "is", "it", "nl", "pt", "sv"),
    "windows-1254": ("tr",),
    "windows-1257": ("et", "lt", "lv"),
}
_WRITTEN_IN["iso-8859-2"] = _WRITTEN_IN["windows-1250"]
_WRITTEN_IN["iso-8859-15"] = _WRITTEN_IN["windows-1252"]
_LETTERS = {language: frozenset(letters) for language, letters in _ALPHABETS.items()}
_LATIN = ("windows-1252", "windows-1250", "iso-8859-2", "windows-1254", "windows-1257")
_LATIN_GUESSES = frozenset(
    (*_LATIN, *(f"iso-8859-{part}" for part in (3, 4, 10, 13, 14, 15, 16)), "macintosh")
)
# Signs that stand between two letters of one word.
_JOINERS = frozenset("’‘'·׳״–—…\xa0\u00ad\u200b\u200c\u200d\u0640-‐‑")
_ORDINAL = re.compile("[a-zß-ÿ][ªº]|[ªº][a-zß-ÿ]")
_WITHIN = re.compile(r"[a-zA-Z][^\x00-\x7f][a-zA-Z]")
# A vowel or tone mark without its consonant.
_THAI = re.compile("(?:^|[ฯะาำเ-ๆ๏-๛])[ัิ-ฺ็-๎]|[เ-ไ](?:[^ก-ฮ]|$)")
_WIDE = frozenset(("CJK", "HANGUL", "HIRAGANA", "KATAKANA", "FULLWIDTH", "IDEOGRAPHIC"))
_MIN_SYLLABLES = 10
_MIN_KOREAN = 0.95  # Chinese in GBK reaches 0.7
# A label stands unless text under the guess is this coherent, and so much less under the label.
_COHERENT, _INCOHERENT = 0.9, 0.2
_MIN_BYTES = 16  # non-ASCII
_MIN_GAIN = 4  # two letters that an alphabet lacks under the label and has under the guess


def sample(body: bytes, limit: int = SAMPLE_BYTES) -> bytes:
    """At most ``limit`` bytes of the page's non-ASCII texts, one a line, no character broken."""
    pieces, size = [], 0
    for match in _RUN.finditer(body):
        start = match.start()
        left = body[max(0, start - _LEFT) : start].rpartition(b">")[2].rpartition(b'"')[2]
        piece = left + match.group()[: limit - size]
        pieces.append(piece)
        size += len(piece) + 1
        if size >= limit:
            break
    return b"\n".join(pieces)


def hint(body: bytes, host: str | None = None) -> bytes | None:
    """The top-level domain that says most about the page: its language's, else its own."""
    match = _LANG.search(body, 0, 4096)
    if match:
        language = match.group(1).decode().lower()
        if match.group(2):
            return b"tw"
        if language != "en":  # what templates say of every page
            country = _COUNTRIES.get(language)
            return country.encode() if country else None
    domain = (host or "").rstrip(".").rpartition(".")[2].lower()
    if domain.isascii() and domain.isalpha() and domain not in _TWO_SCRIPTS:
        return domain.encode()
    return None


def confirmed(body: bytes, name: str, domain: bytes | None = None) -> bool:
    """Whether a first look at the page's text is enough to believe the label ``name``.

    It is where the detector says the same, or where all letters are of one language that is
    written in that Latin encoding. Says nothing about a label that it does not confirm.
    """
    if name in _LATIN_GUESSES:
        words = _words(sample(body, _CONFIRM_LATIN_BYTES))
        score, letters = _latin_score(words, name, _WRITTEN_IN.get(name, ()))
        return score == letters > 0
    return _chardetng(sample(body, _CONFIRM_BYTES), domain) == name


def detect(text: bytes, domain: bytes | None = None) -> str:
    """WHATWG name of the likeliest encoding of ``text`` (a ``sample``), which is not UTF-8.

    ``domain`` is a ``hint``.
    """
    guess = _chardetng(text, domain)
    if not is_multibyte(guess) and _korean(text):
        return "euc-kr"
    if guess in _LATIN_GUESSES:
        return _latin(text, guess)
    return guess


def _chardetng(text: bytes, domain: bytes | None) -> str:
    detector = EncodingDetector()
    detector.feed(text, last=False)
    answer = detector.guess(tld=domain, allow_utf8=False)
    # The binding says what Python calls it, which differs once.
    return lookup("windows-874" if answer == "cp874" else answer) or "windows-1252"


def coherence(text: str) -> float:
    """Share, 0 to 1, of the non-ASCII words of ``text`` that could be words of some language.

    A word with a sign amid its letters, letters of two scripts or an upper-case letter behind a
    lower-case one cannot; and Latin words beyond any one alphabet cannot. A word in capitals
    counts by half: Cyrillic encodings that are taken for each other turn the cases round.
    """
    total = latin = 0
    good = 0.0
    letters: Counter[str] = Counter()
    for word, count in Counter(text.split()).items():
        if word.isascii():
            continue
        total += count
        kinds = {_kind(character) for character in word if not character.isascii()}
        ascii_letters = any(c.isascii() and c.isalpha() for c in word)
        if "bad" in kinds or len(kinds - {"mark"}) > 1 or _broken(word):
            continue
        if "LATIN" in kinds:
            latin += count
            for character in word.lower():
                if not character.isascii() and character.isalpha():
                    letters[character] += count
        elif ascii_letters and (
            kinds - {"mark", "WIDE"} or ("WIDE" in kinds and _WITHIN.search(word))
        ):
            continue
        good += count * (0.5 if len(word) > 3 and word.isupper() else 1)
    if not total:
        return 1.0
    if latin and letters:
        good -= latin * (1 - _covered(letters) / letters.total())
    return max(0.0, good) / total


@lru_cache(maxsize=4096)
def _kind(character: str) -> str:
    """Script of a letter; ``bad`` for what no text has; ``mark`` for anything else."""
    category = unicodedata.category(character)
    if category in ("Cc", "Co", "Cn") or character == "\ufffd":
        return "bad"
    if category[0] != "L":
        return "mark"
    name = unicodedata.name(character, "").partition(" ")[0]
    if name == "HALFWIDTH":  # every byte is one in shift_jis, and hardly a text has them
        return "bad"
    return "WIDE" if name.partition("-")[0] in _WIDE else name


def _broken(word: str) -> bool:
    """Whether the letters of a word are in no order that writing knows."""
    if _THAI.search(word):
        return True
    before = ""
    for place, character in enumerate(word):
        letter = character.isalpha() or unicodedata.category(character)[0] == "M"
        if before and letter and character.isupper() and before.islower():
            return True
        if (
            before
            and not letter
            and not character.isascii()
            and character not in _JOINERS
            and word[place + 1 : place + 2].isalpha()
        ):
            return True
        before = character if letter else ""
    return False


def contradicted(text: bytes, name: str, guess: str) -> bool:
    """Whether ``text`` is no text in the encoding ``name``, but one in ``guess``."""
    as_named, as_guessed = decode_part(text, name), decode_part(text, guess)
    if as_named == as_guessed or len(text) - len(text.translate(None, _HIGH)) < _MIN_BYTES:
        return False
    if guess == "euc-kr" and _korean(text):
        return True
    if name in _LATIN_GUESSES and guess in _LATIN_GUESSES:
        words = _words(text)
        score, letters = _latin_score(words, guess)
        gain = score - _latin_score(words, name)[0]
        return score >= _COHERENT * letters and gain >= max(_MIN_GAIN, letters // 25)
    found = coherence(as_guessed)
    return found >= _COHERENT and coherence(as_named) <= found - _INCOHERENT


def _covered(letters: Counter[str], languages: Iterable[str] = _LETTERS) -> int:
    """Occurrences of letters within the alphabet that has most of them."""
    return max(
        (
            sum(count for letter, count in letters.items() if letter in _LETTERS[language])
            for language in languages
        ),
        default=0,
    )


def _latin(text: bytes, guess: str) -> str:
    """The Latin encoding under which most of the text is letters of one language."""
    words = _words(text)
    scores = {name: _latin_score(words, name)[0] for name in (guess, *_LATIN)}
    return max(scores, key=scores.__getitem__)  # of equals the guess


def _words(text: bytes) -> Counter[bytes]:
    """How often each non-ASCII word occurs."""
    return Counter(word for word in text.split() if not word.isascii())


def _latin_score(
    words: Counter[bytes], name: str, languages: Iterable[str] = _LETTERS
) -> tuple[int, int]:
    """Letters of the best alphabet less all that is foreign to it or stands where it cannot; and
    how many non-ASCII letters there are."""
    letters: Counter[str] = Counter()
    wrong = 0
    decoded = decode_part(b" ".join(words), name).split(" ") if words else []
    for word, count in zip(decoded, words.values(), strict=True):
        wrong += 2 * count * (_broken(word) + bool(_ORDINAL.search(word)))
        for character in word.lower():
            if character.isascii():
                continue
            if character.isalpha():
                letters[character] += count
            elif _kind(character) == "bad":
                wrong += 2 * count
    return 2 * _covered(letters, languages) - letters.total() - wrong, letters.total()


def _korean(text: bytes) -> bool:
    """Whether nearly all of the text is syllables of KS X 1001."""
    decoded = [c for c in text.decode("euc_kr", "replace") if not c.isascii()]
    syllables = sum("가" <= character <= "힣" for character in decoded)
    return len(decoded) >= _MIN_SYLLABLES and syllables >= _MIN_KOREAN * len(decoded)
