"""From measurements to a probability: a logistic model that can be worked out by hand."""

import math

import numpy as np
import pytest

from askcorpus.answer.confidence import (
    Calibration,
    Features,
    load_calibration,
    measure,
    missing_names,
)
from askcorpus.answer.sentence_scores import ScoredSentence
from askcorpus.embedding.baseline import ScoreBaseline
from askcorpus.search.query import Query
from askcorpus.types import Hit, Scores, Span

CALIBRATION = Calibration(
    intercept=-1.0,
    weights={"foreign": 2.0, "passage": 0.5},
    means={"foreign": 5.0, "passage": 1.0},
    deviations={"foreign": 2.0, "passage": 1.0},
    operating_point=0.5,
    sentence_weights={},
)


def features(**known: float) -> Features:
    """Features of which the others, which these models do not weigh, are nothing."""
    return Features(**dict.fromkeys(Features.__slots__, 0.0) | known)


def hit(document: str, fused: float) -> Hit:
    return Hit(passage_id=f"p-{document}", document_id=document, text="x", start=0, end=1, scores=Scores(fused=fused))


def read(question: str, language: str) -> Query:
    """A query without a corpus."""
    vectors = np.zeros((1, 2), np.float32)
    return Query.read(
        question, question, language, vectors, terms=(("x",),), baselines=(ScoreBaseline(0.0, 1.0),), period=""
    )


def measured(question: str, sentence: str, languages: tuple[str, str] = ("", ""), period: str = "") -> Features:
    """The features when ``sentence`` is all that a passage says; ``languages`` are the question's and the passage's."""
    query = Query.read(
        question,
        question,
        languages[0],
        np.zeros((1, 2), np.float32),
        terms=(("x",),),
        baselines=(ScoreBaseline(0.0, 1.0),),
        period=period,
    )
    passage = hit("a", 1.0).model_copy(update={"text": sentence, "language": languages[1]})
    span = Span(0, len(sentence))
    evidence = ScoredSentence(passage, span, sentence, span, 3.0, 40.0, -40.0, 0.6, 2.0, 14.0)
    return measure(query, [evidence])


def test_confidence_is_the_logistic_of_the_weighed_sum() -> None:
    """-1 + 2 · (7 - 5) / 2 + 0.5 · (3 - 1) / 1 = 2"""
    assert CALIBRATION.confidence(features(foreign=7.0, passage=3.0)) == pytest.approx(1 / (1 + math.exp(-2)))


def test_at_the_means_only_the_intercept_counts() -> None:
    assert CALIBRATION.confidence(features(foreign=5.0, passage=1.0)) == pytest.approx(1 / (1 + math.e))


@pytest.mark.parametrize(("extreme", "near"), [(1e9, 1.0), (-1e9, 0.0)])
def test_extremes_overflow_nothing_and_are_never_certain(extreme: float, near: float) -> None:
    confidence = CALIBRATION.confidence(features(foreign=extreme))
    assert confidence == pytest.approx(near)
    assert 0 < confidence < 1


def test_pulls_say_what_tipped_the_decision_strongest_first() -> None:
    """From the usual share, 1, to -5: 0.5 · -6 / 1. From no foreign score to 4: 2 · 4 / 2. Start: -1 - 2 · 5 / 2."""
    found = features(foreign=4.0, passage=-5.0)
    pulls = CALIBRATION.pulls(found)
    assert pulls == {"foreign": 4.0, "passage": -3.0}
    assert list(pulls) == ["foreign", "passage"]
    assert CALIBRATION.start == -6.0
    assert CALIBRATION.confidence(found) == pytest.approx(1 / (1 + math.exp(-(-6.0 + 4.0 - 3.0))))


def test_what_another_language_is_worth_pulls_nothing_in_the_questions_own() -> None:
    assert CALIBRATION.pulls(features(passage=1.0)) == {"foreign": 0.0, "passage": 0.0}


def test_the_evidence_is_that_of_the_best_sentence() -> None:
    found = measured("Who came?", "Ann came.")
    assert (found.answer, found.foreign, found.foreign_passage) == (3.0, 0.0, 0.0)


def test_a_passage_in_another_language_is_measured_once_more() -> None:
    found = measured("Who came?", "Anne est venue.", languages=("en", "fr"))
    assert (found.foreign, found.relevance, found.passage) == (1.0, 40.0, -40.0)
    assert found.foreign_passage == found.passage


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("When did Syria recognize Donetsk?", 0.0),
        ("When did China recognize Donetsk?", 1.0),
        ("When did Syria recognize Kharkiv?", 0.0),  # it may be called otherwise in French
        ("When did somebody recognize Kharkiv?", 1.0),
        ("When was it recognized?", 0.0),
    ],
)
def test_a_name_that_is_asked_about_and_not_there_is_missing(question: str, name: float) -> None:
    found = measured(question, "La Syrie avait reconnu Donetsk en juin.", languages=("en", "fr"))
    assert found.name == name


def test_in_one_language_any_name_that_is_not_there_is_missing() -> None:
    found = measured("When did Syria recognize Kharkiv?", "Syria recognized Donetsk in June.", languages=("en", "en"))
    assert found.name == 1.0


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ("Which ship of 2 500 000 tonnes sank?", 0.0),  # 2.5 million, as the passage writes it
        ("Which ship of ٢٥٠٠٠٠٠ tonnes sank?", 0.0),
        ("Which ship of 1,300 tonnes sank?", 1.0),
        ("Which of the 3 ships sank?", 0.0),  # as well in letters
        ("Which ship sank after 1931?", 0.0),  # the edge of a time
        ("Which ship sank in 1931?", 1.0),
        ("Which ship sank?", 0.0),
    ],
)
def test_a_number_of_the_question_that_is_not_there_is_missing(question: str, number: float) -> None:
    period = "1931" if "in 1931" in question else ""
    assert measured(question, "The Aurora, of 2.5 million tonnes, sank.", period=period).number == number


def test_the_calibration_in_the_package_answers_from_strong_evidence_only() -> None:
    """Evidence that stands three deviations above (below) all that it was fitted on is strong (weak)."""
    calibration = load_calibration()
    assert all(deviation > 0 for deviation in calibration.deviations.values())

    def confidence(deviations: float) -> float:
        return calibration.confidence(
            features(
                **{
                    name: calibration.means[name] + deviations * math.copysign(1, weight) * calibration.deviations[name]
                    for name, weight in calibration.weights.items()
                }
            )
        )

    assert confidence(-3.0) < calibration.operating_point < confidence(3.0)


def found(text: str, language: str, title: str = "") -> Hit:
    return hit("a", 1.0).model_copy(update={"text": text, "language": language, "title": title})


SYRIA = found("La Syrie avait reconnu Donetsk en juin.", "fr")


@pytest.mark.parametrize(
    ("question", "hits", "names"),
    [
        ("When did China recognize Donetsk?", [SYRIA], ["China"]),
        ("When did China recognize Donetsk?", [SYRIA, found("Pékin est en Chine.", "fr")], []),
        ("When did Syria recognize Kharkiv?", [SYRIA], []),  # in French it may be called otherwise
        ("When did anybody recognize Kharkiv?", [SYRIA], ["Kharkiv"]),  # but not if nothing else is the same either
        ("When did Syria recognize Kharkiv?", [found("Syria recognized Donetsk.", "en")], ["Kharkiv"]),
        ("When did Syria recognize Kharkiv?", [found("Syria did.", "en", title="Kharkiv: the latest")], []),
    ],
)
def test_names_that_none_of_the_passages_has(question: str, hits: list[Hit], names: list[str]) -> None:
    query = Query.read(
        question,
        question,
        "en",
        np.zeros((1, 2), np.float32),
        terms=(("x",),),
        baselines=(ScoreBaseline(0.0, 1.0),),
        period="",
    )
    assert [name.text for name in missing_names(query, hits)] == names
