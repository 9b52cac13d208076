"""Citations under a finger: a first tap shows the card, from which the source opens."""

from typing import Any

import pytest

from pages import PHONE, ask, cite, faults, too_small
from scripted import DOCUMENTS

expect = pytest.importorskip("playwright.sync_api").expect

HARBOUR, PORT, *_ = DOCUMENTS
QUESTION = "What did the council decide, and what do the pêcheurs want?"
COPYING = {"permissions": ["clipboard-read", "clipboard-write"]}


@pytest.mark.context(**PHONE)
def test_a_tap_shows_the_card_and_a_tap_elsewhere_or_escape_takes_it_away(page: Any) -> None:
    bubble, card, panel = ask(page, QUESTION), page.locator("#cite-card"), page.locator("#evidence")
    cite(bubble, 1).tap()
    expect(card.locator("blockquote")).to_have_text(HARBOUR.text[:72])
    expect(card).to_be_focused()  # so that it is read out
    expect(panel).not_to_be_visible()
    page.locator("#status").tap(position={"x": 5, "y": 5})
    expect(card).not_to_be_visible()
    cite(bubble, 1).tap()
    cite(bubble, 2).tap()
    expect(card.locator(".title")).to_have_text(PORT.title)
    page.keyboard.press("Escape")
    expect(card).not_to_be_visible()
    expect(cite(bubble, 2)).to_be_focused()
    expect(panel).not_to_be_visible()


@pytest.mark.context(**PHONE)
def test_a_tap_tells_what_the_confidence_means(page: Any) -> None:
    sure = ask(page, QUESTION).locator(".confidence")
    sure.locator("summary").tap()
    expect(sure.locator("p")).to_be_visible()
    expect(sure.locator("p")).to_contain_text("about 72%")
    assert too_small(page) == []
    sure.locator("summary").tap()
    expect(sure.locator("p")).not_to_be_visible()


@pytest.mark.context(**PHONE)
def test_from_the_card_the_source_opens_and_a_second_tap_on_the_marker_opens_it_too(page: Any) -> None:
    bubble, card = ask(page, QUESTION), page.locator("#cite-card")
    for opening in (card.get_by_role("link", name="Open"), cite(bubble, 2)):
        cite(bubble, 2).tap()
        expect(card).to_be_visible()
        opening.tap()
        expect(page.locator("mark#source-2.active")).to_be_in_viewport()
        expect(card).not_to_be_visible()
        page.get_by_role("button", name="Close", exact=True).tap()
        expect(page.locator("#evidence")).not_to_be_visible()
    assert len(page.context.pages) == 1


@pytest.mark.context(**PHONE, **COPYING)
def test_a_quote_is_copied_from_the_card_and_the_keyboard_finds_its_way_out(page: Any) -> None:
    bubble, card = ask(page, QUESTION), page.locator("#cite-card")
    cite(bubble, 1).tap()
    card.get_by_text("Copy with source").tap()
    card.get_by_role("button", name="Markdown").tap()
    expect(card.get_by_role("button", name="Copied")).to_be_visible()
    assert str(page.evaluate("navigator.clipboard.readText()")).startswith(f"> {HARBOUR.text[:72]}")
    assert faults(page) == [] and too_small(page) == []
    page.keyboard.press("Escape")
    cite(bubble, 1).tap()
    page.keyboard.press("Tab")
    expect(card.get_by_role("link", name="Open")).to_be_focused()
    page.keyboard.press("Enter")  # which is no tap: the whole document, as from any card
    expect(card).to_be_visible()
    page.keyboard.press("Shift+Tab")
    expect(cite(bubble, 1)).to_be_focused()


@pytest.mark.parametrize(
    "width",
    [
        pytest.param(
            width, marks=pytest.mark.context(**PHONE | {"viewport": {"width": width, "height": 568}}, locale=of)
        )
        for width in (320, 390)
        for of in ("en", "ar")
    ],
)
def test_the_card_fits_the_screen_and_goes_along_with_its_marker(page: Any, width: int) -> None:
    bubble, card = ask(page, QUESTION), page.locator("#cite-card")
    for number in (1, 2):
        cite(bubble, number).tap()
        for opened in (False, True):
            if opened:
                card.locator("summary").tap()
                expect(card.get_by_role("button")).to_have_count(4)
            place = card.bounding_box()
            assert place["x"] >= 0 and place["x"] + place["width"] <= width, place
            assert place["y"] >= 0 and place["y"] + place["height"] <= 568, place
            assert card.evaluate("card => card.scrollWidth - card.clientWidth") == 0
        page.keyboard.press("Escape")
    cite(bubble, 2).tap()
    before = card.bounding_box()["y"] - cite(bubble, 2).bounding_box()["y"]
    page.locator("#chat").evaluate("chat => { chat.scrollTop += 20 }")
    page.wait_for_timeout(100)
    assert abs(card.bounding_box()["y"] - cite(bubble, 2).bounding_box()["y"] - before) <= 1
