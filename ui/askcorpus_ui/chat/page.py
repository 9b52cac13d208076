"""The chat page: what Gradio shows, and what happens when somebody asks, clicks or stops.

The page needs nothing that the server keeps between two events: a bubble carries its citations as links, the browser
keeps the conversations. So an open tab goes on working after a restart, and pages do not leak into each other.
"""

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
from askcorpus.search.query import LONGEST_QUESTION
from askcorpus.types import Answer, Done, Filters, Token
from askcorpus_ui.chat import markdown, render
from askcorpus_ui.chat.layout import Widgets, labels_of, lay_out, make_theme, masthead, status_line, welcome
from askcorpus_ui.chat.messages import (
    Messages,
    assistant_message,
    conversation_id_of,
    count_turns,
    id_of,
    text_of,
    titles_of,
    turns_of,
    user_message,
)
from askcorpus_ui.chat.references import Reference, references_in
from askcorpus_ui.chat.surface import Surface, mounted
from askcorpus_ui.chat.translations import LANGUAGES, Strings, strings_for
from askcorpus_ui.problems import new_reference
from askcorpus_ui.streaming import Questions

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant
    from askcorpus_ui.warm_up import WarmUp

log = logging.getLogger(__name__)

_KEPT_CONVERSATIONS = 30
_KEPT_MESSAGES = 60
_EXAMPLES = 4
_NEWEST = 40
_LONGEST_TITLE = 70
_EXPORTED = 1_000
_LONGEST_ANSWER = 100_000
_SESSIONS = 20  # pages of which Gradio keeps the state, instead of 10,000; each is forgotten after its event
_FRAME_SECONDS = 0.06
_EVENT: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_QUICK: dict[str, Any] = {**_EVENT, "queue": False}


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
            widgets.panel.select(self.open_source, None, widgets.panel, **_QUICK)
            widgets.chat.like(self.like, widgets.chat, widgets.status, **_QUICK)
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
        started = [w.chat, w.box, w.status]
        asking = [
            begun.then(
                self.respond,
                [w.chat, *filters],
                [w.chat, w.panel, w.status],
                concurrency_limit=8,
                concurrency_id="ask",
                **_EVENT,
            )
            for begun in (
                w.box.submit(self.begin, [w.box, w.chat], started, **_QUICK),
                w.chat.example_select(self.begin_example, None, started, **_QUICK),
                w.chat.retry(self.retry, w.chat, started, **_QUICK),
            )
        ]
        for asked in asking:
            asked.then(self.idle, None, w.box, **_QUICK).then(self.save, [w.chat, w.store], [w.store, w.past], **_QUICK)
        # First the answer is cancelled, then what was written is kept: in one event Gradio does it the other way round,
        # and a piece that comes in between would take the place of the note.
        cancelled = w.box.stop(None, None, None, cancels=asking, **_QUICK)
        kept = cancelled.then(self.stopped, w.chat, [w.chat, w.box, w.status], **_QUICK)
        kept.then(self.save, [w.chat, w.store], [w.store, w.past], **_QUICK)

    def _wire_conversations(self, w: Widgets) -> None:
        shown = [w.chat, w.past, w.panel, w.status]
        w.new.click(self.new, None, shown, **_QUICK)
        w.past.input(self.reopen, [w.past, w.store], [w.chat, w.panel, w.status], **_QUICK)
        w.export.click(self.export, w.chat, w.exported, **_QUICK).then(
            None, w.exported, None, js="(text) => askcorpus.download(text)"
        )

    # ---- the page itself

    def load(self, conversations: list[dict[str, Any]] | None, request: gr.Request) -> tuple[Any, ...]:
        """Fill the page for whoever opens it: their language, their conversations, the corpus as it is now."""
        strings = _strings(request)
        facets = self._assistant.store.facets()
        count = self._assistant.store.count()
        languages, sources = self._choices(strings)
        examples = [{"text": question} for question in self._example_questions(strings)] if count else []
        return (
            masthead(strings, count, facets.date_min, facets.date_max),
            render.panel([], self._assistant.store.document, strings),
            gr.update(choices=titles_of(conversations)),
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

    def begin(self, question: str, messages: Messages, request: gr.Request) -> tuple[Any, Any, Any]:
        """Show the question and empty the box."""
        if not question.strip():
            return gr.skip(), gr.skip(), gr.skip()
        question = question.strip()[: LONGEST_QUESTION + 1]  # one too many, so that it is told
        return [*messages, user_message(question)], _busy(request, value=""), status_line()

    def begin_example(self, chosen: gr.SelectData, request: gr.Request) -> tuple[Any, Any, Any]:
        """Ask one of the questions that the empty page offers."""
        return [user_message(str(chosen.value["text"]))], _busy(request), status_line()

    def retry(self, messages: Messages, chosen: gr.RetryData, request: gr.Request) -> tuple[Any, Any, Any]:
        """Forget an answer and what followed it, and answer again."""
        index = chosen.index if isinstance(chosen.index, int) else chosen.index[0]
        return messages[: index + 1], _busy(request), status_line()

    async def respond(
        self,
        messages: Messages,
        languages: list[str],
        sources: list[str],
        date_from: str,
        date_to: str,
        request: gr.Request,
    ) -> AsyncIterator[tuple[Any, Any, Any]]:
        """Answer the last question, piece by piece; every yield is (bubbles, source panel, status line)."""
        strings = _strings(request)
        if not messages or messages[-1]["role"] != "user":
            return
        began, shown, text = time.monotonic(), 0.0, ""
        yield [*messages, assistant_message(render.note("searching", strings.searching))], gr.skip(), gr.skip()
        try:
            filters = Filters(
                languages=tuple(languages),
                sources=tuple(sources),
                date_from=date_from.strip(),
                date_to=date_to.strip(),
            )
            question, history = markdown.plain_text(text_of(messages[-1])), turns_of(messages[:-1])
            async with aclosing(
                self._questions.stream(
                    lambda: self._assistant.stream(
                        question, history=history, filters=filters, conversation_id=conversation_id_of(messages)
                    )
                )
            ) as events:
                async for event in events:
                    if isinstance(event, Token):
                        text += event.text
                        if time.monotonic() - shown > _FRAME_SECONDS:
                            shown = time.monotonic()
                            yield [*messages, assistant_message(markdown.partial_message(text))], gr.skip(), gr.skip()
                    elif isinstance(event, Done):
                        yield self._finished(messages, event.answer, time.monotonic() - began, strings)
        except AskcorpusError as exc:
            yield self._failed(messages, str(exc))
        except Exception:  # whatever it is, the page must say that it failed, and no more than that
            log.exception("Unexpected error %s", reference := new_reference())
            yield self._failed(messages, f"{strings.failed} {strings.failed_hint.format(reference=reference)}")

    def _finished(self, messages: Messages, answer: Answer, seconds: float, strings: Strings) -> tuple[Any, Any, Any]:
        self._feedback.remember(answer)
        message = render.answer_message(answer, strings)
        panel = render.panel(references_in(message), self._assistant.store.document, strings)
        sources = len({citation.document_id for citation in answer.citations})
        found = strings.source_count(sources) if answer.answerable else strings.no_answer
        preferred = strings.preferring.format(period=strings.date(answer.period)) if answer.period else ""
        said = " · ".join(filter(None, (found, preferred, f"{seconds:.1f} s")))
        return (
            [*messages, assistant_message(message, answer.id)],
            panel,
            status_line(said, count_turns(messages), answer.id),
        )

    def _failed(self, messages: Messages, why: str) -> tuple[Any, Any, Any]:
        bubbles = [*messages, assistant_message(render.note("failed", why))]
        return bubbles, gr.skip(), status_line("", count_turns(messages))

    def idle(self, request: gr.Request) -> Any:
        """The box, ready for the next question."""
        return gr.update(submit_btn=_strings(request).send, stop_btn=False)

    def stopped(self, messages: Messages, request: gr.Request) -> tuple[Any, Any, Any]:
        """Keep what was written so far, and say that it is not all."""
        strings = _strings(request)
        if messages and messages[-1]["role"] == "assistant":
            text = text_of(messages[-1])[:_LONGEST_ANSWER]
            body = "" if text.startswith("<") else text.split("\n\n<", 1)[0]
            kept = f"{body}\n\n{render.note('stopped', strings.stopped)}".strip()
            messages = [*messages[:-1], assistant_message(kept)]
        return messages, self.idle(request), status_line("", count_turns(messages))

    def like(self, messages: Messages, chosen: gr.LikeData, request: gr.Request) -> str:
        """Keep what somebody thinks of an answer; the status line, which says whether that worked."""
        strings = _strings(request)
        index = chosen.index if isinstance(chosen.index, int) else chosen.index[0]
        if index >= len(messages):
            return status_line()
        asked = next((at for at in range(index, -1, -1) if messages[at]["role"] == "user"), None)
        if asked is None:
            return status_line()
        liked = chosen.liked if isinstance(chosen.liked, bool) else None  # a second click takes the first back
        question, history = markdown.plain_text(text_of(messages[asked])), turns_of(messages[:asked])
        kept = self._feedback.add(question, history, id_of(messages[index]), liked)
        return status_line(strings.feedback_kept if kept else strings.feedback_lost)

    # ---- sources

    def open_source(self, event: gr.EventData, request: gr.Request) -> str:
        """The panel for the bubble whose link was clicked: the link and its neighbours say everything."""
        data = event._data or {}
        links = [str(link) for link in list(data.get("all") or ())[:50]]
        references = filter(None, map(Reference.parse, links))
        active = Reference.parse(str(data.get("href", "")))
        return render.panel(references, self._assistant.store.document, _strings(request), active)

    # ---- conversations

    def save(self, messages: Messages, conversations: list[dict[str, Any]] | None) -> tuple[Any, Any]:
        """Put the conversation first among those that the browser keeps."""
        if not messages:
            return gr.skip(), gr.skip()
        kept = [
            {"role": message["role"], "content": text_of(message), "metadata": {"id": id_of(message)}}
            for message in messages[:_KEPT_MESSAGES]
        ]
        identifier = conversation_id_of(messages)
        conversation = {"id": identifier, "title": markdown.plain_text(kept[0]["content"])[:60], "messages": kept}
        others = [other for other in conversations or [] if other["id"] != identifier]
        conversations = [conversation, *others][:_KEPT_CONVERSATIONS]
        return conversations, gr.update(choices=titles_of(conversations), value=identifier)

    def reopen(
        self, identifier: str, conversations: list[dict[str, Any]] | None, request: gr.Request
    ) -> tuple[Any, Any, Any]:
        """Show an earlier conversation."""
        found = next((kept for kept in conversations or [] if kept["id"] == identifier), None)
        if found is None:
            return gr.skip(), gr.skip(), gr.skip()
        last = references_in(found["messages"][-1]["content"])
        panel = render.panel(last, self._assistant.store.document, _strings(request))
        return found["messages"], panel, status_line("", count_turns(found["messages"]))

    def new(self, request: gr.Request) -> tuple[Any, Any, Any, Any]:
        """Begin afresh; the browser keeps what was said."""
        panel = render.panel([], self._assistant.store.document, _strings(request))
        return [], gr.update(value=None), panel, self._idle_status(_strings(request))

    def export(self, messages: Messages, request: gr.Request) -> str:
        """The conversation as Markdown, every quote in full."""
        pairs = [(message["role"], text_of(message)) for message in messages[-_EXPORTED:]]
        return markdown.export_markdown(pairs, self._assistant.store.document, _strings(request))


# ---- Gradio's messages


def _strings(request: gr.Request) -> Strings:
    return strings_for(request.headers.get("accept-language", ""))


def _busy(request: gr.Request, **changes: Any) -> Any:
    return gr.update(submit_btn=False, stop_btn=_strings(request).stop, **changes)
