"""The server: listens on one port, and runs the web application there until it is stopped."""

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from askcorpus.errors import Busy, NothingIngested, UsageError
from askcorpus.settings import Settings
from askcorpus_ui.web.app import create_app
from askcorpus_ui.web.keys import Keys
from askcorpus_ui.web.logs import set_up_logs
from askcorpus_ui.web.loopback import is_loopback

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

log = logging.getLogger("askcorpus.server")

IDLE_SECONDS = 30
"""As long as a body may take to come."""

UNREAD_SECONDS = 300
"""How long a client may take nothing of what is sent to it. One that reads many answers may have much to do between
two of them."""

SEND_BUFFER = 131_072
"""Bytes that the system keeps for a client. By itself it takes megabytes, and tells of what is gone when a third is."""

LEAVING_SECONDS = 3
"""How long the process takes at most to go, once all are told that it does."""


def example_questions(path: Path) -> tuple[tuple[str, str], ...]:
    """Questions for the empty chat to offer, each with its language: those marked as examples, else the first answered
    one of each language.

    Raises:
        UsageError: the file is no question set.
    """
    from askcorpus_eval.questions import read_questions

    alone = [row for row in read_questions(path).questions if not row.history]
    firsts: dict[str, tuple[str, str]] = {}
    for row in alone:
        if row.answerable:
            firsts.setdefault(row.lang, (row.question, row.lang))
    return tuple((row.question, row.lang) for row in alone if row.example) or tuple(firsts.values())


def serve(settings: Settings, *, open_browser: bool = False, examples: Path | None = None) -> None:
    """Serve chat and API until interrupted. ``examples`` is a question set to offer questions of.

    Raises:
        UsageError: the host is not this machine's, or is beyond loopback where there is no key.
        Busy: something else listens on the port.
        AskcorpusError: an ordered error rate cannot be kept.
    """
    if not is_loopback(settings.host) and settings.api_key is None and not _has_keys(settings):
        raise UsageError(
            f"Listening on {settings.host} would let others read the corpus.",
            "Set ASKCORPUS_API_KEY, make a key with askcorpus keys add, or listen on 127.0.0.1.",
        )
    set_up_logs(settings)
    questions = example_questions(examples) if examples else ()
    listener = _listen(settings.host, settings.port)  # before anything that takes time
    from askcorpus.assistant import open_assistant

    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}"
    with listener, _ended_by_sigterm():
        assistant = open_assistant(settings)
        try:
            if assistant.promise:
                _tell(f"askcorpus: {assistant.promise}", settings)
            _tell_if_empty(assistant)
            app = create_app(assistant, settings, examples=questions)
            _Server(app, settings, address, open_browser).run(sockets=[listener])
        finally:
            assistant.close()


def _tell(line: str, settings: Settings) -> None:
    """A line for whoever started the server, where its log has no form of its own."""
    if settings.log_format == "json":
        log.info("%s", line)
    else:
        print(line, file=sys.stderr, flush=True)


def _has_keys(settings: Settings) -> bool:
    with closing(Keys(settings.data, settings.database_url)) as keys:
        return keys.any()


def _tell_if_empty(assistant: "Assistant") -> None:
    """An empty corpus may be filled while the server runs; whoever started it should know meanwhile."""
    try:
        assistant.store.filled()
    except NothingIngested as exc:
        log.warning("%s", exc)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl+C does, so that everything in it is closed, and then the process with exit code 0.

    At once: Python would first take the models' libraries apart, for seconds in which no thread could end it. Whoever
    is impatient and sends it again changes nothing.
    """

    def leave(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    except SystemExit:
        logging.shutdown()
        os._exit(0)
    finally:
        signal.signal(signal.SIGTERM, before)


class _Connection(H11Protocol):
    """A connection that is closed when for `IDLE_SECONDS` nothing is asked on it, however many bytes come meanwhile, or
    for `UNREAD_SECONDS` nothing is taken of what is sent.

    uvicorn's own limit begins with the first response, and ends with the first byte after it: connections that say
    nothing, or a byte now and then, would be kept for ever, as those would that never read, and there can be only so
    many.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, and look after it from now on."""
        super().connection_made(transport)
        with suppress(OSError):  # the client has left already
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._unsent = 0
        self._taken = self.loop.time()
        self.loop.call_later(IDLE_SECONDS, self._look_after, (None, True))

    def resume_writing(self) -> None:
        """The client has taken most of what it was sent."""
        super().resume_writing()
        self._taken = self.loop.time()

    def _look_after(self, last: tuple[object, bool]) -> None:
        """Close it if it was idle at the ``last`` look, and nothing was asked since, or if nobody reads; else look
        again."""
        unsent = self.transport.get_write_buffer_size()
        if self.transport.is_closing() and not unsent:
            return
        if not unsent or unsent != self._unsent:
            self._unsent, self._taken = unsent, self.loop.time()
        if self.loop.time() - self._taken >= UNREAD_SECONDS:
            self.transport.abort()  # closing it would first wait until all is sent
            return
        state = (self.cycle, self.cycle is None or self.cycle.response_complete)
        if state[1] and state == last:
            self.transport.close()
        self.loop.call_later(IDLE_SECONDS, self._look_after, state)


def server_config(app: FastAPI, **options: Any) -> uvicorn.Config:
    """How the application is served.

    The parser written in Python is a little slower than the compiled one, and bounds the size of a request's headers.
    What proxies say in headers is read by the application itself.
    """
    return uvicorn.Config(app, log_level="warning", http=_Connection, ws="none", proxy_headers=False, **options)


class _Server(uvicorn.Server):
    """Says where it listens, once it does, and ends in time whatever is in flight.

    Told to stop, it first serves on for ``drain_seconds``, in which a balancer learns that it is no longer ready and no
    connection is kept for another request. Then nothing more comes in, and the questions that are here, those in line
    too, have ``stop_seconds`` to end. Whoever still waits then is told that the server stops. A thread that does not
    come back does not keep the process.
    """

    def __init__(self, app: FastAPI, settings: Settings, address: str, open_browser: bool) -> None:
        options: dict[str, Any] = {"timeout_graceful_shutdown": int(settings.stop_seconds) + LEAVING_SECONDS}
        if settings.log_format == "json":
            options["log_config"] = None  # its faults are told as all others are
        super().__init__(server_config(app, **options))
        self._app = app
        self._settings = settings
        self._address = address
        self._open_browser = open_browser

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _tell(f"Chat: {self._address}   API: {self._address}/docs   (Ctrl+C stops)", self._settings)
        if self._open_browser:
            webbrowser.open(self._address)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        drain, stop = self._settings.drain_seconds, self._settings.stop_seconds
        last = threading.Timer(drain + stop + 2 * LEAVING_SECONDS, os._exit, (0,))
        last.daemon = True
        last.start()
        logging.getLogger("uvicorn.error").addFilter(_is_fault)
        self._app.state.leaving.set()
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        await asyncio.sleep(drain)
        asyncio.get_running_loop().call_later(stop, self._abandon)
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
