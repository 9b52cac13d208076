"""Speakers: whom the words around a quotation name as the one who said it.

A name counts beside a verb of speech or behind "according to". Names of places, of media and of listeners do not count
("in Berlin", "on Twitter", "told Reuters"), nor do titles ("the Prime Minister"): documents need not name these.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import regex

from askcorpus.text.folding import fold
from askcorpus.text.lexicon import languages, whole_words_in

CAPITALISED = r"\p{Lu}[\p{L}\p{M}'’\-]*+(?:\.(?=\s\p{Lu}))?"
"""A word that begins with a capital letter, or an initial."""

_NAME = regex.compile(
    rf"{CAPITALISED}(?:\s(?:(?:de|del|della|di|da|do|dos|du|la|le|el|al|bin|ibn|van|von|der|den|ten|zu)\s){{0,2}}"
    rf"{CAPITALISED}){{0,5}}"
)
_BEHIND = regex.compile(r"[,;:.(«“„\"]")
_AHEAD = regex.compile(r"[;:(]")
_SMALL = regex.compile(r"\s\p{Ll}")
_LISTED = regex.compile(r",\s|\s\p{Ll}{1,3}\s")
_HEARER = regex.compile(r"(?<=\s\S{1,40})(?<!\s(?:von|van|zu))\s(?:der|den)\s")
"""Behind a name of two words: *sagte Olaf Scholz der Bild*."""

_LONGEST_ASIDE = 60


class _Speech(NamedTuple):
    """What stands before a source and after one, the verbs of speech, and those before a hearer."""

    according: "regex.Pattern[str]"
    behind: "regex.Pattern[str]"
    says: "regex.Pattern[str]"
    tells: "regex.Pattern[str]"


@cache
def _speech() -> _Speech:
    return _Speech(
        *(
            regex.compile(words, regex.IGNORECASE)
            for words in (
                whole_words_in("", lambda one: one.quoting.according),
                whole_words_in("", lambda one: one.quoting.behind),
                whole_words_in("", lambda one: one.quoting.says),
                whole_words_in("", lambda one: one.quoting.tells),
            )
        )
    )


def is_speech(sentence: str) -> bool:
    """Whether a sentence has any word that may stand beside a source."""
    return any(pattern.search(sentence) for pattern in _speech())


def speaker(before: str, after: str) -> str:
    """The person or body that the words around a quotation name as the one who said it; "" where there is none to be
    told."""
    for clause, is_after in ((after, True), (before, False)):
        for pattern in _speech():
            if (found := list(pattern.finditer(clause))) and (
                name := _named_beside(clause, found[0 if is_after else -1], pattern, opens=not is_after)
            ):
                return name
    return ""


def _named_beside(clause: str, verb: "regex.Match[str]", pattern: "regex.Pattern[str]", *, opens: bool) -> str:
    """The name behind a word of speech, or ahead of it; ``opens``: the clause begins a sentence."""
    speech = _speech()
    if pattern in (speech.according, speech.says) and (
        name := named_in(_BEHIND.split(clause[verb.end() :], maxsplit=1)[0])
    ):
        return name
    if pattern is speech.according:
        return ""
    ahead = _AHEAD.split(clause[: verb.start()])[-1]
    return named_in(ahead, opens=opens and ahead == clause[: verb.start()])


def named_in(clause: str, *, opens: bool = False) -> str:
    """The last name of a clause that may name who speaks: of several words, or of one that nothing but the name makes a
    capital; ``opens``: the clause begins a sentence."""
    several = ""
    for match, name in _names(clause):
        is_first = opens and not clause[: match.start()].strip()
        goes_on = _SMALL.match(clause, match.end())
        if " " in name or (not several and not is_first and not goes_on and len(name) > 2):
            several = name
    return several


def _names(clause: str) -> Iterator[tuple["regex.Match[str]", str]]:
    """Capitalised words side by side, each run of them where it may name who speaks."""
    aside = -1
    for match in _NAME.finditer(clause):
        ahead = clause[max(0, match.start() - _LONGEST_ASIDE) : match.start()]
        if _aside().search(ahead) or _leads_aside(match[0]) or _goes_on_aside(clause, aside, match):
            aside = match.end()
        else:
            hearer = _HEARER.search(match[0])
            yield match, match[0][: hearer.start()] if hearer else match[0]


def _leads_aside(name: str) -> bool:
    """Whether capitalised words begin with a preposition or an article: *In London*, *The Prime Minister*."""
    first, _, rest = name.partition(" ")
    return bool(rest) and fold(first) in small_words()


def _goes_on_aside(clause: str, aside: int, match: "regex.Match[str]") -> bool:
    """Whether a single word goes on with a place that ends at ``aside``: *in Davos, Switzerland, he said*."""
    between = clause[aside : match.start()] if aside >= 0 else ""
    if " " in match[0] or not _LISTED.fullmatch(between):
        return False
    return "," not in between or clause[match.end() : match.end() + 1] in (",", "")


def stands_behind_verb(clause: str, name: str) -> bool:
    """Whether a name alone is what a verb of speech has behind it: *sagte Merkel.*, and not *sagte Ende 2022*."""
    rests = (clause[verb.end() :].lstrip() for verb in _speech().says.finditer(clause))
    return any(rest.startswith(name) and rest[len(name) : len(name) + 1] in (*".,;:!?)", "") for rest in rests)


def stands_before_verb(clause: str, name: str) -> bool:
    """Whether a clause begins with a name and a verb of speech: *Theresa May said*, not *Last May the paper said*."""
    return any(clause[: verb.start()].strip() == name for verb in _speech().says.finditer(clause))


def is_heard(ahead: str) -> bool:
    """Whether words stand before the name of one who is spoken to: *he told*, *a dit à l'*, and not *according to*."""
    return bool(_heard().search(ahead)) and not _named_as_source().search(ahead)


_APART = r"(?:\s{1,3}|['’])"
_FEW = rf"(?:{_APART}(?-i:\p{{Ll}}[\p{{L}}\p{{M}}\-]{{0,30}})){{0,3}}"
_WORD = r"\s[\p{L}\p{M}.\-]{1,30}"


@cache
def _heard() -> "regex.Pattern[str]":
    """A verb before whom it tells or a word before a hearer, and up to three small words or an article; or, behind a
    verb of speech and who speaks, a German dative: *sagte Olaf Scholz der Agentur*."""
    tells = whole_words_in("", lambda one: one.quoting.tells)
    hearers = whole_words_in("", lambda one: one.quoting.hearers)
    says = whole_words_in("", lambda one: one.quoting.says)
    articles = whole_words_in("", lambda one: one.quoting.articles)
    prepositions = whole_words_in("", lambda one: one.quoting.prepositions)
    dative = rf"(?:{says})(?:{_WORD}){{1,3}}(?<!\b(?:{prepositions}))\s(?:der|dem)(?:{_WORD})?"
    return regex.compile(
        rf"(?:(?:{tells}|{hearers}){_FEW}(?:{_APART}(?:{articles}))?|{dative}){_APART}?$", regex.IGNORECASE
    )


@cache
def _named_as_source() -> "regex.Pattern[str]":
    according = whole_words_in("", lambda one: one.quoting.according)
    return regex.compile(rf"(?:{according})(?:{_WORD}){{0,2}}{_APART}?$", regex.IGNORECASE)


@cache
def small_words() -> frozenset[str]:
    """The prepositions and articles of every language, folded."""
    every = languages().values()
    return frozenset(fold(word) for one in every for word in (*one.quoting.prepositions, *one.quoting.articles))


@cache
def _aside() -> "regex.Pattern[str]":
    """The end of words behind which a name is none of a speaker: a preposition and up to two small words, an article,
    or a verb before whom it tells."""
    prepositions = whole_words_in("", lambda one: one.quoting.prepositions)
    articles = whole_words_in("", lambda one: one.quoting.articles)
    tells = whole_words_in("", lambda one: one.quoting.tells)
    small = r"\p{Ll}[\p{L}\p{M}\-]{0,30}"
    return regex.compile(rf"(?:(?i:{prepositions}|{tells})(?:{_APART}{small}){{0,2}}|(?i:{articles})){_APART}$")
