"""The REST door of conversations: kept for the key that asked, listed, read, renamed, deleted, exported; and feedback.

They lie where the chat keeps its own, in the same form. A browser's belong to its cookie and a program's to its key,
so neither sees the other's.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal, Self

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field, model_validator
from starlette.exceptions import HTTPException
from starlette.responses import Response

from askcorpus.errors import AskcorpusError, StorageError, UsageError
from askcorpus.feedback import FeedbackFile, Reason
from askcorpus.types import DocumentId, Done, Event, LanguageCode, ModelFault, PartialDate, Publisher, Title, Turn
from askcorpus_ui.chat.conversation import ID, Conversation, Place, Reply
from askcorpus_ui.chat.conversations import LONGEST_TITLE, Conversations
from askcorpus_ui.chat.markdown import export_json, export_markdown
from askcorpus_ui.chat.translations import strings_for
from askcorpus_ui.problems import PROBLEMS
from askcorpus_ui.web.guard import access_of
from askcorpus_ui.web.rest_api import AskBody, Body, events_of

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

log = logging.getLogger(__name__)

LONGEST_SEARCH = 200
_ID = Annotated[str, Path(pattern=ID, description="As the Answer's `conversation_id` has it.")]


class MarkdownResponse(PlainTextResponse):
    """A Markdown file."""

    media_type = "text/markdown"


class KeptEntry(BaseModel):
    """A conversation in a list."""

    id: str = Field(description="Of the conversation.")
    title: str = Field(description="Its first question, or the title that it was given.")
    changed: datetime = Field(description="When something was last asked in it.")


class KeptList(BaseModel):
    """Conversations, the newest first."""

    conversations: list[KeptEntry] = Field(description="The newest first.")


class KeptCitation(BaseModel):
    """What a reply cites, or is near to."""

    marker: int = Field(description="The number in the text, from 1; 0 for a passage that is only near.")
    document_id: DocumentId
    start: int = Field(description="Where the quote begins in the document's text.")
    end: int = Field(description="Where it ends there, exclusive.")
    title: Title = ""
    source: Publisher = ""
    date: PartialDate = ""
    language: LanguageCode = ""
    verified: bool = Field(description="The quote was found at its offsets.")
    quote: str | None = Field(description="The words; null where the document has changed since.")


class KeptTurn(BaseModel):
    """A question and what came of it."""

    question: str = Field(description="As it was asked.")
    asked: datetime = Field(description="When.")
    outcome: Literal["answered", "abstained", "small_talk", "unfinished", "failed"] | None = Field(
        None, description="What came of it; null while it is being answered."
    )
    answer: str = Field("", description="Its text, with markers.")
    answer_id: str = Field("", description="Names the answer, for feedback.")
    abstained: bool = Field(False, description="The documents do not say.")
    answered_by: str = Field("", description="Who wrote it, as in the Answer.")
    model_fault: ModelFault | None = Field(
        None, description="Where quotes stand in for a language model: what went wrong."
    )
    confidence: float = Field(0.0, description="As in the Answer.")
    unsupported: tuple[str, ...] = Field((), description="Sentences that no cited passage supports.")
    citations: tuple[KeptCitation, ...] = Field((), description="What it cites, or is near to.")


class KeptConversation(BaseModel):
    """A whole conversation, as the chat exports it."""

    id: str = Field(description="Names it.")
    title: str = Field(description="Its first question, or the title that it was given.")
    turns: tuple[KeptTurn, ...] = Field(description="The oldest first.")


class Renaming(Body):
    """Another title."""

    title: str = Field(min_length=1, max_length=LONGEST_TITLE, pattern=r"\S", description="The new title.")


class FeedbackBody(Body):
    """What somebody thinks of an answer."""

    answer_id: str = Field(min_length=1, max_length=100, description="The Answer's `id`.")
    liked: bool | None = Field(None, description="null takes back what was said before.")
    reason: Reason | None = Field(None, description="Why not, where it is not liked.")
    conversation_id: str | None = Field(None, pattern=ID, description="Where the answer is kept; or else `question`.")
    question: str | None = Field(
        None, min_length=1, max_length=10_000, description="What was asked, where the answer is kept nowhere."
    )
    history: tuple[Turn, ...] = Field((), description="What was said before that question.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.reason and self.liked is not False:
            raise ValueError("a reason is for an answer that is not liked")
        if (self.conversation_id is None) == (self.question is None):
            raise ValueError("name the conversation or the question")
        return self


def owner_of(request: Request) -> str:
    """What the conversations of the key that a request came with are kept under; no browser's are."""
    access = access_of(request.scope)
    return f"key:{access.key.id}" if access.key else "key:"


class Keeper:
    """Keeps what programs ask, where they want that."""

    def __init__(self, assistant: "Assistant", conversations: Conversations, feedback: FeedbackFile) -> None:
        self._assistant = assistant
        self._conversations = conversations
        self._feedback = feedback

    def events(self, body: AskBody, request: Request) -> Iterator[Event]:
        """The events of an answer. One to be kept becomes the next turn of its conversation, or the first of a new one.

        It is kept from its first event on: a question that cannot be asked leaves nothing.

        Raises:
            UsageError: what is to be kept brings its own history.
            HTTPException: there is no such conversation.
            StorageError, Busy: it cannot be kept.
        """
        events = self._kept(body, owner_of(request)) if body.keep else events_of(self._assistant, body)
        for event in events:
            if isinstance(event, Done):
                self._feedback.remember(event.answer)
            yield event

    def _kept(self, body: AskBody, owner: str) -> Iterator[Event]:
        if body.history:
            raise UsageError("A conversation that is kept has its history here.", "Leave history out.")
        known = conversation_of(self._conversations, owner, body.conversation_id) if body.conversation_id else None
        history = known.history(known.last.number + 1) if known and known.last else ()
        place, reply = None, Reply(kind="unfinished")
        try:
            for event in events_of(self._assistant, body.model_copy(update={"history": history})):
                if place is None:
                    kept = body.conversation_id
                    place = self._conversations.ask(owner, kept, body.question, filters=body.filters)
                if isinstance(event, Done):
                    event = Done(answer=event.answer.model_copy(update={"conversation_id": place.id}))
                    filters = event.answer.filters
                    reply = Reply.of(event.answer, self._assistant.store.count(filters) if filters else None)
                    self._keep(owner, place, reply)  # before anybody is told that it is there
                yield event
        except AskcorpusError as exc:
            reply = Reply.failed(exc)
            raise
        finally:
            if place and reply.kind in ("unfinished", "failed"):
                self._keep(owner, place, reply)

    def _keep(self, owner: str, place: Place, reply: Reply) -> None:
        try:
            self._conversations.reply(owner, place, reply)
        except AskcorpusError as exc:  # whoever asked gets the answer all the same
            log.warning("An answer could not be kept: %s", exc)


def conversations_router(assistant: "Assistant", conversations: Conversations, feedback: FeedbackFile) -> APIRouter:
    """``/api/v1/conversations`` and ``feedback``."""
    router = APIRouter(prefix="/api/v1", tags=["conversations"], responses=PROBLEMS)

    @router.get("/conversations", response_description="The newest 200, those only in which all words occur.")
    def listed(
        request: Request, q: Annotated[str, Query(max_length=LONGEST_SEARCH, description="Words in them.")] = ""
    ) -> KeptList:
        """The conversations of this key."""
        entries = conversations.listed(owner_of(request), q)
        return KeptList(
            conversations=[
                KeptEntry(id=one.id, title=one.title, changed=datetime.fromtimestamp(one.changed, UTC))
                for one in entries
            ]
        )

    @router.get("/conversations/{conversation_id}", response_description="All of it.")
    def read(conversation_id: _ID, request: Request) -> KeptConversation:
        """One conversation with all its turns and, of what it cites, what the documents still say."""
        whole = conversation_of(conversations, owner_of(request), conversation_id, whole=True)
        return KeptConversation.model_validate_json(export_json(whole, assistant.store.document))

    @router.get(
        "/conversations/{conversation_id}/export",
        response_class=MarkdownResponse,
        response_description="A Markdown file.",
    )
    def export(
        conversation_id: _ID,
        request: Request,
        language: Annotated[str, Query(max_length=35, description="Of what is said around it.")] = "en",
    ) -> Response:
        """The same as Markdown, every quote in full."""
        whole = conversation_of(conversations, owner_of(request), conversation_id, whole=True)
        text = export_markdown(whole, assistant.store.document, strings_for(language))
        return MarkdownResponse(text)

    @router.patch("/conversations/{conversation_id}", status_code=204, response_description="It has that title.")
    def rename(conversation_id: _ID, body: Renaming, request: Request) -> None:
        """Give a conversation another title."""
        owner = owner_of(request)
        conversation_of(conversations, owner, conversation_id)
        conversations.rename(owner, conversation_id, body.title)

    @router.delete("/conversations/{conversation_id}", status_code=204, response_description="It is gone.")
    def delete(conversation_id: _ID, request: Request) -> None:
        """Forget a conversation."""
        owner = owner_of(request)
        conversation_of(conversations, owner, conversation_id)
        conversations.delete(owner, conversation_id)

    @router.post("/feedback", status_code=204, response_description="It is kept.")
    def say(body: FeedbackBody, request: Request) -> None:
        """Keep what somebody thinks of an answer, for `askcorpus eval make`."""
        question, history = body.question or "", body.history
        if body.conversation_id:
            whole = conversation_of(conversations, owner_of(request), body.conversation_id, whole=True)
            question, history = _asked(whole, body.answer_id)
        if not feedback.add(question, history, body.answer_id, body.liked, body.reason):
            raise StorageError("The feedback cannot be kept.", "The server's log says why.")

    return router


def conversation_of(
    conversations: Conversations, owner: str, conversation_id: str, *, whole: bool = False
) -> Conversation:
    """A conversation with its newest turns; ``whole`` with all.

    Raises:
        HTTPException: there is none of that owner and id.
    """
    found = conversations.read(owner, conversation_id, whole=whole)
    if found is None:
        raise HTTPException(404, "There is no such conversation.")
    return found


def _asked(conversation: Conversation, answer_id: str) -> tuple[str, tuple[Turn, ...]]:
    """The question that an answer is to, and what was said before it.

    Raises:
        HTTPException: there is no such answer in the conversation.
    """
    for exchange in conversation.exchanges:
        if exchange.reply and exchange.reply.id == answer_id:
            return exchange.question, conversation.history(exchange.number)
    raise HTTPException(404, "There is no such answer in the conversation.")
