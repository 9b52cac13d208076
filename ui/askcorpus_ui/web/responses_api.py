"""The door for programs that speak OpenAI's Responses API: ``/v1/responses``, whole or as its typed events.

The reply is one message whose citations are the API's own annotations. Nothing is kept: a conversation travels whole.
"""

import json
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import Field

from askcorpus.types import Answer, Done, Event, Filters
from askcorpus_ui.listings import TopK
from askcorpus_ui.problems import REFUSALS, Fault, refusal, told_in_stream
from askcorpus_ui.streaming import Questions, first_event, whole_answer
from askcorpus_ui.web.openai_api import (
    MODEL,
    UNFORCED,
    Lenient,
    Message,
    annotations,
    pieces,
    refuse_form,
    refuse_if,
    refused_text,
    turns,
)
from askcorpus_ui.web.rest_api import CLIENT_LEFT, EVENT_STREAM_HEADERS

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, "text/event-stream": {}}, "description": "The response, or its events."}
}
_USAGE = {
    "input_tokens": 0,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 0,
}


class TextOptions(Lenient):
    """What the text is to be like."""

    format: dict[str, Any] = Field({}, description="Only of the type text.")


class ResponseBody(Lenient):
    """What to respond to: a question, or a conversation that ends in one."""

    input: str | tuple[Message, ...] = Field(
        min_length=1, description="The question, or messages of which the last one is it."
    )
    stream: bool = Field(False, description="Answer as the API's events.")
    text: TextOptions = Field(TextOptions(), description="The form of the text.")
    tools: tuple[Any, ...] = Field((), description="None.")
    tool_choice: str | dict[str, Any] = Field("auto", description="None that asks for a tool.")
    background: bool = Field(False, description="Only false.")
    previous_response_id: str = Field("", description="None: nothing is kept.")
    conversation: Any = Field(None, description="None: nothing is kept.")
    prompt: Any = Field(None, description="None.")
    filters: Filters = Field(Filters(), description="What documents may answer (ours).")
    top_k: TopK = None

    def messages(self) -> tuple[Message, ...]:
        """What was said."""
        return (Message(role="user", content=self.input),) if isinstance(self.input, str) else self.input

    def check(self) -> None:
        """See that nothing is asked for that an answer cannot be.

        Raises:
            UsageError: something is.
        """
        refuse_form("text.format", self.text.format)
        for name in ("tools", "background", "previous_response_id", "conversation", "prompt"):
            refuse_if(bool(getattr(self, name)), name)
        refuse_if(self.tool_choice not in UNFORCED, "tool_choice")


def responses_router(assistant: "Assistant", questions: Questions) -> APIRouter:
    """``/v1/responses`` over one assistant, which is asked through ``questions``."""
    router = APIRouter(prefix="/v1", tags=["openai"], responses=REFUSALS)

    @router.post("/responses", response_model=None, responses=_RESPONSES)
    async def respond(body: ResponseBody, request: Request) -> Response:
        """Answer from the corpus, with url_citation annotations. Any `model` means this one, and nothing is stored."""
        body.check()
        question, history = turns(body.messages())
        events = questions.stream(
            lambda: assistant.stream(question, history=history, filters=body.filters, top_k=body.top_k)
        )
        base = str(request.base_url)
        if body.stream:
            if await first_event(events, request) is None:
                return Response(status_code=CLIENT_LEFT)
            sent = _sent(events, base)
            return StreamingResponse(sent, headers=EVENT_STREAM_HEADERS, media_type="text/event-stream")
        answer = await whole_answer(events, request)
        if answer is None:
            return Response(status_code=CLIENT_LEFT)
        return JSONResponse(response(answer, base))

    return router


def response(answer: Answer, base: str) -> dict[str, Any]:
    """An answer as a response, whose links begin with the server's address ``base``."""
    return _finished(_begun(f"resp_{answer.id}"), answer, base)


def _begun(name: str) -> dict[str, Any]:
    """A response before there is anything in it."""
    return {
        "id": name,
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "model": MODEL,
        "output": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": False,
        "previous_response_id": None,
        "store": False,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "tool_choice": "none",
        "tools": [],
        "top_p": None,
        "usage": None,
    }


def _finished(begun: dict[str, Any], answer: Answer, base: str) -> dict[str, Any]:
    """The whole response; ``answer`` beside its own fields is the Answer."""
    item = _item(begun, "completed", _parts(answer, base))
    done = {"status": "completed", "output": [item], "usage": _USAGE, "answer": answer.model_dump(mode="json")}
    return begun | done


def _item(begun: dict[str, Any], status: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    name = begun["id"].replace("resp_", "msg_")
    return {"id": name, "type": "message", "role": "assistant", "status": status, "content": parts}


def _parts(answer: Answer, base: str) -> list[dict[str, Any]]:
    """The text with its citations, and after it that this is no answer, where it is none."""
    text = {"type": "output_text", "text": answer.answer, "annotations": _citations(answer, base), "logprobs": []}
    said = refused_text(answer)
    return [text, {"type": "refusal", "refusal": said}] if said else [text]


def _citations(answer: Answer, base: str) -> list[dict[str, Any]]:
    """The annotations of a chat completion, flat as they are here."""
    return [{"type": one["type"], **one["url_citation"]} for one in annotations(answer, base)]


def _sent(events: AsyncGenerator[Event], base: str) -> AsyncGenerator[bytes]:
    """The response as its events, once it is verified: a word that was sent cannot be taken back."""
    numbers = count()
    return told_in_stream(_events(events, base, numbers), partial(_failed, numbers))


async def _events(events: AsyncGenerator[Event], base: str, numbers: Iterator[int]) -> AsyncGenerator[bytes]:
    begun = _begun(f"resp_{time.time_ns():x}")
    async with aclosing(events):
        for kind in ("response.created", "response.in_progress"):
            yield _event(kind, next(numbers), response=begun)
        async for event in events:
            if isinstance(event, Done):
                for kind, fields in _told(begun, event.answer, base):
                    yield _event(kind, next(numbers), **fields)


def _told(begun: dict[str, Any], answer: Answer, base: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Kind and fields of each event from the first word on."""
    done = _finished(begun, answer, base)
    item = done["output"][0]
    yield "response.output_item.added", {"output_index": 0, "item": _item(begun, "in_progress", [])}
    for index, part in enumerate(item["content"]):
        at = {"item_id": item["id"], "output_index": 0, "content_index": index}
        text = part["type"] == "output_text"
        name, field = ("response.output_text", "text") if text else ("response.refusal", "refusal")
        empty = part | {field: ""} | ({"annotations": []} if text else {})
        more: dict[str, Any] = {"logprobs": []} if text else {}
        yield "response.content_part.added", at | {"part": empty}
        for piece in pieces(part[field]):
            yield f"{name}.delta", at | {"delta": piece} | more
        for number, citation in enumerate(part.get("annotations", ())):
            yield "response.output_text.annotation.added", at | {"annotation": citation, "annotation_index": number}
        yield f"{name}.done", at | {field: part[field]} | more
        yield "response.content_part.done", at | {"part": part}
    yield "response.output_item.done", {"output_index": 0, "item": item}
    yield "response.completed", {"response": done}


def _event(kind: str, number: int, **fields: Any) -> bytes:
    data = {"type": kind, "sequence_number": number, **fields}
    return format_sse_event(event=kind, data_str=json.dumps(data, ensure_ascii=False))


def _failed(numbers: Iterator[int], status: int, fault: Fault) -> bytes:
    """That it went wrong, as the event that the API has for it, and as its clients look for it."""
    told = refusal(status, fault).error
    return _event(
        "error", next(numbers), code=told.code, message=told.message, param=told.param, error=told.model_dump()
    )
