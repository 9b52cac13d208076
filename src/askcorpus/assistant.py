"""The pipeline that people can follow: understand → retrieve → judge → answer → verify, or say that it is not there."""

import logging
import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial
from typing import NamedTuple, Self

from askcorpus.answer.answerer import Answerer, Findings
from askcorpus.answer.citations import Verified
from askcorpus.answer.confidence import Calibration, load_calibration, missing_names, missing_numbers
from askcorpus.answer.explanation import explain as explain_decision
from askcorpus.answer.extractive import ExtractiveAnswerer
from askcorpus.answer.judgement import Assessment, Judgement, assess, judge, rerank
from askcorpus.answer.outcomes import known_outcomes
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
from askcorpus.answer.phrases import does_not_say, unreadable
from askcorpus.answer.reader import Reader
from askcorpus.answer.risk import Promise, order
from askcorpus.answer.small_talk import reply, small_talk, without_small_talk
from askcorpus.answer.writer import Writer, Written
from askcorpus.embedding.embeddings import SentenceEmbeddings, load_embeddings
from askcorpus.embedding.unrelated_texts import UnrelatedTexts
from askcorpus.errors import AskcorpusError, ModelError, UsageError
from askcorpus.index.opening import open_index
from askcorpus.index.store import Snapshot, Store
from askcorpus.search.candidates import Retrieval
from askcorpus.search.names import Name, telling_words
from askcorpus.search.query import Query, check_question, read_query, recent_turns
from askcorpus.search.reranker import Reranker
from askcorpus.search.retriever import Retriever
from askcorpus.search.subject import Subject, Time, subject_of, time_of
from askcorpus.settings import Settings
from askcorpus.text.dates import day_range
from askcorpus.text.scripts import is_unreadable
from askcorpus.tuning import TUNING, Tuning
from askcorpus.types import (
    AbstainReason,
    Answer,
    Citation,
    Done,
    Draft,
    Event,
    Explanation,
    Filters,
    Hit,
    ModelFault,
    Retrieved,
    Turn,
    Verification,
)
from askcorpus.verify.proof import Conditions, Proof, ProofCheck, make_proof, recheck, this_version
from askcorpus.verify.verifier import Verifier


class Assistant:
    """Answers questions from one store. Threads may share it."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        embeddings: SentenceEmbeddings,
        *,
        reader: Reader | None = None,
        answerer: Answerer | None = None,
        calibration: Calibration | None = None,
        tuning: Tuning = TUNING,
    ) -> None:
        self.settings = settings
        self.store = store
        self.embeddings = embeddings
        self.answerer = answerer or ExtractiveAnswerer(tuning)
        self.unrelated_texts = UnrelatedTexts(embeddings)
        self.calibration = calibration or load_calibration()
        self.reader = reader or Reader(tuning)
        self.tuning = tuning
        self.retriever = Retriever(Reranker(settings.reranker) if settings.reranker else None, tuning)
        self.verifier = Verifier(store, embeddings, self.unrelated_texts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back the store's files and locks."""
        self.store.close()

    def warm_up(self) -> None:
        """Load the models now rather than with the first question, and at the same time what it searches.

        Raises:
            ModelError: a model cannot be loaded. What is wrong with the store, its own checks and the question tell.
        """
        with ThreadPoolExecutor(1, "warm-up") as beside:
            read = beside.submit(self.store.warm_up)
            self.embeddings.warm_up()
            self.reader.warm_up()
            with suppress(AskcorpusError):
                read.result()

    @cached_property
    def promise(self) -> Promise | None:
        """What keeps the ordered error rate (the setting ``max_error``); None where none is ordered.

        Raises:
            UsageError: the rate cannot be promised.
            IndexMismatch: the known answers in the data folder were measured with other settings.
            StorageError: they cannot be read.
        """
        return None if self.settings.max_error is None else self._ordered(self.settings.max_error)

    def _ordered(self, max_error: float) -> Promise:
        known = known_outcomes(self.settings, self.store.fingerprint, self.answerer.name, self.calibration)
        return order(known, max_error)

    @property
    def operating_point(self) -> float:
        """Confidence below which it abstains. Raises as :attr:`promise` does."""
        if self.promise:
            return self.promise.threshold
        chosen = self.settings.min_confidence
        return self.calibration.operating_point if chosen is None else chosen

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        filters: Filters = Filters(),
        top_k: int | None = None,
        max_error: float | None = None,
        explain: bool = False,
        conversation_id: str | None = None,
    ) -> Answer:
        """The answer to a question, as a whole; see :meth:`stream` for the meaning of the arguments."""
        for event in self.stream(
            question,
            history=history,
            filters=filters,
            top_k=top_k,
            max_error=max_error,
            explain=explain,
            conversation_id=conversation_id,
        ):
            if isinstance(event, Done):
                return event.answer
        raise RuntimeError("a stream ended without its answer")

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        filters: Filters = Filters(),
        top_k: int | None = None,
        max_error: float | None = None,
        explain: bool = False,
        conversation_id: str | None = None,
    ) -> Iterator[Event]:
        """The passages found, the answer's text as it comes, and at last the verified answer, which replaces the text.

        Args:
            question: in any language; at most 10 000 characters.
            history: earlier turns, oldest first, for a question that leans on them; of a long one the end counts.
            filters: what a document must be to count.
            top_k: passages to show, and to give to a language model; the setting when None.
            max_error: the error rate that is ordered of this answer (``askcorpus.answer.risk``); the setting when None.
            explain: fill ``Answer.explain``.
            conversation_id: handed back in the answer.

        Raises:
            UsageError: the question is empty or too long, ``top_k`` or a filter's date makes no sense, no document
                passes the filters, or the error rate cannot be promised.
            NothingIngested: there is no document to ask, or the data folder is gone.
            ModelError: the embedding model cannot be loaded; or the language model fails and an error rate is ordered,
                so that no quotes may stand in for what it was to write.
            StorageError: the data folder cannot be read.
        """
        clock = _Clock()
        question, history, limit = check_question(question), recent_turns(history), self._limit(top_k)
        _log_question(question)
        with self.store.snapshot() as index:
            info = index.filled()
            filters = index.understood(filters)
            operating_point = self.operating_point if max_error is None else self._ordered(max_error).threshold
            history = without_small_talk(history)
            if talk := small_talk(question, history):
                clock.lap("answer")
                yield Retrieved(passages=())
                yield Done(
                    answer=Answer(
                        id=_new_id(),
                        question=question,
                        standalone_question=question,
                        language=talk.language,
                        kind=talk.kind,
                        answer=reply(talk, index, filters),
                        answerable=False,
                        confidence=0.0,
                        conversation_id=conversation_id,
                        model=self.answerer.name,
                        index=info,
                        filters=filters,
                        timings_ms=clock.laps(),
                    )
                )
                return
            # An error rate was measured with the answers of who is to write: nothing may stand in for these.
            ordered = max_error is not None or self.settings.max_error is not None
            writer = Writer(self.answerer, self.tuning, strict=ordered)
            subject = subject_of(question)
            when = time_of(question)
            way = None
            if when and not history and not when.is_day:
                way = self._chronicle(index, when, question, filters, operating_point, clock)
            elif subject and not history:
                way = self._survey(index, subject, question, filters, operating_point, clock)
            if way is None:
                way = self._judged(
                    index, question, history, filters, max(limit, self.tuning.read), operating_point, clock, writer
                )
                instead = None
                if way.judgement.abstain_reason and when:
                    instead = self._chronicle(index, when, question, filters, operating_point, clock)
                elif way.judgement.abstain_reason and subject and history:  # it may lean on what was said before
                    instead = self._survey(index, subject, question, filters, operating_point, clock)
                if instead and instead.overview:
                    way = instead._replace(model_fault=way.model_fault)
            query, retrieval, judgement, overview = way.query, way.retrieval, way.judgement, way.overview
            yield Retrieved(passages=retrieval.hits[:limit])
            reason = judgement.abstain_reason
            written = Written(Draft(text=""), Verified("", (), ()), "", way.model_fault)
            if _is_unread(question, retrieval.hits[: self.tuning.read], answered=reason is None):
                reason = "unreadable_script"
            if reason is None:
                findings = Findings(
                    query,
                    history,
                    retrieval.hits[:limit],
                    judgement.sentences,
                    judgement.contradicting,
                    overview.subject.text if overview else "",
                )
                written = yield from writer.write(
                    findings,
                    retrieval.hits,
                    partial(_text_of, index),
                    fault=way.model_fault,
                    lap=clock.lap,
                )
                reason = None if written.verified.citations else "unsupported_answer"
        citations = () if reason else written.verified.citations
        unnamed = _missing_names(retrieval, limit, citations)
        clock.lap("verify")
        yield Done(
            answer=Answer(
                id=_new_id(),
                question=question,
                standalone_question=way.understood,
                language=query.language,
                kind="overview" if overview else "answer",
                answer=_said(reason, query.language) if reason else written.verified.text,
                answerable=reason is None,
                abstain_reason=reason,
                subject=overview.subject.text if overview else "",
                named_in=len(overview.documents) if overview else 0,
                confidence=judgement.confidence,
                citations=citations,
                passages=retrieval.hits[:limit],
                unsupported=() if reason else written.verified.unsupported,
                sources_differ=reason is None and written.draft.sources_differ,
                missing_names=unnamed,
                conversation_id=conversation_id,
                model=self.answerer.name,
                answered_by="" if reason else written.by,
                model_fault=written.fault,
                index=info,
                filters=filters,
                period=query.period,
                timings_ms=clock.laps(),
                explain=self._explain(way, operating_point, filters, reason) if explain else None,
            )
        )

    def search(self, query: str, *, filters: Filters = Filters(), top_k: int | None = None) -> tuple[Hit, ...]:
        """The passages nearest to ``query``, best first, without an answer. Raises as :meth:`stream` does."""
        query, limit = check_question(query), self._limit(top_k)
        _log_question(query)
        with self.store.snapshot() as index:
            index.filled()
            filters = index.understood(filters)
            read = read_query(query, (), self.embeddings, self.unrelated_texts, latest=index.latest())
            retrieval = self.retriever.retrieve(index, read, filters, max(limit, self.tuning.read))
            assessment = assess(retrieval, self.reader, self.calibration, self.tuning)
            return self._in_order(retrieval, assessment).hits[:limit]

    def verify(self, text: str) -> Verification:
        """What ``text`` quotes and tells with its source, and whether the corpus says so.

        Raises:
            UsageError: the text is too long, or quotes too much.
            NothingIngested: there is no document to hold it against, or the data folder is gone.
            IndexMismatch: the index was made by another version.
            ModelError: the embedding model cannot be loaded.
            StorageError: the data folder cannot be read.
        """
        return self.verifier.verify(text)

    @property
    def conditions(self) -> Conditions:
        """What decides an answer beside the documents. Raises as :attr:`promise` does."""
        return Conditions(
            version=this_version(),
            model=self.answerer.name,
            operating_point=self.operating_point,
            top_k=self.settings.top_k,
            reranker=self.settings.reranker or "",
            fingerprint=self.store.fingerprint,
        )

    def prove(self, answer: Answer, history: Sequence[Turn] = ()) -> Proof:
        """The proof of an answer of this assistant's, to a question with that history. Raises as `make_proof` does."""
        conditions = self.conditions
        if answer.model_fault:  # then other settings would give the same answer: those without the model
            conditions = conditions.model_copy(update={"model": answer.answered_by or conditions.model})
        with self.store.snapshot() as index:
            index.filled()
            return make_proof(answer, conditions, index.document, tuple(history))

    def recheck(self, proof: Proof) -> ProofCheck:
        """Ask again what a proof answers, and say what has changed.

        Raises as :meth:`stream` does, and:
            ModelError: the language model that wrote what is proven fails now.
        """

        def again(asked: Proof) -> Answer:
            answer = self.ask(asked.question, history=asked.history, filters=asked.filters)
            if answer.model_fault and answer.model_fault.kind == "failed":
                raise ModelError(answer.model_fault.detail)
            return answer

        self.store.filled()
        return recheck(proof, self.conditions, self.store.document, again)

    def _in_order(self, retrieval: Retrieval, assessment: Assessment | None) -> Retrieval:
        """What was found as the reader orders it, unless a cross-encoder has."""
        return retrieval if self.retriever.reranker else rerank(retrieval, assessment, self.tuning)

    def _limit(self, top_k: int | None) -> int:
        if top_k is not None and top_k < 1:
            raise UsageError(f"{top_k} passages cannot be shown.", "Ask for one or more.")
        return self.settings.top_k if top_k is None else top_k

    def _judged(
        self,
        index: Snapshot,
        question: str,
        history: Sequence[Turn],
        filters: Filters,
        limit: int,
        operating_point: float,
        clock: "_Clock",
        writer: Writer,
    ) -> "_Way":
        """The way of a question: what was found for it, read and judged."""
        rewritten = writer.rewrite(question, history)
        query = read_query(
            question,
            history,
            self.embeddings,
            self.unrelated_texts,
            standalone=rewritten.question,
            latest=index.latest(),
            tuning=self.tuning,
        )
        clock.lap("embed")
        retrieval = self.retriever.retrieve(index, query, filters, limit)
        clock.lap("retrieve")
        assessment = assess(retrieval, self.reader, self.calibration, self.tuning)
        retrieval = self._in_order(retrieval, assessment)
        clock.lap("read")
        unrelated = self.unrelated_texts.among_themselves()
        judgement = judge(retrieval, assessment, self.embeddings, unrelated, operating_point, self.tuning)
        clock.lap("judge")
        understood = _understood(query, assessment)
        return _Way(query, retrieval, judgement, understood, model_fault=rewritten.fault)

    def _survey(
        self,
        index: Snapshot,
        subject: Subject,
        question: str,
        filters: Filters,
        operating_point: float,
        clock: "_Clock",
    ) -> "_Way | None":
        """The way of an overview, or to nothing where a name is all that was asked and none has it; None where the
        message may still be a question, or where no answer may be as unsure as an overview."""
        if operating_point > RIGHT:
            return None
        query = read_query(subject.text, (), self.embeddings, self.unrelated_texts, tuning=self.tuning)
        clock.lap("embed")
        retrieval = self.retriever.retrieve(index, query, filters, SEARCHED)
        clock.lap("retrieve")
        overview = survey(subject, retrieval, self.calibration.sentence_weights, self.tuning)
        if overview is None:
            unnamed = operating_point > 0 and is_unnamed(subject, retrieval)
            retrieval = retrieval._replace(query=query._replace(names=(Name(subject.text),)))
            nothing = Judgement((), (), None, 0.0, "no_match")
            return _Way(retrieval.query, retrieval, nothing, question) if unnamed else None
        if counted := telling_words(subject.text):
            overview = overview.counting(index.matching(counted, filters, MOST_COUNTED))
        query = query._replace(question=question, standalone=question, language=overview.language)
        judgement = Judgement(overview.sentences, (), None, RIGHT, None)
        return _Way(
            query, quoted_first(retrieval._replace(query=query), overview.sentences), judgement, question, overview
        )

    def _chronicle(
        self,
        index: Snapshot,
        when: Time,
        question: str,
        filters: Filters,
        operating_point: float,
        clock: "_Clock",
    ) -> "_Way | None":
        """The way of an overview of a time, by the documents that are dated then; None where none is, or where no
        answer may be as unsure as an overview."""
        if operating_point > RIGHT or not (then := _within(filters, when.period)):
            return None
        query = read_query(question, (), self.embeddings, self.unrelated_texts, tuning=self.tuning)
        clock.lap("embed")
        retrieval = self.retriever.retrieve(index, query, then, SEARCHED)
        clock.lap("retrieve")
        overview = chronicle(when, retrieval, self.calibration.sentence_weights, self.tuning)
        if overview is None:
            return None
        overview = overview.counting(index.dated(when.period, then, MOST_COUNTED))
        query = query._replace(language=overview.language)
        judgement = Judgement(overview.sentences, (), None, RIGHT, None)
        retrieval = quoted_first(retrieval._replace(query=query), overview.sentences)
        return _Way(query, retrieval, judgement, question, overview)

    def _explain(
        self, way: "_Way", operating_point: float, filters: Filters, reason: AbstainReason | None
    ) -> Explanation:
        return explain_decision(
            way.retrieval,
            way.judgement.sentences,
            way.judgement.features,
            self.calibration,
            operating_point,
            filters=filters,
            abstain_reason=reason,
            overview=way.overview,
        )


class _Way(NamedTuple):
    """How a question was gone about: what was searched for and found, what that is worth, and what was understood;
    ``model_fault`` is why the language model did not say what a follow-up means."""

    query: Query
    retrieval: Retrieval
    judgement: Judgement
    understood: str
    overview: Overview | None = None
    model_fault: ModelFault | None = None


def open_assistant(settings: Settings) -> Assistant:
    """The assistant that the settings describe. Cheap: models are loaded by the first question or ``warm_up``.

    Raises:
        IndexMismatch: the data folder was made with other settings, or by a newer version.
        StorageError: the data folder is damaged or cannot be read.
        ModelError: the language model's package is missing, or a model's name makes no sense.
    """
    embeddings = load_embeddings(settings)
    answerer: Answerer = ExtractiveAnswerer()
    if settings.llm:
        from askcorpus.answer.llm import load_answerer  # what LangChain brings for it takes half a second to import

        answerer = load_answerer(settings, embeddings)
    return Assistant(settings, open_index(settings, embeddings), embeddings, answerer=answerer)


def _within(filters: Filters, period: str) -> Filters | None:
    """The filters narrowed down to a time; None where they leave nothing of it."""
    day = day_range(period)
    low, high = day_range(filters.date_from) or day, day_range(filters.date_to) or day
    if day is None or low is None or high is None or max(low[0], day[0]) > min(high[1], day[1]):
        return None
    return filters.model_copy(update={"date_from": max(low[0], day[0]), "date_to": min(high[1], day[1])})


def _text_of(index: Snapshot, document_id: str) -> str:
    document = index.document(document_id)
    return document.text if document else ""


def _log_question(question: str) -> None:
    """For those who want to read what was asked; a logger of its own, and never told unless set to debug."""
    logging.getLogger("askcorpus.questions").debug("asked", extra={"question": question})


def _new_id() -> str:
    return f"ans_{secrets.token_hex(8)}"


def _said(reason: AbstainReason, language: str) -> str:
    """What is said instead of an answer."""
    return unreadable(language) if reason == "unreadable_script" else does_not_say(language)


def _understood(query: Query, assessment: Assessment | None) -> str:
    """What was answered: the question as it is where that was read alone, be it that something was said before it."""
    has_choice = len(query.read_as) > 1
    return query.question if has_choice and assessment and assessment.reading == 0 else query.standalone


def _is_unread(question: str, hits: Sequence[Hit], *, answered: bool) -> bool:
    """Whether the model cannot read the question or, where it has not ``answered``, most of what was found."""
    if is_unreadable(question):
        return True
    return not answered and 2 * sum(is_unreadable(hit.text) for hit in hits) > len(hits)


def _missing_names(retrieval: Retrieval, limit: int, citations: Sequence[Citation]) -> tuple[str, ...]:
    """The names and numbers in a question that none of the cited passages has; of the ``limit`` best, where none is
    cited."""
    cited = {citation.passage_id for citation in citations}
    hits = [hit for hit in retrieval.hits if hit.passage_id in cited] or retrieval.hits[:limit]
    if not hits:
        return ()
    names = (" ".join(name.text.split()) for name in missing_names(retrieval.query, hits))
    return (*names, *missing_numbers(retrieval.query, hits))


class _Clock:
    """Milliseconds of each step."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._laps[name] = round(self._laps.get(name, 0.0) + (now - self._last) * 1000, 2)
        self._last = now

    def laps(self) -> dict[str, float]:
        return self._laps | {"total": round((self._last - self._start) * 1000, 2)}
