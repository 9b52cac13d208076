"""The names in a question.

Countries are known by what they are called (``askcorpus.search.countries``), in every script; any other name by its
capitals. Whether a text has a name is told by ``askcorpus.search.mentions``.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from typing import NamedTuple

import regex

from askcorpus.search.countries import calendar_words, country_names, language_names
from askcorpus.text.lexicon import Names, languages
from askcorpus.text.words import word_spans, words
from askcorpus.types import Span

SHORTEST = 3
"""Letters from which a word may be a name, and sounds from which names of two languages can be compared."""

ENDING = 2
"""Letters at the end of a country's name that inflection may change, and sounds that it may add to another's."""

HEADLINE = 3
"""Up to as many capitalised words tell names where there is no plain one; more are a headline, which tells none."""

MOST_NAMES = 20
"""Names of a question that are looked for: a pasted list of all countries must not cost seconds."""

CASED = regex.compile(r"[\p{Latin}\p{Cyrillic}\p{Greek}\p{Armenian}]")
"""A letter of a script that has capitals."""

_FIGURES = regex.compile(r"\p{N}[\p{L}\p{N}]*")
_CAPITALISED_OR_FIGURES = regex.compile(r"(?<!^)\b[\p{Lu}\p{N}][\p{L}\p{M}\p{N}]+")
_CAPITALISED = regex.compile(r"\s\p{Lu}\p{Ll}")
_BEFORE_A_SENTENCE = frozenset('.?!:;…¿¡"“”«„(—–')


class Name(NamedTuple):
    """A name of one or more words, as it stands in a question; ``country`` is its ISO 3166 code when it is one."""

    text: str
    country: str = ""


def names_of(question: str, language: str) -> tuple[Name, ...]:
    """The names that ``question`` (ISO 639-1 ``language``, or "") asks about.

    Countries in every script; other names where capitals tell them: not at the beginning of a sentence, not in a
    headline, and not in a language that capitalises its nouns.
    """
    found = word_spans(question)
    countries, taken = countries_in(question, found, language)
    one = languages().get(language)
    others = [] if one and one.capitalised_nouns else _capitalised(question, found, taken, language)
    return tuple(dict.fromkeys((*countries, *(Name(text) for text in others))))[:MOST_NAMES]


def countries_of(text: str, language: str) -> tuple[Name, ...]:
    """The countries that a text names."""
    return tuple(countries_in(text, word_spans(text), language)[0])


def countries_named(text: str, language: str) -> list[Name]:
    """The countries that a text names: each as it names it, with its code."""
    said = f"about {text}"  # so that it opens no sentence, as in `mentions`
    return countries_in(said, word_spans(said)[1:], language)[0]


def names_and_figures(question: str, language: str) -> frozenset[str]:
    """The words of ``question`` that look like names or figures; only figures where all nouns are capitalised."""
    one = languages().get(language)
    named = _FIGURES if one and one.capitalised_nouns else _CAPITALISED_OR_FIGURES
    return frozenset(word for match in named.finditer(question) for word in words(match[0]))


def countries_in(question: str, found: Sequence[tuple[str, Span]], language: str) -> tuple[list[Name], frozenset[int]]:
    """The countries that a question names, the longest name where several fit, and the places of their words."""
    asked = [word for word, _ in found]
    known = _by_beginning(language)
    fitting = [
        (-len(parts), start, code)
        for start, word in enumerate(asked)
        for code, parts in known.get(word[:SHORTEST], ())
        if _is_named(question, found[start : start + len(parts)], parts, language)
    ]
    names, taken = [], set[int]()
    for negative, start, code in sorted(fitting):
        places = range(start, start - negative)
        if taken.isdisjoint(places):
            taken.update(places)
            names.append((start, Name(question[found[start][1].start : found[places[-1]][1].end], code)))
    return [name for _, name in sorted(names)], frozenset(taken)


@cache
def _by_beginning(language: str) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """Every country's names as folded words, with its code, by the beginning of the first."""
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    homographs = _homographs()
    for code, names in country_names(language).items():
        for parts in {tuple(words(name)) for name in names}:
            if parts and parts[0] not in homographs:
                found.setdefault(parts[0][:SHORTEST], []).append((code, parts))
    return found


def _is_named(question: str, found: Sequence[tuple[str, Span]], parts: Sequence[str], language: str) -> bool:
    """Whether these words of a question are a country's name."""
    if len(found) != len(parts):
        return False
    start, end = found[0][1].start, found[-1][1].end
    surface, later = question[start:end], question[end:]
    if CASED.match(surface):
        capital = surface.isupper() if len(surface) <= SHORTEST else surface[0].isupper()
        if not capital and (len(surface) <= SHORTEST or not question.islower()):
            return False
        if len(parts) == 1 and _CAPITALISED.match(later):  # Jordan Peterson
            return False
    elif later.startswith(_goes_on().get(surface, "\0")):
        return False
    one = languages().get(language)
    inflecting = (
        one is not None and one.inflected_names and surface[0].isupper() and not opens_sentence(question, start)
    )
    return all(
        word == part or (inflecting and is_inflected(word, part)) for (word, _), part in zip(found, parts, strict=True)
    )


def opens_sentence(question: str, place: int) -> bool:
    """Whether a sentence begins at a place of a question, where every word is capitalised."""
    before = question[:place].rstrip()
    return not before or before[-1] in _BEFORE_A_SENTENCE


def is_inflected(word: str, name: str) -> bool:
    """Whether a word is a name with another ending."""
    trunk = name[: max(SHORTEST + 1, len(name) - ENDING)]
    return len(name) > SHORTEST and word.startswith(trunk) and abs(len(word) - len(name)) <= ENDING


def _capitalised(question: str, found: Sequence[tuple[str, Span]], taken: Collection[int], language: str) -> list[str]:
    """The capitalised words that may be names of anything but a country; those side by side are one name."""
    plain, capitals = 0, 0
    usual = calendar_words(language) | language_names(language)
    often_capital = _often_capital()
    runs: list[Span] = []
    for place, (word, span) in enumerate(found):
        surface = question[span.start : span.end]
        if not CASED.match(surface):
            continue
        if surface[0].islower():
            plain += len(word) > SHORTEST
        elif place not in taken and not opens_sentence(question, span.start):
            capitals += 1
            if len(surface) < SHORTEST or surface in usual or word in often_capital:
                continue
            if runs and question[runs[-1].end : span.start].isspace():
                runs[-1] = Span(runs[-1].start, span.end)
            else:
                runs.append(span)
    return [] if not plain and capitals > HEADLINE else [question[run.start : run.end] for run in runs]


@cache
def _goes_on() -> dict[str, str]:
    """Countries whose name is also the beginning of another word, and how that goes on."""
    return {name: rest for one in languages().values() for name, rest in one.names.goes_on.items()}


@cache
def _often_capital() -> frozenset[str]:
    """Words that are often capitalised and name nothing by themselves: *North* Korean."""
    return _folded(lambda names: names.often_capital)


@cache
def _homographs() -> frozenset[str]:
    """Countries' names that are mostly another word."""
    return _folded(lambda names: names.homographs)


def _folded(pick: Callable[[Names], Iterable[str]]) -> frozenset[str]:
    return frozenset(word for one in languages().values() for name in pick(one.names) for word in words(name))
