"""Where the chat page asks what may be asked next; it does so once an answer is there, which never waits for it."""

import logging
from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from askcorpus.errors import AskcorpusError
from askcorpus_ui.chat.browser import owner_of
from askcorpus_ui.chat.conversation import ID, Conversation, Exchange
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.next_questions import NextQuestions
from askcorpus_ui.chat.translations import strings_for
from askcorpus_ui.streaming import Questions, unless_left

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

log = logging.getLogger(__name__)


class Next(BaseModel):
    """Questions that the documents answer."""

    questions: list[str] = []


def next_questions_router(assistant: "Assistant", questions: Questions, conversations: Conversations) -> APIRouter:
    """``/next/{conversation}/{turn}``, for the browser whose conversation it is.

    Nobody waits for what is offered here: while other questions are asked, and where anything fails, it is nothing.
    """
    router = APIRouter(include_in_schema=False)
    finder = NextQuestions(assistant)

    def turn_of(conversation: str, turn: int, request: Request) -> tuple[Conversation, Exchange] | None:
        found = conversations.read(owner_of(request.headers), conversation)
        exchange = found.exchange(turn) if found else None
        return (found, exchange) if found and exchange else None

    @router.get("/next/{conversation}/{turn}")
    async def after(
        conversation: Annotated[str, Path(pattern=ID)], turn: Annotated[int, Path(ge=1, lt=2**53)], request: Request
    ) -> Next:
        strings = strings_for(request.headers.get("accept-language", ""))
        try:
            found = await run_in_threadpool(turn_of, conversation, turn, request)
            if found is None or questions.in_flight:
                return Next()
            work = partial(finder.after, *found, strings, lambda: questions.in_flight <= 1)
            return Next(questions=await unless_left(request, questions.run(work)) or [])
        except AskcorpusError as exc:
            log.info("No next questions: %s", exc)
            return Next()

    return router
