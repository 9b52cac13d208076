"""Answers in the corpus's own words: the sentences that answer, verbatim, each cited. Needs no language model."""

from collections.abc import Iterator, Sequence

from askcorpus.answer.answerer import Findings
from askcorpus.answer.lists import LONGEST_NAME, further_names
from askcorpus.answer.phrases import documents_differ, overview_of
from askcorpus.answer.sentence_scores import ScoredSentence
from askcorpus.search.query import Query
from askcorpus.text.language import detect_language
from askcorpus.text.words import words
from askcorpus.tuning import TUNING, Tuning
from askcorpus.types import Draft, Quote, Turn

NAME = "extractive"

_FURTHER = "…"
"""The last line of a table that has more rows than are shown."""


class ExtractiveAnswerer:
    """Answers with the sentences that answer."""

    name = NAME

    def __init__(self, tuning: Tuning = TUNING) -> None:
        self._tuning = tuning

    def rewrite(self, question: str, history: Sequence[Turn]) -> None:
        """Nothing: a follow-up is read below what was said before it."""

    def draft(self, findings: Findings) -> Iterator[str | Draft]:
        """The best sentences, each with its marker; those that contradict each other, if any do; all of an overview."""
        if findings.subject:
            return listed(overview_of(findings.subject, findings.query.language), findings.sentences)
        return extract(findings.query, findings.sentences, findings.contradicting, findings.rows, self._tuning)


def extract(
    query: Query,
    sentences: Sequence[ScoredSentence],
    contradicting: Sequence[ScoredSentence] = (),
    rows: Sequence[ScoredSentence] = (),
    tuning: Tuning = TUNING,
) -> Iterator[str | Draft]:
    """The draft of an answer from weighed sentences: each piece is a quoted sentence with its marker.

    ``contradicting`` are those that contradict each other, if any do: then these are shown, as a list, with their
    dates, the newest first: of a toll, an office or a ruling it is mostly what holds. Of a year that the question
    names it is not, and the best one stays first. ``rows`` are those of a table that answers as a whole, if one does:
    each of the first few stands in a line of its own.
    """
    if contradicting:
        told = list(contradicting[: tuning.most_sentences])
        if not query.year:
            told.sort(key=lambda one: one.hit.date, reverse=True)
        return listed(documents_differ(query.language), told, sources_differ=True)
    if rows:
        shown = rows[: tuning.most_names]
        tail = f"\n{_FURTHER}" if len(rows) > len(shown) else ""
        return _drafted([_one_line(one.text) for one in shown], shown, "\n", tail=tail)
    chosen = _choose(sentences, tuning)
    return _drafted([_one_line(one.text) for one in chosen], chosen, " ")


def listed(head: str, sentences: Sequence[ScoredSentence], *, sources_differ: bool = False) -> Iterator[str | Draft]:
    """The draft of an answer that lists sentences below a line that ends in a colon, each with its document's date."""
    pieces = [f"- {_dated(one.hit.date)}{_one_line(one.text)}" for one in sentences]
    return _drafted(pieces, sentences, "\n", head=f"{head}\n", sources_differ=sources_differ)


def _drafted(
    pieces: Sequence[str],
    sentences: Sequence[ScoredSentence],
    between: str,
    *,
    head: str = "",
    tail: str = "",
    sources_differ: bool = False,
) -> Iterator[str | Draft]:
    """The pieces, each with the marker of its sentence, and the draft that they make."""
    text, quotes = "", []
    for marker, (piece, chosen) in enumerate(zip(pieces, sentences, strict=True), start=1):
        said = f"{between if text else head}{piece} [{marker}]"
        text += said
        quotes.append(
            Quote(
                marker=marker,
                passage_id=chosen.hit.passage_id,
                start=chosen.span.start,
                end=chosen.span.end,
                highlights=(chosen.answer,),
            )
        )
        yield said
    if tail:
        yield tail
    yield Draft(text=text + tail, quotes=tuple(quotes), language=detect_language(text), sources_differ=sources_differ)


def _choose(sentences: Sequence[ScoredSentence], tuning: Tuning) -> list[ScoredSentence]:
    """The best sentence, those close behind it that say something else or say it differently elsewhere, and those that
    answer with another name."""
    if not sentences:
        return []
    chosen = [sentences[0]]
    for candidate in sentences[1:]:
        if len(chosen) == tuning.most_sentences or candidate.score < sentences[0].score - tuning.close:
            break
        repeated = any(repeats(candidate.text, other.text, tuning.repeats) for other in chosen)
        if not repeated and not _is_scrap(candidate, tuning):
            chosen.append(candidate)
    return chosen + further_names(sentences, chosen, tuning.most_names - len(chosen), tuning)


def _is_scrap(sentence: ScoredSentence, tuning: Tuning) -> bool:
    """Whether a few words that hardly answer stand by themselves, such as the name of who signed the article."""
    return len(words(sentence.text)) <= LONGEST_NAME and sentence.answer_score < tuning.name_likely


def repeats(text: str, other: str, share: float) -> bool:
    """Whether ``text`` has hardly a word that ``other`` has not; figures that differ are news, not a repeat."""
    own, said = set(words(text)), set(words(other))
    new_figures = any(word[0].isdigit() for word in own - said)
    return not new_figures and len(own & said) > share * len(own)


def _dated(date: str) -> str:
    return f"{date}: " if date else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())
