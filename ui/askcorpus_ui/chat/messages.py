"""Conversations as Gradio carries them, and what of them is ours."""

import secrets
from typing import Any

from askcorpus.search.query import RECENT_TURNS
from askcorpus.types import Turn
from askcorpus_ui.chat import markdown

Messages = list[dict[str, Any]]
"""Gradio's form of a conversation: dicts with ``role``, ``content`` and ``metadata``."""


def user_message(question: str) -> dict[str, Any]:
    """A question's bubble; the first one's id is the conversation's."""
    identifier = f"conv_{secrets.token_hex(8)}"
    return {"role": "user", "content": markdown.safe_markdown(question), "metadata": {"id": identifier}}


def assistant_message(message: str, identifier: str = "") -> dict[str, Any]:
    """An answer's bubble."""
    return {"role": "assistant", "content": message, "metadata": {"id": identifier}}


def text_of(message: dict[str, Any]) -> str:
    """What stands in a bubble, in either of the forms that Gradio hands back."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content if isinstance(part, dict))


def id_of(message: dict[str, Any]) -> str:
    """The id that a bubble was given; empty when it has none."""
    return (message.get("metadata") or {}).get("id") or ""


def conversation_id_of(messages: Messages) -> str:
    """The conversation's id; a new one where the first bubble has none."""
    return id_of(messages[0]) or f"conv_{secrets.token_hex(8)}"


def count_turns(messages: Messages) -> int:
    """How many questions were asked."""
    return sum(message["role"] == "user" for message in messages)


def turns_of(messages: Messages) -> tuple[Turn, ...]:
    """What was said so far, without links and notes; bubbles that held nothing else are left out."""
    said = [(message["role"], markdown.plain_text(text_of(message))) for message in messages[-RECENT_TURNS:]]
    return tuple(Turn(role=role, text=text) for role, text in said if text)


def titles_of(conversations: list[dict[str, Any]] | None) -> list[tuple[str, str]]:
    """The kept conversations as choices: title and id."""
    return [(conversation["title"], conversation["id"]) for conversation in conversations or []]
