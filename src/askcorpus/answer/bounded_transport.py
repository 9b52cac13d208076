"""The way to a language model's server, which may be slow or lie: what does not end in time, or in size, is given up.

A timeout of silence alone does not end a response that drips: headers, comments between events, a line without an end,
the body of an error.
"""

import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from contextvars import copy_context
from queue import Empty, Full, Queue
from typing import Any, TypeAlias, TypeVar, cast
from urllib.request import getproxies, proxy_bypass

import httpx

T = TypeVar("T")
_Come: TypeAlias = tuple[T] | Exception | None
"""A piece, what it ended with, or that it ended well."""

AHEAD = 100
"""Pieces of a reply that may have come and not been taken yet."""

MOST_BYTES = 50_000_000
"""Of a response: some three hundred for each of a hundred thousand tokens, and no more memory than that."""


class OutOfTime(Exception):
    """A reply has not ended in the time that it has."""


class BoundedTransport(httpx.BaseTransport):
    """HTTP as ever, but a response may take so many ``seconds`` from the request to its last byte, and `MOST_BYTES`.

    Beyond, reading it raises httpx.ReadTimeout or httpx.ReadError. Compressed ones are refused: nobody asked for these,
    and they may be a thousand times as large as they look. Proxies that the environment names (``HTTPS_PROXY``,
    ``NO_PROXY``) are gone through: a client that is given a transport does not look for them itself.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._by_proxy: dict[str | None, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response, whose body is still to be read."""
        deadline = time.monotonic() + self._seconds
        request.headers["Accept-Encoding"] = "identity"
        response = self._begun(request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            response.close()
            raise httpx.ReadError("the response is compressed", request=request)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=_Bounded(response.stream, deadline),
            extensions=response.extensions,
        )

    def _inner(self, proxy: str | None) -> httpx.HTTPTransport:
        if proxy not in self._by_proxy:
            # A connection for each request, so that what its headers come over is known. It costs little.
            once = httpx.Limits(max_keepalive_connections=0)
            self._by_proxy[proxy] = httpx.HTTPTransport(proxy=proxy, limits=once)
        return self._by_proxy[proxy]

    def _begun(self, request: httpx.Request) -> httpx.Response:
        """The response as far as its headers, for which nothing between the reads of a socket can look at the clock."""
        line = _Line()
        request.extensions["trace"] = line.traced
        clock = threading.Timer(self._seconds, line.cut)
        clock.daemon = True
        clock.start()
        try:
            return self._inner(_proxy_for(request.url)).handle_request(request)
        except httpx.TransportError as exc:
            if line.is_cut:
                raise httpx.ReadTimeout("the response takes too long", request=request) from exc
            raise
        finally:
            clock.cancel()

    def close(self) -> None:
        """Give back the connections."""
        for inner in self._by_proxy.values():
            inner.close()


class _Line:
    """The connection of one request, which another thread may cut."""

    def __init__(self) -> None:
        self.is_cut = False
        self._socket: socket.socket | None = None

    def traced(self, event: str, info: dict[str, Any]) -> None:
        """Notes the connection when it is made, and again when it is made safe."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):  # by a proxy, "proxy.start_tls.complete"
            self._socket = info["return_value"].get_extra_info("socket")
            if self.is_cut:  # the time was over before there was anything to cut
                self.cut()

    def cut(self) -> None:
        """End the wait of whoever reads from the connection."""
        self.is_cut = True
        if self._socket is not None:
            with suppress(OSError):  # the other side was faster
                self._socket.shutdown(socket.SHUT_RDWR)


class _Bounded(httpx.SyncByteStream):
    """A body that ends in time and in size, or in an error."""

    def __init__(self, stream: httpx.SyncByteStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        left = MOST_BYTES
        for some in self._stream:
            left -= len(some)
            if left < 0:
                raise httpx.ReadError("the response is too large")
            if time.monotonic() > self._deadline:
                raise httpx.ReadTimeout("the response takes too long")
            yield some

    def close(self) -> None:
        self._stream.close()


def _proxy_for(url: httpx.URL) -> str | None:
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return None if proxy is None or proxy_bypass(url.host) else proxy


def in_time(pieces: Iterator[T], seconds: float) -> Generator[T]:
    """The pieces as they come, for which another thread waits: not every model's client can be given a transport, and
    who asks it for its next piece may never come back.

    A thread that waits in vain ends with the next piece, or with the connection.

    Raises:
        OutOfTime: they have not all come after so many ``seconds``.
        Exception: what they raise themselves.
    """
    come: Queue[_Come[T]] = Queue(AHEAD)
    over = threading.Event()
    deadline = time.monotonic() + seconds

    def put(item: _Come[T]) -> None:
        while not over.is_set():
            try:
                come.put(item, timeout=1)
            except Full:
                continue
            return

    def wait() -> None:
        try:
            with closing(cast(Generator[T], pieces)):
                for piece in pieces:
                    put((piece,))
                    if over.is_set():
                        return
            put(None)
        except Exception as exc:  # noqa: BLE001  whatever it is, it is raised where the pieces are wanted
            put(exc)

    # In the context of whoever asks, by which lines of the log and spans of a trace are known.
    threading.Thread(target=copy_context().run, args=(wait,), name="reply", daemon=True).start()
    try:
        while (item := _next(come, deadline)) is not None:
            if isinstance(item, Exception):
                raise item
            yield item[0]
    finally:
        over.set()


def _next(come: Queue[_Come[T]], deadline: float) -> _Come[T]:
    left = deadline - time.monotonic()
    try:
        if left > 0:
            return come.get(timeout=left)
    except Empty:
        pass
    raise OutOfTime
