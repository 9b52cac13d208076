"""BM25 over our words: every script is found, titles count, common terms do not cost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from askcorpus.index import lexical
from askcorpus.index.store import Store
from askcorpus.text.words import words
from askcorpus.types import Filters
from corpora import document, fill, many, open_
from looking import look

TEXTS = {
    "french": "L’État a déclaré la grève à Œuilly.",
    "german": "Die Straße führt nach Köln.",
    "turkish": "İstanbul büyük bir şehirdir.",
    "russian": "Ёлка стоит в Москве.",
    "arabic": "كَتَبَ أحمد الرسالة",
    "hindi": "क्षेत्र में चुनाव हुआ",
    "tamil": "தமிழ் நாடு அரசு",
    "japanese": "東京で雨が降る。",
    "thai": "ประเทศไทยมีเลือกตั้ง",
    "korean": "서울에서 선거가 열렸다",
    "number": "The budget is 1,000,000 euros or 3.5 percent.",
    "code": "An F-16 flew over after COVID-19.",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_(tmp_path / "data") as store:
        yield store


def found(store: Store, question: str, limit: int = 10, filters: Filters = Filters()) -> list[str]:
    """Ids of the documents found, best first."""
    ids = [id_ for id_, _ in look(store).lexical(words(question), limit, filters)]
    return list(dict.fromkeys(hit.document_id for hit in store.hits(ids).values()))


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Qui fait la greve ?", "french"),
        ("oeuilly", "french"),
        ("STRASSE koln", "german"),
        ("istanbul", "turkish"),
        ("елка", "russian"),
        ("كتب احمد", "arabic"),
        ("चुनाव", "hindi"),
        ("தமிழ்", "tamil"),
        ("雨が降りましたか", "japanese"),
        ("เลือกตั้งเมื่อไร", "thai"),
        ("선거가", "korean"),
        ("1 000 000", "number"),
        ("3,5", "number"),
        ("F16", "code"),
        ("covid", "code"),
    ],
)
def test_every_script_is_found(store: Store, question: str, name: str) -> None:
    fill(store, *(document(key, text, title="") for key, text in TEXTS.items()))
    assert found(store, question) == [name]


def test_words_of_the_title_find_the_passages(store: Store) -> None:
    fill(store, document("a", "He resigned.", title="Borrell in Madrid"), document("b", "She stayed.", title="Weather"))
    assert found(store, "borrell") == ["a"]


def test_the_rarer_term_weighs_more_and_scores_are_positive(store: Store) -> None:
    fill(
        store,
        *(document(f"d{n}", "war and peace", title="") for n in range(9)),
        document("rare", "war and zebra", title=""),
    )
    scored = look(store).lexical(["war", "zebra"], 10)
    assert found(store, "war zebra")[0] == "rare"
    assert [score for _, score in scored] == sorted((score for _, score in scored), reverse=True)
    assert all(score > 0 for _, score in scored)


def test_document_frequency_counts_passages(store: Store) -> None:
    fill(store, document("a", "x" * 40 + "zebra zebra", title=""), document("b", "zebra", title=""))
    assert look(store).document_frequency(["zebra", "unicorn", "zebra"]) == {"zebra": 2, "unicorn": 0}


@pytest.mark.parametrize(
    "terms", [[], [""], ['"'], ["a OR b"], ["NEAR("], ["*"], ["unicorn"], ["x" * 5000], ["\ud800"]]
)
def test_terms_are_never_syntax(store: Store, terms: list[str]) -> None:
    fill(store, document("a", "plain text"))
    assert look(store).lexical(terms, 5) == []


def test_a_pasted_page_is_a_question_too(store: Store) -> None:
    fill(store, *many(50))
    terms = [f"place{n}" for n in range(3000)]
    assert len(look(store).lexical(terms, 1000)) == 50


def test_common_terms_count_only_when_alone_in_a_large_corpus(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "LARGE", 100)
    fill(store, *many(100))  # "about", in every title, is common; "place7" stands in one passage
    with store._database.reading() as connection:
        assert lexical.telling(connection, ["about", "place7"], 300) == {"place7": 1}
        assert lexical.telling(connection, ["about"], 300) == {"about": 300}
        assert list(lexical.telling(connection, ["about", "place7"], 100)) == ["place7", "about"]


def test_filters_apply(store: Store) -> None:
    fill(store, *many(24))
    assert set(found(store, "report", 100, Filters(languages=("fr",)))) == {f"d{n}" for n in range(1, 24, 2)}
    assert found(store, "report", 100, Filters(document_ids=("d3",), languages=("en",))) == []


def test_replaced_and_removed_words_are_gone(store: Store) -> None:
    fill(store, document("a", "old zebra"), document("b", "quiet"))
    fill(store, document("a", "new giraffe"))
    assert found(store, "zebra") == []
    assert found(store, "giraffe") == ["a"]
    with store.writer() as writer:
        writer.remove(["a"])
    assert found(store, "giraffe") == []
    assert look(store).document_frequency(["giraffe"]) == {"giraffe": 0}


def test_rebuild_gives_the_same_index(store: Store) -> None:
    fill(store, *many(30))
    before = look(store).lexical(["place3", "river9", "month"], 50)
    with store._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM lexical WHERE rowid < 40")
    assert look(store).lexical(["place3", "river9", "month"], 50) != before
    assert "lexical index" in [check.name for check in store.check() if not check.ok]
    store.rebuild()
    assert look(store).lexical(["place3", "river9", "month"], 50) == before
