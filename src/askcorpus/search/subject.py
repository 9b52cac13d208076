"""What a message asks an overview of: "What do the documents say about X?", "news about X", the bare name X, or "What
happened in July 2022?". What happened in Sweden may be answered by a sentence, or else is such a subject too.

Only whole messages count that consist of a phrase from the language files and a subject. Whether the corpus is about
that subject, ``askcorpus.answer.overview`` finds out: a real question mistaken for one about a subject would get an
answer that misses the point.
"""

from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

import regex

from askcorpus.search.countries import calendar_words
from askcorpus.search.period import is_date, read_period
from askcorpus.search.relative_dates import is_month, name_years
from askcorpus.text.dates import day_range
from askcorpus.text.expressions import expression
from askcorpus.text.folding import fold, folded
from askcorpus.text.language import detect_language, likely_languages
from askcorpus.text.lexicon import Words, languages
from askcorpus.text.words import words

LONGEST = 200
"""Characters of a message."""

MOST_WORDS = 8
"""Words of a subject; pairs of characters in scripts that are written without spaces."""

MOST_WORDS_BARE = 4
"""Words of a subject that stands alone."""

_Kind = Literal["asks", "happened", "another"]
"""A list of phrases with a SUBJECT in them, as the files of the languages have them."""

_ODD = regex.compile(r"[\[\]<>{}|\\\n\r\t]")
_MARK = regex.compile(r"[?!.;:؟？！。；：/]")
_AROUND = " ,…。、，\"'“”„«»‹›()"


class Subject(NamedTuple):
    """What a message is about, as it writes it, and the language of its words; ``bare`` where it has no others,
    ``happened`` where it asks what happened there."""

    text: str
    language: str
    bare: bool = False
    happened: bool = False

    @property
    def is_name(self) -> bool:
        """Whether it can be nothing but a name: anything else by itself says too little."""
        return self.bare or self.happened


def subject_of(message: str) -> Subject | None:
    """What ``message`` asks an overview of; None where it asks something else."""
    for text, language in _asked(message, "asks"):
        return _checked(text, language, shouted=message.strip().isupper())
    return _bare(message.strip()) if _is_plain(message) else None


class Time(NamedTuple):
    """A time of which a message asks what happened then, as a partial ISO date, and the language of its words."""

    period: str
    language: str

    @property
    def is_day(self) -> bool:
        """Whether it is as short as that: what happened on a day is often told by a report of the next."""
        return self.period.count("-") == 2


def time_of(message: str, latest: str = "") -> Time | None:
    """The time of which ``message`` asks what happened then; None where it asks something else.

    ``latest`` is the newest date in the corpus, from which a time without a year is counted back; without it, none is.
    """
    for text, language in _asked(message, "happened"):
        dated = name_years(text, latest, language) if latest else text
        if is_date(dated, language):
            return _time(read_period(dated, "", language), language)
        if latest and is_month(text, language):
            return _time(read_period(message, latest, language), language)
    return None


def place_of(message: str) -> Subject | None:
    """The place, or other name, of which ``message`` asks what happened there; None where it asks something else."""
    for text, language in _asked(message, "happened"):
        found = _checked(text, language, shouted=message.strip().isupper())
        is_time = calendar_words(language).issuperset(text.split())  # of whatever year or week
        return found._replace(happened=True) if found and not is_time else None
    return None


def another_of(message: str, language: str) -> list[tuple[str, str]]:
    """What ``message`` may name of which the question before it is asked again, by each language that its words may be
    in, ``language`` first, with that language; nothing where it asks something else."""
    return list(_asked(message, "another", language))


def _time(period: str, language: str) -> Time | None:
    return Time(period, language) if day_range(period) else None


def _is_plain(message: str) -> bool:
    """Whether a message is short, and a line without marks of a program's."""
    return len(message) <= LONGEST and not _ODD.search(message.strip())


def _bare(message: str) -> Subject | None:
    """A message of a few words without a mark, such as that of a question."""
    text = message.strip(_AROUND)
    shouted = " " in text and text.isupper()
    if _MARK.search(text) or len(words(text)) > MOST_WORDS_BARE or _says_nothing(text, shouted=shouted):
        return None
    return _checked(text, detect_language(text), shouted=shouted, bare=True)


def _checked(text: str, language: str, *, shouted: bool, bare: bool = False) -> Subject | None:
    """``text`` as a subject; None where it is a question of its own, or names nothing."""
    if not 0 < len(words(text)) <= MOST_WORDS or _says_nothing(text, language, shouted=shouted):
        return None
    if _asks(_said(text, shouted=shouted), language):
        return None
    return Subject(" ".join(text.split()), language, bare)


def _says_nothing(text: str, language: str = "", *, shouted: bool) -> bool:
    """Whether all words of a text ask or name nothing, in a language or in any, but no acronym is among them."""
    said = _said(text, shouted=shouted)
    return said == fold(text).strip() and _nothing(language).issuperset(said.split())


def _said(text: str, *, shouted: bool) -> str:
    """The folded words of a text that are no acronyms, as *US* and *WHO* are where not all is in capitals."""
    return fold(" ".join(word for word in text.split() if shouted or not word.isupper())).strip()


def _asked(message: str, kind: _Kind, *spoken: str) -> Iterator[tuple[str, str]]:
    """The subject of a message as it writes it, by phrases of each language that it may be in, with the language; those
    that were ``spoken`` before are tried first."""
    if not _is_plain(message):
        return
    message = message.strip()
    whole = folded(message)
    start, end = len(whole.text) - len(whole.text.lstrip()), len(whole.text.rstrip())
    for language in dict.fromkeys((*spoken, *likely_languages(message))):
        pattern = _phrases(language, kind)
        if match := pattern.fullmatch(whole.text, start, end) if pattern else None:
            first, last = match.span("subject")
            if text := message[whole.places[first] : whole.places[last - 1] + 1].strip(_AROUND):
                yield text, language


def _asks(said: str, language: str) -> bool:
    """Whether folded words have one among them that asks, in a language or in one that is written without spaces."""
    return any(
        pattern.search(said)
        for code, one in languages().items()
        if (code == language or one.unspaced) and (pattern := _asking(code))
    )


@cache
def _nothing(language: str = "") -> frozenset[str]:
    """The folded words that ask or name nothing, in a language or in any."""
    lists = [one.overview for code, one in languages().items() if language in (code, "")]
    return frozenset(word for one in lists for text in (*one.asking, *one.pronouns) for word in fold(text).split())


@cache
def _phrases(language: str, kind: _Kind) -> "regex.Pattern[str] | None":
    one = languages().get(language)
    asked: Words = getattr(one.overview, kind) if one else ()
    if not one or not asked:
        return None
    polite = expression((*one.overview.polite, *one.small_talk.thanks), fold)
    phrases = expression(asked, fold)
    between = " ?" if one.unspaced else "(?= ) ?"  # a City does not end in thanks (ty)
    return regex.compile(f"(?:(?:{polite}){between})?(?:{phrases})(?:{between}(?:{polite}))?")


@cache
def _asking(language: str) -> "regex.Pattern[str] | None":
    one = languages().get(language)
    if not one or not one.overview.asking:
        return None
    found = expression(one.overview.asking, fold)
    return regex.compile(found if one.unspaced else rf"(?<![\p{{L}}\p{{M}}])(?:{found})(?![\p{{L}}\p{{M}}])")
