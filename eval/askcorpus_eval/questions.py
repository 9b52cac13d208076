"""Question files: what to ask, and what a good answer would hold. JSONL, CSV, or a BEIR folder."""

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from askcorpus.errors import UsageError
from askcorpus.types import Turn

MAX_QUESTION_CHARS = 10_000
FAULTS_SHOWN = 5
LISTS = ("answers", "doc_ids", "evidence")
LIST_SEPARATOR = "|"


class Question(BaseModel):
    """One question with its gold, as far as there is any; other fields of a row are ignored.

    ``answers`` are alternatives; ``doc_ids`` are documents that hold the answer, by id or by path, with ``grades``
    where one is more relevant than another; ``evidence`` is text of these documents, word for word. ``answerable`` is
    whether the corpus says; where the row is silent, a question with gold is answerable, one without is ``None``.
    ``example`` marks questions that the empty chat may offer.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1)
    question: str = Field(max_length=MAX_QUESTION_CHARS, pattern=r"\S")
    answers: tuple[str, ...] = ()
    doc_ids: tuple[str, ...] = ()
    grades: dict[str, int] = Field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    lang: str = ""
    doc_lang: str = ""
    answerable: bool | None = None
    type: str = ""
    standalone: bool | None = None
    history: tuple[Turn, ...] = ()
    draft: bool = False
    example: bool = False

    @model_validator(mode="before")
    @classmethod
    def _answerable_if_gold(cls, row: Any) -> Any:
        if not isinstance(row, dict) or "answerable" in row:
            return row
        return row | {"answerable": True if any(row.get(name) for name in LISTS) else None}

    @property
    def languages(self) -> str:
        """The language pair, question → documents; ``?`` for what is not given."""
        return f"{self.lang or '?'}→{self.doc_lang or '?'}"


class QuestionSet(NamedTuple):
    """The questions of a file or folder, and the corpus that came with them, if one did."""

    questions: tuple[Question, ...]
    corpus: Path | None = None

    def fingerprint(self) -> str:
        """Changes with any question or its gold."""
        rows = json.dumps([question.model_dump(mode="json") for question in self.questions], sort_keys=True)
        return hashlib.sha256(rows.encode()).hexdigest()


class Row(NamedTuple):
    """A raw question and where it stands."""

    line: int
    fields: Mapping[str, Any]


def read_questions(path: Path) -> QuestionSet:
    """The question set at ``path``: ``.jsonl``, ``.csv``, a BEIR folder, or one ``qrels/*.tsv`` of a BEIR folder.

    Raises:
        UsageError: the file cannot be read, holds no question, or has faulty rows, named by line and reason.
    """
    try:
        if path.is_dir():
            return _read_beir(path, _qrels_of(path))
        if path.suffix == ".tsv" and path.parent.name == "qrels":
            return _read_beir(path.parent.parent, path)
        if path.suffix in {".jsonl", ".ndjson"}:
            return QuestionSet(_questions(path, _json_rows(path)))
        if path.suffix == ".csv":
            return QuestionSet(_questions(path, _csv_rows(path)))
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror or exc}.", "Name a question file that exists.") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path}: not UTF-8 (byte {exc.start}).", "Save the file as UTF-8.") from exc
    raise UsageError(f"{path}: not a question set.", "Give a .jsonl or .csv file, or a BEIR folder.")


def _questions(path: Path, rows: Iterable[Row]) -> tuple[Question, ...]:
    questions: dict[str, Question] = {}
    faults = []
    for row in rows:
        try:
            question = Question.model_validate(row.fields)
        except ValidationError as exc:
            faults.append(f"line {row.line}: {_reason(exc)}")
            continue
        if question.id in questions:
            faults.append(f"line {row.line}: id {question.id!r} is used twice")
        questions[question.id] = question
    _refuse(path, faults)
    if not questions:
        raise UsageError(f"{path}: holds no question.")
    return tuple(questions.values())


def _reason(exc: ValidationError) -> str:
    first = exc.errors()[0]
    place = ".".join(map(str, first["loc"]))
    if first["type"] == "string_pattern_mismatch":
        return f"{place} is empty"
    message = first["msg"].replace("a valid tuple", "a list")
    return f"{place}: {message[0].lower()}{message[1:]}"


def _refuse(path: Path, faults: list[str]) -> None:
    if faults:
        more = f"; and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        raise UsageError(f"{path}: {'; '.join(faults[:FAULTS_SHOWN])}{more}.", "Mend these rows.")


def _json_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield Row(number, _json_object(path, number, line))


def _json_object(path: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as exc:
        raise UsageError(f"{path}: line {number}: not JSON ({exc.msg}).", "One JSON object a line.") from exc
    if not isinstance(row, dict):
        raise UsageError(f"{path}: line {number}: not a JSON object.", "One JSON object a line.")
    return row


def _csv_rows(path: Path) -> Iterator[Row]:
    """Rows under a header; lists are separated by ``|``; without an ``id`` column, rows are numbered."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, delimiter=_delimiter(path))
        if "question" not in (reader.fieldnames or ()):
            header = ", ".join(reader.fieldnames or ()) or "nothing"
            raise UsageError(f"{path}: line 1: the header has no column 'question' (it has: {header}).")
        for number, cells in enumerate(reader, start=1):
            yield Row(reader.line_num, {"id": f"q{number}"} | _fields(cells))


def _delimiter(path: Path) -> str:
    """Comma, semicolon (as spreadsheets write where the comma is decimal) or tab: the commonest in the header."""
    with path.open(encoding="utf-8-sig") as lines:
        header = lines.readline()
    return max(",;\t", key=header.count)


def _fields(cells: Mapping[str | None, str | None]) -> dict[str, Any]:
    """The cells that say something, lists split at ``|``."""
    given = {name: cell.strip() for name, cell in cells.items() if name and isinstance(cell, str) and cell.strip()}
    return {
        name: [part.strip() for part in cell.split(LIST_SEPARATOR) if part.strip()] if name in LISTS else cell
        for name, cell in given.items()
    }


def _qrels_of(folder: Path) -> Path:
    """``test.tsv`` where there is one (BEIR reports on it), else the only one there is."""
    files = sorted((folder / "qrels").glob("*.tsv"))
    if not (folder / "queries.jsonl").is_file() or not files:
        raise UsageError(f"{folder}: not a BEIR folder.", "It needs queries.jsonl and qrels/*.tsv.")
    test = [file for file in files if file.name == "test.tsv"]
    if not test and len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise UsageError(f"{folder}: several judgement files ({names}).", "Name one: qrels/NAME.tsv.")
    return (test or files)[0]


def _read_beir(folder: Path, qrels: Path) -> QuestionSet:
    """The judged queries of a BEIR folder (Thakur et al. 2021), in the order of ``queries.jsonl``."""
    grades = _read_qrels(qrels)
    queries = folder / "queries.jsonl"
    rows = (
        Row(number, _beir_fields(query, grades[str(query["_id"])]))
        for number, query in _json_rows(queries)
        if str(query.get("_id", "")) in grades
    )
    corpus = folder / "corpus.jsonl"
    return QuestionSet(_questions(queries, rows), corpus if corpus.is_file() else None)


def _beir_fields(query: Mapping[str, Any], grades: Mapping[str, int]) -> dict[str, Any]:
    return {
        "id": str(query["_id"]),
        "question": query.get("text", ""),
        "doc_ids": list(grades),
        "grades": dict(grades),
        "answerable": bool(grades) or None,
    }


def _read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Query id → relevant document id → grade; a query judged without any relevant document maps to nothing."""
    grades: dict[str, dict[str, int]] = {}
    faults = []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, delimiter="\t")
        if next(reader, None) != ["query-id", "corpus-id", "score"]:
            raise UsageError(f"{path}: line 1: the header is not query-id, corpus-id, score, separated by tabs.")
        for cells in reader:
            if len(cells) != 3 or not cells[2].lstrip("-").isdigit():
                faults.append(f"line {reader.line_num}: not query, document and whole-number score")
                continue
            judged = grades.setdefault(cells[0], {})
            if int(cells[2]) > 0:
                judged[cells[1]] = int(cells[2])
    _refuse(path, faults)
    return grades
