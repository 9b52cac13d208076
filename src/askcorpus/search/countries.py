"""What countries are called, in every language: Unicode's CLDR, through Babel, and a few everyday names besides."""

from collections.abc import Iterable, Mapping
from functools import cache

import regex
from babel import Locale
from babel.core import UnknownLocaleError, get_global
from babel.languages import get_official_languages

from askcorpus.text.lexicon import languages

_NO_COUNTRIES = frozenset(("EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"))
_BRACKETED = regex.compile(r"^([^(]+) \((.+)\)$")


@cache
def country_names(language: str) -> Mapping[str, tuple[str, ...]]:
    """All names of each country in a language (ISO 639-1), by ISO 3166 code; the first is the usual one.

    Where the language is not known there are the everyday names only.
    """
    found: dict[str, list[str]] = {}
    for locale in _locales(language):
        for code, name in locale.territories.items():
            if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES:
                found.setdefault(code, []).extend(_apart(name))
    # Names in everyday use that CLDR, of which Babel keeps one a language, leaves out.
    everyday = [one.countries for one in languages().values()]
    if own := languages().get(language):
        everyday.append(own.only_here.countries)
    for countries in everyday:
        for code, names in countries.names.items():
            found.setdefault(code, []).extend(names)
    return {code: tuple(dict.fromkeys(names)) for code, names in found.items()}


@cache
def hints(country: str, language: str) -> tuple[str, ...]:
    """Words in a language that refer to a country without naming it: to its people, or its own language."""
    found = [word for one in languages().values() for word in one.countries.hints.get(country, ())]
    national = _national_language(country, language)
    return (*found, national) if national else tuple(found)


def _national_language(country: str, language: str) -> str:
    """The name, in a language, of the language spoken mainly in this country (``allemand``), which is mostly the name
    of its people too; empty if it is spoken in many countries, or if none is known."""
    own = next(iter(get_official_languages(country)), "")
    spoken = languages().get(own)
    if (spoken and spoken.countries.many) or not get_global("likely_subtags").get(own, "").endswith(f"_{country}"):
        return ""
    return next((str(locale.languages.get(own, "")) for locale in _locales(language)), "")


@cache
def calendar_words(language: str) -> frozenset[str]:
    """Months and weekdays in a language, as they are written."""
    found: set[str] = set()
    for locale in _locales(language):
        for forms in (locale.months, locale.days):
            for kinds in forms.values():
                for width in ("wide", "abbreviated"):
                    found.update(str(name).rstrip(".") for name in kinds[width].values())
    return frozenset(found)


@cache
def language_names(language: str) -> frozenset[str]:
    """What languages are called in a language: in many, so are the people who speak them."""
    return frozenset(str(name) for locale in _locales(language) for name in locale.languages.values())


def _apart(name: str) -> Iterable[str]:
    """A name, or the two that are written as one with the other in brackets: ``Myanmar (Burma)``."""
    both = _BRACKETED.match(name)
    return both.groups() if both else (name,)


def _locales(language: str) -> list[Locale]:
    found = []
    one = languages().get(language)
    for code in (language, *(one.countries.cldr if one else ())) if language else ():
        try:
            found.append(Locale.parse(code))
        except (UnknownLocaleError, ValueError):
            continue
    return found
