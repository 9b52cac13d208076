"""Ingest that goes on after its request: jobs, done one after the other in a thread, and told of on disk.

What a job is to write lies in memory until its turn. How it gets on is kept in a file of its own in the data folder, so
that a server that starts again can say of each job how far it came.
"""

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError

from askcorpus.errors import AskcorpusError, Busy
from askcorpus_ingest.pipeline import Report, Tell
from askcorpus_ingest.progress import Stopped
from askcorpus_ui.problems import new_reference, unexpected

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[Tell], Report]
"""What a job does: it tells what is written, and is ended by the `Stopped` that it gets for that."""

FOLDER = "jobs"
MOST_WAITING = 10
"""Jobs that wait; each has a body in memory."""
MOST_KEPT = 100
"""Jobs of which is told how they ended."""
MOST_TOLD = 100
"""Parts of one job that failed, told one by one."""

_SAVED_EVERY = 1.0
_PATIENCE = 1.0
"""Seconds until it is tried again to write beside another process."""

State = Literal["waiting", "running", "done", "failed", "cancelled", "interrupted"]
_INTERRUPTED = "The server stopped before its end. What is written stays: send it again, and the rest is added."


class NotTaken(BaseModel):
    """A part of what was sent that could not be taken, and why."""

    origin: str
    reason: str


class Job(BaseModel):
    """A job and how far it came, in documents; those that are counted are written for good.

    ``done`` of ``total`` have been dealt with, the total null where only reading a file will tell. ``withheld`` were
    removed for good before, and stay out; of those that failed ``failed`` has the first hundred. ``detail`` says why
    the job as a whole did not come to its end.
    """

    id: str
    state: State = "waiting"
    name: str
    total: int | None = None
    done: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    withheld: int = 0
    failures: int = 0
    failed: list[NotTaken] = []
    doubted: list[NotTaken] = []
    detail: str = ""
    sent: datetime
    began: datetime | None = None
    ended: datetime | None = None
    per_second: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state not in ("waiting", "running")


class Jobs:
    """The jobs of a server. ``alone`` is for all that writes: one request or one job at a time."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._writing = threading.Lock()
        self._changing = threading.RLock()
        self._work: deque[tuple[str, Work]] = deque()
        self._jobs: dict[str, Job] = {}
        self._cancelled: set[str] = set()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._saved = 0.0
        self._load()

    def alone(self, work: Callable[[], T]) -> T:
        """The result of ``work``, beside which nothing else writes: reading a file may take much memory.

        Raises:
            Busy: something else does.
        """
        if not self._writing.acquire(blocking=False):
            raise Busy("Another request is changing documents.", "Try again when it is done.")
        try:
            return work()
        finally:
            self._writing.release()

    def add(self, name: str, total: int | None, work: Work) -> Job:
        """A new job, which begins when those before it are done.

        Raises:
            Busy: too many wait already, or the server is stopping.
        """
        with self._changing:
            if len(self._work) >= MOST_WAITING or self._stopping.is_set():
                raise Busy("Too many jobs are waiting.", "Send it when one of them is done.")
            job = Job(id=secrets.token_hex(8), name=name, total=total, sent=_now())
            self._jobs[job.id] = job
            self._work.append((job.id, work))
            self._save(job)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._do_all, name="jobs", daemon=True)
                self._thread.start()
            return job

    def listed(self) -> list[Job]:
        """All jobs that are known, the newest first."""
        with self._changing:
            return sorted(self._jobs.values(), key=lambda job: job.sent, reverse=True)

    def job(self, job_id: str) -> Job | None:
        """The job of that id, if there is one."""
        with self._changing:
            return self._jobs.get(job_id)

    def cancel(self, job_id: str) -> Job | None:
        """End a job that is not over: at once where it waits, else with the next part that it would write."""
        with self._changing:
            job = self._jobs.get(job_id)
            if job is None or job.is_over:
                return job
            if job.state == "waiting":
                self._work = deque((other, work) for other, work in self._work if other != job_id)
                return self._change(job_id, state="cancelled", ended=_now())
            self._cancelled.add(job_id)
            return job

    def stop(self, seconds: float) -> None:
        """End what runs, which keeps what is written, and begin nothing any more; waits so long for that."""
        self._stopping.set()
        if thread := self._thread:  # which lets go of itself when nothing is left to do
            thread.join(seconds)
        with self._changing:
            for job_id, _ in self._work:
                self._change(job_id, state="interrupted", ended=_now(), detail=_INTERRUPTED)
            self._work.clear()

    def _do_all(self) -> None:
        while True:
            with self._changing:
                if not self._work or self._stopping.is_set():
                    self._thread = None
                    return
                job_id, work = self._work.popleft()
                self._change(job_id, state="running", began=_now())
            with self._writing:
                self._do(job_id, work)

    def _do(self, job_id: str, work: Work) -> None:
        """One job to its end, whatever that is."""
        state: State = "done"
        detail = ""
        try:
            self._count(job_id, self._patiently(job_id, work))
            if self._stopping.is_set():
                state, detail = "interrupted", _INTERRUPTED
            elif job_id in self._cancelled:
                state = "cancelled"
        except Stopped:
            state, detail = ("interrupted", _INTERRUPTED) if self._stopping.is_set() else ("cancelled", "")
        except AskcorpusError as exc:
            state, detail = "failed", str(exc)
        except Exception:  # whatever it is, it is logged in full, and whoever looks learns that it happened
            log.exception("Unexpected error %s", reference := new_reference())
            fault = unexpected(reference)
            state, detail = "failed", f"{fault.message} {fault.hint}"
        with self._changing:
            self._cancelled.discard(job_id)
            self._change(job_id, state=state, detail=detail, ended=_now())
            self._forget_old()

    def _patiently(self, job_id: str, work: Work) -> Report:
        """What a job did, once no other process writes."""

        def tell(report: Report) -> None:
            self._count(job_id, report)
            self._go_on(job_id)

        while True:
            self._go_on(job_id)
            try:
                return work(tell)
            except Busy as exc:
                with self._changing:
                    self._change(job_id, detail=f"Waiting: {exc.message}")
                self._stopping.wait(_PATIENCE)

    def _go_on(self, job_id: str) -> None:
        """Raises Stopped where a job is to end."""
        if self._stopping.is_set() or job_id in self._cancelled:
            raise Stopped

    def _count(self, job_id: str, report: Report) -> None:
        """Note what a job has written so far."""
        counts = {name: getattr(report, name) for name in ("added", "changed", "unchanged", "removed", "withheld")}
        failures = len(report.failed)
        done = sum(counts.values()) - counts["removed"] + failures
        with self._changing:
            began = self._jobs[job_id].began
            seconds = (_now() - began).total_seconds() if began else 0.0
            self._change(
                job_id,
                **counts,
                done=done,
                failures=failures,
                failed=[NotTaken(origin=one.origin, reason=one.reason) for one in report.failed[:MOST_TOLD]],
                doubted=[NotTaken(origin=one.origin, reason=one.reason) for one in report.doubted[:MOST_TOLD]],
                per_second=round(done / seconds, 2) if seconds > 0 else 0.0,
                detail="",
            )

    def _change(self, job_id: str, **facts: object) -> Job:
        job = self._jobs[job_id].model_copy(update=facts)
        self._jobs[job_id] = job
        if "state" in facts or time.monotonic() - self._saved > _SAVED_EVERY:
            self._save(job)
        return job

    def _forget_old(self) -> None:
        for job in [job for job in self.listed() if job.is_over][MOST_KEPT:]:
            del self._jobs[job.id]
            path = self._folder / f"{job.id}.json"
            try:
                path.unlink(missing_ok=True)
            except OSError as exc:
                log.warning("%s cannot be deleted: %s", path, exc.strerror)

    # ---- on disk

    def _save(self, job: Job) -> None:
        """Note a job, if that can be; no data folder is made for it."""
        if not self._folder.parent.is_dir():
            return
        path = self._folder / f"{job.id}.json"
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            half = path.with_suffix(".half")
            half.write_text(job.model_dump_json(), encoding="utf-8")
            half.replace(path)
            self._saved = time.monotonic()
        except OSError as exc:
            log.warning("%s cannot be written: %s", path, exc.strerror)

    def _load(self) -> None:
        """Read what is known of earlier jobs; one that was not over when its server ended was cut off by that."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                job = Job.model_validate_json(path.read_bytes())
            except (OSError, ValidationError) as exc:
                log.warning("%s cannot be read: %s", path, type(exc).__name__)
                continue
            self._jobs[job.id] = job
            if not job.is_over:
                self._change(job.id, state="interrupted", ended=_now(), detail=_INTERRUPTED)


def _now() -> datetime:
    return datetime.now(UTC)
