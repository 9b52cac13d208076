"""The REST door: questions and searches as JSON, streams as server-sent events; whether the server can answer."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from functools import partial
from threading import Event as Flag
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from askcorpus.search.query import LONGEST_QUESTION
from askcorpus.types import Answer, Done, Event, Filters, Token, Turn
from askcorpus_ui.bodies import as_described
from askcorpus_ui.listings import Hits, TopK
from askcorpus_ui.problems import PROBLEMS, Fault, problem, told_in_stream
from askcorpus_ui.streaming import Questions, first_event, unless_left, whole_answer
from askcorpus_ui.warm_up import WarmUp
from askcorpus_ui.web.guard import access_of

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

CLIENT_LEFT = 499
EVENT_STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "Its events, `done` with the Answer as the last."}
}
_ANSWER_OR_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, "text/event-stream": {}}, "description": "The Answer, or its events."}
}


class Body(BaseModel):
    """Base of request bodies: a misspelt name is an error, and so is a value of another type. Lists are tuples."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _is_as_described(cls, fields: Any, info: ValidationInfo) -> Any:
        return as_described(cls, fields, info)


MaxError = Annotated[
    float | None,
    Field(
        ge=0.001,
        le=0.5,
        description="Abstain so often that at most this share of the answers is wrong; default: the server's setting.",
    ),
]


class AskBody(Body):
    """A question, and what it continues or is limited to."""

    question: str = Field(max_length=LONGEST_QUESTION, description="What to ask, in any language.")
    history: tuple[Turn, ...] = Field(
        (),
        description="What was said before, the oldest first; the newest 50 messages are read, 10,000 characters of "
        "each.",
    )
    filters: Filters = Field(Filters(), description="What documents may answer.")
    top_k: TopK = None
    max_error: MaxError = None
    explain: bool = Field(
        False,
        validation_alias=AliasChoices("explain", "debug"),
        description="Also return how the passages and the answer were found (`debug` means the same).",
    )
    conversation_id: str | None = Field(None, max_length=200, description="Comes back in the answer.")
    keep: bool = Field(
        False,
        description="Keep this here, as the next turn of the conversation of that id, whose turns are its history; "
        "without an id, as the first of a new one, whose id comes back.",
    )
    stream: bool = Field(False, description="Answer as server-sent events, as `/ask/stream` does.")


class SearchBody(Body):
    """A search for passages, without an answer."""

    query: str = Field(max_length=LONGEST_QUESTION, description="What to look for, in any language.")
    filters: Filters = Field(Filters(), description="What documents to look in.")
    top_k: TopK = None


class Health(BaseModel):
    """One part of the server and whether it works."""

    name: str = Field(description="What was looked at.")
    ok: bool = Field(description="It works.")
    detail: str = Field("", description="What it has, or what is wrong with it; empty for who has no key to ask with.")


class Readiness(BaseModel):
    """Whether questions can be answered, part by part."""

    ready: bool = Field(description="All parts work.")
    checks: list[Health] = Field(description="Part by part.")


Asking = Callable[[AskBody, Request], Iterator[Event]]
"""How a question is asked: its events, of which the last is the answer."""


def events_of(assistant: "Assistant", body: AskBody) -> Iterator[Event]:
    """The events of the answer to a question."""
    return assistant.stream(
        body.question,
        history=body.history,
        filters=body.filters,
        top_k=body.top_k,
        max_error=body.max_error,
        explain=body.explain,
        conversation_id=body.conversation_id,
    )


def api_router(assistant: "Assistant", questions: Questions, asking: Asking) -> APIRouter:
    """``/api/v1`` over one assistant, which is asked through ``questions``, and of answers by ``asking``."""
    router = APIRouter(prefix="/api/v1", responses=PROBLEMS)

    @router.post("/ask", response_model=Answer, responses=_ANSWER_OR_EVENTS, tags=["ask"])
    async def ask(body: AskBody, request: Request) -> Answer | Response:
        """Answer a question with verbatim quotes, or say that the corpus does not."""
        events = questions.stream(partial(asking, body, request))
        if body.stream:
            return await _event_stream(events, request)
        return await whole_answer(events, request) or Response(status_code=CLIENT_LEFT)

    @router.post("/ask/stream", response_class=StreamingResponse, responses=_EVENTS, tags=["ask"])
    async def ask_stream(body: AskBody, request: Request) -> Response:
        """The same as events: `passages`, then `token`…, then `done` with the whole, verified answer; or `error`."""
        return await _event_stream(questions.stream(partial(asking, body, request)), request)

    @router.post("/search", response_model=Hits, response_description="The passages, best first.", tags=["search"])
    async def search(body: SearchBody, request: Request) -> Hits | Response:
        """The passages nearest to a query."""
        work = partial(assistant.search, body.query, filters=body.filters, top_k=body.top_k)
        hits = await unless_left(request, questions.run(work))
        return Response(status_code=CLIENT_LEFT) if hits is None else Hits(hits=hits)

    return router


def health_router(assistant: "Assistant", warm_up: WarmUp, leaving: Flag) -> APIRouter:
    """``/health`` (the process is up) and ``/ready`` (it can answer, need not load a model first, and is not
    ``leaving``)."""
    router = APIRouter(tags=["health"])

    @router.get("/health", response_description="It is up.")
    async def health() -> dict[str, str]:
        """That the process is up; checks nothing else, and waits for nothing else."""
        return {"status": "ok"}

    @router.get(
        "/ready",
        response_description="It can answer.",
        responses={503: {"model": Readiness, "description": "It cannot answer, and which part is not ready."}},
    )
    def ready(request: Request, response: Response) -> Readiness:
        """Whether every part that an answer needs works; 503, and which part, where one does not (yet).

        What it has, or what is wrong with it, is told to who may ask: it names folders and servers. Models that could
        not be loaded are tried again.
        """
        checks = [Health(name=check.name, ok=check.ok, detail=check.detail) for check in assistant.store.check()]
        checks.append(_models(warm_up))
        if leaving.is_set():
            checks.append(Health(name="server", ok=False, detail="It is stopping."))
        if warm_up.fault:
            warm_up.start()
        if "reading" not in access_of(request.scope).opens:
            checks = [check.model_copy(update={"detail": ""}) for check in checks]
        state = Readiness(ready=all(check.ok for check in checks), checks=checks)
        response.status_code = 200 if state.ready else 503
        return state

    return router


def _models(warm_up: WarmUp) -> Health:
    if not warm_up.is_over():
        return Health(name="models", ok=False, detail="They are being loaded.")
    return Health(name="models", ok=not warm_up.fault, detail=warm_up.fault)


async def _event_stream(events: AsyncGenerator[Event], request: Request) -> Response:
    first = await first_event(events, request)
    if first is None:
        return Response(status_code=CLIENT_LEFT)
    content = told_in_stream(_server_sent(first, events), _failed)
    return StreamingResponse(content, headers=EVENT_STREAM_HEADERS, media_type="text/event-stream")


async def _server_sent(first: Event, events: AsyncGenerator[Event]) -> AsyncGenerator[bytes]:
    async with aclosing(events):
        yield _encoded(first)
        async for event in events:
            yield _encoded(event)


def _failed(status: int, fault: Fault) -> bytes:
    return format_sse_event(event="error", data_str=problem(status, fault).model_dump_json())


def _encoded(event: Event) -> bytes:
    """``token`` carries ``{"text"}``, ``passages`` ``{"passages"}``, ``done`` the Answer itself."""
    if isinstance(event, Done):
        return format_sse_event(event="done", data_str=event.answer.model_dump_json())
    name = "token" if isinstance(event, Token) else "passages"
    return format_sse_event(event=name, data_str=event.model_dump_json(exclude={"kind"}))
