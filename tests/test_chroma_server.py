"""Whatever becomes of a Chroma server: questions are answered rightly within seconds, and it is used again later."""

import json
import logging
import resource
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from traceback import format_exception

import numpy as np
import pytest

from askcorpus.errors import StorageError, UsageError
from askcorpus.index import catalog, chroma_http, chroma_server, exact, schema
from askcorpus.index.chroma_files import Unreachable
from askcorpus.index.chroma_http import ChromaHttp
from askcorpus.index.chroma_server import ChromaServer
from askcorpus.index.store import Store
from chroma_process import ChromaProcess, chroma_process, proxy
from corpora import assert_exact, book, document, fill, many, open_, put, vector
from machine import free_port

QUERIES = [vector(f"question {n}") for n in range(5)]
TOKEN = "s3cret-of-the-server"


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every corpus counts as a large one; a server that failed is tried again at once, and given a second."""
    monkeypatch.setattr(exact, "EXACT_UPTO", 0)
    monkeypatch.setattr(chroma_server, "RETRY_SECONDS", 0)
    monkeypatch.setattr(chroma_server, "LOOK_SECONDS", 0)
    monkeypatch.setattr(chroma_http, "SECONDS", 1.0)


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaProcess]:
    """A server that no test ends."""
    with chroma_process(tmp_path_factory.mktemp("steady")) as server:
        yield server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChromaProcess]:
    """A server of its own."""
    with chroma_process(tmp_path / "server") as server:
        yield server


@pytest.fixture
def store(tmp_path: Path, steady: ChromaProcess) -> Iterator[Store]:
    """Sixty passages on the steady server."""
    with open_(tmp_path / "data", vectors=steady.url) as store:
        fill(store, *many(20))
        yield store


def answers(store: Store) -> bool:
    """Whether the server answers the next question."""
    with store._reading() as connection:
        state = schema.state(connection)
        return store._vectors.search(connection, state, QUERIES[0], 10) is not None


def comes_back(store: Store) -> None:
    """Without a restart, and while questions go on."""
    deadline = time.monotonic() + 60
    while not answers(store):
        assert time.monotonic() < deadline
        assert_exact(store, QUERIES[:1])
        time.sleep(0.05)
    assert_exact(store, QUERIES)


def collection_of(store: Store, url: str) -> tuple[ChromaHttp, str, str]:
    """The server, and the name and the id of the store's collection there."""
    http = ChromaHttp(url, None)
    with store._reading() as connection:
        name = f"askcorpus-{schema.state(connection).identity}"
    found = http.collection(name)
    assert found
    return http, name, found.id


def seconds(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


# --- the server comes and goes ---


def test_a_server_that_is_absent_at_the_start_is_used_when_it_comes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ChromaProcess(tmp_path / "server")
    with open_(tmp_path / "data", vectors=server.url) as store:
        with caplog.at_level(logging.WARNING):
            fill(store, *many(20))
            monkeypatch.setattr(chroma_server, "RETRY_SECONDS", 60)
            for _ in range(5):
                assert_exact(store, QUERIES)
        assert len([record for record in caplog.records if "Searching exactly" in record.message]) <= 2
        name, ok, detail = store.check()[-1]
        assert (name, ok) == ("vector index", False)
        assert server.url in detail
        with pytest.raises(StorageError, match="could not be made anew: it does not answer"):
            store.rebuild()
        monkeypatch.setattr(chroma_server, "RETRY_SECONDS", 0)
        index = store._vectors
        assert isinstance(index, ChromaServer)
        index._retry_at = 0.0  # a minute has gone by
        server.start()
        try:
            comes_back(store)
            assert store.check()[-1] == ("vector index", True, f"60 passages on the Chroma server at {server.url}")
        finally:
            server.kill()


def test_a_killed_server_is_used_again_when_it_is_back(tmp_path: Path, server: ChromaProcess) -> None:
    with open_(tmp_path / "data", vectors=server.url) as store:
        fill(store, *many(20))
        assert answers(store)
        server.kill()
        assert_exact(store, QUERIES)
        assert not store.check()[-1].ok
        server.start()
        comes_back(store)


def test_what_was_written_and_removed_while_it_was_away_reaches_it_later(tmp_path: Path, server: ChromaProcess) -> None:
    with open_(tmp_path / "data", vectors=server.url) as store:
        fill(store, *many(20))
        server.kill()
        with store.writer() as writer:
            writer.remove(["d3", "d4"])
            put(writer, *many(20, start=100))
        assert_exact(store, QUERIES, limit=30)
        server.start()
        comes_back(store)
        http, _, id_ = collection_of(store, server.url)
        assert http.count(id_) == store.info().passages == 114


def test_a_server_that_lost_its_disk_is_filled_again(tmp_path: Path, server: ChromaProcess) -> None:
    with open_(tmp_path / "data", vectors=server.url) as store:
        fill(store, *many(20))
        server.kill()
        shutil.rmtree(server.folder)
        server.start()
        assert_exact(store, QUERIES)
        comes_back(store)


def test_a_hung_server_costs_seconds_and_no_answer(tmp_path: Path, server: ChromaProcess) -> None:
    with open_(tmp_path / "data", vectors=server.url) as store:
        fill(store, *many(20))
        server.send(signal.SIGSTOP)
        assert seconds(lambda: assert_exact(store, QUERIES[:1])) < 5
        assert seconds(store.check) < 5
        assert seconds(lambda: fill(store, document("new"))) < 10
        server.send(signal.SIGCONT)
        comes_back(store)


def test_a_slow_server_costs_seconds_and_no_answer(tmp_path: Path, steady: ChromaProcess) -> None:
    late = [0.0]

    def slowly(_: BaseHTTPRequestHandler, body: bytes) -> bytes:
        time.sleep(late[0])
        return body

    with proxy(steady.url, slowly) as url, open_(tmp_path / "data", vectors=url) as store:
        fill(store, *many(20))
        assert answers(store)
        late[0] = 3.0
        assert seconds(lambda: assert_exact(store, QUERIES[:1])) < 2.5
        assert "did not answer within 1 seconds" in store.check()[-1].detail
        late[0] = 0.0
        comes_back(store)


def test_a_full_disk_of_the_server_loses_nothing(tmp_path: Path, server: ChromaProcess) -> None:
    with open_(tmp_path / "data", vectors=server.url) as store:
        fill(store, *many(20))
        assert server.process
        full = max(path.stat().st_size for path in server.folder.rglob("*")) + 50_000  # bytes that a file may have
        _, most = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (full, most))
        fill(store, book("b", 3000))
        assert not store.check()[-1].ok
        assert_exact(store, QUERIES[:3])
        server.kill()
        server.start()  # with room again
        comes_back(store)


# --- what it holds is not what it should ---


def drop(http: ChromaHttp, name: str, _id: str) -> None:
    http.drop(name)


def lose_rows(http: ChromaHttp, _name: str, id_: str) -> None:
    http.delete(id_, ["1", "2", "3"])


def exchange_rows(http: ChromaHttp, _name: str, id_: str) -> None:
    http.delete(id_, ["1", "2", "3"])
    http.add(id_, {str(n): vector(f"foreign {n}") for n in (1001, 1002, 1003)})


def exchange_names(http: ChromaHttp, _name: str, id_: str) -> None:
    http.delete(id_, ["1"])
    http.add(id_, {"one": QUERIES[0]})


def name_what_is_no_number_of_a_row(http: ChromaHttp, _name: str, id_: str) -> None:
    http.delete(id_, ["1", "2"])
    http.add(id_, {"9" * 30: QUERIES[0], "9" * 5000: QUERIES[1]})


def exchange_vectors(http: ChromaHttp, name: str, id_: str) -> None:
    """Dropped and made by somebody else, with the right names and the right note."""
    old = http.collection(name)
    assert old and old.metadata
    names = http.names(id_, 0, 1000)
    http.drop(name)
    made = http.make(name, old.metadata)
    http.add(made.id, {each: vector(f"foreign {each}") for each in names})


def be_another_program(http: ChromaHttp, name: str, _id: str) -> None:
    http.drop(name)
    made = http.make(name, {"made by": "another program"})
    http.add(made.id, {str(n): vector(f"foreign {n}") for n in range(1, 61)})


def be_of_another_length(http: ChromaHttp, name: str, id_: str) -> None:
    old = http.collection(name)
    assert old and old.metadata
    names = http.names(id_, 0, 1000)
    http.drop(name)
    http.add(http.make(name, old.metadata).id, {each: np.ones(3, np.float32) for each in names})


FAULTS = [
    drop,
    lose_rows,
    exchange_rows,
    exchange_names,
    name_what_is_no_number_of_a_row,
    exchange_vectors,
    be_another_program,
    be_of_another_length,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_collection_that_is_not_what_it_should_be_is_never_believed(
    store: Store, steady: ChromaProcess, fault: Callable[[ChromaHttp, str, str], None]
) -> None:
    assert answers(store)
    fault(*collection_of(store, steady.url))
    assert_exact(store, QUERIES, limit=60)
    comes_back(store)
    http, _, id_ = collection_of(store, steady.url)
    assert sorted(map(int, http.names(id_, 0, 1000))) == list(range(1, 61))


@pytest.mark.parametrize(
    "fault", [exchange_rows, exchange_vectors, be_another_program], ids=lambda fault: fault.__name__
)
def test_nor_by_a_process_that_starts(
    store: Store, steady: ChromaProcess, fault: Callable[[ChromaHttp, str, str], None]
) -> None:
    fault(*collection_of(store, steady.url))
    with open_(store.folder, vectors=steady.url) as second:
        assert_exact(second, QUERIES, limit=60)
        comes_back(second)


def test_one_fault_within_the_seconds_that_it_is_believed_gives_no_wrong_answer(
    store: Store, steady: ChromaProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma_server, "LOOK_SECONDS", 60)
    assert answers(store)
    exchange_rows(*collection_of(store, steady.url))
    assert_exact(store, QUERIES, limit=60)


@pytest.mark.parametrize("reply", [b"<html>hello</html>", b'{"id": 7}', 500, 404])
def test_what_is_no_chroma_is_told_and_survived(tmp_path: Path, steady: ChromaProcess, reply: bytes | int) -> None:
    wrong = False
    with (
        proxy(steady.url, lambda _, body: reply if wrong else body) as url,
        open_(tmp_path / "data", vectors=url) as store,
    ):
        fill(store, *many(20))
        assert answers(store)
        wrong = True
        assert_exact(store, QUERIES)
        fill(store, document("new"))
        assert_exact(store, QUERIES)
        assert store.check()[-1].detail
        wrong = False
        comes_back(store)


def test_distances_that_are_no_numbers_are_not_believed(
    tmp_path: Path, steady: ChromaProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma_server, "LOOK_SECONDS", 60)
    wrong = False

    def without_numbers(request: BaseHTTPRequestHandler, body: bytes) -> bytes:
        if not wrong or not request.path.endswith("/query"):
            return body
        reply = json.loads(body)
        return json.dumps(reply | {"distances": [[float("nan")] * len(reply["distances"][0])]}).encode()

    with proxy(steady.url, without_numbers) as url, open_(tmp_path / "data", vectors=url) as store:
        fill(store, *many(20))
        assert answers(store)
        wrong = True
        assert not answers(store)


@pytest.mark.parametrize(
    ("piece", "pause"), [(b" " * 1_000_000, 0.0), (b" ", 0.2)], ids=["more than fits", "a little at a time"]
)
def test_a_reply_without_end_is_given_up(piece: bytes, pause: float, monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(ConnectionError):
                for _ in range(30):  # seconds of drops, or more than may be read
                    self.wfile.write(piece)
                    time.sleep(pause)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setattr(chroma_http, "LONGEST", 5_000_000)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        with closing(ChromaHttp(f"http://127.0.0.1:{server.server_port}", None)) as http:
            started = time.monotonic()
            with pytest.raises(Unreachable, match="not Chroma's" if not pause else "did not answer within"):
                http.count("any")
            assert time.monotonic() - started < 4
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_names_without_end_are_not_collected_for_ever(
    tmp_path: Path, steady: ChromaProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma_server, "PAGE", 10)
    wrong = False

    def the_same_page(request: BaseHTTPRequestHandler, body: bytes) -> bytes:
        return json.dumps({"ids": list(map(str, range(1, 11)))}).encode() if request.path.endswith("/get") else body

    with (
        proxy(steady.url, lambda request, body: the_same_page(request, body) if wrong else body) as url,
        open_(tmp_path / "data", vectors=url) as store,
    ):
        fill(store, *many(20))
        http, _, id_ = collection_of(store, steady.url)
        http.delete(id_, ["1"])
        wrong = True
        assert not answers(store)
        index = store._vectors
        assert isinstance(index, ChromaServer)
        assert index._thread
        index._thread.join(60)
        assert not index._thread.is_alive()
        wrong = False
        comes_back(store)


def test_a_note_of_a_newer_version_is_left_alone(store: Store, steady: ChromaProcess) -> None:
    http, name, id_ = collection_of(store, steady.url)
    newer = {"askcorpus": 99, "generation": 1, "passages": 60, "last": 60}
    http.note(id_, newer)
    fill(store, document("new"))
    assert_exact(store, QUERIES)
    assert "another version" in store.check()[-1].detail
    left = http.collection(name)
    assert left and left.id == id_
    assert left.metadata == newer


# --- several processes ---


def test_many_processes_share_a_collection_and_see_each_others_writing(store: Store, steady: ChromaProcess) -> None:
    with open_(store.folder, vectors=steady.url) as second:
        for step in range(3):
            for writing, reading in ((store, second), (second, store)):
                with writing.writer() as writer:
                    writer.remove([f"d{step}"])
                    put(writer, *many(1, start=500 + 2 * step + (writing is second)))
                assert answers(reading)
                assert_exact(reading, QUERIES, limit=30)
        assert not list(store.folder.glob("chroma*"))


def test_a_process_that_reads_an_older_state_takes_nothing_away(store: Store, steady: ChromaProcess) -> None:
    with open_(store.folder, vectors=steady.url) as second, second._reading() as connection:
        old = schema.state(connection)
        fill(store, *many(5, start=300))
        assert second._vectors.search(connection, old, QUERIES[0], 10) is None
        assert "brought it further" in second._vectors.sync(connection, old, lambda _done, _total: None)
    assert answers(store)
    assert_exact(store, QUERIES)


def test_half_written_work_of_another_is_finished(store: Store, steady: ChromaProcess) -> None:
    http, _, id_ = collection_of(store, steady.url)
    with store._database.writing() as connection:
        catalog.remove(connection, ["d1", "d2"])
    http.delete(id_, ["4"])  # a passage of d1: then its process was killed
    http.add(id_, {"9": vector("never")})  # which is there, and stays what it is
    assert_exact(store, QUERIES)
    comes_back(store)


def test_a_process_ends_in_seconds_while_it_brings_a_collection_level(
    store: Store, steady: ChromaProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = chroma_server.BATCH
    monkeypatch.setattr(chroma_server, "BATCH", 1)
    with open_(store.folder, vectors="embedded") as other:
        fill(other, book("b", 3000))
    second = open_(store.folder, vectors=steady.url)
    assert_exact(second, QUERIES[:1])
    assert seconds(second.close) < 3
    http, _, id_ = collection_of(store, steady.url)
    assert http.count(id_) < 3060
    monkeypatch.setattr(chroma_server, "BATCH", usual)
    comes_back(store)


# --- the token ---


def test_the_token_is_sent_and_never_shown(
    tmp_path: Path, steady: ChromaProcess, caplog: pytest.LogCaptureFixture
) -> None:
    def guarded(request: BaseHTTPRequestHandler, body: bytes) -> bytes | int:
        sent = request.headers.get("Authorization"), request.headers.get("X-Chroma-Token")
        return body if sent == (f"Bearer {TOKEN}", TOKEN) else 401

    with proxy(steady.url, guarded) as url:
        with open_(tmp_path / "data", vectors=url, vectors_token=TOKEN) as store:
            fill(store, *many(20))
            assert answers(store)
        with open_(tmp_path / "data", vectors=url, vectors_token="wrong-" + TOKEN) as store:
            assert_exact(store, QUERIES)
            assert "it refuses the vectors_token" in store.check()[-1].detail
            assert TOKEN not in str(store.check()) + caplog.text
        with open_(tmp_path / "data", vectors=url) as store:
            assert "it asks for a vectors_token" in store.check()[-1].detail


@pytest.mark.parametrize("token", [f"{TOKEN}\n", f"{TOKEN}é", f" {TOKEN}", f"{TOKEN}\0"])
def test_a_token_that_cannot_be_sent_is_refused_and_not_shown(tmp_path: Path, token: str) -> None:
    with pytest.raises(UsageError, match="vectors_token") as error:
        open_(tmp_path / "data", vectors="http://127.0.0.1:8000", vectors_token=token)
    assert TOKEN not in "".join(format_exception(error.value))


@pytest.mark.parametrize(
    "address",
    ["http://me:{}@host", "http://me:{}/x@host", "http://me:{}@host:port", "me:{}@host:8000", "https://{}@host"],
)
def test_a_password_in_the_address_is_not_repeated(tmp_path: Path, address: str) -> None:
    with pytest.raises(UsageError, match="holds a name or a password") as error:
        open_(tmp_path / "data", vectors=address.format(TOKEN))
    assert TOKEN not in "".join(format_exception(error.value))


def test_an_unused_port_is_told_at_once(tmp_path: Path) -> None:
    with open_(tmp_path / "data", vectors=f"http://127.0.0.1:{free_port()}") as store:
        fill(store, *many(20))
        assert seconds(lambda: assert_exact(store, QUERIES)) < 2
