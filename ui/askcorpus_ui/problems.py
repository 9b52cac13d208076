"""Failures as HTTP responses: one shape, one status for each kind of error."""

import logging
import secrets

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
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

_TOLD_FAULTS = 5


class Fault(BaseModel):
    """What went wrong, in one line, and what to do about it."""

    type: str
    message: str
    hint: str = ""


class Problem(BaseModel):
    """The body of every response that is not a success."""

    error: Fault


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


def add_error_handlers(app: FastAPI) -> None:
    """Make every failure a :class:`Problem`."""

    @app.exception_handler(AskcorpusError)
    def ours(_request: Request, exc: AskcorpusError) -> Response:
        return JSONResponse(problem(exc).model_dump(), status_of(exc), retry_after(exc))

    @app.exception_handler(RequestValidationError)
    def malformed(_request: Request, exc: RequestValidationError) -> Response:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'][1:])) or 'body'}: {fault['msg']}" for fault in exc.errors()[:_TOLD_FAULTS]
        )
        body = Problem(error=Fault(type="UsageError", message=f"{faults}.", hint="See /docs."))
        return JSONResponse(body.model_dump(), 422)

    @app.exception_handler(HTTPException)
    def http(_request: Request, exc: HTTPException) -> Response:
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
