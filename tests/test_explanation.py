"""Why it was answered, or not: numbers that can be worked out again, and a line that says what tipped it."""

import math
from collections.abc import Iterator

import pytest

from askcorpus.answer.confidence import Calibration, measure
from askcorpus.answer.explanation import explain
from askcorpus.answer.sentence_scores import score_sentences
from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.search.query import read_query
from askcorpus.tuning import TUNING
from askcorpus.types import AbstainReason, Document, Explanation, Filters, Turn
from asking import open_over

VOLCANO = "What did the volcano of Hestfell do in March 2021? Zeppelin!"
AFTER_FERRY = (Turn(role="user", text="When does the ferry to Molde sail again?"),)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("explain"), embeddings) as assistant:
        yield assistant


def explained(assistant: Assistant, question: str, history: tuple[Turn, ...] = ()) -> Explanation:
    found = assistant.ask(question, history=history, explain=True).explain
    assert found is not None
    return found


def decided(
    assistant: Assistant,
    abstain_reason: AbstainReason | None,
    *,
    answer: float = 1.0,
    passage: float = 1.0,
    operating_point: float = 0.5,
) -> str:
    """The verdict where each feature pulls as said, per unit above nothing."""
    query = read_query(VOLCANO, (), assistant.embeddings, assistant.unrelated_texts)
    with assistant.store.snapshot() as index:
        retrieval = assistant.retriever.retrieve(index, query, Filters(), 8)
    weights = {"answer": answer, "passage": passage}
    nothing, one = dict.fromkeys(weights, 0.0), dict.fromkeys(weights, 1.0)
    calibration = Calibration(0.0, weights, nothing, one, operating_point, {"answer_score": 1.0})
    evidence = score_sentences(retrieval, assistant.reader, calibration.sentence_weights)
    features = measure(query, evidence)
    return explain(
        retrieval, evidence, features, calibration, operating_point, filters=Filters(), abstain_reason=abstain_reason
    ).verdict


@pytest.mark.parametrize("history", [(), AFTER_FERRY], ids=["alone", "follow-up"])
def test_every_fused_score_can_be_worked_out(assistant: Assistant, history: tuple[Turn, ...]) -> None:
    explanation = explained(assistant, VOLCANO, history)
    languages = {hit.passage_id: hit.language for hit in assistant.search(VOLCANO)}
    assert len(explanation.readings) == 1 + bool(history)
    assert sum(reading.weight for reading in explanation.readings) == pytest.approx(1.0)
    for passage in explanation.passages:
        total = 0.0
        for reading, match in zip(explanation.readings, passage.matches, strict=True):
            own = match.similarity - reading.advantages.get(languages[passage.passage_id], 0.0)
            assert match.standing == pytest.approx((own - reading.background) / reading.deviation, abs=0.05)
            words = TUNING.lexical_weight * max(0.0, match.lexical_share - TUNING.lexical_floor)
            assert match.evidence == pytest.approx(match.standing + words)
            total += reading.weight * match.evidence
        assert passage.scores.fused == pytest.approx(total + passage.preference, abs=0.01)


def test_passages_come_in_the_answers_order_with_its_scores(assistant: Assistant) -> None:
    answer = assistant.ask(VOLCANO, explain=True)
    assert answer.explain is not None
    assert [(one.passage_id, one.scores) for one in answer.explain.passages] == [
        (hit.passage_id, hit.scores) for hit in answer.passages
    ]


def test_what_was_looked_for_is_told(assistant: Assistant) -> None:
    filters = Filters(languages=("en",))
    explanation = assistant.ask(VOLCANO, filters=filters, explain=True).explain
    assert explanation is not None
    assert (explanation.standalone_question, explanation.filters, explanation.period) == (VOLCANO, filters, "2021-03")
    (reading,) = explanation.readings
    assert reading.text == VOLCANO
    assert "zeppelin" in reading.unknown_terms and "volcano" not in reading.unknown_terms
    assert [one.preference for one in explanation.passages].count(TUNING.period_preference) == 1
    assert explanation.passages[0].preference == TUNING.period_preference


def test_a_follow_up_is_told_in_both_its_readings(assistant: Assistant) -> None:
    bare, context = explained(assistant, "And what did its engine cost?", AFTER_FERRY).readings
    assert bare.text == "And what did its engine cost?"
    assert context.text == f"{AFTER_FERRY[0].text}\n{bare.text}"


def test_the_confidence_can_be_worked_out(assistant: Assistant) -> None:
    explanation = explained(assistant, VOLCANO)
    pulls = [feature.pull for feature in explanation.features.values()]
    assert explanation.confidence == pytest.approx(1 / (1 + math.exp(-explanation.start - sum(pulls))), abs=1e-3)
    assert sorted(pulls, key=abs, reverse=True) == pulls
    assert explanation.features["answer"].value == pytest.approx(explanation.sentences[0].answer_score)


def test_the_verdict_names_what_tipped_it_to_an_answer(assistant: Assistant) -> None:
    assert decided(assistant, None, passage=-0.01).startswith("answers: confidence 0.")
    assert " reaches 0.50; most in favour: answer " in decided(assistant, None, passage=-0.01)
    assert "most in favour: passage " in decided(assistant, None, answer=-0.01)


def test_the_verdict_names_what_tipped_it_to_none(assistant: Assistant) -> None:
    verdict = decided(assistant, "weak_evidence", answer=-20.0)
    assert verdict.startswith("abstains: confidence 0.00 is below 0.50; most against: answer ")
    assert "most against: passage " in decided(assistant, "weak_evidence", passage=-20.0)


def test_where_nothing_speaks_for_the_decision_nothing_is_named(assistant: Assistant) -> None:
    verdict = decided(assistant, "weak_evidence", operating_point=1.0)
    assert verdict.startswith("abstains: confidence ") and verdict.endswith((" is below 1.00", " is below 1.0000"))


def test_a_confidence_that_rounds_to_the_operating_point_is_told_more_exactly(assistant: Assistant) -> None:
    verdict = decided(assistant, "weak_evidence", answer=0.0, passage=0.0, operating_point=0.504)
    assert verdict == "abstains: confidence 0.5000 is below 0.5040"


def test_an_answer_that_no_passage_supports_is_told_apart_from_weak_evidence(assistant: Assistant) -> None:
    verdict = decided(assistant, "unsupported_answer")
    assert " reaches 0.50, but no passage supports" in verdict and verdict.startswith("abstains: ")


def test_where_no_passage_passes_the_filters_that_is_the_verdict(assistant: Assistant) -> None:
    """As of a document without text; filters that no document passes are refused before."""
    with assistant.store.writer() as writer:
        writer.put(Document(id="empty", title="Empty", text="", language="sw"), [])
    try:
        explanation = assistant.ask(VOLCANO, filters=Filters(languages=("sw",)), explain=True).explain
    finally:
        with assistant.store.writer() as writer:
            writer.remove(["empty"])
    assert explanation is not None
    assert explanation.verdict == "abstains: no passage passes the filters"
    assert (explanation.passages, explanation.sentences, explanation.features) == ((), (), {})


def test_where_all_that_is_found_is_of_another_time_that_is_the_verdict(assistant: Assistant) -> None:
    explanation = explained(assistant, "What did the volcano of Hestfell do in March 1987?")
    assert explanation.verdict == "abstains: no passage found can be about 1987-03, which the question names"
    assert explanation.passages and explanation.sentences == ()
