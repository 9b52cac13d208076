"""What the doors list: hits, and documents without their text."""

from typing import Annotated

from pydantic import BaseModel, Field

from askcorpus.index.store import Listing
from askcorpus.types import Document, Hit, Page, Summary

TopK = Annotated[int | None, Field(ge=1, le=100, description="Passages to return; default: the server's setting.")]


class Hits(BaseModel):
    """Passages found, best first."""

    hits: tuple[Hit, ...] = Field(description="Best first.")


def page_of(listing: Listing, offset: int, limit: int) -> Page:
    """A stretch of the list of documents, as the doors give it."""
    documents = tuple(map(summary, listing.documents))
    return Page(documents=documents, total=listing.total, undated=listing.undated, offset=offset, limit=limit)


def summary(document: Document) -> Summary:
    """A document without its text."""
    facts = document.model_dump(include=set(Summary.model_fields))
    return Summary(**facts, characters=len(document.text))
