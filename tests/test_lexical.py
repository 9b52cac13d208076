"""BM25 over our words: every script is found, titles count, common terms do not cost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from askcorpus.index import fts5, lexical
from askcorpus.index.passages import ids_of
from askcorpus.index.schema import PASSAGES
from askcorpus.index.store import Store
from askcorpus.text.words import words
from askcorpus.types import Filters
from corpora import document, fill, many, open_, passages
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


def test_common_terms_count_only_when_alone_in_a_large_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "LARGE", 100)
    assert lexical.telling({"about": 300, "place7": 1}, 300) == {"place7": 1}
    assert lexical.telling({"about": 300, "nowhere": 0}, 300) == {"about": 300}
    assert list(lexical.telling({"about": 300, "place7": 1}, 100)) == ["place7", "about"]


def test_of_many_rows_only_those_of_the_rarest_terms_are_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "READ", 100)
    terms = {"rare": 3, "known": 30, "frequent": 68, "common": 500}
    assert list(lexical.leading(terms, 1)) == ["rare", "known"]
    assert list(lexical.leading({"known": 30, "common": 500, "more": 600}, 10)) == ["known", "common"]  # 30 are too few


def test_what_rarer_terms_find_is_scored_by_the_common_ones_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, *many(60), document("d99", "Report 99 names river7 and month 3.", title="About rivers and places"))
    asked = ["river7", "3", "month", "about", "it", "nowhere"]
    whole = look(store).lexical(asked, 200)
    monkeypatch.setattr(lexical, "READ", 5)
    monkeypatch.setattr(lexical, "ENOUGH", 1)
    with store._database.reading() as connection:
        assert list(lexical.leading({"river7": 3, "3": 6}, 3)) == ["river7"]
        seqs = [seq for (seq,) in connection.execute(sa.select(PASSAGES.c.seq))]
        names = ids_of(connection, seqs)
        terms = lexical.telling(look(store).document_frequency(asked), len(seqs))
        scores = fts5.scores(connection, terms, seqs)
    assert {names[seq]: score for seq, score in scores.items() if score} == dict(whole)  # to the last bit
    assert look(store).lexical(asked, 3) == whole[:3]
    assert look(store).lexical(asked, 200) == whole  # more than the rarest find
    assert look(store).lexical(asked, 3, Filters(document_ids=("d5",))) == [
        (id_, score) for id_, score in whole if id_ in {piece.passage.id for piece in passages(many(60)[5])}
    ]


def test_frequencies_follow_every_change(store: Store) -> None:
    fill(store, document("a", "zebra", title=""))
    assert look(store).document_frequency(["zebra"]) == {"zebra": 1}
    fill(store, document("b", "zebra", title=""))
    assert look(store).document_frequency(["zebra"]) == {"zebra": 2}
    with store.writer() as writer:
        writer.remove(["a", "b"])
    assert look(store).document_frequency(["zebra"]) == {"zebra": 0}


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


def test_what_a_damaged_index_told_is_forgotten_once_another_process_has_rebuilt_it(tmp_path: Path) -> None:
    with open_(tmp_path / "data") as server, open_(tmp_path / "data") as other:
        fill(other, document("a", "zebra", title=""))
        with other._database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM lexical")
        assert look(server).document_frequency(["zebra"]) == {"zebra": 0}
        other.rebuild()
        assert found(server, "zebra") == ["a"]
