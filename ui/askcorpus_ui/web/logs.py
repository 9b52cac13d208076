"""What the server writes to its log: lines of JSON where a setting says so, each with the request that it is about.

A request's name is its `X-Request-ID`, or a new one; its response has it too. Without the setting only faults are told,
as plain lines. What was asked is in no line unless a setting of its own says so.
"""

import json
import logging
import re
import secrets
import sys
import time
from contextvars import ContextVar
from datetime import UTC, datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askcorpus.settings import Settings
from askcorpus_ui.web.guard import access_of
from askcorpus_ui.web.prometheus import method_of, route_of

HEADER = "X-Request-ID"
FACTS = ("method", "route", "status", "seconds", "key", "question")
"""What a line may have beside its message."""

_NAME = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_request: ContextVar[str] = ContextVar("request", default="")

log = logging.getLogger("askcorpus.requests")


class Logged:
    """Names every request, and writes a line about it when it is over: no address and nothing that was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request; a client that left before the answer counts as 499."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope).get(HEADER, "")
        name = asked if _NAME.fullmatch(asked) else secrets.token_hex(8)
        token, status, began = _request.set(name), 499, time.monotonic()

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            key = access_of(scope).key
            facts = {"method": method_of(scope), "route": route_of(scope), "status": status}
            facts |= {"seconds": round(time.monotonic() - began, 4), "key": key.id if key else None}
            log.info("request", extra=facts)
            _request.reset(token)


def request_name() -> str:
    """The name of the request that is being served; "" where none is."""
    return _request.get()


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, logger, message, and what else is known."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, in ASCII, so that nothing in it can drive a terminal."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": _request.get() or None,
            **{name: getattr(record, name, None) for name in FACTS},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in line.items() if value is not None})


def set_up_logs(settings: Settings) -> None:
    """Write the log of this process as the settings say; to standard error, as ever."""
    if settings.log_format != "json":
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    logging.getLogger("askcorpus").setLevel(logging.INFO)
    if settings.log_questions:
        logging.getLogger("askcorpus.questions").setLevel(logging.DEBUG)
