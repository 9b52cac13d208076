"""Cities with two names in one language: Kyiv and Kiev, Kolkata and Calcutta. The names are Unicode's.

CLDR (through Babel) has the names, in each language, of the cities that time zones are named after; the zones' own
names are often the older ones.
"""

from collections.abc import Mapping
from functools import cache

from babel import Locale
from babel.core import UnknownLocaleError

from askcorpus.text.words import words

_LONGEST = 4
"""Words of a city's name."""

_SHORTEST = 4
"""Letters of a city's name in Latin letters; shorter ones are often another word."""


def cities_named(text: str, language: str) -> frozenset[str]:
    """The cities that a text in a language names, each by its time zone."""
    known, found = _cities(language), words(text)
    runs = (tuple(found[start:end]) for start in range(len(found)) for end in range(start + 1, start + _LONGEST + 1))
    return frozenset(known[run] for run in runs if run in known)


@cache
def _cities(language: str) -> Mapping[tuple[str, ...], str]:
    """The time zone of each name of a city in a language and in English, and of that in the zone's own name, as folded
    words; what two zones are called by is left out."""
    zones: dict[tuple[str, ...], set[str]] = {}
    for names in map(_time_zones, dict.fromkeys((language, "en"))):
        for zone, called in names.items():
            if zone.startswith("Etc/"):  # no place
                continue
            for city in (called.get("city", ""), zone.rpartition("/")[2].replace("_", " ")):
                name = tuple(words(city))
                if 0 < len(name) <= _LONGEST and not (name[0].isascii() and len("".join(name)) < _SHORTEST):
                    zones.setdefault(name, set()).add(zone)
    return {name: min(those) for name, those in zones.items() if len(those) == 1}


def _time_zones(language: str) -> Mapping[str, Mapping[str, str]]:
    try:
        return Locale.parse(language).time_zones
    except (UnknownLocaleError, ValueError):
        return {}
