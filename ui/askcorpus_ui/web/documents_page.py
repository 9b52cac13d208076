"""The page that lists the documents, at ``/documents``: searched, filtered and paged, without a script."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from askcorpus.errors import AskcorpusError
from askcorpus.index.inventory import Inventory
from askcorpus_ui.chat.documents import MOST_CHOSEN, PAGE, Asked, documents_page
from askcorpus_ui.chat.translations import strings_for
from askcorpus_ui.problems import retry_after, status_of
from askcorpus_ui.web.source_page import POLICY, theme_of

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

_POLICY = POLICY.replace("form-action 'none'", "form-action 'self'")
_NOTHING = Inventory((), 0, 0, {}, {}, (), 0)


def list_router(assistant: "Assistant") -> APIRouter:
    """``/documents?q=&language=&source=&date_from=&date_to=&page=``, which the chat's count of documents links to."""
    router = APIRouter(include_in_schema=False)

    @router.get("/documents", response_class=HTMLResponse)
    def documents(request: Request) -> HTMLResponse:
        strings = strings_for(request.headers.get("accept-language", ""))
        asked = Asked.within(request.url.query)
        found, chosen, fault = _NOTHING, [], None
        try:
            found = assistant.store.inventory(asked.search, asked.filters, offset=asked.offset, limit=PAGE)
            if asked.search and found.documents <= MOST_CHOSEN:
                chosen = assistant.store.matching(asked.search, asked.filters, limit=MOST_CHOSEN)
        except AskcorpusError as exc:
            fault = exc
        page = documents_page(asked, found, chosen, strings, theme=theme_of(request), fault=str(fault or ""))
        headers = {"Content-Security-Policy": _POLICY} | (retry_after(fault) if fault else {})
        return HTMLResponse(page, status_of(fault) if fault else 200, headers)

    return router
