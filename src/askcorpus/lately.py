"""Times without a year, counted back from the newest date in the corpus: « en juillet dernier », "last year".

Not from today: an archive may end in 2022, and whoever asks it for last July means the last one that it tells of. That
month itself counts: July 2022 is last July for a corpus that ends with it.

A month alone is a time only behind its language's preposition, for may, march and mars are other words too. Where in
doubt it is none: a time that was not meant costs more than one that was not read.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import regex

from askcorpus.months import month_of
from askcorpus.words import word_spans, words


class _Speech(NamedTuple):
    """How a language counts back: alternatives of expressions over folded words, ``M`` for a month's name."""

    last_year: str = ""
    this_year: str = ""
    last_month: str = ""
    this_month: str = ""
    last: str = ""
    within: str = ""


_OWNERS = "the a at s their his her its our my your"
_NOT_ITS_OWN = "".join(f"(?<! {word} )" for word in _OWNERS.split(" "))
"""Not “the last year of the war”, “his last month in office”, “at last”."""

_SPEECH = {
    "en": _Speech(
        f"{_NOT_ITS_OWN}last year(?! of)",
        "this year",
        f"{_NOT_ITS_OWN}last month(?! of)",
        "this month(?! of)",
        f"{_NOT_ITS_OWN}last M(?! (?:of|day))|this past M",
        "in(?: early| late| mid)? M(?! (?:of|s))",
    ),
    "fr": _Speech(
        "l an (?:dernier|passe)|annee (?:derniere|passee)",
        "cette annee",
        "le mois (?:dernier|passe)|(?:du|au) mois dernier",
        "ce mois ci|ce mois(?! de)",
        "M dernier",
        "(?:en|mois de|mois d|debut|fin|mi) M",
    ),
    "de": _Speech(
        "(?:letzt|vergangen|vorig)(?:e[ns] jahr|en jahres)(?! (?:der|des|vor|seiner|ihrer|seines|ihres))",
        "diese[sm] jahr(?:es)?",
        "(?:letzten|vergangenen|vorigen) monat(?! (?:der|des|vor|seiner|ihrer|seines|ihres))",
        "diese[nms] monat",
        "(?:letzten|vergangenen|vorigen) M(?! (?:der|des))",
        "(?:im|anfang|mitte|ende) M",
    ),
    "es": _Speech(
        "ano pasado|(?:el|del) pasado ano",
        "este ano",
        "mes pasado|(?:el|del) pasado mes(?! de)",
        "este mes(?! de)",
        "(?:el|del|este|al) pasado (?:mes de )?M|M pasado",
        "(?:en|mes de|principios de|mediados de|finales de) M",
    ),
    "it": _Speech(
        "anno scorso|scorso anno",
        "(?:quest|questo) anno",
        "mese scorso|scorso mese(?! di)",
        "questo mese(?! di)",
        "M scorso|scorso (?:mese di )?M",
        "(?:a|ad|in|mese di|inizio|meta|fine) M",
    ),
    "pt": _Speech(
        "ano passado|(?:o|do|no) passado ano",
        "(?:este|neste|deste) ano",
        "mes passado|(?:o|do|no) passado mes(?! de)",
        "(?:este|neste|deste) mes(?! de)",
        "(?:o|do|no|em) passado (?:mes de )?M|M passado",
        "(?:em|mes de|inicio de|meados de|finais de) M",
    ),
    "nl": _Speech(
        "vorig jaar",
        "dit jaar",
        "vorige maand|afgelopen maand",
        "deze maand",
        "(?:vorige|afgelopen) M",
        "(?:in|begin|half|eind) M",
    ),
    "ru": _Speech(
        "(?:прошлом|минувшем) году|(?:прошлого|минувшего) года",
        "этом году|этого года",
        "(?:прошлом|минувшем) месяце|прошлого месяца",
        "этом месяце",
        "(?:прошлом|прошлого|минувшем) M",
        "в M",
    ),
    "pl": _Speech(
        "(?:zeszlym|ubieglym) roku|(?:zeszlego|ubieglego) roku",
        "tym roku|tego roku",
        "(?:zeszlym|ubieglym) miesiacu",
        "tym miesiacu",
        "(?:zeszlym|ubieglym) M",
        "(?:w|we) M",
    ),
    "id": _Speech("tahun lalu", "tahun ini", "bulan lalu", "bulan ini", "M lalu", "(?:pada|bulan) M"),
    "sw": _Speech("mwaka jana", "mwaka huu", "mwezi uliopita", "mwezi huu"),
    "tr": _Speech("gecen yil", "bu yil", "gecen ay", "bu ay", "gecen M"),
    "ar": _Speech("العام الماضي|السنه الماضيه", "هذا العام|هذه السنه", "الشهر الماضي", "هذا الشهر", "M الماضي", "في M"),
}

_LAST_YEAR_UNSPACED = regex.compile(r"(?<![过過])去年|昨年|작년|지난\s?해|năm ngoái", regex.IGNORECASE)
_THIS_YEAR_UNSPACED = regex.compile(r"今年|올해|năm nay", regex.IGNORECASE)
_LAST_MONTH_UNSPACED = regex.compile(r"上[个個]月|先月|지난\s?달|tháng trước", regex.IGNORECASE)
_THIS_MONTH_UNSPACED = regex.compile(r"[这這][个個]月|本月|今月|이번\s?달|tháng này", regex.IGNORECASE)

_NOT_THE_LAST = (
    "each every always usually normally typically next ago earlier chaque toujours habituellement prochain prochaine"
    " jedes jeden immer normalerweise nachsten nachstes kommenden cada siempre sempre normalmente proximo proxima ogni"
    " prossimo prossima elk elke altijd volgend volgende каждый каждом всегда следующего kazdym zawsze przyszlym"
)
"""Words with which a month alone is not the last one: what happens every year, or is to come, or was long ago."""

_ALSO_WORDS = frozenset(("march", "may", "august"))
"""Months that in English are one only with a capital (“in august company”)."""

_HANGUL = regex.compile(r"\p{Hangul}")
_LETTER = regex.compile(r"\p{L}")
_SOFT_GAP = regex.compile(r"[\s'’‘ʼ-]*")
_DAY = regex.compile(r"(?<!\p{Nd})(?P<day>[12]\d|3[01]|0?[1-9])(?:er|e|o|ro)? (?:de |di )?$")


def name_years(question: str, latest: str) -> str:
    """The question with the year itself in place of "last year" and "this year"; as it is where it says neither."""
    this, last = latest[:4], f"{int(latest[:4]) - 1:04d}"
    mark = "năm {}" if "năm" in question.lower() else "{}년" if _HANGUL.search(question) else "{}年"
    named = _THIS_YEAR_UNSPACED.sub(mark.format(this), _LAST_YEAR_UNSPACED.sub(mark.format(last), question))
    if named != question:
        return named
    text = _folded(question)
    named = _any("this_year").sub(this, _any("last_year").sub(last, text))
    return question if named == text else named


def last_month(question: str, latest: str) -> str:
    """The month or day that a question without a year means, as a partial ISO date; empty when none, or several."""
    found = set(_months_told(_folded(question), latest))
    if month := latest[5:7]:
        index = 12 * int(latest[:4]) + int(month) - 1
        for back, field, unspaced in ((1, "last_month", _LAST_MONTH_UNSPACED), (0, "this_month", _THIS_MONTH_UNSPACED)):
            if unspaced.search(question) or _any(field).search(_folded(question)):
                found.add(f"{(index - back) // 12:04d}-{(index - back) % 12 + 1:02d}")
    return found.pop() if len(found) == 1 else ""


def _months_told(text: str, latest: str) -> Iterator[str]:
    """Each month of the text that is a time, with its day where it has one."""
    alone = set(_NOT_THE_LAST.split(" ")).isdisjoint(text.casefold().split(" "))
    for language in _SPEECH:
        for match in _last(language).finditer(text, overlapped=True):
            if month := _month_in(match, language):
                day = _DAY.search(text, max(0, match.start("month") - 20), match.start("month"))
                yield _latest_such(f"{month}-{day['day'].zfill(2)}" if day else month, latest)
        for match in _within(language).finditer(text, overlapped=True) if alone else ():
            if (month := _month_in(match, language)) and _ends_there(text[match.end() :], language):
                yield _latest_such(month, latest)


def _month_in(match: "regex.Match[str]", language: str) -> str:
    name = match["month"]
    if language == "en" and name in _ALSO_WORDS:
        return ""
    return month_of(name.casefold(), language)


def _ends_there(rest: str, language: str) -> bool:
    """Whether a month alone is all of the time and of the name: not "in May 68", "in May Day", "in June and July"."""
    after = [*rest.split(" "), "", ""][1:3] if rest.startswith(" ") else ["", ""]
    if after[0][:1].isdecimal() or month_of(after[1].casefold(), language):
        return False
    return language == "de" or not after[0][:1].isupper()


def _latest_such(month: str, latest: str) -> str:
    """The last ``month`` (``07``, ``07-14``) that is not after ``latest``, as far as that is told."""
    date = f"{latest[:4]}-{month}"
    return date if date[: len(latest)] <= latest[: len(date)] else f"{int(latest[:4]) - 1:04d}-{month}"


def _folded(question: str) -> str:
    """The folded words, in a capital where they began with one, elided ones too; a comma for what parts them."""
    text, end = "", 0
    for word, (start, stop) in word_spans(question):
        gap = question[end:start]
        elided = " ".join(words(gap))
        parted = "" if _SOFT_GAP.fullmatch(_LETTER.sub("", gap)) else ","
        shown = word.capitalize() if question[start : start + 1].isupper() else word
        text, end = f"{text}{parted} {elided} {shown}" if elided else f"{text}{parted} {shown}", stop
    return f"{text} "


@cache
def _any(field: str) -> "regex.Pattern[str]":
    """What says ``field`` in any language."""
    return _compiled("|".join(getattr(speech, field) for speech in _SPEECH.values()))


@cache
def _last(language: str) -> "regex.Pattern[str]":
    return _compiled(_SPEECH[language].last)


@cache
def _within(language: str) -> "regex.Pattern[str]":
    return _compiled(_SPEECH[language].within)


def _compiled(alternatives: str) -> "regex.Pattern[str]":
    if not alternatives:
        return regex.compile("(?!)")
    spelled = alternatives.replace("M", r"(?P<month>\p{L}+)")
    return regex.compile(rf"\b(?:{spelled})\b", regex.IGNORECASE)
