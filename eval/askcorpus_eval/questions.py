"""Questions with their gold, and question files."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from askcorpus.errors import UsageError
from askcorpus.types import Turn
from askcorpus_eval.beir import CORPUS, judged_queries, qrels_of
from askcorpus_eval.columns import Columns, read_row, understand
from askcorpus_eval.question_rows import SHEETS, TABLES, Row, read_rows

MAX_QUESTION_CHARS = 10_000
FAULTS_SHOWN = 5
GOLD = ("answers", "doc_ids", "evidence", "nuggets")
NO_NAMES: Mapping[str, str] = MappingProxyType({})


class Question(BaseModel):
    """One question with its gold, as far as there is any.

    ``answers`` are alternatives; ``doc_ids`` are documents that hold the answer, by id, path, title or address, with
    ``grades`` where one is more relevant than another; ``pages`` are where in them; ``evidence`` is text of these
    documents, word for word; ``nuggets`` are facts that a whole answer holds, each with its wordings separated by
    `` / ``. ``answerable`` is whether the corpus says; where the row is silent, a question with gold is answerable, one
    without is ``None``. ``example`` marks questions that the empty chat may offer.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1)
    question: str = Field(max_length=MAX_QUESTION_CHARS, pattern=r"\S")
    answers: tuple[str, ...] = ()
    doc_ids: tuple[str, ...] = ()
    grades: dict[str, int] = Field(default_factory=dict)
    pages: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    nuggets: tuple[str, ...] = ()
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
        return row | {"answerable": True if any(row.get(name) for name in GOLD) else None}

    def gold_digest(self) -> str:
        """Changes with all that its answer is held against, and with the conversation before it."""
        held = self.model_dump(mode="json", exclude={"id", "question", "type", "standalone", "draft", "example"})
        return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def has_answer(self) -> bool:
        """Whether its gold counts: an unanswerable question has none, whatever document it names (as in SQuAD 2.0)."""
        return self.answerable is not False

    @property
    def has_gold_text(self) -> bool:
        """Whether some words are given as those of the answer, or as proof of it."""
        return bool(self.answers or self.evidence or self.nuggets)

    @property
    def languages(self) -> str:
        """The language pair, question → documents; ``?`` for what is not given."""
        return f"{self.lang or '?'}→{self.doc_lang or '?'}"


class QuestionSet(NamedTuple):
    """The questions of a file or folder, the corpus that came with them, if one did, and how they were read: ``notes``
    name the columns that have other names than ours, and those that are not read."""

    questions: tuple[Question, ...]
    corpus: Path | None = None
    notes: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """Changes with any question or its gold."""
        rows = json.dumps([question.model_dump(mode="json") for question in self.questions], sort_keys=True)
        return hashlib.sha256(rows.encode()).hexdigest()


def read_questions(path: Path, names: Mapping[str, str] = NO_NAMES) -> QuestionSet:
    """The question set at ``path``: a file with an ending of ``question_rows.ENDINGS`` in any case, a BEIR folder, or
    one ``qrels/*.tsv`` of a BEIR folder. ``names`` give a field's column where its name does not tell.

    Raises:
        UsageError: the file cannot be read, holds no question, or has faulty rows, named by line and reason.
    """
    try:
        if path.is_dir():
            return _read_beir(path, qrels_of(path))
        if path.suffix.lower() == ".tsv" and path.parent.name == "qrels":
            return _read_beir(path.parent.parent, path)
        return _read_file(path, names)
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror or exc}.", "Name a question file that exists.") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path}: not UTF-8 (byte {exc.start}).", "Save the file as UTF-8.") from exc


def _read_file(path: Path, names: Mapping[str, str]) -> QuestionSet:
    rows = read_rows(path, names)
    columns = understand((name for row in rows for name in row.fields), names)
    if rows and "question" not in columns.of:
        there = ", ".join(dict.fromkeys(name for row in rows for name in row.fields))
        raise UsageError(
            f"{path}: no field is called 'question' (there are: {there}).", "Name it: --map question=NAME."
        )
    cells = path.suffix.lower() in (*TABLES, *SHEETS)
    read = (_numbered(row, number, columns, cells) for number, row in enumerate(rows, start=1))
    return QuestionSet(_questions(path, read), notes=tuple(columns.notes()))


def _numbered(row: Row, number: int, columns: Columns, cells: bool) -> Row:
    """The row in our names; without an id it is named by its number."""
    return Row(row.line, {"id": f"q{number}"} | read_row(row.fields, columns, cells=cells))


def _read_beir(folder: Path, qrels: Path) -> QuestionSet:
    corpus = folder / CORPUS
    questions = _questions(folder / "queries.jsonl", judged_queries(folder, qrels))
    return QuestionSet(questions, corpus if corpus.is_file() else None)


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
    if first["type"] == "string_pattern_mismatch" or (first["type"], place) == ("missing", "question"):
        return f"{place} is empty"
    message = first["msg"].replace("a valid tuple", "a list")
    return f"{place}: {message[0].lower()}{message[1:]}"


def _refuse(path: Path, faults: list[str]) -> None:
    if faults:
        more = f"; and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        raise UsageError(f"{path}: {'; '.join(faults[:FAULTS_SHOWN])}{more}.", "Mend these rows.")
