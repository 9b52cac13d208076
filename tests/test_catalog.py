"""The catalog keeps what it is given, in whole documents, and its filters mean what they say."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from askcorpus.errors import ReadError, UsageError
from askcorpus.index.store import Facets, KnownDocument, Store, StoredPassage, content_hash
from askcorpus.text.dates import day_range
from askcorpus.types import Document, Filters
from corpora import DIMENSION, document, fill, many, open_, passages
from looking import look


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_(tmp_path / "data") as store:
        yield store


@contextmanager
def plans() -> Iterator[list[str]]:
    """The steps by which SQLite does what it is asked inside, for all that is chosen by a list of values."""
    steps: list[str] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if "json_each" in statement:
            rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps.extend(step for *_, step in rows)

    sa.event.listen(sa.Engine, "before_cursor_execute", explain)
    try:
        yield steps
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", explain)


def names(store: Store, **filters: Any) -> set[str]:
    return {found.id for found in store.documents(Filters(**filters))}


def test_what_is_put_comes_back_unchanged(store: Store) -> None:
    one = document(
        "a", "Zeile\r\n eins\x00 \U0001f600 é", "中文", title="T", date="2022-09", language="de", source="S", place="P"
    )
    fill(store, one)
    assert store.document("a") == one
    assert store.documents() == [one]
    for piece in passages(one):
        back = look(store).stored([piece.passage.id])[piece.passage.id]
        assert back.passage == piece.passage
        assert back.sentences == piece.sentences
        assert np.allclose(back.vector, piece.vector, atol=1e-6)
        assert np.array_equal(back.sentence_vectors, piece.sentence_vectors)
        hit = store.hits([piece.passage.id])[piece.passage.id]
        assert (hit.document_id, hit.title, hit.source, hit.date, hit.language) == ("a", "T", "S", "2022-09", "de")
        assert one.text[hit.start : hit.end] == hit.text


def test_what_is_chosen_by_a_list_is_found_without_going_through_all(store: Store) -> None:
    with plans() as steps:
        fill(store, *many(3))
        index = look(store)
        ids = [id_ for id_, _ in index.lexical(["report"], 10)]
        assert ids
        assert index.stored(ids).keys() == index.hits(ids).keys() == set(ids)
        assert [id_ for id_, _ in index.dense(np.ones(DIMENSION, np.float32), 10)]
        assert index.copies(["d1"]) == {}
        with store.writer() as writer:
            assert writer.remove(["d1"]) == 1
            writer.put(document("d2", "new"), [])
    through = re.compile(r"SCAN (?:passages|vectors|sentences|documents|stories|.* VIRTUAL TABLE INDEX 0:$)")
    assert len(steps) > 20
    assert [step for step in steps if through.match(step)] == []


def test_a_document_without_passages_is_a_document(store: Store) -> None:
    with store.writer() as writer:
        writer.put(document("empty"), [])
    assert store.count() == 1
    assert store.info().passages == 0


def test_same_origin_replaces(store: Store) -> None:
    fill(store, document("a", "first", origin="file"), document("b", "other"))
    fill(store, document("c", "second", origin="file"))
    assert names(store) == {"b", "c"}
    assert store.info().passages == 2


def test_same_id_replaces_and_keeps_unchanged_passages(store: Store) -> None:
    shared = "s" * 40
    fill(store, document("a", shared + "old"))
    fill(store, document("a", shared + "new", origin="moved.txt"))
    assert [found.text for found in store.documents()] == [shared + "new"]
    assert look(store).stored([piece.passage.id for piece in passages(document("a", shared + "new"))]).keys() == {
        piece.passage.id for piece in passages(document("a", shared + "new"))
    }


def test_documents_without_origin_live_side_by_side(store: Store) -> None:
    fill(store, document("a", origin=""), document("b", origin=""))
    assert names(store) == {"a", "b"}
    assert store.known([""]) == []


def test_known_tells_origin_and_hash(store: Store) -> None:
    with store.writer() as writer:
        writer.put(document("a"), [])
        expected = [KnownDocument("a", "a.txt", "a.txt", content_hash(document("a")))]
        assert store.known(["a.txt"]) == store.known([], ["a", "b"]) == expected
        assert store.known(["b.txt"], ["b"]) == []


def test_remove_counts_what_was_there(store: Store) -> None:
    fill(store, *many(5))
    with store.writer() as writer:
        assert writer.remove(["d1", "d3", "unknown"]) == 2
        assert writer.remove(["d1"]) == 0
    assert names(store) == {"d0", "d2", "d4"}
    assert store.info().passages == sum(len(passages(found)) for found in store.documents())


def test_order_is_by_date_then_title(store: Store) -> None:
    dates = {"a": "", "b": "2021", "c": "2022-09", "d": "2022-09-29", "e": "2022-09"}
    fill(store, *(document(name, date=date, title="z" if name == "c" else "y") for name, date in dates.items()))
    assert [found.id for found in store.documents()] == ["d", "e", "c", "b", "a"]
    assert [found.id for found in store.documents(offset=1, limit=2)] == ["e", "c"]


@pytest.mark.parametrize(
    ("date", "days"),
    [
        ("2022", ("2022-01-01", "2022-12-31")),
        ("2022-02", ("2022-02-01", "2022-02-28")),
        ("2024-02", ("2024-02-01", "2024-02-29")),
        ("2022-09-29", ("2022-09-29", "2022-09-29")),
        ("2022-02-29", None),
        ("2022-13", None),
        ("2022-9", None),
        ("0000", None),
        ("٢٠٢٢", None),
        ("last week", None),
        ("", None),
    ],
)
def test_a_date_names_its_days(date: str, days: tuple[str, str] | None) -> None:
    assert day_range(date) == days


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"date_to": "2022-09"}, {"year", "september", "last", "early"}),
        ({"date_from": "2022-09", "date_to": "2022-09"}, {"year", "september", "last"}),
        ({"date_from": "2022-09-30"}, {"year", "september", "last", "october"}),
        ({"date_from": "2022-10-01"}, {"year", "october"}),
        ({"date_from": "2022"}, {"year", "september", "last", "october"}),
        ({"date_to": "2021"}, {"early"}),
        ({"date_from": "2023"}, set()),
        ({"languages": ("fr", "de")}, {"early", "last"}),
        ({"sources": ("Gazette",)}, {"october"}),
        ({"document_ids": ("year", "none", "unknown")}, {"year", "none"}),
        ({"languages": ("fr",), "date_from": "2022"}, {"last"}),
        ({}, {"year", "september", "last", "october", "early", "none"}),
    ],
)
def test_filters(store: Store, filters: dict[str, Any], expected: set[str]) -> None:
    fill(
        store,
        document("year", date="2022"),
        document("september", date="2022-09"),
        document("last", date="2022-09-30", language="fr"),
        document("october", date="2022-10-15", source="Gazette"),
        document("early", date="2021-05-05", language="de"),
        document("none", date=""),
    )
    assert names(store, **filters) == expected
    assert store.count(Filters(**filters)) == len(expected)
    assert {
        store.hits([id_])[id_].document_id for id_, _ in look(store).dense(_any(), 50, Filters(**filters))
    } == expected


def _any() -> np.ndarray:
    return np.ones(DIMENSION, np.float32)


@pytest.mark.parametrize(
    "filters", [{"date_from": "soon"}, {"date_to": "2022-02-30"}, {"date_from": "2023", "date_to": "2022"}]
)
def test_a_wrong_date_is_refused(store: Store, filters: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        store.documents(Filters(**filters))


def test_any_number_of_ids_can_be_asked_for(store: Store) -> None:
    fill(store, *many(3))
    ids = tuple(f"d{n}" for n in range(50_000))
    assert store.count(Filters(document_ids=ids)) == 3
    assert store.hits(ids) == {}


def test_facets(store: Store) -> None:
    fill(store, *many(12), document("x", date=""))
    assert store.facets() == Facets(
        {"en": 6, "fr": 6}, {"Courier": 4, "Gazette": 4, "Herald": 4}, "2022-01-01", "2022-12-31"
    )
    assert open_(store.folder / "nothing").facets() == Facets({}, {}, "", "")


def test_the_latest_date_is_that_of_the_newest_document_as_it_is_told(store: Store) -> None:
    assert look(store).latest() == ""
    for name, date, latest in (
        ("undated", "", ""),
        ("wrong", "soon", ""),
        ("year", "2022", "2022"),
        ("day", "2022-09-15", "2022-09-15"),
        ("month", "2022-09", "2022-09-15"),
        ("old", "2021-12-31", "2022-09-15"),
        ("new", "2023-01", "2023-01"),
    ):
        fill(store, document(name, date=date))
        assert look(store).latest() == latest, name


def test_generation_moves_with_every_change(store: Store) -> None:
    seen = [store.generation()]
    fill(store, document("a", "one"))
    seen.append(store.generation())
    fill(store, document("a", "two"))
    seen.append(store.generation())
    with store.writer() as writer:
        writer.remove(["a"])
    seen.append(store.generation())
    with store.writer() as writer:
        writer.remove(["a"])
    assert store.generation() == seen[-1]
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda d, p: (d, [p._replace(vector=p.vector * np.nan)]), ReadError),
        (lambda d, p: (d, [p._replace(vector=p.vector[:-1])]), ValueError),
        (lambda d, p: (d, [p._replace(sentences=())]), ValueError),
        (lambda d, p: (d.model_copy(update={"text": "else"}), [p]), ValueError),
        (lambda d, p: (d.model_copy(update={"title": "\ud800"}), [p]), ReadError),
    ],
    ids=["not finite", "wrong dimension", "sentences without vectors", "not of this document", "not Unicode"],
)
def test_what_cannot_be_stored_changes_nothing(
    store: Store,
    spoil: Callable[[Document, StoredPassage], tuple[Document, list[StoredPassage]]],
    error: type[Exception],
) -> None:
    old = document("a", "good")
    fill(store, old)
    spoiled, pieces = spoil(old, passages(old)[0])
    with store.writer() as writer, pytest.raises(error):
        writer.put(spoiled, pieces)
    assert store.documents() == [old]
    assert all(check.ok for check in store.check())
