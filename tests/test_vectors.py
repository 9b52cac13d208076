"""What every vector index must do, whichever the settings name (askcorpus.index.vectors)."""

import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from askcorpus.errors import UsageError
from askcorpus.index import catalog, exact, schema
from askcorpus.index.passages import changes, seqs
from askcorpus.index.store import Store
from askcorpus.index.vectors import VectorIndex
from askcorpus.types import Filters
from chroma_process import ChromaProcess, chroma_process
from corpora import assert_exact, book, document, exactly, fill, many, open_, passages, put, vector
from looking import look
from postgres_server import PostgresServer

QUERIES = [vector(f"question {n}") for n in range(20)]
IMPLEMENTATIONS = ["embedded", "server", "pgvector"]


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every corpus counts as a large one, for which the vector index is asked."""
    monkeypatch.setattr(exact, "EXACT_UPTO", 0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaProcess]:
    with chroma_process(tmp_path_factory.mktemp("server")) as server:
        yield server


Opened = Callable[[Path], Store]


@pytest.fixture(params=IMPLEMENTATIONS)
def opened(request: pytest.FixtureRequest) -> Opened:
    """What opens the store in a folder, with one of the vector indexes."""
    if request.param == "server":
        server: ChromaProcess = request.getfixturevalue("server")
        return lambda folder: open_(folder, vectors=server.url)
    if request.param == "pgvector":
        postgres: PostgresServer = request.getfixturevalue("vector_postgres")
        database = cache(lambda _folder: postgres.new_database())
        return lambda folder: open_(folder, vectors="pgvector", database=database(folder))
    return open_


@pytest.fixture
def store(tmp_path: Path, opened: Opened) -> Iterator[Store]:
    with opened(tmp_path / "data") as store:
        yield store


def was_asked(store: Store) -> bool:
    """Whether all questions so far were answered by the index (the exact half reads its vectors at its first use)."""
    return not store._caches.exact._matrix.seqs.size


def found(store: Store, query: np.ndarray, limit: int = 10) -> list[int] | None:
    with store._reading() as connection:
        near = store._vectors.search(connection, schema.state(connection), query, limit)
    return None if near is None else [one.seq for one in near]


def test_it_finds_what_arithmetic_finds_with_exact_similarities(store: Store) -> None:
    fill(store, *many(60), book("b", 1000))
    assert_exact(store, QUERIES)
    assert was_asked(store)


def test_it_is_one_of_the_protocol(store: Store) -> None:
    index: VectorIndex = store._vectors
    for name in ("search", "sync", "erase", "status", "close"):
        assert callable(getattr(index, name))


def test_changes_are_seen_at_the_next_question(store: Store) -> None:
    fill(store, *many(100))
    for step in range(3):
        with store.writer() as writer:
            writer.remove([f"d{n}" for n in range(step * 10, step * 10 + 7)])
            put(writer, document(f"d{90 + step}", f"Changed in step {step}."), *many(3, start=200 + 3 * step))
        assert_exact(store, QUERIES, limit=30)
    assert was_asked(store)


def test_what_the_catalog_has_without_it_is_found_and_what_is_gone_is_not(store: Store) -> None:
    fill(store, *many(20))
    one = document("new", "Written without a word to the index.")
    with store._database.writing() as connection:  # as another process does that cannot reach it
        catalog.put(connection, one, passages(one))
        catalog.remove(connection, ["d3", "d4"])
    for _ in range(2):
        assert_exact(store, QUERIES, limit=100)


def test_a_limit_beyond_the_corpus_gives_all_of_it(store: Store) -> None:
    fill(store, *many(10))
    near = found(store, QUERIES[0], 500)
    assert near is not None
    assert len(near) == len(set(near)) == 30


def test_a_zero_vector_is_like_nothing(store: Store) -> None:
    fill(store, *many(10))
    assert [score for _, score in look(store).dense(np.zeros_like(QUERIES[0]), 5)] == [0.0] * 5


def test_what_is_erased_is_written_anew_by_the_next_sync(store: Store) -> None:
    fill(store, *many(20))
    steps: list[tuple[int, int]] = []
    with store._reading() as connection:
        state = schema.state(connection)
        assert store._vectors.sync(connection, state, lambda done, total: steps.append((done, total))) == ""
        assert steps == []
        store._vectors.erase(state)
        assert store._vectors.sync(connection, state, lambda done, total: steps.append((done, total))) == ""
        assert steps[-1] == (60, 60)
    assert_exact(store, QUERIES)
    assert was_asked(store)


def test_a_filter_that_leaves_few_is_exact_and_reads_no_more_than_those(store: Store) -> None:
    fill(store, *many(60), book("b", 1000))
    filters = Filters(languages=("fr",), date_from="2022-06")
    wanted = {one.id for one in store.documents(filters)}
    for query, everything in zip(QUERIES, exactly(store, QUERIES, 1200), strict=True):
        owners = store.hits([id_ for id_, _ in everything])
        expected = [id_ for id_, _ in everything if owners[id_].document_id in wanted][:10]
        assert [id_ for id_, _ in look(store).dense(query, 10, filters)] == expected
    assert was_asked(store)


def test_a_closed_index_opens_again(tmp_path: Path, opened: Opened) -> None:
    with opened(tmp_path / "data") as store:
        fill(store, *many(20))
    with opened(tmp_path / "data") as store:
        assert_exact(store, QUERIES)
        store._vectors.close()
        assert_exact(store, QUERIES)
        assert was_asked(store)


def test_its_state_is_told(store: Store) -> None:
    fill(store, *many(20))
    name, ok, detail = store.check()[-1]
    assert (name, ok) == ("vector index", True)
    assert detail.startswith("60 passages")


def test_two_corpora_keep_apart(tmp_path: Path, opened: Opened) -> None:
    with opened(tmp_path / "one") as one, opened(tmp_path / "two") as two:
        fill(one, *many(100))
        fill(two, *many(50, start=500))
        one.rebuild()
        for store in (one, two):
            assert_exact(store, QUERIES)
            assert was_asked(store)


def test_removing_everything_leaves_nothing(store: Store) -> None:
    fill(store, *many(20))
    with store.writer() as writer:
        writer.remove([one.id for one in store.documents()])
    assert look(store).dense(QUERIES[0], 5) == []
    fill(store, *many(20))
    assert_exact(store, QUERIES)
    assert was_asked(store)


@pytest.mark.parametrize(
    "wrong", ["localhost:8000", "ftp://host:1", "http://", "http://host/path", "http://host:99999", "embeded", ""]
)
def test_a_name_of_none_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(UsageError, match="vectors"):
        open_(tmp_path / "data", vectors=wrong)


def test_a_password_in_the_address_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        open_(tmp_path / "data", vectors="http://me:hunter2@127.0.0.1:8000")
    assert "hunter2" not in str(error.value)


def test_what_is_gone_and_what_has_come_is_told_from_few_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askcorpus.index.passages._BLOCK", 4)
    drawn = random.Random(5)
    with open_(tmp_path / "data") as store:
        fill(store, *many(30))
        held = np.arange(1, 91)
        for step in range(6):
            with store._database.writing() as connection:
                gone = drawn.sample([one.id for one in catalog.documents(connection, Filters(), 0, None)], step)
                catalog.remove(connection, gone)
                one = document(f"new{step}", "Something new was said. " * step or "Nothing.")
                catalog.put(connection, one, passages(one))
            with store._reading() as connection:
                live = seqs(connection)
                went, came = changes(connection, held)
            assert went.tolist() == sorted(set(held.tolist()) - set(live.tolist()))
            assert came.tolist() == sorted(set(live.tolist()) - set(held.tolist()))
            held = live
