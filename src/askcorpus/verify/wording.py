"""The wording of a claim as it is compared: in segments between omissions, without what an editor may change.

An editor may mark an omission ("[…]", "...") or put words in square brackets, and begin a piece with a small or a
capital letter: "[T]he fund … will pay".
"""

from typing import NamedTuple

import regex

from askcorpus.text.words import word_spans
from askcorpus.verify.tokens import Token, tokens

_OMISSION = regex.compile(
    r"[\[(]\s*(?:…|⋯|\.(?:\s?\.){2,3}|sic!?)\s*[\])]|…+|⋯+|\.(?:\s?\.){2,3}|\[[^\[\]\n]{1,80}\]", regex.IGNORECASE
)
_LETTER = regex.compile(r"\[(\p{L})\]")
_HIDDEN = "\u200b"  # no part of a word, and as long as the bracket it stands for
_EDGE = frozenset(".,;:-()[]…–")


class Wording(NamedTuple):
    """A claim taken apart: its ``segments`` between omissions, each of one token or more, and what was ``added`` in
    brackets before each of them and behind the last. ``text`` is as long as the claim, and what its tokens' offsets
    count in."""

    text: str
    segments: tuple[tuple[Token, ...], ...]
    added: tuple[str, ...] = ()

    @property
    def tokens(self) -> tuple[Token, ...]:
        """All in one row."""
        return tuple(token for segment in self.segments for token in segment)

    @property
    def gaps(self) -> frozenset[int]:
        """Places in that row before which something was left out."""
        places, place = [], 0
        for segment in self.segments[:-1]:
            place += len(segment)
            places.append(place)
        return frozenset(places)

    @property
    def key(self) -> str:
        """The same for claims that are compared alike."""
        said = (" ".join(token.form for token in segment) for segment in self.segments)
        return " … ".join((*said, *filter(None, self.added)))

    def words(self) -> list[list[str]]:
        """The words of each segment as they are indexed."""
        return [
            [word for word, _ in word_spans(self.text[segment[0].start : segment[-1].end])] for segment in self.segments
        ]


def read_wording(text: str) -> Wording:
    """The wording of a claim; without segments where it has no word."""
    bare = _LETTER.sub(rf"{_HIDDEN}\1{_HIDDEN}", text)
    segments, added, start = [], [""], 0
    for omission in (*_OMISSION.finditer(bare), None):
        end = omission.start() if omission else len(bare)
        if segment := _trimmed(tokens(bare[start:end], start)):
            segments.append(segment)
            added.append("")
        start = omission.end() if omission else end
        added[-1] += bare[end:start]
    return Wording(bare, tuple(segments), tuple(added))


def _trimmed(found: list[Token]) -> tuple[Token, ...]:
    start, end = 0, len(found)
    while start < end and found[start].key in _EDGE:
        start += 1
    while end > start and found[end - 1].key in _EDGE:
        end -= 1
    return tuple(found[start:end]) if any(token.is_word for token in found[start:end]) else ()
