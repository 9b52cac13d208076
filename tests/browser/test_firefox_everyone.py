"""The page for everyone, in Firefox: axe-core, a finger, paper, 400 % zoom, forced colours."""

from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from scripted import DOCUMENTS

pytest.importorskip("websockets.sync.client")
from firefox import ESCAPE, PROGRAM, TOO_SMALL, Firefox, ask, chat, open_choices, running, text

HARBOUR, PORT, *_ = DOCUMENTS
BOTH = "What did the council decide, and what do the pêcheurs want?"


def faults(firefox: Firefox) -> list[str]:
    """What axe-core finds, whatever it thinks of its weight, and what is too small for a finger."""
    firefox.until("document.getAnimations().every(one => one.effect.getComputedTiming().endTime >= 5000)")
    if not firefox.see("Boolean(window.axe)"):
        axe = Path(str(pytest.importorskip("axe_playwright_python").__file__)).with_name("axe.min.js")
        firefox.load(axe.read_text("utf-8"))
    found: list[dict[str, Any]] = firefox.see(
        "axe.run(document, { resultTypes: ['violations'] }).then(found => found.violations)"
    )
    small: list[str] = firefox.see(TOO_SMALL)
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]] + small


@pytest.mark.parametrize(("reader", "width", "dark"), [("firefox", 1280, False), ("arabic_firefox", 390, True)])
def test_11_axe_finds_nothing_in_any_state(
    request: pytest.FixtureRequest, address: str, reader: str, width: int, dark: bool
) -> None:
    firefox: Firefox = request.getfixturevalue(reader)
    firefox.resize(width, 800)
    chat(firefox, address)
    if firefox.see("document.body.classList.contains('dark')") != dark:
        firefox.click("#theme")
    found = {"empty": faults(firefox)}
    ask(firefox, BOTH)
    firefox.until("document.querySelector('#last .next')")
    firefox.tap("#last a.cite")
    firefox.click("#cite-card summary")
    firefox.until("document.querySelectorAll('#cite-card button').length === 4")
    found["card"] = faults(firefox)
    firefox.type(ESCAPE)
    firefox.click("#last a.cite")
    firefox.until("document.querySelector('#panel .card.active')")
    found["panel"] = faults(firefox)
    firefox.type(ESCAPE)
    ask(firefox, "broken model", turn=2)
    found["failed"] = faults(firefox)
    open_choices(firefox)
    found["choosing"] = faults(firefox)
    firefox.click("[role=option]")
    firefox.until("document.querySelector('#chips button')")
    ask(firefox, "Who won the world cup?", turn=3)
    found["abstained"] = faults(firefox)
    firefox.click("#last [data-act=edit]")
    found["editing"] = faults(firefox)
    firefox.click("#menu")
    firefox.click("#past [data-act=rename]")
    found["listing"] = faults(firefox)
    firefox.see("localStorage.clear()")
    assert {state: each for state, each in found.items() if each} == {}


def test_5_a_tap_shows_the_card_from_which_the_source_opens(firefox: Firefox, address: str) -> None:
    firefox.resize(390, 844)
    chat(firefox, address)
    ask(firefox, BOTH)
    shown = "!document.querySelector('#cite-card').hidden"
    firefox.tap("#last a.cite")
    firefox.until(f"{shown} && document.activeElement.id === 'cite-card'")
    assert text(firefox, "#cite-card blockquote") == HARBOUR.text[:72]
    assert firefox.see("document.querySelector('#evidence').classList.contains('open')") is False
    place = firefox.see("document.querySelector('#cite-card').getBoundingClientRect()")
    assert place["left"] >= 0 and place["right"] <= 390 and place["top"] >= 0 and place["bottom"] <= 844
    firefox.tap("#ask")
    firefox.until(f"!({shown})")
    firefox.tap("#last a.cite")
    firefox.type(ESCAPE)
    firefox.until(f"!({shown}) && document.activeElement.matches('a.cite')")
    firefox.tap("#last a.cite")
    firefox.tap("#cite-card .tools > a")
    firefox.until(f"document.querySelector('#evidence.open mark.active') && !({shown})")


def test_11_at_400_percent_all_of_it_has_room(firefox: Firefox, address: str) -> None:
    firefox.resize(320, 256)  # a screen of 1280 by 1024
    chat(firefox, address)
    ask(firefox, BOTH)
    for part in ("html", "#chat"):
        assert firefox.see(f"(each => each.scrollWidth - each.clientWidth)(document.querySelector({part!r}))") <= 0
    assert firefox.see("document.querySelector('#chat').clientHeight") >= 100
    assert firefox.see("document.querySelector('#ask textarea').clientWidth") >= 120
    firefox.click("#ask textarea")
    firefox.click("#last a.cite")
    firefox.until("document.querySelector('#panel .card.active')")


def test_11_a_print_has_the_whole_conversation_and_no_controls(firefox: Firefox, address: str) -> None:
    chat(firefox, address)
    for turn in range(1, 5):
        ask(firefox, f"{BOTH} ({turn})", turn)
    pages = [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(firefox.print())]
    printed = " ".join(" ".join(pages).split())
    for turn in range(1, 5):
        assert f"want? ({turn})" in printed
    assert printed.count("Likely right") == 4
    assert printed.count("The council voted 31 to 12") == 8, "in each answer and among its sources"
    assert [name for name in ("Retry", "Copy", "New chat", "Filters", "Next questions") if name in printed] == []


@pytest.mark.skipif(PROGRAM is None, reason="no Firefox on this machine")
def test_11_in_forced_colours_what_is_marked_can_be_told(address: str, tmp_path: Path) -> None:
    with running(str(PROGRAM), tmp_path, **{"browser.display.document_color_use": 2}) as firefox:
        firefox.resize(1280, 800)
        chat(firefox, address)
        assert firefox.see("matchMedia('(forced-colors: active)').matches") is True
        ask(firefox, BOTH)
        firefox.click("#last a.cite:last-of-type")
        firefox.until("document.querySelector('.card.active')")
        firefox.click("#last [data-liked=true]")

        def edge(selector: str, side: str) -> str:
            style = f"getComputedStyle(document.querySelector({selector!r}))"
            return str(firefox.see(f"['style', 'color', 'width'].map(of => {style}[`border-{side}-${{of}}`]).join()"))

        assert edge(".card.active", "left") != edge(".card:not(.active)", "left")
        assert "solid" in edge(".card mark", "top") and "solid" in edge("#chat a.cite", "top")
        assert edge("#last [aria-pressed=true]", "top") != edge("#last [aria-pressed=false]", "top")
