"""What is offered to be asked next: of the real corpus, in the reader's language, and answered by what it names."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from askcorpus.answer.llm import LLMAnswerer
from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index.opening import open_index
from askcorpus.search.countries import country_names
from askcorpus.settings import read_settings
from askcorpus.types import Filters
from askcorpus_ingest.pipeline import ingest
from askcorpus_ui.chat.conversation import Conversation, Exchange, Reply
from askcorpus_ui.chat.next_questions import MOST, NextQuestions
from askcorpus_ui.chat.title_questions import question_about
from askcorpus_ui.chat.translations import strings_for
from askcorpus_ui.chat.tried_questions import TriedQuestions
from asking import READER
from chat_model import ScriptedChatModel
from scripted import ScriptedAssistant
from serving import serving

CORPUS = Path(__file__).parents[1] / "corpus"
ASKED = {
    "en": "Which states recognized Donetsk?",
    "fr": "Quand la Finlande est-elle devenue membre de l’Otan ?",
    "de": "Welche Staaten haben Donezk anerkannt?",
    "ar": "متى اعترفت سوريا بدونيتسك ولوغانسك؟",
}


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    settings = read_settings(data=tmp_path_factory.mktemp("newsroom"))
    with Assistant(settings, open_index(settings, embeddings), embeddings, reader=READER) as assistant:
        ingest([CORPUS], assistant.store, embeddings, settings)
        yield assistant


def answered(assistant: Assistant, question: str, filters: Filters = Filters()) -> Conversation:
    exchange = Exchange(question=question, reply=Reply.of(assistant.ask(question, filters=filters)))
    return Conversation(id="c", title="t", exchanges=(exchange,))


def offered(assistant: Assistant, conversation: Conversation, language: str = "en") -> list[str]:
    assert conversation.last is not None
    finder = NextQuestions(TriedQuestions(assistant))
    return finder.after(conversation, conversation.last, strings_for(language), lambda: True)


@pytest.mark.parametrize(
    ("question", "strange"),
    [
        ("When did Notre-Dame reopen?", ("Türkiye", "Russia", "Finland", "Croatia", "Sweden")),
        ("Who won the Nobel prize in literature?", ("Sweden", "Finland", "Korea", "Russia")),
        ("Wann begann Kroatien mit dem Euro zu zahlen?", ("Ukraine", "Russland", "Schweden")),
        ("What do the documents say about the grain agreement?", ("asteroid", "DART", "Sweden")),
        ("Which states recognized Donetsk?", ("earthquakes", "orbit", "grain")),
        ("Which rocket launched the Webb telescope?", ("Turkey", "grain", "Donetsk")),
    ],
)
def test_what_has_nothing_to_do_with_the_answer_is_not_offered(
    newsroom: Assistant, question: str, strange: tuple[str, ...]
) -> None:
    questions = offered(newsroom, answered(newsroom, question))
    assert [one for one in questions if any(name in one for name in strange)] == []


@pytest.mark.parametrize(
    "question", ["When did the Orion capsule come down?", "Wann begann Kroatien mit dem Euro zu zahlen?"]
)
def test_where_little_else_is_near_the_report_that_answers_is_asked_about(newsroom: Assistant, question: str) -> None:
    conversation = answered(newsroom, question)
    assert conversation.last is not None and conversation.last.reply is not None
    title = conversation.last.reply.markers[0].title
    questions = [one for one in offered(newsroom, conversation) if title in one]
    assert len(questions) == 1
    assert questions[0] not in offered(newsroom, answered(newsroom, questions[0]))


@pytest.mark.parametrize("language", ASKED)
def test_they_are_distinct_in_the_readers_language_and_answered_by_what_they_name(
    newsroom: Assistant, language: str
) -> None:
    conversation = answered(newsroom, ASKED[language])
    questions = offered(newsroom, conversation)
    strings = strings_for(language)
    assert 1 <= len(questions) == len(set(questions)) <= MOST
    about = {
        question_about(one.title, one.source, one.text, one.language, strings): one.title
        for one in newsroom.store.documents(Filters(languages=(language,)))
    }
    countries = {names[0] for names in country_names(language).values()}
    before, after = strings.example_name.split("{name}")
    for question in questions:
        answer = newsroom.ask(question)
        assert answer.answerable
        if question in about:  # of a title in another language it would be a question in two
            assert about[question] in {citation.title for citation in answer.citations}
        else:
            named = question.removeprefix(before).removesuffix(after)
            assert named in countries and named not in ASKED[language]


def test_they_keep_to_the_filters_and_to_what_was_not_asked(newsroom: Assistant) -> None:
    filters = Filters(languages=("fr",), date_from="2022", date_to="2022")
    conversation = answered(newsroom, ASKED["en"], filters)
    first = offered(newsroom, conversation)
    assert first and all(newsroom.ask(question, filters=filters).answerable for question in first)
    assert conversation.last is not None
    more = (*conversation.exchanges, conversation.last.model_copy(update={"question": first[0], "number": 2}))
    assert first[0] not in offered(newsroom, conversation.model_copy(update={"exchanges": more}))


def test_there_are_none_without_an_answer_and_none_once_others_ask(newsroom: Assistant) -> None:
    silent = answered(newsroom, "How much does Sweden spend on defence each year?")
    assert offered(newsroom, silent) == []
    conversation = answered(newsroom, ASKED["en"])
    assert conversation.last is not None
    left = iter((True, True))
    finder = NextQuestions(TriedQuestions(newsroom))
    some = finder.after(conversation, conversation.last, strings_for("en"), lambda: next(left, False))
    assert 0 < len(some) <= 2


def test_no_language_model_is_asked_for_them(newsroom: Assistant) -> None:
    model = ScriptedChatModel()
    written = Assistant(
        newsroom.settings.model_copy(update={"llm": "scripted:model"}),
        newsroom.store,
        newsroom.embeddings,
        reader=READER,
        answerer=LLMAnswerer(model, "scripted", lambda one, other: np.zeros((len(one), len(other)), np.float32)),
    )
    conversation = answered(newsroom, ASKED["en"])
    assert offered(written, conversation) == offered(newsroom, conversation) != []
    assert model.received == []


def test_they_are_told_to_the_browser_alone_whose_conversation_it_is(tmp_path: Path) -> None:
    with serving(ScriptedAssistant(), read_settings(data=tmp_path)) as address:
        for path in ("next/" + "x" * 22 + "/1", "next/" + "x" * 22 + "/9999999"):
            assert httpx.get(f"{address}/{path}").json() == {"questions": []}
        assert httpx.get(f"{address}/next/short/1").status_code == 422


def test_what_may_be_asked_first_is_told_of_those_documents_that_pass(tmp_path: Path) -> None:
    with serving(ScriptedAssistant(), read_settings(data=tmp_path)) as address:
        told = {}
        for query in ("", "?date_from=2024", "?source=none", "?date_from=hello", "?" + "document=x&" * 500):
            reply = httpx.get(f"{address}/first{query}")
            assert reply.is_success
            told[query[:12]] = len(reply.json()["questions"])
        assert list(told.values()) == [2, 1, 0, 0, 2]
