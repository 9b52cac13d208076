"""The characters of a page of a PDF: what they are, where they stand, and how they are set."""

import ctypes
import math
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

GUTTER = 0.7
"""Cells are at least so far apart, in heights of their letters; words of one cell are nearer each other."""

_LONGEST_NAME = 200
_BOLD = re.compile("bold|black|heavy", re.IGNORECASE)
_WORD = re.compile(r"\S+")


class Box(NamedTuple):
    """The room of a character, or of words, in points: from the line that they stand on up to their font's size."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def height(self) -> float:
        """The size of the font."""
        return self.top - self.bottom

    @property
    def middle(self) -> tuple[float, float]:
        """About the middle of its small letters."""
        return (self.left + self.right) / 2, self.bottom + self.height / 4


class PageText:
    """A page's text as PDFium gives it; where a character stands in it is also its number on the page.

    ``signs`` are the same characters as they are told.
    """

    def __init__(self, page: Any, text_page: Any, text: str, signs: list[str]) -> None:
        self.page, self.text, self.signs = page, text, signs
        self._text_page, self._kept_open = text_page.raw, text_page

    @cached_property
    def printed(self) -> list[int]:
        """The characters that are no spaces."""
        return [at for at, sign in enumerate(self.text) if not sign.isspace()]

    def sides(self, at: int) -> tuple[float, float]:
        """How far left a character begins, and how far right it ends."""
        import pypdfium2.raw as pdfium

        sides = pdfium.FS_RECTF()
        pdfium.FPDFText_GetLooseCharBox(self._text_page, at, sides)
        return sides.left, sides.right

    def box(self, at: int) -> Box:
        """Where a character stands."""
        import pypdfium2.raw as pdfium

        left, right = self.sides(at)
        x, y, scale = ctypes.c_double(), ctypes.c_double(), pdfium.FS_MATRIX()
        pdfium.FPDFText_GetCharOrigin(self._text_page, at, x, y)
        pdfium.FPDFText_GetMatrix(self._text_page, at, scale)
        size = pdfium.FPDFText_GetFontSize(self._text_page, at) * math.hypot(scale.b, scale.d)
        return Box(left, y.value, right, y.value + size)

    def words(self) -> Iterator[range]:
        """The characters of each word; what was written apart is apart, if no space is between."""
        import pypdfium2.raw as pdfium

        for word in _WORD.finditer(self.text):
            start, piece = word.start(), None
            for at in range(*word.span()):
                own = ctypes.cast(pdfium.FPDFText_GetTextObject(self._text_page, at), ctypes.c_void_p).value
                if own != piece and at > start:
                    yield range(start, at)
                    start = at
                piece = own
            yield range(start, word.end())

    def is_upright(self, at: int) -> bool:
        """Whether a character is read from left to right, as the page is shown."""
        import pypdfium2.raw as pdfium

        return not self.page.get_rotation() and abs(pdfium.FPDFText_GetCharAngle(self._text_page, at)) < 0.01

    def font(self, at: int) -> str:
        """The name of a character's font."""
        import pypdfium2.raw as pdfium

        name, flags = ctypes.create_string_buffer(_LONGEST_NAME), ctypes.c_int()
        pdfium.FPDFText_GetFontInfo(self._text_page, at, name, _LONGEST_NAME, flags)
        return name.value.decode("latin-1")

    def is_bold(self, at: int) -> bool:
        """Whether a character is set in bold, by the name of its font: the weight that PDFium tells is a guess."""
        return bool(_BOLD.search(self.font(at)))

    def content_id(self, at: int) -> int:
        """By what the page's structure refers to the piece of content that a character is of; -1: to none."""
        import pypdfium2.raw as pdfium

        piece = pdfium.FPDFText_GetTextObject(self._text_page, at)
        return int(pdfium.FPDFPageObj_GetMarkedContentID(piece)) if piece else -1


class Outline(NamedTuple):
    """A table on a page: the numbers of its cells, in every column and row that they stand in, and what is in them.

    ``owners`` tells the cell of each printed character, ``names`` are the cells that are said to name a column or
    row, and ``across`` is how far right the columns begin and end, where that is known.
    """

    rows: list[list[int]]
    owners: dict[int, int]
    names: frozenset[int] = frozenset()
    across: tuple[float, ...] = ()
