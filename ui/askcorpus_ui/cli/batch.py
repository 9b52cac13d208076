"""Many questions at once: a file of them in, a table of answers out."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from askcorpus.errors import UsageError
from askcorpus.types import Answer, Citation, Document, Filters, Summary
from askcorpus_eval.questions import Question
from askcorpus_ui.answer_rows import COLUMNS, Cell, citations_of, page_of, row_of
from askcorpus_ui.cli.answer_table import open_table

if TYPE_CHECKING:
    from askcorpus_ui.cli.corpus import Corpus

DOCUMENT_COLUMNS = ("title", "source", "date", "document_id")
MOST_DOCUMENTS = 10_000


def answer_all(corpus: "Corpus", questions: Sequence[Question], out: Path, filters: Filters) -> int:
    """Ask every question, and write one row an answer; how many were answered.

    Raises:
        AskcorpusError: as the error says; the rows so far are kept.
    """
    answered = 0
    with open_table(out, COLUMNS) as table, _bar() as bar:
        for question in bar.track(questions, description="asked"):
            answer = _ask(corpus, question, filters)
            answered += answer.answerable
            table.add(
                row_of(question.id, question.question, answer, partial(_link, corpus)), citations=citations_of(answer)
            )
    return answered


def answer_per_document(corpus: "Corpus", questions: Sequence[Question], out: Path, filters: Filters) -> int:
    """Ask every question of every document alone; how many of these were answered.

    A table has a row a document and a column a question; .jsonl has a line a pair.

    Raises:
        UsageError: there are more documents than anybody looks through.
        AskcorpusError: as the error says; the rows so far are kept.
    """
    documents = _documents(corpus, filters)
    grid = out.suffix.lower() != ".jsonl"
    headings = _headings(questions)
    answered = 0
    with open_table(out, (*DOCUMENT_COLUMNS, *headings.values()) if grid else COLUMNS) as table, _bar() as bar:
        task = bar.add_task("asked", total=len(documents) * len(questions))
        for document in documents:
            cells: dict[str, Cell] = {
                "title": document.title,
                "source": document.source,
                "date": document.date,
                "document_id": document.id,
            }
            try:
                for question in questions:
                    answer = _ask(corpus, question, filters.model_copy(update={"document_ids": (document.id,)}))
                    answered += answer.answerable
                    bar.advance(task)
                    if grid:
                        cells[headings[question.id]] = _told(answer)
                    else:
                        row = {
                            **row_of(question.id, question.question, answer, partial(_link, corpus)),
                            "document_id": document.id,
                        }
                        table.add(row, citations=citations_of(answer))
            finally:  # stopped within a document, its answers so far are a row
                if grid:
                    table.add(cells)
    return answered


def _headings(questions: Sequence[Question]) -> dict[str, str]:
    """The column of each question: its text, with its id where two have the same."""
    texts = [question.question for question in questions]
    return {q.id: q.question if texts.count(q.question) == 1 else f"{q.question} ({q.id})" for q in questions}


def _ask(corpus: "Corpus", question: Question, filters: Filters) -> Answer:
    return corpus.ask(question.question, history=question.history, filters=filters, conversation_id=question.id)


def _documents(corpus: "Corpus", filters: Filters) -> Sequence[Document | Summary]:
    documents, total = corpus.listing(filters, limit=MOST_DOCUMENTS)
    if total > MOST_DOCUMENTS:
        raise UsageError(f"A grid of {total} documents is more than anybody reads.", "Choose with --source or --from.")
    return documents


def _told(answer: Answer) -> str:
    """What a cell of the grid says: the quotes; nothing where the document does not answer."""
    return "\n".join(f"{citation.quote}{_at(citation)}" for citation in answer.citations)


def _at(citation: Citation) -> str:
    return f" ({page_of(citation)})" if citation.locator else ""


def _link(corpus: "Corpus", citation: Citation) -> str:
    """Where the document can be read: its address, else its file, at the page that is quoted."""
    if citation.url:
        return citation.url
    document = corpus.document(citation.document_id)
    file = document.origin.partition("#")[0] if document else ""
    if not file or not Path(file).is_absolute():
        return file
    page = citation.locator.get("page")
    return Path(file).as_uri() + (f"#page={page}" if page else "")


def _bar() -> Progress:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal)
