"""Times without a year, counted back from the newest date in the corpus: « en juillet dernier », "last year".

Not from today: an archive may end in 2022, and somebody who asks it about last July means the last one it covers. That
month itself counts: July 2022 is last July for a corpus that ends with it.

A month alone is a time only after its language's preposition, because may, march and mars are other words too. If in
doubt, it is none: a time that was not meant costs more than one that was missed.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Literal

import regex

from askcorpus.text.expressions import expression
from askcorpus.text.lexicon import known, languages, words_anywhere
from askcorpus.text.months import month_of
from askcorpus.text.words import word_spans, words

Field = Literal["last_year", "this_year", "last_month", "this_month", "last", "within"]
"""What a language can say of a time without a year; the last two hold a month's name."""

_LETTER = regex.compile(r"\p{L}")
_SOFT_GAP = regex.compile(r"[\s'’‘ʼ-]*")


def name_years(question: str, latest: str, language: str = "") -> str:
    """The question with the year itself in place of "last year" and "this year"; as it is where it says neither."""
    this, last = latest[:4], f"{int(latest[:4]) - 1:04d}"
    named = question
    for one in languages().values():
        if written := one.dates.year:
            dates = one.relative_dates
            named = _as_written(dates.last_year).sub(written.format(last), named)
            named = _as_written(dates.this_year).sub(written.format(this), named)
    if named != question:
        return named
    text = _folded(question)
    named = _any("this_year", known(language)).sub(this, _any("last_year", known(language)).sub(last, text))
    return question if named == text else named


def last_month(question: str, latest: str, language: str = "") -> str:
    """The month or day that a question without a year means, as a partial ISO date; empty when none, or several."""
    language = known(language)
    folded = _folded(question)
    found = set(_months_told(folded, latest, language))
    if month := latest[5:7]:
        index = 12 * int(latest[:4]) + int(month) - 1
        months: tuple[tuple[int, Field], ...] = ((1, "last_month"), (0, "this_month"))
        for back, field in months:
            if _says(question, folded, field, language):
                found.add(f"{(index - back) // 12:04d}-{(index - back) % 12 + 1:02d}")
    return found.pop() if len(found) == 1 else ""


def is_month(text: str, language: str = "") -> bool:
    """Whether a text is a month without a year and nothing else: *July*, *last July*, *last month*."""
    text, language = text.strip(), known(language)
    if month_of(text.casefold(), language):
        return True
    spaced = [_any("last_month", language), _any("this_month", language)]
    if language:
        spaced.append(_with_month("last", language, own=True))
    folded = _folded(text).strip()
    return any(pattern.fullmatch(folded) for pattern in spaced) or any(
        _as_written(phrases).fullmatch(text)
        for one in languages().values()
        if one.dates.month
        for phrases in (one.relative_dates.last_month, one.relative_dates.this_month)
    )


def months_named(text: str, language: str = "") -> list[str]:
    """The months that a text names, as it writes them; none that is another word in small letters (march)."""
    code = known(language)
    other = _capitalised(code) if code else frozenset[str]()
    written = (text[span.start : span.end] for _, span in word_spans(text))
    return [word for word in written if word not in other and is_month(word, language)]


def _says(question: str, folded: str, field: Field, language: str) -> bool:
    """Whether a question, which is given as it is and ``folded``, says ``field`` in any language."""
    marked = (getattr(one.relative_dates, field) for one in languages().values() if one.dates.month)
    return any(_as_written(phrases).search(question) for phrases in marked) or bool(
        _any(field, language).search(folded)
    )


def _months_told(text: str, latest: str, language: str) -> Iterator[str]:
    """Each month of the text that is a time, with its day where it has one."""
    alone = _not_the_last().isdisjoint(text.casefold().split(" "))
    for code in languages():
        own = code == language
        for match in _with_month("last", code, own=own).finditer(text, overlapped=True):
            if month := _month_in(match, code):
                day = _day().search(text, max(0, match.start("month") - 20), match.start("month"))
                yield _latest_such(f"{month}-{day['day'].zfill(2)}" if day else month, latest)
        for match in _with_month("within", code, own=own).finditer(text, overlapped=True) if alone else ():
            if (month := _month_in(match, code)) and _ends_there(text[match.end() :], code):
                yield _latest_such(month, latest)


def _month_in(match: "regex.Match[str]", language: str) -> str:
    name = match["month"]
    return "" if name in _capitalised(language) else month_of(name.casefold(), language)


def _ends_there(rest: str, language: str) -> bool:
    """Whether a month alone is all of the time and of the name: not "in May 68", "in May Day", "in June and July"."""
    after = [*rest.split(" "), "", ""][1:3] if rest.startswith(" ") else ["", ""]
    if after[0][:1].isdecimal() or month_of(after[1].casefold(), language):
        return False
    return languages()[language].capitalised_nouns or not after[0][:1].isupper()


def _latest_such(month: str, latest: str) -> str:
    """The last ``month`` (``07``, ``07-14``) that is not after ``latest``, as far as that is told."""
    date = f"{latest[:4]}-{month}"
    return date if date[: len(latest)] <= latest[: len(date)] else f"{int(latest[:4]) - 1:04d}-{month}"


def _folded(question: str) -> str:
    """The folded words, in a capital where they began with one, elided ones too; a comma for what parts them."""
    parts, end = list[str](), 0
    for word, (start, stop) in word_spans(question):
        gap = question[end:start]
        elided = " ".join(words(gap))
        parted = "" if _SOFT_GAP.fullmatch(_LETTER.sub("", gap)) else ","
        shown = word.capitalize() if question[start : start + 1].isupper() else word
        parts.append(f"{parted} {elided} {shown}" if elided else f"{parted} {shown}")
        end = stop
    return f"{''.join(parts)} "


@cache
def _any(field: Field, language: str) -> "regex.Pattern[str]":
    """What says ``field`` in any language, in those aside that mark the figures of a date and are read as written."""
    phrases = [
        phrase
        for code, one in languages().items()
        if not one.dates.year
        for part in ((one, one.only_here) if code == language else (one,))
        for phrase in getattr(part.relative_dates, field)
    ]
    return _compiled(phrases)


@cache
def _with_month(field: Field, code: str, *, own: bool) -> "regex.Pattern[str]":
    """What says ``field`` in one language; if it is the question's ``own`` one, with what counts there only."""
    one = languages()[code]
    parts = (one, one.only_here) if own else (one,)
    return _compiled([phrase for part in parts for phrase in getattr(part.relative_dates, field)])


def _compiled(phrases: Iterable[str]) -> "regex.Pattern[str]":
    return regex.compile(rf"\b(?:{expression(phrases, _folded_phrase)})\b", regex.IGNORECASE)


def _folded_phrase(phrase: str) -> str:
    return _folded(phrase).strip()


@cache
def _as_written(phrases: tuple[str, ...]) -> "regex.Pattern[str]":
    return regex.compile(expression(phrases), regex.IGNORECASE)


@cache
def _not_the_last() -> frozenset[str]:
    """Words with which a month alone is not the last one: what happens every year, or is to come, or was long ago."""
    return frozenset(_folded_phrase(word) for word in words_anywhere(lambda one: one.relative_dates.not_the_last))


@cache
def _capitalised(language: str) -> frozenset[str]:
    """Months that are one only with a capital (“in august company”), without it."""
    return frozenset(month.lower() for month in languages()[language].dates.capitalised_months)


@cache
def _day() -> "regex.Pattern[str]":
    """A day before its month, at the end of a text."""
    ending = expression(words_anywhere(lambda one: one.dates.day_endings), _folded_phrase)
    between = expression(words_anywhere(lambda one: one.dates.before_month), _folded_phrase)
    return regex.compile(rf"(?<!\p{{Nd}})(?P<day>[12]\d|3[01]|0?[1-9])(?:{ending})? (?:(?:{between}) )?$")
