"""The page that lists the documents, at ``/documents``: searched, filtered and paged, without a script.

Where there are keys for writing it has one, which adds files and removes documents by the API.
"""

import hashlib
from base64 import b64encode
from importlib.resources import files
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from askcorpus.errors import AskcorpusError
from askcorpus.index.inventory import Inventory
from askcorpus_ui.bodies import MAX_BYTES
from askcorpus_ui.chat.documents import MOST_CHOSEN, PAGE, Adding, Asked, documents_page
from askcorpus_ui.chat.translations import strings_for
from askcorpus_ui.problems import retry_after, status_of
from askcorpus_ui.web.guard import access_of
from askcorpus_ui.web.source_page import POLICY, theme_of

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

_NOTHING = Inventory((), 0, 0, {}, {}, (), 0)


def list_router(assistant: "Assistant", *, writable: bool) -> APIRouter:
    """``/documents?q=&language=&source=&date_from=&date_to=&page=&c=``, which the chat's count of documents links to.

    ``writable`` says that there are keys for writing.
    """
    router = APIRouter(include_in_schema=False)
    folder, scripts = files("askcorpus_ui.chat"), ("deleting.js", "documents.js") if writable else ()
    script = "".join(folder.joinpath(name).read_text("utf-8") for name in scripts)
    policy = _allowing(script) if writable else POLICY

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
        keyed = "writing" in access_of(request.scope).opens
        adding = Adding(MAX_BYTES, Markup(script), keyed) if writable else None
        page = documents_page(asked, found, chosen, strings, theme=theme_of(request), fault=fault, adding=adding)
        headers = {"Content-Security-Policy": policy} | (retry_after(fault) if fault else {})
        return HTMLResponse(page, status_of(fault) if fault else 200, headers)

    return router


def _allowing(script: str) -> str:
    """The policy of a page with this one script in it, which may ask this server."""
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"{POLICY}; script-src 'sha256-{digest}'; connect-src 'self'"
