"""A report's data made by hand, as a demo of middling size would leave it; pictures are drawn."""

from __future__ import annotations

import io
import math
import random
from functools import cache

from mella_spark.models.work import Work
from mella_spark.report.data import (
    SCORE_BINS,
    Bin,
    CategoryCount,
    Comparison,
    Evaluation,
    EvidenceCount,
    Example,
    LanguageInfo,
    PairCount,
    Picture,
    ReportData,
    SampleCount,
    Score,
    TableInfo,
    Term,
    Thumbnail,
    Training,
    TranslationCount,
)
from mella_spark.report.thumbnails import thumbnail
from mella_spark.report.work import ModelWork
from mella_spark.sample.draw import draw
from mella_spark.sample.grammar import caption, motif_name, native_alt
from mella_spark.sample.scenes import MOTIFS, random_scene
from mella_spark.stages.funnel import stage_count
from mella_spark.text.profiles import load_languages

PROFILES = load_languages()
LANGUAGES = tuple(
    LanguageInfo(code, item.name, item.endonym, item.direction) for code, item in PROFILES.items()
)
TARGETS = tuple(info for info in LANGUAGES if info.code != "en")
PIVOT = next(info for info in LANGUAGES if info.code == "en")
WORK = Work(
    inputs=640, tokens=9_600, calls=10, busy_s=108.0, wait_s=6.0, wall_s=120.0,
    positions=40_000, useful=37_000, out_of_memory=1,
)  # fmt: skip
FUNNEL = (
    stage_count("extract", {
        "seen": 9_804, "kept": 5_210, "blank_alt": 1_204, "no_alt": 902, "captured_image": 871,
        "not_html": 612, "not_http": 402, "not_response": 301, "no_image": 180,
        "repeated": 121, "unreadable_record": 1,
    }),
    stage_count("filter", {
        "seen": 5_210, "kept": 1_912, "boilerplate": 1_530, "duplicate": 902, "not_native": 310,
        "file_name": 288, "tracking_pixel": 150, "no_language": 71, "language_not_target": 46,
        "too_short": 1,
    }),
    stage_count("fetch", {"seen": 880, "kept": 861, "http_404": 11, "truncated": 5, "svg": 3}),
    stage_count("caption", {"seen": 640, "kept": 640}),
    stage_count("translate", {"seen": 5_120, "kept": 5_118, "out_of_memory_error": 2}),
    stage_count("assemble", {"seen": 7_030, "kept": 6_581, "failed_checks": 331, "repeated": 118}),
)  # fmt: skip


@cache
def drawn(seed: int, language: str, side: int = 240) -> tuple[Thumbnail, str, str, str, str]:
    """A picture: its native alt, its description in the language and the pivot, a keyword."""
    rng = random.Random(f"{language}{seed}")
    scene = random_scene(rng, language)
    buffer = io.BytesIO()
    draw(scene, 256, seed).save(buffer, "PNG")
    small = thumbnail(buffer.getvalue(), side, 30_000)
    assert small is not None
    motif = next(group.thing for group in scene.groups if group.thing in MOTIFS[language])
    texts = native_alt(scene, language, rng), caption(scene, language), caption(scene, "en")
    return small, *texts, motif_name(motif, language)


def gallery(each: int = 3) -> tuple[Picture, ...]:
    pictures = []
    for info in TARGETS:
        for seed in range(each):
            small, alt, described, pivot, name = drawn(seed, info.code)
            pictures.append(
                Picture(
                    info.code, ("train", "test")[seed % 2], small, alt, described, pivot,
                    (name,),
                    (("gazetteer", name),
                     ("alt_language", info.code), ("country_domain", "site.example")),
                    "festival", 0.61 + 0.1 * seed, "https://site.example/page.html",
                    "https://creativecommons.org/licenses/by/4.0/" if seed else None,
                )
            )  # fmt: skip
    return tuple(pictures)


def score(metric: str, value: float, n: int = 40) -> Score:
    signature = f"{metric}|case:lc|tok:script-v1|bs:1000|ci:0.95|seed:7"
    return Score(value, max(value - 4.2, 0), min(value + 4.4, 100), n, signature)


def evaluation() -> Evaluation:
    gains = {"keyword_strict": (0.0, 41.3), "keyword_soft": (1.2, 52.0), "keyword_any": (0.0, 44.0),
             "meteor": (0.3, 38.2), "chrf++": (4.1, 47.5), "bleu": (0.0, 21.4),
             "rouge_l": (0.5, 44.0), "fidelity": (0.0, 97.5)}  # fmt: skip
    figures: dict[str, dict[str, dict[str, Comparison]]] = {}
    for source in ("know", "ling"):
        figures[source] = {
            group: {
                name: Comparison(score(name, b + i / 10), score(name, max(a - 2.7 * i, 0)))
                for name, (b, a) in gains.items()
                if (source == "know" or not name.startswith("keyword"))
                and not (group == "micro" and name == "bleu")
            }
            for i, group in [*enumerate(info.code for info in TARGETS), (3, "micro"), (4, "macro")]
        }
    examples = []
    for info in TARGETS:
        small, alt, described, pivot, name = drawn(9, info.code)
        for source, text in (("know", alt), ("ling", described)):
            prompt = PROFILES[info.code].prompts
            question = (prompt.know if source == "know" else prompt.ling)[0]
            examples.append(
                Example(f"{info.code}-{source}", source, info.code, question, text, pivot, text,
                        (name,) if source == "know" else (), small)
            )  # fmt: skip
    facts = {"Before": "embedded", "After": "demo/_models/sft/adapter", "Split": "test",
             "Samples": "640", "Intervals": "95% bootstrap, 1,000 resamples"}  # fmt: skip
    return Evaluation(figures, tuple(examples), facts)


def training() -> Training:
    curve = tuple(
        (s, 0.4 + 5.2 * math.exp(-s / 130) + 0.1 * math.sin(s)) for s in range(1, 901, 10)
    )
    held_out = tuple((s, 0.55 + 5.0 * math.exp(-s / 140)) for s in range(0, 901, 100))
    facts = {"Base model": "embedded", "Method": "lora", "Table": "demo/mella",
             "Table version": "5", "Training samples": "5,201", "Steps": "900",
             "Train loss": "5.588 → 0.412",
             "Validation loss": "5.601 → 0.571", "Time": "3 min 12 s", "Seed": "7"}  # fmt: skip
    return Training(curve, held_out, True, facts)


def full() -> ReportData:
    """Every section filled."""
    rng = random.Random(5)
    samples, pairs, translations, terms = [], [], [], []
    for i, info in enumerate(TARGETS):
        pairs.append(PairCount(info.code, 520 - 21 * i, 260 - 17 * i))
        translations.append(TranslationCount(info.code, 640, 640 - 9 * i, i % 2))
        for source, base in (("know", 230), ("ling", 600)):
            for split, share in (("train", 0.8), ("validation", 0.1), ("test", 0.1)):
                n = round((base - 13 * i) * share)
                samples.append(SampleCount(info.code, source, split, n, n * rng.randint(30, 60)))
        terms += [
            Term(info.code, motif_name(motif, info.code), 40 - 5 * j)
            for j, motif in enumerate(MOTIFS[info.code])
        ]
    kinds = {"alt_language": (3_410, 1_912), "page_language": (3_050, 1_800),
             "specific": (3_400, 1_900), "country_domain": (2_400, 1_500),
             "declared_language": (2_300, 1_480), "boilerplate": (1_530, 0),
             "gazetteer": (902, 711), "proper_name": (700, 450), "file_name": (288, 0),
             "tracking_pixel": (150, 0), "too_short": (38, 0)}  # fmt: skip
    return ReportData(
        root="demo",
        made_at="2025-09-01 12:00 UTC",
        languages=TARGETS,
        pivot=PIVOT,
        min_culture_score=0.1,
        tables=(
            TableInfo("manifest", "Crawl files to read; one row a file.", 1, 5),
            TableInfo("pairs", "Images with alt text; one row per page, image and alt.", 4, 5_210),
            TableInfo("mella", "The training table; one row per sample.", 5, 6_581),
        ),
        funnel=FUNNEL,
        work=(ModelWork("caption", "embedded", 64.0, WORK),),
        pairs=(*pairs, PairCount("en", 812, 0), PairCount("und", 71, 0)),
        translations=tuple(translations),
        samples=tuple(samples),
        sample_pictures=861,
        evidence=tuple(EvidenceCount(kind, *counts) for kind, counts in kinds.items()),
        categories=(
            CategoryCount("festival", 310),
            CategoryCount("household", 204),
            CategoryCount("clothing", 144),
            CategoryCount("transport", 53),
        ),
        terms=tuple(terms),
        bins=tuple(
            Bin(i, 0 if i < 2 else round(300 * math.exp(-(((i - 12) / 4) ** 2))), 1_900 // (i + 1))
            for i in range(SCORE_BINS)
        ),
        gallery=gallery(),
        training=training(),
        evaluation=evaluation(),
        settings=(("filter.min_culture_score", "0.1"), ("report.gallery_size", "24")),
        software=(("mella-spark", "0.1.0"), ("python", "3.11")),
    )


def empty() -> ReportData:
    """Right after ``mella manifest``: nothing to show yet."""
    tables = (TableInfo("manifest", "Crawl files to read; one row a file.", 0, 0),)
    return ReportData("demo", "2025-09-01 12:00 UTC", TARGETS, PIVOT, tables=tables)
