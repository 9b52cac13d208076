"""Sources as HTML that a browser can be trusted with: the panel beside the chat, and the page of a whole document."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup

from askcorpus.types import Document, Locator, Span, locator_at
from askcorpus_ui.chat.cite import Quotation
from askcorpus_ui.chat.conversation import Place, way_back
from askcorpus_ui.chat.pieces import cut, parts
from askcorpus_ui.chat.references import Copies, Documents, Reference, leading_back
from askcorpus_ui.chat.templates import fill
from askcorpus_ui.chat.translations import Strings

_CONTEXT_CHARS = 200
_IN_PANEL = 50
_COPIES = 20
_HITS = 200
"""Places that a search inside a document shows."""

_LONGEST_SOUGHT = 200

_SPACES = re.compile(r"\s+")


class _Card(NamedTuple):
    """One document in the panel: what is linked to of it, and the stretches of its text that are shown."""

    references: Sequence[Reference]
    document: Document | None
    extracts: Sequence["_Extract"]
    changed: bool
    chosen: Reference | None
    quotation: Quotation | None


class _Extract(NamedTuple):
    """A stretch of a document, where in it that is, and whether there is more text before and after it."""

    text: Markup
    locator: Locator
    begins: bool
    ends: bool


def panel(
    references: Iterable[Reference],
    documents: Documents,
    strings: Strings,
    active: Reference | None = None,
    *,
    copies: Copies = lambda _: {},
    back: Place | None = None,
) -> str:
    """The source panel: one card a document, by the numbers it proves, otherwise in the order given; with each the
    documents that tell the same elsewhere. What it links to leads ``back`` to the turn whose sources these are."""
    shown = sorted(islice(dict.fromkeys(references), _IN_PANEL), key=lambda reference: reference.marker)
    grouped: dict[str, list[Reference]] = {}
    for reference in shown:
        grouped.setdefault(reference.document_id, []).append(reference)
    cards = [_card(group, documents(document_id), active, strings) for document_id, group in grouped.items()]
    cited = [each for each in shown if each.marker]
    elsewhere = copies(list(grouped)) if grouped else {}
    values: dict[str, Any] = {"cards": cards, "cited": cited, "steps": len(cited) > 1}
    values |= {"conversation": back.id if back else "", "turn": back.turn if back else None}
    return fill("panel.html", **values, copies=elsewhere, most=_COPIES, strings=strings)


def _card(
    references: Sequence[Reference], document: Document | None, active: Reference | None, strings: Strings
) -> _Card:
    found = [reference for reference in references if document and reference.still_in(document)]
    chosen = active if active in references else None
    extracts = _extracts(found, document, chosen) if document else []
    copied = chosen if chosen in found else (found[0] if found else None)
    quotation = quotation_of(copied, document, strings) if document and copied else None
    return _Card(references, document, extracts, len(found) < len(references), chosen, quotation)


def quotation_of(reference: Reference, document: Document, strings: Strings) -> Quotation | None:
    """The stretch that a reference names, to be copied with its source; ``None`` where the document has it no more."""
    if not reference.still_in(document):
        return None
    date = strings.date(document.date) if document.date else ""
    return Quotation(document.text[reference.start : reference.end], document, date)


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


def source_page(
    reference: Reference | None,
    document: Document,
    strings: Strings,
    *,
    theme: str = "",
    root: str = "../",
    sought: str = "",
    conversation: str = "",
    turn: int | None = None,
    cited: Sequence[Reference] = (),
) -> str:
    """The whole document as a page of its own, without scripts, the referenced stretch marked; while words are
    ``sought`` in it, the places where they stand instead.

    ``root`` leads from the page's address to the server's root, and the page back to the ``conversation``; and on to
    what else is ``cited`` by the answer of its ``turn``.
    """
    found = [reference] if reference and reference.still_in(document) else []
    changed = reference is not None and not found
    sought = " ".join(sought[:_LONGEST_SOUGHT].split())
    hits = list(islice(_places_of(sought, document), _HITS)) if sought else []
    places = [(mark.start, strings.locator(mark.locator)) for mark in document.marks]
    shown = hits if sought else found
    body = marked(document.text, Span(0, len(document.text)), shown, anchor="" if sought else "quote", places=places)
    chat = f"{root}?{urlencode({'document': document.id})}"
    values = {"document": document, "body": body, "changed": changed, "chat": chat, "root": root}
    kept = (reference.query() if reference else {}) | leading_back(conversation, turn)
    values |= {"steps": [f"{root}{each.url(conversation, turn)}" for each in _beside(reference, cited)]}
    values |= {"sought": sought, "hits": len(hits), "kept": kept, "conversation": conversation}
    return fill("source.html", **values, back=way_back(conversation), strings=strings, theme=theme)


def _beside(reference: Reference | None, cited: Sequence[Reference]) -> Sequence[Reference]:
    """The citations before and after one, the first after the last; nothing where there is no other."""
    if reference not in cited or len(cited) < 2:
        return ()
    at = cited.index(reference)
    return cited[at - 1], cited[(at + 1) % len(cited)]


def no_source_page(
    why: str, fault: str, strings: Strings, *, theme: str = "", root: str = "../", conversation: str = ""
) -> str:
    """The page in place of a document that cannot be shown: ``why``, and in English what exactly is at ``fault``."""
    values = {"why": why, "fault": fault, "theme": theme, "root": root, "conversation": conversation}
    return fill("no_source.html", **values, back=way_back(conversation), strings=strings)


def no_key_page(strings: Strings, *, given: bool, root: str) -> str:
    """The page for who comes without a key, or has ``given`` one that does not open what is asked for."""
    return no_source_page(strings.key_refused if given else strings.key_needed, "", strings, root=root)


def _places_of(words: str, document: Document) -> Iterator[Reference]:
    """Where words stand in a document, whatever their case and the white space between them; numbered from 1."""
    pattern = re.compile(r"\s+".join(map(re.escape, words.split())), re.IGNORECASE)
    for number, found in enumerate(pattern.finditer(document.text), start=1):
        yield Reference(document.id, found.start(), found.end(), number)


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
        (reference, parts(text, stretch, reference.words if reference else (), places))
        for stretch, reference in cut(window, spans)
    ]
    return Markup(fill("marked.html", stretches=stretches, anchor=anchor, active=active))
