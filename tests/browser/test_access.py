"""The page for everyone: what axe-core finds, what the keyboard reaches, and how it looks at any size."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pages import PHONE, ask, cite

expect = pytest.importorskip("playwright.sync_api").expect
AXE = Path(str(pytest.importorskip("axe_playwright_python").__file__)).with_name("axe.min.js")


def faults(page: Any) -> list[str]:
    """What axe-core finds, whatever it thinks of its weight: a rule, and the elements that break it."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{fault['id']} ({fault['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


def states(page: Any) -> Iterator[str]:
    """Bring the page from one state to the next; each time, the name of the state."""
    expect(page.locator(".welcome")).to_be_visible()
    yield "empty"
    link = cite(ask(page, "What did the council decide, and what do the pêcheurs want?"), 2)
    address = link.get_attribute("href")
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
def test_axe_finds_nothing(page: Any, mode: str) -> None:  # noqa: ARG001  it is the mark's name
    found = [f"{state}: {fault}" for state in states(page) for fault in faults(page)]
    assert not found, "\n".join(found)
