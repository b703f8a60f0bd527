"""From a pair to its language, cultural score and fate: pure functions over one row.

The score is a noisy-or of the evidence for, damped by the evidence against::

    score = (1 - Π (1 - w)) · Π (1 - |v|)        w > 0 for, v < 0 against

so it lies in 0..1, further evidence for raises it, evidence against lowers it, and the order does
not matter. It ranks pairs; it rejects few. D_know lives from volume, so a native alt that is no
page furniture is kept on the strength of its language alone: ``min_culture_score`` lies below what
the language of an alt gives at ``min_language_score``.

``decide`` reads nothing but columns of ``native_pairs``: thresholds can be changed later without
reading the crawl again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from mella_spark.culture import evidence as ev
from mella_spark.culture.evidence import WEIGHTS, Evidence
from mella_spark.culture.gazetteer import Gazetteer, load_gazetteer
from mella_spark.errors import SettingsError
from mella_spark.settings import FilterSettings
from mella_spark.text.language import (
    ENGLISH,
    UNDETERMINED,
    LanguageDecision,
    identify_alt,
    resolve_page_language,
)
from mella_spark.text.model import normalise_label
from mella_spark.text.normalise import comparison_key, tidy
from mella_spark.text.profiles import Language, languages_of_domain, load_languages
from mella_spark.text.scripts import words

# Evidence that rejects on its own, in the order in which one reason is named.
DECISIVE = ("tracking_pixel", "file_name", "boilerplate", "too_short")
# Evidence that the page agrees with the language of the alt.
NATIVE = frozenset({"page_language", "country_domain", "declared_language"})
REJECT_REASONS = (
    *DECISIVE,
    "no_language",
    "language_not_target",
    "not_native",
    "low_culture_score",
    "duplicate",
)
_SURE_OF_PAGE = 0.5  # probability from which on a page's language can contradict an alt


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the filter adds to a pair; the fields are columns of ``native_pairs``."""

    language: str
    language_score: float
    script: str
    culture_score: float
    culture_evidence: tuple[Evidence, ...]
    category: str | None
    reject_reason: str | None


@dataclass(frozen=True)
class Assessor:
    """Everything needed to assess pairs: settings, languages described, languages collected for."""

    settings: FilterSettings
    languages: Mapping[str, Language]
    targets: tuple[str, ...]

    @cached_property
    def gazetteers(self) -> dict[str, Gazetteer]:
        """The gazetteer of each target."""
        return {code: load_gazetteer(self.languages[code]) for code in self.targets}

    @cached_property
    def boilerplates(self) -> dict[str, ev.Boilerplate]:
        """What tells boilerplate in each language described."""
        return {code: ev.Boilerplate(language) for code, language in self.languages.items()}

    def assess(self, pair: Mapping[str, Any]) -> Assessment:
        """Language, score, evidence and reject reason (null if acceptable) of one row of ``pairs``.

        Duplicates are not found here: they need the other pairs.
        """
        page = _Page.of(pair, self.languages)
        decision = identify_alt(
            pair["alt"],
            page.language,
            page.score,
            page.declared,
            page.domain_languages,
            self.targets,
            self.languages,
            self.settings.language_model,
        )
        found, category = self._evidence(pair, page, decision)
        score = combine(item.weight for item in found)
        reason = decide(
            decision.language,
            decision.score,
            page.language,
            page.score,
            score,
            found,
            self.targets,
            self.settings,
        )
        return Assessment(
            decision.language,
            decision.score,
            decision.script,
            score,
            tuple(found),
            category,
            reason,
        )

    def _evidence(
        self, pair: Mapping[str, Any], page: _Page, decision: LanguageDecision
    ) -> tuple[list[Evidence], str | None]:
        alt, code = tidy(pair["alt"]), decision.language
        alt_words = words(alt)
        found: list[Evidence] = []
        category: str | None = None
        if code in self.targets:
            language = self.languages[code]
            found.append(_weighted("alt_language", code, decision.score))
            if page.language == code:
                found.append(_weighted("page_language", code, page.score))
            if page.declared == code:
                found.append(Evidence("declared_language", code, WEIGHTS["declared_language"]))
            if code in page.domain_languages:
                found.append(Evidence("country_domain", page.domain, WEIGHTS["country_domain"]))
            hits, category = ev.gazetteer_evidence(
                self.gazetteers[code],
                (
                    ("gazetteer", alt),
                    ("gazetteer_figcaption", pair.get("figcaption")),
                    ("gazetteer_title", pair.get("title")),
                    ("gazetteer_context", pair.get("context")),
                ),
            )
            found += hits
            name = ev.proper_name(alt, alt_words, decision.script)
            found += [name] if name else []
            found.append(ev.specific(alt_words, language.tokenisation == "character"))
        against = (
            ev.small(
                pair.get("width_declared"),
                pair.get("height_declared"),
                self.settings.pixel_side,
                self.settings.icon_side,
            ),
            self._no_words(alt, decision),
            ev.boilerplate(comparison_key(alt), self._tellers(code, page)),
            ev.too_short(alt_words, self.settings.min_alt_chars),
        )
        return found + [item for item in against if item is not None], category

    def _no_words(self, alt: str, decision: LanguageDecision) -> Evidence | None:
        if decision.reason in ("file_name", "address"):
            return Evidence("file_name", alt[:80], WEIGHTS["file_name"])
        return None

    def _tellers(self, code: str, page: _Page) -> list[ev.Boilerplate]:
        """Those of the languages that may furnish the page: the alt's, the page's and English."""
        codes = dict.fromkeys((code, page.language, page.declared, *page.domain_languages, ENGLISH))
        return [self.boilerplates[c] for c in codes if c is not None and c in self.boilerplates]


def make_assessor(settings: FilterSettings, targets: tuple[str, ...]) -> Assessor:
    """An assessor for ``targets`` with the shipped descriptions of languages.

    Raises ``SettingsError`` if a target is not described in ``conf/languages.yaml``.
    """
    languages = load_languages()
    missing = [code for code in targets if code not in languages]
    if missing:
        raise SettingsError(
            f"Languages without a description: {', '.join(missing)}.",
            "Add a block for each to conf/languages.yaml.",
        )
    return Assessor(settings, languages, targets)


def combine(weights: Iterable[float]) -> float:
    """Noisy-or of the positive ``weights`` times the complements of the negative ones, 0 to 1."""
    doubt, damping = 1.0, 1.0
    for weight in weights:
        if weight > 0:
            doubt *= 1.0 - min(weight, 1.0)
        else:
            damping *= 1.0 - min(-weight, 1.0)
    return (1.0 - doubt) * damping


def decide(
    language: str,
    language_score: float,
    page_language: str | None,
    page_language_score: float | None,
    culture_score: float,
    evidence: Sequence[Evidence],
    targets: Collection[str],
    settings: FilterSettings,
) -> str | None:
    """Why a pair is rejected, one of ``REJECT_REASONS``; ``None`` if it is acceptable.

    ``not_native``: the alt is not in the language of its page, where the page's is a target, or the
    alt is in a target language and nothing of the page (its text, its declaration, its domain)
    agrees. ``language_not_target``: neither alt nor page is in a language collected for.
    ``no_language``: no language, or none probable enough.
    """
    kinds = {item.kind for item in evidence}
    for kind in DECISIVE:
        if kind in kinds:
            return kind
    if language == UNDETERMINED or language_score < settings.min_language_score:
        return "no_language"
    sure = page_language not in (None, UNDETERMINED) and (
        page_language_score is None or page_language_score >= _SURE_OF_PAGE
    )
    if language not in targets:
        return "not_native" if sure and page_language in targets else "language_not_target"
    if sure and page_language != language and not kinds & NATIVE:
        return "not_native"
    return "low_culture_score" if culture_score < settings.min_culture_score else None


def _weighted(kind: str, value: str, probability: float) -> Evidence:
    return Evidence(kind, value, round(WEIGHTS[kind] * probability, 4))


@dataclass(frozen=True, slots=True)
class _Page:
    """What the pair's page says of its language."""

    language: str | None
    score: float
    declared: str | None
    domain: str
    domain_languages: tuple[str, ...]

    @classmethod
    def of(cls, pair: Mapping[str, Any], languages: Mapping[str, Language]) -> _Page:
        declared = pair.get("page_lang_declared")
        code = normalise_label(declared.strip().lower()) if declared else None
        host = urlsplit(pair["page_url"]).hostname or ""
        domain_languages = languages_of_domain(host, languages)
        language = resolve_page_language(
            pair.get("page_language"), code, domain_languages, languages
        )
        score = pair.get("page_language_score")
        return cls(
            language,
            1.0 if score is None else score,
            code,
            "." + host.rpartition(".")[2],
            domain_languages,
        )
