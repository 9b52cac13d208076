"""Who may reach the server, and the headers that every response carries."""

import hmac
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askcorpus.errors import AskcorpusError
from askcorpus.settings import Settings
from askcorpus_ui.chat.sources import no_key_page
from askcorpus_ui.chat.translations import strings_for
from askcorpus_ui.content_policy import content_policy
from askcorpus_ui.problems import Fault, error_response, failure
from askcorpus_ui.web.keys import OPENED, Area, Key, Keys, may_be_key
from askcorpus_ui.web.loopback import host_of, is_loopback, is_same_origin
from askcorpus_ui.web.prefix import way_to_root
from askcorpus_ui.web.rates import Rates
from askcorpus_ui.web.source_page import POLICY

_HEALTH = "/health"
_READY = "/ready"
_WRITTEN = ("/api/v1/documents", "/api/v1/files")  # by another method than GET
_JOBS = "/api/v1/jobs"
_RATED = ("/api/", "/v1/", "/mcp")
_CHAT = "/gradio_api/"
_ACCESS = "askcorpus.access"
_LONGEST_PATH = 2_000
_LOOKING = 40  # threads that look up keys: as many as do all else
_ALL = OPENED["admin"]
_ALL_BUT_WRITING = _ALL - {"writing"}
_POLICY = content_policy()


class Access(NamedTuple):
    """What a request may do: the parts that are open to it, and the key that it came with, where it was one of many.

    ``wait`` counts one more request for the key's rate: 0, or, where that is reached, the seconds until it may.
    """

    opens: frozenset[Area] = frozenset()
    key: Key | None = None
    wait: Callable[[], int] = int


class Guard:
    """What every request must satisfy before any route sees it, and the headers every response carries.

    A page of another origin gets nothing, be it only another port of this machine: its ``Origin`` must be the ``Host``
    or one of ``allowed_origins``. What it takes along without one, as an image, is told by ``Sec-Fetch-Site``.

    Where there is a key (``api_key``, or one of ``keys``), all but the health checks need one that opens the part they
    are of: as a bearer token, as ``X-API-Key``, or as the password of HTTP Basic, which is what a browser asks its user
    for. Without one the server listens on loopback only, and there the ``Host`` header must name loopback: a page
    elsewhere whose name resolves to 127.0.0.1 (DNS rebinding) gets nothing.

    Routes find what is open to a request by :func:`access_of`.
    """

    def __init__(self, app: ASGIApp, settings: Settings, keys: Keys) -> None:
        self._app = app
        self._keys = keys
        self._rates = Rates()
        self._looking = CapacityLimiter(_LOOKING)
        self._origins = frozenset(settings.allowed_origins)
        secrets = ((settings.api_key, _ALL_BUT_WRITING), (settings.write_key, _ALL))
        self._set = [(key.get_secret_value().encode(), opens) for key, opens in secrets if key]
        # Kept for good: were the file of keys to vanish, a server that others reach must not stand open.
        self._locked = settings.api_key is not None or not is_loopback(settings.host) or keys.any()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        page: Message = {}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if _is_page(headers):
                    page.update(message)
                headers.setdefault("Content-Security-Policy", _POLICY)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "same-origin")
                headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
                headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
                headers.setdefault("Cache-Control", "private")  # a proxy's store would give it to who has no key
                if page:
                    return  # until it is known which scripts stand in it
            elif page:
                MutableHeaders(scope=page)["Content-Security-Policy"] = content_policy(message.get("body", b""))
                await send({**page})
                page.clear()
            await send(message)

        refusal = await self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_with_headers)

    async def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if "content-length" in headers and "transfer-encoding" in headers:
            # A proxy may go by the length: what is after the last chunk would be the next request, somebody else's.
            message, hint = "The body has a length and comes in chunks.", "Send one of the two headers."
            return _refuse(scope, 400, "UsageError", message, hint, {"Connection": "close"})
        hosts = headers.getlist("host")
        asked = host_of(hosts[0]) if len(hosts) == 1 else None
        if asked is None:
            return _refuse(scope, 400, "UsageError", "The request names no host.", "Send one Host header.")
        if any(self._is_foreign(origin, hosts[0]) for origin in headers.getlist("origin")) or _is_taken_along(headers):
            return _refuse(
                scope, 403, "Forbidden", "This page may not ask this server.", "Set ASKCORPUS_ALLOWED_ORIGINS."
            )
        if not self._locked and not is_loopback(asked[0]):
            return _refuse(scope, 421, "Forbidden", "This server answers to localhost only.", "Set ASKCORPUS_API_KEY.")
        if scope["path"] == _HEALTH:
            return None
        offered = _offered_keys(headers)
        is_open = scope["path"] == _READY
        try:
            access = await self._access(offered)
        except AskcorpusError as exc:  # of the file of keys: what cannot be looked up is not let in
            if not is_open:
                return error_response(scope, exc)
            access = Access(self._opened_by_settings(offered))  # who runs the server is told what is wrong with it
        scope[_ACCESS] = access
        if is_open:
            return None
        return self._shut(scope, access) or (_too_often(scope, access) if _counts(scope) else None)

    async def _access(self, offered: list[bytes]) -> Access:
        """What the keys of a request open. How long a comparison takes tells nothing of a key."""
        found = await self._known(offered)
        opens = self._opened_by_settings(offered) | (frozenset() if self._locked else _ALL_BUT_WRITING)
        opens = opens.union(*(one.opens for one in found))
        key = found[-1] if found else None
        if key is None or key.per_minute is None:
            return Access(opens, key)
        return Access(opens, key, partial(self._rates.wait, key.id, key.per_minute))

    async def _known(self, offered: list[bytes]) -> list[Key]:
        """The keys of a request that are among many, looked up in a thread: a server that keeps them may be slow, or
        gone, and whoever needs none of it is served meanwhile."""
        if self._locked and not any(map(may_be_key, offered)):
            return []
        return await to_thread.run_sync(self._look_up, offered, limiter=self._looking)

    def _look_up(self, offered: list[bytes]) -> list[Key]:
        self._locked = self._locked or self._keys.any()
        return [key for each in offered if (key := self._keys.known(each))]

    def _opened_by_settings(self, offered: list[bytes]) -> frozenset[Area]:
        """What the keys of a request open that are `api_key` or `write_key`."""
        opens = frozenset[Area]()
        for one in offered:
            for key, opened in self._set:
                opens |= opened if hmac.compare_digest(one, key) else frozenset()
        return opens

    def _shut(self, scope: Scope, access: Access) -> Response | None:
        """The refusal of a request to a part that is not open to it."""
        area = _area(scope)
        if area in access.opens or (area == "writing" and "reading" in access.opens):
            return None  # whether it may write, the routes that do look themselves
        if access.opens:
            scopes = ", ".join(scope for scope, opens in OPENED.items() if area in opens)
            told = _refuse(scope, 403, "Forbidden", "This key does not open this.", f"It needs the scope {scopes}.")
            return _page(scope, 403) or told
        challenge = {"WWW-Authenticate": 'Basic realm="askcorpus", charset="UTF-8"'}
        hint = "Send it as “Authorization: Bearer …” or “X-API-Key”; in a browser it is the password."
        told = _refuse(scope, 401, "Unauthorized", "This server needs a key.", hint, challenge)
        return _page(scope, 401, challenge) or told

    def _is_foreign(self, origin: str, host: str) -> bool:
        return origin.lower() not in self._origins and not is_same_origin(origin, host)


def _is_taken_along(headers: Headers) -> bool:
    """Whether a browser asks for something that a page of elsewhere has in it, which is no link that somebody followed.

    The page could not read it, but could tell by the time that takes what is in the corpus, and have questions wait.
    """
    if "origin" in headers or headers.get("sec-fetch-mode") == "navigate":
        return False
    return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


def access_of(scope: Scope) -> Access:
    """What a request that the guard has let in may do."""
    access = scope.get(_ACCESS)
    return access if isinstance(access, Access) else Access()


def asked_too_often(scope: Scope) -> Response | None:
    """The refusal of a question in the chat beyond the rate of the key that it came with, which it counts for."""
    return _too_often(scope, access_of(scope))


def _counts(scope: Scope) -> bool:
    """Whether a request counts for the rate of its key. What the chat page is made of does not, nor what happens in it:
    of that, a question does (`asked_too_often`), and were its second event refused the page would wait for ever."""
    path = str(scope["path"])
    posted = scope["type"] == "http" and scope["method"] == "POST" and not path.startswith(_CHAT)
    return posted or (scope["type"] == "http" and path.startswith(_RATED))


def _too_often(scope: Scope, access: Access) -> Response | None:
    if access.key is None or not (seconds := access.wait()):
        return None
    message = f"This key may make {access.key.per_minute} requests in a minute."
    again = {"Retry-After": str(seconds)}
    return _refuse(scope, 429, "TooManyRequests", message, f"Ask again in {seconds} s.", again)


def _area(scope: Scope) -> Area:
    """The part of the server that an address is of."""
    path = str(scope["path"])
    if path == "/metrics":
        return "figures"
    changes = scope["type"] == "http" and scope["method"] not in ("GET", "HEAD")
    if (changes and path.startswith(_WRITTEN)) or path.startswith(_JOBS):
        return "writing"
    return "reading"


def _offered_keys(headers: Headers) -> list[bytes]:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    offered = [headers.get("x-api-key", "").encode("latin-1")]  # what was sent: Starlette decodes headers as Latin-1
    if scheme.lower() == "bearer":
        offered.append(value.strip().encode("latin-1"))
    if scheme.lower() == "basic":
        with suppress(ValueError):
            offered.append(b64decode(value, validate=True).partition(b":")[2])
    return [one for one in offered if one]


def _is_page(headers: MutableHeaders) -> bool:
    """Whether a response is a page that says nothing of its scripts, as that of the API's description."""
    return headers.get("Content-Type", "").startswith("text/html") and "Content-Security-Policy" not in headers


def _refuse(
    scope: Scope, status: int, code: str, message: str, hint: str, headers: dict[str, str] | None = None
) -> Response:
    return failure(scope, status, Fault(code, message, hint), headers)


def _page(scope: Scope, status: int, headers: dict[str, str] | None = None) -> Response | None:
    """A refusal in the reader's language, where a browser would show what it gets: that of somebody who came without
    the key, or closed the window that asked for it."""
    asked = Headers(scope=scope)
    if scope["type"] != "http" or scope["method"] != "GET" or "text/html" not in asked.get("accept", ""):
        return None
    if len(scope["path"]) > _LONGEST_PATH:  # the way from there to the root may be thrice as long
        return None
    strings = strings_for(asked.get("accept-language", ""))
    page = no_key_page(strings, given=status == 403, root=way_to_root(scope))
    return HTMLResponse(page, status, {"Content-Security-Policy": POLICY} | (headers or {}))
