"""How many requests were served, how they ended and how long they took, and who answered, for Prometheus at
``/metrics``."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from fastapi import APIRouter
from fastapi.responses import Response
from fastapi.routing import RouteContext, iter_route_contexts
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askcorpus.types import Answer, Done, Event
from askcorpus_ui.web.watched import WatchedAssistant

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_OTHER = "other"


class Metrics:
    """The figures of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "askcorpus_requests", "Requests served.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "askcorpus_request_seconds",
            "Time from a request to the end of its response.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._answers = Counter(
            "askcorpus_answers",
            "Questions by what they got, and by what was wrong with the language model.",
            ("outcome", "model_fault"),
            registry=self._registry,
        )

    def router(self) -> APIRouter:
        """``/metrics``."""
        router = APIRouter(tags=["health"])

        @router.get("/metrics", response_class=Response, response_description="The figures, as text.")
        def metrics() -> Response:
            """Requests by route and status and how long they took, and answers, in Prometheus' text format."""
            return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

        return router

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Note one served request."""
        route = route_of(scope)
        self._requests.labels(method_of(scope), route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_answer(self, answer: Answer) -> None:
        """Note what came of one question."""
        kind = "small_talk" if answer.kind not in ("answer", "overview") else "abstained"
        fault = answer.model_fault.kind if answer.model_fault else "none"
        self._answers.labels("answered" if answer.answerable else kind, fault).inc()


class CountedAssistant(WatchedAssistant):
    """An assistant whose answers are counted."""

    def __init__(self, assistant: "Assistant", metrics: Metrics) -> None:
        super().__init__(assistant)
        self._metrics = metrics

    def stream(self, question: str, **options: Any) -> Iterator[Event]:
        """As the assistant does."""
        with closing(cast(Any, super().stream(question, **options))) as events:
            for event in events:
                if isinstance(event, Done):
                    self._metrics.count_answer(event.answer)
                yield event


class Measured:
    """Counts every HTTP request that passes, refused ones too."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, and note how that went; a client that left before the answer counts as 499."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 499, time.monotonic()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._metrics.count(scope, status, time.monotonic() - began)


def route_of(scope: Scope) -> str:
    """The route's pattern, never the path asked for: what anybody can invent must not become a label.

    A request that was refused before it came to its route is told by the one that it would have come to.
    """
    route: Any = scope.get("route") or _route_at(scope)
    return str(getattr(route, "path", _OTHER))


def _route_at(scope: Scope) -> RouteContext | None:
    app = scope.get("app")
    routes = iter_route_contexts(app.routes if app else ())
    ours = (one for one in routes if not isinstance(one.original_route, Mount))
    return next((one for one in ours if one.original_route.matches(scope)[0] is not Match.NONE), None)


def method_of(scope: Scope) -> str:
    """The method, where it is a known one."""
    method = str(scope["method"])
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else _OTHER
