"""An answer as a row of a table, for those who ask many questions at once."""

from collections.abc import Callable

from askcorpus.types import Answer, Citation

Cell = str | float | None

COLUMNS = (
    *("id", "question", "answered", "answer", "confidence", "quote", "title", "source", "date", "page", "link"),
    *("document_id", "start", "end", "other_quotes", "answered_by", "model_fault"),
)


def row_of(name: str, question: str, answer: Answer, link: Callable[[Citation], str]) -> dict[str, Cell]:
    """The cells, by column: of the first quote, and the other quotes in one. ``name`` is the question's."""
    row: dict[str, Cell] = {
        "id": name,
        "question": question,
        "answered": "yes" if answer.answerable else "no",
        "answer": answer.answer,
        "confidence": round(answer.confidence, 3),
        "answered_by": answer.answered_by,
        "model_fault": answer.model_fault.detail if answer.model_fault else "",
    }
    if not answer.citations:
        return row
    first, *others = answer.citations
    return row | {
        "quote": first.quote,
        "title": first.title,
        "source": first.source,
        "date": first.date,
        "page": page_of(first),
        "link": link(first),
        "document_id": first.document_id,
        "start": first.start,
        "end": first.end,
        "other_quotes": "\n".join(map(_other, others)),
    }


def citations_of(answer: Answer) -> list[dict[str, object]]:
    """All citations, for those formats that hold more than cells."""
    return [citation.model_dump(mode="json") for citation in answer.citations]


def page_of(citation: Citation) -> str:
    """The page's number; of another place its name, too: ``sheet Budget, row 12``."""
    if set(citation.locator) == {"page"}:
        return citation.locator["page"]
    return ", ".join(f"{name} {value}" for name, value in citation.locator.items())


def _other(citation: Citation) -> str:
    said = ", ".join(filter(None, (citation.title, citation.date, page_of(citation))))
    return f"[{citation.marker}] “{citation.quote}” {said}".rstrip()
