"""The lexicon: one file per language; ``languages/fr.toml`` is all that the program knows about French.

To add a language, add a file. ``python -m askcorpus.text.lexicon`` prints what each language has. The files have words
in their usual spelling; code that compares folded words folds them. ``askcorpus.text.expressions`` explains the
notation of phrases.

``[only_here]`` has, under the same headings, words that mean something else in another language (``to`` is two in
Danish): they count only in a text known to be in this language.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from askcorpus.text.expressions import expression

Word = Annotated[str, StringConstraints(min_length=1)]
Words = tuple[Word, ...]
Month = Literal["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"]


class _Table(BaseModel):
    """A section of a file. Every key is optional, and an unknown one is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Dates(_Table):
    """How a date is written.

    ``day_endings`` follow the figure of a day (1st), ``before_month`` may stand between it and its month (1 de mayo),
    ``fillers`` anywhere between day, month and year. ``capitalised_months`` are other words in small letters (march).
    ``ranges`` hold a DATE that is no single time with what stands beside it:
    where a time begins or ends, or what is compared (since 2015). ``year``, ``month`` and ``day`` mark figures, which
    stand where the braces are: ``{}年``, ``tháng {}``.
    """

    day_endings: Words = ()
    before_month: Words = ()
    fillers: Words = ()
    capitalised_months: Words = ()
    ranges: Words = ()
    year: str = ""
    month: str = ""
    day: str = ""


class RelativeDates(_Table):
    """What counts back from the newest date: ``last`` and ``within`` hold a MONTH, which ``not_the_last`` rule out."""

    last_year: Words = ()
    this_year: Words = ()
    last_month: Words = ()
    this_month: Words = ()
    last: Words = ()
    within: Words = ()
    not_the_last: Words = ()


class Denials(_Table):
    """What says that something is not so, and that somebody calls it untrue."""

    negations: Words = ()
    rejections: Words = ()


class Quoting(_Table):
    """How others are quoted.

    ``according`` stands before a source, ``says`` are verbs of speech, ``that`` opens what was said. What ``limits`` a
    clause stands right behind it and takes part of it back (but not, except, if); ``conditions`` open one that is not
    claimed (if, whether), and ``premises`` one at the head of a sentence on which the clause behind it depends (if,
    unless), which ``then`` may open. ``doubts`` take back what a ``that`` behind them opens (rumours that), ``hardly``
    and its like what stands right behind them.

    ``behind`` stands after a source as ``according`` before one (zufolge); ``tells`` are verbs of speech before whom
    they tell (told), as ``hearers`` are other words before who is spoken to (gegenüber). ``looked_up`` stands beside
    the day on which somebody read a source (accessed). ``just_as`` opens an insertion that names a source (as X
    reports). ``prepositions`` stand before a place, a medium or a hearer, ``articles`` before what somebody is: neither
    before the name of who speaks. ``clause_openers`` may follow a verb of speech where no ``that`` is needed. In a
    ``verb_second`` language the verb follows a source without a comma (Laut X starben …).
    """

    according: Words = ()
    behind: Words = ()
    says: Words = ()
    tells: Words = ()
    hearers: Words = ()
    looked_up: Words = ()
    that: Words = ()
    just_as: Words = ()
    limits: Words = ()
    conditions: Words = ()
    premises: Words = ()
    then: Words = ()
    doubts: Words = ()
    hardly: Words = ()
    prepositions: Words = ()
    articles: Words = ()
    clause_openers: Words = ()
    verb_second: bool = False


class Phrases(_Table):
    """What the assistant itself says: ``greeting``, ``thanks`` and ``goodbye`` answer one, ``overview`` stands above
    what the documents say about what is put in its braces; the last four are headings."""

    does_not_say: str = ""
    documents_differ: str = ""
    unreadable: str = ""
    overview: str = ""
    greeting: str = ""
    thanks: str = ""
    goodbye: str = ""
    documents: str = ""
    languages: str = ""
    dates: str = ""
    sources: str = ""


class SmallTalk(_Table):
    """What asks nothing of the documents: greetings, thanks, goodbyes, and questions about the collection itself.

    Three lists may also be of what was said before, and count where nothing was: ``about`` are questions about the
    collection (give me a summary), ``workings`` about this program (how does it work), and ``replies`` answer a
    question (yes, no). ``approvals`` are of an answer (great, I see), and count where something was said: what stands
    alone may be a name.
    """

    greetings: Words = ()
    goodbyes: Words = ()
    thanks: Words = ()
    approvals: Words = ()
    contents: Words = ()
    about: Words = ()
    workings: Words = ()
    replies: Words = ()


class Overview(_Table):
    """How people ask what there is about something: ``asks`` are whole messages with a SUBJECT in them, and ``another``
    those that ask the question before once more, of a SUBJECT (and in Mali).

    What holds a word that is ``asking`` is a question of its own and no subject (tell me about when it opened), nor is
    what has nothing but ``pronouns``, which also has other words that name nothing (everything, yes). Words that are
    ``polite`` may stand before or after it all. ``happened`` are messages that ask what there was at a time, which is
    the SUBJECT.
    """

    asks: Words = ()
    another: Words = ()
    happened: Words = ()
    asking: Words = ()
    polite: Words = ()
    pronouns: Words = ()


class Names(_Table):
    """How names are told from other words.

    ``peoples`` are endings that make a people of a country, ``often_capital``
    capitalised words that name nothing alone, ``homographs`` countries that are mostly another word, ``goes_on`` what
    makes another word of a country's name, ``sounds`` letters that sound as one in Latin letters.
    """

    peoples: Words = ()
    often_capital: Words = ()
    homographs: Words = ()
    goes_on: dict[Word, Word] = {}
    sounds: dict[Word, Word] = {}


class Countries(_Table):
    """Everyday names of countries by their ISO 3166 code, and words that mostly mean one; ``cldr`` are more locales."""

    names: dict[str, Words] = {}
    hints: dict[str, Words] = {}
    cldr: Words = ()
    many: bool = False


class Close(_Table):
    """What tells it from languages of the same ``family``: its alphabet, and words that its questions are made of."""

    family: str
    alphabet: str
    words: Words


class Text(_Table):
    """How its texts are read: elided articles, what opens a byline or is no place, and where sentences end.

    No sentence ends at the full stop of ``abbreviations`` before a name (Dr. Ames), of ``numbered`` before a figure
    (No. 5), or of a figure after ``before_ordinals`` (im 19. Jahrhundert). One ends at that of ``closing`` before a
    capital letter (etc.). ``said`` is the word for it that may follow a quotation at once. ``small`` are the commonest
    small words, by which a short text is known in a language that is hardly known otherwise.
    """

    elided: Words = ()
    abbreviations: Words = ()
    numbered: Words = ()
    closing: Words = ()
    before_ordinals: Words = ()
    said: Words = ()
    bylines: Words = ()
    rubrics: Words = ()
    small: Words = ()


class Vocabulary(_Table):
    """The lists that may also hold words which count in their own language only.

    ``months_short`` are short forms, and months that are other words as well (en: may, ro: mai): in a text, either is a
    month only beside a figure.
    """

    months: dict[Month, Words] = {}
    months_short: dict[Month, Words] = {}
    dates: Dates = Dates()
    relative_dates: RelativeDates = RelativeDates()
    denials: Denials = Denials()
    quoting: Quoting = Quoting()
    countries: Countries = Countries()


Pick = Callable[[Vocabulary], Iterable[str]]
"""Takes one list of words from a vocabulary."""


class Language(Vocabulary):
    """All that is known of a language."""

    name: Word
    unspaced: bool = False
    """Whether it is written without spaces between words."""
    capitalised_nouns: bool = False
    inflected_names: bool = False
    phrases: Phrases = Phrases()
    small_talk: SmallTalk = SmallTalk()
    overview: Overview = Overview()
    names: Names = Names()
    text: Text = Text()
    close: Close | None = None
    only_here: Vocabulary = Vocabulary()


@cache
def languages() -> Mapping[str, Language]:
    """Every language by its ISO 639-1 code.

    Raises:
        pydantic.ValidationError: a file has a key that is not known, or a value of another type.
    """
    folder = files("askcorpus.text").joinpath("languages")
    found = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {
        file.name.removesuffix(".toml"): Language.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
        for file in found
    }


def words_anywhere(pick: Pick, language: str = "") -> tuple[str, ...]:
    """What ``pick`` takes from every language, and from what counts in ``language`` only."""
    own = languages().get(language)
    found = [word for one in languages().values() for word in pick(one)]
    return tuple(dict.fromkeys([*found, *(pick(own.only_here) if own else ())]))


def whole_words_in(language: str, pick: Pick) -> str:
    """A regular expression that finds what ``pick`` takes from one language, or from every one where hardly anything is
    known of this, in a text of small letters: not within other words, except in languages that are written without
    spaces."""
    own = languages().get(language)
    if own and own.denials.negations:
        found = [(word, own.unspaced) for part in (own, own.only_here) for word in pick(part)]
    else:
        found = [(word, one.unspaced) for one in languages().values() for word in pick(one)]
    apart, together = (expression(word for word, unspaced in found if unspaced == each) for each in (False, True))
    return rf"(?<![\p{{L}}\p{{M}}])(?:{apart})(?![\p{{L}}\p{{M}}])|{together}"


def known(language: str) -> str:
    """The language's code, or "" where there is no file for it: so that not every code makes its own patterns."""
    return language if language in languages() else ""


# --- what each language has ---

_COLUMNS: Mapping[str, Pick] = {
    "ranges": lambda one: one.dates.ranges,
    "months": lambda one: one.months or "123456789abc" * bool(one.dates.month),
    "last year": lambda one: one.relative_dates.last_year,
    "this year": lambda one: one.relative_dates.this_year,
    "last month": lambda one: one.relative_dates.last_month,
    "this month": lambda one: one.relative_dates.this_month,
    "last M": lambda one: one.relative_dates.last,
    "in M": lambda one: one.relative_dates.within,
    "negations": lambda one: one.denials.negations,
    "rejections": lambda one: one.denials.rejections,
}


def coverage() -> dict[str, dict[str, int]]:
    """How much each language has of each list; of months, how many it names."""
    found = {}
    for code, one in languages().items():
        counts = {column: len({*pick(one), *pick(one.only_here)}) for column, pick in _COLUMNS.items()}
        found[code] = counts | {"phrases": bool(one.phrases.does_not_say) + bool(one.phrases.documents_differ)}
    return found


def main() -> None:
    """Print which language has what."""
    rows = {f"{code} {languages()[code].name}": counts for code, counts in coverage().items()}
    columns = list(next(iter(rows.values())))
    widest = max(map(len, rows))
    print(" " * widest, *columns, sep="  ")
    for language, counts in rows.items():
        cells = (str(counts[column] or "-").rjust(len(column)) for column in columns)
        print(language.ljust(widest), *cells, sep="  ")


if __name__ == "__main__":
    main()
