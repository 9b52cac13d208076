"""The conversation that a page shows: what was asked and what came of it, as data.

Turns, the source panel, an export and the next question's history are all made from these types. The server keeps them
(`conversations`); a page carries no more than a :class:`Place`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, ValidationError

from askcorpus.answer import extractive
from askcorpus.errors import AskcorpusError
from askcorpus.feedback import Reason
from askcorpus.types import Answer, Citation, Filters, Hit, ModelFault, Span, Turn
from askcorpus_ui.chat.references import Reference

ID = r"^[A-Za-z0-9_-]{22}$"
"""What the id of a conversation looks like: 128 bits that nobody can guess."""

NO_FILTERS = Filters()
_ID = re.compile(ID)
_LONGEST_TITLE = 60
_LONGEST_REPLY = 200_000
_TIP_CHARS = 110
_NEAREST = 3


def _reference(value: object) -> Reference:
    found = value if isinstance(value, Reference) else Reference.parse(str(value))
    if found is None:
        raise ValueError("not the address of a source")
    return found


_Link = Annotated[Reference, PlainValidator(_reference), PlainSerializer(Reference.url, return_type=str)]
_Offset = Annotated[int, Field(ge=0, lt=2**53)]
_Text = Annotated[str, AfterValidator(lambda text: text[:_LONGEST_REPLY])]


class Kept(BaseModel):
    """Base of what is kept: what an older or newer version put there besides is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def dumped(self) -> dict[str, Any]:
        """As JSON has it, without what is as it would be anyway."""
        return self.model_dump(mode="json", exclude_defaults=True)


class Place(Kept):
    """All that a page carries: which conversation it shows, and which turn of it waits for its answer."""

    id: Annotated[str, Field(pattern=ID)]
    turn: Annotated[int, Field(ge=1, lt=2**53)] | None = None


class Marker(NamedTuple):
    """``text[start:end]`` of a reply, the stretch of a document it links to, and how that begins.

    ``words`` are offsets in the reply: the words before the marker that answer. ``title``, ``source`` and ``date`` are
    the document's, ``locator`` is where in it the ``quote`` stands; those kept before they were known have none.
    """

    start: _Offset
    end: _Offset
    reference: _Link
    tip: str
    title: str = ""
    words: tuple[Span, ...] = ()
    quote: str = ""
    source: str = ""
    date: str = ""
    locator: tuple[tuple[str, str], ...] = ()


class Nearby(NamedTuple):
    """A passage that is shown where nothing is cited."""

    reference: _Link
    title: str
    source: str
    date: str
    language: str


class Reply(Kept):
    """What came of a question, as much of the answer as the page shows.

    ``text`` says why where the reply has ``failed``, and ``cause`` is the class of that error, "" where nobody foresaw
    it; an ``unfinished`` one was stopped, or is being written. ``id`` is the answer's, ``language`` the question's.
    ``quoted`` says that the text is the documents' own and nobody else's, best quote first; ``in_context`` that the
    question was read together with what was said before it, as ``understood`` where that was put in words. ``searched``
    of ``documents`` passed the filters. ``small_talk`` rests on no document. ``named_in`` is, of an overview, how many
    documents name its subject, or are dated so, and 0 of an answer to a question. ``answered_by`` and ``model_fault``
    are the answer's.
    """

    kind: Literal["answered", "abstained", "small_talk", "unfinished", "failed"]
    text: _Text = ""
    id: str = ""
    markers: tuple[Marker, ...] = ()
    nearest: tuple[Nearby, ...] = ()
    confidence: float = Field(default=0.0, ge=0.0, le=1.0)
    named_in: int = Field(default=0, ge=0)
    unsupported: tuple[str, ...] = ()
    missing_names: tuple[str, ...] = ()
    filters: Filters = Filters()
    language: str = ""
    quoted: bool = False
    in_context: bool = False
    understood: str = ""
    searched: int = 0
    documents: int = 0
    answered_by: str = ""
    model_fault: ModelFault | None = None
    cause: str = ""

    @classmethod
    def failed(cls, error: AskcorpusError, filters: Filters = NO_FILTERS) -> Self:
        """What the page shows of an error; ``filters`` are those that made it."""
        return cls(kind="failed", text=str(error), cause=type(error).__name__, filters=filters)

    @classmethod
    def of(cls, answer: Answer, searched: int | None = None) -> Self:
        """What the page shows of an answer. ``searched`` is the number of documents that its filters let pass."""
        cited = sorted(answer.citations, key=lambda citation: citation.answer_start)
        return cls(
            kind=_kind_of(answer),
            text=answer.answer,
            id=answer.id,
            markers=tuple(_marker(each, answer.answer) for each in cited),
            nearest=tuple(
                Nearby(Reference.near(hit), hit.title or hit.document_id, hit.source, hit.date, hit.language)
                for hit in (() if answer.answerable else _nearest(answer.passages))
            ),
            confidence=answer.confidence,
            named_in=answer.named_in,
            unsupported=answer.unsupported,
            missing_names=answer.missing_names,
            filters=answer.filters,
            language=answer.language,
            quoted=answer.answered_by == extractive.NAME and not answer.sources_differ and not answer.named_in,
            in_context=answer.standalone_question.strip() != answer.question.strip(),
            understood=answer.standalone_question if len(answer.standalone_question.splitlines()) == 1 else "",
            searched=answer.index.documents if searched is None else searched,
            documents=answer.index.documents,
            answered_by=answer.answered_by,
            model_fault=answer.model_fault,
        )

    @property
    def references(self) -> list[Reference]:
        """What the reply links to, in its order."""
        return [marker.reference for marker in self.markers] + [near.reference for near in self.nearest]

    @property
    def source_count(self) -> int:
        """How many documents the reply cites."""
        return len({marker.reference.document_id for marker in self.markers})

    def pieces(self) -> Iterator[str | Marker]:
        """The text and its markers, in turn."""
        done = 0
        for marker in self.markers:
            yield self.text[done : marker.start]
            yield marker
            done = marker.end
        yield self.text[done:]

    @property
    def said(self) -> str:
        """The text without its markers; nothing where there was no answer."""
        if self.kind == "failed":
            return ""
        *before, last = (piece for piece in self.pieces() if isinstance(piece, str))
        return "".join([*(piece.rstrip() for piece in before), last]).strip()


def _nearest(hits: Sequence[Hit]) -> list[Hit]:
    """The nearest passages, each of another document."""
    return list({hit.document_id: hit for hit in reversed(hits)}.values())[::-1][:_NEAREST]


def _kind_of(answer: Answer) -> Literal["answered", "abstained", "small_talk"]:
    if answer.kind not in ("answer", "overview"):
        return "small_talk"
    return "answered" if answer.answerable else "abstained"


def _marker(citation: Citation, text: str) -> Marker:
    return Marker(
        citation.answer_start,
        citation.answer_end,
        Reference.of(citation),
        _tip(citation.quote),
        citation.title or citation.document_id,
        tuple(_words_in(citation, text)),
        citation.quote,
        citation.source,
        citation.date,
        tuple(citation.locator.items()),
    )


def _words_in(citation: Citation, text: str) -> Iterator[Span]:
    """Where the words of a quote that answer stand in an answer that repeats the quote before its marker."""
    quote = " ".join(citation.quote.split())
    end = len(text[: citation.answer_start].rstrip())
    start = end - len(quote)
    if start < 0 or text[start:end] != quote:
        return
    for span in citation.highlights:
        low, high = span.start - citation.start, span.end - citation.start
        if 0 <= low < high <= len(citation.quote):
            words = " ".join(citation.quote[low:high].split())
            first = start + len(quote) - len(" ".join(citation.quote[low:].split()))
            yield Span(first, first + len(words))


def _tip(quote: str) -> str:
    """How it begins."""
    return " ".join(quote[:_TIP_CHARS].split()) + ("…" if len(quote) > _TIP_CHARS else "")


class Opinion(Kept):
    """What the reader thinks of a reply: ``liked`` is ``None`` where they have not said, ``reason`` says why not."""

    liked: bool | None = None
    reason: Reason | None = None


NO_OPINION = Opinion()


class Exchange(Kept):
    """A question, when it was ``asked`` (seconds since 1970), what limits it, and its reply, if any yet, with what the
    reader thinks of that. ``number`` counts from 1."""

    question: str
    filters: Filters = NO_FILTERS
    reply: Reply | None = None
    opinion: Opinion = NO_OPINION
    number: int = 1
    asked: float = 0.0


class Conversation(Kept):
    """Questions and their replies, in order. ``id`` is what the assistant knows it by; one that is not ``kept`` cannot
    be written down, and is gone when the server stops."""

    id: str
    title: str
    exchanges: tuple[Exchange, ...] = ()
    kept: bool = True

    def exchange(self, number: int | None) -> Exchange | None:
        """The exchange of that number, ``None`` where there is none."""
        return next((each for each in reversed(self.exchanges) if each.number == number), None)

    @property
    def last(self) -> Exchange | None:
        """The newest exchange."""
        return self.exchanges[-1] if self.exchanges else None

    def history(self, number: int) -> tuple[Turn, ...]:
        """What was said before the exchange of that number."""
        turns: list[Turn] = []
        for exchange in self.exchanges:
            if exchange.number >= number:
                break
            turns.append(Turn(role="user", text=exchange.question))
            if exchange.reply and exchange.reply.said:
                turns.append(Turn(role="assistant", text=exchange.reply.said))
        return tuple(turns)


def read_id(text: str) -> str:
    """The text where it looks like the id of a conversation, else nothing."""
    return text if _ID.fullmatch(text) else ""


def place_at(conversation: str, turn: str) -> Place | None:
    """The turn that an address names; ``None`` where it names none."""
    try:
        return Place.model_validate({"id": conversation, "turn": turn})
    except ValidationError:
        return None


def way_back(conversation: str) -> str:
    """The address of a conversation, from the root of the server on; that of an empty chat where none is named."""
    return f"c/{conversation}" if conversation else ""


def title_of(question: str) -> str:
    """The name of a conversation that nobody named: the beginning of its first question."""
    line = " ".join(question.split())
    return line if len(line) <= _LONGEST_TITLE else line[: _LONGEST_TITLE - 1].rstrip() + "…"
