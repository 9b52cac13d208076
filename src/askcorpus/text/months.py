"""Names of months, in many languages and in any case of their declension."""

from functools import cache
from typing import Literal

from askcorpus.text.lexicon import Vocabulary, known, languages
from askcorpus.text.words import words


def month_of(name: str, language: str = "") -> str:
    """The two digits of the month that folded words name, in one language or in any; empty when none."""
    return _months("months", known(language)).get(name, "")


def short_month_of(name: str, language: str = "") -> str:
    """The same for the short form of a month. In any language it may be another word (set, out, ago), and is a month
    only right between a day and a year."""
    return _months("months_short", known(language)).get(name, "")


@cache
def _months(form: Literal["months", "months_short"], language: str) -> dict[str, str]:
    """Folded names of months to their two digits, in one language or in any."""
    one, every = languages().get(language), languages().values()
    lists: list[Vocabulary] = [one.only_here, one] if one else [*every]
    if not one and form == "months_short":
        lists += [other.only_here for other in every]
    found: dict[str, str] = {}
    for vocabulary in lists:
        for digits, names in getattr(vocabulary, form).items():
            for name in names:
                found.setdefault(" ".join(words(name)), digits)
    return found
