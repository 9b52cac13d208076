"""The page behind a citation: one document in full, the quoted stretch marked, to be searched, without a script."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from askcorpus_ui.chat.references import Reference
from askcorpus_ui.chat.render import quotation_of, source_page
from askcorpus_ui.chat.translations import strings_for
from askcorpus_ui.web.prefix import way_to_root

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

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


def source_router(assistant: "Assistant") -> APIRouter:
    """``/source/{document_id}?start=&end=&n=&q=``, the address that every citation in the chat links to; with the same
    query ``/quotation/{document_id}``, the quote with its source as it is copied."""
    router = APIRouter(include_in_schema=False)

    @router.get("/source/{document_id:path}", response_class=HTMLResponse)
    def source(document_id: str, request: Request) -> HTMLResponse:
        document = assistant.store.document(document_id)
        if document is None:
            raise HTTPException(404, "There is no such document.")
        strings = strings_for(request.headers.get("accept-language", ""))
        reference = Reference.within(document_id, request.url.query)
        page = source_page(
            reference,
            document,
            strings,
            theme=theme_of(request),
            root=way_to_root(request.scope),
            sought=request.query_params.get("q", ""),
        )
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})

    @router.get("/quotation/{document_id:path}")
    def quotation(document_id: str, request: Request) -> list[Form]:
        document, reference = assistant.store.document(document_id), Reference.within(document_id, request.url.query)
        strings = strings_for(request.headers.get("accept-language", ""))
        found = quotation_of(reference, document, strings) if document and reference else None
        if found is None:
            raise HTTPException(404, "There is no such stretch of a document.")
        return [Form(name=name, text=text) for name, text in found.forms(strings)]

    return router
