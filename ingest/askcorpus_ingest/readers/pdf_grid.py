"""Tables that have lines around their cells."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from askcorpus_ingest.readers.pdf_page import GUTTER, Box, Outline, PageText
from askcorpus_ingest.readers.pdf_rules import TOUCHING, Rule, Rules

MOST_RULES = 1000
"""A page with more lines along it, or down it, is a drawing."""
MOST_CELLS = 10_000

Words = Sequence[tuple[range, Box]]


class _Grid(NamedTuple):
    """Lines that cross: how far right and how high their cells' sides are, ascending, and the lines themselves."""

    across: list[float]
    up: list[float]
    rules: Rules


def ruled_tables(text: PageText, rules: Rules) -> list[Outline]:
    """The tables of a page: grids of lines, of two rows and columns at least, whose cells are rectangles."""
    if len(rules.along) > MOST_RULES or len(rules.down) > MOST_RULES:
        return []
    grids = [grid for grid in map(_grid, _crossing(rules)) if grid]
    if not grids or not text.printed or not text.is_upright(text.printed[0]):
        return []
    words = [(word, text.box(word[0])._replace(right=text.box(word[-1]).right)) for word in text.words()]
    return [outline for grid in grids if (outline := _outline(text, grid, words))]


class _Word(NamedTuple):
    """A word with where it is in a grid."""

    letters: range
    box: Box
    row: int
    column: int


def _outline(text: PageText, grid: _Grid, words: Words) -> Outline | None:
    numbers = _numbered(grid)
    if not numbers:
        return None
    inside = [
        _Word(letters, box, len(grid.up) - 1 - bisect_right(grid.up, y), bisect_right(grid.across, x) - 1)
        for letters, box in words
        for x, y in [box.middle]
        if grid.across[0] < x < grid.across[-1] and grid.up[0] < y < grid.up[-1]
    ]
    _part(numbers, grid, inside)
    owners = {at: numbers[word.row][word.column] for word in inside for at in word.letters}
    return Outline(numbers, owners, _bold(text, owners), tuple(grid.across))


def _part(numbers: list[list[int]], grid: _Grid, words: Sequence[_Word]) -> None:
    """Make cells of what stands in one row between lines as if it were one, but keeps to several columns.

    So it is where every other row is shaded, which draws sides of its cells, and those between are not.
    """
    by_row: dict[int, list[_Word]] = {}
    for word in words:
        by_row.setdefault(word.row, []).append(word)
    for row, own in enumerate(numbers):
        others = {number for other in (row - 1, row + 1) if 0 <= other < len(numbers) for number in numbers[other]}
        for number, columns in groupby(range(len(own)), list(own).__getitem__):
            spanned = list(columns)
            inside = [word for word in by_row.get(row, ()) if word.column in spanned]
            if len(spanned) > 1 and number not in others and _keep_to_columns(grid, inside):
                for column in spanned:
                    own[column] = row * len(own) + column


def _keep_to_columns(grid: _Grid, words: Sequence[_Word]) -> bool:
    """Whether words are in several columns, and none of those that stand close to each other are in two."""
    words = sorted(words, key=lambda word: word.box.left)
    right = -math.inf
    for before, word in pairwise(words):
        right = max(right, before.box.right)
        if word.box.left - right < GUTTER * word.box.height and word.column != before.column:
            return False
    return len({word.column for word in words}) > 1 and all(
        word.box.left > grid.across[word.column] - TOUCHING and word.box.right < grid.across[word.column + 1] + TOUCHING
        for word in words
    )


def _crossing(rules: Rules) -> list[Rules]:
    """The lines, those together that cross or touch each other."""
    groups: list[tuple[list[Rule], set[Rule]]] = []
    for along in rules.along:
        lines, down = [along], {one for one in rules.down if _touch(along, one)}
        others = []
        for group in groups:
            if down.isdisjoint(group[1]):
                others.append(group)
            else:
                lines, down = lines + group[0], down | group[1]
        groups = [*others, (lines, down)] if down else groups
    return [Rules(tuple(along), tuple(down)) for along, down in groups]


def _touch(along: Rule, down: Rule) -> bool:
    return (
        along.start - TOUCHING <= down.at <= along.end + TOUCHING
        and down.start - TOUCHING <= along.at <= down.end + TOUCHING
    )


def _grid(rules: Rules) -> _Grid | None:
    """Where cells may begin and end; the outermost lines need not be drawn."""
    across = _apart([rule.at for rule in rules.down] + [end for rule in rules.along for end in (rule.start, rule.end)])
    up = _apart([rule.at for rule in rules.along] + [end for rule in rules.down for end in (rule.start, rule.end)])
    is_grid = len(across) > 2 and len(up) > 2 and len(across) * len(up) <= MOST_CELLS
    return _Grid(across, up, rules) if is_grid else None


def _apart(places: Sequence[float]) -> list[float]:
    """The places in ascending order, one for those that lie near each other."""
    found: list[list[float]] = []
    for place in sorted(places):
        if found and place - found[-1][-1] <= TOUCHING:
            found[-1].append(place)
        else:
            found.append([place])
    return [sum(group) / len(group) for group in found]


def _numbered(grid: _Grid) -> list[list[int]]:
    """By row from the top, and column: the number of the cell; nothing where a cell is no rectangle."""
    middles_across = [(left + right) / 2 for left, right in pairwise(grid.across)]
    middles_up = [(low + high) / 2 for low, high in pairwise(grid.up)][::-1]
    tops = grid.up[-2:0:-1]  # between rows, from the top
    width = len(middles_across)
    numbers: list[list[int]] = []
    for row, y in enumerate(middles_up):
        own: list[int] = []
        for column, x in enumerate(middles_across):
            if row and not _drawn(grid.rules.along, tops[row - 1], x):
                own.append(numbers[row - 1][column])
            elif column and not _drawn(grid.rules.down, grid.across[column], y):
                own.append(own[column - 1])
            else:
                own.append(row * width + column)
        numbers.append(own)
    return numbers if _are_rectangles(numbers) else []


def _drawn(rules: Sequence[Rule], at: float, point: float) -> bool:
    return any(abs(rule.at - at) <= TOUCHING and rule.covers(point) for rule in rules)


def _are_rectangles(numbers: list[list[int]]) -> bool:
    places: dict[int, list[tuple[int, int]]] = {}
    for row, own in enumerate(numbers):
        for column, number in enumerate(own):
            places.setdefault(number, []).append((row, column))
    return all(
        len(ones) == (ones[-1][0] - ones[0][0] + 1) * (max(c for _, c in ones) - min(c for _, c in ones) + 1)
        for ones in places.values()
    )


def _bold(text: PageText, owners: dict[int, int]) -> frozenset[int]:
    """The cells that begin in bold, if others do not."""
    first: dict[int, int] = {}
    for at, number in owners.items():
        first.setdefault(number, at)
    bold = frozenset(number for number, at in first.items() if text.is_bold(at))
    return bold if len(bold) < len(first) else frozenset()
