"""Conversations as HTML that a browser can be trusted with: their turns, the list of them, and filters as chips.

Whatever comes from a document, a model or a user is escaped by Jinja when it is put in. None of it is taken for
Markdown: a quote that begins with "2019." or "#" is shown as it is. A citation is a plain link, so it also works
without scripts, in a copy, in an export and after a restart of the server.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup

from askcorpus.types import Filters, Span
from askcorpus_ui.chat.address import query_of
from askcorpus_ui.chat.conversation import Conversation, Exchange, Marker, Reply
from askcorpus_ui.chat.conversations import Entry
from askcorpus_ui.chat.markdown import partial_text
from askcorpus_ui.chat.pieces import parts
from askcorpus_ui.chat.references import Documents
from askcorpus_ui.chat.templates import fill
from askcorpus_ui.chat.translations import Strings

_NAMED = 5
"""Chosen documents that have a chip each; more have one together."""

_BULLETS = ("- ", "* ", "• ")
_DATE = re.compile(r"(?<![\w-])\d{4}-\d\d(?:-\d\d)?(?![\w-])", re.ASCII)
_BEGINNING_DATE = re.compile(r"\d{4}(?:-\d\d){0,2}(?=: )", re.ASCII)


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
    still = writing is not None or waiting
    body = _turn(shown, conversation.id, strings, writing=still, last=True, kept=conversation.kept)
    return fill("last.html", conversation=conversation, turn=body)


def _turn(
    exchange: Exchange,
    conversation: str,
    strings: Strings,
    *,
    writing: bool = False,
    last: bool = False,
    kept: bool = True,
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
    return Markup(fill("turn.html", **values, strings=strings, writing=writing, last=last, kept=kept))


def _folded(reply: Reply) -> tuple[list[_Line], list[_Line]]:
    """The lines to show, and those to fold: of quotes all but the first, which answers best. Quotes in a line each, the
    rows of a table, are told together: as a whole they answer, and no words in them more than others."""
    if not reply.quoted or len(reply.markers) < 2:
        return _lines(reply), []
    if "\n" in reply.text:
        markers = tuple(marker._replace(words=()) for marker in reply.markers)
        return _lines(reply.model_copy(update={"markers": markers})), []
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
        for part, strong, _place in parts(reply.text, Span(done, max(done, end)), words):
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
    query = urlencode(query_of(filters))
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
