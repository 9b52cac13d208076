"""Text as Markdown that a browser can be trusted with."""

import re

from markupsafe import escape

from askcorpus.types import Document
from askcorpus_ui.chat.conversation import Conversation, Marker, Reply
from askcorpus_ui.chat.references import LONGEST_QUOTE, Documents, Reference
from askcorpus_ui.chat.translations import Strings

_EXPORTED = 200  # references of one reply

_EXPORT_BUDGET = 10_000_000
"""Characters that an export quotes at most, a look-up of a document counted as ``_LOOKUP`` of them."""

_LOOKUP = 1_000

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"} | {char: f"\\{char}" for char in "\\`_~[]|"})

_LONE_STAR = re.compile(r"(?<!\*)\*(?!\*)(?!(?<=^\*)\s)", re.MULTILINE)

_HALF_MARKER = re.compile(r"\[\d{0,3}\Z")

_LINKS_ITSELF = re.compile(r"(?<=[A-Za-z])://|\bwww\.|@", re.IGNORECASE)


def safe_markdown(text: str) -> str:
    """Text as Markdown that shows it as it is: no HTML, links, images, code or formulas of its own.

    Paragraphs, lists, headings and ``**bold**`` remain, because models write them.
    """
    text = _LONE_STAR.sub(r"\\*", text.translate(_ESCAPES))
    return _LINKS_ITSELF.sub(
        lambda match: "".join(f"&#{ord(char)};" if char in ":.@" else char for char in match[0]), text
    )


def partial_text(text: str) -> str:
    """An answer that is being written, without a half-written marker at its end."""
    begun = _HALF_MARKER.search(text, max(0, len(text) - len("[123")))
    return text[: begun.start()].rstrip() if begun else text


def linked(reply: Reply) -> str:
    """The text of a reply with its markers as links."""
    return "".join(_link(piece) if isinstance(piece, Marker) else safe_markdown(piece) for piece in reply.pieces())


def _link(marker: Marker) -> str:
    tip = escape(" ".join(marker.tip.replace("\\", "").replace('"', "”").split()))
    return f'[\\[{marker.reference.marker}\\]]({marker.reference.url()} "{tip}")'


def export_markdown(conversation: Conversation, documents: Documents, strings: Strings) -> str:
    """A conversation as a Markdown file: questions, answers, and every quote in full."""
    parts, left = [f"# {strings.conversation}"], _EXPORT_BUDGET
    for exchange in conversation.exchanges:
        parts.append(f"## {safe_markdown(exchange.question)}")
        if exchange.reply is None:
            continue
        parts.append(safe_markdown(exchange.reply.text))
        for reference in dict.fromkeys(exchange.reply.references[:_EXPORTED]):
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
