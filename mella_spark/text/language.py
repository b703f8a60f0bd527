"""The language of a page's text (``identify``) and of an alt (``identify_alt``).

``identify`` is fastText behind a script rule, corrected by alphabets outside Latin (where
foreign names keep all their letters). ``identify_alt`` decides about one to ten words,
where fastText alone is unreliable, in this order:

1. An alt without letters, a file name or an address has no language (``und``).
2. A script that writes one language decides (Thai, Hangul, Greek …). Letters of the page's own
   script outvote Latin ones beside them: a brand or a letter's name is quoted in Latin everywhere.
3. Otherwise candidates compete: prior odds from the page (its language, what it declares, the
   countries of its domain), times fastText's probabilities tempered by the length of the alt,
   times the alphabet (letters a language does not have), times word shapes (``wordshapes``)
   between English and the native candidate. The result is the posterior of the best one.

Serbian. fastText's ``sh`` is counted as ``sr``. In Cyrillic, ``hr`` and ``bs`` are ``sr`` too; in
Latin they stay what they are, except in an alt (and for the page of an alt) that the page's domain
or declaration says is Serbian: the standards are too close to be told apart in short texts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mella_spark.text.alphabets import alphabet_log_odds
from mella_spark.text.filenames import is_address, is_file_name
from mella_spark.text.letters import frequent_letters, read_letters
from mella_spark.text.model import SHIPPED, normalise_label, predict
from mella_spark.text.normalise import tidy
from mella_spark.text.profiles import Language, load_languages
from mella_spark.text.scripts import COMMON, script_counts, script_of, words
from mella_spark.text.wordshapes import ENGLISH, english_log_odds

UNDETERMINED = "und"

# Scripts that in practice write one language (ISO 15924 → ISO 639-1).
ONE_LANGUAGE = {
    "Thai": "th", "Hang": "ko", "Hira": "ja", "Kana": "ja", "Grek": "el", "Armn": "hy",
    "Geor": "ka", "Laoo": "lo", "Khmr": "km", "Mymr": "my", "Taml": "ta", "Telu": "te",
    "Knda": "kn", "Mlym": "ml", "Sinh": "si", "Gujr": "gu", "Guru": "pa", "Orya": "or",
    "Thaa": "dv", "Tibt": "bo", "Cher": "chr",
}  # fmt: skip
# A syllable or ideograph says as much as about so many letters of an alphabet.
_LETTERS_PER_SIGN = {"Hang": 2.5, "Hani": 2.5, "Hira": 1.5, "Kana": 1.5}

# Page text is judged by three windows, so that an untranslated header or footer does not decide.
_WINDOW, _WINDOWS = 240, 3

# Prior odds as votes. English has one everywhere: it is what is left untranslated.
_PAGE_VOTES, _DECLARED_VOTES, _DOMAIN_VOTES, _ENGLISH_VOTES = 15.0, 1.0, 1.0, 1.0
_TARGET_VOTES, _OTHER_VOTES = 0.05, 0.1
_FLOOR = 0.01  # fastText's probabilities below this are noise
_RELIABLE_LETTERS = 24  # letters from which on fastText counts fully for a third language
_LABELS, _PAGE_LABELS = 12, 8
_FEW_WORDS = 3  # with fewer words of its script, a page is judged by all that is there
_RIVALS = 5  # languages nothing on the page speaks for
_FREQUENT = 0.004  # a letter rarer than this in a page may come from a foreign name
# A word of the page's script counts against so many Latin words around it.
_LATIN_WORDS_PER_NATIVE = 3


@dataclass(frozen=True, slots=True)
class LanguageDecision:
    """Language (ISO 639-1, or ``und``) with its probability, the script (ISO 15924), and for
    ``und`` why: ``no_letters``, ``file_name`` or ``address``."""

    language: str
    score: float
    script: str
    reason: str | None = None


def identify(text: str, model: str = SHIPPED) -> tuple[str, float]:
    """Most probable language of running text, and its probability.

    ISO 639-1 where there is such a code; ``("und", 0.0)`` if ``text`` has no letters.
    """
    if not text:
        return UNDETERMINED, 0.0
    found = read_letters(_windows(text))
    counts = found.counts
    if not counts:
        return UNDETERMINED, 0.0
    script, share = _weightiest(counts)
    only = _only_language(script, counts)
    if only:
        return only, share
    own = found.of(script)
    if len(own.split(None, _FEW_WORDS)) < _FEW_WORDS:
        own = found.text
    posterior = predict(own, model, labels=_PAGE_LABELS)
    if script == "Cyrl":
        _merge_into("sr", ("hr", "bs"), posterior)
    known = _default_languages()
    letters = frequent_letters(own, _FREQUENT) if script != "Latn" else set()
    scores = {
        code: math.log(min(1.0, probability) + _FLOOR)
        + (alphabet_log_odds(code, letters, known) if letters else 0.0)
        for code, probability in posterior.items()
        if _writes(code, script, known)
    }
    return _best(scores)


def identify_alt(
    alt: str,
    page_language: str | None = None,
    page_score: float | None = None,
    declared: str | None = None,
    domain_languages: Sequence[str] = (),
    targets: Iterable[str] = (),
    languages: Mapping[str, Language] | None = None,
    model: str = SHIPPED,
) -> LanguageDecision:
    """Language of ``alt`` given what is known of its page.

    ``page_language`` and ``page_score`` are ``identify``'s answer for the page's text, ``declared``
    what the page declares (BCP 47), ``domain_languages`` those of its country domain, ``targets``
    the languages collected for. ``languages`` defaults to ``conf/languages.yaml``.
    """
    known = _default_languages() if languages is None else languages
    alt = tidy(alt)
    counts = script_counts(alt)
    if is_address(alt):
        return LanguageDecision(UNDETERMINED, 0.0, COMMON, "address")
    if is_file_name(alt):
        return LanguageDecision(UNDETERMINED, 0.0, COMMON, "file_name")
    if not counts:
        return LanguageDecision(UNDETERMINED, 0.0, COMMON, "no_letters")
    declared_code = normalise_label(declared) if declared else None
    page_code = resolve_page_language(page_language, declared_code, domain_languages, known)
    votes = _votes(page_code, page_score, declared_code, domain_languages, targets)
    alt_words = words(alt)
    script, share = _alt_script(alt_words, counts, page_code, known)
    only = _only_language(script, counts)
    if only:
        return LanguageDecision(only, share, script)
    language, score = _contest(alt, alt_words, script, votes, known, model)
    return LanguageDecision(language, score, script)


def resolve_page_language(
    page_language: str | None,
    declared: str | None,
    domain_languages: Sequence[str],
    languages: Mapping[str, Language],
) -> str | None:
    """``page_language``, or the known language it is confused with (``near``) where the page's
    declaration or domain says so: a page found Croatian on a Serbian domain is Serbian."""
    if page_language is None or page_language == UNDETERMINED:
        return None
    for code in (declared, *domain_languages):
        if code is not None and code in languages and page_language in languages[code].near:
            return code
    return page_language


@lru_cache(maxsize=1)
def _default_languages() -> dict[str, Language]:
    return load_languages()


def _windows(text: str) -> str:
    windows = _cut(text)
    # Text has a space for every few letters; much more is layout, and stands in the way.
    if windows.count(" ") + windows.count("\n") > len(windows) // 3:
        return _cut(" ".join(text.split()))
    return windows


def _cut(text: str) -> str:
    if len(text) <= _WINDOW * _WINDOWS:
        return text
    step = (len(text) - _WINDOW) // (_WINDOWS + 1)
    return " ".join([text[step * i : step * i + _WINDOW] for i in range(1, _WINDOWS + 1)])


def _only_language(script: str, counts: Mapping[str, int]) -> str | None:
    """The language that alone is written in ``script``; ideographs with kana are Japanese."""
    if script == "Hani" and (counts.get("Hira") or counts.get("Kana")):
        return "ja"
    return ONE_LANGUAGE.get(script)


def _weightiest(counts: Mapping[str, int]) -> tuple[str, float]:
    weights = {s: count * _LETTERS_PER_SIGN.get(s, 1.0) for s, count in counts.items()}
    script = max(weights, key=lambda s: weights[s])
    return script, weights[script] / sum(weights.values())


def _merge_into(code: str, parts: Iterable[str], posterior: dict[str, float]) -> None:
    mass = sum(posterior.pop(part, 0.0) for part in parts)
    if mass:
        posterior[code] = posterior.get(code, 0.0) + mass


def _votes(
    page: str | None,
    page_score: float | None,
    declared: str | None,
    domain_languages: Sequence[str],
    targets: Iterable[str],
) -> dict[str, float]:
    votes = dict.fromkeys(targets, _TARGET_VOTES)
    votes[ENGLISH] = votes.get(ENGLISH, 0.0) + _ENGLISH_VOTES
    if page:
        score = 1.0 if page_score is None else page_score
        votes[page] = votes.get(page, 0.0) + _PAGE_VOTES * score
    if declared and declared != UNDETERMINED:
        votes[declared] = votes.get(declared, 0.0) + _DECLARED_VOTES
    for code in domain_languages:
        votes[code] = votes.get(code, 0.0) + _DOMAIN_VOTES / len(domain_languages)
    return votes


def _alt_script(
    alt_words: Sequence[str],
    counts: Mapping[str, int],
    page: str | None,
    languages: Mapping[str, Language],
) -> tuple[str, float]:
    """The script that stands for the alt, and its share of the alt's letters."""
    script, share = _weightiest(counts)
    if script == "Latn" and len(counts) > 1:
        scripts = [script_of(w[0]) for w in alt_words if len(w) > 1 or script_of(w) != "Latn"]
        native = languages[page].script if page and page in languages else script
        other = max((s for s in counts if s != "Latn"), key=lambda s: counts[s])
        beside = native if native != "Latn" and native in counts else other
        if scripts.count("Latn") <= _LATIN_WORDS_PER_NATIVE * scripts.count(beside):
            return beside, max(share, 0.5)
    return script, share


def _contest(
    alt: str,
    alt_words: Sequence[str],
    script: str,
    votes: Mapping[str, float],
    languages: Mapping[str, Language],
    model: str,
) -> tuple[str, float]:
    posterior = predict(alt.lower(), model, _LABELS)
    if script == "Cyrl":
        _merge_into("sr", ("hr", "bs"), posterior)
    letters = {c for c in set(alt.lower()) if c.isalpha() and script_of(c) == script}
    length = sum(map(len, alt_words))
    trust = min(1.0, length / _RELIABLE_LETTERS)
    total_votes = sum(votes.values()) + _OTHER_VOTES
    spoken_for = {code for code in votes if votes[code] > _TARGET_VOTES}
    likely = sorted(posterior, key=lambda code: -posterior[code])[:_RIVALS]
    scores: dict[str, float] = {}
    for code in spoken_for.union(likely):
        if not _writes(code, script, languages):
            continue
        probability = posterior.get(code, 0.0)
        if code in votes and code in languages:
            probability += sum(posterior.get(other, 0.0) for other in languages[code].near)
        likelihood = math.log(min(1.0, probability) + _FLOOR)
        if code not in votes:
            likelihood = math.log(_FLOOR) + trust * (likelihood - math.log(_FLOOR))
        prior = math.log(votes.get(code, _OTHER_VOTES) / total_votes)
        scores[code] = prior + likelihood + alphabet_log_odds(code, letters, languages)
    if script == "Latn" and ENGLISH in scores:
        latin = [word for word in alt_words if script_of(word[0]) == "Latn"]
        native = scores.keys() & votes.keys() - {ENGLISH}
        if native:
            rival = max(native, key=lambda code: (votes[code], scores[code]))
            articles = languages[rival].articles if rival in languages else ()
            scores[ENGLISH] += english_log_odds(latin, rival, articles)
    return _best(scores)


def _best(log_scores: Mapping[str, float]) -> tuple[str, float]:
    """The greatest of ``log_scores`` and its share once they are normalised."""
    if not log_scores:
        return UNDETERMINED, 0.0
    best = max(log_scores, key=lambda code: log_scores[code])
    return best, 1.0 / sum(math.exp(score - log_scores[best]) for score in log_scores.values())


def _writes(code: str, script: str, languages: Mapping[str, Language]) -> bool:
    if code in languages:
        return script in languages[code].scripts
    return code not in _SINGLE_SCRIPT


_SINGLE_SCRIPT = frozenset(ONE_LANGUAGE.values())
