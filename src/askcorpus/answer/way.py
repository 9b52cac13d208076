"""The way of a question to its answer: searched, read and judged, or an overview where it names a subject or a time."""

from typing import NamedTuple

from askcorpus.answer.clock import Clock
from askcorpus.answer.confidence import Calibration
from askcorpus.answer.judgement import Assessment, Judgement, assess, judge, rerank
from askcorpus.answer.overview import (
    MOST_COUNTED,
    RIGHT,
    SEARCHED,
    Overview,
    chronicle,
    is_unnamed,
    quoted_first,
    survey,
)
from askcorpus.answer.reader import Reader
from askcorpus.answer.writer import Writer
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.embedding.unrelated_texts import UnrelatedTexts
from askcorpus.index.store import Snapshot
from askcorpus.search.candidates import Retrieval
from askcorpus.search.mentions import telling_words
from askcorpus.search.names import Name
from askcorpus.search.query import Query, conversation_language, read_query
from askcorpus.search.retriever import Retriever
from askcorpus.search.subject import Subject, Time, place_of, subject_of, time_of
from askcorpus.text.dates import day_range
from askcorpus.tuning import Tuning
from askcorpus.types import Filters, ModelFault, Turn


class Asked(NamedTuple):
    """A question on its way: what was asked, of which documents, and from which confidence on it is answered;
    ``locale`` is the language that its words are in where they leave it open."""

    question: str
    history: tuple[Turn, ...]
    filters: Filters
    snapshot: Snapshot
    operating_point: float
    clock: Clock
    locale: str = ""


class Way(NamedTuple):
    """How a question was gone about: what was searched for and found, what that is worth, and what was understood;
    ``model_fault`` is why the language model did not say what a follow-up means."""

    query: Query
    retrieval: Retrieval
    judgement: Judgement
    understood: str
    overview: Overview | None = None
    model_fault: ModelFault | None = None


class Wayfinder(NamedTuple):
    """What finds the way of a question."""

    embeddings: SentenceEmbeddings
    unrelated_texts: UnrelatedTexts
    retriever: Retriever
    reader: Reader
    calibration: Calibration
    tuning: Tuning

    def find(self, asked: Asked, writer: Writer, limit: int) -> Way:
        """The way of a question over ``limit`` passages: an overview where nothing else than a subject or a time was
        asked, or where nothing answers and it may be that."""
        latest = asked.snapshot.latest()
        subject, when = subject_of(asked.question), time_of(asked.question, latest)
        first = None
        if when and not asked.history and not when.is_day:
            first = self._chronicle(asked, when)
        elif subject and not asked.history:
            first = self._survey(asked, subject)
        if first:
            return first
        judged = self._judged(asked, writer, limit, latest)
        instead = self._instead(asked, subject, when) if judged.judgement.abstain_reason else None
        return instead._replace(model_fault=judged.model_fault) if instead and instead.overview else judged

    def _instead(self, asked: Asked, subject: Subject | None, when: Time | None) -> Way | None:
        """An overview where nothing answers and it may be that which was asked."""
        if when:
            return self._chronicle(asked, when)
        if subject and not asked.history:
            return None  # it was looked for first: with a history it may lean on what was said before
        subject = subject or place_of(asked.question)
        return self._survey(asked, subject) if subject else None

    def ordered(self, retrieval: Retrieval, assessment: Assessment | None) -> Retrieval:
        """What was found as the reader orders it, unless a cross-encoder has."""
        return retrieval if self.retriever.reranker else rerank(retrieval, assessment, self.tuning)

    def _judged(self, asked: Asked, writer: Writer, limit: int, latest: str) -> Way:
        """What was found for a question, read and judged."""
        rewritten = writer.rewrite(asked.question, asked.history)
        query = read_query(
            asked.question,
            asked.history,
            self.embeddings,
            self.unrelated_texts,
            standalone=rewritten.question,
            latest=latest,
            locale=asked.locale,
            tuning=self.tuning,
        )
        asked.clock.lap("embed")
        retrieval = self.retriever.retrieve(asked.snapshot, query, asked.filters, limit)
        asked.clock.lap("retrieve")
        assessment = assess(retrieval, self.reader, self.calibration, self.tuning)
        retrieval = self.ordered(retrieval, assessment)
        asked.clock.lap("read")
        unrelated = self.unrelated_texts.among_themselves()
        judgement = judge(
            retrieval, assessment, self.reader, self.embeddings, unrelated, asked.operating_point, self.tuning
        )
        asked.clock.lap("judge")
        return Way(query, retrieval, judgement, _understood(query, assessment), model_fault=rewritten.fault)

    def _survey(self, asked: Asked, subject: Subject) -> Way | None:
        """An overview of a subject, or nothing where a name is all that was asked and none has it; None where the
        message may still be a question, or where no answer may be as unsure as an overview."""
        if asked.operating_point > RIGHT:
            return None
        query, retrieval = self._looked_up(asked, subject.text, asked.filters)
        overview = survey(subject, retrieval, self.calibration.sentence_weights, self.tuning)
        if overview is None:
            return self._nothing(asked, subject, retrieval)
        if counted := telling_words(subject.text):
            overview = overview.counting(asked.snapshot.matching(counted, asked.filters, MOST_COUNTED))
        query = query._replace(question=asked.question, standalone=asked.question)
        return _overview_way(asked, query, retrieval, overview)

    def _chronicle(self, asked: Asked, when: Time) -> Way | None:
        """An overview of a time, by the documents that are dated then; None where none is, or where no answer may be as
        unsure as an overview."""
        if asked.operating_point > RIGHT or not (then := _within(asked.filters, when.period)):
            return None
        query, retrieval = self._looked_up(asked, asked.question, then)
        overview = chronicle(when, retrieval, self.calibration.sentence_weights, self.tuning)
        if overview is None:
            return None
        overview = overview.counting(asked.snapshot.dated(when.period, then, MOST_COUNTED))
        return _overview_way(asked, query._replace(period=when.period), retrieval, overview)

    def _looked_up(self, asked: Asked, text: str, filters: Filters) -> tuple[Query, Retrieval]:
        """What is near to a text that is no question."""
        query = read_query(text, (), self.embeddings, self.unrelated_texts, locale=asked.locale, tuning=self.tuning)
        asked.clock.lap("embed")
        retrieval = self.retriever.retrieve(asked.snapshot, query, filters, SEARCHED)
        asked.clock.lap("retrieve")
        return query, retrieval

    def _nothing(self, asked: Asked, subject: Subject, retrieval: Retrieval) -> Way | None:
        """That nothing names a subject, where a name is all that was asked."""
        if asked.operating_point <= 0 or not is_unnamed(subject, retrieval):
            return None
        retrieval = retrieval._replace(query=retrieval.query._replace(names=(Name(subject.text),)))
        return Way(retrieval.query, retrieval, Judgement((), (), (), None, 0.0, "no_match"), asked.question)


def _overview_way(asked: Asked, query: Query, retrieval: Retrieval, overview: Overview) -> Way:
    query = query._replace(language=overview.language(conversation_language(asked.history, asked.locale)))
    judgement = Judgement(overview.sentences, (), (), None, RIGHT, None)
    retrieval = quoted_first(retrieval._replace(query=query), overview.sentences)
    return Way(query, retrieval, judgement, asked.question, overview)


def _within(filters: Filters, period: str) -> Filters | None:
    """The filters narrowed down to a time; None where they leave nothing of it."""
    day = day_range(period)
    low, high = day_range(filters.date_from) or day, day_range(filters.date_to) or day
    if day is None or low is None or high is None or max(low[0], day[0]) > min(high[1], day[1]):
        return None
    return filters.model_copy(update={"date_from": max(low[0], day[0]), "date_to": min(high[1], day[1])})


def _understood(query: Query, assessment: Assessment | None) -> str:
    """What was answered: the question as it is where that was read alone, be it that something was said before it."""
    has_choice = len(query.read_as) > 1
    return query.question if has_choice and assessment and assessment.reading == 0 else query.standalone
