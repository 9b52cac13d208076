"""The names in a question, and whether a text has them: also in another language, script or spelling.

Countries are known by what they are called (``askcorpus.search.countries``). Any other name is found as it is written,
or as it sounds: ``Donetsk``, ``Donezk``, ``Донецк`` and ``دونيتسك`` share their consonants, once written in Latin
letters. Comparing words by a code of their sound goes back to Soundex (Russell 1918); the rules here are for names that
are spelled by ear in many languages. Of a name of several words half must be there. What cannot be compared counts as
there: acronyms, and across languages names of two sounds, or a name with Chinese characters.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from difflib import SequenceMatcher
from functools import cache, lru_cache
from typing import NamedTuple

import regex
from anyascii import anyascii

from askcorpus.search.countries import calendar_words, country_names, hints, language_names
from askcorpus.text.expressions import expression
from askcorpus.text.lexicon import Names, languages
from askcorpus.text.words import word_spans, words
from askcorpus.types import Span

SHORTEST = 3
"""Letters from which a word may be a name, and sounds from which names of two languages can be compared."""

SHORTEST_AT_HOME = 4
"""Sounds from which they can be compared in one language, where most names are spelled in one way."""

ENDING = 2
"""Letters at the end of a country's name that inflection may change, and sounds that it may add to another's."""

ALIKE = 0.76
OTHER_SCRIPT = 0.05
"""Share of their letters that two spellings of a name have in common at least, and how much less it may be where one is
not in plain Latin letters (docs/quality.md, Overviews)."""

HEADLINE = 3
"""Up to as many capitalised words tell names where there is no plain one; more are a headline, which tells none."""

MOST_NAMES = 20
"""Names of a question that are looked for: a pasted list of all countries must not cost seconds."""

_CASED = regex.compile(r"[\p{Latin}\p{Cyrillic}\p{Greek}\p{Armenian}]")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_PREFIXED = regex.compile(r"[\p{Arabic}\p{Hebrew}]")
_NO_LETTER = regex.compile(r"[^a-z]")
_FIGURES = regex.compile(r"\p{N}[\p{L}\p{N}]*")
_CAPITALISED_OR_FIGURES = regex.compile(r"(?<!^)\b[\p{Lu}\p{N}][\p{L}\p{M}\p{N}]+")
_CAPITALISED = regex.compile(r"\s\p{Lu}\p{Ll}")
_BEFORE_A_SENTENCE = frozenset('.?!:;…¿¡"“”«„(—–')
_SOUNDS = tuple(
    (regex.compile(spelling), sound)
    for spelling, sound in (
        (r"t?sch|tch|ch(?=[aeiouy]|$)|sh|zh|t[sz]|dz|[cs]z|c(?=[eiy])|[zj]", "s"),
        (r"ph|v", "f"),
        (r"p", "b"),  # Arabic has no p
        (r"ck|qu?|c", "k"),
        (r"x", "ks"),
        (r"[hwy]", ""),
        (r"[aeiou]", ""),
        (r"(.)\1+", r"\1"),
    )
)


class Name(NamedTuple):
    """A name of one or more words, as it stands in a question; ``country`` is its ISO 3166 code when it is one."""

    text: str
    country: str = ""


class _Text(NamedTuple):
    """A passage read for names: its words in order, those that may be names, those all in capitals, the sounds of
    names, and its language."""

    words: tuple[str, ...]
    names: frozenset[str]
    capitals: frozenset[str]
    sounds: frozenset[str]
    language: str
    unspaced: bool


def names_of(question: str, language: str) -> tuple[Name, ...]:
    """The names that ``question`` (ISO 639-1 ``language``, or "") asks about.

    Countries in every script; other names where capitals tell them: not at the beginning of a sentence, not in a
    headline, and not in a language that capitalises its nouns.
    """
    found = word_spans(question)
    countries, taken = _countries_in(question, found, language)
    one = languages().get(language)
    others = [] if one and one.capitalised_nouns else _capitalised(question, found, taken, language)
    return tuple(dict.fromkeys((*countries, *(Name(text) for text in others))))[:MOST_NAMES]


def countries_of(text: str, language: str) -> tuple[Name, ...]:
    """The countries that a text names."""
    return tuple(_countries_in(text, word_spans(text), language)[0])


def names_and_figures(question: str, language: str) -> frozenset[str]:
    """The words of ``question`` that look like names or figures; only figures where all nouns are capitalised."""
    one = languages().get(language)
    named = _FIGURES if one and one.capitalised_nouns else _CAPITALISED_OR_FIGURES
    return frozenset(word for match in named.finditer(question) for word in words(match[0]))


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
    countries, taken = _countries_in(said, found, language)
    others = [said[span.start : span.end] for place, (_, span) in enumerate(found) if place not in taken]
    read = _read(text, text_language)
    return all(_holds_country(read, country) for country in countries) and all(
        _speaks_of(read, word, language) for word in _telling(others, bool(countries))
    )


def countries_named(text: str, language: str) -> list[Name]:
    """The countries that a text names: each as it names it, with its code."""
    said = f"about {text}"  # so that it opens no sentence, as in `mentions`
    return _countries_in(said, word_spans(said)[1:], language)[0]


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
                is_name = not _CASED.match(surface) or (surface[0].isupper() and not _opens(text, span.start))
                (named if is_name else plain).add(word)
    return plain <= named


@lru_cache(maxsize=1 << 16)
def sound(word: str) -> str:
    """The consonants of ``word`` as they sound, ``a`` before them if it begins with a vowel: ``dnsk`` or so."""
    word = word.lower()
    for letters, latin in _spelled_as_one():
        word = word.replace(letters, latin)
    spelled = _NO_LETTER.sub("", anyascii(word).lower())
    start = "a" if spelled[:1] in tuple("aeiouhwy") else ""
    for spelling, replacement in _SOUNDS:
        spelled = spelling.sub(replacement, spelled)
    return start + spelled


# --- what the languages know of names ---


@cache
def _peoples() -> "regex.Pattern[str]":
    """What may follow a country's name, or what its last letters leave of it, in words for its people and its things:
    *iraniens*, *Chinese*, *syrisch*. In other scripts only the length of the ending is looked at."""
    endings = (ending for one in languages().values() for ending in one.names.peoples)
    return regex.compile(expression(endings, fold=lambda ending: "".join(words(ending))))


@cache
def _spelled_as_one() -> tuple[tuple[str, str], ...]:
    """Letters that together are one sound, and that in Latin letters."""
    return tuple(pair for one in languages().values() for pair in one.names.sounds.items())


@cache
def _goes_on() -> dict[str, str]:
    """Countries whose name is also the beginning of another word, and how that goes on."""
    return {name: rest for one in languages().values() for name, rest in one.names.goes_on.items()}


@cache
def _often_capital() -> frozenset[str]:
    """Words that are often capitalised and name nothing by themselves: *North* Korean."""
    return _folded(lambda names: names.often_capital)


@cache
def _homographs() -> frozenset[str]:
    """Countries' names that are mostly another word."""
    return _folded(lambda names: names.homographs)


def _folded(pick: Callable[[Names], Iterable[str]]) -> frozenset[str]:
    return frozenset(word for one in languages().values() for name in pick(one.names) for word in words(name))


# --- names in a question ---


def _countries_in(question: str, found: Sequence[tuple[str, Span]], language: str) -> tuple[list[Name], frozenset[int]]:
    """The countries that a question names, the longest name where several fit, and the places of their words."""
    asked = [word for word, _ in found]
    known = _by_beginning(language)
    fitting = [
        (-len(parts), start, code)
        for start, word in enumerate(asked)
        for code, parts in known.get(word[:SHORTEST], ())
        if _is_named(question, found[start : start + len(parts)], parts, language)
    ]
    names, taken = [], set[int]()
    for negative, start, code in sorted(fitting):
        places = range(start, start - negative)
        if taken.isdisjoint(places):
            taken.update(places)
            names.append((start, Name(question[found[start][1].start : found[places[-1]][1].end], code)))
    return [name for _, name in sorted(names)], frozenset(taken)


@cache
def _by_beginning(language: str) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """Every country's names as folded words, with its code, by the beginning of the first."""
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    homographs = _homographs()
    for code, names in country_names(language).items():
        for parts in {tuple(words(name)) for name in names}:
            if parts and parts[0] not in homographs:
                found.setdefault(parts[0][:SHORTEST], []).append((code, parts))
    return found


def _is_named(question: str, found: Sequence[tuple[str, Span]], parts: Sequence[str], language: str) -> bool:
    """Whether these words of a question are a country's name."""
    if len(found) != len(parts):
        return False
    start, end = found[0][1].start, found[-1][1].end
    surface, later = question[start:end], question[end:]
    if _CASED.match(surface):
        capital = surface.isupper() if len(surface) <= SHORTEST else surface[0].isupper()
        if not capital and (len(surface) <= SHORTEST or not question.islower()):
            return False
        if len(parts) == 1 and _CAPITALISED.match(later):  # Jordan Peterson
            return False
    elif later.startswith(_goes_on().get(surface, "\0")):
        return False
    one = languages().get(language)
    inflecting = one is not None and one.inflected_names and surface[0].isupper() and not _opens(question, start)
    return all(
        word == part or (inflecting and _is_inflected(word, part)) for (word, _), part in zip(found, parts, strict=True)
    )


def _opens(question: str, place: int) -> bool:
    """Whether a sentence begins at a place of a question, where every word is capitalised."""
    before = question[:place].rstrip()
    return not before or before[-1] in _BEFORE_A_SENTENCE


def _is_inflected(word: str, name: str) -> bool:
    trunk = name[: max(SHORTEST + 1, len(name) - ENDING)]
    return len(name) > SHORTEST and word.startswith(trunk) and abs(len(word) - len(name)) <= ENDING


def _capitalised(question: str, found: Sequence[tuple[str, Span]], taken: Collection[int], language: str) -> list[str]:
    """The capitalised words that may be names of anything but a country; those side by side are one name."""
    plain, capitals = 0, 0
    usual = calendar_words(language) | language_names(language)
    often_capital = _often_capital()
    runs: list[Span] = []
    for place, (word, span) in enumerate(found):
        surface = question[span.start : span.end]
        if not _CASED.match(surface):
            continue
        if surface[0].islower():
            plain += len(word) > SHORTEST
        elif place not in taken and not _opens(question, span.start):
            capitals += 1
            if len(surface) < SHORTEST or surface in usual or word in often_capital:
                continue
            if runs and question[runs[-1].end : span.start].isspace():
                runs[-1] = Span(runs[-1].start, span.end)
            else:
                runs.append(span)
    return [] if not plain and capitals > HEADLINE else [question[run.start : run.end] for run in runs]


# --- names in a text ---


@lru_cache(maxsize=256)
def _read(text: str, language: str) -> _Text:
    found = word_spans(text)
    names = {word for word, span in found if not _CASED.match(text[span.start]) or text[span.start].isupper()}
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
    if not at_home and (len(heard) < SHORTEST or text.unspaced):
        return True
    return len(heard) >= (SHORTEST_AT_HOME if at_home else SHORTEST) and any(
        _sound_alike(heard, other) for other in text.sounds
    )


def _sound_alike(one: str, other: str) -> bool:
    """Whether two keys of sounds are the same but for an ending: ``Донецком`` and ``Donetsk``."""
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(shorter) and (
        one == other or (len(shorter) > SHORTEST and len(longer) - len(shorter) <= ENDING)
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
        or (at_home and any(_is_inflected(other, word) for other in text.words))
        or (turned and _has_turned(text, word))
        or _is_spelled_alike(text, word, at_home=at_home)
        for word in words(written)
    )


def _is_short(written: str) -> bool:
    return bool(_CASED.match(written)) and len("".join(words(written))) <= SHORTEST


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
    return any(
        _sound_alike(heard, sound(other)) and (_has_no_vowels(word, other) or _letters_shared(word, other) >= ALIKE)
        for other in text.names
    )


def _has_no_vowels(one: str, other: str) -> bool:
    """Whether two words are in different scripts, one of which writes no vowels."""
    return bool(_PREFIXED.match(one)) != bool(_PREFIXED.match(other))


@lru_cache(maxsize=1 << 14)
def _letters_shared(one: str, other: str) -> float:
    """The share of letters that two words have in common, in order, in Latin letters; a little more in two scripts."""
    ratio = SequenceMatcher(None, anyascii(one).lower(), anyascii(other).lower(), autojunk=False).ratio()
    return ratio + OTHER_SCRIPT * (one.isascii() != other.isascii())


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
        for stem in (name, name[:-1], name[:-2])
        if len(stem) > SHORTEST
    )
