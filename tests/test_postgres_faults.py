"""A PostgreSQL server that is killed, slow, cut off or full: a clear answer, and recovery without a restart."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from random import Random

import httpx
import pytest
from pydantic import SecretStr

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import Busy, StorageError
from askcorpus.index import postgres as postgres_module
from askcorpus.index.opening import open_index
from askcorpus.settings import Settings
from askcorpus.text.words import terms
from askcorpus_ingest.pipeline import ingest
from askcorpus_ui.chat.conversation import Place, Reply
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.cli.doctor import examine
from askcorpus_ui.web.keys import Keys
from asking import READER
from corpora import assert_exact, document, fill, many, open_, put, vector
from looking import look
from postgres_server import PASSWORD, PostgresServer, holding, locked
from serving import ARTICLES, QUESTION, serving, wait_for_models

SOON = 15.0
"""Seconds within which whoever asks is told."""

WRITE_KEY = "of whoever runs the server"


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """The address of an empty database, on a server that runs again after the test."""
    yield postgres.new_database()
    if not postgres.is_running:
        postgres.start()


def name_of(url: str) -> str:
    return url.rpartition("/")[2]


# --- killed, and back ---


def test_a_server_that_is_killed_and_comes_back_is_found_again(
    tmp_path: Path, postgres: PostgresServer, url: str
) -> None:
    with (
        open_(tmp_path, database=url) as store,
        closing(Keys(tmp_path, url)) as keys,
        closing(Conversations(tmp_path, 90, url)) as conversations,
    ):
        fill(store, *many(5))
        secret, key = keys.add("A newsroom", ["ask"])
        place = conversations.ask("anna", None, "Who?")
        before = look(store).lexical(terms("Report"), 10)
        with store.snapshot() as index:
            postgres.kill()
            begun = time.monotonic()
            with pytest.raises(StorageError, match="cannot be reached"):
                index.facets()
        for use in (store.info, keys.listed, lambda: conversations.listed("anna"), lambda: fill(store, document("x"))):
            with pytest.raises(
                StorageError, match=r"^The database .* cannot be reached \(.*Start it, or wait"
            ) as error:
                use()
            assert "\n" not in str(error.value) and PASSWORD not in str(error.value)
        assert [check.ok for check in store.check()] == [False]
        assert time.monotonic() - begun < SOON
        postgres.start()
        assert look(store).lexical(terms("Report"), 10) == before
        assert keys.known(secret.encode()) == key
        assert [entry.id for entry in conversations.listed("anna")] == [place.id]
        fill(store, document("x"))
        assert store.info().documents == 6


def test_a_run_that_lost_the_server_ends_and_the_next_goes_on(
    tmp_path: Path, postgres: PostgresServer, url: str
) -> None:
    with open_(tmp_path, database=url) as store:
        with suppress(StorageError), store.writer() as writer:
            put(writer, *many(3))
            postgres.kill()
            with pytest.raises(StorageError, match="cannot be reached"):
                put(writer, document("during"))
            postgres.start()
            with pytest.raises(StorageError, match="was lost, and with it the right to write"):
                put(writer, document("after"))
        assert store.info().documents == 3
        fill(store, document("after"))
        assert [check.ok for check in store.check(deep=True)] == [True] * 3


def test_who_lost_the_right_to_write_writes_nothing_beside_who_has_it_now(
    tmp_path: Path, postgres: PostgresServer, url: str
) -> None:
    """As after a partition: the server has given the lock to another, and the first does not know."""
    with open_(tmp_path / "one", database=url) as store, open_(tmp_path / "other", database=url) as other:
        fill(store, document("a"))
        mine = "locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        taken = f"SELECT pg_terminate_backend(pid, 60000) FROM pg_locks WHERE {mine}"  # which waits until it is so
        with suppress(StorageError), store.writer() as writer:
            assert postgres.sql(name_of(url), taken) == "t"
            with other.writer() as second:
                with pytest.raises(StorageError, match="cannot be reached"):
                    put(writer, document("b"))
                with pytest.raises(StorageError, match="was lost, and with it the right to write"):
                    put(writer, document("b"))
                put(second, document("c"))
        assert [one.id for one in other.documents()] == ["a", "c"]
        fill(store, document("b"))
        assert other.info().documents == 3


# --- slow ---


def test_a_server_that_takes_too_long_is_given_up(
    tmp_path: Path, postgres: PostgresServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_(tmp_path, database=url) as store:
        fill(store, *many(3))
    monkeypatch.setattr(postgres_module, "SECONDS", 0.5)
    with open_(tmp_path, database=url) as store:
        with locked(postgres, url, "askcorpus.documents"):
            begun = time.monotonic()
            with pytest.raises(Busy, match="takes too long"):
                store.info()
            assert time.monotonic() - begun < 5
        assert store.info().documents == 3


def test_who_waits_to_write_in_a_conversation_keeps_no_other_waiting(
    tmp_path: Path, postgres: PostgresServer, url: str
) -> None:
    with closing(Conversations(tmp_path, 90, url)) as conversations, ThreadPoolExecutor() as threads:
        place = conversations.ask("anna", None, "Who?")
        mine = f"SELECT 1 FROM askcorpus.conversations WHERE id = '{place.id}' FOR UPDATE"
        with holding(postgres, url, mine):
            waiting = threads.submit(conversations.ask, "anna", place.id, "When?")
            time.sleep(0.5)
            begun = time.monotonic()
            other = conversations.ask("otto", None, "Where?")
            assert conversations.reply("otto", other, Reply(kind="answered", text="There."))
            assert time.monotonic() - begun < 5
            assert not waiting.done()
        assert waiting.result(10) == Place(id=place.id, turn=2)


# --- cut off ---


class Way:
    """The way to a server, which can be cut: nothing passes then, and nobody is told."""

    def __init__(self, port: int, goodbye: float = 0) -> None:
        """``goodbye`` is how many seconds the last word of a connection takes."""
        self._to, self._goodbye = port, goodbye
        self._open = threading.Event()
        self._open.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._sockets: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._open.clear()

    def mend(self) -> None:
        self._open.set()

    def close(self) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                self._sockets += [client, server]
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._open.wait()
                if data == b"X\0\0\0\4":
                    time.sleep(self._goodbye)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def test_a_partition_is_told_in_time_and_heals(
    tmp_path: Path, postgres: PostgresServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("SECONDS", "_GRACE", "_PING_SECONDS"):
        monkeypatch.setattr(postgres_module, limit, 0.5)
    monkeypatch.setattr(postgres_module, "_CONNECT_SECONDS", 2)
    with (
        closing(Way(postgres.port)) as way,
        open_(tmp_path, database=postgres.url(name_of(url), way.port)) as store,
    ):
        fill(store, *many(3))
        with store.snapshot() as index:
            assert index.filled().documents == 3
            way.cut()
            begun = time.monotonic()
            with pytest.raises(StorageError, match="no answer within 1 seconds"):
                index.facets()
        with pytest.raises(StorageError, match="cannot be reached"):
            store.info()
        assert time.monotonic() - begun < SOON
        way.mend()
        assert store.info().documents == 3
        fill(store, document("later"))
        assert_exact(store, [vector("q")])


def test_while_a_key_is_looked_up_on_a_server_that_is_cut_off_others_are_served(
    tmp_path: Path, postgres: PostgresServer, url: str, embeddings: SentenceEmbeddings
) -> None:
    with closing(Keys(tmp_path, url)) as keys:
        secret, _ = keys.add("A newsroom", ["ask"])
    with ExitStack() as stack:
        way = stack.enter_context(closing(Way(postgres.port)))
        address = SecretStr(postgres.url(name_of(url), way.port))
        settings = Settings(data=tmp_path / "index", database=address, api_key=SecretStr(WRITE_KEY))
        assistant = Assistant(settings, open_index(settings, embeddings), embeddings, reader=READER)
        stack.enter_context(assistant)
        served = stack.enter_context(serving(assistant, settings))
        threads = stack.enter_context(ThreadPoolExecutor(60))
        assert httpx.get(f"{served}/openapi.json", headers={"X-API-Key": WRITE_KEY}, timeout=60).status_code == 200
        way.cut()
        stack.callback(way.mend)
        for _ in range(60):
            threads.submit(httpx.get, f"{served}/api/v1/facets", headers={"X-API-Key": secret}, timeout=60)
        time.sleep(0.5)
        begun = time.monotonic()
        assert httpx.get(f"{served}/health", timeout=60).status_code == 200
        assert httpx.get(f"{served}/health", headers={"X-API-Key": secret}, timeout=60).status_code == 200
        assert httpx.get(f"{served}/openapi.json", headers={"X-API-Key": WRITE_KEY}, timeout=60).status_code == 200
        assert time.monotonic() - begun < 5


def test_who_has_written_has_given_the_right_back(tmp_path: Path, postgres: PostgresServer, url: str) -> None:
    """When the block ends, and not when the server comes to see that the connection has ended."""
    with (
        closing(Way(postgres.port, goodbye=0.5)) as way,
        open_(tmp_path, database=postgres.url(name_of(url), way.port)) as store,
    ):
        for n in range(3):
            fill(store, document(f"d{n}"))
        assert store.info().documents == 3


# --- full ---


def test_a_full_disk_on_the_server_loses_nothing(tmp_path: Path, postgres: PostgresServer, url: str) -> None:
    drawn = Random(1)
    large = document("large", " ".join(f"{drawn.getrandbits(64):x}" for _ in range(1_800_000)))  # PostgreSQL compresses
    with open_(tmp_path, database=url) as store:
        fill(store, *many(3))
        postgres.stop()
        postgres.start(largest_file=17_000_000)
        with store.writer() as writer:
            with pytest.raises(StorageError, match=r"^There is no room left for the database"):
                writer.put(large, [])
            put(writer, document("d0"))
        postgres.stop()
        postgres.start()
        assert store.info().documents == 3
        fill(store, document("small"))
        assert store.info().documents == 4
        assert [check.ok for check in store.check(deep=True)] == [True] * 3


# --- several servers ---


def test_servers_over_one_database_share_what_each_is_told(
    tmp_path: Path, postgres: PostgresServer, url: str, embeddings: SentenceEmbeddings
) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    for name, text in ARTICLES.items():
        (articles / name).write_text(text, encoding="utf-8")
    with ExitStack() as stack:
        addresses, assistants = [], []
        for name in ("one", "other"):
            settings = Settings(data=tmp_path / name, database=SecretStr(url), min_confidence=0)
            assistant = Assistant(settings, open_index(settings, embeddings), embeddings, reader=READER)
            assistants.append(stack.enter_context(assistant))
            addresses.append(stack.enter_context(serving(assistant, settings)))
            wait_for_models(addresses[-1])

        def ask(address: str, key: str = "") -> httpx.Response:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            return httpx.post(f"{address}/api/v1/ask", json={"question": QUESTION}, headers=headers, timeout=60)

        assert [ask(address).status_code for address in addresses] == [409, 409]
        ingest([articles], assistants[0].store, embeddings, assistants[0].settings)
        answers = [ask(address).json() for address in addresses]
        assert answers[0]["answerable"]
        assert answers[0]["citations"] == answers[1]["citations"]
        with closing(Keys(tmp_path / "third", url)) as keys:
            secret, key = keys.add("A newsroom", ["ask"])
            assert [ask(address).status_code for address in addresses] == [401, 401]
            assert [ask(address, secret).status_code for address in addresses] == [200, 200]
            keys.revoke([key.id])
            assert [ask(address, secret).status_code for address in addresses] == [401, 401]
    with ExitStack() as stack:
        settings = Settings(
            data=tmp_path / "fresh",
            database=SecretStr(postgres.new_database()),
            min_confidence=0,
            write_key=SecretStr(WRITE_KEY),
        )
        assistant = stack.enter_context(
            Assistant(settings, open_index(settings, embeddings), embeddings, reader=READER)
        )
        ingest([articles], assistant.store, embeddings, settings)
        address = stack.enter_context(serving(assistant, settings))
        wait_for_models(address)
        assert ask(address).status_code == 200
        postgres.kill()
        refused = ask(address)
        assert (refused.status_code, refused.json()["code"]) == (503, "StorageError")
        assert "Retry-After" in refused.headers
        assert PASSWORD not in refused.text
        assert httpx.get(f"{address}/health").status_code == 200
        shut, keyed = (httpx.get(f"{address}/ready", headers={"X-API-Key": key}) for key in ("no", WRITE_KEY))
        assert (shut.status_code, keyed.status_code) == (503, 503)
        assert "cannot be reached" in keyed.text and "cannot be reached" not in shut.text
        postgres.start()
        assert ask(address).status_code == 200
        assert httpx.get(f"{address}/ready").status_code == 200


@pytest.mark.usefixtures("one_model")
def test_the_doctor_names_the_database_and_not_its_password(
    tmp_path: Path, postgres: PostgresServer, url: str, embeddings: SentenceEmbeddings
) -> None:
    settings = Settings(data=tmp_path / "index", database=SecretStr(url))
    article = tmp_path / "storm.txt"
    article.write_text(ARTICLES["storm.txt"], encoding="utf-8")
    with open_index(settings, embeddings) as store:
        ingest([article], store, embeddings, settings)
    checks = {check.name: check for check in examine(settings)}
    assert all(check.ok for check in checks.values())
    assert f"127.0.0.1:{postgres.port}/{name_of(url)}" in checks["database"].detail
    postgres.kill()
    failed = [check for check in examine(settings) if not check.ok]
    assert ["cannot be reached" in check.detail for check in failed] == [True]
    assert PASSWORD not in str([*checks.values(), *failed])
