"""Conversations and documents as HTML that a browser can be trusted with.

The HTML stands in ``templates/``, and whatever comes from a document, a model or a user is escaped by Jinja when it is
put in. None of it is taken for Markdown: a quote that begins with "2019." or "#" is shown as it is. A citation is a
plain link, so it also works without scripts, in a copy, in an export and after a restart of the server.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice, pairwise
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from askcorpus.types import Document, Filters, Locator, Span, locator_at
from askcorpus_ui.chat.cite import Quotation
from askcorpus_ui.chat.conversation import Conversation, Exchange, Marker, Place, Reply, way_back
from askcorpus_ui.chat.conversations import Entry
from askcorpus_ui.chat.markdown import partial_text
from askcorpus_ui.chat.references import Copies, Documents, Reference, leading_back
from askcorpus_ui.chat.translations import Strings

_CONTEXT_CHARS = 200
_IN_PANEL = 50
_COPIES = 20
_NAMED = 5
"""Chosen documents that have a chip each; more have one together."""

_HITS = 200
"""Places that a search inside a document shows."""

_LONGEST_SOUGHT = 200

_BULLETS = ("- ", "* ", "• ")
_SPACES = re.compile(r"\s+")
_DATE = re.compile(r"(?<![\w-])\d{4}-\d\d(?:-\d\d)?(?![\w-])", re.ASCII)
_BEGINNING_DATE = re.compile(r"\d{4}(?:-\d\d){0,2}(?=: )", re.ASCII)
_Thing = TypeVar("_Thing")


def fill(template: str, **values: Any) -> str:
    """A template with the values put in, escaped."""
    return _templates().get_template(f"{template}.j2").render(values)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


# ---- turns


class _Line(NamedTuple):
    """A line of a reply: stretches of its text, some of them words that answer, and the markers between them.

    ``bullet`` is that of a list's item, and ``date`` its date, with which its text does not begin then."""

    pieces: Sequence["_Piece"]
    bullet: str
    date: str = ""


class _Piece(NamedTuple):
    """Text, and whether it answers; or a marker."""

    text: str = ""
    strong: bool = False
    marker: Marker | None = None


def turns(conversation: Conversation | None, strings: Strings) -> str:
    """All turns of a conversation but the last, which is shown by :func:`turn`."""
    exchanges = conversation.exchanges[:-1] if conversation else ()
    earlier = exchanges[0].number - 1 if exchanges else 0
    shown = [_turn(each, conversation.id, strings) for each in exchanges] if conversation else []
    return fill("turns.html", exchanges=shown, earlier=earlier, strings=strings)


def turn(conversation: Conversation, strings: Strings, *, writing: Reply | None = None, waiting: bool = False) -> str:
    """The last turn of a conversation; with the reply that is being written, or ``waiting`` for its first word."""
    last = conversation.last
    if last is None:
        return ""
    shown = last.model_copy(update={"reply": writing}) if writing else last
    body = _turn(shown, conversation.id, strings, writing=writing is not None or waiting, last=True)
    return fill("last.html", conversation=conversation, turn=body)


def _turn(
    exchange: Exchange, conversation: str, strings: Strings, *, writing: bool = False, last: bool = False
) -> Markup:
    reply = exchange.reply
    text = partial_text(reply.text) if reply and writing else ""
    lead: list[_Line] = []
    more: list[_Line] = []
    if reply and writing:
        lead, more = _lines(reply.model_copy(update={"text": text, "markers": ()})), []
    elif reply:
        lead, more = _folded(reply)
    if reply:
        lead = _dated(lead, reply, strings)
    limited = strings.listed(_limits(reply.filters, strings)) if reply else ""
    values: dict[str, Any] = {"exchange": exchange, "reply": reply, "lead": lead, "more": more, "limits": limited}
    cited = {each.reference.marker: each for each in reply.markers[::-1]} if reply and not writing else {}
    values |= {"conversation": conversation, "cited": [each for _, each in sorted(cited.items())]}
    return Markup(fill("turn.html", **values, strings=strings, writing=writing, last=last))


def _folded(reply: Reply) -> tuple[list[_Line], list[_Line]]:
    """The lines to show, and those to fold: of quotes all but the first, which answers best."""
    if not reply.quoted or len(reply.markers) < 2:
        return _lines(reply), []
    cut = reply.markers[0].end
    lead = reply.model_copy(update={"text": reply.text[:cut], "markers": reply.markers[:1]})
    more: list[_Line] = []
    for before, marker in pairwise(reply.markers):
        text = reply.text[: marker.end]
        quote = text[before.end :].lstrip()
        more += _lines(Reply(kind=reply.kind, text=text, markers=(marker,)), start=len(text) - len(quote))
    return _lines(lead), more


def _lines(reply: Reply, start: int = 0) -> list[_Line]:
    """The text of a reply from ``start`` on, line by line, as it is: nothing in it is taken for markup."""
    lines: list[list[_Piece]] = [[]]
    done = start
    for marker in (*reply.markers, None):
        words = marker.words if marker else ()
        end = marker.start if marker else len(reply.text)
        for part, strong, _place in _parts(reply.text, Span(done, max(done, end)), words):
            first, *others = part.split("\n")
            lines[-1].append(_Piece(first, strong))
            lines += [[_Piece(other, strong)] for other in others]
        if marker:
            lines[-1].append(_Piece(marker=marker))
            done = max(done, marker.end)
    return [_line(pieces) for pieces in lines if _holds(pieces)]


def _line(pieces: Sequence[_Piece]) -> _Line:
    first, *others = pieces
    text = first.text.lstrip()
    if not text.startswith(_BULLETS):
        return _Line(pieces, "")
    said = text.split(" ", 1)[1]
    return _Line([first._replace(text=said), *others], first.text.removesuffix(said))


def _dated(lines: Sequence[_Line], reply: Reply, strings: Strings) -> list[_Line]:
    """The lines of a reply, with the dates that are ours in the reader's form: those with which an item of a list
    begins that quotes a document of that date, and those of what is said of the documents without quoting any."""
    ours = reply.kind == "small_talk"
    shown: list[_Line] = []
    for line in lines:
        first, *others = line.pieces
        dates = {piece.marker.date for piece in line.pieces if piece.marker}
        date = ""
        if line.bullet:
            begin = _BEGINNING_DATE.match(first.text)
            if begin and (ours or begin[0] in dates):
                # Apart, for its letters would turn around a quotation in another script.
                date = f"{strings.date(begin[0])}: "
                first = first._replace(text=first.text[begin.end() + len(": ") :])
        elif ours:
            first = first._replace(text=_DATE.sub(lambda date: strings.date(date[0]), first.text))
        shown.append(_Line([first, *others], line.bullet, date))
    return shown


def _holds(pieces: Sequence[_Piece]) -> bool:
    return any(piece.marker or piece.text.strip() for piece in pieces)


def _limits(filters: Filters, strings: Strings) -> Iterator[str]:
    yield from map(strings.language_name, filters.languages)
    yield from filters.sources
    if filters.date_from:
        yield f"{strings.date_from} {strings.date(filters.date_from)}"
    if filters.date_to:
        yield f"{strings.date_to} {strings.date(filters.date_to)}"
    if filters.document_ids:
        yield strings.documents(len(filters.document_ids))


def limits(filters: Filters) -> list[tuple[str, str]]:
    """What the query of an address says that asks for the same filters."""
    fields = [("language", each) for each in filters.languages] + [("source", each) for each in filters.sources]
    dates = (("date_from", filters.date_from), ("date_to", filters.date_to))
    fields += [(name, value) for name, value in dates if value]
    return fields + [("document", each) for each in filters.document_ids]


class _Chip(NamedTuple):
    """A filter that is set: what takes it away, and what it says."""

    name: str
    label: str


def chips(filters: Filters, documents: Documents, strings: Strings, passing: int | None = 0, all: int = 0) -> str:
    """The filters that are set, and how many of all documents pass them; ``None`` where they are refused."""
    shown = [_Chip(f"language:{code}", strings.language_name(code)) for code in filters.languages]
    shown += [_Chip(f"source:{source}", source) for source in filters.sources]
    for name, label, date in (
        ("date_from", strings.date_from, filters.date_from),
        ("date_to", strings.date_to, filters.date_to),
    ):
        if date:
            shown.append(_Chip(f"{name}:", f"{label} {strings.date(date)}"))
    if len(filters.document_ids) > _NAMED:
        shown.append(_Chip("documents:", strings.documents(len(filters.document_ids))))
    for document_id in filters.document_ids if len(filters.document_ids) <= _NAMED else ():
        document = documents(document_id)
        shown.append(_Chip(f"document:{document_id}", (document.title if document else "") or document_id))
    query = urlencode(limits(filters))
    return fill("chips.html", chips=shown, query=query, strings=strings, filters=filters, passing=passing, all=all)


def past(
    entries: Sequence[Entry],
    strings: Strings,
    current: str,
    search: str,
    kept: str,
    *,
    gone: str = "",
    detail: str = "",
) -> str:
    """The list of conversations; ``current`` is the one that the page shows, ``kept`` how long they are, and ``gone``
    the one that has just been deleted. Where they cannot be read ``kept`` says so, and ``detail`` more exactly."""
    values = {"entries": entries, "current": current, "search": search, "kept": kept, "gone": gone, "detail": detail}
    return fill("past.html", **values, strings=strings)


# ---- the source panel and the source page


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
        (reference, _parts(text, stretch, reference.words if reference else (), places))
        for stretch, reference in _cut(window, spans)
    ]
    return Markup(fill("marked.html", stretches=stretches, anchor=anchor, active=active))


def _parts(
    text: str, stretch: Span, words: Iterable[Span], places: Sequence[tuple[int, str]] = ()
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
