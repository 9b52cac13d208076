"""Failures as HTTP responses: one form a door (RFC 9457, at `/v1` OpenAI's), one status for each kind of error."""

import logging
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue
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

PROBLEM_JSON = "application/problem+json"

_TOLD_FAULTS = 5

_WRONG = "What is wrong with the request, and what to do about it."
_FAILED = "What is wrong with the server, its index or a model."
_LONGEST_KIND = 80
"""Characters of a Content-Type that are told."""
_SEE = "See /docs."


class Fault(NamedTuple):
    """What went wrong: a word for programs, one line for people, and what to do about it."""

    code: str
    message: str
    hint: str = ""
    param: str | None = None
    """The part of the request that is at fault, where it is one."""


NO_QUESTION: dict[str, JsonValue] = {
    "type": "about:blank",
    "title": "Bad Request",
    "status": 400,
    "detail": "The question is empty.",
    "code": "UsageError",
    "hint": "Ask in a few words, in any language.",
}
NO_MESSAGE: dict[str, JsonValue] = {
    "error": {
        "message": "messages: List should have at least 1 item after validation, not 0. See /docs.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "UsageError",
    }
}
"""Examples of what is told of a failure."""


class Problem(BaseModel):
    """The body of every response that is not a success, in the form of RFC 9457; of `/v1` it is OpenAI's."""

    model_config = ConfigDict(json_schema_extra={"examples": [NO_QUESTION]})

    type: str = Field("about:blank", description="`code` names the kind.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="As the response has it.")
    detail: str = Field(description="What is wrong, in a line.")
    code: str = Field(description="Its kind, for programs.")
    hint: str = Field("", description="What to do about it.")


class RefusalDetail(BaseModel):
    """What went wrong, as OpenAI's clients read it."""

    message: str = Field(description="What is wrong and what to do about it.")
    type: str = Field(description="Its kind, as OpenAI names it.")
    param: str | None = Field(None, description="The part of the request that is at fault, where it is one.")
    code: str | None = Field(None, description="Its kind, as our own `Problem` names it.")


class Refusal(BaseModel):
    """The body of every response of `/v1` that is not a success."""

    model_config = ConfigDict(json_schema_extra={"examples": [NO_MESSAGE]})

    error: RefusalDetail = Field(description="What went wrong.")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": _WRONG},
    "5XX": {"model": Problem, "description": _FAILED},
}
"""How the failures of most addresses are described."""

REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Refusal, "description": _WRONG},
    "5XX": {"model": Refusal, "description": _FAILED},
}
"""The same of `/v1`."""


def problem(status: int, fault: Fault) -> Problem:
    """A fault as it is told everywhere but at `/v1`."""
    return Problem(title=_title(status), status=status, detail=fault.message, code=fault.code, hint=fault.hint)


def refusal(status: int, fault: Fault) -> Refusal:
    """A fault as it is told at `/v1`."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    message = f"{fault.message} {fault.hint}".rstrip()
    return Refusal(error=RefusalDetail(message=message, type=kind, param=fault.param, code=fault.code))


def failure(scope: Scope, status: int, fault: Fault, headers: Mapping[str, str] | None = None) -> Response:
    """The response that tells a fault, in the form that belongs to the address asked."""
    if is_openais(scope):
        return JSONResponse(refusal(status, fault).model_dump(), status, headers)
    return JSONResponse(problem(status, fault).model_dump(), status, headers, media_type=PROBLEM_JSON)


def is_openais(scope: Scope) -> bool:
    """Whether an address is one of those for OpenAI's clients."""
    return f"{scope['path']}/".startswith("/v1/")


def error_response(scope: Scope, error: AskcorpusError) -> Response:
    """The response that tells an error of ours."""
    note_fault(error)
    return failure(scope, status_of(error), fault_of(error), retry_after(error))


def note_fault(error: AskcorpusError) -> None:
    """Write to the log what only the server's keeper can mend: whoever asked is told, and can do nothing about it."""
    if isinstance(error, StorageError):
        log.warning("%s", error)


def fault_of(error: AskcorpusError) -> Fault:
    """An error of ours as it is told."""
    return Fault(type(error).__name__, error.message, error.hint or _SEE)


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def new_reference() -> str:
    """A short name by which an unexpected error is found in the log."""
    return secrets.token_hex(3)


def status_of(error: AskcorpusError) -> int:
    """The HTTP status of an error of ours."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def retry_after(error: AskcorpusError) -> dict[str, str]:
    """The header that says when to ask again, where that may help."""
    return {"Retry-After": "5"} if status_of(error) == 503 else {}


def unexpected(reference: str) -> Fault:
    """An error nobody foresaw: its details are in the log, under the reference, and nowhere else."""
    return Fault("InternalError", "Something went wrong.", f"Logged as {reference}.")


async def told_in_stream(parts: AsyncGenerator[bytes], told: Callable[[int, Fault], bytes]) -> AsyncGenerator[bytes]:
    """The parts of a stream and, where a fault ends them, what ``told`` makes of its status and of it.

    The status line is long gone then: all that is left is to say so in the stream.
    """
    async with aclosing(parts):
        try:
            async for part in parts:
                yield part
        except AskcorpusError as exc:
            note_fault(exc)
            yield told(status_of(exc), fault_of(exc))
        except Exception:  # whatever it is, it is logged in full, and the client learns that it happened
            log.exception("Unexpected error %s", reference := new_reference())
            yield told(500, unexpected(reference))


def add_error_handlers(app: FastAPI) -> None:
    """Tell every failure in one form."""

    @app.exception_handler(AskcorpusError)
    def ours(request: Request, exc: AskcorpusError) -> Response:
        return error_response(request.scope, exc)

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, exc: RequestValidationError) -> Response:
        named = [(".".join(map(str, fault["loc"][1:])), fault["msg"]) for fault in exc.errors()[:_TOLD_FAULTS]]
        told = "; ".join(f"{name or 'body'}: {message}" for name, message in named)
        for ours, theirs in (("Tuple should", "List should"), ("valid tuple", "valid list")):
            told = told.replace(ours, theirs)  # what JSON has, and pydantic does not know
        fault = _unread_body(request, exc) or Fault("UsageError", f"{told}.", _SEE, named[0][0] or None)
        return failure(request.scope, 400 if is_openais(request.scope) else 422, fault)

    @app.exception_handler(HTTPException)
    def http(request: Request, exc: HTTPException) -> Response:
        code = {403: "Forbidden", 404: "NotFound"}.get(exc.status_code, "UsageError")
        return failure(request.scope, exc.status_code, Fault(code, str(exc.detail), _SEE), exc.headers)

    app.add_middleware(LastResort)


def _unread_body(request: Request, error: RequestValidationError) -> Fault | None:
    """Of a body that was not read, for it came as something else than JSON, as curl sends it unless it is told."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()[:_LONGEST_KIND]
    whole = any(fault["loc"] == ("body",) and fault["type"] == "model_attributes_type" for fault in error.errors())
    if not whole or kind == "application/json" or kind.endswith("+json"):
        return None
    sent = f"was sent as {kind}" if kind else "has no Content-Type"
    return Fault("UsageError", f"The body {sent}.", "Send JSON, and with it “Content-Type: application/json”.")


class LastResort:
    """Turns an error nobody foresaw into a response that tells of it.

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
            await failure(scope, 500, unexpected(reference))(scope, receive, send)
