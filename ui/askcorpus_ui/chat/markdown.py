"""Markdown that a browser can be trusted with, there and back."""

import html
import re
from collections.abc import Sequence

from askcorpus.types import Document
from askcorpus_ui.chat.references import LONGEST_MESSAGE, LONGEST_QUOTE, Documents, Reference, references_in
from askcorpus_ui.chat.translations import Strings

_EXPORTED = 200  # references of one bubble

_EXPORT_BUDGET = 10_000_000
"""Characters that an export quotes at most, a look-up of a document counted as ``_LOOKUP`` of them."""

_LOOKUP = 1_000

_BREAKS_OUT = re.compile(r"([\\`_~\[\]|])|(?<!\*)\*(?!\*)(?!(?<=^\*)\s)", re.MULTILINE)

_ESCAPED = re.compile(r"\\([\\`_~\[\]|*])")

_ENTITY = re.compile(r"&(?:amp|lt|gt|#\d{1,7});")

_OUR_LINK = re.compile(r"(\s?)\[\\\[(\d{1,9})\\\]\]\([^()\[\]\s]*+(?: \"[^\"]*+\")?\)")

_HALF_MARKER = re.compile(r"\[\d{0,3}\Z")

_LINKS_ITSELF = re.compile(r"(?<=[A-Za-z])://|\bwww\.|@", re.IGNORECASE)


def safe_markdown(text: str) -> str:
    """Text as Markdown that shows it as it is: no HTML, links, images, code or formulas of its own.

    Paragraphs, lists, headings and ``**bold**`` remain, because models write them.
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _BREAKS_OUT.sub(r"\\\g<0>", text)
    return _LINKS_ITSELF.sub(
        lambda match: "".join(f"&#{ord(char)};" if char in ":.@" else char for char in match[0]), text
    )


def plain_text(message: str) -> str:
    """The words of a bubble without our links and notes: the inverse of :func:`answer_message`, for the next turn."""
    body = "" if message.startswith("<") else _body(message)
    body = _ESCAPED.sub(r"\1", _OUR_LINK.sub("", body))
    return _ENTITY.sub(lambda match: html.unescape(match[0]), body).strip()


def _body(message: str) -> str:
    """What was said in a bubble, with its links and without the notes below it."""
    return message[:LONGEST_MESSAGE].split("\n\n<", 1)[0]


def partial_message(text: str) -> str:
    """A bubble while its answer is still being written: without a half-written marker at its end."""
    begun = _HALF_MARKER.search(text, max(0, len(text) - len("[123")))
    return safe_markdown(text[: begun.start()].rstrip() if begun else text)


def export_markdown(messages: Sequence[tuple[str, str]], documents: Documents, strings: Strings) -> str:
    """A conversation of ``(role, bubble)`` pairs as a Markdown file: questions, answers, and every quote in full."""
    parts, left = [f"# {strings.conversation}"], _EXPORT_BUDGET
    for role, message in messages:
        if role == "user":
            parts.append(f"## {safe_markdown(plain_text(message))}")
            continue
        parts.append(_OUR_LINK.sub(r"\1\[\2\]", _body(message)))
        for reference in dict.fromkeys(references_in(message)[:_EXPORTED]):
            left -= _LOOKUP + min(max(0, reference.end - reference.start), LONGEST_QUOTE)
            if left > 0 and (document := documents(reference.document_id)):
                parts.append(_exported(reference, document, strings))
    return "\n\n".join(parts) + "\n"


def _exported(reference: Reference, document: Document, strings: Strings) -> str:
    facts = ", ".join(filter(None, (document.title or document.id, document.source, strings.date(document.date))))
    label = f"[{reference.marker}] " if reference.marker else ""
    head = f"> {safe_markdown(label)}**{safe_markdown(facts).replace('*', '')}** ({safe_markdown(document.id)})"
    if not reference.still_in(document):
        return f"{head}\n>\n> {strings.document_changed}"
    quoted = safe_markdown(document.text[reference.start : reference.end])
    return head + "\n>\n" + "\n".join(f"> {line}" for line in quoted.splitlines())
