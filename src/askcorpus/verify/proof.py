"""An answer as a proof: what was asked of what, and each quotation with its place and the hash of its document.

`check_proof.py` beside this module checks a proof offline, against exported documents and without this library;
`recheck` asks again.
"""

import hashlib
from collections.abc import Callable
from importlib.metadata import version
from typing import Literal

from askcorpus.errors import UsageError
from askcorpus.types import Answer, Document, Filters, IndexInfo, Record, Turn

FORMAT: Literal["askcorpus-proof/1"] = "askcorpus-proof/1"


class Conditions(Record):
    """What decides an answer beside the documents: the version, who answers, from which confidence on, out of how many
    passages, and what the index is made with."""

    version: str
    model: str
    operating_point: float
    top_k: int
    reranker: str
    fingerprint: str


class ProvenQuote(Record):
    """``document.text[start:end] == quote`` of the document whose text, in UTF-8, has this SHA-256 (hex).

    ``answer[answer_start:answer_end]`` is the marker that stands for it.
    """

    marker: int
    answer_start: int
    answer_end: int
    document_id: str
    title: str = ""
    source: str = ""
    date: str = ""
    quote: str
    start: int
    end: int
    text_sha256: str


class Proof(Record):
    """An answer that others can check."""

    format: Literal["askcorpus-proof/1"] = FORMAT
    question: str
    history: tuple[Turn, ...] = ()
    filters: Filters = Filters()
    answer: str
    answerable: bool
    quotes: tuple[ProvenQuote, ...]
    conditions: Conditions
    index: IndexInfo


Status = Literal["source_changed", "settings_changed", "answer_differs", "same"]


class ProofCheck(Record):
    """What became of a proof, the first of these that is so: a source is not what it was, settings or the version are
    not, the same question is answered otherwise, all is the same. ``detail`` says what, in a line."""

    status: Status
    detail: str = ""


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
