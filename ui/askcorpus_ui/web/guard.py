"""Who may reach the server, and the headers that every response carries."""

import hmac
from base64 import b64decode
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askcorpus_ui.problems import Fault, failure
from askcorpus_ui.web.loopback import host_of, is_loopback, is_same_origin

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


class Guard:
    """What every request must satisfy before any route sees it, and the headers every response carries.

    A page of another origin gets nothing, be it only another port of this machine: its ``Origin`` must be the ``Host``
    or one of ``origins``. With a key set, all but the health checks need it, or the key for writing: as a bearer token,
    as ``X-API-Key``, or as the password of HTTP Basic, which is what a browser asks its user for. Without one the
    server listens on loopback only, and there the ``Host`` header must name loopback: a page elsewhere whose name
    resolves to 127.0.0.1 (DNS rebinding) gets nothing.
    """

    def __init__(
        self, app: ASGIApp, key: str | None, origins: Sequence[str] = (), write_key: str | None = None
    ) -> None:
        self._app = app
        self._key = key
        self._write_key = write_key
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

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        asked = host_of(hosts[0]) if len(hosts) == 1 else None
        if asked is None:
            return _refuse(scope, 400, "UsageError", "The request names no host.", "Send one Host header.")
        if any(self._is_foreign(origin, hosts[0]) for origin in headers.getlist("origin")):
            return _refuse(
                scope, 403, "Forbidden", "This page may not ask this server.", "Set ASKCORPUS_ALLOWED_ORIGINS."
            )
        if self._key is None:
            if is_loopback(asked[0]):
                return None
            return _refuse(scope, 421, "Forbidden", "This server answers to localhost only.", "Set ASKCORPUS_API_KEY.")
        if scope["path"] in _OPEN_PATHS or offers_key(headers, self._key, self._write_key):
            return None
        challenge = {"WWW-Authenticate": 'Basic realm="askcorpus", charset="UTF-8"'}
        hint = "Send it as “Authorization: Bearer …” or “X-API-Key”; in a browser it is the password."
        return _refuse(scope, 401, "Unauthorized", "This server needs a key.", hint, challenge)

    def _is_foreign(self, origin: str, host: str) -> bool:
        return origin.lower() not in self._origins and not is_same_origin(origin, host)


def offers_key(headers: Headers, *keys: str | None) -> bool:
    """Whether a request carries one of the keys. How long a comparison takes tells nothing of a key."""
    known = [key.encode() for key in keys if key]
    return any(hmac.compare_digest(offered, key) for offered in _offered_keys(headers) for key in known)


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


def _refuse(
    scope: Scope, status: int, code: str, message: str, hint: str, headers: dict[str, str] | None = None
) -> Response:
    return failure(scope, status, Fault(code, message, hint), headers)
