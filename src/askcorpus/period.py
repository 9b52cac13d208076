"""The time that a question names: "in September 2022", « le 12 octobre 2022 », "2023年7月".

Documents of that time are preferred, not required: what happened in a month is often told in the next one. Without a
year, the time is counted back from the newest date in the corpus: « en juillet dernier ».
"""

import regex

from askcorpus.lately import last_month, name_years
from askcorpus.months import month_of
from askcorpus.words import words

PREFERENCE = 0.75
"""Standard deviations of evidence that being of the asked time is worth."""

_YEAR = r"(?P<year>(?:1[5-9]|20)\p{Nd}{2})(?!\p{Nd})"
_ISO = regex.compile(
    rf"(?<!\p{{Nd}}){_YEAR}-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>0[1-9]|[12]\p{{Nd}}|3[01]))?(?!\p{{Nd}})"
)
_CJK = regex.compile(
    rf"{_YEAR}\s?[年년](?:\s?(?P<month>1[0-2]|0?[1-9])\s?[月월](?:\s?(?P<day>[12]\p{{Nd}}|3[01]|0?[1-9])\s?[日일])?)?"
)
_VIETNAMESE = regex.compile(
    rf"(?:(?P<day>[12]\p{{Nd}}|3[01]|0?[1-9])\s)?tháng\s(?P<month>1[0-2]|0?[1-9])(?:,?\snăm\s|\s?[/-]\s?){_YEAR}",
    regex.IGNORECASE,
)
_ALONE = regex.compile(rf"(?<![\p{{Nd}}.,-]){_YEAR}(?![.,]?\p{{Nd}})")

_FILLERS = frozenset(
    ("d", "l", "de", "del", "di", "of", "do", "da", "den", "der", "the", "le", "el", "من", "year", "г", "р")
    + ("in", "im", "des", "jahr", "jahres", "annee", "ano", "anno", "jaar", "году", "года", "roku")
    + ("o", "a", "го", "е", "й", "ше")  # what is written after a day: 1.º de maio, 1:a maj, 1-го мая
)
_DAY = regex.compile(r"(?P<day>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th|er|re|e|r|o|a|ro|ero|η)?")
"""A day as a word, folded: 12, 1er, 2nd, 1o (from 1º)."""


def read_period(question: str, latest: str = "") -> str:
    """The time named, as a partial ISO date (``2022``, ``2022-09``, ``2022-09-29``); empty when none, or several.

    ``latest`` is the newest date in the corpus, from which a time without a year is counted back; without it, none is.
    """
    named = _named(question)
    if named or not latest or _ALONE.search(question):
        return named
    dated = name_years(question, latest)
    return last_month(question, latest) if dated == question else _named(dated)


def _named(question: str) -> str:
    """The time that is named with its year."""
    if found := _ISO.search(question) or _CJK.search(question) or _VIETNAMESE.search(question):
        parts = [found["year"], *(part.zfill(2) for part in (found["month"], found["day"]) if part)]
        return "-".join(parts)
    years = {match["year"] for match in _ALONE.finditer(question)}
    if len(years) != 1:
        return ""
    year = years.pop()
    return _with_month(words(question), year)


def overlaps(date: str, period: str) -> bool:
    """Whether two partial ISO dates can be the same day; an empty one is no date."""
    return bool(date and period) and (date.startswith(period) or period.startswith(date))


def is_of_other_time(period: str, question: str, date: str, text: str) -> bool:
    """Whether a text cannot be about the asked period: it does not name its year, and its document is dated more than
    a year off. Who won in 2018 is not answered by a report of 2023 that does not speak of 2018. A year that the
    question does not say itself, but that was counted back, rules nothing out."""
    if not period or not date or period[:4] not in question or abs(int(date[:4]) - int(period[:4])) <= 1:
        return False
    return period[:4] not in words(text)


def _with_month(asked: list[str], year: str) -> str:
    """The year with the month and day that stand right beside it among the words of the question, if they do.

    Beside it: ``May 2022``, ``May 2 2022``, ``2022 May``; not "What may happen in 2022?".
    """
    if year not in asked:
        return year
    place = asked.index(year)
    before = [word for word in asked[:place] if word not in _FILLERS][-3:]
    after = [word for word in asked[place + 1 :] if word not in _FILLERS][:2]
    if len(before) > 1 and before[-1][0].isdecimal() and month_of(before[-2]):
        month, days = month_of(before[-2]), before[-1:]
    elif before and month_of(before[-1]):
        month, days = month_of(before[-1]), before[-2:-1]
    elif after and month_of(after[0]):
        month, days = month_of(after[0]), after[1:]
    else:
        return year
    day = next((match["day"].zfill(2) for word in days if (match := _DAY.fullmatch(word))), "")
    return "-".join(part for part in (year, month, day) if part)
