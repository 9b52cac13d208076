"""The chat page: what Gradio shows, and what happens when somebody asks, clicks or stops.

The page needs nothing that the server keeps between two events: a bubble carries its citations as links, the browser
keeps the conversations. So an open tab goes on working after a restart, and pages do not leak into each other.
"""

import logging
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import asdict
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import gradio as gr
from fastapi import FastAPI
from gradio.themes.utils.fonts import Font, LocalFont

from askcorpus.errors import AskcorpusError
from askcorpus.search.query import LONGEST_QUESTION, RECENT_TURNS
from askcorpus.types import Answer, Done, Filters, Token, Turn
from askcorpus_ui.chat import render
from askcorpus_ui.chat.surface import Surface, mounted
from askcorpus_ui.chat.translations import LANGUAGES, Strings, strings_for
from askcorpus_ui.feedback import FeedbackFile
from askcorpus_ui.streaming import Questions
from askcorpus_ui.web.rest_api import new_reference

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant
    from askcorpus_ui.web.server import WarmUp

log = logging.getLogger(__name__)

_STORAGE_KEY = "askcorpus.conversations.1"
_STORAGE_SECRET = "not a secret: it only keeps the browser's copy readable after a restart"
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

Messages = list[dict[str, Any]]
"""Gradio's form of a conversation: dicts with ``role``, ``content`` and ``metadata``."""


_Chooser = TypeVar("_Chooser", gr.Dropdown, gr.Radio)


class Widgets(NamedTuple):
    """The parts of the page that events read or change."""

    menu: gr.Button
    header: gr.HTML
    chat: gr.Chatbot
    status: gr.HTML
    box: gr.Textbox
    languages: gr.Dropdown
    sources: gr.Dropdown
    date_from: gr.Textbox
    date_to: gr.Textbox
    panel: gr.HTML
    new: gr.Button
    past: gr.Radio
    export: gr.Button
    exported: gr.Textbox
    theme: gr.Button
    store: gr.BrowserState
    timer: gr.Timer


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
        theme=_theme(),
        # A sheet given as `css` is rewritten by Gradio, and its rules inside @media no longer match.
        head=f'<meta name="color-scheme" content="light dark"><style>{css}</style><script>{script}</script>',
        js="() => askcorpus.start()",
        i18n=gr.I18n(**{locale: _labels(strings) for locale, strings in LANGUAGES.items()}),
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        max_file_size="1kb",
    )
    return mounted(app, blocks)


def _labels(strings: Strings) -> dict[str, str]:
    return {name: text for name, text in asdict(strings).items() if "{" not in text}


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
            widgets = _layout()
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
        w.box.stop(self.stopped, w.chat, [w.chat, w.box, w.status], cancels=asking, **_QUICK).then(
            self.save, [w.chat, w.store], [w.store, w.past], **_QUICK
        )

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
            _header(strings, count, facets.date_min, facets.date_max),
            render.panel([], self._assistant.store.document, strings),
            gr.update(choices=_titles(conversations)),
            gr.update(placeholder=_welcome(strings, count), examples=examples),
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
            return _status(self._warm_up.fault)
        return _status(strings.loading)

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
        return [*messages, _user(question)], _busy(request, value=""), _status()

    def begin_example(self, chosen: gr.SelectData, request: gr.Request) -> tuple[Any, Any, Any]:
        """Ask one of the questions that the empty page offers."""
        return [_user(str(chosen.value["text"]))], _busy(request), _status()

    def retry(self, messages: Messages, chosen: gr.RetryData, request: gr.Request) -> tuple[Any, Any, Any]:
        """Forget an answer and what followed it, and answer again."""
        index = chosen.index if isinstance(chosen.index, int) else chosen.index[0]
        return messages[: index + 1], _busy(request), _status()

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
        yield [*messages, _assistant(render.note("searching", strings.searching))], gr.skip(), gr.skip()
        try:
            filters = Filters(
                languages=tuple(languages),
                sources=tuple(sources),
                date_from=date_from.strip(),
                date_to=date_to.strip(),
            )
            question, history = render.plain_text(_text(messages[-1])), _turns(messages[:-1])
            async with aclosing(
                self._questions.stream(
                    lambda: self._assistant.stream(
                        question, history=history, filters=filters, conversation_id=_conversation_id(messages)
                    )
                )
            ) as events:
                async for event in events:
                    if isinstance(event, Token):
                        text += event.text
                        if time.monotonic() - shown > _FRAME_SECONDS:
                            shown = time.monotonic()
                            yield [*messages, _assistant(render.partial_message(text))], gr.skip(), gr.skip()
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
        panel = render.panel(render.references_in(message), self._assistant.store.document, strings)
        sources = len({citation.document_id for citation in answer.citations})
        found = strings.source_count(sources) if answer.answerable else strings.no_answer
        preferred = strings.preferring.format(period=strings.date(answer.period)) if answer.period else ""
        said = " · ".join(filter(None, (found, preferred, f"{seconds:.1f} s")))
        return [*messages, _assistant(message, answer.id)], panel, _status(said, _turn_count(messages), answer.id)

    def _failed(self, messages: Messages, why: str) -> tuple[Any, Any, Any]:
        bubbles = [*messages, _assistant(render.note("failed", why))]
        return bubbles, gr.skip(), _status("", _turn_count(messages))

    def idle(self, request: gr.Request) -> Any:
        """The box, ready for the next question."""
        return gr.update(submit_btn=_strings(request).send, stop_btn=False)

    def stopped(self, messages: Messages, request: gr.Request) -> tuple[Any, Any, Any]:
        """Keep what was written so far, and say that it is not all."""
        strings = _strings(request)
        if messages and messages[-1]["role"] == "assistant":
            text = _text(messages[-1])[:_LONGEST_ANSWER]
            body = "" if text.startswith("<") else text.split("\n\n<", 1)[0]
            kept = f"{body}\n\n{render.note('stopped', strings.stopped)}".strip()
            messages = [*messages[:-1], _assistant(kept)]
        return messages, self.idle(request), _status("", _turn_count(messages))

    def like(self, messages: Messages, chosen: gr.LikeData, request: gr.Request) -> str:
        """Keep what somebody thinks of an answer; the status line, which says whether that worked."""
        strings = _strings(request)
        index = chosen.index if isinstance(chosen.index, int) else chosen.index[0]
        if index >= len(messages):
            return _status()
        asked = next((at for at in range(index, -1, -1) if messages[at]["role"] == "user"), None)
        if asked is None:
            return _status()
        liked = chosen.liked if isinstance(chosen.liked, bool) else None  # a second click takes the first back
        question, history = render.plain_text(_text(messages[asked])), _turns(messages[:asked])
        kept = self._feedback.add(question, history, _id(messages[index]), liked)
        return _status(strings.feedback_kept if kept else strings.feedback_lost)

    # ---- sources

    def open_source(self, event: gr.EventData, request: gr.Request) -> str:
        """The panel for the bubble whose link was clicked: the link and its neighbours say everything."""
        data = event._data or {}
        links = [str(link) for link in list(data.get("all") or ())[:50]]
        references = filter(None, map(render.Reference.parse, links))
        active = render.Reference.parse(str(data.get("href", "")))
        return render.panel(references, self._assistant.store.document, _strings(request), active)

    # ---- conversations

    def save(self, messages: Messages, conversations: list[dict[str, Any]] | None) -> tuple[Any, Any]:
        """Put the conversation first among those that the browser keeps."""
        if not messages:
            return gr.skip(), gr.skip()
        kept = [
            {"role": message["role"], "content": _text(message), "metadata": {"id": _id(message)}}
            for message in messages[:_KEPT_MESSAGES]
        ]
        identifier = _conversation_id(messages)
        conversation = {"id": identifier, "title": render.plain_text(kept[0]["content"])[:60], "messages": kept}
        others = [other for other in conversations or [] if other["id"] != identifier]
        conversations = [conversation, *others][:_KEPT_CONVERSATIONS]
        return conversations, gr.update(choices=_titles(conversations), value=identifier)

    def reopen(
        self, identifier: str, conversations: list[dict[str, Any]] | None, request: gr.Request
    ) -> tuple[Any, Any, Any]:
        """Show an earlier conversation."""
        found = next((kept for kept in conversations or [] if kept["id"] == identifier), None)
        if found is None:
            return gr.skip(), gr.skip(), gr.skip()
        last = render.references_in(found["messages"][-1]["content"])
        panel = render.panel(last, self._assistant.store.document, _strings(request))
        return found["messages"], panel, _status("", _turn_count(found["messages"]))

    def new(self, request: gr.Request) -> tuple[Any, Any, Any, Any]:
        """Begin afresh; the browser keeps what was said."""
        panel = render.panel([], self._assistant.store.document, _strings(request))
        return [], gr.update(value=None), panel, self._idle_status(_strings(request))

    def export(self, messages: Messages, request: gr.Request) -> str:
        """The conversation as Markdown, every quote in full."""
        pairs = [(message["role"], _text(message)) for message in messages[-_EXPORTED:]]
        return render.export_markdown(pairs, self._assistant.store.document, _strings(request))


# ---- layout


def _layout() -> Widgets:
    i18n = gr.I18n(**{locale: _labels(strings) for locale, strings in LANGUAGES.items()})
    store = gr.BrowserState([], storage_key=_STORAGE_KEY, secret=_STORAGE_SECRET)
    timer = gr.Timer(1.0, active=False)
    with gr.Sidebar(open=False, width=300, elem_id="side"):
        past = _free(gr.Radio([], label=i18n("conversations"), elem_id="past"))
        export = gr.Button(i18n("export"), size="sm", elem_id="export")
        exported = gr.Textbox(visible="hidden", elem_id="exported", label="Markdown")
    with gr.Row(elem_id="top"):
        menu = gr.Button("☰", size="sm", scale=0, min_width=40, elem_id="menu")
        header = gr.HTML(_header(LANGUAGES["en"], 0, "", ""), elem_id="masthead", apply_default_css=False)
        new = gr.Button(i18n("new_chat"), size="sm", scale=0, min_width=90, elem_id="new")
        theme = gr.Button("◐", size="sm", scale=0, min_width=40, elem_id="theme")
    with gr.Row(elem_id="desk"):
        with gr.Column(scale=7, min_width=320, elem_id="talk"):
            chat = gr.Chatbot(
                elem_id="chat",
                label=i18n("conversation"),
                show_label=False,
                layout="panel",
                height="100%",
                container=False,
                buttons=["copy"],
                feedback_options=["Like", "Dislike"],
                latex_delimiters=[],  # "$$" is money here
                placeholder=_welcome(LANGUAGES["en"], 1),
            )
            with gr.Accordion(i18n("filters"), open=False, elem_id="filters"), gr.Row(elem_id="filter-row"):
                languages = _free(gr.Dropdown([], multiselect=True, label=i18n("languages")))
                sources = _free(gr.Dropdown([], multiselect=True, label=i18n("publishers")))
                date_from = gr.Textbox(label=i18n("date_from"), value="", placeholder="2022-09", max_length=10)
                date_to = gr.Textbox(label=i18n("date_to"), value="", placeholder="2023-01-31", max_length=10)
            box = gr.Textbox(
                elem_id="ask",
                label=i18n("question"),
                show_label=False,
                placeholder=i18n("ask"),
                lines=1,
                max_lines=5,
                max_length=LONGEST_QUESTION,
                submit_btn=LANGUAGES["en"].send,
                stop_btn=False,
                autofocus=True,
                container=False,
            )
            status = gr.HTML(_status(), elem_id="status", apply_default_css=False)
        with gr.Column(scale=5, min_width=300, elem_id="evidence"):
            script = files("askcorpus_ui.chat").joinpath("panel.js").read_text("utf-8")
            panel = gr.HTML("", elem_id="panel", js_on_load=script, apply_default_css=False)
    return Widgets(
        menu,
        header,
        chat,
        status,
        box,
        languages,
        sources,
        date_from,
        date_to,
        panel,
        new,
        past,
        export,
        exported,
        theme,
        store,
        timer,
    )


def _free(component: _Chooser) -> _Chooser:
    """A component that takes any text as what was chosen.

    Gradio compares it with choices of its own, which it forgets at a restart, and answers 500 to what it does not know.
    """
    component.preprocess = lambda payload: payload  # type: ignore[method-assign]
    return component


def _theme() -> gr.themes.Base:
    # Of the fonts that come with Gradio this one is complete in these two weights; others lack letters.
    font: list[Font | str] = [LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"]
    return gr.themes.Base(font=font, font_mono=["ui-monospace", "monospace"]).set(
        body_background_fill="var(--paper)",
        body_background_fill_dark="var(--paper)",
        body_text_color="var(--ink)",
        body_text_color_dark="var(--ink)",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        border_color_primary="var(--rule)",
        border_color_primary_dark="var(--rule)",
        input_background_fill="var(--sheet)",
        input_background_fill_dark="var(--sheet)",
        color_accent="var(--accent)",
    )


def _header(strings: Strings, count: int, first: str, last: str) -> str:
    years = f"{first[:4]}–{last[:4]}" if first[:4] != last[:4] else first[:4]
    facts = [strings.documents.format(count=f"{count:,}".replace(",", "\u202f")), years if first else ""]
    shown = "".join(f"<li>{escape(fact)}</li>" for fact in facts if fact)
    return f"<h1>askcorpus</h1><p>{escape(strings.tagline)}</p><ul>{shown if count else ''}</ul>"


def _welcome(strings: Strings, count: int) -> str:
    return f"## {strings.welcome}\n\n{strings.welcome_text if count else strings.empty_corpus}"


def _status(said: str = "", turn: int | None = None, answer_id: str = "") -> str:
    """The line under the box. ``data-turn`` tells tests which answer it speaks of."""
    marks = f' data-turn="{turn}" data-answer="{escape(answer_id)}"' if turn is not None else ""
    return f"<span{marks}>{escape(said)}</span>"


# ---- Gradio's messages


def _strings(request: gr.Request) -> Strings:
    return strings_for(request.headers.get("accept-language", ""))


def _busy(request: gr.Request, **changes: Any) -> Any:
    return gr.update(submit_btn=False, stop_btn=_strings(request).stop, **changes)


def _user(question: str) -> dict[str, Any]:
    identifier = f"conv_{secrets.token_hex(8)}"
    return {"role": "user", "content": render.safe_markdown(question), "metadata": {"id": identifier}}


def _assistant(message: str, identifier: str = "") -> dict[str, Any]:
    return {"role": "assistant", "content": message, "metadata": {"id": identifier}}


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content if isinstance(part, dict))


def _id(message: dict[str, Any]) -> str:
    return (message.get("metadata") or {}).get("id") or ""


def _conversation_id(messages: Messages) -> str:
    return _id(messages[0]) or f"conv_{secrets.token_hex(8)}"


def _turn_count(messages: Messages) -> int:
    return sum(message["role"] == "user" for message in messages)


def _turns(messages: Messages) -> tuple[Turn, ...]:
    """What was said so far, without links and notes; bubbles that held nothing else are left out."""
    said = [(message["role"], render.plain_text(_text(message))) for message in messages[-RECENT_TURNS:]]
    return tuple(Turn(role=role, text=text) for role, text in said if text)


def _titles(conversations: list[dict[str, Any]] | None) -> list[tuple[str, str]]:
    return [(conversation["title"], conversation["id"]) for conversation in conversations or []]
