"""Whether the citations are the evidence, by the characters that both cover.

A place is a stretch of one document. Gold evidence may stand at several places (in two documents that carry the same
story, or twice in one): they are alternatives, and citing any of them is as good.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from askcorpus.answer.citations import verbatim
from askcorpus.types import Answer, Citation, Document, Span


class Place(NamedTuple):
    """``document.text[start:end]`` of the document with this id."""

    document_id: str
    start: int
    end: int


def cited_places(answer: Answer) -> list[Place]:
    """Where the answer's citations point."""
    return [Place(citation.document_id, citation.start, citation.end) for citation in answer.citations]


def locate(evidence: str, documents: Iterable[Document]) -> tuple[Place, ...]:
    """Every place where the evidence stands word for word, white space aside; empty when there is none."""
    if not evidence.strip():
        return ()
    pattern = verbatim(evidence)
    return tuple(
        Place(document.id, *found.span()) for document in documents for found in pattern.finditer(document.text)
    )


def citation_recall(cited: Sequence[Place], evidence: Sequence[Sequence[Place]]) -> float:
    """The share of the gold evidence that the citations cover, in characters.

    Σ_e max_{p ∈ places(e)} |p ∩ cited| / Σ_e |e|, where ∩ is over (document, offset) pairs. The character form of
    ALCE's citation recall (Gao et al. 2023, "Enabling Large Language Models to Generate Text with Citations"), with
    gold evidence in the place of an entailment model.
    """
    covered = _merge(cited)
    best = [max((_covered(place, covered), place.end - place.start) for place in places) for places in evidence]
    return sum(overlap for overlap, _ in best) / sum(length for _, length in best)


def citation_precision(cited: Sequence[Place], evidence: Sequence[Sequence[Place]]) -> float:
    """The share of what is cited that is gold evidence, in characters; needs at least one citation.

    |cited ∩ ⋃_e places(e)| / |cited|. See ``citation_recall`` for the source.
    """
    gold = _merge(place for places in evidence for place in places)
    merged = [Place(document, *span) for document, spans in _merge(cited).items() for span in spans]
    return sum(_covered(place, gold) for place in merged) / sum(place.end - place.start for place in merged)


def verified_share(citations: Sequence[Citation], documents: Mapping[str, Document]) -> float:
    """The share of citations that are marked verified and whose quote does stand at its offsets.

    |{c : c.verified ∧ document(c).text[c.start:c.end] = c.quote}| / |citations|; needs at least one citation. The
    product's own promise, checked from outside.
    """
    return sum(_stands(citation, documents) for citation in citations) / len(citations)


def _stands(citation: Citation, documents: Mapping[str, Document]) -> bool:
    document = documents.get(citation.document_id)
    return citation.verified and document is not None and document.text[citation.start : citation.end] == citation.quote


def _merge(places: Iterable[Place]) -> dict[str, list[Span]]:
    """Per document its spans in order, overlapping ones joined, so that no character counts twice."""
    merged: dict[str, list[Span]] = {}
    for document, start, end in sorted(places):
        spans = merged.setdefault(document, [])
        if spans and start <= spans[-1].end:
            spans[-1] = Span(spans[-1].start, max(spans[-1].end, end))
        else:
            spans.append(Span(start, end))
    return merged


def _covered(place: Place, spans: Mapping[str, Sequence[Span]]) -> int:
    return sum(
        max(0, min(place.end, span.end) - max(place.start, span.start)) for span in spans.get(place.document_id, ())
    )
