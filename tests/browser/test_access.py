"""The page for everyone: what axe-core finds, what the keyboard reaches, and how it looks at any size."""

from collections.abc import Iterator
from typing import Any

import pytest

from pages import PHONE, ask, cite, faults, too_small

expect = pytest.importorskip("playwright.sync_api").expect


def states(page: Any) -> Iterator[str]:
    """Bring the page from one state to the next; each time, the name of the state."""
    expect(page.locator(".welcome")).to_be_visible()
    yield "empty"
    link = cite(ask(page, "What did the council decide, and what do the pêcheurs want?"), 2)
    address = link.get_attribute("href")
    page.locator("#last .next").wait_for()
    link.click()
    expect(page.locator(".card.active")).to_be_visible()
    yield "answered"
    page.keyboard.press("Escape")
    ask(page, "When did the council vote?", turn=2)
    yield "unsupported"
    ask(page, "broken model", turn=3)
    yield "failed"
    page.locator("#filters > button").click()
    page.locator("#filter-row input").first.click()
    expect(page.get_by_role("option").first).to_be_visible()
    yield "choosing"
    page.get_by_role("option").first.click()
    expect(page.locator("#chips button")).to_have_count(1)
    ask(page, "Who won the world cup?", turn=4)
    yield "abstained"
    page.locator("#last [data-act=edit]").click()
    yield "editing"
    page.locator("#menu").click()
    expect(page.locator("#past li").first).to_be_visible()
    yield "listing"
    page.locator("#past [data-act=rename]").first.click()
    yield "renaming"
    page.goto(address)
    yield "source"


MODES: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "arabic": {"locale": "ar"},
    "phone": {**PHONE},
}


@pytest.mark.parametrize(
    "mode", [pytest.param(name, marks=pytest.mark.context(**options)) for name, options in MODES.items()]
)
def test_axe_finds_nothing_and_nothing_is_too_small_for_a_finger(page: Any, mode: str) -> None:  # noqa: ARG001
    found = [f"{state}: {fault}" for state in states(page) for fault in (*faults(page), *too_small(page))]
    assert not found, "\n".join(found)


def test_a_closed_sidebar_cannot_be_reached_and_escape_leads_back(page: Any) -> None:
    menu, side = page.locator("#menu"), page.locator(".sidebar-content")
    expect(side).to_have_attribute("inert", "")
    menu.focus()
    page.keyboard.press("Enter")
    expect(side).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#search textarea, #search input")).to_be_focused()
    page.keyboard.press("Escape")
    expect(side).to_have_attribute("inert", "")
    expect(menu).to_be_focused()


def test_questions_are_headings_and_what_belongs_together_is_a_group(page: Any) -> None:
    ask(page, "What did the council decide?")
    ask(page, "Who won the world cup?", turn=2)
    headings = [heading.inner_text() for heading in page.locator("#chat").get_by_role("heading", level=2).all()]
    assert headings == ["What did the council decide?", "Who won the world cup?"]
    expect(page.locator("#last").get_by_role("group", name="This answer").get_by_role("button")).to_have_count(5)
    expect(page.get_by_role("button", name="Good answer").first).to_have_attribute("aria-pressed", "false")


SIZES = [(320, 256), (844, 390), (2560, 1440)]
"""The first is a screen of 1280 by 1024 at 400 %, the second a phone that lies on its side."""


@pytest.mark.parametrize(
    "size",
    [pytest.param(size, marks=pytest.mark.context(viewport={"width": size[0], "height": size[1]})) for size in SIZES],
)
def test_the_page_fits_any_window(page: Any, size: tuple[int, int]) -> None:
    width = size[0]
    for state in states(page):
        for part in ("html", "#chat", "#evidence"):
            if page.locator(part).count():
                wide = page.evaluate(
                    "part => { const e = document.querySelector(part); return e.scrollWidth - e.clientWidth }", part
                )
                assert wide <= 0, f"{part} scrolls sideways: {state}"
        if state == "source":
            break
        box = page.locator("#ask textarea")
        box.scroll_into_view_if_needed()
        place = box.bounding_box()
        assert place["x"] >= 0 and place["x"] + place["width"] <= width and place["width"] >= 120, state
        edges = page.locator("#last :is(.question, .answer:not(.abstained) .words p)").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().left)"
        )
        assert len(set(edges)) <= 1, f"question and answer begin at {edges}: {state}"
        chat = page.locator("#chat").bounding_box()
        assert chat["height"] >= 100, f"{chat['height']} for the conversation: {state}"


@pytest.mark.parametrize(
    "language",
    [
        pytest.param(code, marks=pytest.mark.context(locale=code, viewport={"width": 320, "height": 640}))
        for code in ("en", "fr", "de", "es", "ar")
    ],
)
def test_the_name_of_the_page_has_room_beside_its_buttons(page: Any, language: str) -> None:  # noqa: ARG001
    name, room = (page.locator(part).bounding_box() for part in ("#masthead h1", "#masthead"))
    assert room["x"] <= name["x"] and name["x"] + name["width"] <= room["x"] + room["width"]


@pytest.mark.context(forced_colors="active")
def test_in_forced_colours_what_is_marked_can_be_told(page: Any) -> None:
    def line(selector: str, side: str = "top") -> str:
        """How an edge of an element is drawn."""
        style = "(one, side) => getComputedStyle(one).getPropertyValue(`border-${side}`)"
        return str(page.locator(selector).first.evaluate(style, side))

    cite(ask(page, "What did the council decide, and what do the pêcheurs want?"), 2).click()
    expect(page.locator(".card.active")).to_be_visible()
    assert line(".card.active", "left") != line(".card:not(.active)", "left")
    assert "solid" in line(".card mark") and "solid" in line("#chat a.cite")
    page.get_by_role("button", name="Good answer").click()
    assert line("[aria-pressed=true]") != line("[aria-pressed=false]")
    ask(page, "Who won the world cup?", turn=2)
    page.get_by_role("button", name="New chat").click()
    expect(page.locator("#last .welcome")).to_be_visible()  # else what is asked next belongs to the old chat
    ask(page, "What did the council decide?")
    expect(page.locator("#past li.current")).to_be_attached()  # which comes after the answer
    assert line("#past li.current", "left") != line("#past li:not(.current)", "left")


def controls(page: Any) -> list[str]:
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('button, textarea, input')]
            .filter(each => each.checkVisibility({ visibilityProperty: true })).map(each => each.outerHTML)"""
    )
    return found


def test_a_print_has_the_whole_conversation_and_no_controls(page: Any) -> None:
    for turn in range(1, 7):
        ask(page, "What did the council decide, and what do the pêcheurs want?", turn)
    page.emulate_media(media="print")
    assert controls(page) == []
    for turn in page.locator("#chat .turn").all():
        expect(turn.locator(".answer")).to_be_visible()
    clipped = page.evaluate(
        """() => {
            const last = document.querySelector('#last');
            const end = last.querySelector('.answer').getBoundingClientRect().bottom;
            const around = [];
            for (let each = last; each; each = each.parentElement) around.push(each);
            return around.filter(each => getComputedStyle(each).overflowY !== 'visible')
                .filter(each => each.getBoundingClientRect().bottom < end - 1).map(each => each.id || each.tagName);
        }"""
    )
    assert clipped == []


@pytest.mark.context(color_scheme="dark")
def test_a_print_is_dark_on_light_whatever_the_screen_is(page: Any) -> None:
    ink = "getComputedStyle(document.querySelector('#talk') ?? document.body).color"
    ask(page, "What did the council decide?")
    page.get_by_role("link", name="Source 1").first.click()
    for address in ("", page.locator("#panel .more a").first.get_attribute("href")):
        if address:
            page.goto(f"/{address.removeprefix('/')}")
        on_screen = page.evaluate(ink)
        page.emulate_media(media="print")
        assert page.evaluate(ink) == "rgb(27, 26, 23)" != on_screen
        page.emulate_media(media="screen")


@pytest.mark.context(viewport={"width": 320, "height": 256})
def test_a_page_higher_than_its_window_begins_at_its_top_and_shows_what_was_asked(page: Any) -> None:
    box = page.locator("#ask textarea")
    expect(box).to_be_focused()
    assert page.evaluate("scrollY") == 0
    ask(page, "What did the council decide?")
    expect(page.locator("#last .question")).to_be_in_viewport(ratio=1)
    box.scroll_into_view_if_needed()
    ask(page, "What do the pêcheurs want?", turn=2)
    expect(page.locator("#last .question")).to_be_in_viewport(ratio=1)
