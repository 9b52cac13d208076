"""The chat page: its parts over one assistant, laid out, wired to their events and filled.

The server keeps the conversations on disk, one row a turn (`conversations`), each for the browser that asked. A page
carries only which of them it shows. So two tabs add to the same one, and an open tab goes on after a restart.
"""

import time
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import gradio as gr
from fastapi import FastAPI

from askcorpus.errors import AskcorpusError
from askcorpus.feedback import FeedbackFile
from askcorpus.types import Filters
from askcorpus_ui.chat import render
from askcorpus_ui.chat.address import Opened
from askcorpus_ui.chat.asking import Asking
from askcorpus_ui.chat.browser import owner_of
from askcorpus_ui.chat.conversation import NO_FILTERS, Conversation, Place
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.events import Carried, box_for, fault_line, place_of, strings_of
from askcorpus_ui.chat.filters import UNSET, FilterBar
from askcorpus_ui.chat.first_questions import FirstQuestions
from askcorpus_ui.chat.layout import Widgets, lay_out, make_theme, masthead, status_line, welcome
from askcorpus_ui.chat.opinions import Opinions
from askcorpus_ui.chat.panel import SourcePanel
from askcorpus_ui.chat.past import PastConversations
from askcorpus_ui.chat.surface import Surface, TooOften, mounted
from askcorpus_ui.chat.translations import Strings
from askcorpus_ui.streaming import Questions

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant
    from askcorpus_ui.warm_up import WarmUp

_SESSIONS = 20  # pages of which Gradio keeps the state, instead of 10,000; each is forgotten after its event
_EVENT: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_QUICK: dict[str, Any] = {**_EVENT, "queue": False}
_EACH: dict[str, Any] = {**_QUICK, "trigger_mode": "multiple"}
"""Of a click whose place says what it asks for: Gradio passes over another that comes before the reply to the first."""

_GOES_ON_SECONDS = 600
"""A question that the server lost by being stopped is answered when its page is opened again, if it is not too old."""


def mount_chat(
    app: FastAPI,
    assistant: "Assistant",
    questions: Questions,
    warm_up: "WarmUp",
    first: FirstQuestions,
    feedback: FeedbackFile,
    conversations: Conversations,
    too_often: TooOften,
) -> Surface:
    """Put the chat page at the root of ``app``; routes added later are not reached. Returns what stands before it.

    ``too_often`` gives the refusal of a question that is one too many, if it is.
    """
    blocks = ChatPage(assistant, questions, warm_up, first, feedback, conversations).blocks()
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
    return mounted(app, blocks, too_often)


class ChatPage:
    """The page over one assistant: its parts, what happens in each, and what happens to all of it."""

    def __init__(
        self,
        assistant: "Assistant",
        questions: Questions,
        warm_up: "WarmUp",
        first: FirstQuestions,
        feedback: FeedbackFile,
        conversations: Conversations,
    ) -> None:
        self._store = assistant.store
        self._warm_up = warm_up
        self.first = first
        self._conversations = conversations
        self.filters = FilterBar(self._store)
        self.panel = SourcePanel(self._store, conversations)
        self.asking = Asking(assistant, questions, feedback, conversations, self.filters, self.panel)
        self.past = PastConversations(self._store, conversations)
        self.opinions = Opinions(feedback, conversations)

    def blocks(self) -> gr.Blocks:
        """The page, laid out and wired."""
        blocks = gr.Blocks(title="askcorpus", fill_height=True, fill_width=True)
        with blocks:
            widgets = lay_out()
            self._wire_asking(widgets, blocks)
            self._wire_conversations(widgets)
            self._wire_filters(widgets)
            widgets.panel.select(self.panel.open_source, widgets.place, [widgets.panel, widgets.status], **_EACH)
            for part in (widgets.turns, widgets.last):
                part.like(self.opinions.like, widgets.place, widgets.status, **_EACH)
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
            w.box.submit(self.asking.begin, [w.box, w.place, *w.filters], started, **_QUICK),
            w.last.example_select(self.asking.begin_example, [w.place, *w.filters], started, **_QUICK),
            w.last.retry(self.asking.retry, w.place, started, **_QUICK),
            w.last.undo(self.asking.unfiltered, w.place, [*started, *w.filters, w.chips], **_QUICK),
            *(part.edit(self.asking.edit, [w.place, *w.filters], started, **_QUICK) for part in (w.turns, w.last)),
        ]
        asking = [
            event.then(
                self.asking.respond,
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
        w.box.stop(self.asking.stop, w.place, None, **_EACH)

    def _wire_conversations(self, w: Widgets) -> None:
        fresh = [w.place, w.turns, w.last, w.panel, w.status, w.box, w.past, *w.filters, w.chips]
        fresh_chat = w.new.click(self.new, None, fresh, **_QUICK)  # while one is answered, `page.js` stops that before
        fresh_chat.then(None, None, None, js="() => askcorpus.focusBox()")
        w.search.change(self.past.search, [w.search, w.place], w.past, **_QUICK)
        w.past.edit(self.past.rename, [w.search, w.place], [w.past, w.status], **_EACH)
        w.past.delete(self.past.delete, [w.search, w.place], [w.past, w.status], **_EACH)
        for button, export, name, kind in (
            (w.markdown, self.past.export_markdown, "askcorpus.md", "text/markdown"),
            (w.json, self.past.export_json, "askcorpus.json", "application/json"),
        ):
            download = f"(text) => askcorpus.download(text, '{name}', '{kind}')"
            button.click(export, w.place, [w.exported, w.status], **_QUICK).then(None, w.exported, None, js=download)

    def _wire_filters(self, w: Widgets) -> None:
        # What somebody chooses, and not what the page is given, which comes with its chips. As one event, of which
        # Gradio sends the next when the reply to the last is there: of replies that cross, an older one would stay.
        dates = (w.date_from, w.date_to)
        changed = [each.input for each in (w.languages, w.sources, *dates)] + [date.blur for date in dates]
        gr.on(changed, self.filters.chips, w.filters, w.chips, trigger_mode="always_last", **_QUICK)
        w.chips.delete(self.filters.without, w.filters, [*w.filters, w.chips], **_QUICK)

    # ---- the page itself

    def load(self, address: str, request: gr.Request) -> tuple[Any, ...]:
        """Fill the page for whoever opens it: their language, the conversation of its address, the corpus as it is."""
        strings = strings_of(request)
        facets = self._store.facets()
        count = self._store.count()
        opened = Opened.at(address)
        fault: AskcorpusError | None = None
        try:
            conversation = self._read(opened.conversation, request)
        except AskcorpusError as exc:
            conversation, fault = None, exc
        status = fault_line(fault, strings) if fault else self._idle_status(strings)
        last = conversation.last if conversation else None
        asked: Place | None = None
        place, waiting = None, False
        if conversation and last:
            asked = Place(id=conversation.id, turn=last.number)
            waiting = self.asking.is_answering(asked, request)
            unanswered = last.reply is None and not waiting and time.time() - last.asked < _GOES_ON_SECONDS
            place = Place(id=conversation.id, turn=last.number if unanswered else None).dumped()
            waiting = waiting or unanswered
        box = box_for(strings, answering=bool(place and place.get("turn")), interactive=True)
        languages, sources = self.filters.choices(strings)
        filters = opened.filters or (last.filters if last else NO_FILTERS)  # an open conversation goes on with its own
        if conversation:
            shown = render.turn(conversation, strings, waiting=waiting)
        else:
            shown = self._welcome(strings, filters, lost=bool(opened.conversation and not fault))
        references = last.reply.references if last and last.reply else []
        return (
            masthead(strings, count, facets.date_min, facets.date_max),
            place,
            render.turns(conversation, strings),
            shown,
            box,
            status,
            self.panel.shown(references, strings, back=asked),
            self.past.listed(request, "", conversation.id if conversation else ""),
            gr.update(choices=languages, value=list(filters.languages)),
            gr.update(choices=sources, value=list(filters.sources)),
            filters.date_from,
            filters.date_to,
            list(filters.document_ids),
            self.filters.shown(filters, strings),
            gr.Timer(active=not self._warm_up.is_over()),
        )

    def _read(self, conversation: str, request: gr.Request) -> Conversation | None:
        """A conversation of the browser that asks."""
        return self._conversations.read(owner_of(request.headers), conversation) if conversation else None

    def _welcome(self, strings: Strings, filters: Filters = NO_FILTERS, *, lost: bool = False) -> str:
        count = self._store.count()
        return welcome(strings, count, self.first.known(strings, filters) if count else (), filters, lost=lost)

    def tick(self, request: gr.Request) -> tuple[Any, Any]:
        """Take the notice away once the models are loaded."""
        if not self._warm_up.is_over():
            return gr.skip(), gr.skip()
        return self._idle_status(strings_of(request)), gr.Timer(active=False)

    def _idle_status(self, strings: Strings) -> str:
        if self._warm_up.is_over():
            fault = self._warm_up.fault
            return status_line(strings.cause("ModelError") if fault else "", fault=fault)
        return status_line(strings.loading)

    def idle(self, carried: Carried, search: str, request: gr.Request) -> tuple[Any, Any]:
        """The box, ready for the next question, and the list of conversations."""
        place = place_of(carried)
        return box_for(strings_of(request)), self.past.listed(request, search, place.id if place else "")

    def idle_after_opening(self, carried: Carried, search: str, request: gr.Request) -> tuple[Any, Any]:
        """The same where opening the page answered a question, or tried to: whether that was kept is not asked. Else
        the box is ready, or has been used since."""
        place = place_of(carried)
        if place is None or place.turn is None:
            return gr.skip(), gr.skip()
        return self.idle(carried, search, request)

    def new(self, request: gr.Request) -> tuple[Any, ...]:
        """Begin afresh, without filters; the server keeps what was said."""
        strings = strings_of(request)
        box = box_for(strings)
        shown = (None, "", self._welcome(strings), self.panel.shown([], strings), self._idle_status(strings), box)
        return *shown, self.past.listed(request, "", ""), *UNSET, ""
