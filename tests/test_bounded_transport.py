"""A language model's server that drips or floods is given up, with real sockets."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import pytest

from askcorpus.answer import bounded_transport
from askcorpus.answer.llm import LLMAnswerer, load_chat_model
from askcorpus.errors import ModelError
from askcorpus.settings import Settings
from test_llm import HITS, run, unrelated

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
REFUSED = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
ZIPPED = EVENTS.replace(b"Connection", b"Content-Encoding: gzip\r\nConnection")


class Flow(NamedTuple):
    """What a server sends: first once, then again and again, with so many seconds between."""

    first: bytes
    again: bytes
    pause: float


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

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        over.set()
        listening.shutdown(socket.SHUT_RDWR)


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
