"""Asking in the chat: a question is kept, answered piece by piece, and its answer kept; or stopped, or asked again."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import gradio as gr

from askcorpus.errors import AskcorpusError, StorageError
from askcorpus.feedback import FeedbackFile
from askcorpus.types import Answer, Event, Filters, Retrieved, Token
from askcorpus_ui.chat import render
from askcorpus_ui.chat.answering import Answering
from askcorpus_ui.chat.browser import owner_of
from askcorpus_ui.chat.conversation import NO_FILTERS, Conversation, Exchange, Place, Reply
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.events import Carried, box_for, fault_line, place_of, strings_of
from askcorpus_ui.chat.filters import UNSET, FilterBar, filters_of
from askcorpus_ui.chat.layout import status_line
from askcorpus_ui.chat.panel import SourcePanel
from askcorpus_ui.chat.references import Reference
from askcorpus_ui.chat.translations import Strings
from askcorpus_ui.problems import new_reference, note_fault
from askcorpus_ui.streaming import Questions, Waiting, until

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

log = logging.getLogger(__name__)

_FRAME_SECONDS = 0.06
_IN_LINE_SECONDS = 1.0
_FIRST_PASSAGES = 3


class Asking:
    """The questions of all browsers over one assistant, and their answers."""

    def __init__(
        self,
        assistant: "Assistant",
        questions: Questions,
        feedback: FeedbackFile,
        conversations: Conversations,
        filters: FilterBar,
        panel: SourcePanel,
    ) -> None:
        self._assistant = assistant
        self._store = assistant.store
        self._questions = questions
        self._feedback = feedback
        self._conversations = conversations
        self._filters = filters
        self._panel = panel
        self._answering = Answering()

    def is_answering(self, place: Place, request: gr.Request) -> bool:
        """Whether an answer to the turn of a place is being written for whoever asks."""
        return self._answering.has(owner_of(request.headers), place)

    def begin(self, question: str, carried: Carried, request: gr.Request, *chosen: Any) -> tuple[Any, ...]:
        """Keep the question with the filters ``chosen``, show it, and empty the box; an empty one changes nothing."""
        return self._asked(question, carried, filters_of(*chosen), request, value="")

    def begin_example(
        self, carried: Carried, clicked: gr.SelectData, request: gr.Request, *chosen: Any
    ) -> tuple[Any, ...]:
        """Ask one of the questions that the empty page offers."""
        return self._asked(str(clicked.value["text"]), carried, filters_of(*chosen), request)

    def edit(self, carried: Carried, event: gr.EventData, request: gr.Request, *chosen: Any) -> tuple[Any, ...]:
        """Ask a turn's question in other words, in a conversation of its own that begins with what was said before."""
        happened, filters = event._data or {}, filters_of(*chosen)
        return self._asked(str(happened["value"]["text"]), carried, filters, request, int(happened["index"]))

    def retry(self, carried: Carried, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Forget the answer to the last question, and answer again, with the filters that it was asked with."""
        return self._begun(lambda owner: self._again(owner, carried, event), carried, request)

    def unfiltered(self, carried: Carried, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Take all filters away and answer the last question again."""
        begun = self._begun(lambda owner: self._again(owner, carried, event, NO_FILTERS), carried, request)
        return *begun, *UNSET, ""

    def _asked(
        self,
        question: str,
        carried: Carried,
        filters: Filters,
        request: gr.Request,
        before: int | None = None,
        **changes: Any,
    ) -> tuple[Any, ...]:
        if not question.strip():
            return (gr.skip(),) * 5
        place = place_of(carried)

        def keep(owner: str) -> Place:
            asked = (owner, place.id if place else None, question, before, filters)
            try:
                return self._conversations.ask(*asked)
            except StorageError as exc:
                note_fault(exc)
                return self._conversations.ask_unkept(*asked)

        return self._begun(keep, carried, request, **changes)

    def _again(self, owner: str, carried: Carried, event: gr.EventData, filters: Filters | None = None) -> Place | None:
        place = place_of(carried)
        if place is None:
            return None
        again = Place(id=place.id, turn=int((event._data or {})["index"]))
        conversation = self._conversations.read(owner, place.id)
        if conversation is None or conversation.last is None or conversation.last.number != again.turn:
            return None
        try:
            found = self._conversations.ask_again(owner, again, filters)
        except StorageError as exc:
            note_fault(exc)
            self._conversations.hold(owner, again.id)
            found = self._conversations.ask_again(owner, again, filters)
        return again if found else None

    def _begun(
        self, keep: Callable[[str], Place | None], carried: Carried, request: gr.Request, **changes: Any
    ) -> tuple[Any, ...]:
        """What a page shows of a question that was just kept; where it could not be, why not: then no turn waits."""
        strings, before = strings_of(request), place_of(carried)
        stays = before.model_copy(update={"turn": None}).dumped() if before else None
        try:
            owner = owner_of(request.headers)
            place = keep(owner)
            conversation = self._conversations.read(owner, place.id) if place else None
        except AskcorpusError as exc:
            return stays, *(gr.skip(),) * 3, fault_line(exc, strings)
        if place is None or conversation is None:
            return stays, *(gr.skip(),) * 4
        asking = box_for(strings, answering=True, **changes)
        last = render.turn(conversation, strings, waiting=True)
        return place.dumped(), render.turns(conversation, strings), last, asking, status_line()

    async def respond(self, carried: Carried, request: gr.Request) -> AsyncIterator[tuple[Any, ...]]:
        """Answer the turn that waits, piece by piece; every yield is (last turn, panel, status)."""
        strings, place = strings_of(request), place_of(carried)
        if place is None or place.turn is None:
            yield gr.skip(), gr.skip(), gr.skip()
            return
        try:
            with self._answering.begun(owner_of(request.headers), place) as stopping:  # `stop` may come any time
                found = await asyncio.to_thread(self._turn, place, request)
                reply = found[1].reply if found else None
                if found and reply is None:
                    async with aclosing(self._answer(*found, stopping, request)) as pieces:
                        async for piece in pieces:
                            yield piece
                elif found and reply and reply.kind == "unfinished":  # stopped before it was begun
                    yield render.turn(found[0], strings), gr.skip(), status_line("", place.turn)
                else:
                    yield gr.skip(), gr.skip(), gr.skip()
        except AskcorpusError as exc:
            yield gr.skip(), gr.skip(), fault_line(exc, strings)

    async def _answer(
        self, conversation: Conversation, exchange: Exchange, stopping: asyncio.Event, request: gr.Request
    ) -> AsyncGenerator[tuple[Any, ...]]:
        """The answer to the last turn of a conversation as it grows, up to where ``stopping`` is set."""
        strings, owner, period = strings_of(request), owner_of(request.headers), ""
        place = Place(id=conversation.id, turn=exchange.number)
        text, drawn, began = "", 0.0, time.monotonic()
        reply: Reply | None = None

        def written() -> tuple[Any, ...]:
            writing = Reply(kind="unfinished", text=text)
            return render.turn(conversation, strings, writing=writing), gr.skip(), gr.skip()

        def start() -> Iterator[Event]:
            return self._assistant.stream(
                exchange.question,
                history=conversation.history(exchange.number),
                filters=exchange.filters,
                conversation_id=conversation.id,
                locale=strings.locale,
            )

        try:
            yield written()
            async with aclosing(self._questions.stream_in_line(start, _IN_LINE_SECONDS)) as events:
                async for event in until(stopping, events):
                    if isinstance(event, Waiting | Retrieved):
                        yield gr.skip(), *self._before_words(event, conversation.id, strings)
                    elif isinstance(event, Token):
                        text += event.text
                        if time.monotonic() - drawn > _FRAME_SECONDS:
                            drawn = time.monotonic()
                            yield written()
                    else:
                        self._feedback.remember(event.answer)
                        period = event.answer.period
                        reply = await asyncio.to_thread(self._reply_of, event.answer)
            reply = reply or Reply(kind="unfinished", text=text)
        except AskcorpusError as exc:
            reply = await asyncio.to_thread(self._failed, exc, exchange.filters)
        except Exception:  # whatever it is, the page must say that it failed, and no more than that
            log.exception("Unexpected error %s", reference := new_reference())
            reply = Reply(kind="failed", text=f"{strings.failed} {strings.failed_hint.format(reference=reference)}")
        finally:
            if reply is None:  # nobody listens any more; others do
                unfinished = Reply(kind="unfinished", text=text)
                await asyncio.shield(asyncio.to_thread(self._keep, owner, place, unfinished))
        assert reply is not None, "an answer ends in one, or something was raised"
        seconds = time.monotonic() - began
        yield await asyncio.to_thread(self._finished, owner, conversation, reply, period, seconds, strings)

    def _before_words(self, event: Waiting | Retrieved, conversation: str, strings: Strings) -> tuple[Any, Any]:
        """Panel and status of an answer of which there is no word yet: the place in line, then the first sources."""
        if isinstance(event, Waiting):
            return gr.skip(), status_line(strings.in_line.format(place=strings.number(event.place)))
        references = [Reference.near(hit) for hit in event.passages[:_FIRST_PASSAGES]]
        return self._panel.shown(references, strings, back=Place(id=conversation)), status_line()

    def _finished(
        self, owner: str, conversation: Conversation, reply: Reply, period: str, seconds: float, strings: Strings
    ) -> tuple[Any, ...]:
        """Keep what came of the last question, and show it."""
        *before, last = conversation.exchanges
        place = Place(id=conversation.id, turn=last.number)
        fault = self._keep(owner, place, reply)
        exchanges = (*before, last.model_copy(update={"reply": reply}))
        kept = self._conversations.is_kept(conversation.id)
        done = conversation.model_copy(update={"exchanges": exchanges, "kept": kept})
        stays = reply.kind in ("failed", "unfinished")
        panel = gr.skip() if stays else self._panel.shown(reply.references, strings, back=place)
        said = strings.cause(type(fault).__name__) if fault else _summary(reply, period, seconds, strings)
        status = status_line(said, last.number, reply.id, fault=str(fault or ""))
        return render.turn(done, strings), panel, status

    def _turn(self, place: Place, request: gr.Request) -> tuple[Conversation, Exchange] | None:
        """The conversation as far as the turn of a place, and that turn; ``None`` where there is none."""
        conversation = self._conversations.read(owner_of(request.headers), place.id)
        exchange = conversation.exchange(place.turn) if conversation else None
        if conversation is None or exchange is None:
            return None
        told = tuple(each for each in conversation.exchanges if each.number <= exchange.number)
        return conversation.model_copy(update={"exchanges": told}), exchange

    async def stop(self, carried: Carried, request: gr.Request) -> None:
        """End the answer that is being written where it is, and keep one that was not begun yet from beginning."""
        place = place_of(carried)
        if place is None or place.turn is None:
            return
        try:
            owner = owner_of(request.headers)
            if not self._answering.stop(owner, place):
                unfinished = Reply(kind="unfinished")
                await asyncio.to_thread(self._conversations.reply_first, owner, place, unfinished)
                self._answering.stop(owner, place)  # begun meanwhile
        except AskcorpusError as exc:
            log.warning("An answer could not be kept from beginning: %s", exc)

    def _reply_of(self, answer: Answer) -> Reply:
        searched = self._store.count(answer.filters) if answer.filters else None
        return Reply.of(answer, searched)

    def _failed(self, exc: AskcorpusError, filters: Filters) -> Reply:
        """What is shown of an error; where the filters made it, with these."""
        refused = bool(filters) and self._filters.passing(filters) is None
        return Reply.failed(exc, filters if refused else NO_FILTERS)

    def _keep(self, owner: str, place: Place, reply: Reply) -> AskcorpusError | None:
        """Keep what came of a question; or why that could not be."""
        try:
            self._conversations.reply(owner, place, reply)
        except AskcorpusError as exc:
            log.warning("An answer could not be kept: %s", exc)
            return self._hold(owner, place, reply) if isinstance(exc, StorageError) else exc
        return None

    def _hold(self, owner: str, place: Place, reply: Reply) -> AskcorpusError | None:
        """Keep it in memory, with what was said before it; or why that could not be."""
        try:
            self._conversations.hold(owner, place.id)
            self._conversations.reply(owner, place, reply)
        except AskcorpusError as exc:
            return exc
        return None


def _summary(reply: Reply, period: str, seconds: float, strings: Strings) -> str:
    """What the status line says of an answer; nothing of one that failed or was stopped, which speaks for itself."""
    if reply.kind in ("failed", "unfinished"):
        return ""
    found = strings.no_answer if reply.kind == "abstained" else ""
    if reply.kind == "answered":
        found = strings.source_count(reply.source_count)
    preferred = strings.preferring.format(period=strings.date(period)) if period and not reply.named_in else ""
    took = strings.seconds.format(seconds=strings.number(seconds, "0.0"))
    return " · ".join(filter(None, (found, preferred, took)))
