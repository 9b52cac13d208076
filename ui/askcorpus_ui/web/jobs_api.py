"""The REST door of ingest jobs: documents and files that are taken in after their request, watched, and called off."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from askcorpus.errors import NoText
from askcorpus.settings import Settings
from askcorpus_ingest.report import Report, Tell
from askcorpus_ingest.uploads import LONGEST_NAME, check_id, check_name, take_file, take_records
from askcorpus_ui.problems import PROBLEMS
from askcorpus_ui.web.job_records import Job
from askcorpus_ui.web.jobs import Jobs
from askcorpus_ui.web.rest_api import Body
from askcorpus_ui.web.writing_api import FILE_BODY, Record, may_write, sent_file

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

JOBS = "/api/v1/jobs"
JOB_FILES = "/api/v1/files/jobs"
"""An address whose body is no JSON."""

MOST_RECORDS = 10_000

_ID = Annotated[str, Path(description="As the response to what was sent has it.")]


class ManyRecords(Body):
    """Documents to add, or to put in place of those that have their ids."""

    documents: tuple[Record, ...] = Field(min_length=1, max_length=MOST_RECORDS, description="What to take in.")


class JobList(BaseModel):
    """Jobs, the newest first."""

    jobs: list[Job] = Field(description="The newest first.")


def jobs_router(assistant: "Assistant", settings: Settings, jobs: Jobs) -> APIRouter:
    """``/api/v1/jobs``, for whoever may change documents."""
    needed = [Depends(may_write)]
    router = APIRouter(prefix="/api/v1", tags=["writing"], responses=PROBLEMS, dependencies=needed)
    store, embeddings = assistant.store, assistant.embeddings

    @router.post("/jobs", status_code=202, response_description="The job, at the address that `Location` says.")
    def begin(body: ManyRecords, response: Response) -> Job:
        """Add documents as a job, which goes on after this returns: up to 10 000, as far as a body holds them."""
        records = [one.record(one.id) for one in body.documents]
        for record in records:
            check_id(record.doc_id)
        job = jobs.add("documents", len(records), lambda tell: take_records(records, store, embeddings, settings, tell))
        response.headers["Location"] = f"{JOBS}/{job.id}"
        return job

    @router.post(
        "/files/jobs",
        status_code=202,
        response_description="The job, at the address that `Location` says.",
        openapi_extra=FILE_BODY,
    )
    async def begin_file(
        request: Request,
        response: Response,
        name: Annotated[str, Query(min_length=1, max_length=LONGEST_NAME, description="Its name: reports.zip.")],
    ) -> Job:
        """Add the documents of a file as a job; of an archive (.zip) all files that it holds."""
        content = await sent_file(request)
        if not content:
            raise NoText(f"{check_name(name)} is empty.")

        def work(tell: Tell) -> Report:
            return take_file(name, content, store, embeddings, settings, tell)

        job = await run_in_threadpool(jobs.add, check_name(name), None, work)  # which may wait for the database
        response.headers["Location"] = f"{JOBS}/{job.id}"
        return job

    @router.get("/jobs", response_description="Those that wait, run, or are over, the newest first.")
    def listed() -> JobList:
        """The jobs that are known."""
        return JobList(jobs=jobs.listed())

    @router.get("/jobs/{job_id}", response_description="How far it is.")
    def progress(job_id: _ID) -> Job:
        """One job: what it has written, how fast, and what failed."""
        return _there(jobs.job(job_id))

    @router.delete("/jobs/{job_id}", response_description="It is over, or will be with the next part it would write.")
    def cancel(job_id: _ID) -> Job:
        """End a job. What it has written stays; one that is over stays as it is."""
        return _there(jobs.cancel(job_id))

    return router


def _there(job: Job | None) -> Job:
    """Raises HTTPException where there is none."""
    if job is None:
        raise HTTPException(404, "There is no such job.")
    return job
