"""The words beside a quoted stretch that change what it says: a negation or a condition that was cut off.

"[He denied that] the fund is empty", "the fund will pay [, but not this year]". Only what stands right beside the
stretch, in its sentence, is looked at: most words that are left out change nothing.
"""

from functools import cache

import regex

from askcorpus.text.lexicon import known, whole_words_in
from askcorpus.types import Document

BEFORE, AFTER = 90, 60
"""Characters before and after the stretch in which the words are looked for."""

_END = regex.compile(r"[.!?。！？؟…\n]|[;；:：](?=\s)")
_GAP = r"[\s,，、،;\"'“”„«»‘’()]*"


def turned_by(document: Document, start: int, end: int) -> str:
    """The words beside ``document.text[start:end]`` that change it; "" where there are none."""
    before = document.text[max(0, start - BEFORE) : start]
    before = before[max((match.end() for match in _END.finditer(before)), default=0) :]
    after = document.text[end : end + AFTER]
    cut = _END.search(after)
    after = after[: cut.start()] if cut else after
    language = known(document.language)
    denied = _denied(language).search(before.casefold())
    if denied:
        return before[denied.start() :].strip()
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
    denial = _words(language)
    return regex.compile(
        rf"(?:{denial})(?:\s+to)?{_GAP}$|(?:{denial})[^,]{{0,60}}[,،，]?\s?(?:{that}){_GAP}$|(?:{_conditions(language)}){_GAP}$"
    )


@cache
def _limited(language: str) -> "regex.Pattern[str]":
    limits = whole_words_in(language, lambda one: one.quoting.limits)
    return regex.compile(rf"[\s,，、،؛;\"'“”„«»‘’()—–-]{{0,{AFTER}}}+(?:{limits})")


def _words(language: str) -> str:
    negations = whole_words_in(language, lambda one: one.denials.negations)
    rejections = whole_words_in(language, lambda one: one.denials.rejections)
    return f"{negations}|{rejections}"


def _conditions(language: str) -> str:
    return whole_words_in(language, lambda one: one.quoting.conditions)
