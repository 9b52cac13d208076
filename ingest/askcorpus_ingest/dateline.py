"""What the first and last lines of a news text say about it: date, place, agency, headline.

The form is that of agency stories, with a date that whoever collected them put in front::

    date 2022-09 LISBONNE, Portugal (AFP) – Le gouvernement …

The date marker is the collector's and leaves the text; headline and dateline are the publisher's words and stay. So
does a line that says the day and no more, above the headline or below it.
"""

import datetime
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import NamedTuple

import regex
from babel import Locale

from askcorpus.text.expressions import expression
from askcorpus.text.lexicon import languages, words_anywhere
from askcorpus.text.months import month_of, short_month_of
from askcorpus.text.sentences import trimmed
from askcorpus.text.words import words
from askcorpus.types import Span


class Dateline(NamedTuple):
    """What was found. ``headline`` and ``span`` (the dateline, up to the story's first word) lie in the text, and so
    does ``day`` (a line above the story that says a day and no more)."""

    place: str = ""
    source: str = ""
    date: str = ""
    headline: str = ""
    span: Span = Span(0, 0)
    day: Span = Span(0, 0)

    @property
    def asides(self) -> list[Span]:
        """What nobody should be quoted with, in the order of the text."""
        return sorted(span for span in (self.span, self.day) if span.end)

    @property
    def story(self) -> int:
        """Where the story begins."""
        return max(self.span.end, self.day.end)


HEADLINE_CHARS = range(4, 151)
"""A first line of such a length, alone in its paragraph and without a full stop, is a headline."""

LONGEST_DAY = 60
"""Characters of a line that says a day and no more."""

_DATE_MARKER = re.compile(r"(\s{0,9})date[ \t]{0,9}:?[ \t]{0,9}", re.IGNORECASE)
_ISO_DATE = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?!\d)(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?")
_COMPACT_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)(?!\d)")
_EUROPEAN_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\d)")
_SLASHED_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)")
_CJK_DATE = re.compile(r"(\d{4}) ?[年년](?: ?(\d{1,2}) ?[月월](?: ?(\d{1,2}) ?[日일])?)?")
_MONTH = r"([\p{L}\p{M}]{2,14})\.?"
_PARAGRAPH = re.compile(r"[^\s](?:[^\n]|\n(?!\s*\n))*")
_LINE = re.compile(r"[^\n]+")
_DATELINE = re.compile(
    r"(?P<place>[^\W\d_][^()（）\n|]{0,80}?)?[ \t]{0,9}"
    r"[(（](?P<agency>[^\W\d_][^()（）\n]{1,40})[)）][ \t]{0,9}(?:[-–—―:：]+|$)[ \t]{0,9}",
    re.MULTILINE,
)
_XINHUA = re.compile(
    r"(?P<agency>新华社|中新社|新華社)(?P<place>[^\W\d_]{2,10}?)(?:\d{1,2}月)?\d{1,2}日[电電][ \t]{0,9}"
    r"(?:[（(][^）)\n]{1,30}[）)])?[ \t]{0,9}"
)
_PLACE_ONLY = re.compile(r"(?P<place>[^\W\d_]{3}[^()\n]{0,60}?)[ \t]{1,9}[–—―][ \t]{1,9}")
_AGENCIES = {
    "ap": "AP",
    "the associated press": "AP",
    "associated press": "AP",
    "afp": "AFP",
    "agence france-presse": "AFP",
    "agence france presse": "AFP",
    "reuters": "Reuters",
    "thomson reuters": "Reuters",
    "dpa": "dpa",
    "efe": "EFE",
    "ansa": "ANSA",
    "xinhua": "Xinhua",
    "新华社": "新华社",
    "tass": "TASS",
    "upi": "UPI",
    "lusa": "Lusa",
    "pap": "PAP",
    "belga": "Belga",
    "ats": "ATS",
    "keystone-sda": "Keystone-SDA",
    "interfax": "Interfax",
    "ukrinform": "Ukrinform",
    "yonhap": "Yonhap",
    "kyodo": "Kyodo",
    "anadolu": "Anadolu",
    "aap": "AAP",
    "bloomberg": "Bloomberg",
}


def leading_date(text: str) -> tuple[str, int]:
    """The date that ``text`` begins with, as ISO 8601 and as exact as it is written, and how long it is there."""
    if match := _CJK_DATE.match(text) or _ISO_DATE.match(text) or _COMPACT_DATE.match(text):
        return _iso(match[1], match[2], match[3]), match.end()
    if match := _EUROPEAN_DATE.match(text):
        return _iso(match[3], match[2], match[1]), match.end()
    if match := _SLASHED_DATE.match(text):
        return _slashed(match[1], match[2], match[3]), match.end()
    if named := _day_month_year().match(text):
        return _iso(named[3], _month(named[2]), named[1]), named.end()
    if named := _month_day_year().match(text):
        return _iso(named[3], _month(named[1]), named[2]), named.end()
    return "", 0


def parse_date(text: str) -> str:
    """The date that ``text`` begins with, as ISO 8601 and as exact as it is written; "" when there is none."""
    return leading_date(text.strip())[0]


def take_date_marker(text: str) -> tuple[str, str]:
    """Split off a ``date …`` that the text or the paragraph after its first line begins with: (ISO date, the rest)."""
    first_line_end = text.find("\n") + 1
    for start in (0, first_line_end) if first_line_end else (0,):
        marker = _DATE_MARKER.match(text, start)
        date, length = leading_date(text[marker.end() : marker.end() + 40]) if marker else ("", 0)
        if marker and date:
            headline, story = text[: marker.end(1)].strip(), text[marker.end() + length :].lstrip(" \t\n.,;:–—-")
            return date, f"{headline}\n\n{story}" if headline else story
    return "", text


def read_dateline(text: str) -> Dateline:
    """Headline, place, agency and date that the first paragraphs and the last line of a clean ``text`` give."""
    found = Dateline(source=_credited(text))
    for start, end in _first_parts(text):
        part = text[start:end]
        if match := _match_dateline(text, start):
            place, date = _place_and_date(match["place"] or "")
            source = _agency(match.groupdict().get("agency") or "") or found.source
            return found._replace(place=place, source=source, date=date or found.date, span=Span(*match.span()))
        line = part.partition("\n")[0]
        if _agency_line(line):
            continue
        if not found.day.end and (date := _day_alone(part)):
            found = found._replace(date=date, day=Span(start, end))
            continue
        if not _is_headline(line, part, text):
            break
        if not found.headline:  # else a second one, or who wrote it
            found = found._replace(headline=line)
    return found


def _iso(year: str, month: str | None, day: str | None) -> str:
    """ISO 8601 of the parts, as exact as they are, or "" when there is no such day (a month "0" is no month)."""
    try:
        exact = datetime.date(int(year), int(month or 1), int(day or 1)).isoformat()
    except ValueError:
        return ""
    return exact if day else exact[:7] if month else exact[:4]


def _slashed(first: str, second: str, year: str) -> str:
    """29/09/2022 and 09/29/2022 can be told apart; of 05/06/2022 only the year is sure."""
    readings = {_iso(year, second, first), _iso(year, first, second)} - {""}
    return readings.pop() if len(readings) == 1 else year if readings else ""


def _month(name: str) -> str:
    name = " ".join(words(name))
    return month_of(name) or short_month_of(name) or "0"


def _first_parts(text: str) -> Iterator[Span]:
    """The first paragraphs; where one has a line that says a day and no more, what is above it, that, and the rest.
    A day within a sentence, which goes on below it in small letters, is none."""
    for paragraph in islice(_PARAGRAPH.finditer(text, 0, 2000), 4):
        start, end = paragraph.span()
        for line in _LINE.finditer(text, start, end):
            above = trimmed(text, start, line.start())
            in_sentence = above and text[line.end() : end].lstrip()[:1].islower()
            if _day_alone(line.group()) and not in_sentence:
                yield from filter(None, [above])
                yield Span(*line.span())
                start = line.end()
        yield from filter(None, [trimmed(text, start, end)])


def _day_alone(line: str) -> str:
    """The day that a line says, and no more than that but its weekday; else ""."""
    line = line.strip()
    weekday = _weekday().match(line)
    said = line[weekday.end() if weekday else 0 :]
    date, length = leading_date(said) if len(line) <= LONGEST_DAY else ("", 0)
    return date if len(date) == len("2022-09-29") and length == len(said.rstrip(" .:")) else ""


def _match_dateline(text: str, start: int) -> re.Match[str] | None:
    if match := _XINHUA.match(text, start):
        return match
    match = _DATELINE.match(text, start)
    if match and _is_dateline(match["place"] or "", match["agency"]):
        return match
    match = _PLACE_ONLY.match(text, start)
    return match if match and _is_shouted_place(match["place"]) else None


def _is_dateline(place: str, agency: str) -> bool:
    """Whether ``place (agency) –`` is one: the place is in capitals or the agency well known.

    ``Berlin (dpa) –`` is, ``Thor (film) –`` is not. Where a script has no capitals, any place of a few words will do.
    """
    first = place.split(",")[0].strip()
    known = agency.strip().casefold() in _AGENCIES
    if known:
        return all(len(word) <= 3 or not word[0].islower() for word in first.split())
    in_capitals = first == first.upper() and any(c.isalpha() for c in first)
    return in_capitals and len(first.split()) <= 4


def _is_shouted_place(text: str) -> bool:
    """Without an agency only capitals make a dateline: ``NEW YORK –``, but neither ``Paris –`` nor ``BREAKING –``."""
    first = text.split(",")[0].strip()
    return first.isupper() and len(first.split()) <= 3 and first.casefold() not in _rubrics()


def _agency(text: str) -> str:
    name = " ".join(text.split())
    return _AGENCIES.get(name.casefold(), name)


def _place_and_date(text: str) -> tuple[str, str]:
    """``PARIS, 29 sept. 2022`` → ("PARIS", "2022-09-29"): parts with digits are no place."""
    parts = [part.strip() for part in text.split(",")]
    dates = [date for part in parts if len(date := parse_date(part)) > len("2022")]
    place = ", ".join(part for part in parts if part and not any(c.isdigit() for c in part))
    return place, dates[0] if dates else ""


def _agency_line(line: str) -> str:
    """The agency that a line consists of ("Von Reuters", "The Associated Press"), or ""."""
    return _AGENCIES.get(_byline().sub("", line.strip(), count=1).strip(" .()[]").casefold(), "")


def _credited(text: str) -> str:
    """The agency that signs the text, on its last line or its first."""
    return _agency_line(text[-60:].rpartition("\n")[2]) or _agency_line(text[:60].partition("\n")[0])


def _is_headline(line: str, paragraph: str, text: str) -> bool:
    alone = line == paragraph and len(paragraph) < len(text) and not _day_alone(line)
    return alone and len(line) in HEADLINE_CHARS and line.rstrip("\"'”’»)")[-1:] not in tuple(".…:;,。")


@cache
def _day_month_year() -> "regex.Pattern[str]":
    """``29 sept. 2022``, ``1er mars 2022``, ``14 de julio de 2022``, ``July 2022``."""
    between = expression(words_anywhere(lambda one: one.dates.before_month))
    link = rf"(?:(?:{between})[ \t]{{1,9}})?"
    return regex.compile(rf"(?:(\d{{1,2}}){_ending()}[ \t]{{1,9}}{link})?{_MONTH}[ \t]{{1,9}}{link}(\d{{4}})(?!\d)")


@cache
def _month_day_year() -> "regex.Pattern[str]":
    """``March 4th, 2019``."""
    return regex.compile(rf"{_MONTH}[ \t]{{1,9}}(\d{{1,2}}){_ending()},?[ \t]{{1,9}}(\d{{4}})(?!\d)")


def _ending() -> str:
    return rf"(?:\.|{expression(words_anywhere(lambda one: one.dates.day_endings))})?"


@cache
def _weekday() -> "regex.Pattern[str]":
    """A weekday before a date, in any of the languages."""
    names = {name for code in languages() for name in Locale.parse(code).days["format"]["wide"].values()}
    return regex.compile(rf"(?:{'|'.join(map(regex.escape, sorted(names)))})[,،]?[ \t]{{1,9}}", regex.IGNORECASE)


@cache
def _byline() -> "regex.Pattern[str]":
    """What stands before whoever wrote a text: *by*, *von*, *source:*."""
    opening = expression(word for one in languages().values() for word in one.text.bylines)
    return regex.compile(rf"(?:{opening})[ \t:]{{1,9}}", regex.IGNORECASE)


@cache
def _rubrics() -> frozenset[str]:
    """Words in capitals before a dash that are no place: BREAKING."""
    return frozenset(word for one in languages().values() for word in one.text.rubrics)
