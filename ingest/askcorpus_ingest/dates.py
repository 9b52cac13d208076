"""The date that a field of a document gives, in the many ways in which feeds, newsrooms and exports write one.

What ``dateline`` reads comes first: it keeps a date as exact as it is written, and of 05/06/2022 only the year. The
rest, with a weekday before it or a time behind it, in any language of the tables, is read by dateparser.
"""

import datetime
import re
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from askcorpus.text.lexicon import languages
from askcorpus_ingest.dateline import leading_date

if TYPE_CHECKING:
    from dateparser.date import DateDataParser

MOST_CHARS = 60
"""A longer field is no date; dateparser takes up to 10 ms for one of such a length, and more for more."""

MOST_WORDS = 40
"""Words of a line in which a date is looked for."""

_WORD = re.compile(r"\w+")
_UNIX_TIME = re.compile(r"([12]\d{9})(?:\d{3})?(?:\.\d{1,9})?")
_CTIME = re.compile(r"[A-Za-z]{3} ([A-Za-z]{3}) {1,2}(\d{1,2}) [\d:]{5,8} (?:[A-Z]{3,5} |[+-]\d{4} )?(\d{4})")
"""As C's ``ctime``, ``date`` and Twitter write a time: *Wed Oct 10 20:19:24 +0000 2018*."""
_THAI = re.compile(r"[\u0e01-\u0e4e]")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")


def read_date(text: str) -> str:
    """The date that a field says, as ISO 8601 and as exact as it is written; "" when it says none.

    A day whose date depends on today (*yesterday*, *May 12*) or on a guess at the century is none. Unix times, in
    seconds or milliseconds, are days in UTC; any other day is that of the zone it is written in. A year after 2400 in
    Thai letters is one of the Buddhist era.
    """
    date = _as_written(text.strip())
    if date[:4] > "2400" and _THAI.search(text):
        return f"{int(date[:4]) - 543}{date[4:]}"
    return date


def date_within(line: str) -> str:
    """The first day that a line says among other words (*Une, lundi 3 mars 2014, p. 5*), or else the first month."""
    starts = islice(_WORD.finditer(line), MOST_WORDS)
    dates = [leading_date(line[word.start() : word.start() + MOST_CHARS])[0] for word in starts]
    return next((date for size in (len("2014-03-03"), len("2014-03")) for date in dates if len(date) == size), "")


def _as_written(text: str) -> str:
    if written := _CTIME.fullmatch(text):
        text = " ".join(written.groups())
    date, length = leading_date(text)
    if len(date) == len("2022-09-29") or length == len(text) or len(text) > MOST_CHARS:
        return date
    if unix := _UNIX_TIME.fullmatch(text):
        return datetime.datetime.fromtimestamp(int(unix[1]), datetime.UTC).date().isoformat()
    if not (years := {int(year) for year in _YEAR.findall(text)}):
        return date
    days = {_day(parser, text) for parser in _parsers()}
    if None in days or not all(day.year in years for day in days if day):
        return date
    first, *others = sorted(day.isoformat() for day in days if day)
    return first[:4] if others else first


def _day(parser: "DateDataParser", text: str) -> datetime.date | None:
    found = parser.get_date_data(text).date_obj
    return found.date() if found else None


@cache
def _parsers() -> tuple["DateDataParser", ...]:
    """One that takes 05-06-2022 for a day in June and one that takes it for a day in May: only both know."""
    from dateparser.data.languages_info import language_order
    from dateparser.date import DateDataParser

    known = [code for code in languages() if code in language_order]
    settings = {"STRICT_PARSING": True, "PARSERS": ["absolute-time"]}  # a whole day, and not counted from today
    return tuple(DateDataParser(known, settings=settings | {"DATE_ORDER": order}) for order in ("DMY", "MDY"))
