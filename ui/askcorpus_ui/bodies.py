"""What a request may bring: a body of bounded size, in bounded time, and JSON that can be stored and sent again."""

import asyncio
import re
from collections.abc import Collection
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationInfo
from pydantic_core import from_json, to_json
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askcorpus_ui.problems import Fault, failure

MAX_BYTES = 8_000_000
"""A conversation travels whole with every question of the chat page."""

SECONDS = 30
"""A client that sends its body more slowly than this is not waited for."""

MAX_TOKENS = 100_000
"""Strings, brackets and commas of a body. A megabyte of "1,1,1…" is half a million values, and where each is a fault,
telling them takes a kilobyte of memory and a few microseconds of the event loop for each."""

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{,]', re.DOTALL)


class BoundedBodies:
    """Reads each body before any route does, so that no route has to ask how long that may take.

    All that this server takes is JSON, but at the addresses in ``raw``. Python's own parser lets half a surrogate pair
    pass, which no file and no response can hold, and nests as deep as it is told to; the one used here refuses both.
    """

    def __init__(
        self, app: ASGIApp, max_bytes: int = MAX_BYTES, seconds: float = SECONDS, raw: Collection[str] = ()
    ) -> None:
        self._app = app
        self._raw = raw
        self._max_bytes = max_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request with its body at hand, or refuse it."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        try:
            body = await asyncio.wait_for(read_body(receive, self._max_bytes), self._seconds)
        except ClientDisconnect:
            return
        except TimeoutError:
            await refused(scope, 408, f"The body did not come within {self._seconds:g} seconds.")(scope, receive, send)
            return
        if body is None:
            await refused(scope, 413, f"The body is larger than {self._max_bytes:,} bytes.")(scope, receive, send)
            return
        if scope["path"] in self._raw:
            await self._app(scope, replayed(body, receive), send)
            return
        if any(True for _ in islice(_TOKEN.finditer(body), MAX_TOKENS, None)):
            message = f"The body has more than {MAX_TOKENS:,} strings, brackets and commas."
            await refused(scope, 413, message)(scope, receive, send)
            return
        if fault := _fault_of(body):
            await refused(scope, 400, f"The body is not JSON in UTF-8: {fault}.")(scope, receive, send)
            return
        await self._app(scope, replayed(body, receive), send)


def refused(scope: Scope, status: int, message: str, hint: str = "See /docs.") -> Response:
    """A request that cannot be served as it is, told as every other fault is."""
    # What is left of the body would be read as the next request.
    headers = {"Connection": "close"} if status in (408, 413) else None
    return failure(scope, status, Fault("UsageError", message, hint), headers)


async def read_body(receive: Receive, max_bytes: int) -> bytes | None:
    """The whole body; ``None`` as soon as it is longer than ``max_bytes``.

    Raises:
        ClientDisconnect: the client left before its end.
    """
    pieces, length = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece = message.get("body", b"")
        length += len(piece)
        if length > max_bytes:
            return None
        pieces.append(piece)
        if not message.get("more_body", False):
            return b"".join(pieces)


def replayed(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives ``body`` once, and after it what there is to come: that the client leaves."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def as_described(model: type[BaseModel], fields: Any, info: ValidationInfo) -> Any:
    """The fields of a JSON object as a body of that model is made of them, for the model's own "before" validator.

    Null is left out, wherever it is a field's: many clients write every field of their form. All else must have the
    very type that the description of the API tells: by itself, pydantic takes "yes" and 1 for true, and "3" for 3.

    Raises:
        ValidationError: something has another type.
    """
    kept = _kept(fields)
    if info.mode == "python" and isinstance(kept, dict):
        model.model_validate_json(to_json(kept), strict=True)
    return kept


def _kept(value: Any) -> Any:
    """Without fields that are null; lists are tuples, which strict mode takes too, and 3.0 is 3, as in JSON Schema."""
    if isinstance(value, dict):
        return {name: _kept(each) for name, each in value.items() if each is not None}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return tuple(map(_kept, value)) if isinstance(value, list) else value


def _has_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


def _fault_of(body: bytes) -> str:
    """What keeps the body from being JSON; "" when nothing does, or when there is none."""
    if not body.strip():
        return ""
    try:
        from_json(body, allow_inf_nan=False)
    except ValueError as exc:
        return str(exc)
    return ""
