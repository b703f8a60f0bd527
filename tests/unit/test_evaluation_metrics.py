"""Figures against sacreBLEU, rouge-score and by hand; intervals; signatures."""

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF

from mella_spark.evaluation import bootstrap
from mella_spark.evaluation.fidelity import is_in_language
from mella_spark.evaluation.metrics import MetricOptions, Output, score

HYPOTHESES = ["Một ngôi sao đỏ ở trên nhà.", "Hai con mèo xanh", "", "Đèn ông sao và nón lá"]
REFERENCES = ["Một ngôi sao đỏ ở bên nhà.", "Ba con mèo màu xanh", "Cá", "Đèn ông sao"]
QUICK = MetricOptions(resamples=50)


def outputs(language="vi", source="ling", keywords=()):
    return [
        Output(h, (r,), language, source, keywords)
        for h, r in zip(HYPOTHESES, REFERENCES, strict=True)
    ]


@pytest.mark.parametrize(
    ("language", "tokeniser"), [("vi", "13a"), ("ar", "intl"), ("th", "char"), ("ko", "char")]
)
def test_equal_to_sacrebleu(language, tokeniser):
    figures = score(outputs(language), QUICK)["ling"][language]
    bleu, chrf = BLEU(tokenize=tokeniser), CHRF(word_order=2)
    expected = bleu.corpus_score(HYPOTHESES, [REFERENCES]).score
    assert figures["bleu"].value == pytest.approx(expected, abs=1e-9)
    assert f"|{bleu.get_signature()}|" in figures["bleu"].signature
    expected = chrf.corpus_score(HYPOTHESES, [REFERENCES]).score
    assert figures["chrf++"].value == pytest.approx(expected, abs=1e-9)
    assert f"|{chrf.get_signature()}|" in figures["chrf++"].signature


def test_several_references_equal_sacrebleu():
    two = [Output(h, (r, h + " x"), "vi") for h, r in zip(HYPOTHESES, REFERENCES, strict=True)]
    second = [h + " x" for h in HYPOTHESES]
    figures = score(two, QUICK)["ling"]["vi"]
    expected = BLEU(tokenize="13a").corpus_score(HYPOTHESES, [REFERENCES, second]).score
    assert figures["bleu"].value == pytest.approx(expected, abs=1e-9)
    assert "nrefs:2" in figures["bleu"].signature
    uneven = [Output("a b c", ("a b c",), "vi"), Output("d e f", ("x", "d e f"), "vi")]
    figures = score(uneven, QUICK)["ling"]["vi"]
    assert figures["chrf++"].value == pytest.approx(100)
    assert "nrefs:var" in figures["chrf++"].signature


def test_rouge_l_equals_rouge_score_where_tokens_agree():
    plain = ["a red star above one house", "two blue cats", "fish"]
    target = ["a red star near the house", "two cats", "boat"]
    mine = [Output(h, (r,), "en") for h, r in zip(plain, target, strict=True)]
    scorer = RougeScorer(["rougeL"])
    expected = np.mean(
        [scorer.score(r, h)["rougeL"].fmeasure for h, r in zip(plain, target, strict=True)]
    )
    assert score(mine, QUICK)["ling"]["en"]["rouge_l"].value == pytest.approx(100 * expected)


def test_keyword_figures_by_hand():
    samples = [
        Output("đèn ông sao ở Huế", ("x",), "vi", "know", ("đèn ông sao", "Huế")),
        Output("đèn đỏ", ("x",), "vi", "know", ("đèn ông sao",)),
        Output("trdelník", ("x",), "cs", "know", ("trdelník", "kraslice")),
        Output("không có từ khoá", ("x",), "vi", "know"),
    ]
    figures = score(samples, QUICK)["know"]
    assert figures["vi"]["keyword_strict"].value == pytest.approx(100 * 2 / 3)
    assert figures["vi"]["keyword_soft"].value == pytest.approx(100 * (2 + 1 / 3) / 3)
    assert figures["vi"]["keyword_any"].value == pytest.approx(100 * 1 / 2)
    assert figures["vi"]["keyword_any"].n == 2
    assert figures["vi"]["meteor"].n == 3
    assert figures["micro"]["keyword_strict"].value == pytest.approx(100 * 3 / 5)
    assert figures["macro"]["keyword_strict"].value == pytest.approx(50 * (2 / 3 + 1 / 2))
    assert "bleu" not in figures["micro"]
    assert "bleu" in figures["macro"]


def test_no_keywords_no_keyword_figure():
    assert not {"keyword_strict", "keyword_any"} & set(score(outputs(), QUICK)["ling"]["vi"])
    assert score([], QUICK) == {}


def test_fidelity():
    def starts_with_d(text, language):
        return language == "vi" and text.startswith("Đ")

    figures = score(outputs(), MetricOptions(resamples=9, identifier="d"), starts_with_d)["ling"]
    assert figures["vi"]["fidelity"].value == 25
    assert figures["vi"]["fidelity"].signature.startswith("fidelity|identify:d|bs:9|")


@pytest.mark.parametrize(
    ("text", "language", "same"),
    [
        ("Một ngôi sao đỏ ở bên trái hai ngôi nhà.", "vi", True),
        ("A red star to the left of two houses.", "vi", False),
        ("Crvena zvezda je levo od dve kuće.", "sr", True),
        ("Црвена звезда је лево од две куће.", "sr", True),
        ("Crvena zvijezda lijevo od dvije kuće.", "cs", False),
        ("12", "cs", False),
        ("", "th", False),
    ],
)
def test_is_in_language(text, language, same):
    assert is_in_language(text, language) is same


def test_serbian_scripts_score_the_same():
    latin = Output("Šajkača i đubre", ("Šajkača i njiva",), "sr")
    mixed = Output("Шајкача и ђубре", ("Šajkača i njiva",), "sr")
    pair = [score([o], QUICK)["ling"]["sr"] for o in (latin, mixed)]
    assert {m: f.value for m, f in pair[0].items()} == {m: f.value for m, f in pair[1].items()}


def test_intervals_are_seeded_and_hold_the_value():
    many = outputs() * 10
    once, again = score(many), score(many)
    assert once == again
    other = score(many, MetricOptions(seed=8))
    assert other["ling"]["vi"]["meteor"].low != once["ling"]["vi"]["meteor"].low
    for figure in once["ling"]["vi"].values():
        assert figure.low <= figure.value <= figure.high
        assert figure.low < figure.high


def test_bootstrap_of_a_mean_agrees_with_theory():
    """Of n values of standard deviation s, the mean's 95 % interval is ± 1.96 s / √n."""
    values = np.random.default_rng(1).normal(0.5, 0.1, 400)
    rows = np.column_stack([values, np.ones(400)])
    low, high = bootstrap.estimate(rows, bootstrap.ratio, 4000, 3).interval(0.95)
    half = 100 * 1.96 * values.std() / 20
    assert (high - low) / 2 == pytest.approx(half, rel=0.05)


def test_common_signature_of_languages():
    figures = score([*outputs("vi"), *outputs("th")], QUICK)["ling"]
    assert "|tok:*|" in figures["macro"]["bleu"].signature
    assert "|nrefs:1|" in figures["macro"]["bleu"].signature
    assert "mean:micro" in figures["micro"]["meteor"].signature
