"""Proofs of answers: the question, what was asked, and each quotation with its place and its document's hash.

`check_proof.py` beside this module checks a proof offline, against exported documents and without this library;
`recheck` asks again.
"""

import hashlib
from collections.abc import Callable
from importlib.metadata import version
from typing import Literal

from pydantic import Field

from askcorpus.errors import UsageError
from askcorpus.types import (
    Answer,
    Document,
    DocumentId,
    Filters,
    IndexInfo,
    PartialDate,
    Publisher,
    Record,
    Title,
    Turn,
)

FORMAT: Literal["askcorpus-proof/1"] = "askcorpus-proof/1"


class Conditions(Record):
    """What decides an answer beside the documents."""

    version: str = Field(description="Of askcorpus.")
    model: str = Field(description="Who is set to write answers.")
    operating_point: float = Field(description="The confidence below which no answer is given.")
    top_k: int = Field(description="How many passages are looked at.")
    reranker: str = Field(description="The cross-encoder, where one is set.")
    fingerprint: str = Field(description="What the index is made with.")


class ProvenQuote(Record):
    """What a marker quotes, and where that stands in which text."""

    marker: int = Field(description="The number in the text: 1 for `[1]`.")
    answer_start: int = Field(description="Where the marker begins in `answer`.")
    answer_end: int = Field(description="Where it ends there, exclusive.")
    document_id: DocumentId
    title: Title = ""
    source: Publisher = ""
    date: PartialDate = ""
    quote: str = Field(description="The words, verbatim: `document.text[start:end]`.")
    start: int = Field(description="Where the quote begins in the document's text.")
    end: int = Field(description="Where it ends there, exclusive.")
    text_sha256: str = Field(description="SHA-256 (hex) of the document's text in UTF-8.")


class Proof(Record):
    """An answer that others can check."""

    format: Literal["askcorpus-proof/1"] = Field(FORMAT, description="This form, and its version.")
    question: str = Field(description="As it was asked.")
    history: tuple[Turn, ...] = Field((), description="What was said before.")
    filters: Filters = Field(Filters(), description="Those applied.")
    answer: str = Field(description="Its text, with markers.")
    answerable: bool = Field(description="The documents answer.")
    answered_by: str = Field(
        "",
        description="Who wrote it: `extractive` where it has no words but its quotations (a list has a line above "
        "them), a language model by its name, nobody where nothing is answered.",
    )
    quotes: tuple[ProvenQuote, ...] = Field(description="One for each marker.")
    conditions: Conditions = Field(description="What decided the answer.")
    index: IndexInfo = Field(description="What was asked.")


Status = Literal["source_changed", "settings_changed", "answer_differs", "same"]


class ProofCheck(Record):
    """What became of a proof."""

    status: Status = Field(
        description="The first of these that is so: a source is not what it was, settings or the version are not, the "
        "same question is answered otherwise, all is the same."
    )
    detail: str = Field("", description="What has changed, in a line.")


def text_hash(text: str) -> str:
    """SHA-256 (hex) of a document's text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def make_proof(
    answer: Answer,
    conditions: Conditions,
    document_of: Callable[[str], Document | None],
    history: tuple[Turn, ...] = (),
) -> Proof:
    """The proof of an answer that was given under ``conditions``.

    Raises:
        UsageError: a citation of the answer does not stand where it says: its document has changed since, or the
            answer was.
    """
    quotes = []
    for citation in answer.citations:
        document = document_of(citation.document_id)
        if document is None or document.text[citation.start : citation.end] != citation.quote:
            raise UsageError(
                f"The quotation of marker {citation.marker} does not stand in document {citation.document_id}.",
                "Ask again.",
            )
        shared = citation.model_dump(include=set(ProvenQuote.model_fields))
        quotes.append(ProvenQuote(**shared, text_sha256=text_hash(document.text)))
    return Proof(
        question=answer.question,
        history=history,
        filters=answer.filters,
        answer=answer.answer,
        answerable=answer.answerable,
        answered_by=answer.answered_by,
        quotes=tuple(quotes),
        conditions=conditions,
        index=answer.index,
    )


def recheck(
    proof: Proof, conditions: Conditions, document_of: Callable[[str], Document | None], ask: Callable[[Proof], Answer]
) -> ProofCheck:
    """What became of a proof under the ``conditions`` of now. It is only asked again where nothing else has changed."""
    for quote in proof.quotes:
        document = document_of(quote.document_id)
        if document is None:
            return ProofCheck(status="source_changed", detail=f"Document {quote.document_id} is not there any more.")
        if text_hash(document.text) != quote.text_sha256 or document.text[quote.start : quote.end] != quote.quote:
            return ProofCheck(status="source_changed", detail=f"Document {quote.document_id} has another text.")
    if changed := _changed(proof.conditions, conditions):
        return ProofCheck(status="settings_changed", detail=changed)
    answer = ask(proof)
    if (answer.answer, answer.answerable) != (proof.answer, proof.answerable):
        return ProofCheck(status="answer_differs", detail=f"The answer is now: {' '.join(answer.answer.split())}")
    now = [(one.document_id, one.start, one.end, one.quote) for one in answer.citations]
    if now != [(one.document_id, one.start, one.end, one.quote) for one in proof.quotes]:
        return ProofCheck(status="answer_differs", detail="The same words are now proven by other quotations.")
    return ProofCheck(status="same")


def _changed(before: Conditions, now: Conditions) -> str:
    was, is_now = before.model_dump(), now.model_dump()
    changed = [f"{name} was {was[name]!r} and is {is_now[name]!r}" for name in was if was[name] != is_now[name]]
    return "; ".join(changed)


def this_version() -> str:
    """The version of this package."""
    return version("askcorpus")
