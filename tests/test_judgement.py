"""What the reader makes of what was found: the order of the passages, and which reading of a follow-up counts."""

from collections.abc import Iterator

import pytest

from askcorpus.answer.judgement import assess, judge, rerank
from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.search.candidates import Retrieval
from askcorpus.search.query import read_query
from askcorpus.tuning import TUNING
from askcorpus.types import Filters, Turn
from asking import open_over

FERRY = "What did the new engine of the ferry cost?"
ABOUT_BREAD = (
    Turn(role="user", text="Seit wann backt die Bäckerei in Murten wieder Roggenbrot?"),
    Turn(role="assistant", text="Die Bäckerei in Murten backt seit Montag wieder Roggenbrot. [1]"),
    Turn(role="user", text="Woher kommt das Mehl?"),
    Turn(role="assistant", text="Das Mehl kommt aus Bern. [1]"),
)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("judged"), embeddings) as assistant:
        yield assistant


def found(assistant: Assistant, question: str, *history: Turn, filters: Filters = Filters()) -> Retrieval:
    query = read_query(question, history, assistant.embeddings, assistant.unrelated_texts)
    with assistant.store.snapshot() as index:
        return assistant.retriever.retrieve(index, query, filters, 20)


def test_passages_are_ordered_by_their_evidence_and_the_best_answer_in_them(assistant: Assistant) -> None:
    retrieval = found(assistant, FERRY)
    assessment = assess(retrieval, assistant.reader, assistant.calibration)
    assert assessment is not None
    hits = rerank(retrieval, assessment).hits
    assert sorted(hit.passage_id for hit in hits) == sorted(hit.passage_id for hit in retrieval.hits)
    ranked = [hit.scores.rerank for hit in hits[: TUNING.read] if hit.scores.rerank is not None]
    assert ranked == sorted(ranked, reverse=True) and len(ranked) > 1
    for hit in hits[: len(ranked)]:
        best = max(s.answer_score for s in assessment.sentences if s.hit.passage_id == hit.passage_id)
        assert hit.scores.rerank == pytest.approx(hit.scores.fused + TUNING.answer_weight * best)


def test_passages_that_were_not_read_stay_behind_in_their_order(assistant: Assistant) -> None:
    retrieval = found(assistant, FERRY)
    assessment = assess(retrieval, assistant.reader, assistant.calibration)
    assert assessment is not None
    first, unread = retrieval.hits[0], retrieval.hits[TUNING.read :]
    read = tuple(s for s in assessment.sentences if s.hit.passage_id != first.passage_id)
    assert unread, "more passages than are read are needed for this"
    assert rerank(retrieval, assessment._replace(sentences=read)).hits[-len(unread) - 1 :] == (first, *unread)
    assert rerank(retrieval, None) == retrieval


@pytest.mark.parametrize(
    "question", [FERRY, "Who is the captain of the ferry?", "What is the new lion of the zoo of Basel called?"]
)
def test_what_stands_alone_is_not_harmed_by_what_was_said_before(assistant: Assistant, question: str) -> None:
    alone, after = assistant.ask(question), assistant.ask(question, history=ABOUT_BREAD)
    assert alone.citations[0].quote == after.citations[0].quote
    assert after.confidence == pytest.approx(alone.confidence, abs=0.2)


def test_a_bare_question_word_keeps_the_subject(assistant: Assistant) -> None:
    before = (
        Turn(role="user", text="Who cut the ribbon at the bridge of Kerlouan?"),
        Turn(role="assistant", text="Le maire, Yann Le Goff, a coupé le ruban à midi. [1]"),
    )
    assert "Kerlouan" in assistant.ask("When?", history=before).passages[0].text


DERAILED = "What caused the train derailment at Kestrel Junction?"
STORIES = {
    "train": "Train derails near Kestrel Junction\n\nThe train derailed near Kestrel Junction on Thursday because of a"
    " broken rail. The line will be closed until Monday. Two people died and thirty-one were hurt.",
    "protests": "Protests in Colombo\n\nAt least 75 people were injured during the protests on Wednesday, according to"
    " the National Hospital in Colombo. The president has left the country.",
    "budget": "The budget of Rill\n\nThe council of Rill decided on its budget. It will spend two million on roads.",
}


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("told"), embeddings, STORIES) as assistant:
        yield assistant


@pytest.mark.parametrize(
    ("answer", "question", "quoted"),
    [
        pytest.param("Something else.", "How many people were injured?", "75", id="nothing-quoted"),
        pytest.param("", "How many people were injured?", "thirty-one", id="the-story-of-the-last-answer"),
        pytest.param("", "How many people were injured in Colombo?", "75", id="another-story-is-named"),
    ],
)
def test_a_question_that_names_nothing_is_of_the_story_of_the_last_answer(
    stories: Assistant, answer: str, question: str, quoted: str
) -> None:
    said = answer or stories.ask(DERAILED).answer
    history = (Turn(role="user", text=DERAILED), Turn(role="assistant", text=said))
    assert quoted in stories.ask(question, history=history).answer


def test_below_the_operating_point_the_evidence_is_too_weak(assistant: Assistant) -> None:
    retrieval = found(assistant, FERRY)
    assessment = assess(retrieval, assistant.reader, assistant.calibration)
    assert assessment is not None
    unrelated = assistant.unrelated_texts.among_themselves()
    shown = round(assessment.confidence, 4)
    for point, reason in ((shown, None), (shown + 1e-6, "weak_evidence")):
        judgement = judge(retrieval, assessment, assistant.reader, assistant.embeddings, unrelated, point)
        assert judgement.abstain_reason == reason


def test_without_anything_to_read_nothing_matches(assistant: Assistant) -> None:
    retrieval = found(assistant, FERRY, filters=Filters(languages=("sw",)))
    assert assess(retrieval, assistant.reader, assistant.calibration) is None
    unrelated = assistant.unrelated_texts.among_themselves()
    assert judge(retrieval, None, assistant.reader, assistant.embeddings, unrelated, 0.5).abstain_reason == "no_match"
