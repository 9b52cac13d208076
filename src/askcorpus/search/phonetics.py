"""Names by how they sound, in letters of any script: ``Donetsk``, ``Donezk``, ``Донецк`` and ``دونيتسك`` share their
consonants, once written in Latin letters.

Comparing words by a code of their sound goes back to Soundex (Russell 1918); the rules here are for names that are
spelled by ear in many languages.
"""

from difflib import SequenceMatcher
from functools import cache, lru_cache

import regex
from anyascii import anyascii

from askcorpus.search.names import ENDING, SHORTEST
from askcorpus.text.lexicon import languages

ALIKE = 0.76
OTHER_SCRIPT = 0.05
"""Share of their letters that two spellings of a name have in common at least, and how much less it may be where one is
not in plain Latin letters (docs/quality.md, Overviews)."""

_NO_VOWELS = regex.compile(r"[\p{Arabic}\p{Hebrew}]")
_NO_LETTER = regex.compile(r"[^a-z]")
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


@cache
def _spelled_as_one() -> tuple[tuple[str, str], ...]:
    """Letters that together are one sound, and that in Latin letters."""
    return tuple(pair for one in languages().values() for pair in one.names.sounds.items())


def sound_alike(one: str, other: str) -> bool:
    """Whether two keys of sounds are the same but for an ending: ``Донецком`` and ``Donetsk``."""
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(shorter) and (
        one == other or (len(shorter) > SHORTEST and len(longer) - len(shorter) <= ENDING)
    )


def spelled_alike(one: str, other: str) -> bool:
    """Whether two words that sound alike have most of their letters in common, where vowels are written."""
    return _has_no_vowels(one, other) or _letters_shared(one, other) >= ALIKE


def _has_no_vowels(one: str, other: str) -> bool:
    """Whether two words are in different scripts, one of which writes no vowels."""
    return bool(_NO_VOWELS.match(one)) != bool(_NO_VOWELS.match(other))


@lru_cache(maxsize=1 << 14)
def _letters_shared(one: str, other: str) -> float:
    """The share of letters that two words have in common, in order, in Latin letters; a little more in two scripts."""
    ratio = SequenceMatcher(None, anyascii(one).lower(), anyascii(other).lower(), autojunk=False).ratio()
    return ratio + OTHER_SCRIPT * (one.isascii() != other.isascii())
