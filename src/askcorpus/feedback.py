"""What people think of the chat's answers, kept with the index for `askcorpus eval make` and sent nowhere else."""

import codecs
import errno
import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, ValidationError

from askcorpus.errors import AskcorpusError, StorageError, UsageError
from askcorpus.index.database import Database
from askcorpus.index.databases import open_tables
from askcorpus.index.dialect import NUMBER, TEXT, is_larger
from askcorpus.search.query import recent_turns
from askcorpus.types import Answer, Turn

FEEDBACK = "feedback.jsonl"

log = logging.getLogger(__name__)

_REMEMBERED = 500

MAX_LINE = 1_000_000
"""Bytes that one opinion takes at most; of one on a longer conversation the earlier turns are left out."""

MAX_FILE = 100_000_000
"""Bytes at which the file is full: whoever clicks all day shall not fill the disk."""


Reason = Literal["wrong", "incomplete", "wrong_source", "should_have_answered", "should_not_have_answered"]
"""What is wrong with an answer that somebody did not like."""


class Feedback(BaseModel):
    """A line of the chat's ``feedback.jsonl``, other fields ignored. With the answer, a liked one brings its gold.

    ``liked`` is ``None`` where somebody took back what they had said; ``reason`` says why it was not liked, if they
    said so.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    question: str
    liked: bool | None
    reason: Reason | None = None
    history: tuple[Turn, ...] = ()
    answer: Answer | None = None


Note = Callable[[str], None]
"""Is told what is amiss with the feedback."""


def read_feedback(path: Path, note: Note = log.warning) -> list[Feedback]:
    """The feedback in the file, the last word on each answer only, and that only where it was not taken back.

    ``note`` is told of lines that are no feedback (a computer that lost its power may leave half of one).

    Raises:
        UsageError: the file cannot be read, or none of its lines is feedback.
    """
    try:
        lines = path.read_bytes().split(b"\n")  # JSON may hold the other characters that end a line
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror or exc}.") from exc
    return _latest(lines, str(path), note)


def shared_feedback(database: str, note: Note = log.warning) -> list[Feedback]:
    """The same of a database that servers share.

    Raises:
        StorageError: it cannot be reached.
        UsageError: none of its lines is feedback.
    """
    with closing(_table(database)) as table:
        if not table.exists():
            return []
        with table.reading() as connection:
            lines = list(connection.scalars(sa.select(_FEEDBACK.c.line).order_by(_FEEDBACK.c.number)))
        return _latest([line.encode() for line in lines], table.home.short, note)


_Opinion = tuple[str, tuple[Turn, ...], str]
"""What one opinion is on: a question, what was said before it, and the id of the answer, each time another; "" where
the answer is not known."""


def _latest(lines: Iterable[bytes], place: str, note: Note) -> list[Feedback]:
    latest: dict[_Opinion, Feedback] = {}
    faults: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            said = Feedback.model_validate_json(line.removeprefix(codecs.BOM_UTF8))
        except ValidationError as exc:
            first = exc.errors()[0]
            faults.append(f"line {number}: {'.'.join(map(str, first['loc']))} {first['msg']}")
            continue
        latest[_opinion(said, latest)] = said
    if faults and not latest:
        raise UsageError(f"{place}: {faults[0]}.")
    if faults:
        note(f"{place}: {len(faults)} lines are no feedback and are left out (the first: {faults[0]})")
    return [feedback for feedback in latest.values() if feedback.liked is not None]


def _opinion(said: Feedback, latest: dict[_Opinion, Feedback]) -> _Opinion:
    """Which opinion this is the last word on. One taken back whose answer is not at hand any more, for the server was
    restarted since, is the last one on the question."""
    opinion = (said.question, said.history, said.answer.id if said.answer else "")
    if said.liked is None and opinion not in latest:
        standing = (one for one in reversed(latest) if one[:2] == opinion[:2] and latest[one].liked is not None)
        return next(standing, opinion)
    return opinion


# --- a table that servers share ---

_METADATA = sa.MetaData()
_FEEDBACK = sa.Table(
    "feedback",
    _METADATA,
    sa.Column("number", NUMBER, primary_key=True),
    sa.Column("line", TEXT, nullable=False),
)
_VERSION = 1


def _table(url: str) -> Database:
    return open_tables(Path(), url, "feedback", _FEEDBACK, _VERSION)


class FeedbackFile:
    """One line of JSON for each opinion, in the form that :class:`Feedback` reads: in a file or, with its address, in a
    ``database`` that servers share.

    A chat's bubble holds only the links of its answer, so the last few hundred whole answers are remembered here. An
    opinion on one that is not (the server was restarted since) is kept without it.
    """

    def __init__(self, path: Path, database: str | None = None) -> None:
        self._path = path
        self._table = _table(database) if database else None
        self._lock = Lock()
        self._answers: OrderedDict[str, Answer] = OrderedDict()

    def remember(self, answer: Answer) -> None:
        """Keep an answer at hand, for when somebody says what they think of it; without how it came about, which is
        several times as large."""
        with self._lock:
            self._answers[answer.id] = answer.model_copy(update={"explain": None})
            if len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)

    def add(
        self,
        question: str,
        history: Sequence[Turn],
        answer_id: str,
        liked: bool | None,
        reason: Reason | None = None,
    ) -> bool:
        """Append an opinion (``None`` takes the one before back); whether that worked. Why not is in the log."""
        answer = self._answers.get(answer_id)
        turns = recent_turns(history)
        said = Feedback(question=question, liked=liked, reason=reason, history=turns, answer=answer)
        line = said.model_dump_json().encode() + b"\n"
        if len(line) > MAX_LINE:
            line = said.model_copy(update={"history": ()}).model_dump_json().encode() + b"\n"
        try:
            with self._lock:
                if self._table:
                    _insert(self._table, line)
                else:
                    self._append(line)
        except OSError as exc:
            log.warning("Feedback cannot be kept in %s: %s", self._path, exc.strerror)
            return False
        except AskcorpusError as exc:
            log.warning("Feedback cannot be kept: %s", exc)
            return False
        return True

    def close(self) -> None:
        """Let go of the database, if there is one."""
        if self._table:
            self._table.close()

    def _append(self, line: bytes) -> None:
        """All of the line or nothing: a disk that is full must not leave half of one for the next to join.

        A data folder that was deleted is not made again: what is missing must be seen to be missing.
        """
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            end = os.fstat(file).st_size
            if end and os.pread(file, 1, end - 1) != b"\n":
                line = b"\n" + line  # what a crash left half of must not spoil this one too
            if len(line) > MAX_LINE or end + len(line) > MAX_FILE:
                raise OSError(errno.EFBIG, "it is full: move it away")
            try:
                if os.write(file, line) < len(line):
                    raise OSError(None, "the disk is full")
            except OSError:
                os.ftruncate(file, end)
                raise
        finally:
            os.close(file)


def _insert(table: Database, line: bytes) -> None:
    with table.writing() as connection:
        if len(line) > MAX_LINE or is_larger(connection, _FEEDBACK, MAX_FILE):
            raise StorageError("The table of feedback is full.", "Delete its older rows.")
        connection.execute(sa.insert(_FEEDBACK), {"line": line.decode()})
