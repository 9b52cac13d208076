"""The chat in a real browser: what people do, and what they then see.

Each test waits for what the server wrote into the page (``data-turn``), never for a button or a time.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from askcorpus.feedback import read_feedback
from askcorpus_ui.chat import conversations, render
from askcorpus_ui.chat.conversation import Conversation, Exchange, Reply
from askcorpus_ui.chat.translations import strings_for
from openai_server import OpenAIServer
from pages import PHONE, ask, cite, faults, too_small
from scripted import DOCUMENTS, HOSTILE, ScriptedAssistant
from serving import ARTICLES, QUESTION

expect = pytest.importorskip("playwright.sync_api").expect

HARBOUR, PORT, MINA, EVIL = DOCUMENTS
ENGLISH = strings_for("en")


def test_a_citation_opens_its_sentence_in_its_place(page: Any) -> None:
    bubble = ask(page, "What did the council decide, and what do the pêcheurs want?")
    cite(bubble, 2).click()

    card = page.locator(".card.active")
    expect(card.locator("mark")).to_have_text(PORT.text[:76])
    expect(card.locator("mark")).to_be_in_viewport()
    expect(card.locator("mark strong")).to_have_text(PORT.text[13:18])
    expect(card.locator("blockquote")).to_contain_text("La mairie promet une réponse écrite avant Noël.")
    expect(card.locator("blockquote")).to_have_attribute("lang", "fr")
    expect(card).to_contain_text("Le Courrier du Littoral · October 2024 · French")
    expect(bubble.locator(".confidence summary")).to_have_text("Likely right")
    expect(bubble.get_by_role("link", name="2 sources")).to_be_visible()


def test_the_lines_of_an_item_are_as_far_in_as_its_first(page: Any) -> None:
    """The rest of an item that is longer than a line begins below its first word, not below or beyond its bullet."""
    told = " ".join(["and so on"] * 40)
    answer = {"kind": "answered", "text": f"Two:\n- {told}\n• {told}"}
    markup = render.turn(
        Conversation(id="x" * 22, title="t", exchanges=(Exchange(question="q", reply=Reply(**answer)),)), ENGLISH
    )
    page.locator("#last").evaluate("(last, markup) => (last.innerHTML = markup)", markup)
    starts = page.locator("p.item bdi").evaluate_all(
        """items => items.map(item => [...item.getClientRects()].filter(line => line.width > 20)
            .map(line => Math.round(line.left)))"""
    )
    assert [len(lines) > 2 and max(lines) - min(lines) <= 1 for lines in starts] == [True, True], starts


def test_a_marker_stands_in_its_box_in_a_list_too(page: Any) -> None:
    bubble = ask(page, "What did the council decide?")
    bubble.locator(".words p").evaluate("line => line.classList.add('item')")  # which hangs over its first line
    expect(cite(bubble, 1)).to_have_css("text-indent", "0px")


@pytest.mark.context(permissions=["clipboard-read", "clipboard-write"])
def test_a_citation_shows_its_quote_on_a_card(page: Any) -> None:
    bubble = ask(page, "What did the council decide, and what does the hostile page say?")
    card = page.locator("#cite-card")
    expect(card).not_to_be_visible()
    cite(bubble, 1).hover()
    expect(card).to_contain_text(HARBOUR.title)
    expect(card.locator(".meta")).to_have_text("Northport Gazette · 3 May 2024")
    expect(card.locator("blockquote")).to_have_text(HARBOUR.text[:72])
    card.get_by_text("Copy with source").click()
    begins = {
        "Text": f"“{HARBOUR.text[:72]}” — {HARBOUR.title}, Northport Gazette, 3 May 2024",
        "Markdown": f"> {HARBOUR.text[:72]}\n>\n> — *{HARBOUR.title}*, Northport Gazette, 3 May 2024",
        "BibTeX": f"@misc{{harbour,\n  title = {{{{{HARBOUR.title}}}}},",
        "CSL-JSON": '[\n  {\n    "id": "harbour",',
    }
    for name, begin in begins.items():
        card.get_by_role("button", name=name).click()
        expect(card.get_by_role("button", name="Copied")).to_be_visible()
        assert str(page.evaluate("navigator.clipboard.readText()")).startswith(begin)
        expect(card.get_by_role("button", name=name)).to_be_visible()
    assert faults(page) == [] and too_small(page) == []
    page.locator("#last .question").hover()
    expect(card).not_to_be_visible()

    cite(bubble, 1).focus()
    page.keyboard.press("Tab")
    expect(card.locator(".title")).to_have_text(EVIL.title)
    page.keyboard.press("Shift+Tab")
    expect(card.locator(".title")).to_have_text(HARBOUR.title)
    page.keyboard.press("Tab")
    expect(card.get_by_role("link", name="Open")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(card.get_by_role("button")).to_have_text([*begins])
    for _ in begins:
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(card.get_by_role("button").last).to_have_text("Copied")
    assert json.loads(page.evaluate("navigator.clipboard.readText()"))[0]["title"] == HARBOUR.title
    page.keyboard.press("Tab")
    expect(cite(bubble, 2)).to_be_focused()
    expect(card.locator(".title")).to_have_text(EVIL.title)
    page.keyboard.press("Shift+Tab")
    expect(cite(bubble, 1)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(cite(bubble, 1)).to_be_focused()
    page.keyboard.press("Tab")
    expect(card.locator(".title")).to_have_text(EVIL.title)
    assert HOSTILE.startswith(card.locator("blockquote").inner_text())
    assert page.evaluate("window.__x") is None and card.locator("img, script, b").count() == 0
    page.keyboard.press("Escape")
    expect(card).not_to_be_visible()


def test_a_card_whose_copies_come_late_has_them_once_and_leaves_another_card_where_it_is(page: Any) -> None:
    bubble = ask(page, "What did the council decide, and what does the hostile page say?")
    card, waiting = page.locator("#cite-card"), list[Any]()
    page.route("**/quotation/**", lambda route: waiting.append(route))
    cite(bubble, 1).hover()
    copying = card.get_by_text("Copy with source")
    for _ in range(3):
        copying.click()
    page.locator("#masthead").hover()
    expect(card).not_to_be_visible()
    cite(bubble, 2).hover()
    expect(card.locator(".title")).to_have_text(EVIL.title)
    place = card.bounding_box()
    assert len(waiting) == 1
    with page.expect_response("**/quotation/**"):
        waiting.pop().continue_()
    page.wait_for_timeout(200)
    assert card.bounding_box() == place

    cite(bubble, 1).hover()
    expect(card.locator(".title")).to_have_text(HARBOUR.title)
    for _ in range(3):
        copying.click()
    page.wait_for_timeout(200)
    for each in waiting:
        each.continue_()
    expect(card.get_by_role("button")).to_have_text(["Text", "Markdown", "BibTeX", "CSL-JSON"])


def test_a_citation_is_also_a_page_of_its_own(page: Any) -> None:
    link = cite(ask(page, "What did the council decide?"), 1)
    page.goto(link.get_attribute("href"))

    expect(page.locator("article")).to_have_text(HARBOUR.text)
    expect(page.locator("mark")).to_have_text(HARBOUR.text[:72])
    expect(page.get_by_role("heading")).to_have_text(HARBOUR.title)


def test_the_panel_leads_from_citation_to_citation(page: Any) -> None:
    bubble = ask(page, "What did the council decide, and what do the pêcheurs want?")
    marked, onward = page.locator(".card.active mark.active"), page.get_by_role("button", name="Next citation")
    onward.click()
    expect(marked).to_have_text(HARBOUR.text[:72])
    page.keyboard.press("Enter")  # the button keeps the keyboard
    expect(marked).to_have_text(PORT.text[:76])
    page.get_by_role("button", name="Previous citation").click()
    expect(marked).to_have_text(HARBOUR.text[:72])
    page.keyboard.press("Escape")
    expect(cite(bubble, 1)).to_be_focused()

    ask(page, "What did the council decide?", turn=2)
    expect(page.locator("#panel article")).to_have_count(1)
    expect(onward).to_have_count(0)


def test_the_page_of_a_source_leads_from_citation_to_citation_of_its_answer(page: Any) -> None:
    cite(ask(page, "What did the council decide, and what do the pêcheurs want?"), 1).click()
    alone = cite(ask(page, "What did the council decide?", turn=2), 1).get_attribute("href")
    page.locator("#turns").get_by_role("link", name="Source 1").click()
    there = page.locator(".card.active").get_by_role("link", name="Read the whole document").get_attribute("href")
    page.goto(there)
    quoted, onward = page.locator("mark#quote"), page.get_by_role("link", name="Next citation")
    expect(quoted).to_have_text(HARBOUR.text[:72])
    onward.click()
    expect(quoted).to_have_text(PORT.text[:76])
    expect(page.get_by_role("heading")).to_have_text(PORT.title)
    expect(quoted).to_be_in_viewport()
    page.get_by_role("searchbox").fill("la")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Previous citation").click()
    expect(quoted).to_have_text(HARBOUR.text[:72])
    page.get_by_role("link", name="Previous citation").click()  # from the first to the last, as in the panel
    expect(quoted).to_have_text(PORT.text[:76])
    assert [*faults(page), *too_small(page)] == []
    page.goto(alone)
    expect(quoted).to_have_text(HARBOUR.text[:72])
    expect(onward).to_have_count(0)  # of one citation
    expect(page.get_by_role("link", name="Back to the chat")).to_have_attribute("href", re.compile(r"/c/[\w-]{22}$"))
    page.context.clear_cookies()
    page.goto(there)
    expect(quoted).to_have_text(HARBOUR.text[:72])
    expect(onward).to_have_count(0)  # in another browser


def test_words_are_searched_for_inside_a_document(page: Any) -> None:
    link = cite(ask(page, "What did the council decide?"), 1)
    page.goto(link.get_attribute("href"))
    page.get_by_role("searchbox", name="Search in this document").fill("THE  ")
    page.keyboard.press("Enter")
    hits = page.get_by_role("list", name="Search in this document").get_by_role("link")
    expect(hits).to_have_count(HARBOUR.text.lower().count("the"))
    expect(page.locator("mark:target")).to_have_text("The")
    hits.nth(1).click()
    expect(page.locator("mark:target")).to_have_text("the")
    expect(page.locator("mark:target")).to_be_in_viewport()
    expect(page.locator("article")).to_have_text(HARBOUR.text)
    page.get_by_role("searchbox").fill("<b>nowhere</b>")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    page.keyboard.press("Enter")
    expect(page.locator("mark#quote")).to_have_text(HARBOUR.text[:72])


def test_a_sentence_without_support_is_named(page: Any) -> None:
    bubble = ask(page, "When did the council vote?")

    expect(bubble.locator(".unsupported")).to_contain_text("Not verified")
    expect(bubble.locator(".unsupported")).to_contain_text("It will be finished in 2031.")


def test_what_the_confidence_means_is_told_by_a_key_and_closes_again(page: Any) -> None:
    ask(page, "What did the council decide, and what do the pêcheurs want?")
    sure = page.locator("#last .confidence")
    told = sure.get_by_text("about 72%")
    expect(told).not_to_be_visible()
    sure.locator("summary").press("Enter")
    expect(told).to_be_visible()
    assert [*faults(page), *too_small(page)] == []
    page.keyboard.press("Tab")
    expect(sure.get_by_role("link", name="2 sources")).to_be_focused()
    sure.locator("summary").press("Enter")
    expect(told).not_to_be_visible()


def test_an_abstention_looks_different_and_shows_what_is_near(page: Any) -> None:
    bubble = ask(page, "Who won the world cup?")

    expect(bubble).to_contain_text("The corpus does not say.")
    expect(bubble.locator("a.cite")).to_have_count(0)
    expect(bubble.locator("details")).to_have_count(0)
    assert bubble.evaluate("each => getComputedStyle(each).borderLeftWidth") == "3px"
    expect(page.locator("#panel h2")).to_have_text("Nearest passages")
    expect(page.locator("#panel article")).to_have_count(3)
    expect(page.locator("#status")).to_contain_text("No answer in the documents")


def test_hostile_text_is_only_text(page: Any) -> None:
    bubble = ask(page, "What does the hostile page say?")
    cite(bubble, 1).click()
    card = page.locator(".card.active")

    expect(card.locator("blockquote")).to_contain_text(HOSTILE[:250])  # all of it is on the page of its own, below
    expect(card.locator("h3")).to_have_text(EVIL.title)
    expect(card).to_contain_text("scraped <i>site</i>")
    expect(bubble.locator("p").first).to_contain_text(HOSTILE[: HOSTILE.index(". ") + 1])
    assert page.evaluate("window.__x") is None
    assert page.locator("#chat img, #panel img, #panel script, #chat script").count() == 0
    addresses = page.locator("#chat a, #panel a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert all(address.startswith("source/") for address in addresses)
    page.goto(addresses[0])
    expect(page.locator("article")).to_have_text(HOSTILE)
    assert page.evaluate("window.__x") is None


def test_a_hostile_question_is_only_text(page: Any) -> None:
    question = "<img src=x onerror='window.__x=1'> ![p](http://outside.invalid/p.png) [l](javascript:1) *why* $$x$$"
    ask(page, question)

    expect(page.locator("#last .question")).to_have_text(question)
    assert page.evaluate("window.__x") is None


def test_a_follow_up_brings_what_was_said(page: Any, assistant: ScriptedAssistant) -> None:
    ask(page, "What did the council decide?")
    ask(page, "And then?", turn=2)

    assert [turn.text for turn in assistant.asked[-1][1]] == ["What did the council decide?", HARBOUR.text[:72]]


def test_filters_limit_the_question(page: Any, assistant: ScriptedAssistant) -> None:
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Language").click()
    page.get_by_role("option", name="French (1)").click()
    page.get_by_label("From", exact=True).fill("2024-10")
    bubble = ask(page, "What do the pêcheurs want?")

    assert assistant.asked[-1][2].languages == ("fr",)
    assert assistant.asked[-1][2].date_from == "2024-10"
    expect(bubble).to_contain_text("Limited to: French, From October 2024")


def test_an_example_is_a_question(page: Any) -> None:
    page.get_by_role("button", name="Council backs tidal barrier").click()
    page.locator('#status [data-turn="1"]').wait_for(state="attached")

    expect(page.locator("#last .answer")).to_contain_text(HARBOUR.text[:72])


def test_a_second_example_waits_in_the_box_while_the_first_is_asked(page: Any) -> None:
    offered = page.locator("#last [data-act=example]")
    expect(offered.nth(1)).to_be_visible()
    first, second = offered.all_inner_texts()[:2]
    box = page.locator("#ask textarea")
    page.evaluate("[0, 1].map(at => document.querySelectorAll('#last [data-act=example]')[at]).map(one => one.click())")
    expect(box).to_have_value(second)
    page.locator('#status [data-turn="1"]').wait_for(state="attached")
    expect(page.locator("#last .question")).to_have_text(first)
    expect(box).to_have_value(second)
    box.press("Enter")
    expect(page.locator("#last .question")).to_have_text(second)
    page.locator('#status [data-turn="2"]').wait_for(state="attached")

    page.get_by_role("button", name="New chat").click()
    offered.first.dblclick()
    page.locator('#status [data-turn="1"]').wait_for(state="attached")
    expect(box).to_have_value("")


def test_where_some_documents_are_chosen_these_are_asked_about(page: Any) -> None:
    offered = page.locator("#last .examples button")
    expect(offered).to_have_count(2)
    page.goto("/?date_from=2024")
    expect(page.locator("#chips")).to_contain_text("From 2024")
    expect(offered).to_have_text(["What is said about “Council backs tidal barrier”?"])
    page.locator("#chips [data-act=remove]").click()
    expect(offered).to_have_count(2)


def test_the_keyboard_stays_where_something_was_pressed_in_the_conversation(page: Any) -> None:
    question = page.locator("#last .question")
    page.get_by_role("button", name="Council backs tidal barrier").press("Enter")
    expect(question).to_be_focused()
    page.get_by_role("button", name="Retry").press("Enter")
    page.wait_for_function("!askcorpus.isBusy()")
    expect(question).to_be_focused()
    editing = page.locator("#last .field textarea")
    button = page.get_by_role("button", name="Edit question")
    button.press("Enter")
    expect(editing).to_be_focused()
    editing.press("Escape")
    expect(button).to_be_focused()
    button.press("Enter")
    editing.press("Enter")  # as it was
    expect(button).to_be_focused()
    button.click()
    button.click()
    expect(editing).to_have_count(0)
    button.press("Enter")
    editing.fill("What do the pêcheurs want?")
    editing.press("Enter")
    expect(question).to_have_text("What do the pêcheurs want?")
    expect(question).to_be_focused()


def test_a_question_that_the_server_never_had_is_in_the_box_after_a_reload(page: Any) -> None:
    box = page.locator("#ask textarea")
    box.fill("Who opposes the council?")
    held: list[Any] = []
    page.route("**/run/predict*", lambda route: held.append(route))
    with page.expect_request("**/run/predict*"):
        box.press("Enter")
    page.unroute("**/run/predict*")
    page.reload()
    expect(box).to_have_value("Who opposes the council?")
    box.press("Enter")
    page.locator('#status [data-turn="1"]').wait_for(state="attached")
    page.reload()
    expect(page.locator("#last .question")).to_have_text("Who opposes the council?")
    expect(box).to_have_value("")


def test_after_an_answer_what_may_be_asked_next_is_a_click(page: Any, assistant: ScriptedAssistant) -> None:
    ask(page, "What do the pêcheurs want?")
    offered = page.locator("#last").get_by_role("list", name="Next questions").get_by_role("button")
    expect(offered).to_have_text([f"What is said about “{one.title}”?" for one in (HARBOUR, EVIL)])
    assert page.locator("#last .next b").count() == 0
    offered.first.focus()
    page.keyboard.press("Enter")
    page.locator('#status [data-turn="2"]').wait_for(state="attached")
    assert assistant.asked[-1][0] == f"What is said about “{HARBOUR.title}”?"
    expect(page.locator("#turns .next")).to_have_count(0)
    expect(offered).to_have_text([f"What is said about “{one.title}”?" for one in (EVIL,)])
    page.wait_for_load_state("networkidle")
    page.reload()
    expect(offered).to_have_count(1)
    ask(page, "Who won?", turn=3)
    page.wait_for_load_state("networkidle")
    expect(offered).to_have_count(0)


def test_a_reply_that_breaks_off_takes_nothing_else_with_it(page: Any) -> None:
    broken = "[{"
    page.route("**/next/**", lambda route: route.fulfill(content_type="application/json", body=broken))
    page.route("**/quotation/**", lambda route: route.fulfill(content_type="application/json", body=broken))
    bubble = ask(page, "What did the council decide?")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#last .next")).to_have_count(0)
    cite(bubble, 1).hover()
    card = page.locator("#cite-card")
    card.get_by_text("Copy with source").click()
    expect(card.get_by_role("button")).to_have_text(["Text"])


def test_an_answer_is_brought_into_view_when_it_is_there(page: Any) -> None:
    page.set_viewport_size({"width": 1280, "height": 420})
    ask(page, "What did the council decide?")
    ask(page, "What do the pêcheurs want?", turn=2)
    # Its question stands at the top, or the chat has no further to go.
    page.wait_for_function("""() => {
        const chat = document.querySelector("#chat"), turn = document.querySelector("#last [data-turn]");
        const above = turn.getBoundingClientRect().top - chat.getBoundingClientRect().top;
        return Math.abs(above) < 3 || chat.scrollHeight - chat.clientHeight - chat.scrollTop < 3;
    }""")


def test_stop_keeps_what_was_written_and_stops_the_model(page: Any, assistant: ScriptedAssistant) -> None:
    before = assistant.abandoned
    page.locator("#ask textarea").fill("slow council")
    page.locator("#ask textarea").press("Enter")
    bubble = page.locator("#last .answer")
    expect(bubble).to_contain_text("The council")
    page.get_by_role("button", name="Stop", exact=True).click()

    expect(bubble).to_contain_text("Stopped before the end")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    written = bubble.inner_text()
    ask(page, "What do the pêcheurs want?", turn=2)
    expect(page.locator("#turns .answer")).to_have_text(written, use_inner_text=True)
    assert assistant.abandoned == before + 1


def test_retry_answers_again(page: Any) -> None:
    ask(page, "What did the council decide?")
    first = page.locator("#status [data-answer]").get_attribute("data-answer")
    page.get_by_role("button", name="Retry").click()

    page.locator(f'#status [data-turn="1"]:not([data-answer="{first}"])').wait_for(state="attached")
    expect(page.locator("#chat .answer")).to_have_count(1)


def test_a_failure_is_told_with_what_exactly_failed(page: Any) -> None:
    bubble = ask(page, "broken model")

    expect(bubble.locator(".failed")).to_contain_text("A model that answers need does not work.")
    expect(bubble.locator(".detail")).to_have_text("The model's server does not answer. Start it again.")
    expect(ask(page, "What did the council decide?", turn=2)).to_contain_text(HARBOUR.text[:72])


def test_a_conversation_has_an_address_that_reload_back_and_the_list_lead_to(page: Any, address: str) -> None:
    ask(page, "What did the council decide?")
    page.wait_for_url(re.compile(r"/c/[\w-]{22}$"))
    there = page.url
    page.reload()
    answer = page.locator("#last .answer")
    expect(answer).to_contain_text(HARBOUR.text[:72])
    cite(answer, 1).click()
    expect(page.locator("mark#source-1")).to_have_text(HARBOUR.text[:72])

    page.get_by_role("button", name="New chat").click()
    expect(page.locator("#last .welcome")).to_be_visible()
    expect(page.locator("#ask textarea")).to_be_focused()
    page.wait_for_url(f"{address}/")
    page.go_back()
    page.wait_for_url(there)
    expect(answer).to_contain_text(HARBOUR.text[:72])

    page.get_by_role("button", name="New chat").click()
    page.get_by_role("button", name="Earlier conversations").click()
    page.locator("#past").get_by_role("link", name="What did the council decide?").first.click()
    page.wait_for_url(there)
    expect(answer).to_contain_text(HARBOUR.text[:72])
    assert set(page.evaluate("Object.keys(localStorage)")) == set()


def test_a_conversation_that_is_not_here_is_said_to_be_so_and_nobody_is_caught_in_its_address(page: Any) -> None:
    told = page.get_by_role("alert")
    for there in ("Of-nobody_and-of-no-1A", ask(page, "What did the council decide?") and page.url.rsplit("/", 1)[1]):
        page.context.clear_cookies()  # from here on another browser
        page.goto("/source/harbour")
        page.goto(f"/c/{there}")
        expect(told).to_have_text(ENGLISH.not_here)
        assert faults(page) == []
        page.go_back()
        page.wait_for_url("**/source/harbour")
    page.goto(f"/c/{there}")
    expect(told).to_be_visible()
    expect(ask(page, "What do the pêcheurs want?")).to_contain_text(PORT.text[:76])
    expect(told).to_have_count(0)


def test_what_is_about_to_be_deleted_is_so_no_more_after_escape_or_anything_else(page: Any) -> None:
    ask(page, "What do the pêcheurs want?")
    menu, sure = page.get_by_role("button", name="Earlier conversations"), page.get_by_text("Really delete?")
    delete = page.locator("#past li.current").get_by_role("button", name="Delete")
    menu.click()
    delete.click()
    expect(sure).to_be_visible()
    page.keyboard.press("Escape")
    expect(sure).to_have_count(0)
    menu.click()
    delete.click()
    page.locator("#search textarea, #search input").click()
    expect(sure).to_have_count(0)
    delete.click()
    sure.click()
    expect(page.locator("#last .welcome")).to_be_visible()


def test_nothing_is_exported_where_nothing_is_open(page: Any) -> None:
    menu, export = page.get_by_role("button", name="Earlier conversations"), page.locator("#exports button")
    menu.click()
    expect(page.locator("#search")).to_be_visible()
    expect(export.first).not_to_be_visible()
    page.keyboard.press("Escape")
    ask(page, "What do the pêcheurs want?")
    menu.click()
    expect(export.first).to_be_visible()


@pytest.mark.context(timezone_id="Pacific/Kiritimati")
def test_the_list_of_conversations_tells_the_time_by_the_readers_clock(page: Any) -> None:
    ask(page, "What do the pêcheurs want?")
    told = page.locator("#past time").first
    expect(told).to_have_attribute("datetime", re.compile("^20.*Z$"))
    asked = datetime.fromisoformat(told.get_attribute("datetime") or "")
    there = asked + timedelta(hours=14)
    expect(told).to_have_text(there.strftime("%H:%M"))
    assert abs(datetime.now(UTC) - asked) < timedelta(minutes=5)


@pytest.mark.context(locale="ar-EG")
def test_in_arabic_the_steps_from_citation_to_citation_point_outwards(page: Any) -> None:
    """The characters are turned around by the direction of their text: turned once more they would point inwards."""
    ask(page, "What did the council decide, and what do the pêcheurs want?")
    for step in page.locator(".panel-step").all():
        expect(step).to_have_css("direction", "rtl")
        expect(step).to_have_css("transform", "none")


def test_a_print_names_the_sources_of_every_answer(page: Any) -> None:
    for number in (1, 2):
        ask(page, "What did the council decide, and what do the pêcheurs want?", number)
    expect(page.locator(".turn .cited")).to_have_count(2)
    expect(page.locator(".cited").first).not_to_be_visible()
    page.emulate_media(media="print")
    for cited in page.locator(".turn .cited").all():
        expect(cited.locator("li")).to_have_count(2)
        for told, date in ((HARBOUR, "3 May 2024"), (PORT, "October 2024")):
            for text in (told.title, told.source, date, told.text[:72]):
                expect(cited).to_contain_text(text)


def test_a_calendar_stays_in_its_field_whatever_else_is_chosen(page: Any) -> None:
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Language", exact=True).click()
    page.get_by_role("option", name="French (1)").click()
    expect(page.locator("#chips button")).to_have_count(1)
    for name in ("#date-from", "#date-to"):
        field, icon = (page.locator(f"{name} {each}").bounding_box() for each in ("textarea", ".pick"))
        assert field["y"] <= icon["y"] and icon["y"] + icon["height"] <= field["y"] + field["height"]


def test_conversations_are_renamed_found_and_deleted(page: Any) -> None:
    ask(page, "What do the pêcheurs want?")
    page.get_by_role("button", name="Earlier conversations").click()
    current = page.locator("#past li.current")
    current.get_by_role("button", name="Rename").click()
    current.locator("textarea").fill("Nets <b>and</b> gates")
    current.locator("textarea").press("Enter")
    expect(current.get_by_role("link")).to_have_text("Nets <b>and</b> gates")
    expect(page).to_have_title("Nets <b>and</b> gates · askcorpus")
    page.locator("#search textarea, #search input").fill("nothing like it")
    expect(page.locator("#past")).to_contain_text("Nothing found.")
    page.locator("#search textarea, #search input").fill("GATES nets")
    expect(page.locator("#past li")).to_have_count(1)
    current.get_by_role("button", name="Delete").click()
    current.get_by_role("button", name="Really delete?").click()
    expect(page.locator("#last .welcome")).to_be_visible()


def test_the_keyboard_stays_in_the_list_of_conversations(page: Any) -> None:
    ask(page, "What do the pêcheurs want?")
    page.get_by_role("button", name="New chat").click()
    expect(page.locator("#last .welcome")).to_be_visible()
    ask(page, "What did the council decide?")
    page.get_by_role("button", name="Earlier conversations").click()
    expect(page.locator("#past li")).to_have_count(2)
    page.wait_for_load_state("networkidle")  # after which the list is not shown anew
    other = page.locator("#past li:not(.current)").first
    other.get_by_role("button", name="Rename").press("Enter")
    other.locator("textarea").press("Escape")
    expect(other.get_by_role("button", name="Rename")).to_be_focused()
    other.get_by_role("button", name="Rename").press("Enter")
    other.locator("textarea").fill("Nets")
    other.locator("textarea").press("Enter")
    expect(other.get_by_role("link")).to_have_text("Nets")
    expect(other.get_by_role("link")).to_be_focused()
    other.get_by_role("button", name="Delete").press("Enter")
    other.get_by_role("button", name="Really delete?").press("Enter")
    expect(page.locator("#past li")).to_have_count(1)
    expect(page.locator("#past li a")).to_be_focused()


def test_an_empty_box_asks_nothing_and_changes_nothing(page: Any, assistant: ScriptedAssistant) -> None:
    answer = ask(page, "What did the council decide?")
    asked = len(assistant.asked)
    page.locator("#ask textarea").press("Enter")
    page.locator("#ask textarea").fill("   ")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.wait_for_timeout(500)

    expect(answer).to_contain_text(HARBOUR.text[:72])
    expect(page.locator("#panel article")).to_have_count(1)
    assert len(assistant.asked) == asked


def test_a_second_question_is_told_to_wait_and_escape_stops(page: Any, assistant: ScriptedAssistant) -> None:
    box, asked = page.locator("#ask textarea"), len(assistant.asked)
    box.fill("slow council")
    box.press("Enter")
    expect(page.locator("#last .answer")).to_contain_text("The council")
    box.fill("And the pêcheurs?")
    box.press("Enter")
    expect(page.locator("#status")).to_contain_text("still being written")
    expect(box).to_have_value("And the pêcheurs?")
    box.press("Escape")
    expect(page.locator("#last .answer")).to_contain_text("Stopped before the end")
    assert len(assistant.asked) == asked + 1


def test_new_chat_stops_the_answer(page: Any, assistant: ScriptedAssistant) -> None:
    before = assistant.abandoned
    page.locator("#ask textarea").fill("slow council")
    page.locator("#ask textarea").press("Enter")
    expect(page.locator("#last .answer")).to_contain_text("The council")
    page.get_by_role("button", name="New chat").click()

    expect(page.locator("#last .welcome")).to_be_visible()
    expect(ask(page, "What do the pêcheurs want?")).to_contain_text(PORT.text[:76])
    assert assistant.abandoned == before + 1


LATE = """const now = window.setTimeout;
const isStreamed = (rest) => rest[0]?.msg?.startsWith("process_");
window.setTimeout = (act, wait, ...rest) => now(act, isStreamed(rest) ? wait + 1000 : wait, ...rest);"""
"""On the page, everything that is streamed comes a second later than what is answered at once."""


def test_what_comes_late_of_a_stopped_answer_changes_nothing_more(page: Any) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate(LATE)
    box, answer = page.locator("#ask textarea"), page.locator("#last .answer")
    box.fill("slow council")
    box.press("Enter")
    expect(answer).to_contain_text("The council")
    box.press("Escape")
    expect(answer).to_contain_text("Stopped before the end")
    box.fill("slow council again")
    box.press("Enter")
    expect(page.locator("#last .question")).to_have_text("slow council again")
    expect(answer).to_contain_text("The council")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    box.press("Escape")
    expect(answer).to_contain_text("Stopped before the end")
    page.wait_for_timeout(1500)
    expect(answer).to_contain_text("Stopped before the end")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_what_comes_late_of_an_answer_is_not_shown_in_a_new_chat(page: Any) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate(LATE)
    page.locator("#ask textarea").fill("slow council")
    page.locator("#ask textarea").press("Enter")
    expect(page.locator("#last .answer")).to_contain_text("The council")
    page.get_by_role("button", name="New chat").click()
    expect(page.locator("#last .welcome")).to_be_visible()
    page.wait_for_timeout(1500)
    expect(page.locator("#last .welcome")).to_be_visible()
    expect(page.locator("#ask textarea")).to_be_focused()


def test_an_edited_question_leaves_the_first_conversation_as_it_was(page: Any) -> None:
    ask(page, "What did the council decide?")
    page.wait_for_url(re.compile("/c/"))
    there = page.url
    page.get_by_role("button", name="Edit question").click()
    page.locator(".field textarea").fill("What do the pêcheurs want?")
    page.locator(".field textarea").press("Enter")
    expect(page.locator("#last .answer")).to_contain_text(PORT.text[:76])
    assert page.url != there
    page.goto(there)
    expect(page.locator("#last .answer")).to_contain_text(HARBOUR.text[:72])


def test_a_filter_is_a_chip_that_can_be_taken_away(page: Any) -> None:
    page.wait_for_load_state("networkidle")  # Gradio logs an error for each event that leaving the page cuts off
    page.goto("/?language=fr&document=peche/barrage")
    chips = page.locator("#chips button")
    expect(chips).to_have_text([re.compile("French"), re.compile(PORT.title)])
    page.get_by_role("button", name="Remove filter: French").click()
    expect(chips).to_have_count(1)
    ask(page, "Who won?")
    page.get_by_role("button", name="Ask without filters").click()
    expect(chips).to_have_count(0)
    expect(page.locator("#last .answer")).to_contain_text("4 documents searched")


def test_filters_that_leave_nothing_are_told_and_taken_away_by_a_click(page: Any) -> None:
    page.locator("#filters > button").click()
    page.get_by_label("From", exact=True).fill("2023-13")
    page.keyboard.press("Tab")
    chips = page.locator("#chips")
    expect(chips).to_contain_text("“2023-13” is not a date.")
    page.locator("#filters > button").click()  # folded, it is still to be seen
    expect(chips.get_by_role("button", name="Remove all filters")).to_be_visible()
    answer = ask(page, "What did the council decide?")
    expect(answer.locator(".failed")).to_contain_text("“2023-13” is not a date.")
    expect(answer.locator(".detail")).to_contain_text("2023-13 is not a date.")
    expect(answer).to_contain_text("Limited to: From")
    page.get_by_role("button", name="Ask without filters").click()
    expect(answer).to_contain_text(HARBOUR.text[:72])
    expect(chips.get_by_role("button")).to_have_count(0)

    page.locator("#filters > button").click()
    page.get_by_label("From", exact=True).fill("2099")
    page.keyboard.press("Tab")
    expect(chips).to_contain_text("No document passes these filters.")
    chips.get_by_role("button", name="Remove all filters").click()
    expect(chips.get_by_role("button")).to_have_count(0)
    expect(page.get_by_label("From", exact=True)).to_have_value("")


def test_a_failure_that_no_filter_made_does_not_blame_them(page: Any) -> None:
    page.wait_for_load_state("networkidle")
    page.goto("/?language=fr")
    expect(page.locator("#chips")).to_contain_text("1 of 4 documents")
    answer = ask(page, "broken model")
    expect(answer.locator(".failed")).to_be_visible()
    expect(page.get_by_role("button", name="Ask without filters")).to_have_count(0)


def test_a_day_is_chosen_from_the_browsers_own_calendar(page: Any, assistant: ScriptedAssistant) -> None:
    page.get_by_role("button", name="Filters").click()
    day = page.locator("#date-from input[type=date]")
    expect(day).to_have_attribute("min", "2023-01-01")
    expect(day).to_have_attribute("max", "2024-11-02")
    page.evaluate("HTMLInputElement.prototype.showPicker = function () { window.shown = this.value }")
    page.get_by_label("From", exact=True).fill("2024-10-01")
    page.get_by_role("button", name="From: Choose a date").click()
    assert page.evaluate("window.shown") == "2024-10-01"
    day.evaluate("day => { day.value = '2024-11-01'; day.dispatchEvent(new Event('change')) }")
    expect(page.get_by_label("From", exact=True)).to_have_value("2024-11-01")
    expect(page.locator("#chips")).to_contain_text("From 1 November 2024")
    expect(page.locator("#chips")).to_contain_text("1 of 4 documents")
    ask(page, "council?")
    assert assistant.asked[-1][2].date_from == "2024-11-01"


def test_an_export_is_a_markdown_file(page: Any) -> None:
    ask(page, "What did the council decide?")
    page.get_by_role("button", name="Earlier conversations").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as Markdown").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")

    assert download.value.suggested_filename == "askcorpus.md"
    assert "## What did the council decide?" in text
    assert f"> {HARBOUR.text[:72]}" in text


@contextmanager
def broken(data: Path, change: str, mend: str) -> Iterator[None]:
    """The database of conversations, of which something fails for a while."""
    with closing(sqlite3.connect(data / "conversations.sqlite3", isolation_level=None)) as connection:
        connection.execute(change)
        try:
            yield
        finally:
            connection.execute(mend)


def refusing(what: str) -> tuple[str, str]:
    refuse = f"CREATE TRIGGER refused BEFORE {what} BEGIN SELECT RAISE(ABORT, 'no room'); END"
    return refuse, "DROP TRIGGER refused"


@pytest.mark.at("writer")
def test_sources_stand_there_before_a_model_writes_its_first_word(page: Any, llm: OpenAIServer) -> None:
    llm.queue("The harbour of Ostende closed on Friday because of a storm [1].")
    llm.writing.clear()
    page.locator("#ask textarea").fill(QUESTION)
    page.locator("#ask textarea").press("Enter")
    expect(page.locator("#panel")).to_contain_text("The harbour of Ostende closed on Friday because of a storm.")
    expect(page.locator("#last .searching")).to_be_visible()
    expect(page.locator("#last .words")).to_have_count(0)
    llm.writing.set()
    answer = page.locator("#last .answered")
    expect(answer).to_contain_text("because of a storm [1].")
    cite(answer, 1).click()
    expect(page.locator(".card.active mark.active")).to_contain_text("The harbour of Ostende closed on Friday")


@pytest.mark.at("writer")
def test_a_follow_up_says_how_it_was_understood_and_is_asked_without_context(page: Any, llm: OpenAIServer) -> None:
    understood = "Why did the harbour of Ostende close on Friday?"
    llm.queue("The harbour of Ostende closed on Friday because of a storm [1].", understood)
    llm.queue("The harbour of Ostende closed on Friday because of a storm [1].", "Ferries sailed from Zeebrugge [1].")
    ask(page, QUESTION)
    follow = ask(page, "And why on Friday?", turn=2)
    expect(page.locator("#last .understood")).to_contain_text(understood)
    expect(follow).to_contain_text("because of a storm")
    there = page.url
    page.get_by_role("button", name="Ask without context").click()
    expect(page.locator("#chat .question")).to_have_text(["And why on Friday?"])
    page.locator('#status [data-turn="1"]').wait_for(state="attached")
    expect(page.locator("#last .understood")).to_have_count(0)
    assert page.url != there
    sent = [message["content"] for message in llm.requests[-1]["messages"]]
    assert not any(QUESTION in text for text in sent)


def test_new_chat_takes_the_filters_away(page: Any, assistant: ScriptedAssistant) -> None:
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Language").click()
    page.get_by_role("option", name="French (1)").click()
    page.keyboard.press("Escape")
    page.get_by_label("From", exact=True).fill("2024-10")
    ask(page, "What do the pêcheurs want?")
    assert assistant.asked[-1][2].languages == ("fr",)
    expect(page.locator("#chips button")).to_have_count(2)
    page.get_by_role("button", name="New chat").click()
    expect(page.locator("#last .welcome")).to_be_visible()
    expect(page.locator("#chips button")).to_have_count(0)
    expect(page.get_by_label("From", exact=True)).to_have_value("")
    ask(page, "What did the council decide?")
    assert not assistant.asked[-1][2]


def test_of_filters_that_are_chosen_in_haste_all_are_shown(page: Any) -> None:
    holding, waiting = True, list[Any]()

    def hold(route: Any) -> None:
        if holding:
            waiting.append(route)
        else:
            route.continue_()

    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Language").click()
    page.route("**/run/predict*", hold)
    page.get_by_role("option", name="French (1)").click()
    page.keyboard.press("Escape")
    page.get_by_label("From", exact=True).fill("2024-10")
    page.keyboard.press("Tab")
    page.wait_for_timeout(1000)
    holding = False
    for route in reversed(waiting):
        with page.expect_response("**/run/predict*"):
            route.continue_()
    expect(page.locator("#chips button")).to_have_count(2)


def test_an_earlier_question_is_edited_with_what_was_said_before_it(page: Any, assistant: ScriptedAssistant) -> None:
    for turn, question in enumerate(("What did the council decide?", "What does the hostile page say?", "Who won?"), 1):
        ask(page, question, turn=turn)
    there = page.url
    page.locator("#turns article").nth(1).get_by_role("button", name="Edit question").click()
    field = page.locator(".field textarea")
    expect(field).to_have_value("What does the hostile page say?")
    field.fill("What do the pêcheurs want?")
    field.press("Enter")
    expect(page.locator("#last .answer")).to_contain_text(PORT.text[:76])
    expect(page.locator("#chat .question")).to_have_text(["What did the council decide?", "What do the pêcheurs want?"])
    assert [turn.text for turn in assistant.asked[-1][1]] == ["What did the council decide?", HARBOUR.text[:72]]
    page.wait_for_load_state("networkidle")
    page.goto(there)
    expect(page.locator("#chat .question")).to_have_count(3)


@pytest.mark.context(locale="fr-FR")
def test_a_conversation_that_cannot_be_changed_or_exported_is_told_and_nothing_is_lost(page: Any, data: Path) -> None:
    ask(page, "What did the council decide?")
    page.get_by_role("button", name="Conversations précédentes").click()
    status, current = page.locator("#status"), page.locator("#past li.current")
    with broken(data, *refusing("UPDATE OF title ON conversations")):
        current.get_by_role("button", name="Renommer").click()
        current.locator("textarea").fill("Nets and gates")
        current.locator("textarea").press("Enter")
        expect(status).to_contain_text("La conversation n’a pas pu être renommée")
        expect(current.locator("textarea")).to_have_value("Nets and gates")
        expect(current.get_by_role("link")).to_have_text("What did the council decide?")
    current.locator("textarea").press("Enter")
    expect(current.get_by_role("link")).to_have_text("Nets and gates")
    expect(status).not_to_contain_text("pas pu")

    with broken(data, "ALTER TABLE turns RENAME TO gone", "ALTER TABLE gone RENAME TO turns"):
        downloads: list[Any] = []
        page.on("download", lambda download: downloads.append(download))
        for kind in ("Markdown", "JSON"):
            page.get_by_role("button", name=kind).click()
            expect(status).to_contain_text("La conversation n’a pas pu être exportée")
            page.locator("#last a.cite").first.evaluate("link => link.click()")
            expect(status).to_contain_text("Le serveur n’arrive pas à lire ou à écrire ses données")
        assert downloads == []

    with broken(data, *refusing("DELETE ON conversations")):
        current.get_by_role("button", name="Supprimer").click()
        current.get_by_role("button", name="Vraiment").click()
        expect(status).to_contain_text("La conversation n’a pas pu être supprimée")
        page.locator("#search textarea, #search input").fill("nothing like it")
        expect(page.locator("#past li")).to_have_count(0)
        page.locator("#search textarea, #search input").fill("")
        expect(current.get_by_role("link")).to_have_text("Nets and gates")
    expect(page.locator("#last .answer")).to_contain_text(HARBOUR.text[:72])
    assert page.locator(".toast-body").count() == 0


FAULTS = {
    "fr-FR": ("Un modèle nécessaire aux réponses ne fonctionne pas.", "Le serveur n’arrive pas à lire ou à écrire"),
    "de-DE": ("Ein Modell, das zum Antworten gebraucht wird, arbeitet nicht.", "Der Server kann seine Daten nicht"),
    "es-ES": ("Un modelo necesario para responder no funciona.", "El servidor no puede leer o guardar sus datos"),
    "ar-EG": ("لا يعمل نموذج تحتاج إليه الإجابات.", "يتعذّر على الخادم قراءة بياناته أو حفظها"),
}
"""What a model and a disk that fail are called."""


@pytest.mark.parametrize(
    ("model", "disk"), [pytest.param(*told, marks=pytest.mark.context(locale=of)) for of, told in FAULTS.items()]
)
def test_what_went_wrong_is_told_in_the_readers_language(page: Any, data: Path, model: str, disk: str) -> None:
    answer, status = ask(page, "broken model"), page.locator("#status")
    expect(answer.locator(".failed")).to_contain_text(model)
    expect(answer.locator(".detail[lang=en]")).to_have_text("The model's server does not answer. Start it again.")
    with broken(data, *refusing("INSERT ON turns")):
        answer = ask(page, "What do the pêcheurs want?", turn=2)
        expect(answer).to_contain_text(PORT.text[:76])
        language = page.evaluate("document.documentElement.lang")
        expect(answer.locator(".unkept")).to_have_text(strings_for(language).unkept)
        assert faults(page) == []
        page.reload()  # it is still there
        expect(page.locator("#last .unkept")).to_be_visible()
        page.wait_for_load_state("networkidle")
    ask(page, "What did the council decide?", turn=3)  # now all is written down
    expect(page.locator(".unkept")).to_have_count(0)
    with broken(data, "ALTER TABLE turns RENAME TO gone", "ALTER TABLE gone RENAME TO turns"):
        page.reload()
        expect(status).to_contain_text(disk)
        page.wait_for_load_state("networkidle")


@pytest.mark.context(**PHONE)
def test_on_a_phone_what_went_wrong_is_told_over_the_list_of_conversations(page: Any, data: Path) -> None:
    ask(page, "What did the council decide?")
    page.get_by_role("button", name="Earlier conversations").tap()
    current = page.locator("#past li.current")
    with broken(data, *refusing("DELETE ON conversations")):
        current.get_by_role("button", name="Delete").tap()
        current.get_by_role("button", name="Really delete?").tap()
        said = page.locator("#status")
        expect(said).to_contain_text("The conversation could not be deleted")
    middle = said.evaluate(
        "each => { const b = each.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] }"
    )
    assert said.evaluate("(each, [x, y]) => each.contains(document.elementFromPoint(x, y))", middle)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_question_that_is_not_taken_stays_where_it_was_written(
    page: Any, data: Path, stopped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "_MOST_UNKEPT_BYTES", 0)  # no more in memory either
    box, field = page.locator("#ask textarea"), page.locator(".field textarea")
    if stopped:
        box.fill("slow council")
        box.press("Enter")
        expect(page.locator("#last .answer")).to_contain_text("The council")
        box.press("Escape")
        expect(page.locator("#last .answer")).to_contain_text("Stopped before the end")
        page.wait_for_function("!askcorpus.isBusy()")
    else:
        ask(page, "What did the council decide?")
    with broken(data, *refusing("INSERT ON turns")):
        box.fill("What do the pêcheurs want?")
        box.press("Enter")
        expect(page.locator("#status")).to_contain_text("No more conversations")
        expect(box).to_have_value("What do the pêcheurs want?")
        page.wait_for_function("!askcorpus.isBusy()")
        expect(page.locator("#status")).to_contain_text("No more conversations")  # also when all that follows has come
        page.get_by_role("button", name="Edit question").click()
        field.fill("What do the pêcheurs say?")
        with page.expect_response(lambda reply: "pêcheurs say?" in (reply.request.post_data or "")):
            field.press("Enter")  # the status line says the same already
        expect(page.locator("#status")).to_contain_text("No more conversations")
    expect(field).to_have_value("What do the pêcheurs say?")
    page.wait_for_function("!askcorpus.isBusy()")
    field.press("Enter")
    expect(page.locator("#last .answer")).to_contain_text(PORT.text[:76])
    expect(field).to_have_count(0)


def test_a_page_opened_at_an_answer_that_cannot_be_kept_takes_the_next_question(page: Any, data: Path) -> None:
    ask(page, "What did the council decide?")
    page.wait_for_url(re.compile("/c/"))
    with closing(sqlite3.connect(data / "conversations.sqlite3", isolation_level=None)) as file:
        file.execute("UPDATE turns SET reply = NULL WHERE conversation = ?", (page.url.rsplit("/", 1)[1],))
    with broken(data, *refusing("UPDATE ON turns")):
        page.reload()
        expect(page.locator("#last .unkept")).to_be_visible()
        expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    expect(ask(page, "What do the pêcheurs want?", turn=2)).to_contain_text(PORT.text[:76])


def test_an_opinion_is_noted(page: Any, data: Path) -> None:
    ask(page, "What did the council decide?")
    page.locator("#last").get_by_role("button", name="Good answer").click()
    expect(page.locator("#status")).to_contain_text("Noted in feedback.jsonl")
    (said,) = read_feedback(data / "feedback.jsonl")
    assert (said.question, said.liked) == ("What did the council decide?", True)
    assert said.answer and [citation.document_id for citation in said.answer.citations] == ["harbour"]

    ask(page, "What do the pêcheurs want?", turn=2)
    page.locator("#last").get_by_role("button", name="Bad answer").click()
    expect(page.locator("#status")).to_contain_text("Noted in feedback.jsonl")
    assert [said.liked for said in read_feedback(data / "feedback.jsonl")] == [True, False]


def test_why_an_answer_is_bad_is_noted(page: Any, data: Path) -> None:
    def noted(*said: bool | str | None) -> None:
        for _ in range(600):
            every = read_feedback(data / "feedback.jsonl") if (data / "feedback.jsonl").exists() else []
            if [(each.liked, each.reason) for each in every if each.question == "Does the council know why?"] == [said]:
                return
            page.wait_for_timeout(50)
        raise AssertionError(every[-1:])

    ask(page, "Does the council know why?")
    reasons = page.get_by_role("group", name="What is wrong with it?")
    expect(reasons).not_to_be_visible()
    page.get_by_role("button", name="Bad answer").click()
    expect(reasons.get_by_role("button")).to_have_count(4)
    noted(False, None)
    reasons.get_by_role("button", name="Incomplete").click()
    noted(False, "incomplete")
    reasons.get_by_role("button", name="Wrong source").click()
    noted(False, "wrong_source")
    expect(reasons.get_by_role("button", name="Incomplete")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Good answer").click()
    noted(True, None)
    expect(reasons).not_to_be_visible()

    ask(page, "Who won?", turn=2)
    page.locator("#last").get_by_role("button", name="Bad answer").click()
    expect(page.locator("#last .reasons button")).to_have_text(["It is in the documents"])


def test_an_opinion_given_before_another_is_taken_is_noted_too(page: Any, data: Path) -> None:
    ask(page, "Who was in haste?")
    waiting: list[Any] = []
    page.route("**/run/predict*", lambda route: waiting.append(route))
    page.get_by_role("button", name="Bad answer").click()
    page.locator("#last [data-act=reason]").first.click()
    for _ in range(600):
        page.wait_for_timeout(50)
        if len(waiting) == 2:
            break
    for route in waiting:
        with page.expect_response("**/run/predict*"):
            route.continue_()
    page.unroute("**/run/predict*")
    said = [each for each in read_feedback(data / "feedback.jsonl") if each.question == "Who was in haste?"]
    assert [(each.liked, each.reason) for each in said] == [(False, "should_have_answered")]


def test_an_opinion_is_shown_where_its_answer_is_shown_again(page: Any) -> None:
    def pressed(part: str) -> Any:
        return page.locator(f"{part} .tools [aria-pressed=true]")

    ask(page, "Why did the council vote?")
    page.get_by_role("button", name="Bad answer").click()
    expect(page.locator("#status")).to_contain_text("Noted in feedback.jsonl")
    with page.expect_response("**/run/predict"):
        page.get_by_role("button", name="Incomplete").click()
    page.reload()
    expect(pressed("#last")).to_have_text(["Bad answer", "Incomplete"])
    expect(page.get_by_role("group", name="What is wrong with it?")).to_be_visible()

    ask(page, "What do the pêcheurs want?", turn=2)
    expect(pressed("#turns")).to_have_text(["Bad answer", "Incomplete"])
    expect(pressed("#last")).to_have_count(0)
    page.locator("#last").get_by_role("button", name="Good answer").click()
    expect(page.locator("#status")).to_contain_text("Noted in feedback.jsonl")
    page.reload()
    expect(pressed("#last")).to_have_text(["Good answer"])

    page.locator("#last").get_by_role("button", name="Retry").click()  # which makes another answer
    page.locator('#status [data-turn="2"]').wait_for(state="attached")
    expect(pressed("#turns")).to_have_count(2)
    expect(pressed("#last")).to_have_count(0)


@pytest.mark.context(permissions=["clipboard-read", "clipboard-write"])
def test_copy_takes_what_is_read(page: Any) -> None:
    ask(page, "What did the council decide?")
    page.get_by_role("button", name="Copy", exact=True).click()
    copied = page.evaluate("navigator.clipboard.readText()")

    assert copied.startswith(f"{HARBOUR.text[:72]} [1]")
    assert "source/" not in copied and "<" not in copied


@pytest.mark.context(locale="fr-FR")
def test_the_page_speaks_french(page: Any) -> None:
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.get_by_role("heading", name="Que voulez-vous savoir\u202f?")).to_be_visible()
    expect(page.get_by_role("button", name="Demander", exact=True)).to_be_visible()
    expect(page.get_by_placeholder("Posez une question sur les documents")).to_be_visible()
    bubble = ask(page, "Que veulent les pêcheurs ?")
    expect(bubble.locator(".confidence summary")).to_have_text("Probablement juste")
    expect(bubble.get_by_role("link", name="1 source")).to_be_visible()
    expect(page.locator("#panel")).to_contain_text("octobre 2024 · français")


def own_words(page: Any) -> list[str]:
    """What buttons, labels, headings and remarks on the page say, the documents' own words left out."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(
                'button, label, h2, summary, .note, .kept, #status, [aria-label], [placeholder]')]
            .filter(each => each.checkVisibility() && !each.closest('[data-act=example], h1'))
            .flatMap(each => [each.matches('div, section, article, ul') ? '' : each.innerText || '',
                each.ariaLabel || '', each.placeholder || '', each.title || ''])"""
    )
    return [text for text in found if text.strip()]


@pytest.mark.context(locale="ar-EG")
def test_the_page_speaks_arabic_from_right_to_left(page: Any) -> None:
    expect(page.locator("html")).to_have_attribute("lang", "ar")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.get_by_role("button", name="عوامل التصفية").click()
    page.get_by_label("اللغة").click()
    page.get_by_role("option", name="الفرنسية (1)").click()
    expect(page.locator("#chips button")).to_contain_text("الفرنسية")
    bubble = ask(page, "Que veulent les pêcheurs ?")
    expect(bubble.locator(".confidence summary")).to_have_text("من المرجّح أنها صحيحة")
    expect(bubble.get_by_role("link", name="مصدر واحد")).to_be_visible()
    cite(bubble, 1).click()
    expect(page.locator(".card.active blockquote")).to_have_css("direction", "ltr")
    expect(page.locator("#panel")).to_contain_text("أكتوبر 2024 · الفرنسية")
    talk, evidence = page.locator("#talk").bounding_box(), page.locator("#evidence").bounding_box()
    assert evidence["x"] + evidence["width"] <= talk["x"] + 1

    page.get_by_role("button", name="المحادثات السابقة").click()
    page.wait_for_function("document.querySelector('.sidebar').getBoundingClientRect().right <= innerWidth")
    side = page.locator(".sidebar").bounding_box()
    assert (side["x"], side["width"]) == (1280 - 320, 320)
    names = re.compile("askcorpus|Markdown|BibTeX|CSL-JSON|JSON|Esc|feedback.jsonl|2022-09|2023-01-31")
    latin = [text for text in own_words(page) if re.search("[A-Za-z]", names.sub("", text))]
    assert [
        text for text in latin if PORT.title not in text and "pêcheurs" not in text and PORT.source not in text
    ] == []
    page.keyboard.press("Escape")
    page.wait_for_function("document.querySelector('.sidebar').getBoundingClientRect().left >= innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


@pytest.mark.context(locale="ar-EG")
def test_lists_in_arabic_keep_the_side_of_the_page(page: Any) -> None:
    """A title or question has its own direction within its entry, which has the page's."""
    ask(page, "What did the council decide?")
    page.get_by_role("button", name="المحادثات السابقة").click()
    past = page.locator(".past-list a").first
    expect(past).to_have_css("direction", "rtl")
    expect(past.locator("bdi")).to_have_css("direction", "ltr")


def test_what_gradio_says_of_a_failure_is_said_in_the_readers_language(browser: Any, address: str) -> None:
    context = browser.new_context(base_url=address, locale="ar-EG")
    page = context.new_page()
    page.goto("/")
    ask(page, "What did the council decide?")
    page.route("**/run/predict*", lambda route: route.fulfill(status=500, json={"error": "Internal fault"}))
    page.get_by_role("button", name="محادثة جديدة").click()
    expect(page.locator("#status")).to_contain_text("حدث خطأ ما.")
    expect(page.locator("#last .answer")).to_contain_text(HARBOUR.text[:72])
    said = page.locator("body").aria_snapshot()
    assert [word for word in ("Close", "Clear", "Error", "Internal") if word in said] == []
    context.close()


@pytest.mark.context(locale=None, extra_http_headers={"Accept-Language": "nn,de-AT;q=0.8,en;q=0.5"})
def test_all_of_the_page_is_in_the_one_language_that_was_chosen_for_it(page: Any) -> None:
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("button", name="Fragen", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Neue Unterhaltung")).to_be_visible()
    expect(page.get_by_placeholder("Fragen Sie nach den Dokumenten")).to_be_visible()


@pytest.mark.context(color_scheme="dark")
def test_dark_follows_the_system_and_the_button(page: Any) -> None:
    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    assert background() == "rgb(22, 22, 20)"
    page.get_by_role("button", name="Light or dark").click()
    assert background() == "rgb(247, 245, 240)"
    page.wait_for_load_state("networkidle")  # of what is under way when a page is left Gradio logs an error
    page.reload()
    page.locator("#ask textarea").wait_for()
    page.wait_for_function("!document.body.classList.contains('dark')")


@pytest.mark.context(**PHONE)
def test_a_phone_shows_sources_in_a_sheet_and_never_scrolls_sideways(page: Any) -> None:
    bubble = ask(page, "What did the council decide, and what do the pêcheurs want?")
    expect(page.locator("#evidence")).not_to_be_visible()
    cite(bubble, 2).tap()
    page.locator("#cite-card").get_by_role("link", name="Open").tap()
    expect(page.locator("mark#source-2")).to_be_in_viewport()
    page.get_by_role("button", name="Close", exact=True).tap()
    expect(page.locator("#evidence")).not_to_be_visible()
    page.get_by_role("button", name="Filters").tap()
    ask(page, "Who won?", turn=2)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('#chat').scrollWidth") <= 390


@pytest.mark.context(**PHONE)
def test_on_a_phone_the_documents_are_reached_from_an_open_conversation(page: Any) -> None:
    ask(page, "What did the council decide?")
    page.wait_for_url(re.compile("/c/"))
    page.get_by_role("button", name="Earlier conversations").tap()
    link = page.locator("#past").get_by_role("link", name="Documents")
    expect(link).to_have_attribute("href", f"documents?c={page.url[-22:]}")
    expect(link).to_be_in_viewport()
    assert too_small(page) == []


def test_everything_works_from_the_keyboard(page: Any) -> None:
    expect(page.locator("#ask textarea")).to_be_focused()
    page.keyboard.type("What did the council decide?")
    page.keyboard.press("Enter")
    page.locator('#status [data-turn="1"]').wait_for(state="attached")
    link = page.get_by_role("link", name=f"Source 1: {HARBOUR.title}")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".card.active")).to_be_focused()
    page.keyboard.press("Escape")
    expect(link).to_be_focused()


def test_text_from_right_to_left_reads_so(page: Any) -> None:
    bubble = ask(page, "ماذا قال مدير الميناء؟")
    cite(bubble, 1).click()

    expect(page.locator(".card.active blockquote")).to_have_attribute("dir", "auto")
    assert page.locator(".card.active blockquote").evaluate("each => getComputedStyle(each).direction") == "rtl"
    assert page.locator("#last .question").evaluate("each => getComputedStyle(each).direction") == "rtl"


def test_controls_have_names(page: Any) -> None:
    ask(page, "What did the council decide?")
    page.get_by_role("button", name="Filters").click()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input, textarea, select, a')]
            .filter(each => each.checkVisibility() && !(each.innerText || '').trim()
                && !each.ariaLabel && !each.title && !(each.labels && each.labels.length))
            .map(each => each.outerHTML.slice(0, 120))"""
    )

    assert nameless == []


@pytest.mark.at("guarded")
@pytest.mark.context(http_credentials={"username": "anyone", "password": "open sesame"})
def test_with_a_key_the_chat_works_for_who_knows_it(page: Any) -> None:
    expect(ask(page, "What did the council decide?")).to_contain_text(HARBOUR.text[:72])


@pytest.mark.at("real")
def test_the_real_assistant_proves_its_answer(page: Any) -> None:
    bubble = ask(page, QUESTION)
    cite(bubble, 1).click()
    quote = page.locator("mark.active").inner_text()

    assert quote in bubble.inner_text()
    assert quote in ARTICLES["storm.txt"] + ARTICLES["pont.txt"]


@pytest.mark.at("real")
@pytest.mark.context(locale="fr-FR")
def test_words_that_leave_their_language_open_are_answered_in_the_pages(page: Any) -> None:
    expect(ask(page, "ok")).to_contain_text("Je vous en prie.")
    expect(ask(page, "Danke!", 2)).to_contain_text("Gern geschehen.")
    expect(ask(page, "Ostende", 3)).to_contain_text("ce que disent les documents")


def test_the_api_documentation_opens_offline(page: Any) -> None:
    page.wait_for_load_state("networkidle")  # what the page still asks for when it is left is an error on its console
    page.goto("/docs")

    expect(page.get_by_text("/api/v1/ask/stream")).to_be_visible()


FOREIGN = """<!doctype html><title>elsewhere</title><script>
const at = new URLSearchParams(location.search).get("at");
const json = { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } };
const plain = { method: "POST", body: '{"question": "council?"}', headers: { "Content-Type": "text/plain" } };
const tries = {
  read: () => fetch(at + "/api/v1/documents").then((reply) => reply.text()),
  page: () => fetch(at + "/").then((reply) => reply.text()),
  post: () => fetch(at + "/gradio_api/run/predict", json).then((reply) => reply.text()),
  simple: () => fetch(at + "/api/v1/ask", plain).then((reply) => reply.text()),
  blind: () => fetch(at + "/api/v1/ask", { ...plain, mode: "no-cors" }).then((reply) => reply.type),
  beacon: () => Promise.resolve(navigator.sendBeacon(at + "/api/v1/ask", plain.body)).then(String),
  stream: () => new Promise((done, failed) => {
    const events = new EventSource(at + "/gradio_api/queue/data?session_hash=x");
    events.onmessage = done;
    events.onerror = failed;
  }),
  socket: () => new Promise((done, failed) => {
    const socket = new WebSocket(at.replace("http", "ws") + "/gradio_api/queue/join");
    socket.onopen = done;
    socket.onerror = failed;
  }),
  image: () => new Promise((done, failed) => {
    const image = new Image();
    image.onload = done;
    image.onerror = failed;
    image.src = at + "/favicon.ico";
  }),
};
window.outcome = (async () => {
  const found = {};
  for (const [name, attempt] of Object.entries(tries)) found[name] = await attempt().then(String, () => "refused");
  return found;
})();
</script>"""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """A page on another port of the same machine."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(FOREIGN.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_page_on_another_port_can_neither_read_nor_post(
    browser: Any, elsewhere: str, address: str, assistant: ScriptedAssistant
) -> None:
    asked = len(assistant.asked)
    page = browser.new_page()
    for server in (address, address.replace("127.0.0.1", "localhost")):
        page.goto(f"{elsewhere}/?at={server}")
        outcome = page.evaluate("window.outcome")
        assert outcome.pop("blind") in ("opaque", "refused")  # sent, and nothing learned
        outcome.pop("beacon")
        assert set(outcome.values()) == {"refused"}, outcome
    page.close()
    assert len(assistant.asked) == asked


def test_what_gets_into_the_page_later_runs_no_script(browser: Any, address: str) -> None:
    page = browser.new_page(base_url=address)
    policy = page.goto("/").headers["content-security-policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "'unsafe-inline'" not in scripts and "'sha256-" in scripts
    ask(page, "When did the council vote?")  # the page's own scripts do

    page.evaluate(
        """() => {
            window.refused = [];
            addEventListener('securitypolicyviolation', event => window.refused.push(event.effectiveDirective));
            const script = document.createElement('script');
            script.textContent = 'window.ran = true';
            document.body.append(script);
            const image = '<img src="x:" onerror="window.ran = true">';
            document.querySelector('#last').insertAdjacentHTML('beforeend', image);
        }"""
    )
    page.wait_for_function("window.refused.includes('script-src-elem') && window.refused.includes('script-src-attr')")
    assert page.evaluate("window.ran") is None
    page.close()
