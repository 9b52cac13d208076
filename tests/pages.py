"""What tests do on the chat page in a browser."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 60_000
"""Milliseconds that a page has for anything: on a slow machine it needs more than a person would wait."""

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}

_LEFT = re.compile(r"AbortError: signal is aborted|(Unexpected error )?Connection errored out\. $")

FADING = "document.getAnimations().filter(one => one.effect.getComputedTiming().endTime < 5000)"
"""What moves and will end soon; what turns while something is awaited does not count."""


def ask(page: Any, question: str, turn: int = 1) -> Any:
    """Ask, wait for the whole answer and for the box to be ready again, and return the answer's bubble."""
    box = page.locator("#ask textarea")
    box.fill(question)
    box.press("Enter")
    page.locator(f'#status [data-turn="{turn}"]').wait_for(state="attached")
    page.wait_for_function("!askcorpus.isBusy()")
    return page.locator("#last .answer")


def cite(answer: Any, number: int) -> Any:
    """The link of a marker."""
    return answer.locator("a.cite", has_text=f"[{number}]").first


def faults(page: Any) -> list[str]:
    """What axe-core finds, whatever it thinks of its weight: a rule, and the elements that break it. What is still
    fading in is waited for."""
    page.wait_for_function(f"{FADING}.length === 0")
    if not page.evaluate("Boolean(window.axe)"):
        axe = Path(str(pytest.importorskip("axe_playwright_python").__file__)).with_name("axe.min.js")
        page.evaluate(axe.read_text("utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{fault['id']} ({fault['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


def too_small(page: Any) -> list[str]:
    """What can be clicked, and is lower or narrower than 24 pixels."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, textarea, summary, [role=button], [role=option]')]
            .filter(each => each.checkVisibility({ visibilityProperty: true }) && !each.closest('[inert]'))
            .map(each => [each, each.getBoundingClientRect()])
            .filter(([, { width, height }]) => width && (width < 24 || height < 24))
            .map(([each, { width, height }]) => `${width} x ${height}: ${each.outerHTML.slice(0, 200)}`)"""
    )
    return found


def without_leaving(errors: Sequence[str]) -> list[str]:
    """What a page has logged as errors, but for what Gradio logs of a request that is under way when its page is left.

    A server that fails or is gone is not hidden by that: the browser logs a line of its own of each such request.
    """
    return [text for text in errors if not _LEFT.match(text)]
