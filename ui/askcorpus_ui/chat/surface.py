"""What of Gradio the chat page uses, and nothing else of it.

Gradio brings some sixty routes: uploads, files, proxies, an API of its own. A browser that shows our page asks for
nine of them, which are named here; the others do not exist. What those take is read into the types below before
Gradio sees it, and Gradio gets only what these hold: nothing in it is ever a file to fetch.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import parse_qs

import gradio as gr
from fastapi import FastAPI
from gradio.utils import cancel_tasks
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askcorpus_ui.bodies import MAX_BYTES, read_body, refused, replayed
from askcorpus_ui.chat.address import conversation_at
from askcorpus_ui.chat.browser import cookie_for
from askcorpus_ui.chat.conversation import ID, Place
from askcorpus_ui.chat.layout import CHOSEN
from askcorpus_ui.chat.translations import ENGLISH, Strings, strings_for
from askcorpus_ui.content_policy import content_policy
from askcorpus_ui.problems import Fault, failure

PAGE = "/"
PAGES = frozenset({PAGE, "/theme.css", "/favicon.ico"})
ASSETS = "/assets/"
FOLDERS = (ASSETS, "/static/")
EVENTS = "/gradio_api/queue/data"
RUN = "/gradio_api/run/predict"
JOIN = "/gradio_api/queue/join"
_POSTED = (RUN, JOIN)

UNHEARD_SECONDS = 10
"""A page opens its stream of events right after it has asked. What nobody came for by then is thrown away."""

UNHEARD = 64
"""Sessions that may have asked without a stream to hear the answer."""

UNFETCHED = 16
"""Answers that one session may wait for; a page asks for one at a time."""

_LONGEST_PATH = 200
"""Characters of a file's address; a name of more than 255 bytes cannot even be asked for on most file systems."""

_LOCATIONS = (b"x-forwarded-host", b"x-gradio-server")
"""Headers by which any client could tell Gradio where the page's address is."""

KEPT = "private, max-age=31536000, immutable"
"""How long a browser keeps an asset: its name has a digest of its text, and another version has other names."""

_BASE = (b'<base href="./" />', b'<base href="../" />')
# Gradio takes the server's address from the request, which does not tell under which path a proxy serves it.
_CONFIGURED = b"<script data-gradio-mode>"
_ROOTED = (
    (_CONFIGURED, b"<script>gradio_config.root = document.baseURI.replace(/[/]$/, '')</script>" + _CONFIGURED),
    (b"const root = ", b"const root = gradio_config.root || "),
)
_LANGUAGE = b'lang="en"'
_TEXTS = b'"i18n_translations":null'

_SESSION = r"^[A-Za-z0-9_-]{1,64}$"
_Line = Annotated[str, Field(max_length=1_000)]
_Text = Annotated[str, Field(max_length=200_000)]
_Index = Annotated[int, Field(ge=0, lt=10_000)]


class _Typed(BaseModel):
    """Base of what the page sends: what it sends besides is left out."""

    model_config = ConfigDict(extra="ignore")


class _Written(_Typed):
    text: _Text


def _written(value: object) -> object:
    """What somebody wrote or chose; of other events the value is not used."""
    return value if isinstance(value, dict) and "text" in value else None


class _Happening(_Typed):
    """What happened beside the values: at which turn, link, thumb, conversation or filter, and what was written."""

    index: _Index | None = None
    value: Annotated[_Written | None, BeforeValidator(_written)] = None
    liked: bool | _Line | None = None
    href: Annotated[str, Field(max_length=10_000)] | None = None
    id: Annotated[str, Field(pattern=ID)] | None = None
    name: _Line | None = None


def _happened(value: object) -> object:
    """What happened; a field of text tells its text once more, which is not used."""
    return None if isinstance(value, str) else value


class _Call(_Typed):
    data: Annotated[list[Any], Field(max_length=50)]
    fn_index: Annotated[int, Field(strict=True, ge=0, lt=10_000)]
    session_hash: Annotated[str, Field(pattern=_SESSION)]
    trigger_id: int | None = None
    event_data: Annotated[_Happening | None, BeforeValidator(_happened)] = None


def _when_empty(value: Any) -> BeforeValidator:
    """What stands for a component that holds nothing yet."""
    return BeforeValidator(lambda given: value if given is None else given)


_VALUES: dict[type[Any], TypeAdapter[Any]] = {
    gr.JSON: TypeAdapter(Place | None),
    gr.Dropdown: TypeAdapter(Annotated[list[_Line], Field(max_length=1_000), _when_empty([])]),
    gr.Textbox: TypeAdapter(Annotated[_Text, _when_empty("")]),
}
"""What each kind of component on the page may hold. One that is not here cannot be an input."""

_DOCUMENTS: TypeAdapter[Any] = TypeAdapter(Annotated[list[_Line], Field(max_length=1_000), _when_empty([])])
"""What the page may carry of chosen documents."""

_NEEDED = {
    "rename": ("id", "value"),
    "delete": ("id",),
    "without": ("name",),
    "like": ("index",),
    "retry": ("index",),
    "unfiltered": ("index",),
    "edit": ("index", "value"),
    "begin_example": ("value",),
}
"""What must have happened for a handler of that name."""


class Surface:
    """The mounted Gradio app behind the routes that the page uses.

    It is mounted where everything ends that no other route takes. ``others`` are those routes, by which a wrong method
    is told from an address that is not there.
    """

    def __init__(self, app: ASGIApp, blocks: gr.Blocks, others: Sequence[BaseRoute] = ()) -> None:
        self._app = app
        self._blocks = blocks
        self._head = (blocks.head or "").encode()
        self._others = others
        self._streams: Counter[str] = Counter()
        self._unheard: dict[str, asyncio.TimerHandle] = {}
        self._endings: set[asyncio.Task[None]] = set()  # the loop itself holds a task only weakly
        self._leaving = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the page's own requests; whatever else is asked for is not there."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        scope = {**scope, "headers": [header for header in scope["headers"] if header[0] not in _LOCATIONS]}
        method, path = scope.get("method"), str(scope["path"])
        if method in ("GET", "HEAD") and (path in PAGES or _is_in_a_folder(path)):
            if path == PAGE:
                send = _completed(scope, _with_cookie(scope, send), self._head)
            elif path.startswith(ASSETS):
                send = _kept(send)
            await self._app({**scope, "query_string": b""}, receive, send)  # ?deep_link= and its like are not ours
        elif method in ("GET", "HEAD") and conversation_at(path):
            # The same page; its files are found one folder up.
            page = {**scope, "path": PAGE, "raw_path": PAGE.encode(), "query_string": b""}
            await self._app(page, receive, _completed(scope, _with_cookie(scope, send), self._head, _BASE))
        elif method == "GET" and path == EVENTS:
            await self._listen(scope, receive, send)
        elif method == "POST" and path in _POSTED:
            await self._post(scope, receive, send)
        elif allowed := self._allowed(scope):
            raise HTTPException(405, f"This address takes {allowed} only.", {"Allow": allowed})
        else:
            raise HTTPException(404, "There is no such address.")

    def _allowed(self, scope: Scope) -> str:
        """The methods that this address takes, the page's own or that of another route."""
        path = str(scope["path"])
        if path in PAGES or _is_in_a_folder(path) or conversation_at(path):
            return "GET, HEAD"
        if path in (EVENTS, *_POSTED):
            return "GET" if path == EVENTS else "POST"
        taken = [
            method
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
            if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in self._others)
        ]
        return ", ".join("GET, HEAD" if method == "GET" else method for method in taken)

    def stop(self) -> None:
        """End the streams of events, so that no open page holds up the end of the server."""
        self._leaving.set()

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive, MAX_BYTES)
        try:
            typed = self._typed(scope["path"], body or b"")
        except (ValidationError, ValueError) as exc:
            told = f"The page does not send this: {_first_fault(exc)}."
            await refused(scope, 422, told, "Load the page anew.")(scope, receive, send)
            return
        session = str(typed.get("session_hash", ""))
        if scope["path"] == JOIN and not self._may_join(session):
            busy = Fault("Busy", "Too many answers wait to be fetched.", "Ask again.")
            await failure(scope, 503, busy, {"Retry-After": "5"})(scope, receive, send)
            return
        content = json.dumps(typed).encode()
        headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        headers.append((b"content-length", str(len(content)).encode()))
        await self._app({**scope, "headers": headers}, replayed(content, receive), send)
        if scope["path"] == JOIN:
            self._await_listener(session)
        else:
            self._forget(session)

    def _typed(self, path: str, body: bytes) -> dict[str, Any]:
        """What Gradio gets to see of a body.

        Raises:
            ValueError: it is not what the page sends there (pydantic's ValidationError is one too).
        """
        call = _Call.model_validate_json(body)
        function = self._blocks.fns.get(call.fn_index)
        if function is None or function.fn is None or bool(function.queue) is not (path == JOIN):
            raise ValueError(f"fn_index {call.fn_index}")
        for needed in _NEEDED.get(str(function.name), ()):
            if getattr(call.event_data, needed, None) is None:
                raise ValueError(f"event_data without {needed}")
        return call.model_dump(exclude={"data"}) | {"data": _values(function.inputs, call.data)}

    # ---- streams of events

    async def _listen(self, scope: Scope, receive: Receive, send: Send) -> None:
        sessions = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [])
        session = sessions[0] if len(sessions) == 1 else ""
        if session not in self._blocks._queue.pending_messages_per_session:
            raise HTTPException(404, "Nothing was asked in this session.")
        self._heard(session)
        self._streams[session] += 1
        query = f"session_hash={session}".encode("latin-1")
        try:
            await self._app({**scope, "query_string": query}, self._until_stopped(receive), send)
        finally:
            self._streams[session] -= 1
            self._streams += Counter()  # without those at 0
            await self._throw_away(session)

    def _until_stopped(self, receive: Receive) -> Receive:
        """A ``receive`` for which the client leaves when the server stops."""

        async def message() -> Message:
            coming = asyncio.ensure_future(receive())
            leaving = asyncio.ensure_future(self._leaving.wait())
            try:
                await asyncio.wait((coming, leaving), return_when=asyncio.FIRST_COMPLETED)
                return {"type": "http.disconnect"} if leaving.done() else await coming
            finally:
                coming.cancel()
                leaving.cancel()

        return message

    def _may_join(self, session: str) -> bool:
        if len(self._blocks._queue.pending_event_ids_session.get(session, ())) >= UNFETCHED:
            return False
        return bool(self._streams[session] or session in self._unheard or len(self._unheard) < UNHEARD)

    def _await_listener(self, session: str) -> None:
        self._heard(session)
        loop = asyncio.get_running_loop()
        self._unheard[session] = loop.call_later(UNHEARD_SECONDS, self._stop_waiting, session)

    def _heard(self, session: str) -> None:
        if waiting := self._unheard.pop(session, None):
            waiting.cancel()

    def _stop_waiting(self, session: str) -> None:
        del self._unheard[session]
        ending = asyncio.ensure_future(self._throw_away(session))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    async def _throw_away(self, session: str) -> None:
        """Forget what Gradio keeps for a session to which nobody listens, and end what runs for it."""
        if self._streams[session] or session in self._unheard:
            return
        queue = self._blocks._queue
        await queue.clean_events(session_hash=session)
        running = [event for events in queue.active_jobs for event in events or () if event.session_hash == session]
        await cancel_tasks({f"{session}_{event.fn._id}" for event in running})
        queue.pending_messages_per_session.pop(session, None)
        queue.pending_event_ids_session.pop(session, None)
        self._forget(session)

    def _forget(self, session: str) -> None:
        """Gradio keeps the last values of all components, whole conversations, for a kind of link that is closed."""
        self._blocks.state_holder.session_data.pop(session, None)
        self._blocks.state_holder.time_last_used.pop(session, None)


def mounted(app: FastAPI, blocks: gr.Blocks) -> Surface:
    """Put a :class:`Surface` in front of the Gradio app that ``app`` was just given.

    Gradio checks which files it may touch only once it believes to be launched, which ``mount_gradio_app`` does not
    tell it; no file gets that far, but a second lock costs nothing.
    """
    mount = app.routes[-1]
    blocks.has_launched = True
    surface = Surface(mount.app, blocks, app.routes[:-1])  # type: ignore[attr-defined]
    mount.app = surface  # type: ignore[attr-defined]
    return surface


def _kept(send: Send) -> Send:
    """A ``send`` of a file that a browser need not ask for again."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in (200, 304):
            MutableHeaders(scope=message)["Cache-Control"] = KEPT
        await send(message)

    return sent


def _with_cookie(scope: Scope, send: Send) -> Send:
    """A ``send`` that gives the browser its cookie along with the page."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            cookie = cookie_for(Headers(scope=scope), secure=scope.get("scheme") == "https")
            MutableHeaders(scope=message).append("Set-Cookie", cookie)
        await send(message)

    return sent


def _completed(scope: Scope, send: Send, head: bytes, *changes: tuple[bytes, bytes]) -> Send:
    """A ``send`` of Gradio's page in the reader's language, and with what else is to be put in another's place in it.

    Such as ``_BASE`` for an address one folder down: what the page names beside itself is one folder up. ``head`` is
    what the page itself puts into its head: scripts that it may run.
    """
    strings = strings_for(Headers(scope=scope).get("accept-language", ""))
    start: Message = {}
    pieces: list[bytes] = []

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
            return
        pieces.append(message.get("body", b""))
        if message.get("more_body", False):
            return
        body = b"".join(pieces)
        headers = MutableHeaders(scope=start)
        headers["Content-Language"] = strings.locale
        headers.add_vary_header("Accept-Language")
        if body:  # there is none for HEAD
            for old, new in (*_ROOTED, *_in_language(strings), *changes):
                body = body.replace(old, new, 1)
            headers["Content-Length"] = str(len(body))
            headers["Content-Security-Policy"] = content_policy(body, head, makes_functions=True)
        else:
            del headers["Content-Length"]
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return sent


def _in_language(strings: Strings) -> list[tuple[bytes, bytes]]:
    """What of Gradio's page is the language's: which it is, and the texts that Gradio puts in by their names.

    They are given as English, to which Gradio turns whatever language it takes for the browser's: so they are those of
    one language everywhere, also where Gradio itself does not speak it.
    """
    tag = f'lang="{strings.locale}" data-lang="{strings.locale}" dir="{strings.direction}"'
    texts = json.dumps({ENGLISH: strings.labels()})
    for char in "<>&'":
        texts = texts.replace(char, f"\\u{ord(char):04x}")
    return [(_LANGUAGE, tag.encode()), (_TEXTS, b'"i18n_translations":' + texts.encode())]


def _is_in_a_folder(path: str) -> bool:
    if not path.startswith(FOLDERS) or not path.isascii() or len(path) > _LONGEST_PATH:
        return False
    return not any(part in ("", ".", "..") for part in path.split("/")[1:])


def _values(components: Sequence[Any], values: Sequence[object]) -> list[Any]:
    if len(components) != len(values):
        raise ValueError(f"{len(values)} values for {len(components)}")
    return [
        to_jsonable_python(_adapter(component).validate_python(value), exclude_none=True)
        for component, value in zip(components, values, strict=True)
    ]


def _adapter(component: object) -> TypeAdapter[Any]:
    if isinstance(component, gr.JSON) and component.elem_id == CHOSEN:
        return _DOCUMENTS
    for kind, adapter in _VALUES.items():
        if isinstance(component, kind):
            return adapter
    raise ValueError(f"{type(component).__name__} is no input")


def _first_fault(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}"
    return str(error)
