"""A table as text: each row is told with the header of its columns, so that it can be found and quoted alone."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")


def told_rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A sentence a row: ``Day: Tuesday, Open: 10:00–18:00.`` Empty cells are left out, and rows of nothing else.

    ``header`` names the columns from the left; of a column that it does not name, and of all where it is empty, the
    cells alone are told. Put a blank line between two rows: each is a paragraph.
    """
    names = [_plain(name) for name in header]
    for row in rows:
        cells = zip_longest(names[: len(row)], map(_plain, row), fillvalue="")
        if told := [_told(name, cell) for name, cell in cells if cell]:
            yield as_sentence(told)


def as_sentence(parts: Iterable[str]) -> str:
    """The parts of a row as one sentence. (Of nine questions, the reader finds the row of eight so, of four with
    semicolons between the parts and no full stop.)"""
    told = ", ".join(parts)
    return told if told.endswith(_ENDS) else f"{told}."


def is_header(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether ``first``, the first row of a table that does not say, names the columns of the row below it.

    Names are filled, all different, and hold letters and no figures, but for a year or a short number (``2021``,
    ``Q4``); a single column has none.
    """
    names = [_plain(name) for name in first]
    if len(names) < 2 or len(second) < 2 or not all(names) or len({name.casefold() for name in names}) < len(names):
        return False
    named = sum(any(character.isalpha() for character in name) and not _is_value(name) for name in names)
    years = sum(name.isdecimal() and len(name) == 4 for name in names)
    return named >= 1 and named + years == len(names)


def _plain(cell: str) -> str:
    return " ".join(cell.split())


def _told(name: str, cell: str) -> str:
    return f"{name.rstrip(' :')}: {cell}" if name and name != cell else cell


def _is_value(cell: str) -> bool:
    """Whether it holds more figures than letters: a date, a price, a number of a telephone."""
    return sum(map(str.isdigit, cell)) > sum(map(str.isalpha, cell))
