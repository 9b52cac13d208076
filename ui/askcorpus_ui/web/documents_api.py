"""The REST door of the documents: lists, whole ones and parts of them, and what there is to filter by."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from askcorpus.errors import UsageError
from askcorpus.types import (
    Document,
    Filters,
    IndexInfo,
    Mark,
    Page,
    Span,
    Stories,
)
from askcorpus.wire import MOST_LISTED, MOST_PASSAGES
from askcorpus_ui.listings import MAX_OFFSET, Excerpt, Hits, excerpt, span_within
from askcorpus_ui.problems import PROBLEMS
from askcorpus_ui.streaming import Questions, unless_left
from askcorpus_ui.web.rest_api import CLIENT_LEFT

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

_SHOWN_PAGES = 12

DocumentPath = Annotated[str, Path(description="Its id; slashes in it may stand as they are.")]
Offset = Annotated[int, Query(ge=0, le=MAX_OFFSET, description="How many to pass over.")]


class Facets(BaseModel):
    """What filters can choose from."""

    documents: int = Field(description="How many there are.")
    languages: dict[str, int] = Field(description="How many there are of each language, the most first.")
    sources: dict[str, int] = Field(description="How many there are of each source, the most first.")
    more_sources: int = Field(description="How many sources are beyond the limit.")
    date_min: str = Field(description="The first day; empty where none has a date.")
    date_max: str = Field(description="The last day.")


def documents_router(assistant: "Assistant", questions: Questions) -> APIRouter:
    """``/api/v1/documents``, ``duplicates``, ``passages``, ``facets`` and ``index``, for reading, over one assistant,
    which is asked through ``questions`` for what takes long."""
    router = APIRouter(prefix="/api/v1", tags=["documents"], responses=PROBLEMS)

    @router.get("/documents", response_description="A stretch of the list.")
    def documents(
        offset: Offset = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED, description="How many to list.")] = 50,
        language: Annotated[tuple[str, ...], Query(description="Any of these: codes, tags or names.")] = (),
        source: Annotated[tuple[str, ...], Query(description="Any of these; case and accents do not count.")] = (),
        date_from: Annotated[str, Query(description="First day, ISO 8601, may be partial, inclusive.")] = "",
        date_to: Annotated[str, Query(description="Last day, ISO 8601, may be partial, inclusive.")] = "",
    ) -> Page:
        """The documents that match, newest first, without their text."""
        filters = Filters(languages=language, sources=source, date_from=date_from, date_to=date_to)
        return assistant.store.page(filters, offset, limit)

    @router.get("/duplicates", response_model=Stories, response_description="A stretch of them, story by story.")
    async def duplicates(
        request: Request,
        offset: Offset = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED, description="How many documents to list.")] = 50,
    ) -> Stories | Response:
        """The documents that tell what others tell too, in nearly the same words or with some of it cut, without their
        text: the story of most documents first, of each the oldest. Takes its turn among the questions."""
        work = partial(assistant.store.told_twice, offset=offset, limit=limit)
        found = await unless_left(request, questions.run(work))
        return Response(status_code=CLIENT_LEFT) if found is None else found

    @router.get("/facets", response_description="What there is to filter by.")
    def facets(limit: Annotated[int, Query(ge=1, le=10_000, description="How many sources to list.")] = 1000) -> Facets:
        """Languages, sources and dates that there are, for filters; of sources those with most documents."""
        with assistant.store.snapshot() as index:
            documents, found = index.filled().documents, index.facets()
        sources = dict(list(found.sources.items())[:limit])
        return Facets(
            documents=documents,
            languages=found.languages,
            sources=sources,
            more_sources=len(found.sources) - len(sources),
            date_min=found.date_min,
            date_max=found.date_max,
        )

    @router.get("/index", response_description="What is asked.")
    def index() -> IndexInfo:
        """What the index is made with (as a fingerprint), and its size."""
        return assistant.store.filled()

    @router.get("/passages", response_description="Those that there are, in the order asked.")
    def passages(
        passage_id: Annotated[
            tuple[str, ...], Query(alias="id", min_length=1, max_length=MOST_PASSAGES, description="Their ids.")
        ],
    ) -> Hits:
        """Passages by their ids, without scores: those that a hit's `duplicates` name, for example."""
        assistant.store.filled()
        return Hits(hits=tuple(assistant.store.hits(passage_id).values()))

    @router.get("/documents/{document_id:path}", response_description="The document, or the part asked for.")
    def document(
        document_id: DocumentPath,
        start: Annotated[int | None, Query(ge=0, le=MAX_OFFSET, description="First character of a part.")] = None,
        end: Annotated[int | None, Query(ge=0, le=MAX_OFFSET, description="Where the part ends.")] = None,
        page: Annotated[
            str | None, Query(max_length=100, description="Instead: the page, as locators name it.")
        ] = None,
    ) -> Document | Excerpt:
        """One document with the whole text that offsets count in; or only the characters, or the page, asked for."""
        assistant.store.filled()
        found = assistant.store.document(document_id)
        if found is None:
            raise HTTPException(404, "There is no such document.")
        if page is not None:
            if start is not None or end is not None:
                raise UsageError("A page and a range are asked for.", "Ask for one of them.")
            return excerpt(found, _span_of_page(found, page))
        if start is None and end is None:
            return found
        return excerpt(found, span_within(found, start or 0, end))

    return router


def _span_of_page(document: Document, page: str) -> Span:
    """From where a page begins to where another one does.

    Raises:
        UsageError: there is no such page.
    """
    numbered = [mark for mark in document.marks if "page" in mark.locator]
    first = next((n for n, mark in enumerate(numbered) if mark.locator["page"] == page), None)
    if first is None:
        raise UsageError("There is no such page.", _pages(numbered))
    after = (mark.start for mark in numbered[first:] if mark.locator["page"] != page)
    return Span(numbered[first].start, next(after, len(document.text)))


def _pages(marks: list[Mark]) -> str:
    pages = list(dict.fromkeys(mark.locator["page"] for mark in marks))
    if not pages:
        return "The document has no pages."
    more = f" and {len(pages) - _SHOWN_PAGES} more" if len(pages) > _SHOWN_PAGES else ""
    return f"There are {', '.join(pages[:_SHOWN_PAGES])}{more}."
