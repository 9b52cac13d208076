"""Chats that WhatsApp exports: a day is a document, with a mark for the time of each message."""

import datetime
import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from askcorpus.errors import NoText
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.readers.marks import Stretch, put_together
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import Source

_DATE = r"(\d{1,2}[/.-]\d{1,2}[/.-](?:20)?\d\d|20\d\d[/.-]\d{1,2}[/.-]\d{1,2})\.?"
_TIME = r"(\d{1,2}[:.]\d\d)"
_HALF = r"(?:[ \u00a0\u202f]?([ap])\.?[ \u00a0\u202f]?m\.?)?"
_BEGINS = re.compile(
    rf"^\u200e?(?:{_DATE},?[^\d\n]{{1,12}}?{_TIME}{_HALF} - |\[{_DATE},[ \u202f]{_TIME}:\d\d{_HALF}\] )", re.M | re.I
)
"""How a message begins: *12/03/2021, 14:05 - Ada: …* on Android, *[12.03.21, 14:05:10] Ada: …* on an iPhone."""
_SAID = re.compile(r"([^:\n]{1,100}):[ \n]", re.DOTALL)
_BY_PROGRAM = re.compile(r"\u200e|<[^<>\n]{1,60}>\Z")
"""How what WhatsApp says in a sender's place begins, or looks as a whole: *<Media omitted>*."""
_BETWEEN = re.compile(r"[/.:-]")
_UNNAMED = "_chat"
"""What an iPhone calls the file of every chat."""

Order = tuple[int, int, int]
"""At which place of a date as it is written year, month and day stand."""
_YEAR_FIRST: Order = (0, 1, 2)
_ORDERS: Sequence[Order] = ((2, 1, 0), (2, 0, 1), _YEAR_FIRST)


class _Message(NamedTuple):
    """A message: its line in the file, its day and time as they are written, who wrote it, and what."""

    line: int
    day: str
    time: str
    half: str
    text: str


def is_whatsapp(start: str) -> bool:
    """Whether a text that begins so is a chat: it begins with a message, another follows, and somebody said most of
    them. Of diaries and tickers, whose lines may begin so too, what nobody says would be lost."""
    found = list(_BEGINS.finditer(start))
    said = sum(1 for one in found if _SAID.match(start, one.end()))
    return len(found) > 1 and found[0].start() == 0 and 2 * said > len(found)


def read_whatsapp(source: Source) -> Iterator[RawRecord]:
    """What was said on each day, a message a paragraph behind the name of who said it.

    Where days and months cannot be told apart by any of them, only the year is a day's date.

    Raises:
        NoText: nothing was said.
    """
    messages = list(_messages(decode(source.content()).replace("\r\n", "\n").lstrip("\ufeff")))
    if not messages:
        raise NoText("holds no text")
    days = list(dict.fromkeys(message.day for message in messages))
    orders = _orders(days)
    title = "" if source.path.stem == _UNNAMED else source.path.stem
    for day, said in groupby(messages, key=lambda message: message.day):
        of_day = list(said)
        text, marks = put_together(Stretch({"time": _clock(one)}, one.text) for one in of_day)
        yield RawRecord(f"{source.origin}#L{of_day[0].line}", text, title, date=_date(day, orders), marks=marks)


def _messages(text: str) -> Iterator[_Message]:
    """What people said; not what the program tells of them, or in place of a picture."""
    found = list(_BEGINS.finditer(text))
    ends = [*(one.start() for one in found[1:]), len(text)]
    line, counted = 1, 0
    for one, end in zip(found, ends, strict=False):
        line, counted = line + text.count("\n", counted, one.start()), one.start()
        said = _SAID.match(text, one.end())
        if not said or _BY_PROGRAM.match(text[said.end() : end].strip()):
            continue
        day, time, half = one.group(1, 2, 3) if one[1] else one.group(4, 5, 6)
        yield _Message(line, day, time, half or "", f"{said[1].strip()}: {text[said.end() : end].strip()}")


def _orders(days: Sequence[str]) -> Sequence[Order]:
    """The orders in which all days are ones; of these those in which none is before the one above it, if there are."""
    possible = [order for order in _ORDERS if all(_day(day, order) for day in days)]
    return [order for order in possible if _is_sorted([_day(day, order) for day in days])] or possible


def _is_sorted(days: Sequence[datetime.date | None]) -> bool:
    return all(above <= below for above, below in pairwise(filter(None, days)))


def _date(day: str, orders: Sequence[Order]) -> str:
    dates = {date.isoformat() for order in orders if (date := _day(day, order))}
    years = {date[:4] for date in dates}
    return dates.pop() if len(dates) == 1 else years.pop() if len(years) == 1 else ""


def _day(day: str, order: Order) -> datetime.date | None:
    parts = [int(part) for part in _BETWEEN.split(day)]
    year, month, number = (parts[place] for place in order)
    if order == _YEAR_FIRST and year < 100:
        return None
    try:
        return datetime.date(year if year > 99 else 2000 + year, month, number)
    except ValueError:
        return None


def _clock(message: _Message) -> str:
    hours, minutes = map(int, _BETWEEN.split(message.time))
    if message.half:
        hours = hours % 12 + (12 if message.half in "pP" else 0)
    return f"{hours:02}:{minutes:02}"
