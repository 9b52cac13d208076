"""The way to a language model's server, which may be slow or lie: what does not end in time, or in size, is given up.

A timeout of silence alone does not end a response that drips: headers, comments between events, a line without an end,
the body of an error.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx

MOST_BYTES = 50_000_000
"""Of a response: some three hundred for each of a hundred thousand tokens, and no more memory than that."""


class BoundedTransport(httpx.BaseTransport):
    """HTTP as ever, but a response may take so many ``seconds`` from the request to its last byte, and `MOST_BYTES`.

    Beyond, reading it raises httpx.ReadTimeout or httpx.ReadError. Compressed ones are refused: nobody asked for these,
    and they may be a thousand times as large as they look.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # A connection for each request, so that what its headers come over is known. It costs little beside a reply.
        self._inner = httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

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

    def _begun(self, request: httpx.Request) -> httpx.Response:
        """The response as far as its headers, for which nothing between the reads of a socket can look at the clock."""
        line = _Line()
        request.extensions["trace"] = line.traced
        clock = threading.Timer(self._seconds, line.cut)
        clock.daemon = True
        clock.start()
        try:
            return self._inner.handle_request(request)
        except httpx.TransportError as exc:
            if line.is_cut:
                raise httpx.ReadTimeout("the response takes too long", request=request) from exc
            raise
        finally:
            clock.cancel()

    def close(self) -> None:
        """Give back the connections."""
        self._inner.close()


class _Line:
    """The connection of one request, which another thread may cut."""

    def __init__(self) -> None:
        self.is_cut = False
        self._socket: socket.socket | None = None

    def traced(self, event: str, info: dict[str, Any]) -> None:
        """Notes the connection when it is made, and again when it is made safe."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
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
