"""What becomes of conversations when tabs, servers and readers come and go."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pages import PATIENCE, ask
from scripted import DOCUMENTS, ScriptedAssistant
from serving import Restartable

expect = pytest.importorskip("playwright.sync_api").expect

HARBOUR, PORT, *_ = DOCUMENTS


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Restartable]:
    server = Restartable(ScriptedAssistant, tmp_path)
    yield server
    server.stop()


@pytest.fixture
def tab(browser: Any, server: Restartable) -> Iterator[Any]:
    context = browser.new_context(base_url=server.address, locale="fr-FR", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto("/")
    page.locator("#ask textarea:enabled").wait_for()
    yield page
    context.close()


def test_a_question_to_a_server_that_is_gone_is_kept_and_the_page_goes_on(tab: Any, server: Restartable) -> None:
    ask(tab, "What did the council decide?")
    tab.wait_for_url(re.compile("/c/"))
    there = tab.url
    server.stop()
    box = tab.locator("#ask textarea")
    box.fill("What do the pêcheurs want?")
    box.press("Enter")
    expect(tab.locator("#status")).to_contain_text("Le serveur ne répond pas")
    expect(box).to_have_value("What do the pêcheurs want?")
    tab.wait_for_timeout(2_000)
    assert not re.search("Connection|Error", tab.locator("body").inner_text())
    with tab.expect_event("load"):
        server.start()
    expect(tab.locator("#ask textarea:enabled")).to_have_value("What do the pêcheurs want?")
    assert tab.url == there
    expect(tab.locator("#last .answer")).to_contain_text(HARBOUR.text[:72])
    tab.locator("#ask textarea").press("Enter")
    expect(tab.locator("#last .answer")).to_contain_text(PORT.text[:76])


def test_filters_stay_through_a_reload_and_a_restart(tab: Any, server: Restartable) -> None:
    chips = tab.locator("#chips button")
    tab.goto("/?language=fr&date_from=2021")
    ask(tab, "What do the pêcheurs want?")
    tab.wait_for_url(re.compile("/c/"))
    tab.wait_for_load_state("networkidle")
    tab.reload()
    expect(chips).to_have_text(["français ×", "Du 2021 ×"])
    chips.first.click()
    expect(chips).to_have_text(["Du 2021 ×"])
    tab.locator("#ask textarea").fill("And the council?")
    server.stop()
    expect(tab.locator("#status")).to_contain_text("Le serveur ne répond pas")
    with tab.expect_event("load"):
        server.start()
    expect(tab.locator("#ask textarea:enabled")).to_have_value("And the council?")
    expect(chips).to_have_text(["Du 2021 ×"])
    tab.locator("#ask textarea").press("Enter")
    expect(tab.locator("#last .limits")).to_contain_text("Limité à : Du 2021")


def test_two_tabs_add_to_one_conversation(tab: Any) -> None:
    ask(tab, "What did the council decide?")
    tab.wait_for_url(re.compile("/c/"))
    other = tab.context.new_page()
    other.goto(tab.url)
    expect(other.locator("#last .answer")).to_contain_text(HARBOUR.text[:72])
    ask(other, "What do the pêcheurs want?", turn=2)
    ask(tab, "Who won?", turn=3)
    for page in (tab, other):
        page.wait_for_load_state("networkidle")
        page.reload()
        expect(page.locator("#chat .question")).to_have_text(
            ["What did the council decide?", "What do the pêcheurs want?", "Who won?"]
        )


def test_an_answer_that_a_restart_cuts_off_keeps_its_question(tab: Any, server: Restartable) -> None:
    box = tab.locator("#ask textarea")
    box.fill("slow council")
    box.press("Enter")
    expect(tab.locator("#last .answer")).to_contain_text("The council")
    server.stop()
    server.start()
    expect(tab.locator("#last .answer")).to_contain_text("Arrêté avant la fin")
    expect(tab.locator("#last .question")).to_have_text("slow council")
    expect(ask(tab, "What do the pêcheurs want?", turn=2)).to_contain_text(PORT.text[:76])
