"""Filters as SQL."""

import sqlalchemy as sa

from askcorpus.errors import UsageError
from askcorpus.index.dialect import among
from askcorpus.index.schema import DOCUMENTS
from askcorpus.text.dates import day_range
from askcorpus.types import Filters


def condition(filters: Filters) -> sa.ColumnElement[bool]:
    """What a document must be, as SQL; languages and sources by the names that the catalog has (`spellings`).

    A date names all of its days, in a document as in a filter, and the two must share one: a document of "2022"
    passes ``date_from="2022-09"``, for it may well be of October.

    Raises:
        UsageError: a date is not ISO, or the range ends before it begins.
    """
    first, last = _bound(filters.date_from, "date_from"), _bound(filters.date_to, "date_to")
    if first and last and first[0] > last[1]:
        raise UsageError(f"date_from {filters.date_from} is after date_to {filters.date_to}.", "Swap them.")
    parts: list[sa.ColumnElement[bool]] = [sa.true()]
    if first:
        parts.append(DOCUMENTS.c.date_high >= first[0])
    if last:
        parts.append(DOCUMENTS.c.date_low <= last[1])
    if filters.languages:
        parts.append(among(DOCUMENTS.c.language, filters.languages))
    if filters.sources:
        parts.append(among(DOCUMENTS.c.source, filters.sources))
    if filters.document_ids:
        parts.append(among(DOCUMENTS.c.id, filters.document_ids))
    return sa.and_(*parts)


def undated(filters: Filters) -> sa.ColumnElement[bool]:
    """The documents that only their having no date keeps from passing; none where no date is asked for."""
    if not (filters.date_from or filters.date_to):
        return sa.false()
    others = filters.model_copy(update={"date_from": "", "date_to": ""})
    return sa.and_(condition(others), DOCUMENTS.c.date_low.is_(None))


def _bound(date: str, name: str) -> tuple[str, str] | None:
    if not date:
        return None
    days = day_range(date)
    if days is None:
        raise UsageError(f"{name} {date!r} is not a date.", "Write 2022, 2022-09 or 2022-09-29.")
    return days
