"""The door for programs that speak OpenAI's chat API: ``/v1/models`` and ``/v1/chat/completions``.

The reply is an ordinary chat completion whose citations are the API's own annotations; ``answer`` beside ``choices``
is the whole Answer. Instructions and sampling options are taken and not heeded: answers come from the corpus. What
would give the reply another form (tools, a schema, several choices) is refused.
"""

import json
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from starlette.exceptions import HTTPException

from askcorpus.errors import UsageError
from askcorpus.types import Answer, Citation, Done, Event, Filters, Turn
from askcorpus_ui.bodies import as_described
from askcorpus_ui.chat.references import Reference
from askcorpus_ui.listings import TopK
from askcorpus_ui.problems import REFUSALS, Fault, refusal, told_in_stream
from askcorpus_ui.streaming import Questions, first_event, whole_answer
from askcorpus_ui.web.rest_api import CLIENT_LEFT, EVENT_STREAM_HEADERS

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant


MODEL = "askcorpus"
UNFORCED = ("auto", "none")
"""What may be said of the choice of tools where there are none."""


TEXTS = ("text", "input_text", "output_text", "refusal")
"""Types of the parts of a message that are text. Of a refusal only the text before it is read, which it repeats."""


def _text_of(content: object) -> object:
    """A message's text, which the API writes as a string or as parts.

    An image, a file or a sound is refused: a question about it would be answered without it.
    """
    if not isinstance(content, list | tuple):
        return content
    kinds = [part.get("type", TEXTS[0]) for part in content if isinstance(part, dict)]
    if strange := [kind for kind in kinds if kind not in TEXTS]:
        raise ValueError(f"a part of the type {str(strange[0])[:40]!r} cannot be read: a question is text alone")
    texts = [part["text"] for part in content if isinstance(part, dict) and part.get("text") is not None]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("the text of a part is no string")
    return "\n".join(texts)


class Lenient(BaseModel):
    """Base of what clients send: they know more fields than we need."""

    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _is_as_described(cls, fields: Any, info: ValidationInfo) -> Any:
        return as_described(cls, fields, info)


class Message(Lenient):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"] = Field(
        description="Who said it; what `user` and `assistant` said is read."
    )
    content: Annotated[str, BeforeValidator(_text_of, json_schema_input_type=str | list[Any])] = Field(
        "", description="The text, or parts of text: `text`, `input_text`, `output_text`. Others are refused."
    )


class StreamOptions(Lenient):
    """What a stream carries besides the text."""

    include_usage: bool = Field(False, description="End with a chunk of usage, all zero.")


class Completion(Lenient):
    """A chat to complete."""

    messages: tuple[Message, ...] = Field(
        min_length=1, description="The last one is the question, those before its history."
    )
    stream: bool = Field(False, description="Answer as server-sent events.")
    stream_options: StreamOptions | None = Field(None, description="What a stream carries besides the text.")
    filters: Filters = Field(Filters(), description="What documents may answer (ours).")
    top_k: TopK = None
    n: int = Field(1, description="Only 1.")
    logprobs: bool = Field(False, description="Only false.")
    tools: tuple[Any, ...] = Field((), description="None.")
    tool_choice: str | dict[str, Any] = Field("auto", description="None that asks for a tool.")
    functions: tuple[Any, ...] = Field((), description="None.")
    response_format: dict[str, Any] = Field({}, description="Only of the type text.")
    modalities: tuple[Any, ...] = Field((), description="Only text.")

    def check(self) -> None:
        """See that nothing is asked for that an answer cannot be.

        Raises:
            UsageError: something is.
        """
        refuse_form("response_format", self.response_format)
        refuse_if(bool(self.tools), "tools")
        refuse_if(self.tool_choice not in UNFORCED, "tool_choice")
        refuse_if(bool(self.functions), "functions")
        refuse_if(self.n != 1, "n")
        refuse_if(self.logprobs, "logprobs")
        refuse_if(any(one != "text" for one in self.modalities), "modalities")


def turns(messages: Sequence[Message]) -> tuple[str, tuple[Turn, ...]]:
    """The question, and what was said before it.

    Raises:
        UsageError: the last thing said is not the user's.
    """
    said = [(message.role, message.content) for message in messages if message.role in ("user", "assistant")]
    if not said or said[-1][0] != "user":
        raise UsageError("The last message must be the user's question.")
    return said[-1][1], tuple(Turn(role=role, text=text) for role, text in said[:-1] if text)


def refuse_form(name: str, form: dict[str, Any]) -> None:
    """Raises UsageError where a reply is asked for in another form than text."""
    refuse_if(form.get("type", "text") != "text", name)


def refuse_if(asked: bool, name: str) -> None:
    """Raises UsageError where a part of a request asks for what cannot be given."""
    if asked:
        raise UsageError(
            f"{name} cannot be honoured: an answer is text from the documents, with its citations.",
            f"Leave {name} out.",
        )


def openai_router(assistant: "Assistant", questions: Questions) -> APIRouter:
    """``/v1`` over one assistant, which is asked through ``questions``."""
    router = APIRouter(prefix="/v1", tags=["openai"], responses=REFUSALS)

    @router.get("/models", response_description="The list of models.")
    def models() -> dict[str, Any]:
        """The one model there is."""
        return {"object": "list", "data": [_model()]}

    @router.get("/models/{name}", response_description="The model.")
    def model(name: Annotated[str, Path(description="Only `askcorpus`.")]) -> dict[str, Any]:
        """The same, by its name."""
        if name != MODEL:
            raise HTTPException(404, f"There is no model {name}; there is {MODEL}.")
        return _model()

    @router.post("/chat/completions", response_model=None, responses=_COMPLETIONS)
    async def complete(body: Completion, request: Request) -> Response:
        """Answer the last message from the corpus, with url_citation annotations. Any `model` means this one."""
        body.check()
        question, history = turns(body.messages)
        events = questions.stream(
            lambda: assistant.stream(question, history=history, filters=body.filters, top_k=body.top_k)
        )
        if body.stream:
            usage = body.stream_options is not None and body.stream_options.include_usage
            return await _streamed(events, request, usage)
        answer = await whole_answer(events, request)
        return JSONResponse(completion(answer, str(request.base_url))) if answer else Response(status_code=CLIENT_LEFT)

    return router


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}


def completion(answer: Answer, base: str) -> dict[str, Any]:
    """An answer as a chat completion, whose links begin with the server's address ``base``."""
    message = {
        "role": "assistant",
        "content": answer.answer,
        "refusal": refused_text(answer),
        "annotations": annotations(answer, base),
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return _head(answer.id, "chat.completion") | {
        "choices": [choice],
        "usage": _USAGE,
        "answer": answer.model_dump(mode="json"),
    }


async def _streamed(events: AsyncGenerator[Event], request: Request, usage: bool) -> Response:
    if await first_event(events, request) is None:
        return Response(status_code=CLIENT_LEFT)
    chunks = _chunks(events, str(request.base_url), usage)
    return StreamingResponse(chunks, headers=EVENT_STREAM_HEADERS, media_type="text/event-stream")


async def _chunks(events: AsyncGenerator[Event], base: str, usage: bool) -> AsyncGenerator[bytes]:
    """The answer as chunks, once it is verified: unlike our own surfaces, this one cannot take back a word."""
    async for chunk in told_in_stream(_told(events, base, usage), _failed):
        yield chunk
    yield format_sse_event(data_str="[DONE]")


async def _told(events: AsyncGenerator[Event], base: str, usage: bool) -> AsyncGenerator[bytes]:
    head = _head(f"chatcmpl-{time.time_ns():x}", "chat.completion.chunk")
    async with aclosing(events):
        yield _chunk(head, {"role": "assistant", "content": ""})
        async for event in events:
            if isinstance(event, Done):
                for chunk in _answer_chunks(head, event.answer, base, usage):
                    yield chunk


def _failed(status: int, fault: Fault) -> bytes:
    return _data(refusal(status, fault).model_dump())


def _answer_chunks(head: dict[str, Any], answer: Answer, base: str, usage: bool) -> list[bytes]:
    proof = {"annotations": annotations(answer, base)}
    chunks = [_chunk(head, {"content": piece}) for piece in pieces(answer.answer)]
    if said := refused_text(answer):
        chunks.append(_chunk(head, {"refusal": said}))
    chunks.append(_chunk(head, proof, answer=answer.model_dump(mode="json")))
    chunks.append(_chunk(head, {}, finish_reason="stop"))
    if usage:
        chunks.append(_data(head | {"choices": [], "usage": _USAGE}))
    return chunks


def pieces(text: str) -> list[str]:
    """A text as a stream brings it, word by word."""
    words = text.split(" ")
    return [f"{word} " for word in words[:-1]] + words[-1:]


def refused_text(answer: Answer) -> str | None:
    """What is said in place of an answer, which OpenAI's own fields can tell by this alone; None where there is one."""
    return answer.answer if answer.kind in ("answer", "overview") and not answer.answerable else None


def annotations(answer: Answer, base: str) -> list[dict[str, Any]]:
    """Citations as the API has them; its indices are those of the marker in the text. The quote is ours to add."""

    def citation(cited: Citation) -> dict[str, Any]:
        return {
            "start_index": cited.answer_start,
            "end_index": cited.answer_end,
            "title": cited.title or cited.document_id,
            "url": f"{base.rstrip('/')}/{Reference.of(cited).url()}",
            "document_id": cited.document_id,
            "quote": cited.quote,
            "locator": cited.locator,
            "verified": cited.verified,
        }

    return [{"type": "url_citation", "url_citation": citation(cited)} for cited in answer.citations]


_COMPLETIONS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, "text/event-stream": {}}, "description": "The completion, or its chunks."}
}
_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
"""Clients want the numbers to be there; nothing here is counted in tokens."""


def _head(identifier: str, kind: str) -> dict[str, Any]:
    return {"id": identifier, "object": kind, "created": int(time.time()), "model": MODEL}


def _chunk(head: dict[str, Any], delta: dict[str, Any], finish_reason: str | None = None, **beside: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _data(head | {"choices": [choice]} | beside)


def _data(value: dict[str, Any]) -> bytes:
    return format_sse_event(data_str=json.dumps(value, ensure_ascii=False))
