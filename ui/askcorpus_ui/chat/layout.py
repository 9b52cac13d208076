"""The page as it is laid out: its parts, its fonts and colours, and the texts that stand still."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

import gradio as gr
from gradio.themes.utils.fonts import Font, LocalFont

from askcorpus.search.query import LONGEST_QUESTION
from askcorpus.types import Filters
from askcorpus_ui.chat.address import query_of
from askcorpus_ui.chat.conversation import NO_FILTERS
from askcorpus_ui.chat.templates import fill
from askcorpus_ui.chat.translations import Strings, strings_for

CHOSEN = "chosen"
"""Where the page carries the documents that were chosen, and not which conversation it shows."""

_Chooser = TypeVar("_Chooser", bound=gr.Dropdown)


class Widgets(NamedTuple):
    """The parts of the page that events read or change."""

    menu: gr.Button
    header: gr.HTML
    turns: gr.HTML
    last: gr.HTML
    status: gr.HTML
    box: gr.Textbox
    chips: gr.HTML
    languages: gr.Dropdown
    sources: gr.Dropdown
    date_from: gr.Textbox
    date_to: gr.Textbox
    only: gr.JSON
    panel: gr.HTML
    new: gr.Button
    search: gr.Textbox
    past: gr.HTML
    markdown: gr.Button
    json: gr.Button
    exported: gr.Textbox
    theme: gr.Button
    place: gr.JSON
    address: gr.Textbox
    timer: gr.Timer

    @property
    def filters(self) -> list[gr.Dropdown | gr.Textbox | gr.JSON]:
        """What limits a question."""
        return [self.languages, self.sources, self.date_from, self.date_to, self.only]


def lay_out() -> Widgets:
    """The page's parts, in their places."""
    i18n = gr.I18n()  # names of texts, which `surface` sends along with the page
    english = strings_for("")  # until the page is filled
    place = gr.JSON(visible=False)  # which conversation the page shows; the server has it
    only = gr.JSON(visible=False, elem_id=CHOSEN)  # documents that were chosen from the list
    address = gr.Textbox(visible=False)
    timer = gr.Timer(1.0, active=False)
    with gr.Sidebar(open=False, width=320, elem_id="side"):
        search = gr.Textbox(
            label=i18n("search_conversations"),
            placeholder=i18n("search_conversations"),
            elem_id="search",
            max_length=200,
            max_lines=1,
            container=False,
        )
        past = _html("past", "past.js")
        with gr.Row(elem_id="exports"):
            markdown = gr.Button(i18n("export_markdown"), size="sm", elem_id="export")
            json = gr.Button(i18n("export_json"), size="sm", elem_id="export-json")
        exported = gr.Textbox(visible="hidden", elem_id="exported", label=i18n("export_markdown"))
    with gr.Row(elem_id="top"):
        menu = gr.Button("☰", size="sm", scale=0, min_width=40, elem_id="menu")
        header = gr.HTML(masthead(english, 0, "", ""), elem_id="masthead", apply_default_css=False)
        new = gr.Button(i18n("new_chat"), size="sm", scale=0, min_width=90, elem_id="new")
        theme = gr.Button("◐", size="sm", scale=0, min_width=40, elem_id="theme")
    with gr.Row(elem_id="desk"):
        with gr.Column(scale=7, min_width=320, elem_id="talk"):
            with gr.Column(elem_id="chat"):
                turns = _html("turns", "turns.js")
                last = _html("last", "turns.js")
            chips = _html("chips", "chips.js")
            with gr.Accordion(i18n("filters"), open=False, elem_id="filters"), gr.Row(elem_id="filter-row"):
                languages = _free(gr.Dropdown([], multiselect=True, label=i18n("languages")))
                sources = _free(gr.Dropdown([], multiselect=True, label=i18n("publishers")))
                date_from = _date("date-from", i18n("date_from"), "2022-09")
                date_to = _date("date-to", i18n("date_to"), "2023-01-31")
            box = gr.Textbox(
                elem_id="ask",
                label=i18n("question"),
                show_label=False,
                placeholder=i18n("ask"),
                lines=1,
                max_lines=5,
                max_length=LONGEST_QUESTION,
                submit_btn=english.send,
                stop_btn=False,
                interactive=False,  # until the page is filled, which would undo what was asked before
                autofocus=True,
                container=False,
            )
            status = gr.HTML(status_line(), elem_id="status", apply_default_css=False)
        with gr.Column(scale=5, min_width=300, elem_id="evidence"):
            panel = _html("panel", "panel.js")
    return Widgets(
        menu,
        header,
        turns,
        last,
        status,
        box,
        chips,
        languages,
        sources,
        date_from,
        date_to,
        only,
        panel,
        new,
        search,
        past,
        markdown,
        json,
        exported,
        theme,
        place,
        address,
        timer,
    )


def _date(name: str, label: Any, example: str) -> gr.Textbox:
    """A field for a year, a month or a day, to which `page.js` adds the browser's calendar."""
    return gr.Textbox(label=label, value="", placeholder=example, max_length=10, elem_id=name)


def _html(name: str, script: str) -> gr.HTML:
    """HTML that the server writes, with the script that listens to it."""
    code = files("askcorpus_ui.chat").joinpath(script).read_text("utf-8")
    return gr.HTML("", elem_id=name, js_on_load=code, apply_default_css=False)


def _free(component: _Chooser) -> _Chooser:
    """A component that takes any text as what was chosen.

    Gradio compares it with choices of its own, which it forgets at a restart, and answers 500 to what it does not know.
    """
    component.preprocess = lambda payload: payload  # type: ignore[method-assign]
    return component


def make_theme() -> gr.themes.Base:
    # Of the fonts that come with Gradio this one is complete in these two weights; others lack letters.
    """Fonts and colours; the colours are those of ``style.css``."""
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


def masthead(strings: Strings, count: int, first: str, last: str) -> str:
    """What stands above the chat: the name, how many documents there are, and of which years.

    It also brings the page's own script the words that it needs.
    """
    years = f"{first[:4]}–{last[:4]}" if first[:4] != last[:4] else first[:4]
    documents = strings.documents(count) if count else ""
    days = {"first": f"{first}-01-01"[:10] if first else "", "last": last if len(last) == len("2023-01-31") else ""}
    values = {"documents": documents, "years": years if count and first else ""} | days
    return fill("masthead.html", **values, strings=strings)


def welcome(
    strings: Strings, count: int, examples: Sequence[str], filters: Filters = NO_FILTERS, *, lost: bool = False
) -> str:
    """What an empty chat says, and the questions that it offers of the documents that pass; ``lost`` where its address
    names a conversation that this browser has not."""
    query = urlencode(query_of(filters))
    return fill("welcome.html", strings=strings, count=count, examples=examples, query=query, lost=lost)


def status_line(said: str = "", turn: int | None = None, answer_id: str = "", *, fault: str = "") -> str:
    """The line under the box, which may tell of a ``fault``: the message of an error, which stands in English behind
    what is said of it. ``data-turn`` tells tests which answer the line speaks of."""
    return fill("status.html", said=said, turn=turn, answer_id=answer_id, detail=fault)
