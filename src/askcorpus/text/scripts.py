"""The scripts that the bundled encoder, and so the reader, can read; any other text is unknown tokens to it."""

import regex

READABLE = (
    "Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Ethiopic", "Georgian", "Greek", "Gujarati",
    "Gurmukhi", "Han", "Hangul", "Hebrew", "Hiragana", "Kannada", "Katakana", "Khmer", "Lao", "Latin", "Malayalam",
    "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu", "Thai",
)  # fmt: skip
"""Those whose letters are in its vocabulary; of others it knows hardly a letter (tests/test_scripts.py)."""

SAMPLE_CHARS = 2000
"""A longer text is judged by its beginning."""

MOSTLY = 0.5
"""Share of a text's letters from which it is unreadable: less are names or quotations in it."""


def is_unreadable(text: str) -> bool:
    """Whether most letters of ``text`` are of a script that the model cannot read; false where there is no letter."""
    letters = _LETTER.findall(text[:SAMPLE_CHARS])
    return sum(map(_is_unknown, letters)) > MOSTLY * len(letters)


_LETTER = regex.compile(r"\p{L}")
_READABLE_LETTER = regex.compile(
    "[" + "".join(rf"\p{{Script={name}}}" for name in (*READABLE, "Common", "Inherited", "Bopomofo")) + "]"
)


def _is_unknown(letter: str) -> bool:
    return not letter.isascii() and not _READABLE_LETTER.match(letter)
