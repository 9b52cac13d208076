"""The web application: chat, REST and documentation over one assistant."""

import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from tempfile import TemporaryDirectory
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, cast

from anyio import to_thread
from fastapi import Depends, FastAPI
from fastapi.routing import iter_route_contexts
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from askcorpus.extras import require
from askcorpus.feedback import FEEDBACK, FeedbackFile
from askcorpus.settings import Settings
from askcorpus_ui.bodies import BoundedBodies
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.first_questions import FirstQuestions
from askcorpus_ui.chat.next_questions import NextQuestions
from askcorpus_ui.chat.tried_questions import TriedQuestions
from askcorpus_ui.problems import add_error_handlers
from askcorpus_ui.streaming import Questions
from askcorpus_ui.warm_up import WarmUp
from askcorpus_ui.web.batch_api import batch_router
from askcorpus_ui.web.conversations_api import Keeper, conversations_router
from askcorpus_ui.web.documents_api import documents_router
from askcorpus_ui.web.documents_page import list_router
from askcorpus_ui.web.embeddings_api import embeddings_router
from askcorpus_ui.web.guard import Guard, asked_too_often
from askcorpus_ui.web.head import Heads
from askcorpus_ui.web.job_records import JobRecords
from askcorpus_ui.web.jobs import Jobs
from askcorpus_ui.web.jobs_api import JOB_FILES, jobs_router
from askcorpus_ui.web.keys import Keys
from askcorpus_ui.web.logs import Logged
from askcorpus_ui.web.next_questions_api import offered_router
from askcorpus_ui.web.openai_api import openai_router
from askcorpus_ui.web.openapi import described
from askcorpus_ui.web.parameters import only_known
from askcorpus_ui.web.prefix import Prefixed, WholeAddresses, check_root
from askcorpus_ui.web.prometheus import CountedAssistant, Measured, Metrics
from askcorpus_ui.web.responses_api import responses_router
from askcorpus_ui.web.rest_api import api_router, health_router
from askcorpus_ui.web.source_page import source_router
from askcorpus_ui.web.verify_api import verify_router
from askcorpus_ui.web.writing_api import FILES, writing_router

if TYPE_CHECKING:
    from mcp.server import MCPServer
    from starlette.routing import BaseRoute

    from askcorpus.assistant import Assistant

TOLD_IN_HEADERS = ("Allow", "Content-Disposition", "Location", "Retry-After", "X-Request-ID")
"""What a page of an allowed origin may read beside a response's body: where a job is, when to ask again."""

JOBS_SECONDS = 5.0
"""How long a server that stops waits for the part that a job is just writing."""

log = logging.getLogger(__name__)

# Gradio reads the first whenever it would report home or ask for its newest version; the others when it makes a queue,
# which else keeps a table of its last 10,000 events and goes through it after each of them.
_FOR_GRADIO = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(2**31),
}


def create_app(assistant: "Assistant", settings: Settings, *, examples: Sequence[tuple[str, str]] = ()) -> FastAPI:
    """The whole web application over one assistant.

    ``examples`` are questions that the empty chat offers, each with its language; without any, they are made from the
    newest documents.

    Raises:
        UsageError: addresses of the server's own begin with the path that a proxy is said to serve it under.
    """
    check_root(settings.root_path)
    # By itself it takes /tmp/gradio, which is that user's of the machine who made it first: nobody else could start.
    folder = TemporaryDirectory(prefix="askcorpus-", ignore_cleanup_errors=True)
    os.environ |= _FOR_GRADIO | {"GRADIO_TEMP_DIR": folder.name}
    from askcorpus_ui.chat.page import mount_chat

    metrics, unwatched = Metrics(), assistant
    assistant, end_tracing = _traced(cast("Assistant", CountedAssistant(assistant, metrics)), settings)
    warm_up, leaving = WarmUp(assistant), Flag()
    questions = Questions(settings.concurrent_questions, settings.waiting_questions)
    agents = _agents(assistant, questions) if settings.mcp else None
    keys = Keys(settings.data, settings.database_url)
    conversations = Conversations(settings.data, _kept_days(settings), settings.database_url)
    writable = _is_writable(settings, keys)
    name = f"{socket.gethostname()}:{settings.port}"  # no two at a time
    jobs = Jobs(JobRecords(settings.data, name, settings.database_url))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        warm_up.start()
        async with agents.session_manager.run() if agents else nullcontext():
            yield
        await to_thread.run_sync(jobs.stop, JOBS_SECONDS)
        conversations.close()
        feedback.close()
        keys.close()
        await to_thread.run_sync(end_tracing)

    app = FastAPIOffline(
        title="askcorpus",
        description="Answers from a corpus, each with the passages that prove it.",
        version="1",
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.questions = questions
    app.state.leaving = leaving
    app.openapi = described(app, keyed=settings.api_key is not None or keys.any())  # type: ignore[method-assign]
    add_error_handlers(app)
    feedback = FeedbackFile(settings.data / FEEDBACK, settings.database_url)
    rest = [
        api_router(assistant, questions, Keeper(assistant, conversations, feedback).events),
        batch_router(assistant, questions),
        conversations_router(assistant, conversations, feedback),
        documents_router(assistant, questions),
        *((writing_router(assistant, settings, jobs), jobs_router(assistant, settings, jobs)) if writable else ()),
        verify_router(assistant, questions),
    ]
    for router in rest:
        app.include_router(router, dependencies=[Depends(only_known)])
    app.include_router(openai_router(assistant, questions))
    app.include_router(responses_router(assistant, questions))
    app.include_router(embeddings_router(assistant, questions))
    app.include_router(health_router(assistant, warm_up, leaving))
    app.include_router(metrics.router())
    app.include_router(source_router(assistant, conversations))
    app.include_router(list_router(assistant, writable=writable))
    tried = TriedQuestions(unwatched)  # for what it asks, nobody has asked
    first = FirstQuestions(examples, tried)
    app.include_router(offered_router(first, NextQuestions(tried), questions, conversations))
    if agents:
        app.router.routes.extend(_routes(agents))
    # Last: a route added after it would never be reached.
    app.state.surface = mount_chat(app, assistant, questions, warm_up, first, feedback, conversations, asked_too_often)
    folder.cleanup()  # Gradio asks for it to make an application, and puts nothing there
    _add_middleware(app, settings, keys, metrics, writable=writable)
    for _ in iter_route_contexts(app.routes):
        pass  # FastAPI makes its routes when they are first gone through: before the first request, not for it
    return app


def _is_writable(settings: Settings, keys: Keys) -> bool:
    """Whether documents may be changed over HTTP: with a key for it, or one that may yet be made."""
    return (
        settings.write_key is not None
        or settings.database is not None  # where another server may have been started with a key, or after one was made
        or any("writing" in key.opens for key in keys.listed())
    )


def _add_middleware(app: FastAPI, settings: Settings, keys: Keys, metrics: Metrics, *, writable: bool) -> None:
    """What every request goes through. The one added last is the first that it comes through."""
    app.add_middleware(BoundedBodies, raw=(FILES, JOB_FILES) if writable else ())
    app.add_middleware(Guard, settings=settings, keys=keys)
    app.add_middleware(Heads)  # outside of what reads a page to tell which scripts it may run
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.allowed_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=TOLD_IN_HEADERS,
    )  # also where no origin is allowed: without it Gradio would add one of its own, which is laxer
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(Logged)
    # As uvicorn would, but inside of what must know who really sends a request, and not for whom.
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=_trusted(settings))
    if settings.root_path or settings.trusted_proxies:
        app.add_middleware(Prefixed, root=settings.root_path, proxies=settings.trusted_proxies)
    app.add_middleware(WholeAddresses)


def _trusted(settings: Settings) -> str:
    """The proxies that say by which protocol their clients came: those of uvicorn's variable, and of the setting."""
    usual = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
    return usual if usual == "*" else ",".join((usual, *settings.trusted_proxies))


def _kept_days(settings: Settings) -> int:
    """How long conversations are kept: not at all in a folder that may only be read, which is asked all the same."""
    data = settings.data
    if settings.database is None and settings.keep_conversations and data.is_dir() and not os.access(data, os.W_OK):
        log.warning("The data folder %s is read-only: no conversation is kept longer than this server runs.", data)
        return 0
    return settings.keep_conversations


def _traced(assistant: "Assistant", settings: Settings) -> "tuple[Assistant, Callable[[], None]]":
    """The assistant, traced where a setting says so, and what sends the rest of the traces."""
    if not settings.tracing:
        return assistant, lambda: None
    require("otel", "ASKCORPUS_TRACING")
    from askcorpus_ui.web.tracing import TracedAssistant, exporting

    provider = exporting()
    traced = TracedAssistant(assistant, provider, with_text=settings.log_questions)
    return cast("Assistant", traced), provider.shutdown


def _agents(assistant: "Assistant", questions: Questions) -> "MCPServer[Any]":
    require("mcp", "ASKCORPUS_MCP")
    from askcorpus_ui.web.mcp_server import make_server

    return make_server(assistant, questions.run)


def _routes(agents: "MCPServer[Any]") -> "list[BaseRoute]":
    """The address for agents. It keeps no sessions; who may ask is the guard's to say, as for every address."""
    from mcp.server.transport_security import TransportSecuritySettings

    from askcorpus_ui.web.mcp_server import PATH

    open_to_all = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    served = agents.streamable_http_app(
        streamable_http_path=PATH, stateless_http=True, json_response=True, transport_security=open_to_all
    )
    return list(served.routes)
