"""Sentences that say that something is not so, by the words of their language."""

from functools import cache

import regex

from askcorpus.text.lexicon import known, whole_words_in


def denies(text: str, language: str) -> bool:
    """Whether a sentence in ``language`` says that something is not so; in an unknown one, by the words of all."""
    return rejects(text, language) or bool(_negations(known(language)).search(text.casefold()))


def rejects(text: str, language: str) -> bool:
    """Whether a sentence says that somebody calls something untrue."""
    return bool(_rejections(known(language)).search(text.casefold()))


@cache
def _negations(language: str) -> "regex.Pattern[str]":
    return regex.compile(whole_words_in(language, lambda one: one.denials.negations))


@cache
def _rejections(language: str) -> "regex.Pattern[str]":
    return regex.compile(whole_words_in(language, lambda one: one.denials.rejections))
