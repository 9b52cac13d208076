"""A follow-up that asks the question before again, of another country, name or time: "And in Mali?", "Et en 2021 ?".

Read below the question before it, such a follow-up is answered with what was asked first, which is named there as well.
So what is named exchanges its place with its like in that question, where each has one: no word besides is changed, and
the endings and prepositions of the question before stay.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import regex

from askcorpus.search.names import countries_named, names_of
from askcorpus.search.period import is_date, read_period
from askcorpus.search.relative_dates import months_named
from askcorpus.search.subject import another_of
from askcorpus.text.language import detect_language

_YEAR = regex.compile(r"(?<!\p{N})(?:1[5-9]|20)\p{Nd}{2}(?!\p{N})")
_ENDING = regex.compile(r"['’]\p{L}{1,4}")
"""What may follow a name where an apostrophe sets its ending apart: *Suriye'de*."""

_QUOTED = regex.compile(
    r'"[^"]{1,200}"|“[^”]{1,200}”|«[^»]{1,200}»|„[^“”]{1,200}[“”]|「[^」]{1,200}」|『[^』]{1,200}』|《[^》]{1,200}》'
)
"""What is quoted, a title for instance, is left as it is."""

_Kind = Literal["country", "year", "month", "name"]
_KINDS: tuple[_Kind, ...] = ("country", "year", "month", "name")


class _Named(NamedTuple):
    """Something that a question names, as it is written."""

    kind: _Kind
    text: str


def spelled_out(question: str, before: Sequence[str], language: str) -> str | None:
    """The last of the questions ``before`` with what ``question`` names in the place of its like; None where that is
    not all that it asks, or where it is not plain what it stands for. The last may be such a follow-up itself.
    ``language`` is that of the conversation."""
    whole = _whole(question, before, language)
    return None if whole == question else whole


def _whole(question: str, before: Sequence[str], language: str) -> str | None:
    """The same; the question itself where it is no such follow-up."""
    alone = _named_alone(question, language)
    if alone is None:
        return question
    named, spoken = alone
    asked = _whole(before[-1], before[:-1], language) if before else None
    if asked is None:
        return None
    replaced = _named_in(_QUOTED.sub(" ", asked), named.kind, spoken)
    if len(replaced) != 1 or asked.count(replaced[0].text) != 1:
        return None
    return asked.replace(replaced[0].text, named.text)


def _named_alone(question: str, language: str) -> tuple[_Named, str] | None:
    """What a follow-up names that says nothing else, and the language that it says that in."""
    for text, spoken in another_of(question, language):
        if is_date(text, spoken) and read_period(text, "", spoken) in (years := _YEAR.findall(text)):
            return _Named("year", years[0]), spoken
        for kind in _KINDS:
            for one in _all_named(f"about {text}", spoken, kind):  # so that it opens no sentence
                if one.text == text or (text.startswith(one.text) and _ENDING.fullmatch(text, len(one.text))):
                    return one, spoken
    return None


def _named_in(question: str, kind: _Kind, language: str) -> list[_Named]:
    """All of a kind that a question names, in its own language where its words tell which."""
    return list(dict.fromkeys(_all_named(question, detect_language(question) or language, kind)))


def _all_named(text: str, language: str, kind: _Kind) -> Iterable[_Named]:
    """All of a kind that a text names."""
    match kind:
        case "country":
            found: Iterable[str] = (name.text for name in countries_named(text, language))
        case "year":
            found = _YEAR.findall(text)
        case "month":
            found = months_named(text, language)
        case "name":
            found = (name.text for name in names_of(text, language) if not name.country)
    return (_Named(kind, one) for one in found)
