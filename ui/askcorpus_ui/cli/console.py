"""What the command line prints: results for people, or as JSON for programs.

Documents are untrusted: text for people goes through ``plain``, so that nothing in it can drive a terminal. JSON is
always UTF-8, whatever the locale says.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import typer
from pydantic import BaseModel

from askcorpus.index.store import Check
from askcorpus.text.characters import plain, spreadsheet_cell
from askcorpus.types import (
    Answer,
    Citation,
    Document,
    ExplainedPassage,
    Explanation,
    Filters,
    Hit,
    Locator,
    Match,
    Summary,
    Verification,
    locator_at,
)
from askcorpus.verify.proof import ProofCheck
from askcorpus.verify.report import CALLED, counts, where

if TYPE_CHECKING:
    from askcorpus_ingest.files import PassedOver
    from askcorpus_ingest.report import Report


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


MOST_DOUBTS = 20
"""So many are told one by one."""


def print_report(report: "Report", *, json: bool, dry_run: bool) -> None:
    """What an ingest run did: what is worth a line on standard error, then the counts."""
    for failure in report.failed:
        note(f"askcorpus: not ingested: {failure.origin}: {failure.reason}")
    for path in report.question_sets:
        note(f"askcorpus: {path} passed over: it holds questions, for askcorpus eval.")
    for line in passed_over_lines(report.passed_over):
        note(f"askcorpus: passed over: {line}")
    for origin in report.unreadable:
        note(f"askcorpus: {origin}: the model cannot read its script; only the search for words finds it.")
    for doubt in report.doubted[:MOST_DOUBTS]:
        note(f"askcorpus: doubted: {doubt.origin}: {doubt.reason}")
    if (more := len(report.doubted) - MOST_DOUBTS) > 0:
        note(f"askcorpus: and {more} more doubts.")
    for line in _kept(report):
        note(f"askcorpus: {line}")
    names = ("added", "changed", "unchanged", "moved", "removed", "missing", "failed", "skipped", "undated", "withheld")
    counts = report._asdict() | {"failed": len(report.failed)}
    if json:
        print_json({name: counts[name] for name in names})
    else:
        shown = [name for name in names if counts[name] or name in _ALWAYS]
        say(", ".join(f"{counts[name]} {name}" for name in shown) + (" (dry run)" if dry_run else ""))


_ALWAYS = ("added", "changed", "unchanged", "removed", "failed", "skipped")
"""Counts that are told even when they are 0."""


def _kept(report: "Report") -> Iterator[str]:
    """What the index holds or lacks although the files say otherwise, with what to do about it."""
    if report.missing:
        yield f"{_documents(report.missing)} kept whose file or record is gone; --prune removes what is gone."
    if report.elsewhere:
        more = f" and {len(report.elsewhere) - 1} more" if len(report.elsewhere) > 1 else ""
        yield f"gone, elsewhere: {report.elsewhere[0]}{more}; askcorpus ingest PATH --prune removes what was there."
    if report.withheld:
        yield f"{_documents(report.withheld)} left out, removed by hand; askcorpus docs restore brings them back."
    if report.undated:
        yield f"{_documents(report.undated)} without a date: --from and --to leave them out."


def _documents(number: int) -> str:
    return "1 document" if number == 1 else f"{number} documents"


def print_answer(answer: Answer) -> None:
    """The answer, then its proof: each citation's quote with its title, source, date and place."""
    say(answer.answer)
    if answer.answerable:
        for citation in answer.citations:
            _print_citation(citation)
    elif answer.passages:
        say("\nNearest passages:")
        _print_hits(answer.passages[:3])
    if answer.period and not answer.named_in:  # an overview of a time has its documents alone, and says so
        note(f"askcorpus: preferring documents of {answer.period}, which the question names.")
    if answer.missing_names:
        note(f"askcorpus: not named in these passages: {', '.join(answer.missing_names)}")
    if answer.model_fault:
        quoted = " The documents are quoted instead." if answer.answerable else ""
        note(f"askcorpus: {answer.model_fault.detail}{quoted}")
    for sentence in answer.unsupported:
        note(f"askcorpus: no cited passage supports: {sentence}")
    if answer.explain is not None:
        print_explanation(answer.explain)


def _print_citation(citation: Citation) -> None:
    say(f"\n[{citation.marker}] “{citation.quote}”")
    where = f"{citation.document_id}:{citation.start}-{citation.end}"
    say("    " + _joined(citation.title, citation.source, citation.date, _located(citation.locator), where))
    for copy in citation.copies:
        say("    also: " + _joined(copy.title, copy.source, copy.date, copy.document_id))
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
        where = f"{hit.document_id}:{hit.start}-{hit.end}"
        say(f"\n{rank}. " + _joined(hit.title, hit.source, hit.date, _located(locator_at(hit.marks, hit.start)), where))
        say("   " + " ".join(hit.text.split()))


def _located(locator: Locator) -> str:
    """``sheet Budget, row 12``."""
    return ", ".join(f"{name} {value}" for name, value in locator.items())


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
    say(f"Filters   {named_filters(explanation.filters) or 'none'}")
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


def named_filters(filters: Filters) -> str:
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


def without_text(document: Document | Summary) -> dict[str, Any]:
    """What is known about a document, and how long its text is."""
    if isinstance(document, Summary):
        return document.model_dump()
    return document.model_dump(exclude={"text"}) | {"characters": len(document.text)}


def print_documents(documents: Iterable[Document | Summary]) -> None:
    """One line a document."""
    for document in documents:
        place = _joined(document.title, document.source)
        say(f"{document.id}  {document.date:10}  {document.language:2}  {place}")


def print_stories(stories: Sequence[Sequence[Summary]]) -> None:
    """The documents of each story below each other, with an empty line between stories."""
    if not stories:
        say("No two documents tell the same story.")
    for number, documents in enumerate(stories):
        if number:
            say()
        print_documents(documents)


def print_stories_as_csv(stories: Sequence[Sequence[Summary]]) -> None:
    """The same as a table, whose first column numbers the stories."""
    columns = ("id", "title", "source", "date", "language", "place", "author", "url", "origin")
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("story", *columns))
    for number, documents in enumerate(stories, start=1):
        for document in documents:
            writer.writerow((number, *(spreadsheet_cell(getattr(document, name)) for name in columns)))
    typer.echo(table.getvalue().encode("utf-8", "backslashreplace"), nl=False)


def print_document(document: Document) -> None:
    """What is known about a document, then its whole text."""
    for name, value in document.model_dump(exclude={"text", "marks"}).items():
        if value:
            say(f"{name + ':':10}{value}")
    say("\n" + document.text)


def passed_over_lines(passed_over: Iterable["PassedOver"]) -> list[str]:
    """How many inputs of each ending were passed over, and why: ``9 .png (is an image, which is not read)``."""
    counts = Counter((PurePath(one.origin).suffix.lower(), one.reason) for one in passed_over)
    return [f"{count} {ending or 'without an ending'}: {reason}" for (ending, reason), count in counts.most_common()]


def print_checks(checks: Iterable[Check]) -> None:
    """One line a check, the failed ones marked."""
    for check in checks:
        say(f"{'ok' if check.ok else 'FAILED':6}  {check.name:13}  {check.detail}")


def _joined(*parts: str) -> str:
    return " · ".join(" ".join(part.split()) for part in parts if part)
