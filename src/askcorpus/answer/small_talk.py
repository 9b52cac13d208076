"""What asks nothing of the documents: greetings, thanks, goodbyes, and what the collection holds.

Only whole messages count, made of phrases that stand in the files of the languages: "Hello, when does the ferry sail?"
is a question. A real question that is taken for a greeting would be the worst of errors.
"""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple

import regex
from babel import Locale

from askcorpus.index.inventory import Entry, Inventory
from askcorpus.index.store import Snapshot
from askcorpus.search.query import conversation_language
from askcorpus.text.expressions import expression
from askcorpus.text.folding import fold
from askcorpus.text.language import detect_language, likely_languages
from askcorpus.text.lexicon import Phrases, languages
from askcorpus.types import AnswerKind, Filters, Turn

LONGEST = 120
"""Characters of small talk."""

MOST_NAMED = 8
"""Languages and sources that are named of a collection, and titles, the newest documents'."""

LONGEST_TITLE = 120
"""Characters of a title."""

MOST_PHRASES = 6
"""Phrases of a message. More would be tried in all the ways that one may be made of others (不对 is 不 and 对), and the
number of these doubles with each."""

_TURNS_AROUND = regex.compile(r"[\u202a-\u202e\u2066-\u2069]")
_WORD = regex.compile(r"\w+")
_KINDS: Mapping[str, AnswerKind] = {
    "contents": "contents",
    "about": "contents",
    "goodbyes": "goodbye",
    "thanks": "thanks",
    "approvals": "thanks",
    "greetings": "greeting",
    "workings": "greeting",
    "replies": "greeting",
}
"""The lists of a language, and what a message with one of their phrases is: the first that it has."""
_LEANING = ("about", "workings")
"""The lists of what is a question where something was said before."""


class SmallTalk(NamedTuple):
    """A message that asks nothing of the documents, and the language of its words (ISO 639-1)."""

    kind: AnswerKind
    language: str


def small_talk(
    message: str, history: Sequence[Turn] = (), *, begins: bool = True, locale: str = ""
) -> SmallTalk | None:
    """What ``message`` is if it is small talk from end to end, in any language; None if it may be a question.

    ``history`` is what was said before, without small talk. Words that several languages share are in that of the
    conversation, or of the message as it is detected. Where something was said, what may be of that
    is a question. ``begins`` tells that not even small talk was said before: then nothing can be approved of, and
    *Super* or *Vale* is a name.
    """
    if len(message) > LONGEST:
        return None
    text = f" {fold(message).strip()}"
    follows, begins = bool(history), begins and not history
    kinds = {language: _kind(text, language, follows=follows, begins=begins) for language in languages()}
    found = {language: kind for language, kind in kinds.items() if kind}
    if not found:
        return None
    spoken = conversation_language(history, locale, message)
    likely = [spoken, detect_language(message), *likely_languages(message)]
    language = next((name for name in likely if name in found), min(found, key=_rank))
    return SmallTalk(found[language], language)


def reply(talk: SmallTalk, index: Snapshot, filters: Filters = Filters()) -> str:
    """The answer to small talk, in its language; ``index`` is what is spoken of, ``filters`` what of it counts."""
    phrases = languages()[talk.language].phrases
    if talk.kind == "contents":
        return _contents(phrases, talk.language, index.inventory("", filters, 0, MOST_NAMED), filters)
    return {"thanks": phrases.thanks, "goodbye": phrases.goodbye}.get(talk.kind, phrases.greeting)


def without_small_talk(history: Sequence[Turn]) -> tuple[Turn, ...]:
    """A conversation without small talk and the replies to it: "Thanks!" is nothing that a follow-up leans on."""
    kept: list[Turn] = []
    dropped = False
    for place, turn in enumerate(history):
        if turn.role == "user":
            dropped = small_talk(turn.text, kept, begins=place == 0) is not None
        if not dropped:
            kept.append(turn)
    return tuple(kept)


def _kind(text: str, language: str, *, follows: bool, begins: bool) -> AnswerKind | None:
    if not text.lstrip().startswith(_words(language)):  # most questions: no pattern need be compiled for them
        return None
    pattern = _pattern(language)
    match = pattern.fullmatch(text) if pattern else None
    if not match:
        return None
    said = [name for name in _KINDS if match[name] is not None]
    # "Yes" may answer what was asked before; "yes, thanks" only closes it.
    if follows and (said == ["replies"] or any(name in _LEANING for name in said)):
        return None
    return None if begins and said == ["approvals"] else _KINDS[said[0]]


@cache
def _words(language: str) -> tuple[str, ...]:
    """Every word of a language's phrases, of which one begins each message that is made of them."""
    phrases = " ".join(phrase for name in _KINDS for phrase in getattr(languages()[language].small_talk, name))
    return tuple({fold(word) for word in _WORD.findall(phrases)})


@cache
def _pattern(language: str) -> "regex.Pattern[str] | None":
    """One or more phrases of a language, each under the name of its list; None where it has none."""
    lists = languages()[language].small_talk
    if not lists.greetings:
        return None
    kinds = "|".join(f"(?P<{name}>{expression(getattr(lists, name), fold)})" for name in _KINDS)
    end = "" if languages()[language].unspaced else "(?= |$)"  # Papa is not pa, pa
    return regex.compile(f"(?: ?(?:{kinds}){end}){{1,{MOST_PHRASES}}}")


def _rank(language: str) -> tuple[bool, str]:
    return language != "en", language


def _contents(phrases: Phrases, language: str, listed: Inventory, filters: Filters) -> str:
    """What passes the filters in a line for each thing that is known of it, and its newest documents, near-copies
    folded."""
    named = partial(_language_name, Locale.parse(language))
    ends = (listed.bars[0].first, listed.bars[-1].last) if listed.bars else ()
    days = " – ".join(dict.fromkeys(day[:7] for day in ends))
    lines = {
        phrases.languages: _listed({named(code): n for code, n in _passing(listed.languages, filters.languages)}),
        phrases.dates: days,
        phrases.sources: _listed(dict(_passing(listed.sources, filters.sources))),
        phrases.documents: str(listed.documents),
    }
    told = [f"{heading}: {value}" for heading, value in lines.items() if value]
    more = listed.documents - listed.folded - len(listed.entries)
    return "\n".join([*told, *map(_titled, listed.entries), *([f"- … (+{more})"] if more else [])])


def _passing(counts: Mapping[str, int], filtered: Sequence[str]) -> list[tuple[str, int]]:
    """The counts of a list, which are made without its own filter, with it."""
    return [(name, count) for name, count in counts.items() if not filtered or name in filtered]


def _titled(entry: Entry) -> str:
    title = _plain(entry.title or entry.beginning)
    if len(title) > LONGEST_TITLE:
        title = title[: LONGEST_TITLE - 1] + "…"
    return f"- {entry.date}: {title}" if entry.date else f"- {title}"


def _plain(text: str) -> str:
    """Words of a document as a line of ours: they turn no text around, and are no link or image of Markdown's, which a
    program may show an answer as."""
    return " ".join(_TURNS_AROUND.sub("", text).replace("](", "] (").split())


def _language_name(locale: Locale, code: str) -> str:
    return str(locale.languages.get(code, code))


def _listed(counts: Mapping[str, int]) -> str:
    """The names with their counts, most first, and how many more there are."""
    names = [f"{_plain(name)} ({count})" for name, count in list(counts.items())[:MOST_NAMED]]
    more = len(counts) - len(names)
    return ", ".join(names) + (f", … (+{more})" if more else "")
