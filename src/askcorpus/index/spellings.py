"""Filters as people write them, matched with what the catalog has; those that no document can pass are refused.

A filter that matches nothing would make it look as if the corpus did not answer: the error says what there is instead.
"""

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from rapidfuzz import fuzz, process

from askcorpus.errors import UsageError
from askcorpus.index.catalog import facets, tally
from askcorpus.index.dialect import among
from askcorpus.index.filters import condition
from askcorpus.index.schema import DOCUMENTS
from askcorpus.text.language_codes import folded, language_code, language_name, same_language
from askcorpus.types import Filters

_TOLD = 12
_LONGEST = 60
_NEAR = 70.0
"""Of 100, by the edits between two names: a slip or two in a word."""


def understood(connection: sa.Connection, filters: Filters) -> Filters:
    """The same filters by the names that the catalog has: languages as codes, sources as they are stored.

    Empty names are left out. A language that no document is in is let pass where another is named that some are in.

    Raises:
        UsageError: no document passes one of them, or all together; a name is no language, or no source. It says what
            there is. Or a date is none, or the range ends before it begins.
    """
    found = filters.model_copy(
        update={
            "languages": _languages(connection, [name for name in filters.languages if name.strip()]),
            "sources": _sources(connection, [name for name in filters.sources if name.strip()]),
            "document_ids": tuple(name for name in filters.document_ids if name),
        }
    )
    if not found or _any(connection, found):
        return found
    dates = Filters(date_from=found.date_from, date_to=found.date_to)
    if dates and not _any(connection, dates):
        raise UsageError(f"No document is dated {_range(found)}.", _span(connection))
    ids = Filters(document_ids=found.document_ids)
    if ids and not _any(connection, ids):
        raise UsageError(f"There is no document {_shown(ids.document_ids)}.", "The list of documents names them all.")
    raise UsageError("No document passes all these filters together.", _apart(connection, found))


def _languages(connection: sa.Connection, names: Sequence[str]) -> tuple[str, ...]:
    column = DOCUMENTS.c.language
    if not names or _missing(connection, column, names) == []:
        return tuple(names)
    there = tally(connection, column)
    by_language: dict[str, list[str]] = {}
    for code in there:
        by_language.setdefault(same_language(code), []).append(code)
    found: dict[str, None] = {}
    absent: list[str] = []
    for name in names:
        code = name if name in there else language_code(name)
        if not code:
            raise UsageError(f"{_quoted(name)} is no language that is known.", _languages_there(there))
        own = [code] if code in there else by_language.get(same_language(code), [])
        found.update(dict.fromkeys(own or [code]))
        absent += [] if own else [code]
    if len(absent) == len(names):
        raise UsageError(f"No document is in {_listed(map(language_name, absent))}.", _languages_there(there))
    return tuple(found)


def _sources(connection: sa.Connection, names: Sequence[str]) -> tuple[str, ...]:
    column = DOCUMENTS.c.source
    if not names or _missing(connection, column, names) == []:
        return tuple(names)
    there = tally(connection, column)
    by_spelling: dict[str, list[str]] = {}
    for source in there:
        by_spelling.setdefault(folded(source), []).append(source)
    found: dict[str, None] = {}
    for name in names:
        own = [name] if name in there else by_spelling.get(folded(name), [])
        if not own:
            raise UsageError(f"No document is from {_quoted(name)}.", _sources_there(name, there, by_spelling))
        found.update(dict.fromkeys(own))
    return tuple(found)


def _missing(connection: sa.Connection, column: "sa.Column[str]", values: Sequence[str]) -> list[str]:
    """Those of the values that no document has, in one look whatever their number."""
    there = set(connection.scalars(sa.select(column).distinct().where(among(column, values))))
    return [value for value in values if value not in there]


def _any(connection: sa.Connection, filters: Filters) -> bool:
    query = sa.select(sa.literal(1)).select_from(DOCUMENTS).where(condition(filters)).limit(1)
    return connection.scalar(query) is not None


# --- what there is ---


def _languages_there(there: Mapping[str, int]) -> str:
    if not there:
        return "No document has a language."
    return f"There are documents in {_listed(map(language_name, there))}."


def _sources_there(name: str, there: Mapping[str, int], by_spelling: Mapping[str, Sequence[str]]) -> str:
    if not there:
        return "No document has a source."
    near = process.extractOne(folded(name[:_LONGEST]), by_spelling.keys(), scorer=fuzz.ratio, score_cutoff=_NEAR)
    suggestion = f"Did you mean {_quoted(by_spelling[near[0]][0])}? " if near else ""
    return f"{suggestion}There are documents from {_listed(there)}."


def _span(connection: sa.Connection) -> str:
    there = facets(connection)
    if not there.date_min:
        return "No document has a date."
    return f"The dates there are go from {there.date_min} to {there.date_max}."


def _range(filters: Filters) -> str:
    first, last = filters.date_from, filters.date_to
    if first and last:
        return first if first == last else f"from {first} to {last}"
    return f"from {first} on" if first else f"up to {last}"


def _apart(connection: sa.Connection, filters: Filters) -> str:
    """What the documents that pass all the other filters have in place of the languages, or of the sources."""
    for name, column, told in (("languages", DOCUMENTS.c.language, "in"), ("sources", DOCUMENTS.c.source, "from")):
        others = filters.model_copy(update={name: ()})
        query = sa.select(column).distinct().where(condition(others), column != "").order_by(column).limit(_TOLD + 1)
        values = list(connection.scalars(query)) if others != filters else []
        if values:
            shown = map(language_name, values) if name == "languages" else values
            return f"With the other filters there are documents {told} {_listed(shown)}."
    return "Leave some of them out."


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return ", ".join(map(_short, names[:_TOLD])) + more


def _shown(names: Sequence[str]) -> str:
    return ", ".join(map(_quoted, names[:3])) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _quoted(name: str) -> str:
    return f"“{_short(name)}”"


def _short(name: str) -> str:
    line = " ".join(name[: 2 * _LONGEST].split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
