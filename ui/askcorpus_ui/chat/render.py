"""Conversations and documents as HTML that a browser can be trusted with.

The HTML stands in ``templates/``, and whatever comes from a document, a model or a user is escaped when it is put in:
as HTML by Jinja, as Markdown by ``safe_markdown`` before. A citation is a plain link, so it also works without scripts,
in a copy, in an export and after a restart of the server.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from askcorpus.types import Document, Filters, Locator, Span, locator_at
from askcorpus_ui.chat.conversation import Conversation, Reply
from askcorpus_ui.chat.markdown import linked, partial_text, safe_markdown
from askcorpus_ui.chat.references import Documents, Reference
from askcorpus_ui.chat.translations import Strings

_CONTEXT_CHARS = 200
_IN_PANEL = 50
_SPACES = re.compile(r"\s+")
_Thing = TypeVar("_Thing")


def fill(template: str, **values: Any) -> str:
    """A template with the values put in, escaped."""
    return _templates().get_template(f"{template}.j2").render(values)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["line"] = lambda text: Markup(" ").join(text.split())
    return environment


# ---- bubbles


def bubbles(conversation: Conversation, strings: Strings) -> list[dict[str, Any]]:
    """The conversation as Gradio shows one."""
    shown = []
    for exchange in conversation.exchanges:
        shown.append({"role": "user", "content": safe_markdown(exchange.question)})
        if exchange.reply:
            shown.append(bubble(exchange.reply, strings))
    return shown


def bubble(reply: Reply, strings: Strings, *, writing: bool = False) -> dict[str, Any]:
    """A reply, or what there is of it while it is written: ``writing``."""
    text = safe_markdown(partial_text(reply.text)) if writing else linked(reply)
    limits = ", ".join(_limits(reply.filters, strings))
    content = fill("bubble.md", reply=reply, text=Markup(text), limits=limits, strings=strings, writing=writing)
    return {"role": "assistant", "content": content.strip()}


def _limits(filters: Filters, strings: Strings) -> Iterator[str]:
    yield from map(strings.language_name, filters.languages)
    yield from filters.sources
    if filters.date_from:
        yield f"{strings.date_from} {strings.date(filters.date_from)}"
    if filters.date_to:
        yield f"{strings.date_to} {strings.date(filters.date_to)}"


# ---- the source panel and the source page


class _Card(NamedTuple):
    """One document in the panel: what is linked to of it, and the stretches of its text that are shown."""

    references: Sequence[Reference]
    document: Document | None
    extracts: Sequence["_Extract"]
    changed: bool
    chosen: Reference | None


class _Extract(NamedTuple):
    """A stretch of a document, where in it that is, and whether there is more text before and after it."""

    text: Markup
    locator: Locator
    begins: bool
    ends: bool


def panel(
    references: Iterable[Reference], documents: Documents, strings: Strings, active: Reference | None = None
) -> str:
    """The source panel: one card a document, by the numbers it proves, otherwise in the order given."""
    shown = sorted(islice(dict.fromkeys(references), _IN_PANEL), key=lambda reference: reference.marker)
    grouped: dict[str, list[Reference]] = {}
    for reference in shown:
        grouped.setdefault(reference.document_id, []).append(reference)
    cards = [_card(group, documents(document_id), active) for document_id, group in grouped.items()]
    return fill("panel.html", cards=cards, cited=any(each.marker for each in shown), strings=strings)


def _card(references: Sequence[Reference], document: Document | None, active: Reference | None) -> _Card:
    found = [reference for reference in references if document and reference.still_in(document)]
    chosen = active if active in references else None
    extracts = _extracts(found, document, chosen) if document else []
    return _Card(references, document, extracts, len(found) < len(references), chosen)


def _extracts(references: Sequence[Reference], document: Document, chosen: Reference | None) -> list[_Extract]:
    """What to show of a document: quotes with their surroundings, passages as they are; overlaps are joined."""
    text = document.text
    windows: list[Span] = []
    for reference in sorted(references, key=lambda reference: reference.start):
        own = Span(reference.start, reference.end)
        window = surroundings(text, *own) if reference.marker else own
        if windows and window.start <= windows[-1].end:
            window = Span(windows[-1].start, max(window.end, windows.pop().end))
        windows.append(window)
    cited = [reference for reference in references if reference.marker]
    return [
        _Extract(
            marked(text, window, cited, active=chosen.marker if chosen else 0),
            locator_at(document.marks, min(one.start for one in references if one.start >= window.start)),
            window.start == 0,
            window.end >= len(text),
        )
        for window in windows
    ]


def surroundings(text: str, start: int, end: int) -> Span:
    """The stretch widened to the text around it, cut where words end."""
    low, high = max(0, start - _CONTEXT_CHARS), min(len(text), end + _CONTEXT_CHARS)
    if low and (space := _SPACES.search(text[low:start])):
        low += space.end()
    if high < len(text):
        last = max(text.rfind(" ", end, high), text.rfind("\n", end, high))
        high = last if last > end else high
    return Span(low, high)


def source_page(reference: Reference | None, document: Document, strings: Strings) -> str:
    """The whole document as a page of its own, without scripts, the referenced stretch marked."""
    found = [reference] if reference and reference.still_in(document) else []
    places = [(mark.start, strings.locator(mark.locator)) for mark in document.marks]
    body = marked(document.text, Span(0, len(document.text)), found, anchor="quote", places=places)
    changed = reference is not None and not found
    return fill("source.html", document=document, body=body, changed=changed, strings=strings)


def marked(
    text: str,
    window: Span,
    references: Iterable[Reference],
    *,
    anchor: str = "",
    active: int = 0,
    places: Sequence[tuple[int, str]] = (),
) -> Markup:
    """``text[window]`` with each reference's stretch in ``<mark>`` and its words in ``<strong>``.

    ``anchor`` is the mark's id, by default one with its number; ``active`` is the number that people asked for. A
    stretch that overlaps the one before begins where that ends. ``places`` are offsets and what begins there.
    """
    spans = ((Span(each.start, each.end), each) for each in sorted(references, key=attrgetter("start", "end")))
    stretches = [
        (reference, _parts(text, stretch, reference.words if reference else (), places))
        for stretch, reference in _cut(window, spans)
    ]
    return Markup(fill("marked.html", stretches=stretches, anchor=anchor, active=active))


def _parts(
    text: str, stretch: Span, words: Iterable[Span], places: Sequence[tuple[int, str]]
) -> list[tuple[str, bool, str]]:
    """The text of a stretch in pieces: whether each is one of the words, and what place begins with it."""
    spans = ((word, True) for word in sorted(words))
    return [
        (text[start:end], word is not None, place)
        for part, word in _cut(stretch, spans)
        for start, end, place in _placed(part, places)
    ]


def _placed(part: Span, places: Sequence[tuple[int, str]]) -> Iterator[tuple[int, int, str]]:
    """The part in pieces, one for each place that begins in it, and one for what is before."""
    first = bisect_left(places, part.start, key=itemgetter(0))
    begun = places[first : bisect_left(places, part.end, lo=first, key=itemgetter(0))]
    starts = [part.start, *(start for start, _ in begun), part.end]
    for start, end, place in zip(starts, starts[1:], ["", *(place for _, place in begun)], strict=False):
        if start < end:
            yield start, end, place


def _cut(window: Span, spans: Iterable[tuple[Span, _Thing]]) -> Iterator[tuple[Span, _Thing | None]]:
    """The window in pieces: the spans in it, with what each stands for, and what is between them."""
    done = window.start
    for span, thing in spans:
        start, end = max(done, span.start), min(window.end, span.end)
        if start < end:
            yield Span(done, start), None
            yield Span(start, end), thing
            done = end
    yield Span(done, window.end), None
