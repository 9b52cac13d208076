"""The address of the chat page: the conversation that it names, and what it asks to search only."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from askcorpus.types import Filters
from askcorpus_ui.chat.conversation import ID

_CONVERSATION = re.compile(f"/c/({ID[1:-1]})")
_MOST_CHOSEN = 200


class Opened(NamedTuple):
    """What an address asks the page to show: ``/c/ID``, and as a query what to ask only."""

    conversation: str
    filters: Filters

    @classmethod
    def at(cls, address: str) -> "Opened":
        """Read an address; what it does not say well is left out."""
        try:
            parts = urlsplit(address)
            query = parse_qs(parts.query, max_num_fields=_MOST_CHOSEN)
        except ValueError:
            return cls("", Filters())
        return cls(conversation_at(parts.path), filters_in(query))


def conversation_at(path: str) -> str:
    """The id of the conversation that is at a path, ``/c/ID``; nothing where there is none."""
    found = _CONVERSATION.fullmatch(path)
    return found[1] if found else ""


def filters_in(query: Mapping[str, Sequence[str]]) -> Filters:
    """What the query of an address limits: the filters that `query_of` tells."""
    date_from, date_to = (query.get(name, [""])[0].strip()[:10] for name in ("date_from", "date_to"))
    return Filters(
        languages=tuple(query.get("language", ())),
        sources=tuple(query.get("source", ())),
        date_from=date_from,
        date_to=date_to,
        document_ids=tuple(query.get("document", ())),
    )


def query_of(filters: Filters) -> list[tuple[str, str]]:
    """What the query of an address says that asks for the same filters."""
    fields = [("language", each) for each in filters.languages] + [("source", each) for each in filters.sources]
    dates = (("date_from", filters.date_from), ("date_to", filters.date_to))
    fields += [(name, value) for name, value in dates if value]
    return fields + [("document", each) for each in filters.document_ids]
