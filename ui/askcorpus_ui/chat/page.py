"""The chat page: what Gradio shows, and what happens when somebody asks, clicks or stops.

The page needs nothing that the server keeps between two events: it carries its conversation along, and the browser
keeps the earlier ones. So an open tab goes on working after a restart, and pages do not leak into each other.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import gradio as gr
from fastapi import FastAPI

from askcorpus.errors import AskcorpusError
from askcorpus.feedback import FeedbackFile
from askcorpus.types import Answer, Done, Filters, Token
from askcorpus_ui.chat import render
from askcorpus_ui.chat.conversation import Conversation, Reply, read_stored
from askcorpus_ui.chat.layout import Widgets, labels_of, lay_out, make_theme, masthead, status_line, welcome
from askcorpus_ui.chat.markdown import export_markdown
from askcorpus_ui.chat.references import Reference
from askcorpus_ui.chat.surface import Surface, mounted
from askcorpus_ui.chat.translations import LANGUAGES, Strings, strings_for
from askcorpus_ui.problems import new_reference
from askcorpus_ui.streaming import Questions

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant
    from askcorpus_ui.warm_up import WarmUp

log = logging.getLogger(__name__)

_EXAMPLES = 4
_NEWEST = 40
_LONGEST_TITLE = 70
_SESSIONS = 20  # pages of which Gradio keeps the state, instead of 10,000; each is forgotten after its event
_FRAME_SECONDS = 0.06
_EVENT: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_QUICK: dict[str, Any] = {**_EVENT, "queue": False}

Carried = dict[str, Any] | None
"""The conversation as a page carries it: JSON, or nothing yet."""

Stored = list[dict[str, Any]] | None
"""The earlier conversations as a browser keeps them."""


def mount_chat(
    app: FastAPI,
    assistant: "Assistant",
    questions: Questions,
    warm_up: "WarmUp",
    examples: Sequence[str],
    feedback: FeedbackFile,
) -> Surface:
    """Put the chat page at the root of ``app``; routes added later are not reached. Returns what stands before it."""
    blocks = ChatPage(assistant, questions, warm_up, examples, feedback).blocks()
    blocks.state_session_capacity = _SESSIONS
    folder = files("askcorpus_ui.chat")
    css, script = (folder.joinpath(name).read_text("utf-8") for name in ("style.css", "page.js"))
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=make_theme(),
        # A sheet given as `css` is rewritten by Gradio, and its rules inside @media no longer match.
        head=f'<meta name="color-scheme" content="light dark"><style>{css}</style><script>{script}</script>',
        js="() => askcorpus.start()",
        i18n=gr.I18n(**{locale: labels_of(strings) for locale, strings in LANGUAGES.items()}),
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
        examples: Sequence[str],
        feedback: FeedbackFile,
    ) -> None:
        self._assistant = assistant
        self._questions = questions
        self._warm_up = warm_up
        self._examples = tuple(examples)
        self._feedback = feedback

    def blocks(self) -> gr.Blocks:
        """The page, laid out and wired."""
        blocks = gr.Blocks(title="askcorpus", fill_height=True, fill_width=True)
        with blocks:
            widgets = lay_out()
            self._wire_asking(widgets)
            self._wire_conversations(widgets)
            widgets.panel.select(self.open_source, widgets.conversation, widgets.panel, **_QUICK)
            widgets.chat.like(self.like, widgets.conversation, widgets.status, **_QUICK)
            widgets.menu.click(None, None, None, js="() => askcorpus.toggleConversations()")
            widgets.theme.click(None, None, None, js="() => askcorpus.toggleTheme()")
            shown = [widgets.header, widgets.panel, widgets.past, widgets.chat, widgets.box, widgets.status]
            filters = [widgets.languages, widgets.sources]
            blocks.load(self.load, widgets.store, [*shown, *filters, widgets.timer], **_QUICK)
            widgets.timer.tick(self.tick, None, [widgets.status, widgets.timer], **_QUICK)
        blocks.queue(max_size=32, default_concurrency_limit=4, api_open=False)
        return blocks

    # ---- wiring

    def _wire_asking(self, w: Widgets) -> None:
        filters = [w.languages, w.sources, w.date_from, w.date_to]
        started = [w.conversation, w.chat, w.box, w.status]
        asking = [
            begun.then(
                self.respond,
                [w.conversation, *filters],
                [w.conversation, w.chat, w.panel, w.status],
                concurrency_limit=8,
                concurrency_id="ask",
                **_EVENT,
            )
            for begun in (
                w.box.submit(self.begin, [w.box, w.conversation], started, **_QUICK),
                w.chat.example_select(self.begin_example, None, started, **_QUICK),
                w.chat.retry(self.retry, w.conversation, started, **_QUICK),
            )
        ]
        keeping: dict[str, Any] = {"inputs": [w.conversation, w.store], "outputs": [w.store, w.past], **_QUICK}
        for asked in asking:
            asked.then(self.idle, None, w.box, **_QUICK).then(self.save, **keeping)
        # First the answer is cancelled, then what was written is kept: in one event Gradio does it the other way round,
        # and a piece that comes in between would take the place of the note.
        cancelled = w.box.stop(None, None, None, cancels=asking, **_QUICK)
        cancelled.then(self.stopped, w.conversation, [w.chat, w.box, w.status], **_QUICK).then(self.save, **keeping)

    def _wire_conversations(self, w: Widgets) -> None:
        shown = [w.conversation, w.chat, w.panel, w.status]
        w.new.click(self.new, None, [*shown, w.past], **_QUICK)
        w.past.input(self.reopen, [w.past, w.store], shown, **_QUICK)
        w.export.click(self.export, w.conversation, w.exported, **_QUICK).then(
            None, w.exported, None, js="(text) => askcorpus.download(text)"
        )

    # ---- the page itself

    def load(self, stored: Stored, request: gr.Request) -> tuple[Any, ...]:
        """Fill the page for whoever opens it: their language, their conversations, the corpus as it is now."""
        strings = _strings(request)
        facets = self._assistant.store.facets()
        count = self._assistant.store.count()
        languages, sources = self._choices(strings)
        examples = [{"text": question} for question in self._example_questions(strings)] if count else []
        return (
            masthead(strings, count, facets.date_min, facets.date_max),
            self._panel([], strings),
            gr.update(choices=_titles(read_stored(stored))),
            gr.update(placeholder=welcome(strings, count), examples=examples),
            gr.update(submit_btn=strings.send, stop_btn=False),
            self._idle_status(strings),
            gr.update(choices=languages),
            gr.update(choices=sources),
            gr.Timer(active=not self._warm_up.is_over()),
        )

    def _choices(self, strings: Strings) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        facets = self._assistant.store.facets()
        languages = [(strings.language_name(code), code) for code in facets.languages if code]
        return languages, [(source, source) for source in sorted(filter(None, facets.sources))]

    def tick(self, request: gr.Request) -> tuple[Any, Any]:
        """Take the notice away once the models are loaded."""
        if not self._warm_up.is_over():
            return gr.skip(), gr.skip()
        return self._idle_status(_strings(request)), gr.Timer(active=False)

    def _idle_status(self, strings: Strings) -> str:
        if self._warm_up.is_over():
            return status_line(self._warm_up.fault)
        return status_line(strings.loading)

    def _example_questions(self, strings: Strings) -> list[str]:
        if self._examples:
            return list(self._examples[:_EXAMPLES])
        newest = self._assistant.store.documents(limit=_NEWEST)
        titled = [document for document in newest if 0 < len(document.title) <= _LONGEST_TITLE]
        titled.sort(key=lambda document: document.language != strings.locale)
        return [
            LANGUAGES.get(document.language, strings).example.format(title=document.title)
            for document in titled[:_EXAMPLES]
        ]

    # ---- asking

    def begin(self, question: str, carried: Carried, request: gr.Request) -> tuple[Any, ...]:
        """Show the question and empty the box."""
        if not question.strip():
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        return self._begun(Conversation.read(carried).asking(question), request, value="")

    def begin_example(self, chosen: gr.SelectData, request: gr.Request) -> tuple[Any, ...]:
        """Ask one of the questions that the empty page offers."""
        return self._begun(Conversation().asking(str(chosen.value["text"])), request)

    def retry(self, carried: Carried, chosen: gr.RetryData, request: gr.Request) -> tuple[Any, ...]:
        """Forget an answer and what followed it, and answer again."""
        return self._begun(Conversation.read(carried).until(_bubble(chosen)).replied(None), request)

    def _begun(self, conversation: Conversation, request: gr.Request, **changes: Any) -> tuple[Any, ...]:
        strings = _strings(request)
        box = gr.update(submit_btn=False, stop_btn=strings.stop, **changes)
        return *_shown(conversation, strings), box, status_line()

    async def respond(
        self,
        carried: Carried,
        languages: list[str],
        sources: list[str],
        date_from: str,
        date_to: str,
        request: gr.Request,
    ) -> AsyncIterator[tuple[Any, ...]]:
        """Answer the last question, piece by piece; every yield is (conversation, bubbles, panel, status)."""
        conversation, strings = Conversation.read(carried), _strings(request)
        if not conversation.exchanges or conversation.reply:
            return
        began, drawn, text = time.monotonic(), 0.0, ""
        turn = len(conversation.exchanges)
        before = await asyncio.to_thread(render.bubbles, conversation, strings)  # a browser may send megabytes

        def shown(reply: Reply, *, writing: bool = False) -> tuple[Any, Any]:
            return conversation.replied(reply).dumped(), [*before, render.bubble(reply, strings, writing=writing)]

        def written() -> tuple[Any, ...]:
            return *shown(Reply(kind="unfinished", text=text), writing=True), gr.skip(), gr.skip()

        def failed(why: str) -> tuple[Any, ...]:
            return *shown(Reply(kind="failed", text=why)), gr.skip(), status_line("", turn)

        yield written()
        try:
            filters = Filters(
                languages=tuple(languages),
                sources=tuple(sources),
                date_from=date_from.strip(),
                date_to=date_to.strip(),
            )
            async with aclosing(
                self._questions.stream(
                    lambda: self._assistant.stream(
                        conversation.question,
                        history=conversation.history,
                        filters=filters,
                        conversation_id=conversation.id,
                    )
                )
            ) as events:
                async for event in events:
                    if isinstance(event, Token):
                        text += event.text
                        if time.monotonic() - drawn > _FRAME_SECONDS:
                            drawn = time.monotonic()
                            yield written()
                    elif isinstance(event, Done):
                        self._feedback.remember(event.answer)
                        reply = Reply.of(event.answer)
                        panel = self._panel(reply.references, strings)
                        said = _summary(event.answer, reply.source_count, time.monotonic() - began, strings)
                        yield *shown(reply), panel, status_line(said, turn, reply.id)
        except AskcorpusError as exc:
            yield failed(str(exc))
        except Exception:  # whatever it is, the page must say that it failed, and no more than that
            log.exception("Unexpected error %s", reference := new_reference())
            yield failed(f"{strings.failed} {strings.failed_hint.format(reference=reference)}")

    def idle(self, request: gr.Request) -> Any:
        """The box, ready for the next question."""
        return gr.update(submit_btn=_strings(request).send, stop_btn=False)

    def stopped(self, carried: Carried, request: gr.Request) -> tuple[Any, Any, Any]:
        """Show what was written so far, which the page carries already, and that it is not all."""
        conversation = Conversation.read(carried)
        bubbles = render.bubbles(conversation, _strings(request))
        return bubbles, self.idle(request), status_line("", len(conversation.exchanges))

    def like(self, carried: Carried, chosen: gr.LikeData, request: gr.Request) -> str:
        """Keep what somebody thinks of an answer; the status line, which says whether that worked."""
        strings = _strings(request)
        conversation = Conversation.read(carried).until(_bubble(chosen))
        if conversation.reply is None:
            return status_line()
        liked = chosen.liked if isinstance(chosen.liked, bool) else None  # a second click takes the first back
        kept = self._feedback.add(conversation.question, conversation.history, conversation.reply.id, liked)
        return status_line(strings.feedback_kept if kept else strings.feedback_lost)

    # ---- sources

    def open_source(self, carried: Carried, event: gr.EventData, request: gr.Request) -> str:
        """The panel for the reply whose link was clicked, that link's sentence the active one."""
        happened = event._data or {}
        chosen = Reference.parse(str(happened.get("href", "")))
        linked = Conversation.read(carried).until(int(happened.get("index", 0))).references
        return self._panel(linked, _strings(request), chosen)

    def _panel(self, references: Sequence[Reference], strings: Strings, active: Reference | None = None) -> str:
        return render.panel(references, self._assistant.store.document, strings, active)

    # ---- conversations

    def save(self, carried: Carried, stored: Stored) -> tuple[Any, Any]:
        """Put the conversation first among those that the browser keeps."""
        conversation = Conversation.read(carried)
        if not conversation.exchanges:
            return gr.skip(), gr.skip()
        kept = conversation.among(read_stored(stored))
        return [each.dumped() for each in kept], gr.update(choices=_titles(kept), value=conversation.id)

    def reopen(self, identifier: str, stored: Stored, request: gr.Request) -> tuple[Any, ...]:
        """Show an earlier conversation."""
        found = next((kept for kept in read_stored(stored) if kept.id == identifier), None)
        if found is None:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        strings = _strings(request)
        panel = self._panel(found.references, strings)
        return *_shown(found, strings), panel, status_line("", len(found.exchanges))

    def new(self, request: gr.Request) -> tuple[Any, ...]:
        """Begin afresh; the browser keeps what was said."""
        strings = _strings(request)
        return None, [], self._panel([], strings), self._idle_status(strings), gr.update(value=None)

    def export(self, carried: Carried, request: gr.Request) -> str:
        """The conversation as Markdown, every quote in full."""
        return export_markdown(Conversation.read(carried), self._assistant.store.document, _strings(request))


def _strings(request: gr.Request) -> Strings:
    return strings_for(request.headers.get("accept-language", ""))


def _shown(conversation: Conversation, strings: Strings) -> tuple[Any, Any]:
    """The conversation for the page to carry, and its bubbles."""
    return conversation.dumped(), render.bubbles(conversation, strings)


def _summary(answer: Answer, sources: int, seconds: float, strings: Strings) -> str:
    """What the status line says of an answer."""
    found = strings.source_count(sources) if answer.answerable else "" if answer.kind != "answer" else strings.no_answer
    preferred = strings.preferring.format(period=strings.date(answer.period)) if answer.period else ""
    return " · ".join(filter(None, (found, preferred, f"{seconds:.1f} s")))


def _titles(conversations: Sequence[Conversation]) -> list[tuple[str, str]]:
    return [(conversation.title, conversation.id) for conversation in conversations]


def _bubble(chosen: gr.RetryData | gr.LikeData) -> int:
    """The number of the bubble that something was chosen at."""
    return chosen.index if isinstance(chosen.index, int) else chosen.index[0]
