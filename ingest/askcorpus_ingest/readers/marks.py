"""Where the places that people know (pages, chapters, rows) begin in a text that is put together from them."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from askcorpus.text.characters import clean_text
from askcorpus.types import Mark

_END_OF_SENTENCE = (".", "!", "?", "…", ":", "。", "！", "？", "»", "”", '"', ")")


class Stretch(NamedTuple):
    """A page, a chapter, a slide: what it is called, as a locator, and its text."""

    locator: Mapping[str, str]
    text: str


def put_together(stretches: Iterable[Stretch]) -> tuple[str, tuple[Mark, ...]]:
    """The stretches' texts, cleaned, a blank line between them, and where each begins; empty ones leave no mark.

    A sentence that goes on in the next stretch has only a line break in it.
    """
    text: list[str] = []
    marks: list[Mark] = []
    length = 0
    for locator, raw in stretches:
        if not (clean := clean_text(raw)):
            continue
        between = "" if not text else "\n" if _goes_on(text[-1], clean) else "\n\n"
        text += [between, clean]
        if locator and (not marks or marks[-1].locator != locator):
            marks.append(Mark(start=length + len(between), locator=dict(locator)))
        length += len(between) + len(clean)
    return "".join(text), tuple(marks)


def _goes_on(before: str, after: str) -> bool:
    return after[0].islower() and not before.endswith(_END_OF_SENTENCE)
