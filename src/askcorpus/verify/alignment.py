"""Aligning a quotation with a stretch of a document: where it is there word for word, or what differs.

Each distinct token becomes a character, so that rapidfuzz compares whole words, in C and in time proportional to the
product of both lengths divided by 64.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from askcorpus.verify.tokens import Token

_FIRST = 0xF0000
"""Where the characters for tokens begin: a private plane with room for more than any window holds."""

_FAR = 4
"""Tokens of the document between what matches: two words beyond so many others match by chance."""

_SHOWN = 6
"""Words that a shown difference has on either side."""


class Place(NamedTuple):
    """Where the tokens of the quotation stand in those of the document, word for word, with the marked omissions."""

    start: int
    end: int
    omitted: tuple[tuple[int, int], ...]


class Alignment(NamedTuple):
    """The likeliest place of a quotation that does not stand there word for word: ``tokens[start:end]`` of the window.

    ``coverage`` is the share of the quotation's letters that stand there, ``run`` the most words in a row, ``lost`` how
    many of its words do not stand there.
    """

    start: int
    end: int
    coverage: float
    run: int
    lost: int
    difference: str


class Alphabet:
    """One character for each different token."""

    def __init__(self) -> None:
        self._characters: dict[str, str] = {}

    def spell(self, tokens: Sequence[Token]) -> str:
        """The tokens as a string of the same length."""
        known = self._characters
        return "".join(known.setdefault(token.key, chr(_FIRST + len(known))) for token in tokens)


def places(segments: Sequence[str], window: str, most: int) -> Iterator[Place]:
    """Where the segments stand in this order, at most ``most`` places; between two, what is omitted."""
    start = window.find(segments[0])
    while start >= 0 and most:
        most -= 1
        end, omitted = start + len(segments[0]), []
        for segment in segments[1:]:
            following = window.find(segment, end)
            if following < 0:
                return
            omitted.append((end, following))
            end = following + len(segment)
        yield Place(start, end, tuple(omitted))
        start = window.find(segments[0], start + 1)


def align(
    quoted: Sequence[Token], spelled: str, gaps: frozenset[int], window: Sequence[Token], in_window: str, texts: "Texts"
) -> Alignment | None:
    """The stretch of the window most similar to the quotation; None if nothing of it is there."""
    found = fuzz.partial_ratio_alignment(spelled, in_window)
    if found is None or not found.score:
        return None
    margin = max(8, len(spelled) // 2)
    first, last = max(0, found.dest_start - margin), min(len(window), found.dest_end + margin)
    blocks = _blocks(spelled, in_window[first:last], first)
    if not blocks:
        return None
    start = max(0, blocks[0][1] - min(blocks[0][0], 3) if blocks[0][0] <= 3 else blocks[0][1])
    tail = len(spelled) - blocks[-1][0] - blocks[-1][2]
    end = blocks[-1][1] + blocks[-1][2]
    end = min(len(window), end + tail if tail <= 3 else end)
    matched = {place for begin, _, length in blocks for place in range(begin, begin + length)}
    whole = sum(len(token.key) for token in quoted if token.is_word) or 1
    there = sum(len(quoted[place].key) for place in matched if quoted[place].is_word)
    lost = sum(token.is_word for place, token in enumerate(quoted) if place not in matched)
    run = max(sum(token.is_word for token in quoted[begin : begin + length]) for begin, _, length in blocks)
    difference = _difference(quoted, window[start:end], blocks, start, gaps, texts)
    return Alignment(start, end, there / whole, run, lost, difference)


Block = tuple[int, int, int]


def _blocks(spelled: str, stretch: str, offset: int) -> list[Block]:
    """What both have in common, as (place in the quotation, place in the window, length), without what matches by
    chance at the edges."""
    found = [
        (block.a, block.b + offset, block.size)
        for block in Indel.editops(spelled, stretch).as_matching_blocks()
        if block.size
    ]
    while len(found) > 1 and _is_chance(found[0], found[1]):
        found.pop(0)
    while len(found) > 1 and _is_chance(found[-1], found[-2]):
        found.pop()
    return _grown(found, spelled, stretch, offset) if found else []


def _grown(found: list[Block], spelled: str, stretch: str, offset: int) -> list[Block]:
    """The same with what goes on alike before the first and behind the last: a word may have been matched by chance
    farther out."""
    begin, place, length = found[0]
    while begin and place > offset and spelled[begin - 1] == stretch[place - offset - 1]:
        begin, place, length = begin - 1, place - 1, length + 1
    found[0] = (begin, place, length)
    begin, place, length = found[-1]
    while (
        begin + length < len(spelled)
        and place - offset + length < len(stretch)
        and spelled[begin + length] == stretch[place - offset + length]
    ):
        length += 1
    found[-1] = (begin, place, length)
    return found


def _is_chance(edge: Block, inner: Block) -> bool:
    left, right = sorted((edge, inner))
    return edge[2] <= 2 and right[1] - (left[1] + left[2]) > _FAR


class Texts(NamedTuple):
    """What the offsets of the tokens count in: the text that quotes, and the document."""

    quoting: str
    document: str


def _difference(
    quoted: Sequence[Token],
    there: Sequence[Token],
    blocks: Sequence[Block],
    offset: int,
    gaps: frozenset[int],
    texts: Texts,
) -> str:
    """What differs: ``[-words of the document-]{+words of the text instead+}``, with some words around."""
    parts: list[str] = []
    at, other = 0, 0
    for begin, place, length in (*blocks, (len(quoted), offset + len(there), 0)):
        parts += _changed(quoted[at:begin], there[other : place - offset], begin in gaps, texts)
        same = there[place - offset : place - offset + length]
        parts += _common(quoted[begin : begin + length], same, begin == 0 or begin in gaps, texts)
        at, other = begin + length, place - offset + length
    return _shortened(parts)


def _changed(added: Sequence[Token], removed: Sequence[Token], is_gap: bool, texts: Texts) -> list[str]:
    if is_gap and not added:
        return ["[…]"] if removed else []
    out = f"[-{_cut(texts.document, removed)}-]" if removed else ""
    out += f"{{+{_cut(texts.quoting, added)}+}}" if added else ""
    return [out] if out else []


def _common(quoted: Sequence[Token], there: Sequence[Token], is_first: bool, texts: Texts) -> list[str]:
    """Words on both sides; one that is only capitalised otherwise is a difference, the first of a piece apart."""
    out: list[str] = []
    run = 0
    for place, (mine, theirs) in enumerate(zip(quoted, there, strict=True)):
        if mine.form != theirs.form and not (is_first and place == 0):
            out += [_cut(texts.document, there[run:place])] if place > run else []
            out.append(f"[-{_cut(texts.document, [theirs])}-]{{+{_cut(texts.quoting, [mine])}+}}")
            run = place + 1
    return out + ([_cut(texts.document, there[run:])] if run < len(there) else [])


def _cut(text: str, tokens: Sequence[Token]) -> str:
    return " ".join(text[tokens[0].start : tokens[-1].end].split()) if tokens else ""


def _shortened(parts: Sequence[str]) -> str:
    """The parts in one line, long common stretches cut to what stands beside a difference."""
    changed = [part.startswith(("[-", "{+", "[…")) for part in parts]
    if not any(changed):
        return ""
    out = []
    for place, part in enumerate(parts):
        words = part.split(" ")
        if changed[place] or len(words) <= 2 * _SHOWN:
            out.append(part)
        elif place == 0:
            out.append("… " + " ".join(words[-_SHOWN:]))
        elif place == len(parts) - 1:
            out.append(" ".join(words[:_SHOWN]) + " …")
        else:
            out.append(" ".join(words[:_SHOWN]) + " … " + " ".join(words[-_SHOWN:]))
    return " ".join(out)
