"""The conversations of a browser beside the chat: listed, searched, renamed, deleted and exported."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from askcorpus.errors import AskcorpusError
from askcorpus.index.store import Store
from askcorpus_ui.chat import markdown, render
from askcorpus_ui.chat.browser import owner_of
from askcorpus_ui.chat.conversation import Conversation
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.events import Carried, fault_line, place_of, strings_of
from askcorpus_ui.chat.layout import status_line


class PastConversations:
    """The list of conversations, each the browser's that asked."""

    def __init__(self, store: Store, conversations: Conversations) -> None:
        self._store = store
        self._conversations = conversations

    def search(self, words: str, carried: Carried, request: gr.Request) -> str:
        """The conversations in which the words occur."""
        place = place_of(carried)
        return self.listed(request, words, place.id if place else "")

    def rename(self, words: str, carried: Carried, event: gr.EventData, request: gr.Request) -> tuple[Any, Any]:
        """Give a conversation another title."""
        happened, strings = event._data or {}, strings_of(request)

        def rename(owner: str) -> None:
            self._conversations.rename(owner, happened["id"], happened["value"]["text"])

        return self._changed(rename, strings.not_renamed, words, carried, request)

    def delete(self, words: str, carried: Carried, event: gr.EventData, request: gr.Request) -> tuple[Any, Any]:
        """Forget a conversation."""
        gone, strings = str((event._data or {})["id"]), strings_of(request)

        def delete(owner: str) -> None:
            self._conversations.delete(owner, gone)

        return self._changed(delete, strings.not_deleted, words, carried, request, gone)

    def _changed(
        self,
        change: Callable[[str], None],
        fault: str,
        words: str,
        carried: Carried,
        request: gr.Request,
        gone: str = "",
    ) -> tuple[Any, Any]:
        """The list of conversations after a change, and the status line. Where that failed the line says so, and the
        list stays as it is, with what is being written in it."""
        place, strings = place_of(carried), strings_of(request)
        try:
            change(owner_of(request.headers))
        except AskcorpusError as exc:
            return gr.skip(), fault_line(exc, strings, fault)
        return self.listed(request, words, place.id if place else "", gone), status_line()

    def export_markdown(self, carried: Carried, request: gr.Request) -> tuple[str, Any]:
        """The conversation as Markdown, every quote in full; and the status line, which says why there is none."""
        document, strings = self._store.document, strings_of(request)
        return self._exported(lambda whole: markdown.export_markdown(whole, document, strings), carried, request)

    def export_json(self, carried: Carried, request: gr.Request) -> tuple[str, Any]:
        """The same as JSON."""
        document = self._store.document
        return self._exported(lambda whole: markdown.export_json(whole, document), carried, request)

    def _exported(
        self, export: Callable[[Conversation], str], carried: Carried, request: gr.Request
    ) -> tuple[str, Any]:
        place, strings = place_of(carried), strings_of(request)
        try:
            found = self._conversations.read(owner_of(request.headers), place.id, whole=True) if place else None
            return export(found or Conversation(id="", title="")), gr.skip()
        except AskcorpusError as exc:
            return "", fault_line(exc, strings, strings.not_exported)

    def listed(self, request: gr.Request, search: str, current: str, gone: str = "") -> str:
        """The list of those in which the words of a search occur; ``current`` is open, ``gone`` was just deleted."""
        strings = strings_of(request)
        try:
            entries = self._conversations.listed(owner_of(request.headers), search)
        except AskcorpusError as exc:
            return render.past((), strings, current, search, strings.cause(type(exc).__name__), detail=str(exc))
        return render.past(entries, strings, current, search, strings.kept(self._conversations.days), gone=gone)
