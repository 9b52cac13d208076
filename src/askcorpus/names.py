"""The names in a question, and whether a text has them: also in another language, script or spelling.

Countries are known by all their names (Unicode's CLDR, through Babel). Any other name is found as it is written, or as
it sounds: ``Donetsk``, ``Donezk``, ``Донецк`` and ``دونيتسك`` share their consonants, once written in Latin letters.
Comparing words by a code of their sound goes back to Soundex (Russell 1918); the rules here are for names that are
spelled by ear in many languages.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import regex
from anyascii import anyascii
from babel import Locale
from babel.core import UnknownLocaleError
from babel.languages import get_official_languages

from askcorpus.words import word_spans, words

SHORTEST = 3
"""Sounds from which a word is told from others by them."""

STEM = 4
ENDING = 2
"""A word is recognised without its last two letters, as far as four are left: ``Iran`` in ``iranienne``."""

MOST_CAPITALISED = 0.6
"""Share of capitalised words from which a question is written like a headline, and its capitals tell no names."""

_NO_COUNTRIES = frozenset(("EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"))
_CAPITALS_ARE_NOUNS = frozenset(("de", "lb"))
_WORD = regex.compile(r"[\p{L}\p{M}][\p{L}\p{M}\p{N}'’-]*")
_CASED = regex.compile(r"[\p{Latin}\p{Cyrillic}\p{Greek}\p{Armenian}]")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_ALSO = {
    "US": ("America", "Америка", "Αμερική", "أمريكا", "अमेरिका", "アメリカ", "미국"),
    "GB": (
        "Britain",
        "British",
        "Bretagne",
        "Großbritannien",
        "England",
        "Angleterre",
        "Inglaterra",
        "Inghilterra",
        "Британия",
    ),
}
"""Names in everyday use that CLDR, which has one for each language, leaves out."""

_GREEK = (("ντ", "d"), ("μπ", "b"), ("γκ", "g"), ("τζ", "j"), ("τσ", "s"), ("ου", "u"), ("ευ", "ev"), ("αυ", "av"))
_SOUNDS = tuple(
    (regex.compile(spelling), sound)
    for spelling, sound in (
        (r"t?sch|tch|ch(?=[aeiouy]|$)|sh|zh|t[sz]|dz|[cs]z|c(?=[eiy])|[zj]", "s"),
        (r"ph|v", "f"),
        (r"ck|qu?|c", "k"),
        (r"x", "ks"),
        (r"[hwy]", ""),
        (r"[aeiou]", ""),
        (r"(.)\1+", r"\1"),
    )
)


class Name(NamedTuple):
    """A name in a question, as it stands there; ``country`` is its ISO 3166 code when it is one."""

    text: str
    country: str = ""


def names_of(question: str, language: str) -> tuple[Name, ...]:
    """The names that ``question`` (ISO 639-1 ``language``, or "") asks about.

    Countries in every script; other names where capitals tell them: not the first word, not in a headline, and not in
    a language that capitalises its nouns.
    """
    found, covered = _countries_in(question, language)
    others = [] if language in _CAPITALS_ARE_NOUNS else _capitalised(question, covered)
    return (*found, *(Name(word) for word in dict.fromkeys(others)))


def missing(names: Iterable[Name], text: str, language: str) -> tuple[Name, ...]:
    """Those of ``names`` that ``text`` (in ``language``) does not hold."""
    held = frozenset(words(text))
    return tuple(name for name in names if not _holds(held, name, language))


@lru_cache(maxsize=1 << 16)
def sound(word: str) -> str:
    """The consonants of ``word`` as they sound, ``a`` before them if it begins with a vowel: ``tnsk`` or so."""
    word = word.lower()
    for letters, latin in _GREEK:
        word = word.replace(letters, latin)
    spelled = regex.sub(r"[^a-z]", "", anyascii(word).lower())
    start = "a" if spelled[:1] in tuple("aeiouhwy") else ""
    for spelling, replacement in _SOUNDS:
        spelled = spelling.sub(replacement, spelled)
    return start + spelled


def _capitalised(question: str, covered: Collection[str]) -> list[str]:
    """The capitalised words that are not ``covered``; none where nearly all are capitalised."""
    later = [match[0] for match in _WORD.finditer(question)][1:]
    cased = [word for word in later if _CASED.match(word) and not set(words(word)).intersection(covered)]
    capitals = [word for word in cased if word[0].isupper()]
    return capitals if len(capitals) <= max(2, MOST_CAPITALISED * len(cased)) else []


def _holds(held: frozenset[str], name: Name, language: str) -> bool:
    if name.country:
        return any(_has_all(held, known) for known in (name.text, *_called(name.country, language)))
    wanted = sound(name.text)
    return _has_all(held, name.text) or (len(wanted) >= SHORTEST and wanted in _sounds(held))


def _has_all(held: frozenset[str], name: str) -> bool:
    telling = [word for word in words(name) if _tells(word)]
    return bool(telling) and all(_has_word(held, word) for word in telling)


def _tells(word: str) -> bool:
    """Whether a word of a country's name is more than a particle."""
    return len(word) >= SHORTEST or bool(_UNSPACED.match(word))


def _has_word(held: frozenset[str], word: str) -> bool:
    if word in held:
        return True
    stem = word[: max(STEM, len(word) - ENDING)]
    return len(word) >= STEM and any(other.startswith(stem) for other in held)


@lru_cache(maxsize=256)
def _sounds(held: frozenset[str]) -> frozenset[str]:
    return frozenset(sound(word) for word in held)


def _countries_in(question: str, language: str) -> tuple[list[Name], set[str]]:
    """The countries that a question names, the longest name where several fit, and the words that name them."""
    spans = word_spans(question)
    asked = [word for word, _ in spans]
    capital = [question[span.start].isupper() or not _CASED.match(question[span.start]) for _, span in spans]
    known = _spelled(language)
    fitting = [
        (name, start, parts)
        for start, word in enumerate(asked)
        for name, parts in known.get(word[:STEM], ())
        if len(parts) <= len(asked) - start
        and _names(asked[start : start + len(parts)], parts, capital[start], first=not start)
    ]
    found: dict[str, Name] = {}
    taken: set[int] = set()
    for name, start, parts in sorted(fitting, key=lambda fit: (-len(fit[2]), -len(fit[0].text))):
        places = range(start, start + len(parts))
        if taken.isdisjoint(places):
            taken.update(places)
            found[name.country] = name
    return list(found.values()), {asked[place] for place in taken}


def _names(asked: Sequence[str], parts: Sequence[str], capital: bool, *, first: bool) -> bool:
    """Whether words are a country's name: as it is, or capitalised within a sentence with another ending (``Россию``,
    ``Kameruns``). A name of a few letters is a common word somewhere, unless it is capitalised."""
    if asked == parts:
        return capital or len("".join(parts)) > STEM
    return (
        capital
        and not first
        and all(
            word == part
            or (len(part) > STEM and word.startswith(_trunk(part)) and abs(len(word) - len(part)) <= ENDING)
            for word, part in zip(asked, parts, strict=True)
        )
    )


def _trunk(part: str) -> str:
    """What endings leave of a name: all of a short one in Latin letters, where few languages inflect names."""
    return part if part.isascii() and len(part) <= STEM + 1 else part[:-1]


@cache
def _spelled(language: str) -> dict[str, list[tuple[Name, list[str]]]]:
    """Every country with the folded words of its name, by the beginning of the first."""
    found: dict[str, list[tuple[Name, list[str]]]] = {}
    for code, text in countries(language).items():
        parts = words(text)
        if parts:
            found.setdefault(parts[0][:STEM], []).append((Name(text, code), parts))
    return found


@cache
def _called(country: str, language: str) -> tuple[str, ...]:
    """What a country is called in a language, and its own language there: ``Allemagne``, ``allemand``."""
    if not (locale := _locale(language)):
        return ()
    name = locale.territories.get(country, "")
    spoken = get_official_languages(country)[:1] if len(name.split()) == 1 else ()  # not Korean for either Korea
    found = (name, *map(locale.languages.get, spoken), *_ALSO.get(country, ()))
    return tuple(name for name in found if name)


@cache
def countries(language: str) -> Mapping[str, str]:
    """The names of countries in a language, by ISO 3166 code; none where the language is not known."""
    locale = _locale(language)
    known = locale.territories.items() if locale else ()
    return {code: name for code, name in known if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES}


def _locale(language: str) -> Locale | None:
    try:
        return Locale.parse(language) if language else None
    except (UnknownLocaleError, ValueError):
        return None
