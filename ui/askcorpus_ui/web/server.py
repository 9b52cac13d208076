"""The server: chat, REST and documentation in one process on one port, and who may reach it."""

import asyncio
import errno
import hmac
import logging
import os
import signal
import socket
import sys
import threading
import webbrowser
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askcorpus.errors import AskcorpusError, Busy, NothingIngested, UsageError
from askcorpus.settings import Settings
from askcorpus_eval.question_drafts import FEEDBACK
from askcorpus_ui.bodies import BoundedBodies
from askcorpus_ui.feedback import FeedbackFile
from askcorpus_ui.streaming import Questions
from askcorpus_ui.web.loopback import host_of, is_loopback, is_same_origin
from askcorpus_ui.web.openai_api import openai_router
from askcorpus_ui.web.prometheus import Measured, Metrics
from askcorpus_ui.web.rest_api import Fault, Problem, add_error_handlers, api_router, health_router
from askcorpus_ui.web.source_page import source_router

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

log = logging.getLogger(__name__)

_LEAVING_SECONDS = 3
"""How long the process takes at most to go, once all are told that it does."""

_OPEN_PATHS = ("/health", "/ready")
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio compiles its templates in the page
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "object-src 'none'",
    )
)


class WarmUp:
    """The models' first load, in the background, so that the page is there before they are."""

    def __init__(self, assistant: "Assistant") -> None:
        self._assistant = assistant
        self._done = threading.Event()
        self.fault = ""

    def start(self) -> None:
        """Begin loading; returns at once."""
        threading.Thread(target=self._load, name="warm-up", daemon=True).start()

    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self._done.is_set()

    def _load(self) -> None:
        try:
            self._assistant.warm_up()
        except AskcorpusError as exc:
            self.fault = str(exc)
            log.warning("%s", exc)
        finally:
            self._done.set()


class Guard:
    """What every request must satisfy before any route sees it, and the headers every response carries.

    A page of another origin gets nothing, be it only another port of this machine: its ``Origin`` must be the ``Host``
    or one of ``origins``. With a key set, all but the health checks need it: as a bearer token, as ``X-API-Key``, or as
    the password of HTTP Basic, which is what a browser asks its user for. Without one the server listens on loopback
    only, and there the ``Host`` header must name loopback: a page elsewhere whose name resolves to 127.0.0.1 (DNS
    rebinding) gets nothing.
    """

    def __init__(self, app: ASGIApp, key: str | None, origins: Sequence[str] = ()) -> None:
        self._app = app
        self._key = key
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", _POLICY)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "same-origin")
                headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
                headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        asked = host_of(hosts[0]) if len(hosts) == 1 else None
        if asked is None:
            return _refuse(400, "UsageError", "The request names no host.", "Send one Host header.")
        if any(self._is_foreign(origin, hosts[0]) for origin in headers.getlist("origin")):
            return _refuse(403, "Forbidden", "This page may not ask this server.", "Set ASKCORPUS_ALLOWED_ORIGINS.")
        if self._key is None:
            if is_loopback(asked[0]):
                return None
            return _refuse(421, "Forbidden", "This server answers to localhost only.", "Set ASKCORPUS_API_KEY.")
        if scope["path"] in _OPEN_PATHS or any(map(self._is_key, _offered_keys(headers))):
            return None
        challenge = {"WWW-Authenticate": 'Basic realm="askcorpus", charset="UTF-8"'}
        hint = "Send it as “Authorization: Bearer …” or “X-API-Key”; in a browser it is the password."
        return _refuse(401, "Unauthorized", "This server needs a key.", hint, challenge)

    def _is_foreign(self, origin: str, host: str) -> bool:
        return origin.lower() not in self._origins and not is_same_origin(origin, host)

    def _is_key(self, offered: bytes) -> bool:
        return self._key is not None and hmac.compare_digest(offered, self._key.encode())


def _offered_keys(headers: Headers) -> list[bytes]:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    offered = [headers.get("x-api-key", "").encode("latin-1")]  # what was sent: Starlette decodes headers as Latin-1
    if scheme.lower() == "bearer":
        offered.append(value.strip().encode("latin-1"))
    if scheme.lower() == "basic":
        try:
            offered.append(b64decode(value, validate=True).partition(b":")[2])
        except ValueError:
            return offered
    return offered


def _refuse(status: int, kind: str, message: str, hint: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(Problem(error=Fault(type=kind, message=message, hint=hint)).model_dump(), status, headers)


def create_app(assistant: "Assistant", settings: Settings, *, examples: Sequence[str] = ()) -> FastAPI:
    """The whole web application over one assistant.

    ``examples`` are questions that the empty chat offers; without any, they are made from the newest documents.
    """
    # Gradio reads the first whenever it would report home or ask for its newest version; the others when it makes a
    # queue, which else keeps a table of its last 10,000 events and goes through it after each of them.
    os.environ |= {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_ANALYTICS_MAX_EVENTS": "1",
        "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(2**31),
    }
    from askcorpus_ui.chat.page import mount_chat

    warm_up, metrics = WarmUp(assistant), Metrics()
    questions = Questions(settings.concurrent_questions, settings.waiting_questions)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        warm_up.start()
        yield

    app = FastAPIOffline(
        title="askcorpus",
        description="Answers from a corpus, each with the passages that prove it.",
        version="1",
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.questions = questions
    add_error_handlers(app)
    app.include_router(api_router(assistant, questions))
    app.include_router(openai_router(assistant, questions))
    app.include_router(health_router(assistant))
    app.include_router(metrics.router())
    app.include_router(source_router(assistant))
    feedback = FeedbackFile(settings.data / FEEDBACK)
    # Last: a route added after it would never be reached.
    app.state.surface = mount_chat(app, assistant, questions, warm_up, examples, feedback)
    # The one added last is the first that a request comes through.
    app.add_middleware(BoundedBodies)
    key = settings.api_key.get_secret_value() if settings.api_key else None
    app.add_middleware(Guard, key=key, origins=settings.allowed_origins)
    app.add_middleware(
        CORSMiddleware, allow_origins=settings.allowed_origins, allow_methods=["*"], allow_headers=["*"]
    )  # also where no origin is allowed: without it Gradio would add one of its own, which is laxer
    app.add_middleware(Measured, metrics=metrics)
    return app


def example_questions(path: Path) -> tuple[str, ...]:
    """Questions for the empty chat to offer: those marked as examples, else the first answered ones of each language.

    Raises:
        UsageError: the file is no question set.
    """
    from askcorpus_eval.questions import read_questions

    alone = [row for row in read_questions(path).questions if not row.history]
    firsts: dict[str, str] = {}
    for row in alone:
        if row.answerable:
            firsts.setdefault(row.lang, row.question)
    return tuple(row.question for row in alone if row.example) or tuple(firsts.values())


def serve(settings: Settings, *, open_browser: bool = False, examples: Path | None = None) -> None:
    """Serve chat and API until interrupted. ``examples`` is a question set to offer questions of.

    Raises:
        UsageError: the host is not this machine's, or is beyond loopback without an ``api_key``.
        Busy: something else listens on the port.
    """
    if not is_loopback(settings.host) and settings.api_key is None:
        raise UsageError(
            f"Listening on {settings.host} would let others read the corpus.",
            "Set ASKCORPUS_API_KEY, or listen on 127.0.0.1.",
        )
    questions = example_questions(examples) if examples else ()
    listener = _listen(settings.host, settings.port)  # before anything that takes time
    from askcorpus.assistant import open_assistant

    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}"
    with listener, _ended_by_sigterm():
        assistant = open_assistant(settings)
        try:
            _tell_if_empty(assistant)
            app = create_app(assistant, settings, examples=questions)
            _Server(app, settings.stop_seconds, address, open_browser).run(sockets=[listener])
        finally:
            assistant.close()


def _tell_if_empty(assistant: "Assistant") -> None:
    """An empty corpus may be filled while the server runs; whoever started it should know meanwhile."""
    try:
        assistant.store.filled()
    except NothingIngested as exc:
        log.warning("%s", exc)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl+C does, so that everything in it is closed, and the process with exit code 0."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def server_config(app: FastAPI, **options: Any) -> uvicorn.Config:
    """How the application is served.

    The parser written in Python is a little slower than the compiled one, and bounds the size of a request's headers.
    """
    return uvicorn.Config(app, log_level="warning", http="h11", ws="none", **options)


class _Server(uvicorn.Server):
    """Says where it listens, once it does, and ends in time whatever is in flight.

    Told to stop, it begins no question any more; those that run have ``stop_seconds`` to end. Whoever still waits then
    is told that the server stops. A thread that does not come back does not keep the process.
    """

    def __init__(self, app: FastAPI, stop_seconds: float, address: str, open_browser: bool) -> None:
        super().__init__(server_config(app, timeout_graceful_shutdown=int(stop_seconds) + _LEAVING_SECONDS))
        self._app = app
        self._stop_seconds = stop_seconds
        self._address = address
        self._open_browser = open_browser

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"Chat: {self._address}   API: {self._address}/docs   (Ctrl+C stops)", file=sys.stderr, flush=True)
        if self._open_browser:
            webbrowser.open(self._address)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        last = threading.Timer(self._stop_seconds + 2 * _LEAVING_SECONDS, os._exit, (0,))
        last.daemon = True
        last.start()
        logging.getLogger("uvicorn.error").addFilter(_is_fault)
        self._app.state.questions.refuse()
        asyncio.get_running_loop().call_later(self._stop_seconds, self._abandon)
        await super().shutdown(sockets)

    def _abandon(self) -> None:
        self._app.state.questions.abandon()
        self._app.state.surface.stop()


def _is_fault(record: logging.LogRecord) -> bool:
    """Whether something failed, and was not only cut off: a body that did not come, a response that nobody read."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as exc:
        raise UsageError(
            f"Cannot listen on {host}: {exc.strerror}.", "Set ASKCORPUS_HOST to an address of this machine."
        ) from exc
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen()
    except OSError as exc:
        listener.close()
        if exc.errno == errno.EADDRINUSE:
            raise Busy(f"Port {port} is in use.", "Stop what uses it, or choose another with --port.") from exc
        raise UsageError(f"Cannot listen on {host}:{port}: {exc.strerror}.", "Choose another host or port.") from exc
    return listener
