"""METEOR against NLTK and by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.translate.meteor_score import meteor_score

from mella_spark.evaluation.meteor import MeteorParameters, align, chunks, meteor, meteor_tokens


class NoStem:
    """NLTK's stem stage switched off."""

    def stem(self, word: str) -> str:
        return word


class Truncate:
    """A stemmer both sides can use."""

    def stem(self, word: str) -> str:
        return word[:2]


class NoThesaurus:
    """NLTK's synonym stage switched off."""

    def synsets(self, word: str) -> list:
        return []


def nltk_meteor(hypothesis, references, stemmer=None, p=None):
    p = p or MeteorParameters()
    return meteor_score(
        references,
        hypothesis,
        stemmer=stemmer or NoStem(),
        wordnet=NoThesaurus(),
        alpha=p.alpha,
        beta=p.beta,
        gamma=p.gamma,
    )


words = st.lists(st.sampled_from(["aa", "ab", "ba", "bb", "ca", "cab", "abc"]), max_size=12)
parameters = st.builds(
    MeteorParameters, st.floats(0.05, 0.95), st.floats(0.1, 4.0), st.floats(0.0, 1.0)
)


@given(words, words, parameters)
def test_equals_nltk_by_form(hypothesis, reference, p):
    expected = nltk_meteor(hypothesis, [reference], p=p)
    assert meteor_tokens(hypothesis, reference, p) == pytest.approx(expected, abs=1e-6)


@given(words, words)
def test_equals_nltk_with_a_stemmer(hypothesis, reference):
    expected = nltk_meteor(hypothesis, [reference], Truncate())
    ours = meteor_tokens(hypothesis, reference, stem=lambda word: word[:2])
    assert ours == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("language", ["vi", "ko", "th", "xx"])
def test_texts_equal_nltk_on_whitespace_tokens(language):
    """Where our tokens are the white-space tokens, so are the scores."""
    hypothesis, references = "a red star b", ["one red star and a b", "a blue star"]
    expected = nltk_meteor(hypothesis.split(), [r.split() for r in references])
    assert meteor(hypothesis, references, language) == pytest.approx(expected, abs=1e-6)


def test_by_hand():
    # 3 of 4 and 3 of 6 words match, in 2 chunks: "red star", "b"
    precision, recall = 3 / 4, 3 / 6
    mean = precision * recall / (0.9 * precision + 0.1 * recall)
    expected = mean * (1 - 0.5 * (2 / 3) ** 3)
    assert meteor("x red star b", ["one red star and a b"], "vi") == pytest.approx(expected)


def test_inflection_counts_where_the_language_has_a_stemmer():
    assert meteor("красные самовары", ["красный самовар"], "ru") > 0.9
    assert meteor("красные самовары", ["красный самовар"], "th") == 0.0


def test_best_reference_and_nothing():
    assert meteor("đèn ông sao", ["nhà", "đèn ông sao"], "vi") == pytest.approx(1 - 0.5 / 27)
    assert meteor("", ["đèn"], "vi") == 0.0
    assert meteor("đèn", [""], "vi") == 0.0
    assert meteor("đèn", [], "vi") == 0.0


@given(words, words)
def test_alignment_is_one_to_one_and_complete(hypothesis, reference):
    matches = align(hypothesis, reference)
    assert len({i for i, _ in matches}) == len({j for _, j in matches}) == len(matches)
    assert all(hypothesis[i] == reference[j] for i, j in matches)
    most = sum(min(hypothesis.count(w), reference.count(w)) for w in set(hypothesis))
    assert len(matches) == most


def test_chunks():
    assert chunks([(0, 0), (1, 1), (2, 4), (3, 5), (5, 6)]) == 3
    assert chunks([(0, 1), (1, 0)]) == 2
