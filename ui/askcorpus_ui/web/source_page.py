"""The page behind a citation: one document in full, the quoted stretch marked, to be searched, without a script."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from askcorpus.errors import AskcorpusError
from askcorpus_ui.chat.browser import owner_of
from askcorpus_ui.chat.conversation import Place, place_at, read_id
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.references import CONVERSATION, TURN, Reference
from askcorpus_ui.chat.sources import no_source_page, quotation_of, source_page
from askcorpus_ui.chat.translations import strings_for
from askcorpus_ui.problems import retry_after, status_of
from askcorpus_ui.web.prefix import way_to_root

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

log = logging.getLogger(__name__)

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


THEME = "askcorpus_theme"
"""The cookie in which the chat's script keeps the theme that was chosen there."""


class Form(BaseModel):
    """A form in which a quote is copied: what it is called, and the text."""

    name: str
    text: str


def theme_of(request: Request) -> str:
    """The theme that was chosen in the chat, ``light`` or ``dark``; empty where none was."""
    theme = request.cookies.get(THEME, "")
    return theme if theme in ("light", "dark") else ""


def source_router(assistant: "Assistant", conversations: Conversations) -> APIRouter:
    """``/source/{document_id}?start=&end=&n=&q=&c=&turn=``, the address that every citation in the chat links to, ``c``
    the conversation that leads to it and ``turn`` the one whose answer does; with the same query
    ``/quotation/{document_id}``, the quote as it is copied."""
    router = APIRouter(include_in_schema=False)

    def cited_at(place: Place, request: Request) -> Sequence[Reference]:
        """What the answer of a turn cites, for the browser whose conversation it is."""
        try:
            exchange = conversations.exchange(owner_of(request.headers), place)
        except AskcorpusError as exc:  # the document is there all the same
            log.info("No other citations: %s", exc)
            return ()
        markers = exchange.reply.markers if exchange and exchange.reply else ()
        return tuple(dict.fromkeys(marker.reference for marker in markers))

    @router.get("/source/{document_id:path}", response_class=HTMLResponse)
    def source(document_id: str, request: Request) -> HTMLResponse:
        strings = strings_for(request.headers.get("accept-language", ""))
        look: dict[str, Any] = {"theme": theme_of(request), "root": way_to_root(request.scope)}
        look["conversation"] = read_id(request.query_params.get(CONVERSATION, ""))
        headers = {"Content-Security-Policy": POLICY}
        try:
            document = assistant.store.document(document_id)
        except AskcorpusError as exc:
            page = no_source_page(strings.cause(type(exc).__name__), str(exc), strings, **look)
            return HTMLResponse(page, status_of(exc), headers | retry_after(exc))
        if document is None:
            return HTMLResponse(no_source_page(strings.document_gone, "", strings, **look), 404, headers)
        reference = Reference.within(document_id, request.url.query)
        if place := place_at(look["conversation"], request.query_params.get(TURN, "")):
            look |= {"turn": place.turn, "cited": cited_at(place, request)}
        page = source_page(reference, document, strings, **look, sought=request.query_params.get("q", ""))
        return HTMLResponse(page, headers=headers)

    @router.get("/quotation/{document_id:path}")
    def quotation(document_id: str, request: Request) -> list[Form]:
        document, reference = assistant.store.document(document_id), Reference.within(document_id, request.url.query)
        strings = strings_for(request.headers.get("accept-language", ""))
        found = quotation_of(reference, document, strings) if document and reference else None
        if found is None:
            raise HTTPException(404, "There is no such stretch of a document.")
        return [Form(name=name, text=text) for name, text in found.forms(strings)]

    return router
