"""Subtitles (.srt, .vtt): what is said, with a mark for the time at which each stretch of it begins."""

import html
import re
from collections.abc import Iterator
from itertools import zip_longest

from askcorpus.errors import NoText
from askcorpus.types import Mark
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import Source

_CUE = re.compile(r"^[ \t]*((?:\d{1,3}:)?\d{1,2}:\d{2})[.,]\d{1,3}[ \t]+-->[^\n]*\n", re.MULTILINE)
_TAG = re.compile(r"<[^<>\n]{0,200}>|\{\\[^{}\n]{0,100}\}")
_BLANKS = re.compile(r"\s+")


def read_subtitles(source: Source) -> Iterator[RawRecord]:
    """Its words as running text.

    Raises:
        ReadError: nothing is said in it.
    """
    content = decode(source.content()).replace("\r\n", "\n").replace("\r", "\n")
    text: list[str] = []
    marks: list[Mark] = []
    shown: list[str] = []
    length = 0
    cues = list(_CUE.finditer(content))
    for cue, following in zip_longest(cues, cues[1:]):
        end = following.start() if following else len(content)
        before, shown = shown, _lines(content[cue.end() : end])
        said = " ".join(shown[_staying(before, shown) :])
        if not said:
            continue
        marks.append(Mark(start=length + bool(text), locator={"time": _clock(cue[1])}))
        length += len(said) + bool(text)
        text.append(said)
    if not text:
        raise NoText("holds no text")
    yield RawRecord(source.origin, "\n".join(text), source.path.stem, marks=tuple(marks))


def _lines(block: str) -> list[str]:
    """The lines of a cue, without the number or name of the next one and without notes."""
    lines = html.unescape(_TAG.sub("", block.split("\n\n", 1)[0])).split("\n")
    return [said for line in lines if (said := _BLANKS.sub(" ", line).strip())]


def _staying(before: list[str], shown: list[str]) -> int:
    """How many of the first lines shown are the last of those before: they stay while the next ones come."""
    return next(count for count in range(len(shown), -1, -1) if before[len(before) - count :] == shown[:count])


def _clock(time: str) -> str:
    hours, minutes, seconds = ("0:" + time).split(":")[-3:]
    return f"{int(hours):02}:{int(minutes):02}:{seconds}"
