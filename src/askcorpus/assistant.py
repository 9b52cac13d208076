"""The pipeline that people can follow: understand → retrieve → judge → answer → verify, or say that it is not there."""

import logging
import secrets
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial
from typing import Self

from askcorpus.answer.answerer import Answerer, Findings
from askcorpus.answer.citations import Verified
from askcorpus.answer.clock import Clock
from askcorpus.answer.confidence import Calibration, load_calibration, missing_names, missing_numbers
from askcorpus.answer.explanation import explain as explain_decision
from askcorpus.answer.extractive import ExtractiveAnswerer
from askcorpus.answer.judgement import assess
from askcorpus.answer.outcomes import known_outcomes
from askcorpus.answer.phrases import does_not_say, unreadable
from askcorpus.answer.reader import Reader
from askcorpus.answer.risk import Promise, order
from askcorpus.answer.small_talk import SmallTalk, reply, small_talk, without_small_talk
from askcorpus.answer.way import Asked, Way, Wayfinder
from askcorpus.answer.writer import Writer, Written
from askcorpus.embedding.embeddings import SentenceEmbeddings, load_embeddings
from askcorpus.embedding.unrelated_texts import UnrelatedTexts
from askcorpus.errors import AskcorpusError, ModelError, UsageError
from askcorpus.index.opening import open_index
from askcorpus.index.store import Snapshot, Store
from askcorpus.search.candidates import Retrieval
from askcorpus.search.query import check_question, read_query, recent_turns
from askcorpus.search.reranker import Reranker
from askcorpus.search.retriever import Retriever
from askcorpus.settings import Settings
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
    IndexInfo,
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
        locale: str = "",
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
            locale=locale,
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
        locale: str = "",
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
            locale: the language (ISO 639-1) of whoever asks, in which a message is read and answered whose words leave
                it open: *ok*, or *NATO*.

        Raises:
            UsageError: the question is empty or too long, ``top_k`` or a filter's date makes no sense, no document
                passes the filters, or the error rate cannot be promised.
            NothingIngested: there is no document to ask, or the data folder is gone.
            ModelError: the embedding model cannot be loaded; or the language model fails and an error rate is ordered,
                so that no quotes may stand in for what it was to write.
            StorageError: the data folder cannot be read.
        """
        clock = Clock()
        question, history, limit = check_question(question), recent_turns(history), self._limit(top_k)
        _log_question(question)
        with self.store.snapshot() as index:
            info = index.filled()
            filters = index.understood(filters)
            operating_point = self.operating_point if max_error is None else self._ordered(max_error).threshold
            asked = Asked(question, without_small_talk(history), filters, index, operating_point, clock, locale)
            if talk := small_talk(question, asked.history, begins=not history, locale=locale):
                yield Retrieved(passages=())
                yield Done(answer=self._talked(asked, talk, info, conversation_id))
                return
            # An error rate was measured with the answers of who is to write: nothing may stand in for these.
            ordered = max_error is not None or self.settings.max_error is not None
            writer = Writer(self.answerer, self.tuning, strict=ordered)
            way = self._wayfinder.find(asked, writer, max(limit, self.tuning.read))
            yield Retrieved(passages=way.retrieval.hits[:limit])
            reason, written = yield from self._written(asked, way, writer, limit)
        answer = self._answer(asked, way, limit, reason, written, info)
        explained = self._explain(asked, way, reason) if explain else None
        yield Done(answer=answer.model_copy(update={"conversation_id": conversation_id, "explain": explained}))

    def _talked(self, asked: Asked, talk: SmallTalk, info: IndexInfo, conversation_id: str | None) -> Answer:
        """What is said to a greeting, thanks, and what the documents are about."""
        asked.clock.lap("answer")
        return Answer(
            id=_new_id(),
            question=asked.question,
            standalone_question=asked.question,
            language=talk.language,
            kind=talk.kind,
            answer=reply(talk, asked.snapshot, asked.filters),
            answerable=False,
            confidence=0.0,
            conversation_id=conversation_id,
            model=self.answerer.name,
            index=info,
            filters=asked.filters,
            timings_ms=asked.clock.laps(),
        )

    def _written(
        self, asked: Asked, way: Way, writer: Writer, limit: int
    ) -> Generator[Event, None, tuple[AbstainReason | None, Written]]:
        """What is written of what was found, piece by piece, and at last as a whole; or why nothing is."""
        retrieval, judgement = way.retrieval, way.judgement
        reason = judgement.abstain_reason
        if _is_unread(asked.question, retrieval.hits[: self.tuning.read], answered=reason is None):
            reason = "unreadable_script"
        if reason is not None:
            return reason, Written(Draft(text=""), Verified("", (), ()), "", way.model_fault)
        findings = Findings(
            way.query,
            asked.history,
            retrieval.hits[:limit],
            judgement.sentences,
            judgement.contradicting,
            judgement.rows,
            way.overview.subject.text if way.overview else "",
        )
        texts, lap = partial(_text_of, asked.snapshot), asked.clock.lap
        written = yield from writer.write(findings, retrieval.hits, texts, fault=way.model_fault, lap=lap)
        return None if written.verified.citations else "unsupported_answer", written

    def _answer(
        self, asked: Asked, way: Way, limit: int, reason: AbstainReason | None, written: Written, info: IndexInfo
    ) -> Answer:
        """The answer that was written, or, where there is a ``reason``, that there is none."""
        language, overview = way.query.language, way.overview
        citations = () if reason else written.verified.citations
        unnamed = _missing_names(way.retrieval, limit, citations)
        asked.clock.lap("verify")
        return Answer(
            id=_new_id(),
            question=asked.question,
            standalone_question=way.understood,
            language=language,
            kind="overview" if overview else "answer",
            answer=_said(reason, language) if reason else written.verified.text,
            answerable=reason is None,
            abstain_reason=reason,
            subject=overview.subject.text if overview else "",
            named_in=len(overview.documents) if overview else 0,
            confidence=way.judgement.confidence,
            citations=citations,
            passages=way.retrieval.hits[:limit],
            unsupported=() if reason else written.verified.unsupported,
            sources_differ=reason is None and written.draft.sources_differ,
            missing_names=unnamed,
            model=self.answerer.name,
            answered_by="" if reason else written.by,
            model_fault=written.fault,
            index=info,
            filters=asked.filters,
            period=way.query.period,
            timings_ms=asked.clock.laps(),
        )

    def _explain(self, asked: Asked, way: Way, reason: AbstainReason | None) -> Explanation:
        return explain_decision(
            way.retrieval,
            way.judgement.sentences,
            way.judgement.features,
            self.calibration,
            asked.operating_point,
            filters=asked.filters,
            abstain_reason=reason,
            overview=way.overview,
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
            return self._wayfinder.ordered(retrieval, assessment).hits[:limit]

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

    @property
    def _wayfinder(self) -> Wayfinder:
        return Wayfinder(
            self.embeddings, self.unrelated_texts, self.retriever, self.reader, self.calibration, self.tuning
        )

    def _limit(self, top_k: int | None) -> int:
        if top_k is not None and top_k < 1:
            raise UsageError(f"{top_k} passages cannot be shown.", "Ask for one or more.")
        return self.settings.top_k if top_k is None else top_k


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
    question = retrieval.query.question
    names = (" ".join(_as_asked(name.text, question).split()) for name in missing_names(retrieval.query, hits))
    return (*names, *missing_numbers(retrieval.query, hits))


def _as_asked(name: str, question: str) -> str:
    """A name as the question writes it, which may be in capitals, and was read in small letters."""
    lowered = question.lower()
    at = lowered.find(name.lower())
    return question[at : at + len(name)] if at >= 0 and len(lowered) == len(question) else name
