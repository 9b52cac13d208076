"""What the doors list: hits, documents without their text, and parts of it."""

from typing import Annotated

from pydantic import BaseModel, Field

from askcorpus.errors import UsageError
from askcorpus.types import (
    Document,
    DocumentId,
    Hit,
    LanguageCode,
    Locator,
    PartialDate,
    Publisher,
    Span,
    Summary,
    Title,
    locator_at,
)

TopK = Annotated[int | None, Field(ge=1, le=100, description="Passages to return; default: the server's setting.")]


MAX_OFFSET = 2**53
"""More documents than any store holds; a number that JavaScript and SQLite can both count to."""


class Hits(BaseModel):
    """Passages found, best first."""

    hits: tuple[Hit, ...] = Field(description="Best first.")


class Excerpt(BaseModel):
    """A part of a document."""

    document_id: DocumentId
    title: Title
    source: Publisher
    date: PartialDate
    language: LanguageCode
    start: int = Field(description="Where the part begins in the document's text.")
    end: int = Field(description="Where it ends there, exclusive.")
    text: str = Field(description="Its characters.")
    locator: Locator
    characters: int = Field(description="Length of the document's text.")


def summary(document: Document) -> Summary:
    """A document without its text."""
    facts = document.model_dump(include=set(Summary.model_fields))
    return Summary(**facts, characters=len(document.text))


def excerpt(document: Document, span: Span) -> Excerpt:
    """That part of a document."""
    facts = document.model_dump(include={"title", "source", "date", "language"})
    return Excerpt(
        document_id=document.id,
        start=span.start,
        end=span.end,
        text=document.text[span.start : span.end],
        locator=locator_at(document.marks, span.start),
        characters=len(document.text),
        **facts,
    )


def span_within(document: Document, start: int, end: int | None) -> Span:
    """The range asked for, as far as the text goes.

    Raises:
        UsageError: it is empty, or begins after the text.
    """
    characters = len(document.text)
    last = characters if end is None else min(end, characters)
    if start >= last:
        raise UsageError(f"There are no characters from {start} to {last}.", f"The text has {characters}.")
    return Span(start, last)
