"""What the command line prints: results for people, or as JSON for programs.

Documents are untrusted: text for people goes through ``plain``, so that nothing in it can drive a terminal. JSON is
always UTF-8, whatever the locale says.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from pydantic import BaseModel

from askcorpus.index.store import Check
from askcorpus.text.characters import plain
from askcorpus.types import Answer, Citation, Document, ExplainedPassage, Explanation, Filters, Hit, Match, Verification
from askcorpus.verify.proof import ProofCheck
from askcorpus.verify.report import CALLED, counts, where


def say(text: str = "") -> None:
    """A line of result for people, on standard output."""
    typer.echo(plain(text))


def note(text: str) -> None:
    """A line about the work itself, on standard error."""
    typer.echo(plain(text), err=True)


def print_json(value: BaseModel | dict[str, Any]) -> None:
    """One line of JSON in UTF-8 on standard output."""
    line = value.model_dump_json() if isinstance(value, BaseModel) else json.dumps(value, ensure_ascii=False)
    typer.echo(line.encode("utf-8", "backslashreplace"))  # in a string, \ud800 is JSON for what UTF-8 has no bytes for


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
    if answer.missing_names:
        note(f"askcorpus: not named in these passages: {', '.join(answer.missing_names)}")
    for sentence in answer.unsupported:
        note(f"askcorpus: no cited passage supports: {sentence}")
    if answer.explain is not None:
        print_explanation(answer.explain)


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


def print_explanation(explanation: Explanation) -> None:
    """How an answer came about, as tables: what was looked for, the passages, the sentences, the features, the verdict.

    Titles and sentences, which may be wide or right to left, stand last in their lines.
    """
    _print_search(explanation)
    if explanation.passages:
        _print_passages(explanation.passages)
    if explanation.sentences:
        _print_evidence(explanation)
    say(f"\n{explanation.verdict}")


def _print_search(explanation: Explanation) -> None:
    say(f"\nQuestion  {_joined(explanation.standalone_question)}")
    say(f"Filters   {_named(explanation.filters) or 'none'}")
    say(f"Period    {explanation.period or 'none'}")
    for number, reading in enumerate(explanation.readings, start=1):
        say(f"Reading {number} (counts {reading.weight:g})  {_joined(reading.text)}")
        say(f"  unrelated passages score {reading.background:.3f} ± {reading.deviation:.3f}")
        if reading.advantages:
            worth = ", ".join(f"{language} {value:+.3f}" for language, value in reading.advantages.items())
            say(f"  for their language alone: {worth}")
        if reading.unknown_terms:
            say(f"  in no passage: {', '.join(reading.unknown_terms)}")


def _print_evidence(explanation: Explanation) -> None:
    say("\nSentences")
    say(f"  {'score':>6} {'answer':>6} {'relevance':>9} {'similarity':>10} {'standing':>8}")
    for one in explanation.sentences:
        numbers = f"{one.score:6.2f} {one.answer_score:6.2f} {one.relevance:9.2f} {one.similarity:10.3f}"
        say(f"  {numbers} {one.standing:8.2f}  {_joined(one.text)}")
    say(f"\n{'Features':16} {'value':>7} {'neutral':>7} {'pull':>6}")
    say(f"  {'(start)':14} {'':7} {'':7} {explanation.start:+6.2f}")
    for name, feature in explanation.features.items():
        say(f"  {name:14} {feature.value:7.2f} {feature.neutral:7.2f} {feature.pull:+6.2f}")


def _print_passages(passages: Iterable[ExplainedPassage]) -> None:
    say(f"\n{'Passages':9} {'dense':>6} {'lexical':>7} {'fused':>6} {'rerank':>6}")
    for rank, passage in enumerate(passages, start=1):
        scores = passage.scores
        numbers = f"{_number(scores.dense, 6, 3)} {_number(scores.lexical, 7, 2)} {_number(scores.fused, 6, 2)}"
        say(f"  {rank:7} {numbers} {_number(scores.rerank, 6, 2)}  {_joined(passage.title, passage.passage_id)}")
        for number, match in enumerate(passage.matches, start=1):
            say(f"{'':11}reading {number}: {_evidence(match)}")
        if passage.preference:
            say(f"{'':11}of the time asked: {passage.preference:+.2f}")


def _evidence(match: Match) -> str:
    words = match.evidence - match.standing
    return (
        f"{match.evidence:.2f} = {match.standing:.2f} (similarity {match.similarity:.3f})"
        f" + {words:.2f} (lexical share {match.lexical_share:.2f})"
    )


def _number(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:{width}.{digits}f}"


def _named(filters: Filters) -> str:
    """The filters that are set."""
    found = filters.model_dump(exclude_defaults=True)
    return ", ".join(f"{name}: {value if isinstance(value, str) else ' '.join(value)}" for name, value in found.items())


def print_verification(verification: Verification) -> None:
    """Each claim with its verdict and the place that it is about, then how many there are of each."""
    for claim in verification.claims:
        say(f"{CALLED[claim.verdict]}: “{' '.join(claim.text.split())}”")
        if place := where(claim):
            say(f"    {place}")
        if claim.difference:
            say(f"    {claim.difference}")
        say()
    say(counts(verification))


def print_proof_check(checked: ProofCheck) -> None:
    """What became of a proof."""
    say(_joined(checked.status.replace("_", " "), checked.detail))


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
