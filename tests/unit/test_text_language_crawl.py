"""Language decisions on a real crawl with known answers, where one lies beside the checkout."""

import json
import os
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mella_spark.settings import load_settings
from mella_spark.text.language import identify, identify_alt
from mella_spark.text.profiles import languages_of_domain, load_languages

BESIDE = Path(__file__).resolve().parents[2] / ".." / "shared" / "crawl"
TRUTH = Path(os.environ.get("MELLA_CRAWL", BESIDE)) / "truth.jsonl"
LANGUAGES = load_languages()
TARGETS = load_settings(environment={}).languages.targets


@pytest.fixture(scope="module")
def decisions():
    """(site's language, true language, decided language) of every alt; pages are their own alts."""
    if not TRUTH.is_file():
        pytest.skip(f"no crawl with known answers at {TRUTH}; set MELLA_CRAWL to its folder")
    rows = [json.loads(line) for line in TRUTH.read_text(encoding="utf-8").splitlines()]
    pages = defaultdict(list)
    for row in rows:
        pages[row["page"]].append(row["alt"])
    identified = {page: identify(" ".join(alts)) for page, alts in pages.items()}
    found = []
    for row in rows:
        domain = languages_of_domain(urlsplit(row["page"]).hostname, LANGUAGES)
        page_language, score = identified[row["page"]]
        decision = identify_alt(row["alt"], page_language, score, None, domain, TARGETS)
        found.append((domain[0], row["lang"], decision.language))
    return found


@pytest.mark.parametrize("language", TARGETS)
def test_native_alts_are_found_and_are_native(decisions, language):
    here = [(true, found) for site, true, found in decisions if site == language]
    counts = Counter((true == language, found == language) for true, found in here)
    recall = counts[True, True] / (counts[True, True] + counts[True, False])
    precision = counts[True, True] / (counts[True, True] + counts[False, True])
    assert recall >= 0.97
    assert precision >= 0.98


def test_english_does_not_leak(decisions):
    english = [(site, found) for site, true, found in decisions if true == "en"]
    assert sum(found == site for site, found in english) / len(english) < 0.03
