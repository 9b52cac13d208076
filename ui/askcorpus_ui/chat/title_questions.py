"""What somebody would ask of a document, by its title: the question that it asks itself, what is said of it, or of the
names in it."""

import re
from collections.abc import Iterator

from askcorpus.answer.overview import MOST_WORDS_OF_A_NAME
from askcorpus.search.countries import country_names
from askcorpus.search.mentions import written_as_name
from askcorpus.search.names import CASED, countries_of, names_of
from askcorpus.search.subject import subject_of
from askcorpus.text.sentences import split_sentences
from askcorpus.text.words import word_spans, words
from askcorpus_ui.chat.translations import Strings

READ = 5_000
"""Characters of a text that are read for what is a name."""

LONGEST = 90
"""Characters of a title that a question can name; of a longer one its first part may."""

_LONG = 50
"""Characters from which on the beginning of a title is named, where it has parts."""

_FEWEST_WORDS = 4
"""Words of the beginning of a title from which it tells what that is about."""

_SHORTEST_QUESTION = 3
"""Words of a question."""

_ASKS = re.compile(r"[?؟？]$")
_CUT_OFF = re.compile(r"(?:…|\.\.\.)$")
_FULL_STOP = re.compile(r"(?<!\.)[.。]$")
_SITE = re.compile(r"\s[|–—-]\s(?=[^|–—-]{1,40}$)")
_PART = re.compile(r"[:;,،؛](?=\s)|\s[–—-]\s")

_JOINED = re.compile(r"(?:-\w++)++")
_WORD_BEFORE = re.compile(r"\b(\w)\w*\s$")
_WORD_AFTER = re.compile(r"\s(\w)")


def question_about(title: str, source: str, text: str, language: str, strings: Strings, *, quoted: bool = True) -> str:
    """A question about a document with this ``title``, as people ask; "" where that tells nothing of it.

    ``text`` is the document's, and tells whether the title is a name, or no title at all; ``source`` is left out of the
    title's end, where web sites put their name. ``strings`` are of the document's ``language``. A headline can only be
    ``quoted``.
    """
    text = text[:READ]
    is_headline = quoted and not _is_cut_out(title, text)
    title = _without_site(" ".join(title.split()), source)
    sentences = [title[span.start : span.end].strip() for span in split_sentences(title, language)]
    for one in sentences:
        if _ASKS.search(one) and len(words(one)) >= _SHORTEST_QUESTION and len(one) <= LONGEST:
            return one
    if sentences and len(words(sentences[0])) >= _FEWEST_WORDS:
        title = sentences[0]
    title = _FULL_STOP.sub("", _whole_parts(title))
    beginnings = [title[: end.start()].rstrip() for end in _PART.finditer(title)]
    for name in (title, *beginnings[:1]):
        if _is_name(name, text):
            return strings.example_name.format(name=name)
    if not is_headline:
        return ""
    if len(title) > _LONG:
        title = next((one for one in beginnings if len(words(one)) >= _FEWEST_WORDS), title)
    return strings.example.format(title=title) if 0 < len(title) <= LONGEST and not _ASKS.search(title) else ""


def _without_site(title: str, source: str) -> str:
    """A title without the name of its site at the end: what stands behind a bar, or behind a dash and is its source."""
    end = _SITE.search(title)
    if end is None:
        return title
    site = "".join(words(title[end.end() :]))
    is_site = "|" in end[0] or bool(site and site in "".join(words(source)))
    return title[: end.start()].rstrip() if is_site else title


def _whole_parts(title: str) -> str:
    """A title that was cut off, as far as its last whole part; nothing of one that has none."""
    if not _CUT_OFF.search(title):
        return title
    ends = [match.start() for match in _PART.finditer(title)]
    return title[: ends[-1]].rstrip() if ends else ""


def names_in(said: str, source: str, text: str, language: str) -> Iterator[str]:
    """The names in a title or a sentence that are no country's and not the ``source``, where capitals tell them, as the
    document's ``text`` has them too."""
    said = f"of {said}"  # so that it opens no sentence, and is a headline where it was one
    names = (_whole_name(said, name.text) for name in names_of(said, language) if not name.country)
    for name in filter(None, dict.fromkeys(names)):
        is_source = "".join(words(name)) in "".join(words(source))
        if not is_source and _has(text, name) and written_as_name(name, [text]):
            yield name


def countries_called(said: str, language: str, locale: str) -> list[str]:
    """The countries that a text in a language names, as they are called in another."""
    names = country_names(locale)
    return [names[each.country][0] for each in countries_of(said, language) if each.country in names]


def _whole_name(said: str, name: str) -> str:
    """A name with what a hyphen joins to it: *Notre-Dame*; nothing of one that is a part of another: *Adil* El Arbi."""
    start = said.find(name)
    if start < 0:
        return name
    end = start + len(name)
    if joined := _JOINED.match(said[:start][::-1]):
        start -= len(joined[0])
    if joined := _JOINED.match(said[end:]):
        end += len(joined[0])
    beside = (_WORD_BEFORE.search(said[:start]), _WORD_AFTER.match(said[end:]))
    return "" if any(word and word[1].isupper() for word in beside) else said[start:end]


def _is_cut_out(title: str, text: str) -> bool:
    """Whether a title is the beginning of a line that goes on in the text, and so none that it was given."""
    found, wanted = word_spans(text), words(title)
    told = " ".join(word for word, _ in found)
    place = f" {told} ".find(f" {' '.join(wanted)} ") if wanted else -1
    if place < 0:
        return False
    end = found[told[:place].count(" ") + len(wanted) - 1][1].end
    return bool(words(text[end:].split("\n", 1)[0]))


def _has(text: str, name: str) -> bool:
    return f" {' '.join(words(name))} " in f" {' '.join(words(text))} "


def _is_name(title: str, text: str) -> bool:
    """Whether a title is a subject of a few words, which the text writes as a name."""
    subject = subject_of(title)
    if not (subject and subject.bare and written_as_name(title, [text]) and set(words(title)) <= set(words(text))):
        return False
    return bool(CASED.search(title)) or len(words(title)) <= MOST_WORDS_OF_A_NAME  # else it may be a whole sentence
