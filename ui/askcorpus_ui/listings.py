"""What the doors list: hits, and documents without their text."""

from pydantic import BaseModel

from askcorpus.index.store import Listing
from askcorpus.types import Document, Hit


class Hits(BaseModel):
    """Passages found, best first."""

    hits: tuple[Hit, ...]


class Summary(BaseModel):
    """A document without its text. ``characters`` is the length of the text that offsets count in."""

    id: str
    title: str
    source: str
    date: str
    language: str
    place: str
    characters: int


class Page(BaseModel):
    """A stretch of the list of documents; ``total`` counts all that match."""

    documents: list[Summary]
    total: int
    offset: int
    limit: int


def page_of(listing: Listing, offset: int, limit: int) -> Page:
    """A stretch of the list of documents, as the doors give it."""
    documents = [summary(document) for document in listing.documents]
    return Page(documents=documents, total=listing.total, offset=offset, limit=limit)


def summary(document: Document) -> Summary:
    """A document without its text."""
    facts = document.model_dump(include={"id", "title", "source", "date", "language", "place"})
    return Summary(**facts, characters=len(document.text))
