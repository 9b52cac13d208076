"""The filters of the chat page: as its choosers say them, and as chips that take them away."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from askcorpus.errors import AskcorpusError
from askcorpus.index.store import Store
from askcorpus.types import Filters
from askcorpus_ingest.dates import read_date
from askcorpus_ui.chat import render
from askcorpus_ui.chat.events import strings_of
from askcorpus_ui.chat.translations import Strings

UNSET: tuple[Any, ...] = ([], [], "", "", [])
"""What the choosers hold where nothing is chosen."""


def filters_of(
    languages: Sequence[str], sources: Sequence[str], date_from: str, date_to: str, only: Sequence[str] | None
) -> Filters:
    """What the page's choosers say."""
    return Filters(
        languages=tuple(languages),
        sources=tuple(sources),
        date_from=_date(date_from),
        date_to=_date(date_to),
        document_ids=tuple(only or ()),
    )


def _date(typed: str) -> str:
    """A day, month or year as people write one, as ISO 8601; what is none, or two (05/06/2022), as it was typed."""
    typed = typed.strip()
    date = read_date(typed)
    return typed if len(date) == len("2022") else date or typed


class FilterBar:
    """The choosers and their chips, over the documents of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def choices(self, strings: Strings) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """The languages and the sources that there are, each as it is shown, with its number of documents."""
        facets = self._store.facets()
        languages = [
            (f"{strings.language_name(code)} ({strings.number(count)})", code)
            for code, count in facets.languages.items()
            if code
        ]
        sources = [
            (f"{source} ({strings.number(count)})", source)
            for source, count in sorted(facets.sources.items())
            if source
        ]
        return languages, sources

    def chips(
        self,
        languages: list[str],
        sources: list[str],
        date_from: str,
        date_to: str,
        only: list[str] | None,
        request: gr.Request,
    ) -> str:
        """The filters that are set, each with a button that takes it away."""
        return self.shown(filters_of(languages, sources, date_from, date_to, only), strings_of(request))

    def without(
        self,
        languages: list[str],
        sources: list[str],
        date_from: str,
        date_to: str,
        only: list[str] | None,
        event: gr.EventData,
        request: gr.Request,
    ) -> tuple[Any, ...]:
        """All filters without the one whose chip was clicked."""
        kind, _, value = str((event._data or {}).get("name", "")).partition(":")
        if kind == "all":
            return *UNSET, ""
        left = (
            [each for each in languages if (kind, value) != ("language", each)],
            [each for each in sources if (kind, value) != ("source", each)],
            "" if kind == "date_from" else date_from,
            "" if kind == "date_to" else date_to,
            [each for each in only or () if kind != "documents" and (kind, value) != ("document", each)],
        )
        return *left, self.chips(*left, request)

    def shown(self, filters: Filters, strings: Strings) -> str:
        """A chip for each filter that is set, and how many documents pass."""
        store = self._store
        if not filters:
            return ""
        return render.chips(filters, store.document, strings, self.passing(filters), store.count())

    def passing(self, filters: Filters) -> int | None:
        """How many documents pass filters; ``None`` where these are refused: none does, or a date is none."""
        try:
            return self._store.page(filters, 0, 1).total or None
        except AskcorpusError:
            return None
