"""Charts in office files (DrawingML): the title, and what is drawn as the table that it was made from."""

import datetime
import re
from collections.abc import Mapping
from itertools import islice

from askcorpus_ingest.readers.package import Element
from askcorpus_ingest.readers.table import told_rows

C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"
MOST_SERIES, MOST_POINTS = 100, 1000
"""Of a chart that are told: more are a curve, of which no point says anything."""
_SPOKEN = re.compile(r'"[^"]*+"|\\.|\[[^\[\]]*+\]|_.|\*.')
"""What of a format's code stands for itself."""
_AM_PM = re.compile("am/pm|a/p", re.IGNORECASE)
_OF_NUMBERS = re.compile("[a-z0#?]", re.IGNORECASE)
"""What no code of a date or a time has, beside the letters that stand for their parts."""
_PARTS = re.compile("[ymdhs]", re.IGNORECASE)
_DAY_ZERO, _MOST_DAYS = datetime.date(1899, 12, 30), 200_000
"""From which day on Office counts days, and how many."""


def told_chart(root: Element | None) -> str:
    """The title of a chart, and a sentence for each of its points."""
    if root is None:
        return ""
    series = list(islice(root.iter(f"{C}ser"), MOST_SERIES))
    names = [_words(one.find(f"{C}tx")) for one in series]
    values = [_points(one, "val", "yVal") for one in series]
    along = next((found for one in series if (found := _points(one, "cat", "xVal"))), {})
    places = sorted({*along, *(place for points in values for place in points)})[:MOST_POINTS]
    rows = ([points.get(place, "") for points in (along, *values)] for place in places)
    title = " ".join("".join(part.text or "" for part in root.iterfind(f"{C}chart/{C}title//{_TEXT}")).split())
    return "\n\n".join(filter(None, (title, *told_rows(["", *names], rows))))


def _points(series: Element, *names: str) -> Mapping[int, str]:
    """The values of a series by their places, as the chart shows them."""
    found = next((one for name in names if (one := series.find(f"{C}{name}")) is not None), None)
    if found is None:
        return {}
    code = _SPOKEN.sub("", found.findtext(f".//{C}formatCode") or "")
    level = next(found.iter(f"{C}lvl"), found)  # the innermost of several
    points = islice(level.iter(f"{C}pt"), MOST_POINTS)
    return {
        int(place): _shown((point.findtext(f"{C}v") or "").strip(), code)
        for point in points
        if (place := point.get("idx", "")).isascii() and place.isdecimal() and len(place) < 9
    }


def _shown(value: str, code: str) -> str:
    try:
        number = float(value)
    except ValueError:
        return value
    if "%" in code:
        return f"{number * 100:.10g}%"
    parts = _AM_PM.sub("", code)
    if 0 <= number < _MOST_DAYS and not _OF_NUMBERS.search(_PARTS.sub("", parts)):
        used = set(parts.lower())
        if number and (used & {"y", "d"} or ("m" in used and not used & {"h", "s", ":"})):
            return (_DAY_ZERO + datetime.timedelta(int(number))).isoformat()
        if used & {"h", "m", "s"}:
            return _time(number, seconds="s" in used)
    return value if number != number or abs(number) >= 1e15 else f"{number:.15g}"


def _time(days: float, *, seconds: bool) -> str:
    """A part of a day, or several days, in hours as people write them."""
    whole = round(days * 86_400) if seconds else 60 * round(days * 1440)
    told = f"{whole // 3600}:{whole // 60 % 60:02}"
    return f"{told}:{whole % 60:02}" if seconds else told


def _words(name: Element | None) -> str:
    """The name of a series, in the file or in its copy of a cell."""
    if name is None:
        return ""
    return " ".join(" ".join(part.text or "" for part in name.iter(f"{C}v", _TEXT)).split())
