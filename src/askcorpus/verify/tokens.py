"""The tokens of a text that a quotation must keep; what a quoter may change is normalised.

Quotation marks, the kind of dash, spaces, line breaks, Markdown emphasis, invisible characters, and vowel marks that
are mostly omitted in print do not count. Words, figures and all other punctuation do.
"""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

import regex

from askcorpus.text.words import with_ascii_digits

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_INVISIBLE = r"\u00ad\u034f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u0640"
_APOSTROPHE = "['’‘ʼ＇`´]"
_TOKEN = regex.compile(
    rf"""
      (?P<sign>   [{_UNSPACED}] \p{{M}}* )
    | (?P<figure> (?<![\p{{N}}.,]) \p{{N}}{{1,3}} (?: [^\S\n] \p{{N}}{{3}} ){{1,9}} (?! \p{{N}} )
                  (?: [.,٫٬] \p{{N}}+ )? )
    | (?P<word>   [\p{{L}}\p{{N}}] (?: [\p{{L}}\p{{N}}\p{{M}}{_INVISIBLE}--[{_UNSPACED}]]
                                    | (?<=\p{{L}}[{_INVISIBLE}]?) {_APOSTROPHE} (?=[\p{{L}}--[{_UNSPACED}]])
                                    | (?<=\p{{N}}) [.,٫٬] (?=\p{{N}}) )* )
    | (?P<dash>   [\p{{Pd}}−]+ )
    | (?P<dots>   …+ | ⋯+ | \.(?:\s?\.){{2,10}} )
    | (?P<other>  [^\s\p{{L}}\p{{N}}\p{{M}}\p{{C}}\p{{Pi}}\p{{Pf}}"'‚„＂＇`´「」『』〝〞〟❝❞❛❜*_\\~>\#] )
    """,
    regex.VERBOSE | regex.V1,
)
_APOSTROPHES = regex.compile(_APOSTROPHE)
_DROPPED = regex.compile(rf"[{_INVISIBLE}\u064b-\u0652\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]")
_PUNCTUATION = str.maketrans({"。": ".", "、": ",", "،": ",", "؛": ";", "؟": "?", "।": ".", "٪": "%"})


class Token(NamedTuple):
    """A word or sign: ``key`` is what it is compared by (letters in small), ``form`` the same with its capitals."""

    key: str
    form: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Whether it is more than punctuation."""
        return self.key[0].isalnum()


def tokens(text: str, offset: int = 0) -> list[Token]:
    """The tokens of ``text``, whose places count from ``offset``."""
    found = []
    for match in _TOKEN.finditer(text):
        form = _form(match.group(), match.lastgroup or "")
        if form:
            found.append(Token(form.casefold(), form, match.start() + offset, match.end() + offset))
    return found


@lru_cache(maxsize=1 << 16)
def _form(token: str, kind: str) -> str:
    if kind == "dash":
        return "-"
    if kind == "dots":
        return "…"
    if kind == "figure":
        token = "".join(token.split())  # 1 300 is 1300
    if token.isascii():
        return token.replace("`", "'")
    bare = _DROPPED.sub("", _APOSTROPHES.sub("'", unicodedata.normalize("NFKC", token)))
    return with_ascii_digits("".join(bare.translate(_PUNCTUATION).split()))
