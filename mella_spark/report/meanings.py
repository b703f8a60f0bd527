"""What the one-word reasons and kinds of the tables mean, for readers of the page."""

from __future__ import annotations

from mella_spark.images.reasons import REASONS

STAGE_UNITS = {
    "extract": ("images and other records", "pairs"),
    "filter": ("pairs", "native pairs"),
    "fetch": ("picture addresses", "pictures"),
    "caption": ("pictures", "captions"),
    "translate": ("captions × languages", "translations"),
    "assemble": ("candidates", "samples"),
}
"""What each stage sees and what it keeps."""

STAGE_MEANINGS = {
    "extract": {
        "no_alt": "an image element without an alt attribute",
        "blank_alt": "an empty alt, which marks decoration",
        "not_http": "an image that is not on the web (data:, file: and so on)",
        "no_url": "an image element without an address",
        "no_image": "a page without images",
        "not_html": "a record that is no page",
        "not_response": "a record that is no answer of a server (requests, metadata)",
        "http_error": "an answer other than success",
        "captured_image": "a picture that lies in the crawl, noted for the fetch stage",
        "page_unaddressable": "a page whose address is longer than any server takes",
        "image_unaddressable": "a picture in the crawl whose address or place is unusable",
        "repeated": "the same page, image and alt met before",
        "record_timeout": "a record that took too long",
        "parser_error": "a record the parser failed on",
        "unreadable_record": "a record that cannot be read",
        "unreadable_file": "a file that cannot be read",
        "missing_file": "a file that is not there",
        "not_warc": "a file that is neither WARC nor WAT",
        "truncated_file": "a file that ends early",
    },
    "filter": {
        "tracking_pixel": "declared no larger than a tracking pixel",
        "file_name": "the alt is a file name or an address",
        "boilerplate": "the alt is navigation or page furniture",
        "too_short": "the alt has too few letters",
        "no_language": "no language could be told",
        "language_not_target": "in a language that is not collected",
        "not_native": "in another language than its page",
        "low_culture_score": "too little cultural evidence",
        "duplicate": "the same picture, alt and language met before",
    },
    "fetch": REASONS,
    "assemble": {
        "failed_checks": "a translation that failed its checks",
        "repeated": "the same sample met before",
        "split_conflict": "near-duplicates of the picture stand in different splits",
    },
}

EVIDENCE_MEANINGS = {
    "alt_language": "the alt is in a target language",
    "page_language": "the page's text is in the same language",
    "country_domain": "the host is in a country where it is spoken",
    "declared_language": "the page declares the language",
    "gazetteer": "a cultural term in the alt",
    "gazetteer_figcaption": "a cultural term in the figure's caption",
    "gazetteer_title": "a cultural term in the title",
    "gazetteer_context": "a cultural term in the text around",
    "proper_name": "a name in the alt",
    "specific": "the alt says much",
    "boilerplate": "navigation or page furniture",
    "file_name": "a file name or an address",
    "tracking_pixel": "the size of a tracking pixel",
    "too_short": "too few letters",
    "small_picture": "the size of an icon",
}

METRIC_NAMES = {
    "keyword_strict": "Keyword accuracy",
    "keyword_soft": "Keywords, soft match",
    "keyword_strict_macro": "Keyword accuracy, mean of samples",
    "keyword_soft_macro": "Keywords, soft match, mean of samples",
    "keyword_any": "Any keyword",
    "keyword_any_soft": "Any keyword, soft match",
    "meteor": "METEOR",
    "chrf++": "chrF++",
    "bleu": "BLEU",
    "spbleu": "spBLEU",
    "rouge_l": "ROUGE-L",
    "fidelity": "Right language",
}
"""Names of the metrics, in the order they are shown in."""

MAIN_METRICS = {
    "know": ("keyword_strict", "keyword_soft", "meteor", "chrf++", "fidelity"),
    "ling": ("meteor", "chrf++", "bleu", "rouge_l", "fidelity"),
    "thick": ("meteor", "chrf++", "bleu", "rouge_l", "fidelity"),
}
"""Metrics of the table in the text; the others stand in the appendix."""


def words(name: str) -> str:
    """A reason or kind as words."""
    return name.replace("_", " ")


def meaning(stage: str, reason: str) -> str:
    """What a stage's reason means; empty where its name is all that is known."""
    if stage == "fetch" and reason.startswith("http_"):
        return f"the server answered with status {reason.removeprefix('http_')}"
    return STAGE_MEANINGS.get(stage, {}).get(reason, "")
