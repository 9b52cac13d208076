"""From the phrases of the language files to regular expressions.

In a phrase

- ``scien*`` is a word with any ending or none, ``*teen`` one with any beginning;
- ``(what|which) year`` is either, ``wie viel[e]`` and ``in [early|late] May`` have a part that may be missing;
- ``what … share`` has up to three words between, ``# years`` a number, ``last MONTH`` the name of a month,
  ``since DATE`` a date that has a year or a month, ``about SUBJECT`` what somebody asks about;
- ``(not: the|at) last year (not: of)`` is that phrase unless one of those words stands before it, or after it;
- ``^min`` is a word that the text begins with.
"""

from collections.abc import Callable, Iterable

import regex

Fold = Callable[[str], str]
"""Maps all spellings of a word to one."""

LONGEST_WORD = 30
"""Letters that stand for a ``*`` at most."""

LONGEST_SUBJECT = 80
"""Characters of what somebody asks about."""

_NOTATION = regex.compile(
    r"(^\(not:\ [^()]{1,2000}\)\ ?|\ \(not:\ [^()]{1,500}\)$|\ …\ |\*|\#|\^|\ ?\[|\]|\(|\)|\||MONTH|DATE|SUBJECT)",
    regex.VERBOSE,
)
_DATE = "(?&date)"
_AS_IT_IS = {"(": "(?:", ")": ")", "|": "|", "^": "^", "#": r"\p{Nd}{1,4}"} | {
    "MONTH": r"(?P<month>[\p{L}\p{M}]{1,20})",
    "DATE": _DATE,
    "SUBJECT": rf"(?P<subject>.{{1,{LONGEST_SUBJECT}}}?)",
}
_EDGES = {"before": ("", " ", "(", "[", "|"), "after": ("", " ", ")", "]", "|")}
_OPTIONAL = {"[": ("(?:", ")?"), " [": ("(?: (?:", "))?")}


def expression(phrases: Iterable[str], fold: Fold = str.casefold) -> str:
    """The alternatives of a regular expression that find ``phrases`` in a text whose words were folded by ``fold``;
    one that finds nothing where there are none. Every repetition in it is bounded. What a DATE is, the group ``date``
    of the whole expression says."""
    by_beginning: dict[str, list[str]] = {}
    for phrase in dict.fromkeys(phrases):
        found = _alternative(phrase, fold)
        beginning = _DATE if found.startswith(_DATE) else found[0] if found[0].isalpha() else ""
        by_beginning.setdefault(beginning, []).append(found[len(beginning) :])  # what begins alike is tried once
    return "|".join(f"{beginning}(?:{'|'.join(rests)})" for beginning, rests in by_beginning.items()) or "(?!)"


def _alternative(phrase: str, fold: Fold) -> str:
    parts = _NOTATION.split(phrase)
    built, closing = "", list[str]()
    for place, part in enumerate(parts):
        if place % 2 == 0:
            built += _literal(part, fold)
        elif "(not:" in part:
            built += _unless(part, fold, behind=place == 1 and not parts[0])
        elif part == " … ":
            built += rf"(?: \w{{1,{LONGEST_WORD}}}){{0,3}} "
        elif part == "*":
            before, after = "".join(parts[:place])[-1:], "".join(parts[place + 1 :])[:1]
            is_ending = before not in _EDGES["before"] and after in _EDGES["after"]
            built += rf"\w{{{0 if is_ending else 1},{LONGEST_WORD}}}"
        elif part in _OPTIONAL:
            opening, close = _OPTIONAL[part]
            built += opening
            closing.append(close)
        else:
            built += closing.pop() if part == "]" else _AS_IT_IS[part]
    return built


def _literal(text: str, fold: Fold) -> str:
    core = text.strip(" ")
    if not core:
        return text
    before, after = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]
    return before + regex.escape(fold(core), literal_spaces=True).replace("'", "['’]") + after


def _unless(part: str, fold: Fold, *, behind: bool) -> str:
    words = expression(part.strip()[len("(not: ") : -1].split("|"), fold)
    if not behind:
        return rf"(?! (?:{words})\b)"
    return rf"(?<!\b(?:{words}) )" if part.endswith(" ") else f"(?<!{words})"
