"""What is told of ingest jobs: a row each, in a file of its own beside the catalog or in a table on its server.

A job is done by the server that took it, which alone has what is to be written. That server notes how far it is and
that it is still there, so that every other one over the same tables can tell it, or ask for its end. A job whose server
has not been heard of for a while was cut off by that server's end.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from pydantic import BaseModel, Field

from askcorpus.index.databases import open_tables
from askcorpus.index.dialect import TEXT, among, clock, upsert
from askcorpus_ingest.files import Failure

PART = "jobs"
FILE = f"{PART}.sqlite3"
MOST_KEPT = 100
"""Jobs of which is told how they ended."""
SILENT_SECONDS = 30.0
"""So long after a server was last heard of, what it had not finished counts as cut off."""

_VERSION = 1
_INTERRUPTED = "The server stopped before its end. What is written stays: send it again, and the rest is added."

State = Literal["waiting", "running", "done", "failed", "cancelled", "interrupted"]

_METADATA = sa.MetaData()
_JOBS = sa.Table(
    "jobs",
    _METADATA,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("server", TEXT, nullable=False),
    sa.Column("sent", sa.Float, nullable=False),
    sa.Column("heard", sa.Float, nullable=False),  # by the clock of the database, when its server last noted it
    sa.Column("is_over", sa.Boolean, nullable=False),
    sa.Column("to_end", sa.Boolean, nullable=False),  # somebody asked for that
    sa.Column("told", TEXT, nullable=False),
)


class NotTaken(BaseModel):
    """A part of what was sent that could not be taken, and why."""

    origin: str = Field(description="Which part.")
    reason: str = Field(description="Why, in a line.")
    code: str = Field("", description="The kind of the reason, for programs, where it has one.")


def not_taken(failures: Iterable[Failure]) -> list[NotTaken]:
    """Inputs that could not be ingested, as they are told."""
    return [NotTaken(origin=one.origin, reason=one.reason, code=one.kind) for one in failures]


class Job(BaseModel):
    """A job and how far it came, in documents; those that are counted are written for good."""

    id: str = Field(description="Names it.")
    state: State = Field("waiting", description="How it stands.")
    name: str = Field(description="The name of its file, or what it is.")
    total: int | None = Field(None, description="How many there are; null where only reading a file will tell.")
    done: int = Field(0, description="How many have been dealt with.")
    added: int = Field(0, description="How many are new.")
    changed: int = Field(0, description="How many are in place of others.")
    unchanged: int = Field(0, description="How many were there already.")
    removed: int = Field(0, description="How many are gone, for the file no longer has them.")
    withheld: int = Field(0, description="How many were removed for good before, and stay out.")
    failures: int = Field(0, description="How many could not be taken.")
    failed: list[NotTaken] = Field([], description="The first hundred of these.")
    doubted: list[NotTaken] = Field([], description="What was said of documents that were taken, and was not believed.")
    detail: str = Field("", description="Why the job as a whole waits, or did not come to its end.")
    code: str = Field("", description="The kind of error that ended it, for programs, where one did.")
    sent: datetime = Field(description="When it was sent.")
    began: datetime | None = Field(None, description="When it began.")
    ended: datetime | None = Field(None, description="When it was over.")
    per_second: float = Field(0.0, description="How many are dealt with in a second.")

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state not in ("waiting", "running")

    def interrupted(self, when: datetime) -> "Job":
        """The same, cut off by the end of its server."""
        return self.model_copy(update={"state": "interrupted", "ended": when, "detail": _INTERRUPTED})


class JobRecords:
    """The jobs of all servers over a data folder, or over the ``database`` at an address, as ``server`` notes its own.

    That name is the same when the server starts again. Every method may raise StorageError or Busy for what the disk or
    the database does.
    """

    def __init__(self, folder: Path, server: str, database: str | None = None) -> None:
        self._server = server
        self._database = open_tables(folder, database, PART, _JOBS, _VERSION)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def interrupt(self) -> None:
        """For a server that starts: what an earlier one of its name had not finished was cut off."""
        left = [job for job in self._read(_JOBS.c.server == self._server, ~_JOBS.c.is_over) if not job.is_over]
        if left:
            self.note([job.interrupted(datetime.now(UTC)) for job in left])

    def note(self, jobs: Sequence[Job]) -> set[str]:
        """Note how jobs of this server stand, and that it is there; the ids of those that are to end."""
        ids = [job.id for job in jobs]
        with self._database.writing() as connection:
            to_end = set(connection.scalars(sa.select(_JOBS.c.id).where(among(_JOBS.c.id, ids), _JOBS.c.to_end)))
            upsert(connection, _JOBS, list(self._rows(jobs, clock(connection), to_end)))
            _forget_old(connection)
        return to_end

    def all(self) -> list[Job]:
        """Every job that is known."""
        return self._read()

    def one(self, job_id: str) -> Job | None:
        """The job of that id, if there is one."""
        return next(iter(self._read(among(_JOBS.c.id, [job_id]))), None)

    def ask_for_end(self, job_id: str) -> None:
        """Let the server that is at a job end it, when it notes next how far it is."""
        with self._database.writing() as connection:
            connection.execute(sa.update(_JOBS).where(among(_JOBS.c.id, [job_id])).values(to_end=True))

    def _rows(self, jobs: Sequence[Job], heard: float, to_end: set[str]) -> Iterable[dict[str, object]]:
        for job in jobs:
            row = {"id": job.id, "server": self._server, "sent": job.sent.timestamp(), "heard": heard}
            yield row | {"is_over": job.is_over, "to_end": job.id in to_end, "told": job.model_dump_json()}

    def _read(self, *conditions: sa.ColumnElement[bool]) -> list[Job]:
        if not self._database.exists():  # as where there has never been one
            return []
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(_JOBS).where(*conditions)).all()
            return [_told(row, clock(connection)) for row in rows]


def _told(row: sa.Row[tuple[object, ...]], now: float) -> Job:
    """The job as it is told now."""
    job = Job.model_validate_json(row.told)
    if job.is_over or row.heard > now - SILENT_SECONDS:
        return job
    return job.interrupted(datetime.fromtimestamp(row.heard, UTC))


def _forget_old(connection: sa.Connection) -> None:
    is_over = _JOBS.c.is_over | (_JOBS.c.heard <= clock(connection) - SILENT_SECONDS)
    old = sa.select(_JOBS.c.id).where(is_over).order_by(_JOBS.c.sent.desc()).offset(MOST_KEPT)
    connection.execute(sa.delete(_JOBS).where(_JOBS.c.id.in_(old)))
