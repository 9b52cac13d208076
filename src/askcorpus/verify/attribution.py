"""Attributions: whose words a claim says they are, compared with whose they are in the corpus.

If the sentence names a source of the corpus, it must be the document's; a date beside it must be the document's date,
and a title its title. A person must be named in the document and, if the document's own sentence names a speaker, be
that person.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product, takewhile
from typing import NamedTuple

import regex

from askcorpus.search.countries import calendar_words, language_names
from askcorpus.search.mentions import missing
from askcorpus.search.names import Name
from askcorpus.search.period import read_period
from askcorpus.text.dates import overlaps
from askcorpus.text.folding import fold
from askcorpus.text.language import detect_language
from askcorpus.text.lexicon import languages, whole_words_in
from askcorpus.text.words import word_spans, words
from askcorpus.types import Document
from askcorpus.verify.claims import Found
from askcorpus.verify.quotations import count_marks
from askcorpus.verify.speakers import is_heard, is_speech, small_words, speaker, stands_before_verb, stands_behind_verb

SENTENCE = 300
"""Characters before and after a quoted stretch in which the document names its speaker."""

_OF_A_NAME = ("von", "van")
"""After these an article is part of a name."""

MOST_WORDS_AHEAD, MOST_WORDS_BEHIND = 5, 8
"""Words before a source, and behind it, among which a date is that of its report."""

MOST_SMALL = 2
"""Prepositions and articles between a person and the source that the person is of."""

_HEADS = regex.compile(r"(?<!\p{Nd})[.!?]\s|[。！？;:；：(\[\"“”„«»\n]")
_TAILS = regex.compile(r"(?<!\p{Nd})[.!?]\s|[。！？;:；：)\]\"“”„«»\n]")
"""What parts a source from a date before it, and behind it."""

_SENTENCE_END = regex.compile(r"[.!?。！？؟]\s|\n")


class Attribution(NamedTuple):
    """What a claim says about its origin: sources of the corpus, a person or body, a publication date, a title; and the
    ISO 639-1 code of the language that it says so in, "" if that does not matter. ``bare``: the person is a single word
    that is a name only because of its place behind a verb."""

    sources: tuple[str, ...] = ()
    person: str = ""
    date: str = ""
    title: str = ""
    language: str = ""
    bare: bool = False

    @property
    def shown(self) -> str:
        """In one line."""
        return ", ".join(part for part in (*self.sources, self.person, self.title, self.date) if part)


def known_sources(names: Mapping[str, int]) -> dict[str, str]:
    """The sources of the corpus by their folded words."""
    return {f" {' '.join(words(name))} ": name for name in names if words(name)}


def read_attribution(claim: Found, text: str, sources: Mapping[str, str], title: str = "") -> Attribution:
    """What the sentence around a claim, whose words are ``text``, says about its origin."""
    around = f"{claim.before} {claim.after}"
    folded = f" {' '.join(words(around))} "
    named = tuple(name for key, name in sources.items() if key in folded and _is_named(key.split(), around))
    person = claim.person
    if person and any(_same(person, name) or _is_of(person, name, around) for name in named):
        person = ""
    language = detect_language(f"{around} {text}") if person else ""
    if person and claim.before.lstrip().startswith(person) and _may_be_time(person, claim.before, language):
        person = ""
    if set(person.split()) <= set(calendar_words(language)):  # "reported on 18 March"
        person = ""
    date = _publication(claim, sources, named)
    bare = bool(person) and _is_bare(person, claim, language)
    return Attribution(named, person, date, title, language, bare)


def _publication(claim: Found, sources: Mapping[str, str], named: Sequence[str]) -> str:
    """The date right beside a source: *(X, 3 June 2024)*, *On 3 June 2024, X reported*. Elsewhere it is that of what
    happened, and behind *accessed* of when somebody looked."""
    keys = [key.split() for key, name in sources.items() if name in named]
    for part, key in product((claim.before, claim.after), keys):
        for head, tail in _beside(part, key):
            # A year alone says before a source when something was, and not when the source told of it.
            ahead = date if "-" in (date := _date_in(head, MOST_WORDS_AHEAD)) else ""
            if date := ahead or _date_in(tail, MOST_WORDS_BEHIND):
                return date
    return ""


def _beside(part: str, source: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What stands before and behind each mention of a source, with nothing in between that parts them."""
    spans = word_spans(part)
    for start, end in _mentions([word for word, _ in spans], source):
        head, tail = part[: spans[start][1].start], part[spans[end - 1][1].end :]
        opened, closed = [*_HEADS.finditer(head)], _TAILS.search(tail)
        yield head[opened[-1].end() :] if opened else head, tail[: closed.start()] if closed else tail


def _mentions(found: Sequence[str], source: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the words of a source stand among others."""
    length = len(source)
    return ((at, at + length) for at in range(len(found)) if found[at : at + length] == source)


def _date_in(text: str, most_words: int) -> str:
    """The date in so few words, which are not those of a look at the source."""
    return "" if len(text.split()) > most_words or _looked_up().search(text.casefold()) else read_period(text)


@cache
def _looked_up() -> "regex.Pattern[str]":
    return regex.compile(whole_words_in("", lambda one: one.quoting.looked_up))


def _is_named(source: Sequence[str], around: str) -> bool:
    """Whether the words around a claim name a source otherwise than as one who hears it: *she told AFP*."""
    spans = word_spans(around)
    mentions = _mentions([word for word, _ in spans], source)
    return any(not is_heard(around[: spans[start][1].start]) for start, _ in mentions)


def _may_be_time(person: str, before: str, language: str) -> bool:
    """Whether words at the head of a sentence name a time (*Last May*) and not a person: where the verb does not come
    second whatever comes first, *Theresa May said* does not."""
    one = languages().get(language)
    may_invert = one is None or one.quoting.verb_second
    return person.split()[-1] in calendar_words(language) and (may_invert or not stands_before_verb(before, person))


def _is_bare(person: str, claim: Found, language: str) -> bool:
    """Whether a single word is a name although all nouns are capitalised: behind a verb in the singular any other noun
    has an article."""
    one = languages().get(language)
    if one is None or not one.capitalised_nouns or " " in person:
        return False
    if person in calendar_words(language):
        return False
    return stands_behind_verb(claim.after, person) or stands_behind_verb(claim.before, person)


def _same(person: str, source: str) -> bool:
    mine, theirs = set(words(person)), set(words(source))
    return bool(mine & theirs)


def _is_of(person: str, source: str, around: str) -> bool:
    """Whether a person is one of a source's, whom its documents need not name: *Jane Doe of X*, *for the X*."""
    found, name, theirs = words(around), words(person), words(source)
    for _, end in _mentions(found, name):
        small = list(takewhile(small_words().__contains__, found[end : end + MOST_SMALL]))
        if small and found[end + len(small) :][: len(theirs)] == theirs:
            return True
    return False


def fault(attribution: Attribution, document: Document, start: int, end: int) -> str:
    """What is wrong with an attribution of ``document.text[start:end]``; "" when nothing is."""
    if attribution.sources and document.source and document.source not in attribution.sources:
        return f"said by {document.source}, not by {attribution.sources[0]}"
    if attribution.date and document.date and not overlaps(attribution.date, document.date):
        return f"said on {document.date}, not on {attribution.date}"
    if attribution.title and words(attribution.title) != words(document.title):
        return f"said in “{document.title}”, not in “{attribution.title}”"
    if attribution.person:
        return _fault_of_person(attribution, document, start, end)
    return ""


def _fault_of_person(attribution: Attribution, document: Document, start: int, end: int) -> str:
    language, bare = attribution.language, attribution.bare
    if not bare and not _may_be_name(attribution.person, language):
        return ""
    name = Name(_surname(attribution.person, language))
    if document.author and not missing((name,), language, document.author, document.language):
        return ""
    known = "\n".join((document.title, document.source, document.text))
    if not bare and missing((name,), language, known, document.language):
        return f"{attribution.person} is not named in this document"
    before, after = document.text[max(0, start - SENTENCE) : start], document.text[end : end + SENTENCE]
    ends = [match.end() for match in _SENTENCE_END.finditer(before)]
    before = before[ends[-1] :] if ends else before
    cut = _SENTENCE_END.search(after)
    after = after[: cut.start()] if cut else after
    other = speaker(before, after)
    if (
        other
        and _may_be_name(other, document.language)
        and missing((name,), language, before + document.text[start:end] + after, document.language)
    ):
        return f"said by {other}, not by {attribution.person}"
    return ""


def unconfirmed(attribution: Attribution, document: Document, start: int, end: int) -> str:
    """A doubt that accuses nobody: ``document.text[start:end]`` is said to be a person's, and its paragraph neither
    names the person nor tells or quotes what anybody said. "" where there is none."""
    person, language = attribution.person, attribution.language
    if not person or not (attribution.bare or _may_be_name(person, language)):
        return ""
    first = document.text.rfind("\n", 0, start) + 1
    last = document.text.find("\n", end)
    paragraph = document.text[first : last if last >= 0 else len(document.text)]
    known = "\n".join((document.author, document.title, document.source, paragraph))
    if (
        is_speech(paragraph)
        or count_marks(paragraph, 0)
        or not missing((Name(_surname(person, language)),), language, known, document.language)
    ):
        return ""
    return f"nothing there says that {person} said it"


def _surname(person: str, language: str) -> str:
    """The last of a person's names; of *Theresa May* the other, since any text has a month."""
    parts = person.split()
    usual = calendar_words(language)
    return next((part for part in reversed(parts) if part not in usual), parts[-1])


def _may_be_name(person: str, language: str) -> bool:
    """Whether words in capitals may name who speaks. A month, a weekday or a language does not; nor does, where all
    nouns are capitalised, a single word or one behind an article: *Die Agentur*, *Sprecher der Behörde*."""
    parts = person.split()
    usual = calendar_words(language)
    if all(part in usual for part in parts) or parts[-1] in language_names(language):
        return False
    one = languages().get(language)
    if one is None or not one.capitalised_nouns:
        return True
    named = [fold(word) for word in ("", *parts)]
    articles = [place for place, word in enumerate(named) if word in one.quoting.articles]
    return len(parts) > 1 and all(named[place - 1] in _OF_A_NAME for place in articles)
