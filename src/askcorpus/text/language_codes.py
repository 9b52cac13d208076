"""Which language a tag (``EN``, ``en-US``, ``deu``) or a name (``English``, ``français``, ``Französisch``) means."""

import unicodedata
from functools import cache

import regex

from askcorpus.text.lexicon import languages

_MARKS = regex.compile(r"\p{M}+")
_LONGEST = 100
_NORWEGIAN = {"nb": "no", "nn": "no"}
"""Both written forms are the language that texts are found to be in."""


def folded(name: str) -> str:
    """One spelling for all that differ in case, accents, width and white space only."""
    letters = unicodedata.normalize("NFKD", " ".join(name.split())).casefold()
    return unicodedata.normalize("NFC", _MARKS.sub("", letters))


def language_code(name: str) -> str:
    """``EN``, ``en-US``, ``eng``, ``English`` and « anglais » → ``en``; "" for what is no language that is known."""
    tag = name.strip().lower().replace("_", "-")
    if len(tag) > _LONGEST:
        return ""
    return _code_of(tag.partition("-")[0]) or _names().get(folded(name), "")


def same_language(code: str) -> str:
    """One code for all that name a language: ``nb``, ``nn`` and ``no`` → ``no``, ``iw`` → ``he``."""
    known = _code_of(code.lower()) or code.lower()
    return _NORWEGIAN.get(known, known)


def language_name(code: str) -> str:
    """``fr`` → ``French (fr)``; a code that is not known is its own name."""
    named = _english().get(code)
    return f"{named} ({code})" if named else code


def _code_of(subtag: str) -> str:
    from babel.core import get_global

    code = str(get_global("language_aliases").get(subtag, subtag)).partition("_")[0]
    return code if code in _english() else ""


@cache
def _english() -> dict[str, str]:
    from babel import Locale

    return {code: name for code, name in Locale("en").languages.items() if "_" not in code}


@cache
def _names() -> dict[str, str]:
    """Codes by folded names: in English, in the language itself, and in every language that texts are read in."""
    from babel import Locale

    names = {folded(name): code for code, name in _english().items()}
    locales = {code: Locale.parse(code) for code in languages()}
    for code, locale in locales.items():
        names.setdefault(folded(locale.language_name or code), code)
    for locale in locales.values():
        for code, name in locale.languages.items():
            names.setdefault(folded(name), code.partition("_")[0])
    return names
