"""Where the chat page asks what may be asked: to begin with, where it does not know that yet, and next, once an answer
is there. Neither waits for it."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from askcorpus.errors import AskcorpusError
from askcorpus_ui.chat.address import Opened
from askcorpus_ui.chat.browser import owner_of
from askcorpus_ui.chat.conversation import ID, Conversation, Exchange
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.first_questions import FirstQuestions
from askcorpus_ui.chat.next_questions import NextQuestions
from askcorpus_ui.chat.translations import Strings, strings_for
from askcorpus_ui.streaming import Questions, unless_left

log = logging.getLogger(__name__)


class Offered(BaseModel):
    """Questions that the documents answer."""

    questions: list[str] = []


def offered_router(
    first: FirstQuestions, following: NextQuestions, questions: Questions, conversations: Conversations
) -> APIRouter:
    """``/first``, and ``/next/{conversation}/{turn}`` for the browser whose conversation it is.

    Nobody waits for what is offered here: while other questions are asked, and where anything fails, it is what is
    known, or nothing.
    """
    router = APIRouter(include_in_schema=False)

    def turn_of(conversation: str, turn: int, request: Request) -> tuple[Conversation, Exchange] | None:
        found = conversations.read(owner_of(request.headers), conversation)
        exchange = found.exchange(turn) if found else None
        return (found, exchange) if found and exchange else None

    async def tried(find: Callable[[Callable[[], bool]], list[str]], request: Request) -> Offered:
        """What is found while nobody else asks."""
        if questions.in_flight:
            return Offered()
        work = partial(find, lambda: questions.in_flight <= 1)
        return Offered(questions=await unless_left(request, questions.run(work)) or [])

    @router.get("/first")
    async def to_begin_with(request: Request) -> Offered:
        """To ask all documents, or those that pass the filters of the query, which are the page's address's."""
        filters = Opened.at(f"/?{request.url.query}").filters

        def find(may_go_on: Callable[[], bool]) -> list[str]:
            return first.found(_strings(request), may_go_on, filters)

        try:
            return await tried(find, request)
        except AskcorpusError as exc:
            log.info("No questions to begin with: %s", exc)
            return Offered()

    @router.get("/next/{conversation}/{turn}")
    async def after(
        conversation: Annotated[str, Path(pattern=ID)], turn: Annotated[int, Path(ge=1, lt=2**53)], request: Request
    ) -> Offered:
        try:
            found = await run_in_threadpool(turn_of, conversation, turn, request)
            return await tried(partial(following.after, *found, _strings(request)), request) if found else Offered()
        except AskcorpusError as exc:
            log.info("No next questions: %s", exc)
            return Offered()

    return router


def _strings(request: Request) -> Strings:
    return strings_for(request.headers.get("accept-language", ""))
