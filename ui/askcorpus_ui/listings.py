"""What the doors list: hits, and documents without their text."""

from typing import Annotated

from pydantic import BaseModel, Field

from askcorpus.types import Document, Hit, Summary

TopK = Annotated[int | None, Field(ge=1, le=100, description="Passages to return; default: the server's setting.")]


class Hits(BaseModel):
    """Passages found, best first."""

    hits: tuple[Hit, ...] = Field(description="Best first.")


def summary(document: Document) -> Summary:
    """A document without its text."""
    facts = document.model_dump(include=set(Summary.model_fields))
    return Summary(**facts, characters=len(document.text))
