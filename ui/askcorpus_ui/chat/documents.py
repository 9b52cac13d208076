"""The page that lists the documents: searched, counted by language, source and date, and chosen for the chat.

It is a page of its own and needs no script: all that can be done there is a link or a form. What is shown stands in its
address.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, quote, urlencode

from babel.dates import format_skeleton
from markupsafe import Markup

from askcorpus.errors import AskcorpusError, UsageError
from askcorpus.index.inventory import Bar, Inventory
from askcorpus.types import Filters
from askcorpus_ui.chat.address import filters_in, query_of
from askcorpus_ui.chat.conversation import read_id, way_back
from askcorpus_ui.chat.references import CONVERSATION
from askcorpus_ui.chat.templates import fill
from askcorpus_ui.chat.translations import Strings

PAGE = 50
"""Documents on a page."""

MOST_CHOSEN = 100
"""Documents found by words that the chat can be limited to: each is named in its address."""

_MOST_FIELDS = 200
_LONGEST_SEARCH = 200
_MOST_PAGES = 1_000_000
_FEW_BARS = 16
_FEW_FACETS = 8
_MOST_FACETS = 300


class Asked(NamedTuple):
    """What an address asks of the list; pages count from 1. It leads back to the ``conversation``, if to any."""

    search: str = ""
    filters: Filters = Filters()
    page: int = 1
    conversation: str = ""

    @classmethod
    def within(cls, query: str) -> Self:
        """Read the query of an address; what it does not say well is left out."""
        try:
            asked = parse_qs(query, max_num_fields=_MOST_FIELDS)
        except ValueError:
            return cls()

        def one(name: str) -> str:
            return asked.get(name, [""])[0].strip()

        filters = filters_in(asked).model_copy(update={"document_ids": ()})  # it lists them all
        number = one("page")
        page = min(int(number), _MOST_PAGES) if number.isascii() and number.isdecimal() and len(number) < 10 else 1
        return cls(one("q")[:_LONGEST_SEARCH], filters, max(1, page), read_id(one(CONVERSATION)))

    @property
    def offset(self) -> int:
        """How many entries of the list come before the page."""
        return PAGE * (self.page - 1)

    def url(self, *, page: int = 1, **changes: Any) -> str:
        """The address of the same list with other limits (fields of Filters), from its first page on."""
        fields = query_of(self.filters.model_copy(update=changes))
        if self.search:
            fields.insert(0, ("q", self.search))
        return _url("documents", [*fields, *([("page", str(page))] if page > 1 else []), *self.leading_back])

    @property
    def leading_back(self) -> list[tuple[str, str]]:
        """What the query of a page says that leads back to the same conversation."""
        return [(CONVERSATION, self.conversation)] if self.conversation else []

    def source(self, document_id: str) -> str:
        """The address of the page of a document."""
        return _url(f"source/{quote(document_id, safe='')}", self.leading_back)

    def toggled(self, name: str, value: str) -> str:
        """The address of the list with one language or source more, or less where it is set."""
        chosen: tuple[str, ...] = getattr(self.filters, name)
        others = tuple(each for each in chosen if each != value)
        changes: dict[str, Any] = {name: others if value in chosen else (*chosen, value)}
        return self.url(**changes)

    @property
    def chat(self) -> str:
        """The address of a chat that is limited as the list is, but for its search."""
        return _url(".", query_of(self.filters))


def chat_about(document_ids: Sequence[str]) -> str:
    """The address of a chat that is limited to some documents."""
    return _url(".", query_of(Filters(document_ids=tuple(document_ids))))


def _url(path: str, fields: Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(fields)}" if fields else path


class Adding(NamedTuple):
    """That files can be added here: up to ``most`` bytes each, by ``script``. ``keyed`` says that whoever opened the
    page came with a key for it; else it asks for one."""

    most: int
    script: Markup
    keyed: bool


class _Facet(NamedTuple):
    """A value that can be filtered by; ``chosen`` says that it is."""

    label: str
    documents: int
    url: str
    chosen: bool


class _Column(NamedTuple):
    """A bar, its ``height`` in percent of the highest, with a ``tick`` below it; ``label`` says that in full."""

    tick: str
    label: str
    documents: int
    height: float
    url: str


class _Chip(NamedTuple):
    """A filter that is set, and the list without it."""

    label: str
    url: str


def documents_page(
    asked: Asked,
    found: Inventory,
    chosen: Sequence[str],
    strings: Strings,
    *,
    theme: str = "",
    fault: AskcorpusError | None = None,
    adding: Adding | None = None,
) -> str:
    """The page.

    ``chosen`` are the documents of a search, where they are few enough to be asked alone; ``fault`` says why there are
    none to show.
    """
    entries = found.documents - found.folded
    refused = isinstance(fault, UsageError) and asked.filters
    why = strings.refused(asked.filters) if refused else strings.cause(type(fault).__name__)
    pages = max(1, -(-entries // PAGE))
    if asked.search:
        these = chat_about(chosen) if chosen else ""
    else:
        these = asked.chat if asked.filters and found.documents else ""
    return fill(
        "documents.html",
        strings=strings,
        theme=theme,
        asked=asked,
        fault=str(fault or ""),
        why=why,
        adding=adding,
        found=found,
        too_many=bool(asked.search and found.documents > MOST_CHOSEN),
        most=MOST_CHOSEN,
        these=these,
        hidden=[*query_of(asked.filters), *asked.leading_back],
        back=way_back(asked.conversation) or ".",
        chips=_chips(asked, strings),
        languages=_facets(asked, "languages", found.languages, strings),
        sources=_facets(asked, "sources", found.sources, strings),
        few=_FEW_FACETS,
        columns=_columns(asked, found.bars, strings),
        drawn=_period(found.bars[0].first, found.bars[-1].last, strings) if found.bars else "",
        counted=len(found.bars) <= _FEW_BARS,
        pages=pages,
        source_url=asked.source,
        conversation=asked.conversation,
        chat_about=chat_about,
    )


def _chips(asked: Asked, strings: Strings) -> list[_Chip]:
    filters = asked.filters
    chips = [_Chip(f"“{asked.search}”", asked._replace(search="").url())] if asked.search else []
    chips += [_Chip(strings.language_name(each), asked.toggled("languages", each)) for each in filters.languages]
    chips += [_Chip(each, asked.toggled("sources", each)) for each in filters.sources]
    if filters.date_from or filters.date_to:
        chips.append(_Chip(_period(filters.date_from, filters.date_to, strings), asked.url(date_from="", date_to="")))
    return chips


def _facets(asked: Asked, name: str, counts: Mapping[str, int], strings: Strings) -> list[_Facet]:
    chosen = getattr(asked.filters, name)
    # One that is set stays there, be it that nothing of it is left.
    shown = [*counts.items(), *((each, 0) for each in chosen if each not in counts)][:_MOST_FACETS]
    return [
        _Facet(
            strings.language_name(value) if name == "languages" else value,
            count,
            asked.toggled(name, value),
            value in chosen,
        )
        for value, count in sorted(shown, key=lambda one: one[0] not in chosen)
    ]


def _columns(asked: Asked, bars: Sequence[Bar], strings: Strings) -> list[_Column]:
    if len(bars) < 2:
        return []
    highest = max(bar.documents for bar in bars)
    return [
        _Column(
            _tick(bar.first, strings),
            _period(bar.first, bar.last, strings),
            bar.documents,
            100 * bar.documents / highest if highest else 0.0,
            asked.url(date_from=bar.first, date_to=bar.last),
        )
        for bar in bars
    ]


def _tick(iso: str, strings: Strings) -> str:
    """The year, the month's short name or the day's number."""
    if len(iso) == 7:
        return str(format_skeleton("MMM", date(int(iso[:4]), int(iso[5:]), 1), locale=strings.region))
    return str(int(iso[8:])) if len(iso) == 10 else iso.lstrip("0")


def _period(first: str, last: str, strings: Strings) -> str:
    """``2010–2019``, ``March 2022``, ``From 3 May 2024``."""
    if first == last:
        return strings.date(first)
    if first and last:
        return f"{strings.date(first)}–{strings.date(last)}"
    return f"{strings.date_from} {strings.date(first)}" if first else f"{strings.date_to} {strings.date(last)}"
