"""A language model's server that drips or floods is given up, with real sockets."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from askcorpus.answer import bounded_transport
from askcorpus.answer.llm import LLMAnswerer, load_chat_model
from askcorpus.errors import ModelError
from askcorpus.settings import Settings
from chat_model import ScriptedChatModel
from test_llm import HITS, run, unrelated

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
REFUSED = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
ZIPPED = EVENTS.replace(b"Connection", b"Content-Encoding: gzip\r\nConnection")


class Flow(NamedTuple):
    """What a server sends: first once, then again and again, with so many seconds between."""

    first: bytes
    again: bytes
    pause: float


@contextmanager
def accepting(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of a server that serves each client in a thread of its own."""

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    flow: Flow = request.param
    over = threading.Event()

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(100_000)
            client.sendall(flow.first)
            while not over.wait(flow.pause):
                client.sendall(flow.again)

    with accepting(serve) as address:
        yield f"{address}/v1"
        over.set()


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(Flow(EVENTS, b": still at it\n\n", 0.05), id="comments without an end"),
        pytest.param(Flow(EVENTS + b"data: {", b" ", 0.05), id="a line that drips"),
        pytest.param(Flow(REFUSED, b"no", 0.05), id="an error that drips"),
        pytest.param(Flow(EVENTS + b"data: ", b"x" * 1_000_000, 0.0), id="a line without an end"),
        pytest.param(Flow(REFUSED, b"x" * 1_000_000, 0.0), id="an error without an end"),
        pytest.param(Flow(ZIPPED, b"", 0.05), id="compressed"),
        pytest.param(Flow(b"HTTP/1.1 200 OK\r\n", b"X-Wait: still\r\n", 0.05), id="headers that drip"),
        pytest.param(Flow(b"", b" ", 0.05), id="a status line that drips"),
        pytest.param(
            Flow(EVENTS, b'data: {"choices": [{"index": 0, "delta": {"content": ""}}]}\n\n' * 1000, 0.0),
            id="pieces without text",
        ),
    ],
    indirect=True,
)
def test_a_response_that_does_not_end_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_transport, "MOST_BYTES", 20_000_000)
    settings = Settings(llm="tiny", llm_base_url=url, llm_timeout=0.2)
    began = time.monotonic()
    with pytest.raises(ModelError) as caught:
        run(LLMAnswerer(load_chat_model(settings), "tiny", unrelated).write("Who?", HITS, "en"))
    assert time.monotonic() - began < 60
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_server_does_not_say_what_else_is_asked(status: str) -> None:
    """A redirect would reach whatever this machine reaches, and bring it the question and the passages."""

    def redirect(first: socket.socket, location: str) -> None:
        client, _ = first.accept()
        with client:
            client.recv(100_000)
            head = f"HTTP/1.1 {status}\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            client.sendall(head.encode())

    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as elsewhere:
        location = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/v1/chat/completions"
        threading.Thread(target=redirect, args=(first, location), daemon=True).start()
        settings = Settings(llm="tiny", llm_base_url=f"http://127.0.0.1:{first.getsockname()[1]}/v1", llm_timeout=5)
        elsewhere.settimeout(0.5)
        with pytest.raises(ModelError, match=r"is at another address\. Set ASKCORPUS_LLM_BASE_URL"):
            run(LLMAnswerer(load_chat_model(settings), "tiny", unrelated).write("Who?", HITS, "en"))
        with pytest.raises(TimeoutError):
            elsewhere.accept()


NDJSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n"
SAID = b'{"model": "tiny", "message": {"role": "assistant", "content": "word "}, "done": false}\n'


@pytest.fixture
def ollama(url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("OLLAMA_HOST", url.removesuffix("/v1"))
    return Settings(llm="ollama:tiny", llm_timeout=0.2)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(Flow(NDJSON, SAID, 0.05), id="words without an end"),
        pytest.param(Flow(NDJSON, SAID.replace(b"word ", b""), 0.0), id="pieces without text"),
        pytest.param(Flow(NDJSON + SAID[:-20], b" ", 0.05), id="a line that drips"),
        pytest.param(Flow(NDJSON + b'{"', b"x" * 1_000_000, 0.0), id="a line without an end"),
        pytest.param(Flow(NDJSON + SAID.replace(b"word", b"x" * 10_000_000), b"", 0.05), id="one long line"),
        pytest.param(Flow(REFUSED, b"x" * 1_000_000, 0.0), id="an error without an end"),
        pytest.param(Flow(b"HTTP/1.1 200 OK\r\n", b"X-Wait: still\r\n", 0.05), id="headers that drip"),
    ],
    indirect=True,
)
def test_what_a_server_of_ollama_sends_is_given_up_too(ollama: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_transport, "MOST_BYTES", 20_000_000)
    answerer = LLMAnswerer(load_chat_model(ollama), "tiny", unrelated, seconds=2)
    began = time.monotonic()
    with pytest.raises(ModelError):
        run(answerer.write("Who?", HITS, "en"))
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "url",
    [Flow(b"HTTP/1.1 307 T\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", b"", 1)],
    indirect=True,
)
def test_a_server_of_ollama_does_not_say_what_else_is_asked(ollama: Settings) -> None:
    with pytest.raises(ModelError, match=r"is at another address\. Set .*OLLAMA_HOST"):
        run(LLMAnswerer(load_chat_model(ollama), "tiny", unrelated).write("Who?", HITS, "en"))


class Unbounded(ScriptedChatModel):
    """One whose package asks by a client of its own, for which nothing says when it comes back."""

    def _stream(self, *_arguments: Any, **_options: Any) -> Iterator[ChatGenerationChunk]:
        for word in self.replies:
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        threading.Event().wait(120)


@pytest.mark.parametrize("words", [[], ["Moscow "]])
def test_a_model_that_never_comes_back_is_given_up(words: list[str]) -> None:
    began = time.monotonic()
    with pytest.raises(ModelError, match="does not come to an end"):
        run(LLMAnswerer(Unbounded(replies=words), "tiny", unrelated, seconds=0.5).write("Who?", HITS, "en"))
    assert time.monotonic() - began < 30


def test_a_model_whose_package_takes_no_client_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("langchain.chat_models.init_chat_model", lambda *_names, **_options: ScriptedChatModel())
    load_chat_model(Settings(llm="other:tiny"))
    assert "other:tiny takes no client of ours" in caplog.text


@pytest.mark.parametrize("name", ["openai:gpt-4o", "gpt-4o", "azure_openai:gpt-4o"])
def test_all_that_speak_as_openai_does_ask_in_our_way(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-06-01")
    model: Any = load_chat_model(Settings(llm=name, llm_api_key="none"))
    assert isinstance(model.root_client._client._transport, bounded_transport.BoundedTransport)


def test_a_connection_that_is_made_when_the_time_is_over_is_cut() -> None:
    class Stream:
        def get_extra_info(self, _name: str) -> socket.socket:
            return ours

    ours, theirs = socket.socketpair()
    with ours, theirs:
        line = bounded_transport._Line()
        line.cut()  # before there is anything to cut, as while an address is looked up
        line.traced("connection.connect_tcp.complete", {"return_value": Stream()})
        theirs.settimeout(60)
        assert theirs.recv(1) == b""


@pytest.mark.parametrize(("spared", "asked"), [("", True), ("model.invalid", False)])
def test_the_proxy_of_the_environment_is_gone_through(
    spared: str, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        with suppress(OSError):
            client = listening.accept()[0]
            with client:
                lines.append(client.recv(100_000).split(b"\r\n")[0])
                client.sendall(REFUSED + b'{"error": {"message": "no"}}')

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{listening.getsockname()[1]}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, spared)
        settings = Settings(llm="tiny", llm_base_url="http://model.invalid/v1", llm_timeout=5)
        with pytest.raises(ModelError):
            run(LLMAnswerer(load_chat_model(settings), "tiny", unrelated).write("Who?", HITS, "en"))
        listening.shutdown(socket.SHUT_RDWR)
    assert lines == ([b"POST http://model.invalid/v1/chat/completions HTTP/1.1"] if asked else [])


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for model.invalid, and its key."""
    file = tmp_path / "model.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    named = [
        "-subj",
        "/CN=model.invalid",
        "-addext",
        "subjectAltName=DNS:model.invalid",
        "-keyout",
        str(file),
        "-out",
        str(file),
    ]
    subprocess.run([*made, *named], check=True, capture_output=True)
    return file


@contextmanager
def tunnel(certificate: Path, answer: Callable[[ssl.SSLSocket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that leads to a server with that certificate, and what it was asked for."""
    lines: list[bytes] = []
    safe = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    safe.load_cert_chain(certificate)

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            lines.append(client.recv(100_000).split(b"\r\n")[0])
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with safe.wrap_socket(client, server_side=True) as secured:
                asked = b""
                while not asked.endswith(b"}"):  # what is unread when it closes would take back what is answered
                    asked += secured.recv(100_000)
                answer(secured)

    with accepting(serve) as address:
        yield address, lines


def ask_through(proxy: str, monkeypatch: pytest.MonkeyPatch, trusted: Path | None, seconds: float = 5) -> str:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, proxy)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    settings = Settings(llm="tiny", llm_base_url="https://model.invalid/v1", llm_timeout=seconds)
    pieces = LLMAnswerer(load_chat_model(settings), "tiny", unrelated).write("Who?", HITS, "en")
    with pytest.raises(ModelError) as caught:
        run(pieces)
    return str(caught.value)


def test_a_safe_server_is_reached_through_the_proxy_of_the_environment(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = REFUSED + b'{"error": {"message": "who asks is not known"}}'
    with tunnel(certificate, lambda server: server.sendall(refused)) as (proxy, lines):
        assert "who asks is not known" in ask_through(proxy, monkeypatch, certificate)
    assert set(lines) == {b"CONNECT model.invalid:443 HTTP/1.1"}


def test_a_server_that_nobody_vouches_for_is_told_nothing(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    with tunnel(certificate, lambda server: heard.append(server.recv(1))) as (proxy, _):
        told = ask_through(proxy, monkeypatch, None)
    assert heard == []
    assert "shows a certificate that nobody vouches for" in told and "SSL_CERT_FILE" in told


def test_a_safe_server_behind_a_proxy_that_drips_is_given_up(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drip(server: ssl.SSLSocket) -> None:
        server.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            time.sleep(0.05)
            server.sendall(b"X-Wait: still\r\n")

    began = time.monotonic()
    with tunnel(certificate, drip) as (proxy, _):
        assert "in time" in ask_through(proxy, monkeypatch, certificate, 0.2)
    assert time.monotonic() - began < 30
