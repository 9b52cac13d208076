"""Folding of messages in which phrases are looked for: lower case, no accents, one space for everything but words.

Marks that are letters of their own stay: vowels of Thai and of the scripts of India.
"""

import unicodedata
from typing import NamedTuple

import regex

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}'’]")
_MARK = regex.compile(r"[\p{Mn}&&[\p{Inherited}\p{Arabic}\p{Hebrew}\p{Cyrillic}\u093c]]", regex.V1)
"""What may be left out in writing, the nukta of Hindi included."""

_TYPED_EITHER_WAY = str.maketrans(
    {"ı": "i", "ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}  # without a form of NFKD
    | {"ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ـ": ""}  # Arabic and Persian
    | {"ँ": "ं"}  # Hindi
)


class Folded(NamedTuple):
    """A folded text; ``places`` has where in the text each of its characters comes from."""

    text: str
    places: tuple[int, ...]


def folded(text: str) -> Folded:
    """``text``, folded character by character."""
    letters, places = list[str](), list[int]()
    for place, char in enumerate(text):
        for letter in unicodedata.normalize("NFKD", char.casefold()).translate(_TYPED_EITHER_WAY):
            if _MARK.match(letter):
                continue
            if not _WORD.match(letter):
                if letters[-1:] == [" "]:
                    continue
                letter = " "
            letters.append(letter)
            places.append(place)
    return Folded("".join(letters), tuple(places))


def fold(text: str) -> str:
    """The folded text alone."""
    return folded(text).text
