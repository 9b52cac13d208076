"""A small real HTTP server that speaks OpenAI's chat-completions protocol and says what the test queued."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What to answer: ``pieces`` of text, or an error ``status``. ``delay`` seconds pass before each piece;
    ``drop_after`` pieces the connection is cut, in the middle of a chunk or (``politely``) between two."""

    pieces: tuple[str, ...] = ()
    status: int = 200
    delay: float = 0.0
    drop_after: int | None = None
    politely: bool = False
    finish_reason: str = "stop"
    error: str = "queued error"


@dataclass
class OpenAIServer:
    url: str
    replies: list[Reply] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)
    writing: threading.Event = field(default_factory=threading.Event)
    """While this is cleared, a stream has begun and no word of it comes."""

    def __post_init__(self) -> None:
        self.writing.set()

    def queue(self, *replies: Reply | str) -> None:
        self.replies.extend(Reply((reply,)) if isinstance(reply, str) else reply for reply in replies)


@contextmanager
def openai_server() -> Iterator[OpenAIServer]:
    """A server on a free loopback port, stopped at the end. ``url`` is its base URL, ending in ``/v1``."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.daemon_threads = True
    state = OpenAIServer(f"http://127.0.0.1:{httpd.server_port}/v1")
    httpd.state = state  # type: ignore[attr-defined]
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        state: OpenAIServer = self.server.state  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/chat/completions" or not state.replies:
            return self._send_json(404, {"error": {"message": "nothing here", "type": "not_found"}})
        state.requests.append(body)
        state.keys.append(self.headers.get("Authorization", "").removeprefix("Bearer "))
        reply = state.replies.pop(0)
        if reply.status != 200:
            return self._send_json(reply.status, {"error": {"message": reply.error, "type": "queued"}})
        try:
            return self._stream(reply) if body.get("stream") else self._complete(reply)
        except (BrokenPipeError, ConnectionResetError):
            state.hung_up.set()
            self.close_connection = True

    def _complete(self, reply: Reply) -> None:
        time.sleep(reply.delay)
        message = {"role": "assistant", "content": "".join(reply.pieces)}
        choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        self._send_json(200, {"object": "chat.completion", "choices": [choice], "usage": usage} | _HEAD)

    def _stream(self, reply: Reply) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header(
            "Transfer-Encoding" if not reply.politely else "Connection", "chunked" * (not reply.politely) or "close"
        )
        self.end_headers()
        self._event(reply, {"role": "assistant", "content": ""})
        state: OpenAIServer = self.server.state  # type: ignore[attr-defined]
        state.writing.wait(60)
        for number, piece in enumerate(reply.pieces):
            time.sleep(reply.delay)
            if number == reply.drop_after:
                self.close_connection = True
                return
            self._event(reply, {"content": piece})
        self._event(reply, {}, reply.finish_reason)
        self._write(reply, b"data: [DONE]\n\n")
        if not reply.politely:
            self.wfile.write(b"0\r\n\r\n")

    def _event(self, reply: Reply, delta: dict[str, str], finish_reason: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        event = {"object": "chat.completion.chunk", "choices": [choice]} | _HEAD
        self._write(reply, b"data: " + json.dumps(event).encode() + b"\n\n")

    def _write(self, reply: Reply, data: bytes) -> None:
        self.wfile.write(data if reply.politely else b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _send_json(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


_HEAD = {"id": "chatcmpl-1", "created": 0, "model": "queued"}
