"""The straight lines on a page of a PDF."""

import ctypes
from collections.abc import Iterator
from typing import Any, NamedTuple

MOST_POINTS = 20_000
"""A page whose paths have more points is a drawing."""
SHORTEST_RULE = 4.0
STRAIGHT = 0.5
TOUCHING = 3.0
"""Lines that are so near each other, in points, are one, or touch."""

Point = tuple[float, float]


class Rule(NamedTuple):
    """A line that is drawn along the page or down it: how high or how far right it is, and from where to where."""

    at: float
    start: float
    end: float

    def covers(self, point: float) -> bool:
        """Whether it passes there."""
        return self.start <= point <= self.end


class Rules(NamedTuple):
    """The lines that are drawn on a page; sides of areas count."""

    along: tuple[Rule, ...]
    down: tuple[Rule, ...]


def rules_of(page: Any) -> Rules:
    """The straight lines on a page that run along it or down it; none of one that is a drawing."""
    along: list[Rule] = []
    down: list[Rule] = []
    for (left, low), (right, high) in _sides(page):
        if abs(low - high) <= STRAIGHT and abs(left - right) >= SHORTEST_RULE:
            along.append(Rule((low + high) / 2, min(left, right), max(left, right)))
        elif abs(left - right) <= STRAIGHT and abs(low - high) >= SHORTEST_RULE:
            down.append(Rule((left + right) / 2, min(low, high), max(low, high)))
    return Rules(_joined(along), _joined(down))


def _sides(page: Any) -> Iterator[tuple[Point, Point]]:
    import pypdfium2.raw as pdfium

    objects = (pdfium.FPDFPage_GetObject(page, number) for number in range(pdfium.FPDFPage_CountObjects(page)))
    paths = [one for one in objects if pdfium.FPDFPageObj_GetType(one) == pdfium.FPDF_PAGEOBJ_PATH]
    if sum(map(pdfium.FPDFPath_CountSegments, paths)) > MOST_POINTS:
        return
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    for path in paths:
        pdfium.FPDFPath_GetDrawMode(path, fill, stroke)
        if fill.value or stroke.value:
            yield from _sides_of(path)


def _sides_of(path: Any) -> Iterator[tuple[Point, Point]]:
    import pypdfium2.raw as pdfium

    matrix, x, y = pdfium.FS_MATRIX(), ctypes.c_float(), ctypes.c_float()
    pdfium.FPDFPageObj_GetMatrix(path, matrix)
    a, b, c, d, e, f = (getattr(matrix, name) for name in "abcdef")
    first = before = (0.0, 0.0)
    for number in range(pdfium.FPDFPath_CountSegments(path)):
        segment = pdfium.FPDFPath_GetPathSegment(path, number)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        point = a * x.value + c * y.value + e, b * x.value + d * y.value + f
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            first = point
        elif kind == pdfium.FPDF_SEGMENT_LINETO:
            yield before, point
        before = point
        if pdfium.FPDFPathSegment_GetClose(segment):
            yield before, first
            before = first


def _joined(rules: list[Rule]) -> tuple[Rule, ...]:
    """The lines, one for all that lie so near each other that people see one."""
    rows: list[list[Rule]] = []
    for rule in sorted(rules):
        if rows and rule.at - rows[-1][-1].at <= TOUCHING:
            rows[-1].append(rule)
        else:
            rows.append([rule])
    return tuple(rule for row in rows for rule in _end_to_end(row))


def _end_to_end(row: list[Rule]) -> list[Rule]:
    """Lines at about the same place, those in one that follow each other."""
    at = sum(rule.at for rule in row) / len(row)
    joined: list[Rule] = []
    for rule in sorted(row, key=lambda rule: rule.start):
        if joined and rule.start <= joined[-1].end + TOUCHING:
            joined[-1] = joined[-1]._replace(end=max(joined[-1].end, rule.end))
        else:
            joined.append(rule._replace(at=at))
    return joined
