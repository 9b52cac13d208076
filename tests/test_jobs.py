"""Ingest as a job: it goes on after its request, tells how far it is, can be ended, and loses nothing it wrote."""

import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import Busy
from askcorpus.index.databases import open_tables
from askcorpus.settings import read_settings
from askcorpus_ingest.report import Report, Tell
from askcorpus_ingest.uploads import take_file
from askcorpus_ui.web import job_records
from askcorpus_ui.web.job_records import FILE, MOST_KEPT, Job, JobRecords
from askcorpus_ui.web.jobs import MOST_WAITING, Jobs
from askcorpus_ui.web.keys import Keys
from serving import real_assistant, serving, until

KEY = "may write"
JOBS = "/api/v1/jobs"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("jobs")
    with real_assistant(folder, embeddings) as assistant:
        settings = read_settings(data=assistant.settings.data, write_key=KEY)
        with (
            serving(assistant, settings) as address,
            httpx.Client(base_url=address, headers={"X-API-Key": KEY}, timeout=60) as client,
        ):
            yield client


def over(client: httpx.Client, job_id: str) -> Any:
    return until(lambda: client.get(f"{JOBS}/{job_id}").json(), lambda job: job["state"] not in ("waiting", "running"))


def records(count: int, prefix: str) -> list[dict[str, str]]:
    return [
        {"id": f"{prefix}{n}", "text": f"Buoy {n} of the {prefix} row was painted on Monday."} for n in range(count)
    ]


def test_documents_are_added_after_the_request_and_told_of(client: httpx.Client) -> None:
    sent = [*records(120, "north"), {"id": "empty", "text": " "}]
    begun = client.post(f"{JOBS}", json={"documents": sent})

    assert begun.status_code == 202
    assert begun.headers["location"] == f"{JOBS}/{begun.json()['id']}"
    job = over(client, begun.json()["id"])
    assert (job["state"], job["added"], job["total"], job["done"], job["failures"]) == ("done", 120, 121, 121, 1)
    assert job["failed"][0]["origin"].endswith("#empty") and job["failed"][0]["reason"]
    assert job["failed"][0]["code"] == "NoText"
    assert job["per_second"] > 0 and job["sent"] <= job["began"] <= job["ended"]
    assert client.get("/api/v1/documents/north119").status_code == 200
    assert client.get(JOBS).json()["jobs"][0] == job

    again = over(client, client.post(f"{JOBS}", json={"documents": sent[:120]}).json()["id"])
    assert (again["added"], again["unchanged"]) == (0, 120)


@pytest.mark.parametrize("path", ["/api/v1/files", "/api/v1/files/jobs"])
def test_a_file_in_a_form_is_refused_and_not_read_with_what_parts_it(client: httpx.Client, path: str) -> None:
    refused = client.post(path, params={"name": "isle.txt"}, files={"file": b"Sark is an isle."})
    assert refused.status_code == 415 and "--data-binary" in refused.json()["detail"]


def test_an_archive_is_a_job_and_so_is_what_cannot_be_read(client: httpx.Client) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for n in range(3):
            archive.writestr(f"{n}.txt", f"The file {n} tells of the pier.")
        archive.writestr("broken.pdf", b"%PDF-1.7 broken")
    begun = client.post("/api/v1/files/jobs", params={"name": "pier.zip"}, content=packed.getvalue()).json()
    job = over(client, begun["id"])
    assert (job["state"], job["detail"], job["name"], job["total"]) == ("done", "", "pier.zip", None)
    assert (job["added"], job["failures"]) == (3, 1)

    broken = client.post("/api/v1/files/jobs", params={"name": "broken.pdf"}, content=b"%PDF-1.7 broken").json()
    told = over(client, broken["id"])
    assert told["state"] == "failed" and told["detail"].startswith("broken.pdf ") and told["code"] == "Corrupt"


def test_a_job_that_is_ended_keeps_what_it_has_written(client: httpx.Client) -> None:
    long = [{"id": f"long{n}", "text": f"Sentence {n} of a long report. " * 100} for n in range(99)]
    begun = client.post(f"{JOBS}", json={"documents": long}).json()
    waiting = client.post(f"{JOBS}", json={"documents": records(3, "after")}).json()
    until(lambda: client.get(f"{JOBS}/{begun['id']}").json(), lambda job: job["added"] > 0)

    busy = client.post("/api/v1/documents", json={"documents": records(1, "beside")})
    assert (busy.status_code, busy.json()["code"]) == (503, "Busy")
    assert client.delete(f"{JOBS}/{waiting['id']}").json()["state"] == "cancelled"
    assert client.delete(f"{JOBS}/{begun['id']}").status_code == 200
    job = over(client, begun["id"])
    assert job["state"] == "cancelled" and 0 < job["added"] < 99
    there = sum(client.get(f"/api/v1/documents/long{n}").status_code == 200 for n in range(99))
    assert there == job["added"]
    assert client.get("/api/v1/documents/after0").status_code == 404
    assert client.delete(f"{JOBS}/{begun['id']}").json() == job
    assert client.post("/api/v1/documents", json={"documents": records(1, "beside")}).json()["added"] == 1


def test_while_a_file_waits_to_be_noted_as_a_job_others_are_served(
    tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    with real_assistant(tmp_path, embeddings) as assistant, ThreadPoolExecutor() as pool:
        data = assistant.settings.data
        with closing(JobRecords(data, "elsewhere")) as records:
            records.note([Job(id="1", state="done", name="x", sent=datetime.now(UTC))])
        with (
            serving(assistant, read_settings(data=data, write_key=KEY)) as address,
            httpx.Client(base_url=address, headers={"X-API-Key": KEY}, timeout=60) as client,
        ):
            with closing(sqlite3.connect(data / FILE, isolation_level=None)) as held:
                held.execute("BEGIN IMMEDIATE")
                sent = pool.submit(client.post, "/api/v1/files/jobs", params={"name": "a.txt"}, content=b"Sark is red.")
                deadline = time.monotonic() + 0.5
                while time.monotonic() < deadline:
                    assert client.get("/health").is_success
                assert not sent.done()
            assert sent.result().status_code == 202
            assert over(client, sent.result().json()["id"])["state"] == "done"


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/api/v1/jobs", {"json": {"documents": []}}, 422),
        ("/api/v1/jobs", {"json": {"documents": [{"text": "x"}] * 10_001}}, 422),
        ("/api/v1/jobs", {"json": {"documents": [{"id": "a\nb", "text": "x"}]}}, 400),
        ("/api/v1/files/jobs?name=a.txt", {"content": b""}, 422),
        ("/api/v1/files/jobs?name=..", {"content": b"x"}, 400),
        ("/api/v1/files/jobs?name=a.txt", {"content": b"x" * 8_000_001}, 413),
    ],
)
def test_what_is_no_job_is_refused_at_once(client: httpx.Client, path: str, sent: dict[str, Any], status: int) -> None:
    before = len(client.get(JOBS).json()["jobs"])
    assert client.post(path, **sent).status_code == status
    assert len(client.get(JOBS).json()["jobs"]) == before
    for unknown in (client.get(f"{JOBS}/none"), client.delete(f"{JOBS}/none")):
        assert unknown.status_code == 404


def test_only_a_key_for_writing_opens_jobs(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    with real_assistant(tmp_path, embeddings) as assistant:
        data = assistant.settings.data
        with closing(Keys(data)) as keys:
            reads, writes = keys.add("Reads", ["ask"])[0], keys.add("Writes", ["ingest"])[0]
        with serving(assistant, read_settings(data=data)) as address:
            for key, status in ((reads, 403), (writes, 200), ("", 401)):
                assert httpx.get(f"{address}{JOBS}", headers={"X-API-Key": key}).status_code == status
            body = {"documents": records(1, "own")}
            for key, status in ((reads, 403), (writes, 202)):
                begun = httpx.post(f"{address}{JOBS}", json=body, headers={"X-API-Key": key})
                assert begun.status_code == status


def jobs_of(data: Path) -> Jobs:
    """Those of the one server over a data folder."""
    return Jobs(JobRecords(data, "here"))


@contextmanager
def closing_jobs(data: Path) -> Iterator[Jobs]:
    jobs = jobs_of(data)
    yield jobs
    jobs.stop(5)


class Held:
    """Work that goes on until it is let go."""

    def __init__(self) -> None:
        self.held = True

    def __call__(self, tell: Tell) -> Report:
        while self.held:
            tell(Report(added=2))
            time.sleep(0.01)
        return Report(added=3)


def test_the_line_of_jobs_is_bounded_and_a_stop_is_told_after_it(tmp_path: Path) -> None:
    jobs, work = jobs_of(tmp_path), Held()
    first = jobs.add("first", None, work)
    until(lambda: jobs.job(first.id), lambda job: job.state == "running")
    waiting = [jobs.add("more", 1, work) for _ in range(MOST_WAITING)]
    with pytest.raises(Busy, match="Too many jobs"):
        jobs.add("one too many", 1, work)
    with pytest.raises(Busy, match="Another request"):
        jobs.alone(lambda: None)

    jobs.stop(10)

    told = jobs_of(tmp_path)
    ends = {job.id: (job.state, job.added) for job in told.listed()}
    assert ends == {first.id: ("interrupted", 2)} | {job.id: ("interrupted", 0) for job in waiting}
    with pytest.raises(Busy):
        jobs.add("late", 1, work)


def test_of_jobs_that_are_over_the_last_hundred_are_told(tmp_path: Path) -> None:
    sent = datetime(2026, 1, 1, tzinfo=UTC)
    with closing(JobRecords(tmp_path, "here")) as records:
        old = [Job(id=f"{n:03}", state="done", name="x", sent=sent + timedelta(n)) for n in range(MOST_KEPT)]
        records.note([*old, Job(id="running", name="x", sent=sent)])
        records.note([Job(id="new", state="failed", name="x", sent=sent + timedelta(999))])
        assert {job.id for job in records.all()} == {"new", "running", *(job.id for job in old[1:])}


def test_jobs_that_cannot_be_noted_are_done_all_the_same(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    jobs, done = jobs_of(tmp_path), []

    def work(_: Tell) -> Report:
        done.append(1)
        return Report(added=1)

    for _ in range(2):
        jobs.add("x", None, work)
    until(lambda: len(done), lambda count: count == 2)
    jobs.stop(1)


@pytest.fixture(params=["file", "server"])
def database(request: pytest.FixtureRequest) -> str | None:
    """No address, or that of an empty database on a server."""
    if request.param == "file":
        return None
    return str(request.getfixturevalue("postgres").new_database())


def test_a_job_is_told_and_ended_by_any_server(tmp_path: Path, database: str | None) -> None:
    here, there = (Jobs(JobRecords(tmp_path, name, database)) for name in ("here", "there"))
    work = Held()
    job, waiting = here.add("x", 5, work), here.add("y", None, work)
    told = until(lambda: there.job(job.id), lambda one: one.added == 2)
    assert (told.state, told.total, told.name) == ("running", 5, "x")
    assert [(one.id, one.state) for one in there.listed()] == [(waiting.id, "waiting"), (job.id, "running")]
    for one in (waiting, job):
        assert there.cancel(one.id)
        assert until(lambda: there.job(one.id), lambda one: one.is_over).state == "cancelled"  # noqa: B023
        assert here.job(one.id) == there.job(one.id) == there.cancel(one.id)
    assert there.job("none") is there.cancel("none") is None
    here.stop(1)
    there.stop(1)


def test_a_job_whose_server_is_not_heard_of_is_told_as_cut_off(
    tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_records, "SILENT_SECONDS", 600.0)

    def pass_by(seconds: float) -> None:
        """As if that time went by: the machine is as slow as it likes to be, and nothing is found late."""
        with open_tables(tmp_path, database, "jobs", job_records._JOBS, 1).writing() as connection:
            connection.execute(sa.update(job_records._JOBS).values(heard=job_records._JOBS.c.heard - seconds))

    with (
        closing(JobRecords(tmp_path, "here", database)) as here,
        closing(JobRecords(tmp_path, "there", database)) as there,
    ):
        job = Job(id="1", state="running", name="x", added=7, sent=datetime.now(UTC))
        here.note([job])
        assert there.one("1") == job
        pass_by(601)
        cut_off = there.one("1")
        assert cut_off is not None
        assert (cut_off.state, cut_off.added) == ("interrupted", 7) and "send it again" in cut_off.detail
        here.note([job])  # it was only slow
        assert there.one("1") == job
        there.interrupt()  # that is of another server
        assert there.one("1") == job


def test_another_process_that_writes_is_waited_for(tmp_path: Path) -> None:
    tries = []

    def work(_: Tell) -> Report:
        tries.append(1)
        if len(tries) == 1:
            raise Busy("Another process is writing.")
        return Report(added=1)

    jobs = jobs_of(tmp_path)
    job = jobs.add("x", 1, work)
    until(lambda: jobs.job(job.id), lambda one: one.state == "done")
    assert len(tries) == 2
    jobs.stop(1)


def test_while_another_writes_a_file_waits_unread_and_then_is_read_once(
    tmp_path: Path, embeddings: SentenceEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[str] = []

    def folder(**options: Any) -> TemporaryDirectory[str]:
        made = TemporaryDirectory(**options)
        folders.append(made.name)
        return made

    monkeypatch.setattr("askcorpus_ingest.uploads.TemporaryDirectory", folder)
    monkeypatch.setattr("askcorpus_ui.web.jobs._PATIENCE", 0.02)
    tries: list[str] = []
    with real_assistant(tmp_path, embeddings) as assistant, closing_jobs(tmp_path) as jobs:
        store = assistant.store

        def work(tell: Tell) -> Report:
            tries.append("")
            return take_file("isle.txt", b"Sark is an isle.", store, embeddings, assistant.settings, tell)

        with store.writer():
            job = jobs.add("isle.txt", None, work)
            until(lambda: len(tries), lambda count: count > 3)
            assert folders == []
            waiting = jobs.job(job.id)
            assert waiting is not None and "Waiting" in waiting.detail
        done = until(lambda: jobs.job(job.id), lambda one: one is not None and one.is_over)
        assert done is not None and done.added == 1
    assert len(folders) == 1 and not Path(folders[0]).exists()
    assert Path(folders[0]).parent == assistant.settings.data


def test_what_a_killed_server_has_left_of_a_file_lies_in_the_data_folder_until_the_next_is_sent(
    tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    with real_assistant(tmp_path, embeddings) as assistant:
        data = assistant.settings.data
        (data / "askcorpus-sent-killed").mkdir()
        (data / "askcorpus-sent-killed" / "sent.txt").write_text("Sark is an isle.")
        take_file("isle.txt", b"Herm is an isle.", assistant.store, embeddings, assistant.settings)
    assert not list(data.glob("askcorpus-sent-*"))


HELD = """
import sys, time
from pathlib import Path
from askcorpus_ingest.report import Report
from askcorpus_ui.web.job_records import JobRecords
from askcorpus_ui.web.jobs import Jobs

def work(tell):
    for added in range(10**6):
        tell(Report(added=added))
        time.sleep(0.01)

Jobs(JobRecords(Path(sys.argv[1]), "here")).add("x", 500, work)
time.sleep(60)
"""


def test_a_job_that_a_killed_server_was_at_is_told_as_cut_off_with_what_it_had_written(tmp_path: Path) -> None:
    server = subprocess.Popen([sys.executable, "-c", HELD, str(tmp_path)])
    try:
        with closing(JobRecords(tmp_path, "elsewhere")) as records:
            (before,) = until(records.all, lambda jobs: jobs and jobs[0].added > 0)
    finally:
        server.kill()
        server.wait()
    assert before.state == "running"

    (job,) = jobs_of(tmp_path).listed()

    assert (job.id, job.state, job.total) == (before.id, "interrupted", 500) and job.added >= before.added
    assert "send it again" in job.detail and job.ended is not None
    assert jobs_of(tmp_path).listed() == [job]
