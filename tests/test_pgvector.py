"""Vectors in PostgreSQL when its server is killed, slow, full or written to by two: nothing is lost."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from askcorpus.errors import Busy, StorageError
from askcorpus.index import exact
from askcorpus.index import postgres as postgres_module
from askcorpus.index.store import Store
from corpora import assert_exact, book, document, fill, many, open_, vector
from disks import small_disk
from postgres_server import PostgresServer, locked

QUERIES = [vector(f"question {n}") for n in range(5)]


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every corpus counts as a large one, for which the vector index is asked."""
    monkeypatch.setattr(exact, "EXACT_UPTO", 0)


@pytest.fixture
def url(vector_postgres: PostgresServer) -> Iterator[str]:
    """The address of an empty database, on a server that runs again after the test."""
    yield vector_postgres.new_database()
    if not vector_postgres.is_running:
        vector_postgres.start()


def of(folder: Path, url: str) -> Store:
    return open_(folder, database=url, vectors="pgvector")


def assert_asked(store: Store, passages: int) -> None:
    """The extension has every passage, and answers: the exact half has read no vector."""
    assert store.check()[-1] == ("vector index", True, f"{passages} passages in pgvector")
    assert not store._caches.exact._matrix.seqs.size


def test_a_killed_server_that_is_back_is_asked_again(tmp_path: Path, vector_postgres: PostgresServer, url: str) -> None:
    with of(tmp_path, url) as store:
        fill(store, *many(20))
        vector_postgres.kill()
        with pytest.raises(StorageError, match="cannot be reached"):
            assert_exact(store, QUERIES)
        vector_postgres.start()
        assert_exact(store, QUERIES)
        assert_asked(store, 60)
        fill(store, document("later"))
        assert_exact(store, QUERIES)
        assert_asked(store, 61)


def test_what_a_run_lost_of_the_vectors_the_next_one_adds(
    tmp_path: Path, vector_postgres: PostgresServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with of(tmp_path, url) as store:
        fill(store, *many(20))

        def killed(_connection: sa.Connection, dimension: int, _progress: object) -> None:
            assert dimension
            vector_postgres.kill()

        with monkeypatch.context() as patch, suppress(StorageError):
            patch.setattr(store._vectors, "_add", killed)
            fill(store, *many(5, start=20))
        vector_postgres.start()
        assert not store.check()[-1].ok
        assert_exact(store, QUERIES)
    with of(tmp_path, url) as store:
        fill(store, document("later"))
        assert_exact(store, QUERIES)
        assert_asked(store, 76)


def test_a_table_that_nobody_gets_at_costs_seconds_and_no_answer(
    tmp_path: Path, vector_postgres: PostgresServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with of(tmp_path, url) as store:
        fill(store, *many(20))
    monkeypatch.setattr(postgres_module, "SECONDS", 0.5)
    with of(tmp_path, url) as store, locked(vector_postgres, url, "askcorpus.neighbours"):
        begun = time.monotonic()
        assert_exact(store, QUERIES[:1])
        assert time.monotonic() - begun < 5
    with of(tmp_path, url) as store:
        assert_exact(store, QUERIES)
        assert_asked(store, 60)


def test_of_two_that_write_at_once_one_waits_and_both_are_found(tmp_path: Path, url: str) -> None:
    stores = [of(tmp_path / name, url) for name in ("one", "other")]
    refused: list[str] = []

    def take(store: Store, name: str) -> None:
        for n in range(10):
            while True:
                try:
                    fill(store, document(f"{name}{n}", f"{name} says {n}."))
                    break
                except Busy as exc:
                    refused.append(str(exc))
                    time.sleep(0.02)

    threads = [threading.Thread(target=take, args=(store, f"w{n}")) for n, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for store in stores:
        with store:
            assert store.info().documents == 20
            assert_exact(store, QUERIES)
            assert_asked(store, 20)
    assert all("writing" in one for one in refused)


def test_a_full_disk_of_the_server_is_told_and_nothing_is_lost(tmp_path: Path, vector_postgres: PostgresServer) -> None:
    """Questions go on meanwhile; when there is room again, nobody starts anything anew."""
    with small_disk(160) as disk:
        server = PostgresServer(disk.place / "server", vector_postgres.bin)
        server.start()
        try:
            with of(tmp_path / "data", server.new_database()) as store:
                fill(store, *many(20))
                disk.fill(left=100_000)
                books = (book(f"b{n}", 100) for n in range(1000))
                with pytest.raises(StorageError, match=r"There is no room left .*Free some space: nothing is lost"):
                    fill(store, *books)
                assert_exact(store, QUERIES)
                before = store.info().passages
                disk.clear()
                fill(store, book("after", 100))
                assert_exact(store, QUERIES)
                assert_asked(store, before + 100)
                assert all(check.ok for check in store.check(deep=True))
        finally:
            server.stop()
