"""The Python client: a running server asked as the library is, with the same objects and the same errors."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

import pytest

from askcorpus.assistant import Assistant
from askcorpus.client import AsyncClient, Client
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import AskcorpusError, Busy, ModelError, NothingIngested, UsageError
from askcorpus.settings import Settings
from askcorpus.types import Answer, Done, Filters, Retrieved, Token, Turn
from askcorpus.wire import Lines
from scripted import ScriptedAssistant
from serving import QUESTION, real_assistant, serving

T = TypeVar("T")
QUOTING = "“Ferries sailed from Calais instead”, it said."


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[tuple[Assistant, str]]:
    with real_assistant(tmp_path_factory.mktemp("client"), embeddings) as assistant, serving(assistant) as address:
        yield assistant, address


@pytest.fixture(scope="module")
def scripted() -> Iterator[tuple[ScriptedAssistant, str]]:
    assistant = ScriptedAssistant()
    with serving(assistant) as address:
        yield assistant, address


def same(answer: Answer) -> Answer:
    """An answer without what differs from one time to the next."""
    return answer.model_copy(update={"id": "", "timings_ms": {}})


def awaited(address: str, work: Callable[[AsyncClient], Awaitable[T]]) -> T:
    """What an asynchronous client gives."""

    async def session() -> T:
        async with AsyncClient(address) as client:
            return await work(client)

    return asyncio.run(session())


def test_it_gives_what_the_library_gives(real: tuple[Assistant, str]) -> None:
    assistant, address = real
    french = Filters(languages=("fr",))
    history = (Turn(role="user", text="Tell me of Ostende."), Turn(role="assistant", text="Gladly."))
    with Client(address) as client:
        told = client.ask(QUESTION, history=history, top_k=1, explain=True, conversation_id="c1")
        expected = assistant.ask(QUESTION, history=history, top_k=1, explain=True, conversation_id="c1")
        assert same(told) == same(expected) and told.citations and told.explain
        assert client.search("pont", filters=french, top_k=1) == assistant.search("pont", filters=french, top_k=1)
        assert client.verify(QUOTING) == assistant.verify(QUOTING)
        assert client.info() == assistant.store.info()
        page = client.documents(french)
        assert page.total == 1 and page.documents[0].origin.endswith("pont.txt")
        assert client.document(page.documents[0].id) == assistant.store.document(page.documents[0].id)
        assert client.document("no/such document") is None
        assert client.duplicates(limit=2) == assistant.store.told_twice(limit=2)
        found = assistant.search("harbour")
        names = [hit.passage_id for hit in found]
        assert client.hits([*names, "none"] * 80) == assistant.store.hits(names)


def test_awaited_it_gives_the_same(real: tuple[Assistant, str]) -> None:
    assistant, address = real

    async def everything(client: AsyncClient) -> None:
        assert same(await client.ask(QUESTION)) == same(assistant.ask(QUESTION))
        assert await client.search("harbour", top_k=1) == assistant.search("harbour", top_k=1)
        assert await client.verify(QUOTING) == assistant.verify(QUOTING)
        assert await client.info() == assistant.store.info()
        page = await client.documents(limit=1)
        assert (len(page.documents), page.total) == (1, 2)
        assert await client.document(page.documents[0].id) == assistant.store.document(page.documents[0].id)
        assert await client.document("none") is None
        assert await client.duplicates(offset=1) == assistant.store.told_twice(offset=1)
        names = [hit.passage_id for hit in assistant.search("harbour")]
        assert await client.hits(names) == assistant.store.hits(names)
        events = [event async for event in client.stream(QUESTION)]
        assert isinstance(events[-1], Done) and same(events[-1].answer) == same(assistant.ask(QUESTION))

    awaited(address, everything)


def test_a_stream_has_passages_words_and_the_answer(scripted: tuple[ScriptedAssistant, str]) -> None:
    assistant, address = scripted
    with Client(address) as client:
        found, *words, done = list(client.stream("council", filters=Filters(languages=("en",))))

    expected = assistant.ask("council", filters=Filters(languages=("en",)))
    assert isinstance(found, Retrieved) and found.passages == expected.passages
    assert "".join(word.text for word in words if isinstance(word, Token)).strip() == expected.answer
    assert isinstance(done, Done) and same(done.answer) == same(expected)


@pytest.mark.parametrize(
    ("question", "kind", "told"),
    [
        ("broken model", ModelError, "The model's server does not answer. Start it again."),
        (" ", UsageError, "The question is empty. Ask in a few words."),
        ("bug", AskcorpusError, "Something went wrong. Logged as"),
    ],
)
def test_what_the_server_refuses_is_the_librarys_error(
    scripted: tuple[ScriptedAssistant, str], question: str, kind: type[AskcorpusError], told: str
) -> None:
    """Asked as a whole, streamed, and both awaited."""

    async def streamed(client: AsyncClient) -> list[Any]:
        return [event async for event in client.stream(question)]

    address = scripted[1]
    with Client(address) as client:
        for work in (
            lambda: client.ask(question),
            lambda: list(client.stream(question)),
            lambda: awaited(address, lambda each: each.ask(question)),
            lambda: awaited(address, streamed),
        ):
            with pytest.raises(kind) as caught:
                work()
            assert type(caught.value) is kind and str(caught.value).startswith(told)
            assert caught.value.hint


def test_an_empty_corpus_and_a_malformed_question_are_told_apart() -> None:
    with serving(ScriptedAssistant(documents=())) as address, Client(address) as client:
        with pytest.raises(NothingIngested):
            client.documents()
        with pytest.raises(UsageError, match="top_k"):
            client.ask("x", top_k=0)


def test_half_a_surrogate_pair_is_asked(scripted: tuple[ScriptedAssistant, str]) -> None:
    with Client(scripted[1]) as client:
        assert client.document("\ud83d") is None
        with pytest.raises(AskcorpusError):
            list(client.stream("broken model \ud83d"))


def test_the_key_opens_the_server_and_stays_out_of_messages() -> None:
    settings = Settings.model_validate({"api_key": "open sesame"})
    with serving(ScriptedAssistant(), settings) as address:
        with Client(address, "open sesame") as client:
            assert client.ask("council").answerable
        with Client(address.replace("//", "//me:open sesame@")) as client:
            assert client.ask("council").answerable
        for wrong in (Client(address), Client(address, "other"), Client(address.replace("//", "//me:secret@"))):
            with wrong as client, pytest.raises(UsageError, match="needs a key") as caught:
                client.ask("council")
            assert "secret" not in str(caught.value)


def test_where_nobody_answers_it_says_where() -> None:
    with Client("http://me:secret@127.0.0.1:9/under/") as client, pytest.raises(UsageError) as caught:
        client.ask("x")
    assert str(caught.value).startswith("No server answers at http://127.0.0.1:9/under: ")


@pytest.mark.parametrize("key", ["hush\n", " hush", "hu\x00sh", "hüsh"])
def test_a_key_that_cannot_be_sent_is_refused_at_once_and_not_told(key: str) -> None:
    with pytest.raises(UsageError, match="not one that can be sent") as caught:
        Client("http://127.0.0.1:9", key)
    assert "sh" not in str(caught.value)


def test_ids_of_dots_reach_the_document_and_no_other_address(scripted: tuple[ScriptedAssistant, str]) -> None:
    with Client(scripted[1]) as client:
        assert [client.document(one) for one in ("..", "../index", "a/../../index", ".")] == [None] * 4


def test_what_is_too_long_for_an_address_is_a_usage_error(scripted: tuple[ScriptedAssistant, str]) -> None:
    with Client(scripted[1]) as client, pytest.raises(UsageError, match="too long"):
        client.document("x" * 70_000)
    with Client(scripted[1]) as client, pytest.raises(UsageError, match="too long"):
        client.documents(Filters(sources=("x" * 70_000,)))


LONG_NAME = f"http://{'x' * 70}.example"


@pytest.mark.parametrize(
    "url", ["", "localhost:7860", "http://", "file:///etc/passwd", "http://[::1", "http://xn--/", LONG_NAME]
)
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(UsageError, match="is not an address"):
        Client(url)
    with pytest.raises(UsageError, match="is not an address"):
        AsyncClient(url)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, "<html>Hello</html>", UsageError),
        (404, "<html>Not here</html>", UsageError),
        (503, "<html>Nobody home</html>", Busy),
        (200, "", UsageError),
    ],
)
def test_another_server_is_not_taken_for_one_of_ours(status: int, body: str, kind: type[AskcorpusError]) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        with Client(address) as client:
            for work in (
                lambda: client.ask("x"),
                lambda: client.document("x"),
                lambda: list(client.stream("x")) if status != 200 else client.info(),
            ):
                with pytest.raises(kind, match=address):
                    work()
            if status == 200:
                with pytest.raises(Busy, match="lost"):
                    list(client.stream("x"))
        server.shutdown()


def test_a_server_that_is_slow_is_busy(scripted: tuple[ScriptedAssistant, str]) -> None:
    with Client(scripted[1], timeout=0.2) as client, pytest.raises(Busy, match="did not answer in time"):
        client.ask("slow council")


def test_closing_a_stream_ends_the_work_on_it(scripted: tuple[ScriptedAssistant, str]) -> None:
    assistant, address = scripted
    before = assistant.abandoned
    with Client(address) as client:
        events = client.stream("slow council")
        assert isinstance(next(events), Retrieved)
        events.close()
        deadline = time.monotonic() + 60
        while assistant.abandoned == before and time.monotonic() < deadline:
            time.sleep(0.02)
        assert assistant.abandoned == before + 1
        assert client.ask("council").answerable


def test_events_are_found_however_the_bytes_come() -> None:
    """Only a line feed ends a line: a text may hold what Python takes for one."""
    sent = 'event: token\ndata: {"text":"a\u2028b\x85é"}\n\n: still here\n\nevent: done\ndata: {}\n\n'.encode()
    lines = Lines()

    found = [event for at in range(len(sent)) for event in lines.events(sent[at : at + 1])]

    assert found == [("token", '{"text":"a\u2028b\x85é"}'), ("done", "{}")] == list(Lines().events(sent))


def test_an_event_that_is_no_text_is_told_as_what_it_is() -> None:
    (event,) = Lines().events(b'event: token\ndata: {"text": "\xff"}\n\n')
    with Client("http://127.0.0.1:9") as client, pytest.raises(UsageError, match="does not answer as"):
        client._server.event(*event)


def test_a_long_event_takes_time_by_its_length_and_no_more() -> None:
    """Looked through anew with each piece, 20 MB in pieces of a kilobyte take minutes."""
    lines, piece = Lines(), b"x" * 1024
    began = time.process_time()
    for _ in range(20_000):
        assert not list(lines.events(piece))
    assert time.process_time() - began < 2


def test_fields_that_a_newer_server_adds_are_passed_over() -> None:
    with Client("http://127.0.0.1:9") as client:
        token = client._server.event("token", '{"text": "x", "added": {"later": 1}}')

    assert token == Token(text="x")


def test_it_imports_nothing_heavy() -> None:
    heavy = {"numpy", "onnxruntime", "chromadb", "sqlalchemy", "langchain_core", "fastapi", "askcorpus.assistant"}
    code = f"import sys; from askcorpus import Client, AsyncClient; print(*sorted({heavy!r} & sys.modules.keys()))"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == ""
