"""Figures against sacreBLEU, rouge-score and by hand; intervals; signatures."""

import functools
import math

import numpy as np
import pytest
import sentencepiece
from nltk.translate.meteor_score import meteor_score
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu import utils
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest
from sacrebleu.tokenizers import tokenizer_spm

from mella_spark.errors import MissingDependencyError, SettingsError
from mella_spark.evaluation import bootstrap, tokenise
from mella_spark.evaluation.corpus import BLEU_TOKENISERS
from mella_spark.evaluation.fidelity import is_in_language
from mella_spark.evaluation.metrics import MetricOptions, Output, compare, measure, score

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
    assert figures["vi"]["keyword_strict_macro"].value == pytest.approx(100 * (2 / 2 + 0 / 1) / 2)
    assert figures["vi"]["keyword_soft_macro"].value == pytest.approx(100 * (1 + 1 / 3) / 2)
    assert figures["vi"]["keyword_any_soft"].value == pytest.approx(100 * (1 + 1 / 3) / 2)
    assert figures["cs"]["keyword_strict_macro"].value == pytest.approx(100 * 1 / 2)
    assert figures["micro"]["keyword_strict"].value == pytest.approx(100 * 3 / 5)
    assert figures["micro"]["keyword_strict_macro"].value == pytest.approx(
        100 * (1 + 0 + 1 / 2) / 3
    )
    assert figures["macro"]["keyword_strict"].value == pytest.approx(50 * (2 / 3 + 1 / 2))
    assert "bleu" not in figures["micro"]
    assert "bleu" in figures["macro"]


def test_no_keywords_no_keyword_figure():
    assert not {"keyword_strict", "keyword_any"} & set(score(outputs(), QUICK)["ling"]["vi"])
    assert score([], QUICK) == {}


def test_samples_without_references_have_keyword_figures_only():
    mixed = [Output("đèn", (), "vi", "know", ("đèn",)), Output("sao", ("sao",), "vi", "know")]
    figures = score(mixed, QUICK)["know"]["vi"]
    assert figures["keyword_strict"].n == figures["meteor"].n == figures["bleu"].n == 1
    assert "|nrefs:1|" in figures["meteor"].signature
    only = score(mixed[:1], QUICK, lambda text, language: True)["know"]
    assert set(only["vi"]) == {
        "keyword_strict", "keyword_soft", "keyword_strict_macro", "keyword_soft_macro",
        "keyword_any", "keyword_any_soft", "fidelity",
    }  # fmt: skip


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


TH = "ดาวสีแดงอยู่ทางซ้ายของบ้านสองหลัง", "ดาวสีแดงอยู่เหนือบ้าน"
SENTENCES = {
    "ar": ("نجمة حمراء فوق البيت الكبير", "نَجْمة حمراء على يسار البيت"),
    "cs": ("Červená hvězda nad domem.", "Červené hvězdy jsou nad dvěma domy."),
    "hu": ("Piros csillag a házak felett.", "Egy piros csillag van a ház felett."),
    "ko": ("빨간 별이 집 위에 있다", "집 왼쪽에 빨간 별 두 개"),
    "ru": ("Красная звезда над домами.", "Красные звёзды над большим домом."),
    "sr": ("Црвена звезда изнад куће.", "Crvene zvezde iznad dve kuće."),
    "th": TH,
    "vi": ("Một ngôi sao đỏ ở trên nhà.", "Ngôi sao đỏ ở bên trái hai nhà."),
}


def by_hand_f(hypothesis, reference):
    """F1 of the longest common subsequence, by its textbook recursion."""

    @functools.cache
    def lcs(i, j):
        if not i or not j:
            return 0
        if hypothesis[i - 1] == reference[j - 1]:
            return lcs(i - 1, j - 1) + 1
        return max(lcs(i - 1, j), lcs(i, j - 1))

    common = lcs(len(hypothesis), len(reference))
    return 2 * common / (len(hypothesis) + len(reference))


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_all_languages_equal_the_oracles(language):
    """sacreBLEU on the text in one script; rouge-score, NLTK and recursion on our words."""
    hypothesis, reference = SENTENCES[language]
    figures = score([Output(hypothesis, (reference,), language)], QUICK)["ling"][language]
    one = [tokenise.one_script(text, language) for text in (hypothesis, reference)]
    bleu = BLEU(tokenize=BLEU_TOKENISERS.get(language, "13a"))
    expected = bleu.corpus_score([one[0]], [[one[1]]]).score
    assert figures["bleu"].value == pytest.approx(expected, abs=1e-6)
    expected = CHRF(word_order=2).corpus_score([one[0]], [[one[1]]]).score
    assert figures["chrf++"].value == pytest.approx(expected, abs=1e-6)

    said, wanted = (tokenise.words(text, language) for text in (hypothesis, reference))
    assert figures["rouge_l"].value == pytest.approx(100 * by_hand_f(said, wanted), abs=1e-6)
    symbols = {word: f"w{i}" for i, word in enumerate({*said, *wanted})}
    ascii_pair = [" ".join(symbols[word] for word in words) for words in (wanted, said)]
    expected = RougeScorer(["rougeL"]).score(*ascii_pair)["rougeL"].fmeasure
    assert figures["rouge_l"].value == pytest.approx(100 * expected, abs=1e-6)

    class Stemmer:
        def stem(self, word):
            return tokenise.stem(word, language)

    class NoThesaurus:
        def synsets(self, word):
            return []

    expected = meteor_score([wanted], said, stemmer=Stemmer(), wordnet=NoThesaurus())
    assert expected > 0
    assert figures["meteor"].value == pytest.approx(100 * expected, abs=1e-6)


def test_chrf_by_hand():
    """One reference "ab" and the answer "ac": n-grams of order 1 and 2, and one word."""
    # Characters: order 1 P = R = 1/2, order 2 P = R = 0, higher orders have none on either side.
    # Words: order 1 P = R = 0. chrF++ is the mean F over orders both sides have: 1/2, 0, 0.
    figure = score([Output("ac", ("ab",), "vi")], QUICK)["ling"]["vi"]["chrf++"]
    assert figure.value == pytest.approx(100 * (1 / 2 + 0 + 0) / 3)


def test_bleu_by_hand():
    """5 of 6, 3 of 5, 2 of 4 and 1 of 3 n-grams match; the answer is a word shorter."""
    answer, reference = "a b c d x f", "a b c d e f g"
    counts = [(5, 6), (3, 5), (2, 4), (1, 3)]
    precision = math.prod(found / made for found, made in counts) ** (1 / 4)
    expected = 100 * math.exp(1 - 7 / 6) * precision
    figure = score([Output(answer, (reference,), "vi")], QUICK)["ling"]["vi"]["bleu"]
    assert figure.value == pytest.approx(expected)


@pytest.fixture
def flores(tmp_path, monkeypatch):
    """A small SentencePiece model where sacreBLEU looks for that of flores200."""
    monkeypatch.setattr(utils, "SACREBLEU_DIR", str(tmp_path))
    monkeypatch.setattr(tokenizer_spm, "SACREBLEU_DIR", str(tmp_path))
    (tmp_path / "models").mkdir()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([text for pair in SENTENCES.values() for text in pair] * 5),
        model_prefix=str(tmp_path / "small"),
        vocab_size=150,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (tmp_path / "small.model").rename(tmp_path / "models" / "flores200sacrebleuspm")
    return tmp_path


def test_spbleu_where_the_model_is_present(flores):
    answers = [Output(*(a, (b,)), language) for language, (a, b) in SENTENCES.items()]
    figures = score(answers, QUICK)["ling"]
    one = [[tokenise.one_script(t, la) for t in pair] for la, pair in sorted(SENTENCES.items())]
    bleu = BLEU(tokenize="flores200", force=True)
    expected = bleu.corpus_score([a for a, _ in one], [[b for _, b in one]]).score
    assert expected > 0
    assert figures["micro"]["spbleu"].value == pytest.approx(expected, abs=1e-6)
    assert "|tok:flores200|" in figures["th"]["spbleu"].signature
    chosen = score(answers, MetricOptions(resamples=9, bleu_tokeniser="flores200"))["ling"]
    assert chosen["th"]["bleu"].value == figures["th"]["spbleu"].value


def test_no_model_no_spbleu(tmp_path, monkeypatch):
    monkeypatch.setattr(utils, "SACREBLEU_DIR", str(tmp_path))
    assert "spbleu" not in score(outputs(), QUICK)["ling"]["vi"]
    with pytest.raises(MissingDependencyError, match="flores200sacrebleuspm"):
        score(outputs(), MetricOptions(bleu_tokeniser="flores200"))


def test_an_unknown_tokenizer_is_named():
    with pytest.raises(SettingsError, match=r"no tokenizer '14b'.*13a"):
        score(outputs(), MetricOptions(bleu_tokeniser="14b"))


def test_difference_of_two_systems():
    better = [Output(o.references[0], o.references, o.language) for o in outputs() * 10]
    before, after = measure(outputs() * 10, QUICK), measure(better, QUICK)
    found = compare(before, after, 0.95)["ling"]["vi"]
    first, second = score(outputs() * 10, QUICK)["ling"]["vi"], score(better, QUICK)["ling"]["vi"]
    for name, change in found.items():
        assert change.value == pytest.approx(second[name].value - first[name].value)
        assert change.low <= change.value <= change.high
        assert change.n == 40
        assert change.signature == f"{first[name].signature}|test:paired-bs"
        assert 0 < change.p <= 1
    assert found["meteor"].low > 0
    assert found["meteor"].p < 0.05
    same = compare(before, before, 0.95)["ling"]["vi"]["bleu"]
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_pairing_is_closer_than_independence():
    """Two systems that are right on the same samples differ by what differs, not by the samples."""
    texts = [f"từ{i % 7} hai ba bốn" for i in range(60)]
    good = [Output(t, (t if i % 2 else "khác hẳn",), "vi") for i, t in enumerate(texts)]
    worse = [Output(o.hypothesis + " thừa", o.references, "vi") for o in good]
    change = compare(measure(worse), measure(good), 0.95)["ling"]["vi"]["meteor"]
    one = score(good)["ling"]["vi"]["meteor"]
    assert change.high - change.low < (one.high - one.low) / 4


def test_figures_made_differently_are_not_compared():
    other = measure(outputs(), MetricOptions(resamples=50, seed=9))
    with pytest.raises(ValueError, match="not comparable"):
        compare(measure(outputs(), QUICK), other, 0.95)
    rows = np.ones((4, 2))
    short = bootstrap.estimate(rows[:3], bootstrap.ratio, 9, 1)
    with pytest.raises(ValueError, match="same samples"):
        bootstrap.difference(bootstrap.estimate(rows, bootstrap.ratio, 9, 1), short)


def test_paired_bootstrap_equals_sacrebleu():
    """On sacreBLEU's own draws, replicates and p-values are the same."""
    first = [HYPOTHESES[i % 4] for i in range(24)]
    target = [REFERENCES[i % 4] for i in range(24)]
    second = [target[i] if i % 3 else first[i] for i in range(24)]
    systems = [("before", first), ("after", second)]
    metric, resamples = BLEU(tokenize="13a"), 200
    test = PairedTest(systems, {"BLEU": metric}, [target], "bs", n_samples=resamples)
    _, found = test()
    theirs = found["BLEU"]
    indices = np.random.default_rng(test._seed).choice(24, size=(resamples, 24), replace=True)
    counts = np.array([np.bincount(row, minlength=24) for row in indices])

    def finish(sums):
        return metric._compute_score_from_stats(sums.tolist()).score

    pair = []
    for answers in (first, second):
        rows = np.array(metric._extract_corpus_statistics(answers, [target]))
        replicates = bootstrap.replicate(rows, finish, counts)
        pair.append(bootstrap.Estimate(finish(rows.sum(0)), replicates, 24))
    assert pair[0].value == pytest.approx(theirs[0].score, abs=1e-6)
    assert pair[1].replicates.mean() == pytest.approx(theirs[1].mean, abs=1e-6)
    ours = bootstrap.p_value(bootstrap.difference(*pair))
    assert ours == pytest.approx(theirs[1].p_value, abs=1e-6)
