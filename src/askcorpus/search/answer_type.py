"""What kind of words would answer a question, and where a sentence has them: a name, a date, a number.

Deliberately shallow: the interrogatives of each language (``text/languages``) and the look of names, dates and numbers.
It only marks words inside a quote and lifts a sentence a little; it never decides alone.
"""

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import NamedTuple

import regex

from askcorpus.text.lexicon import (
    Dates,
    Month,
    Pick,
    Vocabulary,
    Words,
    expression,
    known,
    languages,
    whole_words_anywhere,
    whole_words_in,
    whole_words_only_in,
    words_in,
)
from askcorpus.text.words import words
from askcorpus.types import Span


class AnswerType(Enum):
    """What is asked for."""

    WHEN = "when"
    HOW_MANY = "how many"
    NAME = "name"
    OTHER = "other"


_ASKS: dict[AnswerType, Pick] = {
    AnswerType.HOW_MANY: lambda one: one.questions.how_many,
    AnswerType.WHEN: lambda one: one.questions.when,
    AnswerType.NAME: lambda one: one.questions.name,
}
"""What asks for each kind, in the order in which it is looked for."""

_WITHIN = r"[\p{L}\p{M}’'-]{0,60}"
_FIGURE = r"\p{Nd}{1,30}(?:[.,\u00a0\u202f ]\p{Nd}{3}){0,10}(?:[.,]\p{Nd}{1,30})?"
_ROMAN = r"(?-i:[IVX]{1,5})"
_YEAR = r"(?<!\p{Nd})(?:1\p{Nd}|20)\p{Nd}{2}(?!\p{Nd})"


class Asked(NamedTuple):
    """What a question asks for: the kind of words that would answer it, which are not those that it says itself."""

    kind: AnswerType
    said: frozenset[str] = frozenset()


def what_is_asked(question: str, language: str = "") -> Asked:
    """What ``question``, in ``language`` ("" where that is not known), asks for."""
    return Asked(answer_type_of(question, language), frozenset(words(question)))


def answer_type_of(question: str, language: str = "") -> AnswerType:
    """The kind of what ``question`` asks for; ``OTHER`` when nothing says.

    The words of all languages tell, and those that mean something else in another one where ``language`` is theirs.
    """
    folded = question.casefold()
    patterns = ((kind, (_asks(kind), _asks_here(kind, known(language)))) for kind in _ASKS)
    return next((kind for kind, both in patterns if any(asks.search(folded) for asks in both)), AnswerType.OTHER)


def answer_spans(asked: Asked, sentence: str, language: str = "") -> list[Span]:
    """Where ``sentence``, in ``language``, has words of the kind asked for, and which the question does not say."""
    if asked.kind is AnswerType.OTHER:
        return []
    return [
        Span(match.start(), match.end())
        for match in _answers(asked.kind, known(language)).finditer(sentence)
        if match.end() > match.start() and not set(words(match[0])) <= asked.said and not _opens(asked.kind, match)
    ]


def lacks_answer(asked: Asked, sentence: str, language: str = "") -> bool:
    """Whether an amount or a time is asked for and ``sentence``, in ``language``, has none: it cannot answer alone."""
    return asked.kind in (AnswerType.WHEN, AnswerType.HOW_MANY) and not answer_spans(asked, sentence, language)


def _opens(kind: AnswerType, match: "regex.Match[str]") -> bool:
    """Whether a single capitalised word stands first in the sentence, where every word is capitalised."""
    return kind is AnswerType.NAME and match.start() == 0 and " " not in match[0]


@cache
def _asks(kind: AnswerType) -> "regex.Pattern[str]":
    return regex.compile(whole_words_anywhere(_ASKS[kind]))


@cache
def _asks_here(kind: AnswerType, language: str) -> "regex.Pattern[str]":
    return regex.compile(whole_words_only_in(language, _ASKS[kind]))


@cache
def _answers(kind: AnswerType, language: str) -> "regex.Pattern[str]":
    """What answers in a language, or in any."""
    if kind is AnswerType.HOW_MANY:
        return regex.compile(_amount(language), regex.IGNORECASE)
    if kind is AnswerType.WHEN:
        return regex.compile(_date(language), regex.IGNORECASE)
    link = expression(link for one in languages().values() for link in one.names.links)
    first = r"\p{Lu}[\p{Nd}\p{L}\p{M}’'-]{0,60}"
    return regex.compile(rf"{first}(?:\s(?:(?:{link})\s){{0,2}}\p{{Lu}}{_WITHIN}){{0,20}}")


def _amount(language: str) -> str:
    units = expression(words_in(language, lambda one: one.numbers.units), str.lower)
    spelled = whole_words_in(language, lambda one: one.numbers.spelled, str.lower)
    signs = "".join(words_in(language, lambda one: one.numbers.signs))
    counters = "".join(words_in(language, lambda one: one.numbers.counters))
    counted = rf"[{signs}]{{1,20}}(?=[{counters}])" if signs else "(?!)"
    return rf"{_FIGURE}(?:\s?%|[\s-](?:{units})(?![\p{{L}}\p{{M}}]))?|{counted}|{spelled}"


def _date(language: str) -> str:
    """Dates as a language writes them: 4 March 2019, March 4th, 2019年3月4日, the 19th century.

    A month that is short, or another word as well, counts only beside a figure.
    """
    ending = expression(words_in(language, lambda one: one.dates.day_endings))
    between = expression(words_in(language, lambda one: one.dates.before_month))
    day = rf"(?<!\p{{Nd}})\p{{Nd}}{{1,2}}(?!\p{{Nd}})(?:\.|{ending})?"
    before, after = rf"{day}\s(?:(?:{between})\s)?", rf"\s{day},?"
    year = rf",?\s(?:(?:{between})\s)?{_YEAR}"
    short = rf"(?:{whole_words_in(language, lambda one: _listed(one.months_short), str.lower)})\.?"
    month = rf"(?:{whole_words_in(language, _plain_months, str.lower)}|(?-i:{_capitalised_months(language)}))"
    century = whole_words_in(language, lambda one: one.dates.centuries, str.lower)
    named = (
        rf"(?:{before})?{month}(?:{after})?(?:{year})?",
        rf"{before}{short}(?:{year})?",
        rf"{short}(?:{after}(?:{year})?|{year})",
        rf"(?:(?:\p{{Nd}}{{1,2}}|{_ROMAN})[\p{{L}}.]{{0,4}}\s?)?(?:{century})(?:\s{_ROMAN}\b)?",
    )
    marked = [_marked(one.dates) for code, one in languages().items() if one.dates.year and language in ("", code)]
    spaced = language and not languages()[language].unspaced
    start = r"(?<![\p{L}\p{M}\p{Nd}])" if spaced else ""
    return "|".join((rf"{start}(?:{'|'.join(named)})", *marked, _YEAR))


def _listed(months: Mapping[Month, Words]) -> list[str]:
    return [name for names in months.values() for name in names]


def _plain_months(one: Vocabulary) -> list[str]:
    """Months that are nothing else, however they are written."""
    doubtful = {*_listed(one.months_short), *one.dates.capitalised_months}
    return [name for name in _listed(one.months) if name not in doubtful]


def _capitalised_months(language: str) -> str:
    names = words_in(language, lambda one: one.dates.capitalised_months)
    return rf"\b(?:{expression((*names, *map(str.upper, names)), str)})\b"


def _marked(dates: Dates) -> str:
    """Dates whose figures are marked: 2019年3月4日, 3月4日, ngày 4 tháng 3 năm 2019."""
    year, month, day = (regex.escape(mark.replace("{}", "").strip()) for mark in (dates.year, dates.month, dates.day))
    figure = r"\p{Nd}{1,2}"
    if dates.year.startswith("{}"):
        rest = rf"{figure}\s?{month}(?:\s?{figure}\s?{day})?"
        return rf"\p{{Nd}}{{1,4}}\s?{year}(?:\s?{rest})?|{rest}"
    return rf"(?:{day}\s)?(?:{figure}\s)?{month}\s{figure}(?:(?:,?\s{year}\s|\s?[/-]\s?){_YEAR})?"
