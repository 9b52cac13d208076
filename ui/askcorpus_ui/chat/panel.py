"""The panel of sources beside the chat."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from askcorpus.errors import AskcorpusError
from askcorpus.index.store import Store
from askcorpus_ui.chat import sources
from askcorpus_ui.chat.browser import owner_of
from askcorpus_ui.chat.conversation import Place
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.events import Carried, fault_line, number_of, place_of, strings_of
from askcorpus_ui.chat.references import Reference
from askcorpus_ui.chat.translations import Strings


class SourcePanel:
    """The sources of one answer at a time."""

    def __init__(self, store: Store, conversations: Conversations) -> None:
        self._store = store
        self._conversations = conversations

    def open_source(self, carried: Carried, event: gr.EventData, request: gr.Request) -> tuple[Any, Any]:
        """The panel for the reply whose link was clicked, that link's sentence the active one; and the status line,
        which says why there is none."""
        happened, place, strings = event._data or {}, place_of(carried), strings_of(request)
        chosen = Reference.parse(str(happened.get("href", "")))
        try:
            conversation = self._conversations.read(owner_of(request.headers), place.id) if place else None
            exchange = conversation.exchange(number_of(happened.get("index", 0))) if conversation else None
            reply = exchange.reply if exchange else None
            back = Place(id=conversation.id, turn=exchange.number) if conversation and exchange else None
            return self.shown(reply.references if reply else [], strings, chosen, back=back), gr.skip()
        except AskcorpusError as exc:
            return gr.skip(), fault_line(exc, strings)

    def shown(
        self,
        references: Sequence[Reference],
        strings: Strings,
        active: Reference | None = None,
        *,
        back: Place | None = None,
    ) -> str:
        """The panel for what a reply links to; ``back`` is where the pages of its sources lead back to."""
        store = self._store
        return sources.panel(references, store.document, strings, active, copies=store.copies, back=back)
