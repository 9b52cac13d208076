"""The time that a question names: "in September 2022", « le 12 octobre 2022 », "2023年7月".

Documents of that time are preferred, not required: what happened in a month is often told in the next one.
"""

from functools import cache

import regex

from askcorpus.words import words

PREFERENCE = 0.75
"""Standard deviations of evidence that being of the asked time is worth."""

_LANGUAGES = "en fr de es it pt nl ca ro pl cs sk hu ru uk bg el tr ar fa he hi id sv da fi no sw"

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
_DECLINED = 6
"""Letters from which a month's last one may be an ending (сентябрь, сентября, сентябре)."""

_FILLERS = frozenset(
    ("de", "del", "di", "of", "do", "da", "den", "der", "the", "le", "el", "من", "year", "г", "р")
    + ("o", "a", "го", "е", "й", "ше")  # what is written after a day: 1.º de maio, 1:a maj, 1-го мая
)
_DAY = regex.compile(r"(?P<day>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th|er|re|e|r|o|a|ro|ero|η)?")
"""A day as a word, folded: 12, 1er, 2nd, 1o (from 1º)."""


def read_period(question: str) -> str:
    """The time named, as a partial ISO date (``2022``, ``2022-09``, ``2022-09-29``); empty when none, or several."""
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


def is_of_other_time(period: str, date: str, text: str) -> bool:
    """Whether a text cannot be about the asked period: it does not name its year, and its document is dated more than
    a year off. Who won in 2018 is not answered by a report of 2023 that does not speak of 2018."""
    if not period or not date or abs(int(date[:4]) - int(period[:4])) <= 1:
        return False
    return period[:4] not in words(text)


def _with_month(asked: list[str], year: str) -> str:
    """The year with the month and day that stand beside it among the words of the question, if they do."""
    if year not in asked:
        return year
    place = asked.index(year)
    around = [word for word in asked[max(0, place - 5) : place + 3] if word not in _FILLERS]
    at = next((index for index, word in enumerate(around) if _month(word)), None)
    if at is None:
        return year
    beside = (_DAY.fullmatch(word) for word in around[max(0, at - 1) : at] + around[at + 1 : at + 2])
    day = next((match["day"].zfill(2) for match in beside if match), "")
    return "-".join(part for part in (year, _month(around[at]), day) if part)


def _month(word: str) -> str:
    """The two digits of the month that ``word`` names, in any case of its declension; empty when none."""
    return _months().get(word) or (_months().get(word[:-1], "") if len(word) >= _DECLINED else "")


@cache
def _months() -> dict[str, str]:
    """Month names of many languages, folded as the words of a question are, to their two digits (Unicode CLDR)."""
    from babel.dates import get_month_names

    found: dict[str, str] = {}
    for language in _LANGUAGES.split(" "):
        for context in ("format", "stand-alone"):
            for number, name in get_month_names("wide", context=context, locale=language).items():
                for word in words(str(name)):
                    found.setdefault(word, f"{number:02d}")
                    if len(word) >= _DECLINED:
                        found.setdefault(word[:-1], f"{number:02d}")
    return found
