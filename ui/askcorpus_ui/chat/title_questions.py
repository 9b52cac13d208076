"""What somebody would ask of a document, by its title: the question that it asks itself, or what is said of it."""

import re

from askcorpus.search.mentions import written_as_name
from askcorpus.search.subject import subject_of
from askcorpus.text.sentences import split_sentences
from askcorpus.text.words import words
from askcorpus_ui.chat.translations import Strings

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


def question_about(title: str, source: str, text: str, language: str, strings: Strings) -> str:
    """A question about a document with this ``title``, as people ask; "" where that tells nothing of it.

    ``text`` is of the document and tells whether the title is a name; ``source`` is left out of the title's end, where
    web sites put their name. ``strings`` are of the document's ``language``.
    """
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


def _is_name(title: str, text: str) -> bool:
    """Whether a title is a subject of a few words, which the text writes as a name."""
    subject = subject_of(title)
    return bool(subject and subject.bare and written_as_name(title, [text]) and set(words(title)) <= set(words(text)))
