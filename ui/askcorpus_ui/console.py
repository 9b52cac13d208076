"""What the command line prints: results for people, or as JSON for programs.

Documents are untrusted: text for people goes through ``plain``, so that nothing in it can drive a terminal. JSON is
always UTF-8, whatever the locale says.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from pydantic import BaseModel

from askcorpus.store import Check
from askcorpus.types import Answer, Citation, Document, Hit

# C0 except tab and newline, DEL and C1, and the marks that reorder text on the screen (bidi overrides, isolates).
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """The text without characters that a terminal acts on."""
    return CONTROLS.sub("", text)


def say(text: str = "") -> None:
    """A line of result for people, on standard output."""
    typer.echo(plain(text))


def note(text: str) -> None:
    """A line about the work itself, on standard error."""
    typer.echo(plain(text), err=True)


def print_json(value: BaseModel | dict[str, Any]) -> None:
    """One line of JSON in UTF-8 on standard output."""
    line = value.model_dump_json() if isinstance(value, BaseModel) else json.dumps(value, ensure_ascii=False)
    typer.echo(line.encode("utf-8"))


def print_answer(answer: Answer) -> None:
    """The answer, then its proof: each citation's quote with its title, source, date and place."""
    say(answer.answer)
    if answer.answerable:
        for citation in answer.citations:
            _print_citation(citation)
    elif answer.passages:
        say("\nNearest passages:")
        _print_hits(answer.passages[:3])
    if answer.period:
        note(f"askcorpus: preferring documents of {answer.period}, which the question names.")
    for sentence in answer.unsupported:
        note(f"askcorpus: no cited passage supports: {sentence}")
    if answer.explain is not None:
        say("\n" + json.dumps(answer.explain, ensure_ascii=False, indent=2, default=str))


def _print_citation(citation: Citation) -> None:
    say(f"\n[{citation.marker}] “{citation.quote}”")
    where = f"{citation.document_id}:{citation.start}-{citation.end}"
    say("    " + _joined(citation.title, citation.source, citation.date, where))
    if not citation.verified:
        say("    (not found at this place in the document)")


def print_hits(hits: Sequence[Hit]) -> None:
    """Passages, best first."""
    if hits:
        _print_hits(hits)
    else:
        say("Nothing found.")


def _print_hits(hits: Iterable[Hit]) -> None:
    for rank, hit in enumerate(hits, start=1):
        say(f"\n{rank}. " + _joined(hit.title, hit.source, hit.date, f"{hit.document_id}:{hit.start}-{hit.end}"))
        say("   " + " ".join(hit.text.split()))


def print_documents(documents: Iterable[Document]) -> None:
    """One line a document."""
    for document in documents:
        place = _joined(document.title, document.source)
        say(f"{document.id}  {document.date:10}  {document.language:2}  {place}")


def print_document(document: Document) -> None:
    """What is known about a document, then its whole text."""
    for name, value in document.model_dump(exclude={"text"}).items():
        if value:
            say(f"{name + ':':10}{value}")
    say("\n" + document.text)


def print_checks(checks: Iterable[Check]) -> None:
    """One line a check, the failed ones marked."""
    for check in checks:
        say(f"{'ok' if check.ok else 'FAILED':6}  {check.name:13}  {check.detail}")


def _joined(*parts: str) -> str:
    return " · ".join(" ".join(part.split()) for part in parts if part)
