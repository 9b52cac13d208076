"""Names of months, in many languages and in any case of their declension."""

from functools import cache

from askcorpus.words import words

_LANGUAGES = "en fr de es it pt nl ca ro pl cs sk hu ru uk bg el tr ar fa he hi id sv da fi no sw"

_DECLINED = 6
"""Letters from which a month's last one may be an ending (сентябрь, сентября, сентябре)."""

_SHORT = {
    "ru": {"марте": "03", "мае": "05", "июне": "06", "июле": "07"},
    "pl": {"lutym": "02", "marcu": "03", "maju": "05", "lipcu": "07"},
}
"""Forms that a preposition asks for and Unicode CLDR does not have, of names too short to lose a letter."""


def month_of(word: str, language: str = "") -> str:
    """The two digits of the month that a folded word names, in one language or in any; empty when none."""
    months = _months(language) if language else _all_months()
    return months.get(word) or (months.get(word[:-1], "") if len(word) >= _DECLINED else "")


@cache
def _all_months() -> dict[str, str]:
    found: dict[str, str] = {}
    for language in _LANGUAGES.split(" "):
        found = _months(language) | found
    return found


@cache
def _months(language: str) -> dict[str, str]:
    """Month names of a language, folded as the words of a question are, to their two digits (Unicode CLDR)."""
    from babel.dates import get_month_names

    found: dict[str, str] = {}
    for context in ("format", "stand-alone"):
        for number, name in get_month_names("wide", context=context, locale=language).items():
            for word in words(str(name)):
                found.setdefault(word, f"{number:02d}")
                if len(word) >= _DECLINED:
                    found.setdefault(word[:-1], f"{number:02d}")
    return found | _SHORT.get(language, {})
