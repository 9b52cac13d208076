"""Partial ISO dates (``2022``, ``2022-09``, ``2022-09-29``): their days, and whether two can be the same."""

import calendar
import re
from datetime import date as day_of

_ISO_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


def day_range(date: str) -> tuple[str, str] | None:
    """First and last day that an ISO date, maybe partial, names; ``None`` when it is not one.

    ``2022-02`` → ``("2022-02-01", "2022-02-28")``.
    """
    match = _ISO_DATE.fullmatch(date)
    if not match or match[1] == "0000":
        return None
    year, month, day = (int(part or 0) for part in match.groups())
    if not match[2]:
        return f"{date}-01-01", f"{date}-12-31"
    if not 1 <= month <= 12:
        return None
    length = calendar.monthrange(year, month)[1]
    if match[3]:
        return (date, date) if 1 <= day <= length else None
    return f"{date}-01", f"{date}-{length}"


def overlaps(date: str, period: str) -> bool:
    """Whether two partial ISO dates can be the same day; an empty one is no date."""
    return bool(date and period) and (date.startswith(period) or period.startswith(date))


def written_date(iso: str, locale: str) -> str:
    """A partial ISO date in the words of a locale such as ``fr`` or ``en_GB``: *juillet 2022*; as it is where that is
    not known, or it is none."""
    from babel import Locale, UnknownLocaleError
    from babel.dates import format_date, format_skeleton  # 20 ms to import, and few answers need it

    if not day_range(iso):
        return iso
    numbers = [int(part) for part in iso.split("-")]
    first = day_of(*(numbers + [1, 1])[:3])
    try:
        known = Locale.parse(locale)
    except (UnknownLocaleError, ValueError):
        return iso
    if len(numbers) == 3:
        return str(format_date(first, "long", locale=known))
    return str(format_skeleton("yMMMM", first, locale=known)) if len(numbers) == 2 else iso
