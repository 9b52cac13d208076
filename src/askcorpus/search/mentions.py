"""Whether a text contains a name, or is about a subject, even in another language, script or spelling.

A name is found by its spelling or its sound (``askcorpus.search.phonetics``), a country by any of its names. Of a name
of several words, half must be there. What cannot be compared counts as there: acronyms and, across languages, names of
two sounds or in Chinese characters.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import regex
from anyascii import anyascii

from askcorpus.search.countries import country_names, hints
from askcorpus.search.names import CASED, ENDING, SHORTEST, Name, countries_in, is_inflected, opens_sentence
from askcorpus.search.phonetics import sound, sound_alike, spelled_alike
from askcorpus.text.expressions import expression
from askcorpus.text.lexicon import languages
from askcorpus.text.words import word_spans, words

SHORTEST_AT_HOME = 4
"""Sounds from which they can be compared in one language, where most names are spelled in one way."""

SHORTEST_NOUN = 7
"""Letters from which a word of a name is known again as a noun: *bills* are not Bill's."""

PLURAL = 2
"""Letters in which two numbers of a noun may differ at its end."""

_VOWELS = frozenset("aeiouy")
"""What an ending that a country's name loses begins with, if it is of two letters: *Syr-ia*, but *Jamai-ca*."""

_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_PREFIXED = regex.compile(r"[\p{Arabic}\p{Hebrew}]")


class _Text(NamedTuple):
    """A passage read for names: its words in order, those that may be names, those all in capitals, the sounds of
    names, and its language."""

    words: tuple[str, ...]
    names: frozenset[str]
    capitals: frozenset[str]
    sounds: frozenset[str]
    language: str
    unspaced: bool


def missing(names: Iterable[Name], language: str, text: str, text_language: str) -> tuple[Name, ...]:
    """Those of ``names``, from a question in ``language``, that ``text`` does not hold."""
    names = tuple(names)
    if not names:
        return ()
    read = _read(text, text_language)
    return tuple(name for name in names if not _holds(read, name, language))


def mentions(subject: str, language: str, text: str, text_language: str) -> bool:
    """Whether ``text`` speaks of a subject by its words: its countries in any language, and the other words that tell,
    as they are written, inflected or sounded out. Unlike in `missing`, what cannot be compared does not count as there.
    """
    said = f"about {subject}"  # so that it opens no sentence: its first word may have an ending
    found = word_spans(said)[1:]
    countries, taken = countries_in(said, found, language)
    others = [said[span.start : span.end] for place, (_, span) in enumerate(found) if place not in taken]
    read = _read(text, text_language)
    return all(_holds_country(read, country) for country in countries) and all(
        _speaks_of(read, word, language) for word in _telling(others, bool(countries))
    )


def telling_words(subject: str) -> str:
    """The words of a subject that tell it from others, without articles and the like; empty where one is so short that
    it may spell another word (*UN*, *May*, *war*)."""
    telling = _telling(subject.split(), named=False)
    return "" if any(map(_is_short, telling)) else " ".join(telling)


def written_as_name(subject: str, texts: Iterable[str]) -> bool:
    """Whether texts write the words of a subject as a name: with a capital within a sentence, where there are capitals.
    What none of them has letter by letter cannot be told, and counts as a name."""
    wanted = set(words(" ".join(_telling(subject.split(), named=False))))
    plain, named = set[str](), set[str]()
    for text in texts:
        for word, span in word_spans(text):
            if word in wanted:
                surface = text[span.start : span.end]
                is_name = not CASED.match(surface) or (surface[0].isupper() and not opens_sentence(text, span.start))
                (named if is_name else plain).add(word)
    return plain <= named


@lru_cache(maxsize=256)
def _read(text: str, language: str) -> _Text:
    found = word_spans(text)
    names = {word for word, span in found if not CASED.match(text[span.start]) or text[span.start].isupper()}
    capitals = {word for word, span in found if text[span.start : span.end].isupper()}
    unspaced = sum(bool(_UNSPACED.match(word)) for word, _ in found) * 2 > len(found)
    sounds = frozenset(map(sound, names))
    return _Text(tuple(word for word, _ in found), frozenset(names), frozenset(capitals), sounds, language, unspaced)


def _holds(text: _Text, name: Name, language: str) -> bool:
    if name.country:
        return _holds_country(text, name)
    parts = words(name.text)
    return sum(_holds_word(text, name.text, part, language) for part in parts) * 2 >= len(parts)


def _holds_word(text: _Text, name: str, word: str, language: str) -> bool:
    """Whether a word of a name is in a text, or cannot be told from what is."""
    if word in text.words or name.isupper():
        return True
    heard, at_home = sound(word), language == text.language != ""
    if at_home and _has_noun(text, word):
        return True
    if not at_home and (len(heard) < SHORTEST or text.unspaced):
        return True
    return len(heard) >= (SHORTEST_AT_HOME if at_home else SHORTEST) and any(
        sound_alike(heard, other) for other in text.sounds
    )


def _has_noun(text: _Text, word: str) -> bool:
    """Whether a text has a longer word of a name as a noun, in small letters and another number: one of the *people's
    republics* is a People's Republic."""
    return len(word) >= SHORTEST_NOUN and any(
        word[:-PLURAL] == other[: len(word) - PLURAL] and abs(len(word) - len(other)) <= PLURAL
        for other in text.words
        if other not in text.names
    )


def _telling(found: Sequence[str], named: bool) -> Sequence[str]:
    """The words that tell subjects apart, short ones if they have a capital; all, where nothing else is ``named``."""
    return [word for word in found if len(word) > SHORTEST or not word.isascii() or not word.islower()] or (
        [] if named else found
    )


def _speaks_of(text: _Text, written: str, language: str) -> bool:
    """Whether a text has a word, in its own language with another ending, or one that sounds and is spelled like it;
    a short one as it is written, since it may spell another: *UN* is not *un*, nor *war* the German *war*."""
    at_home = language == text.language
    turned = written.isupper() and not at_home
    known: Collection[str] = text.words
    if _is_short(written) and written[0].isupper():
        known = text.capitals if written.isupper() else text.names
    elif _is_short(written) and not at_home and language and text.language:
        known = text.names
    return all(
        word in known
        or (at_home and any(is_inflected(other, word) for other in text.words))
        or (turned and _has_turned(text, word))
        or _is_spelled_alike(text, word, at_home=at_home)
        for word in words(written)
    )


def _is_short(written: str) -> bool:
    return bool(CASED.match(written)) and len("".join(words(written))) <= SHORTEST


def _has_turned(text: _Text, acronym: str) -> bool:
    """Whether a text in another language has an acronym's letters in another order, as it has the words that they stand
    for: NATO and OTAN, DNA and ADN. One that is written like a name (Otan) has four letters or more."""
    letters = sorted(anyascii(acronym).lower())
    known = text.names if len(letters) > SHORTEST else text.capitals
    return len(letters) >= SHORTEST and any(
        len(other) == len(acronym) and sorted(anyascii(other).lower()) == letters for other in known
    )


def _is_spelled_alike(text: _Text, word: str, *, at_home: bool) -> bool:
    """Whether a word that may be a name sounds like this one and, where vowels are written, has most of its letters."""
    heard = sound(word)
    if len(heard) < (SHORTEST_AT_HOME if at_home else SHORTEST):
        return False
    return any(sound_alike(heard, sound(other)) and spelled_alike(word, other) for other in text.names)


def _holds_country(text: _Text, name: Name) -> bool:
    known = country_names(text.language).get(name.country, ())
    called = (name.text, *known, *hints(name.country, text.language))
    if any(_holds_all(text, words(one)) for one in called):
        return True
    wanted = sound(name.text)
    return not text.language and len(wanted) >= SHORTEST and wanted in text.sounds


def _holds_all(text: _Text, wanted: Sequence[str]) -> bool:
    """Whether the words of a name stand together in a text, in any order: ``nord-coréen`` for ``Corée du Nord``."""
    telling = [word for word in wanted if len(word) >= SHORTEST or _UNSPACED.match(word)] or wanted
    near = len(wanted)
    return any(
        all(
            any(_is_or_its_people(held, word) for held in text.words[max(0, place - near) : place + near + 1])
            for word in telling[1:]
        )
        for place, first in enumerate(text.words)
        if _is_or_its_people(first, telling[0])
    )


def _is_or_its_people(held: str, name: str) -> bool:
    """Whether a word of a text is a name, its people, or it with an ending or a prefix (``iraniens`` for Iran)."""
    if held == name:
        return True
    if len(name) <= SHORTEST:
        return False
    if _PREFIXED.match(name) and held.endswith(name):
        return len(held) <= len(name) + ENDING
    if not name.isascii():
        trunk = name[: max(SHORTEST + 1, len(name) - ENDING)]
        return held.startswith(trunk) and len(held) <= len(name) + 3 * ENDING
    return any(
        held.startswith(stem) and bool(_peoples().fullmatch(held[len(stem) :]))
        for stem in (name, name[:-1], *([name[:-2]] if name[-2] in _VOWELS else []))
        if len(stem) > SHORTEST
    )


@cache
def _peoples() -> "regex.Pattern[str]":
    """What may follow a country's name, or what its last letters leave of it, in words for its people and its things:
    *iraniens*, *Chinese*, *syrisch*. In other scripts only the length of the ending is looked at."""
    endings = (ending for one in languages().values() for ending in one.names.peoples)
    return regex.compile(expression(endings, fold=lambda ending: "".join(words(ending))))
