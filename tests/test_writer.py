"""Who writes an answer: a language model on a real server, and quotes in its place while that fails."""

import logging
from collections.abc import Iterator

import pytest

from askcorpus.answer.llm import load_answerer
from askcorpus.answer.prompts import CANNOT_ANSWER
from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import ModelError
from askcorpus.types import Done, Token, Turn
from askcorpus_eval.promises import measure
from askcorpus_eval.questions import Question
from openai_server import OpenAIServer, Reply, openai_server
from serving import QUESTION, real_assistant

SAID = "Ferries sailed from Zeebrugge instead, the port authority said [1]."
HISTORY = (Turn(role="user", text=QUESTION), Turn(role="assistant", text="Because of a storm. [1]"))
FOLLOW_UP = "And from where did ferries sail instead?"


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    with openai_server() as running:
        yield running


@pytest.fixture(scope="module")
def shared(
    server: OpenAIServer, tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings
) -> Iterator[tuple[Assistant, Assistant]]:
    """One that quotes, and one with a language model, over the same articles."""
    with real_assistant(tmp_path_factory.mktemp("writer"), embeddings) as quoting:
        model = {"llm": "tiny", "llm_base_url": server.url, "llm_timeout": 1.0}
        settings = quoting.settings.model_copy(update=model)
        answerer = load_answerer(settings, embeddings)
        yield quoting, Assistant(settings, quoting.store, embeddings, reader=quoting.reader, answerer=answerer)


@pytest.fixture
def quoting(shared: tuple[Assistant, Assistant]) -> Assistant:
    return shared[0]


@pytest.fixture
def writing(shared: tuple[Assistant, Assistant], server: OpenAIServer) -> Assistant:
    server.replies.clear()
    server.requests.clear()
    return shared[1]


@pytest.mark.parametrize(
    ("replies", "kind", "detail"),
    [
        pytest.param([Reply(status=500)] * 2, "failed", "failed", id="fails twice"),
        pytest.param([Reply(status=401)], "failed", "refused the key", id="wrong key"),
        pytest.param([Reply(("late",), delay=3)], "failed", "in time", id="slow"),
        pytest.param([Reply(("Ferries ", "sailed"), drop_after=1)], "failed", "broke off", id="breaks off"),
        pytest.param([Reply(("",))], "failed", "empty", id="says nothing"),
        pytest.param([Reply(("<think>They ask of", " a harbour.</think>"))], "failed", "empty", id="only thinks"),
        pytest.param([Reply(("banana " * 50,))], "unsupported", "wrote nothing that", id="nonsense"),
        pytest.param([Reply(("Ostende was shelled by the Danish navy [1].",))], "unsupported", "support", id="lies"),
    ],
)
def test_quotes_stand_in_for_a_model_that_fails_and_it_is_asked_again_the_next_time(
    writing: Assistant,
    quoting: Assistant,
    server: OpenAIServer,
    replies: list[Reply],
    kind: str,
    detail: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.queue(*replies)
    with caplog.at_level(logging.INFO):
        answer = writing.ask(QUESTION)

    quotes = quoting.ask(QUESTION)
    assert answer.model_fault is not None
    assert (answer.model_fault.kind, answer.model, answer.answered_by) == (kind, "tiny", "extractive")
    assert detail in answer.model_fault.detail
    assert (answer.answer, answer.citations, answer.confidence) == (quotes.answer, quotes.citations, quotes.confidence)
    assert (quotes.answered_by, quotes.model_fault) == ("extractive", None)
    told = [record.getMessage() for record in caplog.records if record.name == "askcorpus.answer.writer"]
    assert len(told) == 1 and "Ostende" not in told[0]

    server.queue(SAID)
    again = writing.ask(QUESTION)
    assert (again.answer, again.answered_by, again.model_fault) == (SAID, "tiny", None)


def test_what_a_model_had_begun_to_say_is_replaced_not_continued(writing: Assistant, server: OpenAIServer) -> None:
    server.queue(Reply(("Ferries ", "sailed"), drop_after=1))
    events = list(writing.stream(QUESTION))
    assert [event.text for event in events if isinstance(event, Token)] == ["Ferries "]
    assert isinstance(events[-1], Done) and "Ferries sailed" not in events[-1].answer.answer.partition("[1]")[0]
    assert events[-1].answer.citations


def test_a_model_that_finds_no_answer_in_the_passages_has_the_last_word(
    writing: Assistant, server: OpenAIServer
) -> None:
    server.queue(CANNOT_ANSWER)
    answer = writing.ask(QUESTION)
    assert (answer.answerable, answer.abstain_reason) == (False, "unsupported_answer")
    assert (answer.answered_by, answer.model_fault) == ("", None)


def test_a_follow_up_is_read_below_what_was_said_where_the_model_cannot_put_it_in_words(
    writing: Assistant, quoting: Assistant, server: OpenAIServer
) -> None:
    server.queue(Reply(status=403))
    answer, quotes = writing.ask(FOLLOW_UP, history=HISTORY), quoting.ask(FOLLOW_UP, history=HISTORY)
    assert len(server.requests) == 1, "a model that has just failed is not asked a second time"
    assert answer.model_fault is not None and "not open to this key" in answer.model_fault.detail
    assert (answer.answer, answer.standalone_question) == (quotes.answer, quotes.standalone_question)
    assert "Zeebrugge" in answer.answer


def test_nothing_stands_in_where_an_error_rate_is_ordered(
    writing: Assistant, quoting: Assistant, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_ordered", lambda rate: quoting._ordered(rate))
    server.queue(Reply(status=403), Reply(status=403), "banana " * 50)
    for history in ((), HISTORY):
        with pytest.raises(ModelError, match="not open to this key"):
            writing.ask(QUESTION, history=history, max_error=0.3)
    answer = writing.ask(QUESTION, max_error=0.3)
    assert (answer.answerable, answer.abstain_reason) == (False, "unsupported_answer")


def test_an_abstention_says_that_the_model_failed_too(writing: Assistant, server: OpenAIServer) -> None:
    server.queue(Reply(status=403))
    strict = Assistant(
        writing.settings.model_copy(update={"min_confidence": 0.9999}),
        writing.store,
        writing.embeddings,
        reader=writing.reader,
        answerer=writing.answerer,
    )
    answer = strict.ask("Who won the chess tournament in Verdan?", history=HISTORY)
    assert (answer.answerable, answer.answered_by) == (False, "")
    assert answer.model_fault is not None and answer.model_fault.kind == "failed"


def test_an_overview_after_a_failed_rewrite_does_not_ask_again(writing: Assistant, server: OpenAIServer) -> None:
    server.queue(Reply(status=403), "Verdan has a bridge [1].")
    answer = writing.ask("Tell me about Zeebrugge", history=HISTORY)
    assert len(server.requests) == 1
    assert answer.model_fault is not None and "not open to this key" in answer.model_fault.detail


def test_what_quotes_prove_is_not_proven_to_be_the_models(writing: Assistant, server: OpenAIServer) -> None:
    server.queue(Reply(status=403))
    proof = writing.prove(writing.ask(QUESTION))
    assert proof.conditions.model == "extractive"
    assert writing.recheck(proof).status == "settings_changed"

    server.queue(SAID, SAID)
    proof = writing.prove(writing.ask(QUESTION))
    assert (proof.conditions.model, writing.recheck(proof).status) == ("tiny", "same")
    server.queue(Reply(status=403))
    with pytest.raises(ModelError, match="not open to this key"):
        writing.recheck(proof)


def test_quotes_that_stand_in_are_no_measured_answers_of_the_model(writing: Assistant, server: OpenAIServer) -> None:
    known = Question(id="1", question=QUESTION, answers=("a storm",), answerable=True)
    server.queue("banana " * 50, "The harbour of Ostende closed on Friday because of a storm [1].")
    measured = [measure(writing, [known], "", lambda: None, print) for _ in range(2)]
    assert [(one.asked, len(one.outcomes)) for one in measured] == [(1, 0), (1, 1)]
    server.queue(Reply(status=403))
    with pytest.raises(ModelError, match="not open to this key"):
        measure(writing, [known], "", lambda: None, print)
