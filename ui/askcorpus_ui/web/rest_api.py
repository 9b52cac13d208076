"""The REST door: questions, searches and documents as JSON, streams as server-sent events, errors in one shape."""

import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askcorpus.errors import (
    AskcorpusError,
    Busy,
    IndexMismatch,
    ModelError,
    NothingIngested,
    ReadError,
    StorageError,
    UsageError,
)
from askcorpus.types import Answer, Document, Done, Event, Filters, Hit, Token, Turn
from askcorpus_ui.streaming import Questions, first_event, unless_left, whole_answer

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

log = logging.getLogger(__name__)

STATUS: dict[type[AskcorpusError], int] = {
    UsageError: 400,
    ReadError: 422,
    NothingIngested: 409,
    IndexMismatch: 409,
    ModelError: 502,
    Busy: 503,
    StorageError: 503,
}
CLIENT_LEFT = 499
MAX_OFFSET = 2**53
"""More documents than any store holds; a number that JavaScript and SQLite can both count to."""
_TOLD_FAULTS = 5
EVENT_STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}
_ANSWER_OR_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, "text/event-stream": {}}, "description": "The Answer, or its events."}
}


class Fault(BaseModel):
    """What went wrong, in one line, and what to do about it."""

    type: str
    message: str
    hint: str = ""


class Problem(BaseModel):
    """The body of every response that is not a success."""

    error: Fault


class Body(BaseModel):
    """Base of request bodies: a misspelt name is an error."""

    model_config = ConfigDict(extra="forbid")


class AskBody(Body):
    """A question, and what it continues or is limited to."""

    question: str
    history: tuple[Turn, ...] = ()
    filters: Filters = Filters()
    top_k: int | None = Field(None, ge=1, le=100, description="Passages to return; default: the server's setting.")
    explain: bool = Field(
        False,
        validation_alias=AliasChoices("explain", "debug"),
        description="Also return how the passages and the answer were found (`debug` means the same).",
    )
    conversation_id: str | None = Field(None, max_length=200, description="Comes back in the answer.")
    stream: bool = Field(False, description="Answer as server-sent events, as `/ask/stream` does.")


class SearchBody(Body):
    """A search for passages, without an answer."""

    query: str
    filters: Filters = Filters()
    top_k: int | None = Field(None, ge=1, le=100)


class Hits(BaseModel):
    """Passages found, best first."""

    hits: tuple[Hit, ...]


class Summary(BaseModel):
    """A document without its text. ``characters`` is the length of the text that offsets count in."""

    id: str
    title: str
    source: str
    date: str
    language: str
    place: str
    characters: int


class Page(BaseModel):
    """A stretch of the list of documents; ``total`` counts all that match."""

    documents: list[Summary]
    total: int
    offset: int
    limit: int


class Health(BaseModel):
    """One part of the server and whether it works."""

    name: str
    ok: bool
    detail: str = ""


class Readiness(BaseModel):
    """Whether questions can be answered, part by part."""

    ready: bool
    checks: list[Health]


def problem(error: AskcorpusError) -> Problem:
    """An error of ours as it is sent."""
    return Problem(error=Fault(type=type(error).__name__, message=error.message, hint=error.hint))


def new_reference() -> str:
    """A short name by which an unexpected error is found in the log."""
    return secrets.token_hex(3)


def status_of(error: AskcorpusError) -> int:
    """The HTTP status of an error of ours."""
    return STATUS.get(type(error), 500)


def retry_after(error: AskcorpusError) -> dict[str, str]:
    """The header that says when to ask again, where that may help."""
    return {"Retry-After": "5"} if status_of(error) == 503 else {}


def unexpected(reference: str) -> Problem:
    """An error nobody foresaw: its details are in the log, under the reference, and nowhere else."""
    return Problem(error=Fault(type="InternalError", message="Something went wrong.", hint=f"Logged as {reference}."))


def api_router(assistant: "Assistant", questions: Questions) -> APIRouter:
    """``/api/v1`` over one assistant, which is asked through ``questions``."""
    router = APIRouter(prefix="/api/v1", responses={"4XX": {"model": Problem}, "5XX": {"model": Problem}})

    def events_of(body: AskBody) -> Iterator[Event]:
        return assistant.stream(
            body.question,
            history=body.history,
            filters=body.filters,
            top_k=body.top_k,
            explain=body.explain,
            conversation_id=body.conversation_id,
        )

    @router.post("/ask", response_model=Answer, responses=_ANSWER_OR_EVENTS, tags=["ask"])
    async def ask(body: AskBody, request: Request) -> Answer | Response:
        """Answer a question with verbatim quotes, or say that the corpus does not."""
        events = questions.stream(partial(events_of, body))
        if body.stream:
            return await _event_stream(events, request)
        return await whole_answer(events, request) or Response(status_code=CLIENT_LEFT)

    @router.post("/ask/stream", response_class=StreamingResponse, responses=_EVENTS, tags=["ask"])
    async def ask_stream(body: AskBody, request: Request) -> Response:
        """The same as events: `passages`, then `token`…, then `done` with the whole, verified answer; or `error`."""
        return await _event_stream(questions.stream(partial(events_of, body)), request)

    @router.post("/search", response_model=Hits, tags=["search"])
    async def search(body: SearchBody, request: Request) -> Hits | Response:
        """The passages nearest to a query."""
        work = partial(assistant.search, body.query, filters=body.filters, top_k=body.top_k)
        hits = await unless_left(request, questions.run(work))
        return Response(status_code=CLIENT_LEFT) if hits is None else Hits(hits=hits)

    @router.get("/documents", tags=["documents"])
    def documents(
        offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        language: Annotated[tuple[str, ...], Query()] = (),
        source: Annotated[tuple[str, ...], Query()] = (),
        date_from: str = "",
        date_to: str = "",
    ) -> Page:
        """The documents that match, newest first, without their text."""
        assistant.store.filled()
        filters = Filters(languages=language, sources=source, date_from=date_from, date_to=date_to)
        found = assistant.store.documents(filters, offset=offset, limit=limit)
        total = assistant.store.count(filters)
        return Page(documents=[_summary(document) for document in found], total=total, offset=offset, limit=limit)

    @router.get("/documents/{document_id:path}", tags=["documents"])
    def document(document_id: str) -> Document:
        """One document with the whole text that offsets count in."""
        found = assistant.store.document(document_id)
        if found is None:
            raise HTTPException(404, "There is no such document.")
        return found

    return router


def health_router(assistant: "Assistant") -> APIRouter:
    """``/health`` (the process is up) and ``/ready`` (it can answer)."""
    router = APIRouter(tags=["health"])

    @router.get("/health")
    async def health() -> dict[str, str]:
        """That the process is up; checks nothing else, and waits for nothing else."""
        return {"status": "ok"}

    @router.get("/ready", responses={503: {"model": Readiness}})
    def ready(response: Response) -> Readiness:
        """Whether every part that an answer needs works; 503, and which part, where one does not."""
        checks = [Health(name=check.name, ok=check.ok, detail=check.detail) for check in assistant.store.check()]
        state = Readiness(ready=all(check.ok for check in checks), checks=checks)
        response.status_code = 200 if state.ready else 503
        return state

    return router


def add_error_handlers(app: FastAPI) -> None:
    """Make every failure a :class:`Problem`."""

    @app.exception_handler(AskcorpusError)
    def ours(request: Request, exc: AskcorpusError) -> Response:
        return JSONResponse(problem(exc).model_dump(), status_of(exc), retry_after(exc))

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, exc: RequestValidationError) -> Response:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'][1:])) or 'body'}: {fault['msg']}" for fault in exc.errors()[:_TOLD_FAULTS]
        )
        body = Problem(error=Fault(type="UsageError", message=f"{faults}.", hint="See /docs."))
        return JSONResponse(body.model_dump(), 422)

    @app.exception_handler(HTTPException)
    def http(request: Request, exc: HTTPException) -> Response:
        kind = "NotFound" if exc.status_code == 404 else "UsageError"
        body = Problem(error=Fault(type=kind, message=str(exc.detail), hint="See /docs."))
        return JSONResponse(body.model_dump(), exc.status_code, exc.headers)

    app.add_middleware(LastResort)


class LastResort:
    """Turns an error nobody foresaw into a :class:`Problem`.

    Starlette's own handler would raise it again after answering, and the server then cuts a connection on which the
    client may already have sent its next request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:  # whatever it is, it is logged in full, and the client learns that it happened
            log.exception("Unexpected error %s", reference := new_reference())
            if scope["type"] != "http" or started:
                raise
            await JSONResponse(unexpected(reference).model_dump(), 500)(scope, receive, send)


def _summary(document: Document) -> Summary:
    facts = document.model_dump(include={"id", "title", "source", "date", "language", "place"})
    return Summary(**facts, characters=len(document.text))


async def _event_stream(events: AsyncGenerator[Event], request: Request) -> Response:
    first = await first_event(events, request)
    if first is None:
        return Response(status_code=CLIENT_LEFT)
    content = _server_sent(first, events)
    return StreamingResponse(content, headers=EVENT_STREAM_HEADERS, media_type="text/event-stream")


async def _server_sent(first: Event, events: AsyncGenerator[Event]) -> AsyncIterator[bytes]:
    async with aclosing(events):
        try:
            yield _encoded(first)
            async for event in events:
                yield _encoded(event)
        except AskcorpusError as exc:
            yield format_sse_event(event="error", data_str=problem(exc).model_dump_json())
        except Exception:  # the status line is long gone: all that is left is to say so in the stream
            log.exception("Unexpected error %s", reference := new_reference())
            yield format_sse_event(event="error", data_str=unexpected(reference).model_dump_json())


def _encoded(event: Event) -> bytes:
    """``token`` carries ``{"text"}``, ``passages`` ``{"passages"}``, ``done`` the Answer itself."""
    if isinstance(event, Done):
        return format_sse_event(event="done", data_str=event.answer.model_dump_json())
    name = "token" if isinstance(event, Token) else "passages"
    return format_sse_event(event=name, data_str=event.model_dump_json(exclude={"kind"}))
