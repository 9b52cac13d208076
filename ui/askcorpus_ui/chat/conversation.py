"""The conversation that a page shows: what was asked and what came of it, as data.

The server keeps nothing between two events, so the page carries its conversation with it as JSON, and the browser keeps
earlier ones. Bubbles, the source panel, an export and the next question's history are all made from these types. What
comes back was sent by some browser, so it is read into them before anything is made of it.
"""

import secrets
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, TypeAdapter

from askcorpus.search.query import LONGEST_QUESTION
from askcorpus.types import Answer, Filters, Turn
from askcorpus_ui.chat.references import Reference

_LONGEST = 500
"""Exchanges that a page carries; a longer conversation goes on without its oldest."""

_KEPT_CONVERSATIONS = 30
_KEPT_EXCHANGES = 30
_KEPT_CHARS = 1_200_000
"""What a browser keeps of earlier conversations. It gives a page five megabytes, and a request brings them all."""

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


class _Kept(BaseModel):
    """Base of what a page carries: what it brings besides is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def dumped(self) -> dict[str, Any]:
        """As JSON has it, without what is as it would be anyway."""
        return self.model_dump(mode="json", exclude_defaults=True)


class Marker(NamedTuple):
    """``text[start:end]`` of a reply, the stretch of a document it links to, and a word on that stretch."""

    start: _Offset
    end: _Offset
    reference: _Link
    tip: str


class Nearby(NamedTuple):
    """A passage that is shown where nothing is cited."""

    reference: _Link
    title: str
    source: str
    date: str
    language: str


class Reply(_Kept):
    """What came of a question, as much of the answer as the page shows.

    ``text`` says why where the reply has ``failed``; an ``unfinished`` one was stopped, or is being written;
    ``small_talk`` rests on no document. ``id`` is the answer's.
    """

    kind: Literal["answered", "abstained", "small_talk", "unfinished", "failed"]
    text: _Text = ""
    id: str = ""
    markers: tuple[Marker, ...] = ()
    nearest: tuple[Nearby, ...] = ()
    confidence: float = Field(default=0.0, ge=0.0, le=1.0)
    unsupported: tuple[str, ...] = ()
    missing_names: tuple[str, ...] = ()
    filters: Filters = Filters()

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """What the page shows of an answer."""
        cited = sorted(answer.citations, key=lambda citation: citation.answer_start)
        return cls(
            kind=_kind_of(answer),
            text=answer.answer,
            id=answer.id,
            markers=tuple(
                Marker(each.answer_start, each.answer_end, Reference.of(each), _tip(each.source, each.date, each.quote))
                for each in cited
            ),
            nearest=tuple(
                Nearby(Reference.near(hit), hit.title or hit.document_id, hit.source, hit.date, hit.language)
                for hit in (() if answer.answerable else answer.passages[:_NEAREST])
            ),
            confidence=answer.confidence,
            unsupported=answer.unsupported,
            missing_names=answer.missing_names,
            filters=answer.filters,
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


def _kind_of(answer: Answer) -> Literal["answered", "abstained", "small_talk"]:
    if answer.kind != "answer":
        return "small_talk"
    return "answered" if answer.answerable else "abstained"


def _tip(source: str, date: str, quote: str) -> str:
    """Who says it, when, and how it begins."""
    begin = " ".join(quote[:_TIP_CHARS].split()) + ("…" if len(quote) > _TIP_CHARS else "")
    return ", ".join(filter(None, (source, date))) + ": " + begin


class Exchange(_Kept):
    """A question and, once there is one, its reply."""

    question: Annotated[str, Field(max_length=LONGEST_QUESTION + 1)]  # one too many, so that it is told
    reply: Reply | None = None


def _new_id() -> str:
    return f"conv_{secrets.token_hex(8)}"


class Conversation(_Kept):
    """Questions and their replies, in order. ``id`` is what the assistant knows it by."""

    id: str = Field(default_factory=_new_id, max_length=100)
    exchanges: tuple[Exchange, ...] = Field(default=(), max_length=_LONGEST)

    @classmethod
    def read(cls, carried: object) -> Self:
        """The conversation that a page carries; a new one where it carries none.

        Raises:
            ValidationError: it is no conversation.
        """
        return cls.model_validate(carried or {})

    @property
    def title(self) -> str:
        """The beginning of the first question."""
        return self.exchanges[0].question[:_LONGEST_TITLE] if self.exchanges else ""

    @property
    def question(self) -> str:
        """The last question."""
        return self.exchanges[-1].question if self.exchanges else ""

    @property
    def reply(self) -> Reply | None:
        """What came of the last question; ``None`` as long as nothing did."""
        return self.exchanges[-1].reply if self.exchanges else None

    @property
    def references(self) -> list[Reference]:
        """What the last reply links to."""
        return self.reply.references if self.reply else []

    @property
    def history(self) -> tuple[Turn, ...]:
        """What was said before the last question."""
        turns: list[Turn] = []
        for exchange in self.exchanges[:-1]:
            turns.append(Turn(role="user", text=exchange.question))
            if exchange.reply and exchange.reply.said:
                turns.append(Turn(role="assistant", text=exchange.reply.said))
        return tuple(turns)

    def asking(self, question: str) -> Self:
        """With one more question."""
        exchange = Exchange(question=question.strip()[: LONGEST_QUESTION + 1])
        return self.model_copy(update={"exchanges": (*self.exchanges, exchange)[-_LONGEST:]})

    def replied(self, reply: Reply | None) -> Self:
        """With this as what came of the last question; ``None`` to ask it again."""
        last = tuple(exchange.model_copy(update={"reply": reply}) for exchange in self.exchanges[-1:])
        return self.model_copy(update={"exchanges": self.exchanges[:-1] + last})

    def until(self, bubble: int) -> Self:
        """As far as the exchange that a bubble belongs to, counted as the page shows them; empty when there is none."""
        owners = [number for number, each in enumerate(self.exchanges, start=1) for _ in range(2 if each.reply else 1)]
        return self.model_copy(update={"exchanges": self.exchanges[: owners[bubble]] if bubble < len(owners) else ()})

    def among(self, others: Iterable["Conversation"]) -> "list[Conversation]":
        """Before the others that the browser keeps, as many of them as it has room for."""
        first = self.model_copy(update={"exchanges": self.exchanges[:_KEPT_EXCHANGES]})
        kept = [first, *(other for other in others if other.id != self.id)][:_KEPT_CONVERSATIONS]
        sizes = accumulate(len(each.model_dump_json(exclude_defaults=True)) for each in kept)
        return [each for each, size in zip(kept, sizes, strict=True) if each is first or size <= _KEPT_CHARS]


_STORED = TypeAdapter(list[Conversation])


def read_stored(stored: object) -> list[Conversation]:
    """The earlier conversations that a browser keeps, the newest first.

    Raises:
        ValidationError: they are none.
    """
    return _STORED.validate_python(stored or [])
