"""Text as Markdown that a browser can be trusted with."""

import json
import re
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from askcorpus.types import Document
from askcorpus_ui.chat.conversation import Conversation, Reply
from askcorpus_ui.chat.references import LONGEST_QUOTE, Documents, Reference
from askcorpus_ui.chat.translations import Strings

_EXPORTED = 200  # references of one reply

_EXPORT_BUDGET = 10_000_000
"""Characters that an export quotes at most, a look-up of a document counted as ``_LOOKUP`` of them."""

_LOOKUP = 1_000

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"} | {char: f"\\{char}" for char in "\\`_~[]|"})

_LONE_STAR = re.compile(r"(?<!\*)\*(?!\*)(?!(?<=^\*)\s)", re.MULTILINE)

_STAR = "\ue000"  # stands for an asterisk, so that only one rule escapes it

_BEGINS_BLOCK = re.compile(r"^(\d{0,9})([-+=#.)])")

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


def verbatim(text: str) -> str:
    """Text as Markdown that shows every character of it, also where a line begins like a list, a heading or a rule."""
    return "\n".join(_verbatim_line(line.strip()) for line in text.split("\n"))


def _verbatim_line(line: str) -> str:
    safe = safe_markdown(line.replace("*", _STAR)).replace(_STAR, "\\*")
    return _BEGINS_BLOCK.sub(r"\1\\\2", safe)


def partial_text(text: str) -> str:
    """An answer that is being written, without a half-written marker at its end."""
    begun = _HALF_MARKER.search(text, max(0, len(text) - len("[123")))
    return text[: begun.start()].rstrip() if begun else text


def export_markdown(conversation: Conversation, documents: Documents, strings: Strings) -> str:
    """A conversation as a Markdown file: questions, answers, and every quote in full."""
    parts, left = [f"# {verbatim(conversation.title or strings.conversation)}"], _EXPORT_BUDGET
    for exchange in conversation.exchanges:
        parts.append(f"## {verbatim(' '.join(exchange.question.split()))}")
        if exchange.reply is None:
            continue
        parts += _answer(exchange.reply, strings)
        for reference in dict.fromkeys(exchange.reply.references[:_EXPORTED]):
            left -= _LOOKUP + min(max(0, reference.end - reference.start), LONGEST_QUOTE)
            if left > 0 and (document := documents(reference.document_id)):
                parts.append(_exported(reference, document, strings))
    return "\n\n".join(parts) + "\n"


def _listed(line: str) -> str:
    """A line of a list as one of Markdown's, any other as one that ends."""
    item = line.removeprefix("- ")
    return f"- {verbatim(item)}" if item != line else f"{verbatim(line)}  "


def _quotes(reply: Reply) -> str:
    """Quotes and nothing else, each with its marker as a paragraph of its own."""
    ends = [0, *(marker.end for marker in reply.markers), len(reply.text)]
    quotes = (reply.text[start:end].strip() for start, end in pairwise(ends))
    return "\n\n".join(verbatim(quote) for quote in quotes if quote)


def _answer(reply: Reply, strings: Strings) -> list[str]:
    """The text of a reply, and how sure it is."""
    text = _quotes(reply) if reply.quoted else safe_markdown(reply.text)
    if reply.kind == "small_talk":  # each line by itself: titles of documents begin some
        text = "\n".join(_listed(line) for line in reply.text.split("\n"))
    if reply.kind == "answered":
        instead = [strings.model_failed] if reply.model_fault else []
        sure = f"{strings.confidence(reply.confidence)} ({strings.percent(reply.confidence)})"
        overview = f"{strings.overview} · {strings.named_in(reply.named_in)}"
        return [text, *instead, overview if reply.named_in else sure]
    return [text, strings.no_answer] if reply.kind == "abstained" else [text]


def export_json(conversation: Conversation, documents: Documents) -> str:
    """A conversation as JSON: each question, what came of it, its confidence, and every quote in full."""
    left = _EXPORT_BUDGET
    turns = []
    for exchange in conversation.exchanges:
        turn: dict[str, Any] = {"question": exchange.question, "asked": _utc(exchange.asked)}
        if reply := exchange.reply:
            turn |= {
                "outcome": reply.kind,
                "answer": reply.text,
                "answer_id": reply.id,
                "abstained": reply.kind == "abstained",
                "answered_by": reply.answered_by,
                "model_fault": reply.model_fault and reply.model_fault.model_dump(),
            }
            turn |= {"confidence": reply.confidence, "unsupported": reply.unsupported, "citations": []}
            for reference in dict.fromkeys(reply.references[:_EXPORTED]):
                left -= _LOOKUP + min(max(0, reference.end - reference.start), LONGEST_QUOTE)
                if left > 0:
                    turn["citations"].append(_cited(reference, documents(reference.document_id)))
        turns.append(turn)
    whole = {"id": conversation.id, "title": conversation.title, "turns": turns}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def _cited(reference: Reference, document: Document | None) -> dict[str, Any]:
    """A reference with its quote, which is ``None`` where the document does not say so any more."""
    facts = document.model_dump(include={"title", "source", "date", "language"}) if document else {}
    there = document is not None and reference.still_in(document)
    quote = document.text[reference.start : reference.end] if document and there else None
    place = {
        "marker": reference.marker,
        "document_id": reference.document_id,
        "start": reference.start,
        "end": reference.end,
    }
    return place | facts | {"verified": reference.verified, "quote": quote}


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _exported(reference: Reference, document: Document, strings: Strings) -> str:
    facts = strings.listed(filter(None, (document.title or document.id, document.source, strings.date(document.date))))
    label = f"{verbatim(f'[{reference.marker}]')} " if reference.marker else ""
    head = f"> {label}**{verbatim(facts).replace('*', '')}** ({verbatim(document.id)})"
    if not reference.still_in(document):
        return f"{head}\n>\n> {strings.document_changed}"
    quoted = verbatim(document.text[reference.start : reference.end])
    return head + "\n>\n" + "\n".join(f"> {line}" for line in quoted.split("\n"))
