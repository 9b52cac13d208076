"""Many questions in one request: one line of JSON an answer, as it comes; or a line for each question and document."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from askcorpus.errors import AskcorpusError, Busy, UsageError
from askcorpus.types import Answer, Citation, Event, Filters, Turn
from askcorpus_ui.answer_rows import citations_of, row_of
from askcorpus_ui.chat.references import Reference
from askcorpus_ui.listings import TopK
from askcorpus_ui.problems import PROBLEMS, Fault, fault_of, problem, status_of, told_in_stream
from askcorpus_ui.streaming import Questions, last_answer
from askcorpus_ui.web.guard import access_of
from askcorpus_ui.web.rest_api import Body, MaxError

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

MOST_QUESTIONS = 1000
MOST_ASKED = 10_000
"""Answers of one request, where every document is asked every question."""

_TRIES = 10
_PAUSE = 1.0
"""Seconds until a question is tried again for which there was no room."""

_LINES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        "description": "A line for each answer, as it comes.",
    }
}


class NdjsonResponse(StreamingResponse):
    """Lines of JSON."""

    media_type = "application/x-ndjson"


class BatchQuestion(Body):
    """One of many questions."""

    id: str = Field(
        "", max_length=200, description="Comes back with the answer; by default the question's number, from 1."
    )
    question: str = Field(description="What to ask, in any language.")
    history: tuple[Turn, ...] = Field((), description="What was said before, the oldest first.")


class BatchBody(Body):
    """Questions, and what they are limited to."""

    questions: tuple[BatchQuestion, ...] = Field(
        min_length=1, max_length=MOST_QUESTIONS, description="In the order in which to answer."
    )
    per_document: bool = Field(False, description="Ask every question of every document alone that passes the filters.")
    filters: Filters = Field(Filters(), description="What documents may answer.")
    top_k: TopK = None
    max_error: MaxError = None


class _Asked(NamedTuple):
    """A question as it is asked, of one document where there is one."""

    name: str
    question: BatchQuestion
    filters: Filters
    document_id: str | None = None


def batch_router(assistant: "Assistant", questions: Questions) -> APIRouter:
    """``/api/v1/ask/batch`` over one assistant, which is asked through ``questions``."""
    router = APIRouter(prefix="/api/v1", tags=["ask"], responses=PROBLEMS)

    @router.post("/ask/batch", response_class=NdjsonResponse, response_model=None, responses=_LINES)
    async def batch(body: BatchBody, request: Request) -> NdjsonResponse:
        """Answer many questions, one line of JSON each: quote, title, date, page, link, confidence, all citations.

        Each takes its turn among all questions, and counts for the key's rate: beyond it, the next waits until it may
        be asked. One that fails is a line with `error`, and the others go on.
        """
        ids = await run_in_threadpool(_documents, assistant, body)
        asked = _in_time(_all(body, ids), access_of(request.scope).wait)
        rows = _rows(assistant, questions, body, asked, str(request.base_url).rstrip("/"))
        return NdjsonResponse(told_in_stream(rows, _failed), headers={"X-Accel-Buffering": "no"})

    return router


def _documents(assistant: "Assistant", body: BatchBody) -> list[str] | None:
    """The documents that are asked one by one; None where they are asked together.

    Raises:
        UsageError: the filters are none, or that would be more answers than one request may have.
        NothingIngested: there is no document.
    """
    most = MOST_ASKED // len(body.questions)
    listing = assistant.store.page(body.filters, 0, most if body.per_document else 1)
    if not body.per_document:
        return None
    if listing.total > most:
        asked = listing.total * len(body.questions)
        raise UsageError(f"That would be {asked:,} answers.", f"Filter the documents: at most {MOST_ASKED:,} at once.")
    return [document.id for document in listing.documents]


def _all(body: BatchBody, ids: list[str] | None) -> Iterator[_Asked]:
    named = [(one.id or str(number), one) for number, one in enumerate(body.questions, start=1)]
    if ids is None:
        yield from (_Asked(name, one, body.filters) for name, one in named)
        return
    for document_id in ids:
        alone = body.filters.model_copy(update={"document_ids": (document_id,)})
        yield from (_Asked(name, one, alone, document_id) for name, one in named)


async def _in_time(asked: Iterator[_Asked], wait: Callable[[], int]) -> AsyncGenerator[_Asked]:
    """The same, each as soon as the rate of the key allows it; the request itself counted for the first."""
    for number, one in enumerate(asked):
        while number and (seconds := wait()):
            await asyncio.sleep(seconds)
        yield one


async def _rows(
    assistant: "Assistant", questions: Questions, body: BatchBody, asked: AsyncGenerator[_Asked], base: str
) -> AsyncGenerator[bytes]:
    def link(citation: Citation) -> str:
        return citation.url or f"{base}/{Reference.of(citation).url()}"

    async for one in asked:
        row: dict[str, Any] = {"id": one.name, "question": one.question.question}
        work = partial(
            assistant.stream,
            one.question.question,
            history=one.question.history,
            filters=one.filters,
            top_k=body.top_k,
            max_error=body.max_error,
        )
        try:
            answer = await _patiently(questions, work)
            row = row_of(one.name, one.question.question, answer, link) | {"citations": citations_of(answer)}
        except Busy:
            raise
        except AskcorpusError as exc:
            row["error"] = problem(status_of(exc), fault_of(exc)).model_dump()
        yield _line(row | ({"document_id": one.document_id} if one.document_id else {}))


async def _patiently(questions: Questions, work: Callable[[], Iterator[Event]]) -> Answer:
    """The answer, which waits where others wait already.

    Raises:
        Busy: there is no room for long, or the server is stopping.
    """
    for tries in range(_TRIES):
        try:
            if answer := await last_answer(questions.stream(work)):
                return answer
        except Busy:
            if questions.is_stopping or tries == _TRIES - 1:
                raise
            await asyncio.sleep(_PAUSE)
    raise AssertionError("the events of an answer end in one, or something was raised")


def _failed(status: int, fault: Fault) -> bytes:
    """The last line, where the rest cannot be asked."""
    return _line({"error": problem(status, fault).model_dump()})


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row).encode() + b"\n"  # in ASCII: many clients end a line at U+2028, too
