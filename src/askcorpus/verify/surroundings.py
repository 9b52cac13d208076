"""The surroundings of a quotation: words beside it that change its meaning, a negation or a condition that was cut off.

"[He denied that] the fund is empty", "the fund will pay [, but not this year]", "[If the court agrees,] the fund will
pay". Only what stands right beside the stretch, in its sentence, is looked at, and a condition that opens the clause
right before it: most words that are left out change nothing.
"""

from functools import cache

import regex

from askcorpus.text.lexicon import known, whole_words_in
from askcorpus.types import Document

BEFORE, AFTER = 90, 60
"""Characters before and after the stretch in which the words are looked for."""

PREMISE = 240
"""Characters before the stretch within which a clause that it depends on begins."""

_END = regex.compile(r"[.!?。！？؟…\n]|[;；:：](?=\s)")
_GAP = r"[\s,，、،;\"'“”„«»‘’()]*"


def turned_by(document: Document, start: int, end: int) -> str:
    """The words beside ``document.text[start:end]`` that change it; "" where there are none."""
    begin = max(0, start - PREMISE)
    before = document.text[begin:start]
    ends = [match.end() for match in _END.finditer(before)]
    if begin and not ends:
        before = f"… {before}"  # so that no clause begins where only the reach does
    return _turned(before[ends[-1] :] if ends else before, document.text[end : end + AFTER], document.language)


def is_turned(before: str, after: str) -> bool:
    """Whether a quoter's own words beside a quotation, in any language, say what `turned_by` would find cut off:
    *If the court agrees, "the fund will pay"*."""
    return _turned(before, after, "") != ""


def _turned(before: str, after: str, language: str) -> str:
    """``before`` begins with the sentence."""
    language = known(language)
    near = before[-BEFORE:]
    if denied := _denied(language).search(near.casefold()):
        return near[denied.start() :].strip()
    if premise := _premised(language).search(before.casefold()):
        return before[premise.start("premise") :].strip()
    cut = _END.search(after)
    after = after[: cut.start()] if cut else after
    limited = _limited(language).match(after.casefold())
    return after[: limited.end()].strip() if limited else ""


def denies(text: str, language: str) -> bool:
    """Whether the words negate or deny anything: left out of a quotation, they leave its opposite."""
    return _denial(known(language)).search(text.casefold()) is not None


@cache
def _denial(language: str) -> "regex.Pattern[str]":
    return regex.compile(_words(language))


@cache
def _denied(language: str) -> "regex.Pattern[str]":
    """A denial right before the end, or before an "…that" at the end; a condition right before the end."""
    that = whole_words_in(language, lambda one: one.quoting.that)
    hardly = whole_words_in(language, lambda one: one.quoting.hardly)
    doubts = whole_words_in(language, lambda one: one.quoting.doubts)
    conditions = whole_words_in(language, lambda one: one.quoting.conditions)
    denial = f"{_words(language)}|{hardly}"
    return regex.compile(
        rf"(?:{denial})(?:\s+to)?{_GAP}$|(?:{denial}|{doubts})[^,]{{0,60}}[,،，]?\s?(?:{that}){_GAP}$|(?:{conditions}){_GAP}$"
    )


@cache
def _premised(language: str) -> "regex.Pattern[str]":
    """A condition at the head of a sentence, or behind an "…that", and the comma that ends its clause at the end."""
    that = whole_words_in(language, lambda one: one.quoting.that)
    premises = whole_words_in(language, lambda one: one.quoting.premises)
    then = whole_words_in(language, lambda one: one.quoting.then)
    gap = _GAP.replace("*", "{0,9}+")
    return regex.compile(
        rf"(?:^|(?:{that}){gap})(?P<premise>(?:{premises}).{{0,{PREMISE}}}?[,،，]\s{{0,9}}+(?:{then})?{gap})$",
        regex.DOTALL,
    )


@cache
def _limited(language: str) -> "regex.Pattern[str]":
    limits = whole_words_in(language, lambda one: one.quoting.limits)
    return regex.compile(rf"[\s,，、،؛;\"'“”„«»‘’()—–-]{{0,{AFTER}}}+(?:{limits})")


def _words(language: str) -> str:
    negations = whole_words_in(language, lambda one: one.denials.negations)
    rejections = whole_words_in(language, lambda one: one.denials.rejections)
    return f"{negations}|{rejections}"
