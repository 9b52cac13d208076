"""From a query to passages: across languages, without repeats, within filters."""

from collections.abc import Iterator

import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.search.candidates import Retrieval
from askcorpus.search.query import read_query
from askcorpus.types import Filters, Hit, Turn
from asking import ARTICLES, open_over


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("retrieve"), embeddings) as assistant:
        yield assistant


def retrieve(assistant: Assistant, question: str, filters: Filters = Filters(), limit: int = 8) -> Retrieval:
    query = read_query(question, (), assistant.embeddings, assistant.unrelated_texts)
    with assistant.store.snapshot() as index:
        return assistant.retriever.retrieve(index, query, filters, limit)


def name(assistant: Assistant, hit: Hit) -> str:
    document = assistant.store.document(hit.document_id)
    assert document is not None
    return document.origin.rpartition("/")[2].removesuffix(".txt")


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("When did the bridge of Kerlouan reopen?", "pont"),
        ("Wer ist der neue Löwe im Zoo Basel?", "lion"),
        ("Quand le ferry de Molde reprendra-t-il la mer ?", "ferry"),
        ("What bread is baked again in Murten?", "bread"),
        ("科英布拉的图书馆借出什么?", "library"),
    ],
)
def test_a_passage_is_found_across_languages(assistant: Assistant, question: str, found: str) -> None:
    assert name(assistant, retrieve(assistant, question).hits[0]).startswith(found)


def test_hits_are_verbatim_ordered_and_scored(assistant: Assistant) -> None:
    hits = retrieve(assistant, "When does the ferry to Molde sail again?").hits
    for hit in hits:
        document = assistant.store.document(hit.document_id)
        assert document is not None
        assert document.text[hit.start : hit.end] == hit.text
        assert (hit.title, hit.date, hit.language) == (document.title, document.date, document.language)
        assert hit.scores.dense is not None and -1 <= hit.scores.dense <= 1
        assert hit.scores.rerank is None
    fused = [hit.scores.fused for hit in hits]
    assert fused == sorted(fused, reverse=True)
    assert hits[0].scores.lexical is not None and hits[0].scores.lexical > 0


def test_near_copies_collapse_into_the_better_one_which_lists_them(assistant: Assistant) -> None:
    hits = retrieve(assistant, "Qui a coupé le ruban du pont de Kerlouan ?").hits
    assert len(hits) == len(ARTICLES) - 1
    (story,) = [hit for hit in hits if "Kerlouan" in hit.text]
    (copy,) = story.duplicates
    listed = assistant.store.hits([copy])[copy]
    assert {name(assistant, story), name(assistant, listed)} == {"pont", "pont-copy"}
    assert all(hit.duplicates == () for hit in hits if hit is not story)


def test_different_reports_on_one_subject_do_not_collapse(assistant: Assistant) -> None:
    found = {name(assistant, hit) for hit in retrieve(assistant, "the volcano of Hestfell", limit=2).hits}
    assert found == {"volcano-july", "volcano-march"}


def test_a_copy_takes_no_place_of_another_passage(assistant: Assistant) -> None:
    hits = retrieve(assistant, "Le pont de Kerlouan a rouvert.", limit=2).hits
    assert len(hits) == 2
    assert sum("Kerlouan" in hit.text for hit in hits) == 1
    assert len(hits[0].duplicates) == 1


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        (Filters(languages=("de",)), {"bread"}),
        (Filters(sources=("AP",)), {"ferry"}),
        (Filters(date_from="2023"), {"lion", "library"}),
        (Filters(date_from="2022-07", date_to="2022-07", languages=("en",)), {"volcano-july"}),
        (Filters(date_to="2021"), {"volcano-march", "bread"}),
        (Filters(languages=("sw",)), set()),
    ],
)
def test_only_documents_that_pass_the_filters_are_found(assistant: Assistant, filters: Filters, left: set[str]) -> None:
    """Asked for something else, so that the filter alone decides."""
    hits = retrieve(assistant, "When did the bridge of Kerlouan reopen?", filters).hits
    assert {name(assistant, hit) for hit in hits} == left


@pytest.mark.parametrize(("month", "first"), [("March 2021", "volcano-march"), ("July 2022", "volcano-july")])
def test_documents_of_the_month_that_is_named_come_first(assistant: Assistant, month: str, first: str) -> None:
    hits = retrieve(assistant, f"What did the volcano of Hestfell do in {month}?").hits
    assert name(assistant, hits[0]) == first
    assert {name(assistant, hit) for hit in hits[:2]} == {"volcano-march", "volcano-july"}, "preferred, not required"


def test_the_terms_that_no_passage_holds_are_told_apart(assistant: Assistant) -> None:
    (reading,) = retrieve(assistant, "ferry zeppelin").readings
    assert "ferry" in reading.known and "zeppelin" not in reading.known
    assert reading.weights["zeppelin"] > reading.weights["ferry"] > 0


def test_one_passage_alone_is_found(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> None:
    """A corpus without a baseline of its own."""
    folder = tmp_path_factory.mktemp("one")
    with open_over(folder, embeddings, {"ferry": ARTICLES["ferry"]}) as assistant:
        (hit,) = retrieve(assistant, "When does the ferry to Molde sail again?").hits
        assert 0 < hit.scores.fused < 50
        (stranger,) = retrieve(assistant, "Who invented the printing press?").hits
        assert stranger.scores.fused < hit.scores.fused


MAYOR = (
    Turn(role="user", text="Who is the mayor of Kerlouan?"),
    Turn(role="assistant", text="Le maire, Yann Le Goff, a coupé le ruban à midi. [1]"),
)


@pytest.mark.parametrize(
    ("question", "found"), [("What did he cut?", "pont"), ("When does the ferry to Molde sail again?", "ferry")]
)
def test_the_less_a_follow_up_finds_by_itself_the_more_its_context_counts(
    assistant: Assistant, question: str, found: str
) -> None:
    query = read_query(question, MAYOR, assistant.embeddings, assistant.unrelated_texts)
    with assistant.store.snapshot() as index:
        retrieval = assistant.retriever.retrieve(index, query, Filters(), 8)
    assert name(assistant, retrieval.hits[0]).startswith(found)
    alone, in_context = (reading.importance for reading in retrieval.readings)
    assert alone + in_context == pytest.approx(1.0)
    assert (in_context > alone) == (found == "pont")
