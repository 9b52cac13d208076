"""Subtitles (.srt, .vtt): what is said, with a mark for the time at which each stretch of it begins."""

import html
import re
from collections.abc import Iterator

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
    length = 0
    cues = list(_CUE.finditer(content))
    ends = [cue.start() for cue in cues[1:]] + [len(content)]
    for cue, end in zip(cues, ends, strict=True):
        said = _said(content[cue.end() : end])
        if not said or (text and said == text[-1]):  # a line that stays while the next one comes is there twice
            continue
        marks.append(Mark(start=length + bool(text), locator={"time": _clock(cue[1])}))
        length += len(said) + bool(text)
        text.append(said)
    if not text:
        raise NoText("holds no text")
    yield RawRecord(source.origin, "\n".join(text), source.path.stem, marks=tuple(marks))


def _said(block: str) -> str:
    """The words of a cue, without the number or name of the next one and without notes."""
    words = block.split("\n\n", 1)[0]
    return _BLANKS.sub(" ", html.unescape(_TAG.sub("", words))).strip()


def _clock(time: str) -> str:
    hours, minutes, seconds = ("0:" + time).split(":")[-3:]
    return f"{int(hours):02}:{int(minutes):02}:{seconds}"
