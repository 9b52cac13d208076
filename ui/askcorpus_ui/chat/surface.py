"""What of Gradio the chat page uses, and nothing else of it.

Gradio brings some sixty routes: uploads, files, proxies, an API of its own. A browser that shows our page asks for
nine of them, which are named here; the others do not exist. What those take is read (`calls`) before Gradio sees it,
and the page that they give is rewritten on its way to the browser (`rewriting`).
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias
from urllib.parse import parse_qs

import gradio as gr
from fastapi import FastAPI
from gradio.utils import cancel_tasks
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askcorpus_ui.bodies import MAX_BYTES, read_body, refused, replayed
from askcorpus_ui.chat.address import conversation_at
from askcorpus_ui.chat.calls import asks, first_fault, read_call
from askcorpus_ui.chat.rewriting import ONE_FOLDER_DOWN, completed, kept, with_cookie
from askcorpus_ui.problems import Fault, failure

PAGE = "/"
PAGES = frozenset({PAGE, "/theme.css", "/favicon.ico"})
ASSETS = "/assets/"
FOLDERS = (ASSETS, "/static/")
EVENTS = "/gradio_api/queue/data"
RUN = "/gradio_api/run/predict"
JOIN = "/gradio_api/queue/join"
_POSTED = (RUN, JOIN)

TooOften: TypeAlias = Callable[[Scope], Response | None]
"""Gives the refusal of a question that comes too soon after others."""

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


class Surface:
    """The mounted Gradio app behind the routes that the page uses.

    It is mounted where everything ends that no other route takes. ``others`` are those routes, by which a wrong method
    is told from an address that is not there.
    """

    def __init__(self, app: ASGIApp, blocks: gr.Blocks, too_often: TooOften, others: Sequence[BaseRoute] = ()) -> None:
        self._app = app
        self._too_often = too_often
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
                send = completed(scope, with_cookie(scope, send), self._head)
            elif path.startswith(ASSETS):
                send = kept(send)
            await self._app({**scope, "query_string": b""}, receive, send)  # ?deep_link= and its like are not ours
        elif method in ("GET", "HEAD") and conversation_at(path):
            # The same page; its files are found one folder up.
            page = {**scope, "path": PAGE, "raw_path": PAGE.encode(), "query_string": b""}
            await self._app(page, receive, completed(scope, with_cookie(scope, send), self._head, ONE_FOLDER_DOWN))
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
            typed = read_call(body or b"", self._blocks, queued=scope["path"] == JOIN)
        except (ValidationError, ValueError) as exc:
            told = f"The page does not send this: {first_fault(exc)}."
            await refused(scope, 422, told, "Load the page anew.")(scope, receive, send)
            return
        if asks(typed, self._blocks) and (refusal := self._too_often(scope)):
            await refusal(scope, receive, send)
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


def mounted(app: FastAPI, blocks: gr.Blocks, too_often: TooOften) -> Surface:
    """Put a :class:`Surface` in front of the Gradio app that ``app`` was just given. ``too_often`` refuses a question.

    Gradio checks which files it may touch only once it believes to be launched, which ``mount_gradio_app`` does not
    tell it; no file gets that far, but a second lock costs nothing.
    """
    mount = app.routes[-1]
    blocks.has_launched = True
    surface = Surface(mount.app, blocks, too_often, app.routes[:-1])  # type: ignore[attr-defined]
    mount.app = surface  # type: ignore[attr-defined]
    return surface


def _is_in_a_folder(path: str) -> bool:
    if not path.startswith(FOLDERS) or not path.isascii() or len(path) > _LONGEST_PATH:
        return False
    return not any(part in ("", ".", "..") for part in path.split("/")[1:])
