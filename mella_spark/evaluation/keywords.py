"""Keywords: choosing them from the thick-thin gap, and finding them in what a model says.

A native alt text says more than can be seen; a description says what is seen. The gap between the
two, in words, is what cultural knowledge means here: :func:`extract_keywords` takes it from an alt
text, and the match functions tell whether a response has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import regex

from mella_spark.evaluation import tokenise
from mella_spark.evaluation.function_words import FUNCTION_WORDS, KOREAN_PARTICLES

MAX_PHRASE = 3  # words of a phrase: names of dishes and festivals seldom have more
_UNSPACED = regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Han}\p{Hiragana}\p{Katakana}]")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*")
_BREAK = regex.compile(r"[^\p{L}\p{M}\p{N}\s'’-]+")
_HANGUL = regex.compile(r"\p{Hangul}")
_ARABIC_CLITICS = ("وال", "بال", "كال", "فال", "لل", "ال", "و", "ب", "ل", "ف", "ك")


def extract_keywords(
    alt: str,
    caption: str | None,
    language: str,
    hits: Sequence[str] = (),
    limit: int = 3,
) -> list[str]:
    """Words of ``alt`` that tell more than ``caption`` does, best first, at most ``limit``.

    ``hits`` are gazetteer entries found in the alt, as written there or in their base form; those
    that the alt contains come first, whatever the caption says. Only where there are none are
    content words taken: no function words, numbers or single letters, nothing whose stem the
    caption has; names (capitals inside a sentence) first, then the longest. ``caption`` is a
    description in the alt's language, None where there is none. Vietnamese words are phrases of
    up to three syllables; Korean words lose their particles; unspaced scripts are cut at spaces
    and function words.
    """
    named = [hit.strip() for hit in hits if hit.strip() and soft_match(hit, alt, language) == 1.0]
    if named:
        return _unique(sorted(named, key=len, reverse=True), language)[:limit]
    thin = {tokenise.stem(token, language) for token in tokenise.tokens(caption or "", language)}
    candidates = []
    for phrase, is_name in _phrases(alt, language):
        stems = [tokenise.stem(token, language) for token in tokenise.tokens(phrase, language)]
        if len("".join(stems)) >= _least_letters(phrase) and not thin.issuperset(stems):
            candidates.append((not is_name, -len(phrase), phrase))
    candidates.sort(key=lambda candidate: candidate[:2])
    return _unique([phrase for _, _, phrase in candidates], language)[:limit]


def strict_match(keyword: str, response: str, language: str) -> bool:
    """Whether the response contains the keyword as written, after normalisation.

    Unspaced scripts: as a substring. Hangul: at the start of an eojeol, whatever particle follows.
    Arabic: as words, the first with or without article and proclitics. Elsewhere: as neighbouring
    whole words. An empty keyword matches nothing.
    """
    wanted = _words(keyword, language)
    said = _words(response, language)
    if not wanted:
        return False
    if _UNSPACED.search(keyword):
        return "".join(wanted) in "".join(said)
    ends = range(len(wanted), len(said) + 1)
    return any(_same_words(wanted, said[end - len(wanted) : end], language) for end in ends)


def soft_match(keyword: str, response: str, language: str) -> float:
    """Share of the keyword that the response has, in [0, 1]; inflection does not matter.

    Spaced scripts: the mean over the keyword's words of the best match among the response's words:
    1 for the same form or stem, else the share of the keyword's letters in the common prefix where
    that is at least half of it, else 0. Unspaced scripts and Hangul: the longest common run of
    tokens, as a share of the keyword's tokens.
    """
    wanted = tokenise.tokens(keyword, language)
    if not wanted:
        return 0.0
    if strict_match(keyword, response, language):
        return 1.0
    said = tokenise.tokens(response, language)
    if _UNSPACED.search(keyword) or _HANGUL.search(keyword):
        return _longest_run(wanted, said) / len(wanted)
    return sum(max((_alike(w, s, language) for s in said), default=0.0) for w in wanted) / len(
        wanted
    )


def _words(text: str, language: str) -> list[str]:
    """Normalised words as written between spaces and punctuation."""
    return _WORD.findall(tokenise.normalise(text, language))


def _same_words(wanted: Sequence[str], said: Sequence[str], language: str) -> bool:
    *head, last = wanted
    if _HANGUL.search(last):
        return head == list(said[:-1]) and said[-1].startswith(last)
    if language == "ar":
        rest = [[word.removeprefix("ال") for word in words[1:]] for words in (wanted, said)]
        return rest[0] == rest[1] and not _bare(wanted[0]).isdisjoint(_bare(said[0]))
    return list(wanted) == list(said)


def _bare(word: str) -> set[str]:
    """An Arabic word with and without article and proclitics, where three letters remain."""
    longest = next(
        (c for c in _ARABIC_CLITICS if word.startswith(c) and len(word) >= len(c) + 3), ""
    )
    return {word, word.removeprefix(longest)}


def _alike(wanted: str, said: str, language: str) -> float:
    if wanted == said or tokenise.stem(wanted, language) == tokenise.stem(said, language):
        return 1.0
    if language in tokenise.UNINFLECTED:
        return 0.0
    common = next(
        (i for i, (a, b) in enumerate(zip(wanted, said, strict=False)) if a != b),
        min(len(wanted), len(said)),
    )
    return common / len(wanted) if 2 * common >= len(wanted) else 0.0


def _longest_run(wanted: Sequence[str], said: Sequence[str]) -> int:
    best = 0
    previous = [0] * (len(said) + 1)
    for token in wanted:
        row = [0] * (len(said) + 1)
        for j, other in enumerate(said):
            if token == other:
                row[j + 1] = previous[j] + 1
        best = max(best, *row)
        previous = row
    return best


def _phrases(alt: str, language: str) -> Iterator[tuple[str, bool]]:
    """Runs of content words as written, each with whether it looks like a name."""
    stop = FUNCTION_WORDS.get(language, frozenset())
    for part in _BREAK.split(alt):
        if _UNSPACED.search(part):
            yield from ((run, False) for run in _cut_unspaced(part, stop))
            continue
        run: list[str] = []
        for place, word in enumerate([*_WORD.findall(part), ""]):
            content = bool(word) and not _skipped(word, language, stop)
            if content:
                run.append(_without_particle(word))
            if run and (not content or language != "vi" or len(run) == MAX_PHRASE):
                yield " ".join(run), place > 0 and run[0][:1].isupper()
                run = []


def _cut_unspaced(part: str, stop: frozenset[str]) -> Iterator[str]:
    by_length = sorted((word for word in stop if len(word) > 2), key=len, reverse=True)
    cuts = "|".join(regex.escape(word) for word in by_length)
    for chunk in regex.split(rf"\s+|(?:{cuts})" if cuts else r"\s+", part):
        head = next((w for w in stop if chunk.startswith(w) and len(chunk) >= len(w) + 4), "")
        if chunk and not chunk.isdecimal():
            yield chunk.removeprefix(head)


def _skipped(word: str, language: str, stop: frozenset[str]) -> bool:
    plain = tokenise.normalise(word, language)
    return plain in stop or plain.isdecimal() or len(plain) < 2


def _without_particle(word: str) -> str:
    if _HANGUL.search(word):
        for particle in KOREAN_PARTICLES:
            if word.endswith(particle) and len(word) - len(particle) >= 2:
                return word[: -len(particle)]
    return word


def _least_letters(phrase: str) -> int:
    return 2 if _HANGUL.search(phrase) or _UNSPACED.search(phrase) else 3


def _unique(phrases: Iterable[str], language: str) -> list[str]:
    seen: dict[str, str] = {}
    for phrase in phrases:
        stems = [tokenise.stem(token, language) for token in tokenise.tokens(phrase, language)]
        seen.setdefault(" ".join(stems), phrase)
    return list(seen.values())
