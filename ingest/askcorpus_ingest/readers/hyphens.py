"""Words that are cut at the ends of lines: whether the hyphen is the word's own."""

import re
from collections.abc import Iterable

CUT = "\x02"
"""What stands in a text where a line ends with a hyphen and its word goes on."""

LONGEST_PART = 60

_WORD = re.compile(r"\w[\w-]*+")


def mended(texts: Iterable[str]) -> list[str]:
    """The texts of a document, with the words whole that ``CUT`` cuts.

    A hyphen stays where the document writes the word with it elsewhere, or before a capital (États-Unis) or a figure
    (COVID-19), unless it writes the word without one elsewhere.
    """
    texts = list(texts)
    if not any(CUT in text for text in texts):
        return texts
    written = {word.casefold() for text in texts for word in _WORD.findall(text)}
    return [_mended(text, written) for text in texts]


def _mended(text: str, written: set[str]) -> str:
    first, *parts = text.split(CUT)
    mended = [first]
    before = _tail(first)
    for part in parts:
        after = _WORD.match(part)
        hyphen = "-" if after and _keeps_hyphen(before, after[0], written) else ""
        mended += [hyphen, part]
        whole = before + hyphen + part if after and after.end() == len(part) else part
        before = _tail(whole[-LONGEST_PART:])
    return "".join(mended)


def _keeps_hyphen(before: str, after: str, written: set[str]) -> bool:
    if f"{before}{after}".casefold() in written:
        return False
    if f"{before}-{after}".casefold() in written:
        return True
    return after[0].isdigit() or (after[0].isupper() and not before.isupper())


def _tail(text: str) -> str:
    """The word that a text ends with."""
    start = len(text)
    while start > max(0, len(text) - LONGEST_PART) and (text[start - 1].isalnum() or text[start - 1] == "-"):
        start -= 1
    return text[start:]
