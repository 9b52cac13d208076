"""Citation markers in a text, ``[1]`` and its variants, and the sentences that they belong to."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from askcorpus.text.sentences import split_sentences
from askcorpus.types import Span

BRACKETED_NUMBERS = re.compile(
    r"[\[\uff3b\u3010\u3014]\s*(\^?\d{1,3}(?:\s*[,;\u3001\uff0c\uff1b\-\u2013]\s*\^?\d{1,3})*)"
    r"(?:\u2020[^\]\uff3d\u3011\u3015\n]{0,40})?\s*[\]\uff3d\u3011\u3015]"
)
"""All that reads as a citation marker: ``[1]``, ``[1, 2]``, ``[1-3]``, ``[^1]``, ``［1］``, ``【1】``, ``【1†web】``.
Group 1 holds the numbers."""

_MARKER = re.compile(r"\[(\d{1,3})\]")
_MARKER_WITH_BLANKS = re.compile(r"\s{0,9}\[\d{1,9}\]")

_BLANKS = " \t\u00a0"

WORD = re.compile(r"\w")

_LONGEST_RANGE = 10

_SEPARATORS = str.maketrans({";": ",", "、": ",", "，": ",", "；": ","})


def defuse_markers(text: str) -> str:
    """``text`` with bracketed numbers in round brackets, so that they cannot be taken for citation markers."""
    return BRACKETED_NUMBERS.sub(r"(\1)", text)


def without_markers(text: str) -> str:
    """``text`` without its ``[n]`` markers and the blanks before them."""
    return _MARKER_WITH_BLANKS.sub("", text)


class Marker(NamedTuple):
    """A marker taken out of a text: its number, where in the bare text it stood, and the blanks that went with it."""

    number: int
    place: int
    lead: str = ""
    trail: str = ""


class Statement(NamedTuple):
    """A sentence of a bare text, with the indices of the markers that stand for it."""

    text: str
    span: Span
    markers: tuple[int, ...]


def read_markers(text: str) -> tuple[str, list[Marker]]:
    """``text`` without its ``[n]`` markers, and the markers in order."""
    pieces: list[str] = []
    markers: list[Marker] = []
    length, end, opens = 0, 0, True
    for match in _MARKER.finditer(text):
        between = text[end : match.start()]
        opens = _opens_line(between) and (opens or "\n" in between)
        piece = between if opens else between.rstrip(_BLANKS)
        pieces.append(piece)
        length += len(piece)
        end = match.end()
        # The blanks that belong to a marker are those before it, but at the beginning of a line those after it.
        trail = _blanks_at(text, end) if opens else ""
        end += len(trail)
        markers.append(Marker(int(match[1]), length, between[len(piece) :], trail))
    return "".join([*pieces, text[end:]]), markers


def write_markers(bare: str, markers: Iterable[Marker]) -> tuple[str, dict[int, Span]]:
    """The text with its markers, ordered by place, and where each number stands first. A number that would stand
    twice at one place is written once."""
    text, done = "", 0
    places: dict[int, Span] = {}
    written: set[tuple[int, int]] = set()
    for marker in markers:
        if (marker.number, marker.place) in written:
            continue
        written.add((marker.number, marker.place))
        text += bare[done : marker.place] + marker.lead
        done = marker.place
        sign = f"[{marker.number}]"
        places.setdefault(marker.number, Span(len(text), len(text) + len(sign)))
        text += sign + marker.trail
    return text + bare[done:], places


def statements(bare: str, markers: Sequence[Marker], language: str) -> list[Statement]:
    """The sentences of ``bare`` and their markers: one stands for the sentence it is in or that ends before it; at the
    beginning of a line, for the sentence after it."""
    spans = split_sentences(bare, language)
    owners: dict[int, list[int]] = {}
    for index, marker in enumerate(markers):
        after = [number for number, span in enumerate(spans) if span.end > marker.place]
        before = [number for number, span in enumerate(spans) if span.start < marker.place]
        candidates = (after[:1] or before[-1:]) if _opens_line(bare[: marker.place]) else before[-1:]
        for owner in candidates:
            owners.setdefault(owner, []).append(index)
    return [
        Statement(bare[span.start : span.end], span, tuple(owners.get(number, ()))) for number, span in enumerate(spans)
    ]


def _opens_line(before: str) -> bool:
    """Whether nothing but bullets and blanks stands between the last line break and the end of ``before``."""
    return not WORD.search(before.rpartition("\n")[2])


def _blanks_at(text: str, place: int) -> str:
    end = place
    while text[end : end + 1] and text[end] in _BLANKS:
        end += 1
    return text[place:end]


def plain_markers(text: str) -> str:
    """``text`` with all ways of writing citation markers (``[1, 2]``, ``［1］``, ``[^1]``) as ``[1][2]``."""
    return BRACKETED_NUMBERS.sub(lambda match: "".join(f"[{number}]" for number in _numbers(match[1])), text)


def _numbers(group: str) -> list[int]:
    """``1, 3-5`` → 1, 3, 4, 5."""
    numbers: list[int] = []
    for part in group.replace("^", "").replace("–", "-").translate(_SEPARATORS).split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        upto = int(last) if dash and 0 <= int(last) - int(first) <= _LONGEST_RANGE else int(first)
        numbers += range(int(first), upto + 1)
        if dash and upto == int(first) != int(last):
            numbers.append(int(last))
    return numbers
