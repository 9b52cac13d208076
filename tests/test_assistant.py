"""A question from one end to the other: answered with proof, or not at all."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from askcorpus.answer.phrases import does_not_say
from askcorpus.assistant import Assistant, open_assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import IndexMismatch, NothingIngested, StorageError, UsageError
from askcorpus.index.opening import open_index
from askcorpus.settings import Settings
from askcorpus.text.language import detect_language
from askcorpus.types import Answer, Done, Filters, Retrieved, Token, Turn
from asking import ARTICLES, READER, open_over

FERRY = "When does the ferry to Molde sail again?"
AFTER_FERRY = (
    Turn(role="user", text=FERRY),
    Turn(role="assistant", text="The ferry to Molde sails again from Tuesday. [1]"),
)
LISBON = {
    "en": "What is the population of Lisbon?",
    "fr": "Quelle est la population de Lisbonne ?",
    "zh": "里斯本的人口是多少?",
}


@pytest.fixture(scope="module")
def eager(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    """Answers whatever is asked, so that nothing here depends on how it is calibrated."""
    with open_over(tmp_path_factory.mktemp("eager"), embeddings) as assistant:
        yield assistant


@pytest.fixture(scope="module")
def careful(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    """Abstains at the calibrated operating point, as it does out of the box."""
    with open_over(tmp_path_factory.mktemp("careful"), embeddings, min_confidence=None) as assistant:
        yield assistant


def test_names_that_no_cited_passage_has_are_told(eager: Assistant) -> None:
    answer = eager.ask("When does the ferry to Japan sail again?")
    assert answer.answerable
    assert answer.missing_names == ("Japan",)
    assert eager.ask("WHEN DOES THE FERRY TO JAPAN SAIL AGAIN?").missing_names == ("JAPAN",)
    assert eager.ask(FERRY).missing_names == ()


def assert_proven(answer: Answer, assistant: Assistant) -> None:
    assert answer.answerable and answer.abstain_reason is None
    assert [citation.marker for citation in answer.citations] == list(range(1, len(answer.citations) + 1))
    assert answer.citations and answer.unsupported == ()
    for citation in answer.citations:
        document = assistant.store.document(citation.document_id)
        assert document is not None
        assert document.text[citation.start : citation.end] == citation.quote
        assert answer.answer[citation.answer_start : citation.answer_end] == f"[{citation.marker}]"
        assert citation.quote in answer.answer
        assert citation.verified
        assert all(citation.start <= mark.start < mark.end <= citation.end for mark in citation.highlights)


def assert_abstains(answer: Answer) -> None:
    assert not answer.answerable
    assert answer.citations == () and answer.unsupported == ()
    assert answer.answer == does_not_say(answer.language)


@pytest.mark.parametrize(
    ("question", "language", "said"),
    [
        (FERRY, "en", "The ferry to Molde sails again from Tuesday. [1]"),
        ("When did the bridge of Kerlouan reopen?", "en", "Le pont de Kerlouan a rouvert lundi après deux ans"),
        ("Qui a coupé le ruban du pont de Kerlouan ?", "fr", "Yann Le Goff"),
        ("Wer ist der neue Löwe im Zoo Basel?", "de", "Radja"),
        ("What did the new engine of the ferry cost?", "en", "12 million kroner"),
    ],
)
def test_an_answer_is_quoted_and_proven(eager: Assistant, question: str, language: str, said: str) -> None:
    answer = eager.ask(question)
    assert said in answer.answer
    assert answer.language == language
    assert (answer.question, answer.standalone_question, answer.model) == (question, question, "extractive")
    assert answer.index.documents == len(ARTICLES)
    assert_proven(answer, eager)


def test_an_obvious_answer_is_given_out_of_the_box(careful: Assistant) -> None:
    answer = careful.ask(FERRY)
    assert_proven(answer, careful)
    assert answer.confidence >= careful.operating_point


@pytest.mark.parametrize("language", LISBON)
def test_what_the_corpus_does_not_say_is_not_answered_in_the_questions_language(
    careful: Assistant, language: str
) -> None:
    answer = careful.ask(LISBON[language])
    assert_abstains(answer)
    assert answer.abstain_reason == "weak_evidence"
    assert answer.language == detect_language(answer.answer) == language
    assert len(answer.passages) == len(ARTICLES) - 1, "the nearest passages are still shown"
    assert answer.confidence < careful.operating_point


def test_a_follow_up_finds_what_was_talked_about(eager: Assistant) -> None:
    answer = eager.ask("And what did its engine cost?", history=AFTER_FERRY)
    assert "12 million kroner" in answer.answer
    assert answer.question == "And what did its engine cost?"
    assert FERRY in answer.standalone_question
    assert_proven(answer, eager)


def test_a_change_of_subject_is_not_answered_from_the_subject_before(careful: Assistant) -> None:
    assert_abstains(careful.ask(LISBON["en"], history=AFTER_FERRY))


def test_the_time_that_is_named_is_told_and_preferred(eager: Assistant) -> None:
    answer = eager.ask("What did the volcano of Hestfell do in March 2021?")
    assert answer.period == "2021-03"
    assert answer.passages[0].date == "2021-03"
    assert eager.ask(FERRY).period == ""


def test_filters_are_kept_to_and_handed_back(eager: Assistant) -> None:
    filters = Filters(date_from="2021", date_to="2021-11", languages=("de",))
    answer = eager.ask("When did the bridge of Kerlouan reopen?", filters=filters)
    assert answer.filters == filters
    assert [hit.language for hit in answer.passages] == ["de"]
    assert {citation.document_id for citation in answer.citations} == {answer.passages[0].document_id}


def test_filters_are_understood_and_handed_back_as_they_were(eager: Assistant) -> None:
    answer = eager.ask(FERRY, filters=Filters(languages=("Englisch",), sources=("ap",)))
    assert answer.answerable
    assert answer.filters == Filters(languages=("en",), sources=("AP",))


@pytest.mark.parametrize("question", [FERRY, "Hello!"])
def test_filters_that_no_document_passes_are_refused_and_the_corpus_is_not_called_silent(
    eager: Assistant, question: str
) -> None:
    for call in (eager.ask, eager.search):
        with pytest.raises(UsageError, match=r"in Swahili \(sw\)\. There are documents in English \(en\), "):
            call(question, filters=Filters(languages=("sw",)))


@pytest.mark.parametrize("question", ["", " \n", "x" * 10_001])
def test_a_question_of_no_or_too_many_characters_is_refused(eager: Assistant, question: str) -> None:
    with pytest.raises(UsageError):
        eager.ask(question)
    with pytest.raises(UsageError):
        eager.search(question)


def test_a_filter_that_is_no_date_is_refused(eager: Assistant) -> None:
    with pytest.raises(UsageError, match="soon"):
        eager.ask(FERRY, filters=Filters(date_from="soon"))


@pytest.mark.parametrize(
    "odd", ["\ud800", "?", "🦁", "\x00", "[1] [2]", '" OR * NEAR(', "x" * 10_000, "ferry\ud83d to Molde"]
)
def test_an_odd_question_has_an_answer_that_can_be_sent(eager: Assistant, odd: str) -> None:
    answer = eager.ask(odd)
    assert Answer.model_validate(json.loads(answer.model_dump_json())) == answer
    if answer.answerable:
        assert_proven(answer, eager)


def test_half_a_character_does_not_hide_the_rest_of_the_question(eager: Assistant) -> None:
    assert "Tuesday" in eager.ask(f"{FERRY}\udc00").answer


def test_a_stream_begins_with_passages_and_ends_with_the_answer(eager: Assistant) -> None:
    first, *tokens, last = eager.stream(FERRY, conversation_id="c1")
    assert isinstance(first, Retrieved) and isinstance(last, Done)
    assert first.passages == last.answer.passages
    assert tokens and all(isinstance(token, Token) for token in tokens)
    assert "".join(token.text for token in tokens if isinstance(token, Token)) == last.answer.answer
    assert last.answer.conversation_id == "c1"
    assert sum(ms for step, ms in last.answer.timings_ms.items() if step != "total") == pytest.approx(
        last.answer.timings_ms["total"], abs=0.1
    )


def test_a_stream_that_abstains_has_no_tokens(careful: Assistant) -> None:
    assert [event.kind for event in careful.stream(LISBON["fr"])] == ["passages", "done"]


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_stream_closed_early_does_no_harm(eager: Assistant, taken: int) -> None:
    stream = eager.stream(FERRY)
    for _ in range(taken):
        next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert list(stream) == []
    assert_proven(eager.ask(FERRY), eager)


def test_as_many_passages_are_shown_as_asked_for_and_the_answer_stays(eager: Assistant) -> None:
    answers = [eager.ask(FERRY, top_k=top_k) for top_k in (1, 3, 100)]
    assert [len(answer.passages) for answer in answers] == [1, 3, len(ARTICLES) - 1]
    assert len({(answer.answer, answer.confidence) for answer in answers}) == 1
    assert answers[0].passages == answers[2].passages[:1]
    assert len(eager.search(FERRY, top_k=2)) == 2


def test_search_shows_what_an_answer_is_made_from(eager: Assistant) -> None:
    assert eager.search(FERRY) == eager.ask(FERRY).passages
    assert {hit.source for hit in eager.search(FERRY, filters=Filters(sources=("AFP",)))} == {"AFP"}


def test_explain_tells_what_tipped_the_decision(eager: Assistant) -> None:
    assert eager.ask(FERRY).explain is None
    answer = eager.ask(f"{FERRY} Zeppelin!", explain=True)
    explain = answer.explain
    assert explain is not None
    assert explain.verdict.startswith("answers: confidence ")
    assert (explain.confidence, explain.operating_point) == (answer.confidence, 0.0)
    assert set(eager.calibration.weights) <= set(explain.features)
    best = explain.sentences[0]
    document = eager.store.document(answer.citations[0].document_id)
    assert document is not None
    assert document.text[best.start : best.end] == best.text == answer.citations[0].quote
    scores = [sentence.score for sentence in explain.sentences]
    assert scores == sorted(scores, reverse=True)


def test_one_is_a_confidence_that_nothing_reaches(
    tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings
) -> None:
    with open_over(tmp_path_factory.mktemp("never"), embeddings, min_confidence=1.0) as assistant:
        answer = assistant.ask(FERRY, explain=True)
        assert_abstains(answer)
        assert answer.abstain_reason == "weak_evidence"
        assert "Tuesday" in answer.passages[0].text
        assert answer.explain is not None and answer.explain.sentences, "why, is told all the same"
        assert answer.explain.verdict.startswith("abstains: ")


@pytest.mark.parametrize("question", [FERRY, "Quand le ferry reprend-il la mer ?"])
def test_before_anything_is_ingested_nothing_is_answered(
    tmp_path: Path, embeddings: SentenceEmbeddings, question: str
) -> None:
    with open_over(tmp_path, embeddings, {}) as assistant:
        for ask in (assistant.ask, assistant.search):
            with pytest.raises(NothingIngested, match=r"There is no index in .*askcorpus ingest"):
                ask(question)
    assert not (tmp_path / "data").exists()


def test_a_folder_that_is_deleted_is_not_a_corpus_that_does_not_say(
    tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    with open_over(tmp_path, embeddings) as assistant:
        assert assistant.ask(FERRY).answerable
        shutil.rmtree(tmp_path / "data")
        with pytest.raises(NothingIngested, match="There is no index in"):
            assistant.ask(FERRY)
    assert not (tmp_path / "data").exists()


def test_threads_may_share_an_assistant(eager: Assistant) -> None:
    questions = [FERRY, "Wer ist der neue Löwe im Zoo Basel?"] * 4
    with ThreadPoolExecutor(4) as pool:
        answers = [answer.answer for answer in pool.map(eager.ask, questions)]
    assert answers == [eager.ask(question).answer for question in questions]


def test_answers_have_ids_of_their_own(eager: Assistant) -> None:
    assert eager.ask(FERRY).id != eager.ask(FERRY).id


def test_opening_is_guarded_by_what_the_index_is_made_with(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    with open_over(tmp_path, embeddings, {"lion": ARTICLES["lion"]}):
        pass
    with open_assistant(Settings(data=tmp_path / "data")) as assistant:
        assert assistant.store.count() == 1
    with pytest.raises(IndexMismatch):
        open_assistant(Settings(data=tmp_path / "data", passage_chars=400))


@pytest.mark.parametrize("top_k", [0, -1])
def test_less_than_one_passage_is_refused(eager: Assistant, top_k: int) -> None:
    with pytest.raises(UsageError):
        eager.ask(FERRY, top_k=top_k)
    with pytest.raises(UsageError):
        eager.search(FERRY, top_k=top_k)


def test_the_quote_is_of_the_time_that_is_named(eager: Assistant) -> None:
    answer = eager.ask("What did the volcano of Hestfell do in March 2021?")
    assert answer.period == "2021-03"
    assert answer.citations[0].date == "2021-03"


FAIRS = {
    "older": "date 2021-07 La foire de Kerlouan s'est bien passée : la vache Marguerite a gagné le ruban bleu.",
    "newer": "date 2022-07 La foire de Kerlouan s'est tenue : un âne nommé Fanch a mangé le chapeau du maire.",
    "newest": "date 2022-09-15 Die Bäckerei in Murten backt seit Montag wieder Roggenbrot. Das Mehl kommt aus Bern.",
}


def test_last_july_is_the_one_before_the_corpus_ends(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    asked = "Que s'est-il passé à la foire de Kerlouan"
    with open_over(tmp_path, embeddings, FAIRS) as assistant:
        undated, answer = assistant.ask(f"{asked} ?"), assistant.ask(f"{asked} en juillet dernier ?")
        assert (undated.period, undated.passages[0].date) == ("", "2021-07"), "the older one tells it in these words"
        assert (answer.period, answer.passages[0].date) == ("2022-07", "2022-07")
        assert answer.citations[0].date == "2022-07"
        assert assistant.search(f"{asked} en juillet dernier ?")[0].date == "2022-07"
        assert assistant.ask(f"{asked} l'an dernier ?").period == "2021"


def test_another_years_report_is_no_evidence(careful: Assistant) -> None:
    """The lion came in 2023; what happened in 2009 nobody wrote down."""
    answer = careful.ask("Which new lion did the zoo of Basel get in 2009?")
    assert not answer.answerable
    assert answer.passages, "the nearest passages are still shown"


def test_a_question_in_a_document_does_not_answer_itself(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    asked = "What did a sack of salt cost in Setermoen?"
    articles = {
        "asked": f"{asked} Nobody in the valley could say.",
        "said": "Salt was dear that winter in Setermoen. A sack of salt cost 90 kroner, said the grocer.",
    }
    with open_over(tmp_path, embeddings, articles) as assistant:
        quotes = [citation.quote for citation in assistant.ask(asked).citations]
    assert quotes
    assert asked not in quotes


def test_the_vectors_are_read_beside_the_models(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    with open_over(tmp_path, embeddings) as assistant:
        settings = assistant.settings
    with Assistant(settings, open_index(settings, embeddings), embeddings, reader=READER) as assistant:
        assistant.warm_up()
        read: list[str] = []

        def note(*told: Any) -> None:
            read.append(told[2])

        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        assistant.store.warm_up()
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
        assert read and not [statement for statement in read if "FROM vectors" in statement]


def test_models_load_whatever_is_wrong_with_the_index(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    with open_over(tmp_path, embeddings) as assistant:
        settings = assistant.settings
    with Assistant(settings, open_index(settings, embeddings), embeddings, reader=READER) as assistant:
        for file in settings.data.glob("catalog.sqlite3*"):
            file.write_bytes(b"no database")
        assistant.warm_up()
        with pytest.raises(StorageError):
            assistant.ask(FERRY)
