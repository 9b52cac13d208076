"""The chat page: what Gradio shows, and what happens when somebody asks, clicks or stops.

The server keeps the conversations on disk, one row a turn (`conversations`), each for the browser that asked. A page
carries only which of them it shows. So two tabs add to the same one, and an open tab goes on after a restart.
"""

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple, get_args
from urllib.parse import parse_qs, urlsplit

import gradio as gr
from fastapi import FastAPI

from askcorpus.errors import AskcorpusError
from askcorpus.feedback import FeedbackFile, Reason
from askcorpus.types import Answer, Event, Filters, Retrieved, Token
from askcorpus_ingest.dates import read_date
from askcorpus_ui.chat import markdown, render
from askcorpus_ui.chat.answering import Answering
from askcorpus_ui.chat.browser import owner_of
from askcorpus_ui.chat.conversation import ID, NO_FILTERS, Conversation, Exchange, Opinion, Place, Reply
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.layout import Widgets, lay_out, make_theme, masthead, status_line, welcome
from askcorpus_ui.chat.references import Reference
from askcorpus_ui.chat.surface import Surface, mounted
from askcorpus_ui.chat.translations import Strings, languages, strings_for
from askcorpus_ui.problems import new_reference, note_fault
from askcorpus_ui.streaming import Questions, Waiting, until

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant
    from askcorpus_ui.warm_up import WarmUp

log = logging.getLogger(__name__)

_EXAMPLES = 4
_NEWEST = 40
_CONVERSATION = re.compile(f"/c/({ID[1:-1]})")
_LONGEST_TITLE = 70
_SESSIONS = 20  # pages of which Gradio keeps the state, instead of 10,000; each is forgotten after its event
_FRAME_SECONDS = 0.06
_IN_LINE_SECONDS = 1.0
_EVENT: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_QUICK: dict[str, Any] = {**_EVENT, "queue": False}
_EACH: dict[str, Any] = {**_QUICK, "trigger_mode": "multiple"}
"""Of a click whose place says what it asks for: Gradio passes over another that comes before the reply to the first."""

_FIRST_PASSAGES = 3
_MOST_CHOSEN = 200
_GOES_ON_SECONDS = 600
"""A question that the server lost by being stopped is answered when its page is opened again, if it is not too old."""

_NO_FILTERS: tuple[Any, ...] = ([], [], "", "", [])

Carried = dict[str, Any] | None
"""The place that a page carries: JSON, or nothing yet."""


def mount_chat(
    app: FastAPI,
    assistant: "Assistant",
    questions: Questions,
    warm_up: "WarmUp",
    examples: Sequence[tuple[str, str]],
    feedback: FeedbackFile,
    conversations: Conversations,
) -> Surface:
    """Put the chat page at the root of ``app``; routes added later are not reached. Returns what stands before it."""
    blocks = ChatPage(assistant, questions, warm_up, examples, feedback, conversations).blocks()
    blocks.state_session_capacity = _SESSIONS
    folder = files("askcorpus_ui.chat")
    css, *scripts = (
        folder.joinpath(name).read_text("utf-8") for name in ("style.css", "deleting.js", "page.js", "cards.js")
    )
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=make_theme(),
        # A sheet given as `css` is rewritten by Gradio, and its rules inside @media no longer match.
        head=f'<meta name="color-scheme" content="light dark"><style>{css}</style><script>{"".join(scripts)}</script>',
        js="() => askcorpus.start()",
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        max_file_size="1kb",
    )
    return mounted(app, blocks)


class ChatPage:
    """The events of the page over one assistant."""

    def __init__(
        self,
        assistant: "Assistant",
        questions: Questions,
        warm_up: "WarmUp",
        examples: Sequence[tuple[str, str]],
        feedback: FeedbackFile,
        conversations: Conversations,
    ) -> None:
        self._assistant = assistant
        self._questions = questions
        self._warm_up = warm_up
        self._examples = tuple(examples)
        self._feedback = feedback
        self._conversations = conversations
        self._answering = Answering()

    def blocks(self) -> gr.Blocks:
        """The page, laid out and wired."""
        blocks = gr.Blocks(title="askcorpus", fill_height=True, fill_width=True)
        with blocks:
            widgets = lay_out()
            self._wire_asking(widgets, blocks)
            self._wire_conversations(widgets)
            self._wire_filters(widgets)
            widgets.panel.select(self.open_source, widgets.place, [widgets.panel, widgets.status], **_EACH)
            for part in (widgets.turns, widgets.last):
                part.like(self.like, widgets.place, widgets.status, **_EACH)
            widgets.menu.click(None, None, None, js="() => askcorpus.toggleConversations()")
            widgets.theme.click(None, None, None, js="() => askcorpus.toggleTheme()")
            widgets.timer.tick(self.tick, None, [widgets.status, widgets.timer], **_QUICK)
        blocks.queue(default_concurrency_limit=4, api_open=False)
        return blocks

    # ---- wiring

    def _wire_asking(self, w: Widgets, blocks: gr.Blocks) -> None:
        """The events that end in an answer."""
        started = [w.place, w.turns, w.last, w.box, w.status]
        loaded = [w.header, *started, w.panel, w.past, w.languages, w.sources, w.date_from, w.date_to, w.only, w.chips]
        begun = [
            blocks.load(self.load, w.address, [*loaded, w.timer], js="() => askcorpus.address()", **_QUICK),
            w.box.submit(self.begin, [w.box, w.place, *w.filters], started, **_QUICK),
            w.last.example_select(self.begin_example, [w.place, *w.filters], started, **_QUICK),
            w.last.retry(self.retry, w.place, started, **_QUICK),
            w.last.undo(self.unfiltered, w.place, [*started, *w.filters, w.chips], **_QUICK),
            *(part.edit(self.edit, [w.place, *w.filters], started, **_QUICK) for part in (w.turns, w.last)),
        ]
        asking = [
            event.then(
                self.respond,
                w.place,
                [w.last, w.panel, w.status],
                concurrency_limit=None,  # `Questions` has the line, and says who is where in it
                **_EVENT,
            )
            for event in begun
        ]
        opened, *others = asking
        unused = "(place, search) => [askcorpus.begun ? null : place, search]"  # since it was opened
        opened.then(self.idle_after_opening, [w.place, w.search], [w.box, w.past], js=unused, **_QUICK)
        for asked in others:
            asked.then(self.idle, [w.place, w.search], [w.box, w.past], **_QUICK)
        # Not by Gradio's `cancels`: what it shows of a cancelled answer goes another way than the answer's pieces, and
        # one that comes late would take its place. So the answer itself ends, and says that it was stopped.
        w.box.stop(self.stop, w.place, None, **_EACH)

    def _wire_conversations(self, w: Widgets) -> None:
        fresh = [w.place, w.turns, w.last, w.panel, w.status, w.box, w.past, *w.filters, w.chips]
        fresh_chat = w.new.click(self.new, None, fresh, **_QUICK)  # while one is answered, `page.js` stops that before
        fresh_chat.then(None, None, None, js="() => askcorpus.focusBox()")
        w.search.change(self.search, [w.search, w.place], w.past, **_QUICK)
        w.past.edit(self.rename, [w.search, w.place], [w.past, w.status], **_EACH)
        w.past.delete(self.delete, [w.search, w.place], [w.past, w.status], **_EACH)
        for button, export, name, kind in (
            (w.markdown, self.export_markdown, "askcorpus.md", "text/markdown"),
            (w.json, self.export_json, "askcorpus.json", "application/json"),
        ):
            download = f"(text) => askcorpus.download(text, '{name}', '{kind}')"
            button.click(export, w.place, [w.exported, w.status], **_QUICK).then(None, w.exported, None, js=download)

    def _wire_filters(self, w: Widgets) -> None:
        # What somebody chooses, and not what the page is given, which comes with its chips. As one event, of which
        # Gradio sends the next when the reply to the last is there: of replies that cross, an older one would stay.
        dates = (w.date_from, w.date_to)
        changed = [each.input for each in (w.languages, w.sources, *dates)] + [date.blur for date in dates]
        gr.on(changed, self.chips, w.filters, w.chips, trigger_mode="always_last", **_QUICK)
        w.chips.delete(self.without, w.filters, [*w.filters, w.chips], **_QUICK)

    # ---- the page itself

    def load(self, address: str, request: gr.Request) -> tuple[Any, ...]:
        """Fill the page for whoever opens it: their language, the conversation of its address, the corpus as it is."""
        strings = _strings(request)
        facets = self._assistant.store.facets()
        count = self._assistant.store.count()
        opened = Opened.at(address)
        fault: AskcorpusError | None = None
        try:
            conversation = self._read(request, opened.conversation)
        except AskcorpusError as exc:
            conversation, fault = None, exc
        status = _fault(fault, strings) if fault else self._idle_status(strings)
        last = conversation.last if conversation else None
        asked: Place | None = None
        place, waiting = None, False
        if conversation and last:
            asked = Place(id=conversation.id, turn=last.number)
            waiting = self._answering.has(owner_of(request.headers), asked)
            unanswered = last.reply is None and not waiting and time.time() - last.asked < _GOES_ON_SECONDS
            place = Place(id=conversation.id, turn=last.number if unanswered else None).dumped()
            waiting = waiting or unanswered
        box = _box(strings, answering=bool(place and place.get("turn")), interactive=True)
        languages, sources = self._choices(strings)
        filters = opened.filters or (last.filters if last else NO_FILTERS)  # an open conversation goes on with its own
        if conversation:
            shown = render.turn(conversation, strings, waiting=waiting)
        else:
            shown = self._welcome(strings, lost=bool(opened.conversation and not fault))
        references = last.reply.references if last and last.reply else []
        return (
            masthead(strings, count, facets.date_min, facets.date_max),
            place,
            render.turns(conversation, strings),
            shown,
            box,
            status,
            self._panel(references, strings, back=asked),
            self._past(request, "", conversation.id if conversation else ""),
            gr.update(choices=languages, value=list(filters.languages)),
            gr.update(choices=sources, value=list(filters.sources)),
            filters.date_from,
            filters.date_to,
            list(filters.document_ids),
            self._chips(filters, strings),
            gr.Timer(active=not self._warm_up.is_over()),
        )

    def _welcome(self, strings: Strings, *, lost: bool = False) -> str:
        count = self._assistant.store.count()
        return welcome(strings, count, self._example_questions(strings) if count else (), lost=lost)

    def _choices(self, strings: Strings) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        facets = self._assistant.store.facets()
        languages = [
            (f"{strings.language_name(code)} ({strings.number(count)})", code)
            for code, count in facets.languages.items()
            if code
        ]
        sources = [
            (f"{source} ({strings.number(count)})", source)
            for source, count in sorted(facets.sources.items())
            if source
        ]
        return languages, sources

    def tick(self, request: gr.Request) -> tuple[Any, Any]:
        """Take the notice away once the models are loaded."""
        if not self._warm_up.is_over():
            return gr.skip(), gr.skip()
        return self._idle_status(_strings(request)), gr.Timer(active=False)

    def _idle_status(self, strings: Strings) -> str:
        if self._warm_up.is_over():
            fault = self._warm_up.fault
            return status_line(strings.cause("ModelError") if fault else "", fault=fault)
        return status_line(strings.loading)

    def _example_questions(self, strings: Strings) -> list[str]:
        """Questions to begin with, in the reader's language: those given, then about its documents. In others only
        where there is none of either."""
        own = [question for question, language in self._examples if language == strings.locale]
        if len(own) < _EXAMPLES:
            own += self._questions_about_titles(strings, Filters(languages=(strings.locale,)))
        others = own or [question for question, _ in self._examples]
        return (others or self._questions_about_titles(strings, NO_FILTERS))[:_EXAMPLES]

    def _questions_about_titles(self, strings: Strings, filters: Filters) -> list[str]:
        """What is said about the newest documents that pass, each asked in its own language."""
        newest = self._assistant.store.documents(filters, limit=_NEWEST)
        titled = {document.title: document.language for document in newest if 0 < len(document.title) <= _LONGEST_TITLE}
        return [languages().get(language, strings).example.format(title=title) for title, language in titled.items()]

    # ---- asking

    def begin(self, question: str, carried: Carried, request: gr.Request, *chosen: Any) -> tuple[Any, ...]:
        """Keep the question with the filters ``chosen``, show it, and empty the box; an empty one changes nothing."""
        return self._asked(question, carried, _filters(*chosen), request, value="")

    def begin_example(
        self, carried: Carried, clicked: gr.SelectData, request: gr.Request, *chosen: Any
    ) -> tuple[Any, ...]:
        """Ask one of the questions that the empty page offers."""
        return self._asked(str(clicked.value["text"]), carried, _filters(*chosen), request)

    def edit(self, carried: Carried, event: gr.EventData, request: gr.Request, *chosen: Any) -> tuple[Any, ...]:
        """Ask a turn's question in other words, in a conversation of its own that begins with what was said before."""
        happened, filters = event._data or {}, _filters(*chosen)
        return self._asked(str(happened["value"]["text"]), carried, filters, request, int(happened["index"]))

    def retry(self, carried: Carried, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Forget the answer to the last question, and answer again, with the filters that it was asked with."""
        return self._begun(lambda owner: self._again(owner, carried, event), carried, request)

    def unfiltered(self, carried: Carried, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Take all filters away and answer the last question again."""
        begun = self._begun(lambda owner: self._again(owner, carried, event, NO_FILTERS), carried, request)
        return *begun, *_NO_FILTERS, ""

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
        place = _place(carried)

        def keep(owner: str) -> Place:
            return self._conversations.ask(owner, place.id if place else None, question, before, filters)

        return self._begun(keep, carried, request, **changes)

    def _again(self, owner: str, carried: Carried, event: gr.EventData, filters: Filters | None = None) -> Place | None:
        place = _place(carried)
        if place is None:
            return None
        again = Place(id=place.id, turn=int((event._data or {})["index"]))
        conversation = self._conversations.read(owner, place.id)
        if conversation is None or conversation.last is None or conversation.last.number != again.turn:
            return None
        return again if self._conversations.ask_again(owner, again, filters) else None

    def _begun(
        self, keep: Callable[[str], Place | None], carried: Carried, request: gr.Request, **changes: Any
    ) -> tuple[Any, ...]:
        """What a page shows of a question that was just kept; where it could not be, why not: then no turn waits."""
        strings, before = _strings(request), _place(carried)
        stays = before.model_copy(update={"turn": None}).dumped() if before else None
        try:
            owner = owner_of(request.headers)
            place = keep(owner)
            conversation = self._conversations.read(owner, place.id) if place else None
        except AskcorpusError as exc:
            return stays, *(gr.skip(),) * 3, _fault(exc, strings)
        if place is None or conversation is None:
            return stays, *(gr.skip(),) * 4
        box = _box(strings, answering=True, **changes)
        last = render.turn(conversation, strings, waiting=True)
        return place.dumped(), render.turns(conversation, strings), last, box, status_line()

    async def respond(self, carried: Carried, request: gr.Request) -> AsyncIterator[tuple[Any, ...]]:
        """Answer the turn that waits, piece by piece; every yield is (last turn, panel, status)."""
        strings, place = _strings(request), _place(carried)
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
            yield gr.skip(), gr.skip(), _fault(exc, strings)

    async def _answer(
        self, conversation: Conversation, exchange: Exchange, stopping: asyncio.Event, request: gr.Request
    ) -> AsyncGenerator[tuple[Any, ...]]:
        """The answer to the last turn of a conversation as it grows, up to where ``stopping`` is set."""
        strings, owner, period = _strings(request), owner_of(request.headers), ""
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
            if reply is None:  # nobody listens any more
                self._keep(owner, place, Reply(kind="unfinished", text=text))
        assert reply is not None, "an answer ends in one, or something was raised"
        seconds = time.monotonic() - began
        yield await asyncio.to_thread(self._finished, owner, conversation, reply, period, seconds, strings)

    def _before_words(self, event: Waiting | Retrieved, conversation: str, strings: Strings) -> tuple[Any, Any]:
        """Panel and status of an answer of which there is no word yet: the place in line, then the first sources."""
        if isinstance(event, Waiting):
            return gr.skip(), status_line(strings.in_line.format(place=strings.number(event.place)))
        references = [Reference.near(hit) for hit in event.passages[:_FIRST_PASSAGES]]
        return self._panel(references, strings, back=Place(id=conversation)), status_line()

    def _finished(
        self, owner: str, conversation: Conversation, reply: Reply, period: str, seconds: float, strings: Strings
    ) -> tuple[Any, ...]:
        """Keep what came of the last question, and show it."""
        *before, last = conversation.exchanges
        place = Place(id=conversation.id, turn=last.number)
        fault = self._keep(owner, place, reply)
        exchanges = (*before, last.model_copy(update={"reply": reply}))
        done = conversation.model_copy(update={"exchanges": exchanges})
        stays = reply.kind in ("failed", "unfinished")
        panel = gr.skip() if stays else self._panel(reply.references, strings, back=place)
        said = strings.cause(type(fault).__name__) if fault else _summary(reply, period, seconds, strings)
        status = status_line(said, last.number, reply.id, fault=str(fault or ""))
        return render.turn(done, strings), panel, status

    def _turn(self, place: Place, request: gr.Request) -> tuple[Conversation, Exchange] | None:
        """The conversation as far as the turn of a place, and that turn; ``None`` where there is none."""
        conversation = self._read(request, place.id)
        exchange = conversation.exchange(place.turn) if conversation else None
        if conversation is None or exchange is None:
            return None
        told = tuple(each for each in conversation.exchanges if each.number <= exchange.number)
        return conversation.model_copy(update={"exchanges": told}), exchange

    async def stop(self, carried: Carried, request: gr.Request) -> None:
        """End the answer that is being written where it is, and keep one that was not begun yet from beginning."""
        place = _place(carried)
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
        searched = self._assistant.store.count(answer.filters) if answer.filters else None
        return Reply.of(answer, searched)

    def _failed(self, exc: AskcorpusError, filters: Filters) -> Reply:
        """What is shown of an error; where the filters made it, with these."""
        refused = bool(filters) and self._passing(filters) is None
        return Reply.failed(exc, filters if refused else NO_FILTERS)

    def _keep(self, owner: str, place: Place, reply: Reply) -> AskcorpusError | None:
        """Keep what came of a question; or why that could not be."""
        try:
            self._conversations.reply(owner, place, reply)
        except AskcorpusError as exc:
            log.warning("An answer could not be kept: %s", exc)
            return exc
        return None

    def idle(self, carried: Carried, search: str, request: gr.Request) -> tuple[Any, Any]:
        """The box, ready for the next question, and the list of conversations."""
        place = _place(carried)
        box = _box(_strings(request))
        return box, self._past(request, search, place.id if place else "")

    def idle_after_opening(self, carried: Carried, search: str, request: gr.Request) -> tuple[Any, Any]:
        """The same where opening the page answered a question, or tried to: whether that was kept is not asked. Else
        the box is ready, or has been used since."""
        place = _place(carried)
        if place is None or place.turn is None:
            return gr.skip(), gr.skip()
        return self.idle(carried, search, request)

    def like(self, carried: Carried, chosen: gr.LikeData, request: gr.Request) -> str:
        """Keep what somebody thinks of an answer; the status line, which says whether that worked."""
        strings, place = _strings(request), _place(carried)
        try:
            conversation = self._read(request, place.id if place else "")
        except AskcorpusError as exc:
            return _fault(exc, strings)
        exchange = conversation.exchange(_number(chosen.index)) if conversation else None
        if conversation is None or exchange is None or exchange.reply is None:
            return status_line()
        liked = chosen.liked if isinstance(chosen.liked, bool) else None  # a second click takes the first back
        reason = _reason((chosen._data or {}).get("name")) if liked is False else None
        history = conversation.history(exchange.number)
        if not self._feedback.add(exchange.question, history, exchange.reply.id, liked, reason):
            return status_line(strings.feedback_lost)
        try:
            judged = Place(id=conversation.id, turn=exchange.number)
            opinion = Opinion(liked=liked, reason=reason)
            self._conversations.judge(owner_of(request.headers), judged, exchange.reply, opinion)
        except AskcorpusError as exc:  # it is noted all the same
            log.warning("An opinion could not be kept with its answer: %s", exc)
        return status_line(strings.feedback_kept)

    # ---- sources

    def open_source(self, carried: Carried, event: gr.EventData, request: gr.Request) -> tuple[Any, Any]:
        """The panel for the reply whose link was clicked, that link's sentence the active one; and the status line,
        which says why there is none."""
        happened, place, strings = event._data or {}, _place(carried), _strings(request)
        chosen = Reference.parse(str(happened.get("href", "")))
        try:
            conversation = self._read(request, place.id if place else "")
            exchange = conversation.exchange(_number(happened.get("index", 0))) if conversation else None
            reply = exchange.reply if exchange else None
            back = Place(id=conversation.id, turn=exchange.number) if conversation and exchange else None
            return self._panel(reply.references if reply else [], strings, chosen, back=back), gr.skip()
        except AskcorpusError as exc:
            return gr.skip(), _fault(exc, strings)

    def _panel(
        self,
        references: Sequence[Reference],
        strings: Strings,
        active: Reference | None = None,
        *,
        back: Place | None = None,
    ) -> str:
        store = self._assistant.store
        return render.panel(references, store.document, strings, active, copies=store.copies, back=back)

    # ---- filters

    def chips(
        self,
        languages: list[str],
        sources: list[str],
        date_from: str,
        date_to: str,
        only: list[str] | None,
        request: gr.Request,
    ) -> str:
        """The filters that are set, each with a button that takes it away."""
        return self._chips(_filters(languages, sources, date_from, date_to, only), _strings(request))

    def without(
        self,
        languages: list[str],
        sources: list[str],
        date_from: str,
        date_to: str,
        only: list[str] | None,
        event: gr.EventData,
        request: gr.Request,
    ) -> tuple[Any, ...]:
        """All filters without the one whose chip was clicked."""
        kind, _, value = str((event._data or {}).get("name", "")).partition(":")
        if kind == "all":
            return *_NO_FILTERS, ""
        left = (
            [each for each in languages if (kind, value) != ("language", each)],
            [each for each in sources if (kind, value) != ("source", each)],
            "" if kind == "date_from" else date_from,
            "" if kind == "date_to" else date_to,
            [each for each in only or () if kind != "documents" and (kind, value) != ("document", each)],
        )
        return *left, self.chips(*left, request)

    def _chips(self, filters: Filters, strings: Strings) -> str:
        store = self._assistant.store
        if not filters:
            return ""
        return render.chips(filters, store.document, strings, self._passing(filters), store.count())

    def _passing(self, filters: Filters) -> int | None:
        """How many documents pass filters; ``None`` where these are refused: none does, or a date is none."""
        try:
            return self._assistant.store.page(filters, 0, 1).total or None
        except AskcorpusError:
            return None

    # ---- conversations

    def new(self, request: gr.Request) -> tuple[Any, ...]:
        """Begin afresh, without filters; the server keeps what was said."""
        strings = _strings(request)
        box = _box(strings)
        shown = (None, "", self._welcome(strings), self._panel([], strings), self._idle_status(strings), box)
        return *shown, self._past(request, "", ""), *_NO_FILTERS, ""

    def search(self, words: str, carried: Carried, request: gr.Request) -> str:
        """The conversations in which the words occur."""
        place = _place(carried)
        return self._past(request, words, place.id if place else "")

    def rename(self, words: str, carried: Carried, event: gr.EventData, request: gr.Request) -> tuple[Any, Any]:
        """Give a conversation another title."""
        happened, strings = event._data or {}, _strings(request)

        def rename(owner: str) -> None:
            self._conversations.rename(owner, happened["id"], happened["value"]["text"])

        return self._changed(rename, strings.not_renamed, words, carried, request)

    def delete(self, words: str, carried: Carried, event: gr.EventData, request: gr.Request) -> tuple[Any, Any]:
        """Forget a conversation."""
        gone, strings = str((event._data or {})["id"]), _strings(request)

        def delete(owner: str) -> None:
            self._conversations.delete(owner, gone)

        return self._changed(delete, strings.not_deleted, words, carried, request, gone)

    def _changed(
        self,
        change: Callable[[str], None],
        fault: str,
        words: str,
        carried: Carried,
        request: gr.Request,
        gone: str = "",
    ) -> tuple[Any, Any]:
        """The list of conversations after a change, and the status line. Where that failed the line says so, and the
        list stays as it is, with what is being written in it."""
        place, strings = _place(carried), _strings(request)
        try:
            change(owner_of(request.headers))
        except AskcorpusError as exc:
            return gr.skip(), _fault(exc, strings, fault)
        return self._past(request, words, place.id if place else "", gone), status_line()

    def export_markdown(self, carried: Carried, request: gr.Request) -> tuple[str, Any]:
        """The conversation as Markdown, every quote in full; and the status line, which says why there is none."""
        document, strings = self._assistant.store.document, _strings(request)
        return self._exported(lambda whole: markdown.export_markdown(whole, document, strings), carried, request)

    def export_json(self, carried: Carried, request: gr.Request) -> tuple[str, Any]:
        """The same as JSON."""
        document = self._assistant.store.document
        return self._exported(lambda whole: markdown.export_json(whole, document), carried, request)

    def _exported(
        self, export: Callable[[Conversation], str], carried: Carried, request: gr.Request
    ) -> tuple[str, Any]:
        place, strings = _place(carried), _strings(request)
        try:
            found = self._conversations.read(owner_of(request.headers), place.id, whole=True) if place else None
            return export(found or Conversation(id="", title="")), gr.skip()
        except AskcorpusError as exc:
            return "", _fault(exc, strings, strings.not_exported)

    def _read(self, request: gr.Request, conversation: str) -> Conversation | None:
        """A conversation of the browser that asks."""
        return self._conversations.read(owner_of(request.headers), conversation) if conversation else None

    def _past(self, request: gr.Request, search: str, current: str, gone: str = "") -> str:
        strings = _strings(request)
        try:
            entries = self._conversations.listed(owner_of(request.headers), search)
        except AskcorpusError as exc:
            return render.past((), strings, current, search, strings.cause(type(exc).__name__), detail=str(exc))
        return render.past(entries, strings, current, search, strings.kept(self._conversations.days), gone=gone)


class Opened(NamedTuple):
    """What an address asks the page to show: ``/c/ID``, and as a query what to ask only."""

    conversation: str
    filters: Filters

    @classmethod
    def at(cls, address: str) -> "Opened":
        """Read an address; what it does not say well is left out."""
        try:
            parts = urlsplit(address)
            query = parse_qs(parts.query, max_num_fields=_MOST_CHOSEN)
        except ValueError:
            return cls("", Filters())
        found = _CONVERSATION.fullmatch(parts.path)
        filters = Filters(
            languages=tuple(query.get("language", ())),
            sources=tuple(query.get("source", ())),
            date_from=query.get("date_from", [""])[0][:10],
            date_to=query.get("date_to", [""])[0][:10],
            document_ids=tuple(query.get("document", ())),
        )
        return cls(found[1] if found else "", filters)


def _fault(exc: AskcorpusError, strings: Strings, said: str = "{reason}") -> str:
    """The status line, which says what went wrong: ``said``, with the reason in it. The log may have it too."""
    note_fault(exc)
    return status_line(said.format(reason=strings.cause(type(exc).__name__)), fault=str(exc))


def _strings(request: gr.Request) -> Strings:
    return strings_for(request.headers.get("accept-language", ""))


def _box(strings: Strings, *, answering: bool = False, **changes: Any) -> dict[str, Any]:
    """What becomes of the box and its button: for the next question, or to stop the answer to the last one."""
    send, stop = (False, strings.stop) if answering else (strings.send, False)
    return gr.update(submit_btn=send, stop_btn=stop, **changes)


def _place(carried: Carried) -> Place | None:
    return Place.model_validate(carried) if carried else None


def _filters(
    languages: Sequence[str], sources: Sequence[str], date_from: str, date_to: str, only: Sequence[str] | None
) -> Filters:
    """What the page's choosers say."""
    return Filters(
        languages=tuple(languages),
        sources=tuple(sources),
        date_from=_date(date_from),
        date_to=_date(date_to),
        document_ids=tuple(only or ()),
    )


def _date(typed: str) -> str:
    """A day, month or year as people write one, as ISO 8601; what is none, or two (05/06/2022), as it was typed."""
    typed = typed.strip()
    date = read_date(typed)
    return typed if len(date) == len("2022") else date or typed


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


def _reason(name: object) -> Reason | None:
    """The reason of that name, ``None`` where it is none."""
    return next((each for each in get_args(Reason) if each == name), None)


def _number(index: object) -> int:
    """The number of the turn that something was chosen at."""
    return index if isinstance(index, int) else 0
