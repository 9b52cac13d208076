"""The words of a text, folded so that different spellings of a word match: the tokens of lexical search.

Case, diacritics and compatibility forms go (``Œuvre`` → ``oeuvre``, ``ＡＢＣ`` → ``abc``, ``٢٠٢٢`` → ``2022``), except
where marks are letters of their own: vowel signs of Indic scripts, Cyrillic й, Japanese voicing. Elided articles and
possessives go (``l’État`` → ``etat``, ``Biden's`` → ``biden``). Numbers lose their group separators, codes with a
hyphen are found with and without it (``COVID-19`` → ``covid19 covid 19``). Scripts written without spaces become
overlapping pairs of characters, which need no word list (as in Lucene's CJKBigramFilter).
"""

import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import accumulate
from operator import add

import regex

from askcorpus.text.lexicon import languages
from askcorpus.types import Span

RULES = 1
"""Version of what ``terms`` makes of a text. Raise it with every change that gives any text other terms, a library's
new Unicode tables included: an index of terms made by other rules is then made anew, without embedding anything."""

STEM = 4
"""Letters of a word's beginning that are indexed beside the word."""

LONGEST = 100
"""Characters of a word that count: what is longer is no word of a language, and would only bloat the index."""

_MET_AGAIN = 24
"""Characters of a piece of text, between white space, up to which it is likely to be met again."""

_LETTERS = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i"}  # without NFD form
    | {"ى": "ي", "ی": "ي", "ې": "ي", "ک": "ك", "ة": "ه", "ـ": None}  # typed either way in Arabic, Persian and Urdu
    | dict.fromkeys("\u00ad\u200b\u200c\u200d׳״\"'’‘ʼ＇")  # join the parts of one word
)
_APOSTROPHE = "['’‘ʼ＇]"
_HYPHEN = "[-‐‑]"
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ーｰ"
_SPACED = rf"[\p{{L}}--[{_UNSPACED}]]"
_BREAK = r"(?<![\p{L}\p{N}])"
_GROUPED = r"\d{1,3} (?: [.,\ \u00a0\u202f\u2009'’] \d{3} )+ (?: [.,]\d+ )?"
_TOKEN = regex.compile(
    rf"""
      (?P<pairs>    (?: [[{_UNSPACED}]&&[\p{{L}}\p{{Nl}}]] [\p{{M}}ﾞﾟ]* )+ )
    | (?P<number>   {_BREAK} (?<!\d[.,]) (?: {_GROUPED} | \d+[.,]\d+ ) (?! [.,]?\d ) )
    | (?P<initials> {_BREAK} \p{{Lu}} (?: \.\p{{Lu}} ){{1,9}} (?! [.]?\p{{L}} ) )
    | (?P<code>     {_BREAK} {_SPACED}{{1,30}} {_HYPHEN} \d{{1,20}} (?! [\p{{L}}\p{{N}}] ) )
    | (?P<word>     (?: (?: {_SPACED} | \p{{N}} ) [\p{{M}}\u00ad\u200b-\u200d]*
                      | (?<=\p{{L}}\p{{M}}*) {_APOSTROPHE} (?=\p{{L}})
                      | (?<=\p{{Hebrew}}) ["׳״] (?=\p{{Hebrew}}) )+ )
    """,
    regex.VERBOSE | regex.V1,
)
_WRITTEN_APART = regex.compile(rf"(?: (?: {_SPACED} | \p{{N}} ) \p{{M}}* )+", regex.VERBOSE | regex.V1)
_HYPHENS = regex.compile(_HYPHEN)
_GROUPING = regex.compile(r"[.,\s'’](?=\d{3}(?!\d))")
_HEAD = regex.compile(rf"^(\p{{L}}+){_APOSTROPHE}(?=\p{{L}})")
_POSSESSIVE = regex.compile(rf"{_APOSTROPHE}[sS]$")
_CLUSTER = regex.compile(r"[^\p{M}ﾞﾟ][\p{M}ﾞﾟ]*")
_MARK = regex.compile(r"[\p{M}ﾞﾟ]")
_SPACED_GROUPS = regex.compile(r"\d\s\d{3}")
_APART = regex.compile(r"\s+ (?! (?<=\d\s) \d{3} )", regex.VERBOSE)
_MARKS = regex.compile(
    r"(?<=[\p{Latin}\p{Greek}])\p{M}+"
    r"|(?<=[аеиоуыэюяіѣ])[\u0300\u0301]|(?<=е)\u0308"  # stress marks of dictionaries; ё is mostly printed е
    r"|[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]"  # Arabic: vowels, and the hamza that NFD takes off its letter
    r"|[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]"  # Hebrew: vowels and cantillation
)


def terms(text: str) -> list[str]:
    """What is indexed and searched for: the words, and the first ``STEM`` letters of each longer one, marked ``~``.

    The beginnings let inflected forms meet in every language that inflects at the end (``reconnu``, ``reconnaître``)
    with no word list; the whole words keep their own, higher weight
    (docs/quality.md, Choices that came out of such runs).
    """
    found = words(text)
    return found + [f"~{word[:STEM]}" for word in found if len(word) > STEM]


def words(text: str) -> list[str]:
    """The folded words of ``text`` in reading order; empty where there is none (punctuation, emoji)."""
    # No token goes beyond white space, unless that separates groups of digits; most pieces were met before.
    found: list[str] = []
    for piece in _APART.split(text) if _SPACED_GROUPS.search(text) else text.split():
        found += _known(piece) if len(piece) <= _MET_AGAIN else _taken_apart(piece)
    return found


@lru_cache(maxsize=1 << 16)
def _known(piece: str) -> tuple[str, ...]:
    return tuple(_taken_apart(piece))


def _taken_apart(piece: str) -> list[str]:
    found: list[str] = []
    for match in _TOKEN.finditer(piece):
        if match.lastgroup == "pairs":
            found += _paired(_folded(_clusters(match.group())))
        else:
            found += [word for word, _, _ in _read(match.lastgroup or "", match.group())]
    return found


def word_spans(text: str) -> list[tuple[str, Span]]:
    """The folded words of ``text`` with their places in it.

    Spans overlap where a stretch gives several words: pairs of characters, codes such as ``COVID-19``.
    """
    found: list[tuple[str, Span]] = []
    for match in _TOKEN.finditer(text):
        at = match.start()
        found += [
            (word, Span(at + start, at + end)) for word, start, end in _read(match.lastgroup or "", match.group())
        ]
    return found


def in_whole_words(text: str, span: Span) -> Span:
    """A span of ``text``, widened to the whole words that it begins and ends in, where words are written apart."""
    start, end = span
    for word in _WRITTEN_APART.finditer(text):
        if word.start() < span.start < word.end():
            start = word.start()
        if word.start() < span.end < word.end():
            end = word.end()
    return Span(start, end)


def _read(kind: str, token: str) -> list[tuple[str, int, int]]:
    """The words that one token gives, each with its start and end in it."""
    if kind == "pairs":
        return _pairs(token)
    whole = len(token)
    if kind == "number":
        return [(_fold(_GROUPING.sub("", token).replace(",", ".")[:LONGEST]), 0, whole)]
    if kind == "initials":
        return [(_fold(token.replace(".", "")), 0, whole)]
    if kind == "code":
        letters, digits = _HYPHENS.split(token)
        cut = len(letters)
        return [(_fold(letters + digits), 0, whole), (_fold(letters), 0, cut), (_fold(digits), cut + 1, whole)]
    start = 0
    if not token.isalnum():  # there may be an apostrophe in it
        head = _HEAD.match(token)
        if head and head[1].casefold() in _elided():
            start = head.end()
        token = _POSSESSIVE.sub("", token[start:])
    folded = _fold(token[:LONGEST])
    return [(folded, start, start + len(token))] if folded else []


def _pairs(run: str) -> list[tuple[str, int, int]]:
    """Overlapping pairs of characters, each with its marks; a character that stands alone is a word."""
    clusters = _clusters(run)
    ends = [0, *accumulate(map(len, clusters))]
    last = ends[2:] or ends[1:]
    return list(zip(_paired(_folded(clusters)), ends, last, strict=False))


def _clusters(run: str) -> Sequence[str]:
    """The characters of a run, each with its marks."""
    return _CLUSTER.findall(run) if _MARK.search(run) else run


def _folded(clusters: Sequence[str]) -> list[str]:
    return [_fold(cluster[:LONGEST]) for cluster in clusters]


def _paired(folded: list[str]) -> list[str]:
    return list(map(add, folded, folded[1:])) if len(folded) > 1 else folded


@cache
def _elided() -> frozenset[str]:
    """Articles and the like that lose their last letter before a vowel, in any language."""
    return frozenset(word for one in languages().values() for word in one.text.elided)


@lru_cache(maxsize=1 << 16)
def _fold(word: str) -> str:
    """One spelling for all spellings of a word."""
    if word.isascii() and word.isalnum():
        return word.lower()
    letters = unicodedata.normalize("NFKC", word).casefold().translate(_LETTERS)
    bare = _MARKS.sub("", unicodedata.normalize("NFD", letters))
    return "".join(_digit(char) for char in unicodedata.normalize("NFC", bare) if not char.isspace())


def with_ascii_digits(text: str) -> str:
    """``text`` with the figures of every script as 0 to 9: ٢٠٢٣ as 2023."""
    return text if text.isascii() else "".join(map(_digit, text))


def _digit(char: str) -> str:
    """An ASCII digit for any script's digit; every other character as it is."""
    return str(unicodedata.digit(char)) if char.isdecimal() else char
