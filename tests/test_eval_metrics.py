"""Every metric against arithmetic that can be redone by hand."""

import warnings
from math import log2

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from askcorpus.types import Citation, Document
from askcorpus_eval.metrics import abstention, answers, bootstrap, calibration, citations, latency, retrieval, wilson
from askcorpus_eval.metrics.citations import Place
from askcorpus_eval.metrics.normalise import MLQA, answer_tokens

RANKING = ["a", "b", "c", "d"]


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)


def bools(*values: int) -> np.ndarray:
    return np.array(values, dtype=bool)


def test_hit_looks_at_the_first_k() -> None:
    assert retrieval.hit(RANKING, {"c": 1}, 2) == 0
    assert retrieval.hit(RANKING, {"c": 1}, 3) == 1


def test_recall_counts_every_relevant_document() -> None:
    assert retrieval.recall(RANKING, {"a": 1, "d": 1, "z": 1}, 3) == pytest.approx(1 / 3)
    assert retrieval.recall(RANKING, {"a": 1, "d": 1, "z": 1}, 4) == pytest.approx(2 / 3)


def test_reciprocal_rank_is_zero_beyond_k() -> None:
    assert retrieval.reciprocal_rank(RANKING, {"c": 1, "d": 1}, 10) == pytest.approx(1 / 3)
    assert retrieval.reciprocal_rank(RANKING, {"c": 1}, 2) == 0


def test_ndcg_of_graded_documents() -> None:
    gained = 1 / log2(1 + 1) + 2 / log2(3 + 1)  # a has grade 1 at rank 1, c grade 2 at rank 3
    ideal = 2 / log2(1 + 1) + 1 / log2(2 + 1)
    assert retrieval.ndcg(RANKING, {"a": 1, "c": 2}, 10) == pytest.approx(gained / ideal)


def test_average_precision_divides_by_all_relevant() -> None:
    assert retrieval.average_precision(RANKING, {"a": 1, "c": 1, "z": 1}) == pytest.approx((1 / 1 + 2 / 3 + 0) / 3)


def test_nothing_found_scores_zero() -> None:
    gold = {"a": 1}
    assert retrieval.hit([], gold, 5) == retrieval.recall([], gold, 5) == retrieval.average_precision([], gold) == 0


@pytest.mark.parametrize(
    ("language", "text", "tokens"),
    [
        pytest.param("en", "The cat's  Hat, a!", ["cats", "hat"], id="en:articles-punctuation-case"),
        pytest.param("fr", "L'eau d’Évian, la Source", ["eau", "d", "évian", "source"], id="fr:elided-article"),
        pytest.param("de", "Der Zug und die Bahn", ["zug", "und", "bahn"], id="de:articles"),
        pytest.param("es", "El Niño", ["niño"], id="es:articles"),
        pytest.param("ar", "الكتاب", ["كتاب"], id="ar:article-on-the-word"),
        pytest.param("zh", "北京，2008 年", ["北", "京", "2008", "年"], id="zh:by-character"),
        pytest.param("ja", "東京タワー", ["東", "京", "タ", "ワ", "ー"], id="ja:by-character"),
        pytest.param("vi", "của Hà Nội", ["hà", "nội"], id="vi:articles"),
        pytest.param("hi", "नई दिल्ली।", ["नई", "दिल्ली"], id="hi:danda-is-punctuation"),
        pytest.param("", "The end", ["the", "end"], id="unknown:no-articles"),
        pytest.param("fr", "e\u0301te\u0301", ["été"], id="composed-and-decomposed-letters-are-the-same"),
    ],
)
def test_normalisation(language: str, text: str, tokens: list[str]) -> None:
    assert answer_tokens(text, language) == tokens


# What MLQA's own program (mlqa_evaluation_v1.py) gives for these, where one might expect something else.
@pytest.mark.parametrize(
    ("language", "text", "tokens"),
    [
        pytest.param("en", "the £5 a-b", ["£5", "ab"], id="en"),
        pytest.param("en", "the+a", ["thea"], id="en:a-plus-is-punctuation-to-it"),
        pytest.param("en", "a£the", ["£"], id="en:an-article-beside-a-sign-goes"),
        pytest.param("en", "e\u0301", ["e\u0301"], id="en:letters-are-not-composed"),
        pytest.param("de", "zum Beispiel das", ["zum", "beispiel"], id="de"),
        pytest.param("es", "l'una Del", ["luna", "del"], id="es"),
        pytest.param("vi", "Những con mèo là", ["con", "mèo"], id="vi"),
        pytest.param("ar", "قال الرجال", ["ق", "رج"], id="ar:the-article-goes-wherever-it-stands"),
        pytest.param("hi", "क्या यह।", ["क्या", "यह"], id="hi"),
        pytest.param(
            "zh",
            "我在 2008 年 the 東京タワー 㐀㐀",
            ["我", "在", "2008", "年", "the", "東", "京", "タワー", "㐀㐀"],
            id="zh",
        ),
    ],
)
def test_tokens_are_exactly_those_of_mlqa_in_its_languages(language: str, text: str, tokens: list[str]) -> None:
    assert language in MLQA
    assert answer_tokens(text, language) == tokens


def test_answers_of_nothing_but_articles_share_nothing() -> None:
    assert answers.f1("", ["The"], "en") == answers.f1("the", ["a"], "en") == 0


def test_markers_are_not_part_of_the_answer() -> None:
    assert answers.plain("Paris [1]. It rained [2][3].") == "Paris. It rained."


def test_exact_match_takes_any_gold() -> None:
    assert answers.exact_match("The Beatles!", ["Queen", "beatles"], "en") == 1
    assert answers.exact_match("The Beatles rock", ["beatles"], "en") == 0


def test_f1_takes_the_best_gold() -> None:
    # prediction: queen anne died in 1714 (5); gold: anne died (2), shared 2 → 2·2 / (5 + 2)
    assert answers.f1("Queen Anne died in 1714", ["George", "Anne died"], "en") == pytest.approx(4 / 7)


def test_f1_counts_repeated_words_as_often_as_both_have_them() -> None:
    assert answers.f1("no no no", ["no no yes"], "en") == pytest.approx(2 * 2 / (3 + 3))


def test_f1_by_character_in_chinese() -> None:
    assert answers.f1("北京市", ["北京"], "zh") == pytest.approx(2 * 2 / (3 + 2))


def test_answer_in_citation_wants_whole_words_in_a_row() -> None:
    assert answers.answer_in_citation(["He paid the 20 euros."], ["20 euros"], "en") == 1
    assert answers.answer_in_citation(["He paid 120 euros."], ["20 euros"], "en") == 0
    assert answers.answer_in_citation([], ["20 euros"], "en") == 0


def test_citation_overlap_in_characters() -> None:
    evidence = [(Place("d", 10, 30),)]
    cited = [Place("d", 20, 40), Place("d", 25, 50), Place("other", 0, 10)]  # joined: d 20–50 (30), other 0–10 (10)
    assert citations.citation_recall(cited, evidence) == pytest.approx(10 / 20)
    assert citations.citation_precision(cited, evidence) == pytest.approx(10 / (30 + 10))


def test_evidence_that_stands_twice_need_be_cited_once() -> None:
    evidence = [(Place("a", 0, 10), Place("b", 5, 15)), (Place("a", 20, 40),)]
    cited = [Place("b", 5, 15)]
    assert citations.citation_recall(cited, evidence) == pytest.approx(10 / (10 + 20))
    assert citations.citation_precision(cited, evidence) == 1


def test_evidence_is_found_whatever_its_white_space() -> None:
    document = Document(id="d", title="", text="One.\nTwo  words. One.")
    assert citations.locate("Two words.", [document]) == (Place("d", 5, 16),)
    assert citations.locate("One.", [document]) == (Place("d", 0, 4), Place("d", 17, 21))
    assert citations.locate("Three", [document]) == ()
    assert citations.locate(" ", [document]) == ()


def test_a_quote_that_is_not_at_its_place_is_not_verified() -> None:
    def cite(quote: str, start: int, verified: bool = True) -> Citation:
        return Citation(
            marker=1,
            answer_start=0,
            answer_end=3,
            document_id="d",
            passage_id="p",
            quote=quote,
            start=start,
            end=start + len(quote),
            verified=verified,
        )

    documents = {"d": Document(id="d", title="", text="One two three")}
    given = [cite("One", 0), cite("two", 5), cite("three", 8), cite("two", 4, verified=False)]
    assert citations.verified_share(given, documents) == 2 / 4
    assert citations.verified_share(given, {}) == 0


def test_abstention_precision_recall_f1() -> None:
    answerable = bools(1, 1, 1, 0, 0, 0)
    abstained = bools(1, 0, 0, 1, 1, 0)
    assert abstention.abstention_precision(abstained, answerable) == pytest.approx(2 / 3)
    assert abstention.abstention_recall(abstained, answerable) == pytest.approx(2 / 3)
    assert abstention.abstention_f1(abstained, answerable) == pytest.approx(2 * 2 / (3 + 3))


def test_abstention_is_undefined_without_cases() -> None:
    everything = bools(1, 1)
    assert np.isnan(abstention.abstention_precision(~everything, everything))
    assert np.isnan(abstention.abstention_recall(~everything, everything))
    assert np.isnan(abstention.abstention_f1(~everything, everything))
    assert np.isnan(abstention.auroc(array(0.1, 0.2), everything))


def test_auroc_counts_pairs_and_half_of_ties() -> None:
    # answerable 0.9, 0.5; not 0.5, 0.1: pairs won 0.9>0.5, 0.9>0.1, 0.5>0.1, tie 0.5=0.5 → (3 + ½) / 4
    assert abstention.auroc(array(0.9, 0.5, 0.5, 0.1), bools(1, 1, 0, 0)) == pytest.approx(3.5 / 4)


def test_auroc_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    confidence, answerable = rng.integers(0, 20, 300) / 20, rng.random(300) < 0.4
    assert abstention.auroc(confidence, answerable) == pytest.approx(roc_auc_score(answerable, confidence))


def test_risk_curve_lets_equal_confidences_in_together() -> None:
    # of 8 questions 4 were answered: 0.9 right; 0.7 right and wrong; 0.2 wrong
    curve = abstention.risk_curve(array(0.7, 0.9, 0.2, 0.7), bools(0, 1, 0, 1), 8)
    assert curve == [(1 / 8, 0), (3 / 8, 1 / 3), (4 / 8, 2 / 4)]
    assert abstention.risk_curve(array(), bools(), 8) == []


def test_aurc_is_the_mean_risk() -> None:
    expected = 1 / 4 * 0 + 2 / 4 * (1 / 3) + 1 / 4 * (2 / 4)
    assert abstention.aurc(array(0.7, 0.9, 0.2, 0.7), bools(0, 1, 0, 1)) == pytest.approx(expected)
    assert np.isnan(abstention.aurc(array(), bools()))


def test_ece_over_bins_of_equal_mass() -> None:
    confidence, correct = array(0.1, 0.3, 0.6, 1.0), bools(0, 1, 1, 1)  # two bins: mean .2 / .5 right, .8 / 1 right
    assert calibration.ece(confidence, correct, bins=2) == pytest.approx(2 / 4 * 0.3 + 2 / 4 * 0.2)
    low, high = calibration.reliability(confidence, correct, bins=2)
    assert (low.n, low.low, low.high, low.confidence, low.accuracy) == pytest.approx((2, 0.1, 0.3, 0.2, 0.5))
    assert (high.n, high.confidence, high.accuracy) == pytest.approx((2, 0.8, 1.0))


def test_equal_confidences_share_a_bin_in_any_order() -> None:
    confidence, correct = np.full(40, 0.75), np.arange(40) < 30
    assert calibration.ece(confidence, correct) == pytest.approx(0)
    assert calibration.ece(confidence, correct[::-1]) == pytest.approx(0)
    assert len(calibration.reliability(confidence, correct)) == 1


def test_percentile_is_linear_between_neighbours() -> None:
    assert latency.percentile(array(10, 40, 20, 30), 50) == 25
    assert latency.percentile(array(10, 20, 30), 95) == pytest.approx(20 + 0.9 * 10)  # h = 2 · 0.95 = 1.9


def test_interval_of_equal_values_is_the_value() -> None:
    assert bootstrap.mean_interval(array(0.5, 0.5, 0.5)) == (0.5, 0.5)


def test_interval_is_about_two_standard_errors_wide() -> None:
    values = np.repeat([0.0, 1.0], 200)  # standard error √(¼ / 400) = 0.025
    low, high = bootstrap.mean_interval(values)
    assert (low, high) == pytest.approx((0.5 - 1.96 * 0.025, 0.5 + 1.96 * 0.025), abs=0.008)
    assert bootstrap.mean_interval(values) == (low, high)
    assert bootstrap.interval(np.mean, (values,)) == pytest.approx((low, high), abs=0.008)


def test_randomisation_of_three_rows_can_be_enumerated() -> None:
    # A − B is 1 on each of three rows: |difference| is 1 only for no swap and all swaps, 2 of the 8 ways to swap
    a, b = np.ones(3), np.zeros(3)

    def difference(swap: np.ndarray) -> float:
        return float(np.where(swap, b - a, a - b).mean())

    assert bootstrap.randomisation_p(difference, 3, permutations=8) == 2 / 8
    drawn = bootstrap.randomisation_p(difference, 3, permutations=7)  # too few for all: seven at random, and itself
    assert drawn in [(1 + as_large) / 8 for as_large in range(8)]
    assert bootstrap.randomisation_p(difference, 3, permutations=7) == drawn


def test_randomisation_at_random_comes_near_the_exact_share() -> None:
    # 16 rows with A − B = 1: of 2¹⁶ ways, |difference| stays 10/16 or more with at most 3 or at least 13 rows swapped
    signs = np.array([1] * 13 + [-1] * 3)
    exact = 2 * (1 + 16 + 120 + 560) / 2**16
    p = bootstrap.randomisation_p(lambda swap: float(np.where(swap, -signs, signs).mean()), 16, 20_000)
    assert p == pytest.approx(exact, abs=0.003)


def test_one_question_has_no_interval_and_no_proof() -> None:
    assert bootstrap.mean_interval(array(0.3)) == (0.3, 0.3)
    assert bootstrap.difference_interval(lambda rows: float(rows.sum()), 1) == (0, 0)
    assert bootstrap.randomisation_p(lambda swap: -1.0 if swap.any() else 1.0, 1) == 1


def test_undefined_resamples_are_left_out_of_an_interval() -> None:
    def mean_of_some(rows: np.ndarray) -> float:
        return float(rows.mean()) if 0 in rows else np.nan

    with warnings.catch_warnings(action="error"):
        low, high = bootstrap.difference_interval(mean_of_some, 5)
        assert np.isnan(bootstrap.difference_interval(lambda _: np.nan, 5)).all()
    assert 0 <= low < high <= 3.2  # with a 0 among the five, the mean is at most 4 · 4 / 5
    assert np.isnan(bootstrap.randomisation_p(lambda _: np.nan, 5))


def test_randomisation_of_equal_runs_finds_nothing() -> None:
    assert bootstrap.randomisation_p(lambda _: 0.0, 5, permutations=100) == 1


def test_a_share_of_none_or_all_has_an_interval() -> None:
    # Wilson 1927 with p = 1: low = n / (n + z²)
    least = 20 / (20 + 1.959964**2)
    assert wilson.share_interval(20, 20) == pytest.approx((least, 1))
    assert wilson.share_interval(0, 20) == pytest.approx((0, 1 - least))
    assert wilson.share_interval(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
