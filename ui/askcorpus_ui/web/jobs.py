"""Ingest that goes on after its request: jobs, done one after the other in a thread, and told of to all servers.

What a job is to write lies in memory until its turn. How it gets on is noted (`job_records`) as soon as its state
changes and, while it is not over, again and again.
"""

import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from askcorpus.errors import AskcorpusError, Busy
from askcorpus_ingest.progress import Stopped
from askcorpus_ingest.report import Report, Tell
from askcorpus_ui.problems import new_reference, unexpected
from askcorpus_ui.web.job_records import Job, JobRecords, NotTaken, not_taken

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[Tell], Report]
"""What a job does: it tells what is written, and is ended by the `Stopped` that it gets for that."""

MOST_WAITING = 10
"""Jobs of one server that wait; each has a body in memory."""
MOST_TOLD = 100
"""Parts of one job that failed, told one by one."""

_NOTED_EVERY = 1.0
_PATIENCE = 1.0
"""Seconds until it is tried again to write beside another process."""


class Jobs:
    """The jobs of a server, and what is noted of others'. ``alone`` is for all that writes: one request or one job at a
    time."""

    def __init__(self, records: JobRecords) -> None:
        self._records = records
        self._writing = threading.Lock()
        self._changing = threading.RLock()
        self._noting = threading.Lock()
        self._work: deque[tuple[str, Work]] = deque()
        self._own: dict[str, Job] = {}  # that are not over, or of which that is not noted yet
        self._cancelled: set[str] = set()
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None
        self._teller: threading.Thread | None = None
        self._fault = ""
        try:
            records.interrupt()
        except AskcorpusError as exc:
            log.warning("Earlier jobs cannot be read: %s", exc)

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
        """A new job, which begins when those before it are done, and which every server can tell from now on.

        Raises:
            Busy: too many wait already, or the server is stopping.
        """
        with self._changing:
            if len(self._work) >= MOST_WAITING or self._stopping.is_set():
                raise Busy("Too many jobs are waiting.", "Send it when one of them is done.")
            job = Job(id=secrets.token_hex(8), name=name, total=total, sent=_now())
            self._own[job.id] = job
            self._work.append((job.id, work))
            self._start()
        self._note()
        return job

    def listed(self) -> list[Job]:
        """All jobs that are known, the newest first.

        Raises:
            StorageError, Busy: what is noted cannot be read.
        """
        with self._changing:
            own = dict(self._own)
        noted = {job.id: job for job in self._records.all()}
        return sorted((noted | own).values(), key=lambda job: job.sent, reverse=True)

    def job(self, job_id: str) -> Job | None:
        """The job of that id, if there is one. Raises as `listed` does."""
        with self._changing:
            own = self._own.get(job_id)
        return own or self._records.one(job_id)

    def cancel(self, job_id: str) -> Job | None:
        """End a job that is not over: at once where it waits, else with the next part that it would write. That of
        another server ends when that one next notes how far it is. Raises as `listed` does."""
        if job := self._end(job_id):
            return job
        job = self._records.one(job_id)
        if job and not job.is_over:
            self._records.ask_for_end(job_id)
        return job

    def stop(self, seconds: float) -> None:
        """End what runs, which keeps what is written, and begin nothing any more; waits so long for that."""
        self._stopping.set()
        if thread := self._thread:  # which lets go of itself when nothing is left to do
            thread.join(seconds)
        with self._changing:
            for job_id, _ in self._work:
                self._own[job_id] = self._own[job_id].interrupted(_now())
            self._work.clear()
        self._stopped.set()
        self._news.set()
        if teller := self._teller:
            teller.join(seconds)
        self._note()
        self._records.close()

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._do_all, name="jobs", daemon=True)
            self._thread.start()
        if self._teller is None or not self._teller.is_alive():
            self._teller = threading.Thread(target=self._tell_on, name="jobs told", daemon=True)
            self._teller.start()

    def _end(self, job_id: str) -> Job | None:
        """End a job of this server; how it stands now, ``None`` where there is none of that id."""
        with self._changing:
            job = self._own.get(job_id)
            if job is None or job.is_over:
                return job
            if job.state == "waiting":
                self._work = deque((other, work) for other, work in self._work if other != job_id)
                return self._change(job_id, state="cancelled", ended=_now())
            self._cancelled.add(job_id)
            return job

    # ---- doing them

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
        facts: dict[str, object] = {"state": "done"}
        try:
            self._count(job_id, self._patiently(job_id, work))
            if self._stopping.is_set():
                facts = self._cut_off(job_id)
            elif job_id in self._cancelled:
                facts = {"state": "cancelled"}
        except Stopped:
            facts = self._cut_off(job_id) if self._stopping.is_set() else {"state": "cancelled"}
        except AskcorpusError as exc:
            facts = {"state": "failed", "detail": str(exc), "code": type(exc).__name__}
        except Exception:  # whatever it is, it is logged in full, and whoever looks learns that it happened
            log.exception("Unexpected error %s", reference := new_reference())
            fault = unexpected(reference)
            facts = {"state": "failed", "detail": f"{fault.message} {fault.hint}", "code": fault.code}
        with self._changing:
            self._cancelled.discard(job_id)
            self._change(job_id, **({"detail": "", "ended": _now()} | facts))

    def _cut_off(self, job_id: str) -> dict[str, object]:
        return dict(self._own[job_id].interrupted(_now()))

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
        """Take down what a job has written so far."""
        counts = {name: getattr(report, name) for name in ("added", "changed", "unchanged", "removed", "withheld")}
        failures = len(report.failed)
        done = sum(counts.values()) - counts["removed"] + failures
        with self._changing:
            began = self._own[job_id].began
            seconds = (_now() - began).total_seconds() if began else 0.0
            self._change(
                job_id,
                **counts,
                done=done,
                failures=failures,
                failed=not_taken(report.failed[:MOST_TOLD]),
                doubted=[NotTaken(origin=one.origin, reason=one.reason) for one in report.doubted[:MOST_TOLD]],
                per_second=round(done / seconds, 2) if seconds > 0 else 0.0,
                detail="",
            )

    def _change(self, job_id: str, **facts: object) -> Job:
        job = self._own[job_id].model_copy(update=facts)
        self._own[job_id] = job
        if "state" in facts:
            self._news.set()
        return job

    # ---- telling of them

    def _tell_on(self) -> None:
        """Note all that is new, and that this server is there, for as long as there is a job of its own."""
        while not self._stopped.is_set():
            self._news.wait(_NOTED_EVERY)
            self._news.clear()
            self._note()
            with self._changing:
                if not self._own:
                    self._teller = None
                    return

    def _note(self) -> None:
        """Note how this server's jobs stand, if that can be, and end those that somebody asked another server to."""
        with self._noting:
            with self._changing:
                jobs = list(self._own.values())
            if not jobs:
                return
            try:
                to_end = self._records.note(jobs)
            except AskcorpusError as exc:  # in a while it is tried again
                if self._fault != (fault := str(exc)):
                    log.warning("How jobs get on cannot be noted: %s", fault)
                self._fault = fault
                return
            self._fault = ""
            with self._changing:
                for job in jobs:
                    if job.is_over:
                        del self._own[job.id]
            for job_id in to_end:
                self._end(job_id)


def _now() -> datetime:
    return datetime.now(UTC)
