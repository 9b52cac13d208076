"""The time that a question names: "in September 2022", « le 12 octobre 2022 », "2023年7月".

Documents of that time are preferred, not required: what happened in a month is often reported in the next. Without a
year, the time is counted back from the newest date in the corpus: « en juillet dernier ».

A date that is only the start or end of a period, or something to compare with, names no time: "since 2015", "between
July and October 2022", « par rapport à 2010 ». The answer may then be in a document of any year.
"""

from collections.abc import Sequence
from functools import cache
from itertools import takewhile

import regex

from askcorpus.search.relative_dates import last_month, name_years
from askcorpus.text.dates import overlaps
from askcorpus.text.expressions import expression
from askcorpus.text.lexicon import known, languages, words_anywhere
from askcorpus.text.months import month_of, short_month_of
from askcorpus.text.words import with_ascii_digits, words

_YEAR = r"(?P<year>(?:1[5-9]|20)\p{Nd}{2})(?!\p{Nd})"
_MONTH = r"(?P<month>1[0-2]|0?[1-9])"
_DAY = r"(?P<day>[12]\p{Nd}|3[01]|0?[1-9])"
_ISO = regex.compile(
    rf"(?<!\p{{Nd}}){_YEAR}-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>0[1-9]|[12]\p{{Nd}}|3[01]))?(?!\p{{Nd}})"
)
_ALONE = regex.compile(rf"(?<![\p{{Nd}}.,-]){_YEAR}(?![.,]?\p{{Nd}})")
_FROM_YEAR_TO_YEAR = regex.compile(
    rf"(?<!\p{{Nd}}){_YEAR}\s?[-‐‑–—−~〜～/]\s?(?:(?:1[5-9]|20)\p{{Nd}}{{2}}|1[3-9]|[2-9]\p{{Nd}})(?!\p{{Nd}})"
)
_YEAR_ALONE = len("2022")
_FIGURES = regex.compile(r"\p{Nd}+")
_APOSTROPHE = regex.compile("['’‘ʼ]")


def read_period(question: str, latest: str = "", language: str = "") -> str:
    """The time named, as a partial ISO date (``2022``, ``2022-09``, ``2022-09-29``); empty if there is none or several,
    or if the date is only the start or end of a period.

    ``latest`` is the newest date in the corpus, from which a time without a year is counted back; without it, such
    times are ignored. ``language`` is the question's: words that mean something else in other languages count only in
    it.
    """
    question = with_ascii_digits(question)
    named = _named(question, language)
    if named or not latest or _ALONE.search(question):
        return named
    dated = name_years(question, latest, language)
    if dated != question:
        return _named(dated, language)
    month = last_month(question, latest, language)
    return month if month and not _is_range(question, language) else ""


def _named(question: str, language: str) -> str:
    """The time that is named with its year."""
    exact = {_iso(found) for pattern in (_ISO, *_marked()) for found in pattern.finditer(question)}
    years = {match["year"] for match in _ALONE.finditer(question)}
    if len(exact or years) != 1 or _is_range(question, language):
        return ""
    return exact.pop() if exact else _with_month(words(question), years.pop(), language)


def is_date(text: str, language: str = "") -> bool:
    """Whether a text is a date with its year, from end to end: *29 June 2022*, *2022-06*, *2022*."""
    text, language = with_ascii_digits(text.strip()), known(language)
    if any(pattern.fullmatch(text) for pattern in (_ISO, _ALONE, *_marked())):
        return True
    if not _whole_date(language).fullmatch(_with_months_marked(_spaced(text), language)):
        return False
    figures, named = len(_FIGURES.findall(text)), _named(text, language)
    return bool(named) and figures == (2 if named.count("-") == 2 else 1)  # 12/07/2022 may be of two days


def _iso(found: "regex.Match[str]") -> str:
    return "-".join([found["year"], *(part.zfill(2) for part in (found["month"], found["day"]) if part)])


def _is_range(question: str, language: str) -> bool:
    """Whether a date of the question is only the edge of a time, or what is compared with.

    In languages that mark the figures of a date, or write no spaces, this is read as written; in others, by words.
    """
    language = known(language)
    if _FROM_YEAR_TO_YEAR.search(_ISO.sub(" ", question)):
        return True
    if _words_of_range(language).search(_with_months_marked(_spaced(question), language)):
        return True
    for pattern in _marked():
        question = pattern.sub(lambda found: found["year"], question)
    return bool(_signs_of_range(language).search(question.casefold()))


def _spaced(text: str) -> str:
    """The folded words, elided ones too."""
    return " ".join(words(_APOSTROPHE.sub(" ", text)))


def _with_months_marked(text: str, language: str) -> str:
    """Folded words, in capitals where one is a month: a date is then a matter of form."""
    marked, left, place = list[str](), text.split(" "), 0
    while place < len(left):
        near = left[place : place + 2]  # no month has more words; all that is left would be copied once a word
        month, rest = _take_month(near, language, last=False)
        marked.append("MONTH" if month else left[place])
        place += len(near) - len(rest) if month else 1
    return " ".join(marked)


@cache
def _words_of_range(language: str) -> "regex.Pattern[str]":
    phrases = expression(_ranges(language, as_written=False), _spaced)
    return regex.compile(rf"(?(DEFINE)(?P<date>{_date(language)}))\b(?:{phrases})\b")


@cache
def _whole_date(language: str) -> "regex.Pattern[str]":
    return regex.compile(_date(language))


def _date(language: str) -> str:
    """The expression of a date in folded words, the months in them marked."""
    part = rf"(?:MONTH|{expression(_fillers(language))}|\d{{1,2}}\w{{0,3}}|\w{{1,10}}\d{{4}})"
    return rf"(?:{part} ){{0,5}}(?:MONTH|(?:1[5-9]|20)\d\d)\b(?: {part}\b){{0,3}}"


@cache
def _signs_of_range(language: str) -> "regex.Pattern[str]":
    date = r"(?P<date>(?<!\p{Nd})(?:1[5-9]|20)\p{Nd}{2}(?!\p{Nd}))"
    return regex.compile(rf"(?(DEFINE){date})(?:{expression(_ranges(language, as_written=True))})")


def _ranges(language: str, *, as_written: bool) -> list[str]:
    return [
        phrase
        for code, one in languages().items()
        if bool(one.unspaced or one.dates.year) == as_written
        for part in ((one, one.only_here) if code == language else (one,))
        for phrase in part.dates.ranges
    ]


@cache
def _marked() -> tuple["regex.Pattern[str]", ...]:
    """Dates whose figures are marked: ``2023年7月14日``, ``14 tháng 7 năm 2023``."""
    found = []
    for marks in dict.fromkeys((d.year, d.month, d.day) for d in (one.dates for one in languages().values()) if d.year):
        year, month, day = (regex.escape(mark.replace("{}", "").strip()) for mark in marks)
        if marks[0].startswith("{}"):
            found.append(rf"{_YEAR}\s?{year}(?:\s?{_MONTH}\s?{month}(?:\s?{_DAY}\s?{day})?)?")
        else:
            found.append(rf"(?:{_DAY}\s)?{month}\s{_MONTH}(?:,?\s{year}\s|\s?[/-]\s?){_YEAR}")
    return tuple(regex.compile(pattern, regex.IGNORECASE) for pattern in found)


@cache
def _fillers(language: str) -> frozenset[str]:
    """Words that may stand between a day, its month and its year: 12 *de* mayo *de* 2022, 1:*a* maj."""
    return frozenset(
        word for filler in words_anywhere(lambda one: one.dates.fillers, language) for word in words(filler)
    )


@cache
def _day_word() -> "regex.Pattern[str]":
    """A day as a folded word: 12, 1er, 2nd, 1o (from 1º)."""
    endings = expression(words_anywhere(lambda one: one.dates.day_endings), lambda ending: "".join(words(ending)))
    return regex.compile(rf"(?P<day>[12]\d|3[01]|0?[1-9])(?:{endings})?")


def is_of_other_time(year: str, date: str, text: str) -> bool:
    """Whether a text cannot be about a ``year`` that the question says: it does not name it, and its document is dated
    more than a year off. Who won in 2018 is not answered by a report of 2023 that does not speak of 2018."""
    if not year or not date or abs(int(date[:4]) - int(year)) <= 1:
        return False
    return year not in words(text)


def is_of_time(period: str, date: str, title: str) -> bool:
    """Whether a document is of a ``period``: by the year in its title, where that has one, else by its date. The annual
    report of 2021 is dated 2022."""
    years = () if _FROM_YEAR_TO_YEAR.search(title) else _years(title)
    if not period or not years:
        return overlaps(date, period)
    return period[:4] in years and (len(period) == _YEAR_ALONE or overlaps(date, period))


def tells_of(period: str, date: str, title: str, text: str) -> bool:
    """Whether a passage may tell of a ``period``: its document is of that time, or has another date and yet the passage
    names the year that is asked about. Without dates, all are alike."""
    return is_of_time(period, date, title) or (bool(date) and len(period) == _YEAR_ALONE and period in _years(text))


def _years(text: str) -> set[str]:
    return {found["year"] for found in _ALONE.finditer(with_ascii_digits(text))}


def _with_month(asked: list[str], year: str, language: str) -> str:
    """The year with the month and day that stand right beside it among the words of the question, if they do; of
    several days (12–14 May) their month, of several months (May–July) nothing.

    Beside it: ``May 2022``, ``May 2 2022``, ``2022 May``; not "What may happen in 2022?".
    """
    if year not in asked:
        return year
    place, fillers = asked.index(year), _fillers(known(language))
    before = [word for word in asked[:place] if word not in fillers][-4:]
    after = [word for word in asked[place + 1 :] if word not in fillers][:3]
    days = before[-1:] if before and before[-1][0].isdecimal() else []
    month, rest = _take_month(before[: len(before) - len(days)], language, last=True)
    if month:
        days = days or _days_at_end(rest)
        other, _ = _take_month(rest[: len(rest) - len(days)], language, last=True)
        if other and other != month:
            return ""
    else:
        days = after[:1] if after and after[0][0].isdecimal() else []
        month, rest = _take_month(after[len(days) :], language, last=False)
        days = days or rest[:1]
    if not month:
        return year
    day = _day_word().fullmatch(days[0]) if len(days) == 1 else None
    return "-".join(part for part in (year, month, day and day["day"].zfill(2)) if part)


def _days_at_end(found: Sequence[str]) -> list[str]:
    return list(takewhile(_day_word().fullmatch, reversed(found)))


def _take_month(found: list[str], language: str, *, last: bool) -> tuple[str, list[str]]:
    """The month, of one word or two, that is the last or the first of some words, and the words beyond it."""
    for length in (2, 1):
        name = " ".join(found[-length:] if last else found[:length])
        month = month_of(name, language) or month_of(name)
        if month := month or (short_month_of(name, language) if known(language) else ""):
            return month, found[:-length] if last else found[length:]
    return "", found
