"""What tests do on the chat page in a browser."""

from typing import Any

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def ask(page: Any, question: str, turn: int = 1) -> Any:
    """Ask, wait for the whole answer, and return its bubble."""
    box = page.locator("#ask textarea")
    box.fill(question)
    box.press("Enter")
    page.locator(f'#status [data-turn="{turn}"]').wait_for(state="attached")
    return page.locator("#last .answer")


def cite(answer: Any, number: int) -> Any:
    """The link of a marker."""
    return answer.locator("a.cite", has_text=f"[{number}]").first
