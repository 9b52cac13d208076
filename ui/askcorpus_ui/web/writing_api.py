"""The REST door that adds, replaces and removes documents; it is there only where a key for it is."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from askcorpus.settings import Settings
from askcorpus.types import Summary
from askcorpus_ingest.readers.records import EXTRA_CHARS, MOST_EXTRA, RawRecord
from askcorpus_ingest.report import Report
from askcorpus_ingest.uploads import LONGEST_NAME, remove, take_file, take_records
from askcorpus_ui.listings import summary
from askcorpus_ui.problems import PROBLEMS
from askcorpus_ui.web.documents_api import DocumentPath
from askcorpus_ui.web.guard import access_of
from askcorpus_ui.web.job_records import NotTaken, not_taken
from askcorpus_ui.web.jobs import Jobs
from askcorpus_ui.web.rest_api import Body

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

FILES = "/api/v1/files"
"""An address whose body is no JSON."""

FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""How a body that is a file is described."""

MOST_RECORDS = 1000
_Line = Annotated[str, Field(max_length=2_000)]


class Content(Body):
    """A document as a program has it. What it leaves open is read from the text, as of any file."""

    text: str = Field(description="All of it.")
    title: _Line = Field("", description="The document's title.")
    date: _Line = Field("", description="ISO 8601, may be partial (`2022`, `2022-09`).")
    language: _Line = Field("", description="A code or a tag (`en-US`); what the text shows counts for more.")
    source: _Line = Field("", description="Who published it.")
    place: _Line = Field("", description="Where it was written.")
    author: _Line = Field("", description="Who wrote it.")
    url: _Line = Field("", description="Where it can be read.")
    extra: dict[_Line, Annotated[str, Field(max_length=EXTRA_CHARS)]] = Field(
        {}, max_length=MOST_EXTRA, description="What else there is to say of it, by any names."
    )

    def record(self, document_id: str = "") -> RawRecord:
        """The same as it is ingested."""
        fields = self.model_dump(include=set(Content.model_fields))
        return RawRecord(origin="", doc_id=document_id, **fields)


class Record(Content):
    """The same with the id that it is to have."""

    id: str = Field("", max_length=LONGEST_NAME, description="By default, made from the content.")


class Records(Body):
    """Documents to add, or to put in place of those that have their ids."""

    documents: tuple[Record, ...] = Field(min_length=1, max_length=MOST_RECORDS, description="What to take in.")


class Changes(BaseModel):
    """What became of what was sent, in documents."""

    added: int = Field(description="How many are new.")
    changed: int = Field(description="How many are in place of others.")
    unchanged: int = Field(description="How many were there already.")
    removed: int = Field(description="How many are gone, for the file no longer has them.")
    withheld: int = Field(description="How many were removed for good before, and stay out.")
    failed: list[NotTaken] = Field(description="What could not be taken.")
    doubted: list[NotTaken] = Field(description="What was said of documents that were taken, and was not believed.")


class Removed(BaseModel):
    """How many documents are gone."""

    removed: int = Field(description="How many.")


def writing_router(assistant: "Assistant", settings: Settings, jobs: Jobs) -> APIRouter:
    """What changes documents, for whoever has the ``write_key`` of the settings or a key with the scope ``ingest``."""
    needed = [Depends(may_write)]
    router = APIRouter(prefix="/api/v1", tags=["writing"], responses=PROBLEMS, dependencies=needed)
    store, embeddings = assistant.store, assistant.embeddings

    @router.post("/documents", response_description="What became of them.")
    def add(body: Records) -> Changes:
        """Add documents, or put them in place of those that have their ids. They can be asked when this returns."""
        records = [one.record(one.id) for one in body.documents]
        return _changes(jobs.alone(lambda: take_records(records, store, embeddings, settings)))

    @router.post(
        "/files",
        response_description="What became of its documents.",
        openapi_extra=FILE_BODY,
    )
    async def add_file(
        request: Request,
        name: Annotated[str, Query(min_length=1, max_length=LONGEST_NAME, description="Its name: report.pdf.")],
    ) -> Changes:
        """Add the documents of a file, which is the body as it is, in place of those of an earlier one of that name."""
        content = await sent_file(request)
        work = partial(jobs.alone, lambda: take_file(name, content, store, embeddings, settings))
        return _changes(await run_in_threadpool(work))

    @router.put(
        "/documents/{document_id:path}",
        response_description="The document, which was there.",
        responses={201: {"model": Summary, "description": "The document, which is new."}},
    )
    def put(document_id: DocumentPath, body: Content, response: Response) -> Summary:
        """Make this the document of that id."""
        if not document_id:
            raise HTTPException(404, "There is no such address.")
        records = [body.record(document_id)]
        report = jobs.alone(lambda: take_records(records, store, embeddings, settings))
        if report.failed:
            why = report.failed[0].error
            raise type(why)(f"The document {why.message}.")
        response.status_code = 201 if report.added else 200
        found = store.document(document_id)
        if found is None:
            raise HTTPException(404, "The document is gone again.")
        return summary(found)

    @router.delete("/documents/{document_id:path}", response_description="It is gone.")
    def delete(document_id: DocumentPath) -> Removed:
        """Remove a document at once and for good: a file that still holds it does not bring it back."""
        removed = jobs.alone(lambda: remove([document_id], store))
        if not removed:
            raise HTTPException(404, "There is no such document.")
        return Removed(removed=removed)

    return router


def may_write(request: Request) -> None:
    """That the request carries a key for writing."""
    if "writing" not in access_of(request.scope).opens:
        raise HTTPException(403, "This needs a key for writing (write_key, or one with the scope ingest).")


async def sent_file(request: Request) -> bytes:
    """The file that is the body of a request.

    Raises:
        HTTPException: it is a form, which would be read as a text with what parts it.
    """
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise HTTPException(415, "The file came in a form. Send its bytes alone (curl --data-binary @FILE).")
    return await request.body()


def _changes(report: Report) -> Changes:
    return Changes(
        added=report.added,
        changed=report.changed,
        unchanged=report.unchanged,
        removed=report.removed,
        withheld=report.withheld,
        failed=not_taken(report.failed),
        doubted=[NotTaken(origin=one.origin, reason=one.reason) for one in report.doubted],
    )
