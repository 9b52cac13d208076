"""Answers of another system, read as ours so that the same figures can be computed: JSONL, Ragas or a TREC run."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from askcorpus.errors import UsageError
from askcorpus.types import Answer, Citation, Document, Hit, IndexInfo, Scores
from askcorpus_eval.columns import texts_of
from askcorpus_eval.export import TAG, read_word
from askcorpus_eval.gold import Documents, Matcher
from askcorpus_eval.metrics.citations import locate
from askcorpus_eval.question_rows import Row, json_lines
from askcorpus_eval.questions import Question

NAMES: Mapping[str, Sequence[str]] = {
    "id": ("id", "question_id", "query_id", "qid", "_id"),
    "question": ("question", "user_input", "query"),
    "response": ("response", "answer", "prediction", "output", "generated_answer", "system_answer"),
    "answered": ("answered", "answerable"),
    "confidence": ("confidence", "probability"),
    "documents": ("retrieved_doc_ids", "retrieved_documents", "doc_ids", "documents", "retrieved_context_ids"),
    "contexts": ("retrieved_contexts", "contexts", "passages"),
    "quotes": ("quotes", "citations", "quote"),
    "milliseconds": ("milliseconds", "latency_ms", "duration_ms"),
}
"""The field names in other systems' answers, the least ambiguous first."""

TREC_ENDINGS = (".trec", ".run")


class Given(NamedTuple):
    """What a system gave to one question: documents and contexts best first; an empty response is a silence."""

    response: str = ""
    confidence: float | None = None
    documents: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    milliseconds: float | None = None


class OtherAnswers(NamedTuple):
    """Another system's answers by question id, the questions with the gold that they can be held against, what a
    reader must know of them, a line each, and what each answer does not tell (``score.Case.untold``)."""

    answers: dict[str, Answer]
    questions: tuple[Question, ...]
    notes: tuple[str, ...]
    untold: Mapping[str, frozenset[str]] = MappingProxyType({})


def read_answers(path: Path, questions: Sequence[Question], store: Documents) -> OtherAnswers:
    """The answers in a file as ours; a question is known by its id, else by its text, and one that is not there was not
    answered.

    ``.trec`` and ``.run`` are runs of TREC (query, Q0, document, rank, score, tag). Else each line is an object, in the
    names of ``NAMES``; our own ``answers.jsonl`` is taken as it is.

    Raises:
        UsageError: the file cannot be read, answers none of the questions, or one of them twice.
    """
    try:
        if path.suffix.lower() in TREC_ENDINGS:
            given = _trec(path)
        else:
            rows = list(json_lines(path))
            if ours := [Answer.model_validate(row.fields) for row in rows if "standalone_question" in row.fields]:
                return _with_silences({a.conversation_id or "": a for a in ours}, questions, store, path)
            given = _by_question(rows, questions)
    # Pydantic's and Unicode's errors are ValueErrors; a whole number may be larger than any other.
    except (OSError, ValueError, TypeError, OverflowError) as exc:
        raise UsageError(f"{path}: cannot be read: {str(exc).splitlines()[0]}") from exc
    found = {question.id: given[question.id] for question in questions if question.id in given}
    convert = _Converter(store, path.stem)
    answers = {
        question.id: convert.answer(question, found[question.id]) for question in questions if question.id in found
    }
    whole = _with_silences(answers, questions, store, path)
    everything = frozenset.intersection(*map(_untold, found.values())) if found else frozenset()
    notes = [*_missing(everything), *_strays(given.keys() - found.keys()), *_unknown(convert.unknown)]
    unsure = {name: frozenset({"confidence"}) for name, one in found.items() if one.confidence is None}
    if unsure and "confidence" not in everything:
        notes.append(f"{len(unsure)} answers have no confidence: calibration, AUROC and risk are those of the others")
    untold = {question.id: everything | unsure.get(question.id, frozenset()) for question in questions}
    return whole._replace(notes=(*notes, *whole.notes), untold=untold)


def _untold(given: Given) -> frozenset[str]:
    """What is not known of an answer (``score.Case.untold``)."""
    silent = set() if given.response else {"answered"}
    unsure = set() if given.confidence is not None else {"confidence"}
    unfound = set() if given.documents or given.contexts else {"documents", "quotes"}
    uncited = set() if given.quotes else {"quotes"}
    return frozenset({"marks"} | silent | unsure | unfound | uncited)


def _missing(untold: Collection[str]) -> Iterator[str]:
    """What a file says nothing of: its figures would be zeros."""
    if "answered" in untold:
        yield "the file has no answers: only retrieval has figures"
    else:
        if "confidence" in untold:
            yield "the file has no confidence: calibration, AUROC and risk by coverage have no figures"
        if "quotes" in untold:
            yield "the file quotes no document: citations have no figures, correct is told by its own words"
    if "documents" in untold:
        yield "the file names no documents and no contexts: retrieval has no figures"


def _strays(names: Iterable[str]) -> Iterator[str]:
    if strays := sorted(names):
        yield f"{len(strays)} answers are to no question of the set and are left out (the first: {strays[0]})"


def _unknown(names: Collection[str]) -> Iterator[str]:
    if names:
        first = next(iter(names))
        yield f"{len(names)} documents found are not in the index: nobody's gold, at their ranks (the first: {first})"


def _with_silences(
    answers: Mapping[str, Answer], questions: Sequence[Question], store: Documents, path: Path
) -> OtherAnswers:
    there = {question.id: answers[question.id] for question in questions if question.id in answers}
    if not there:
        raise UsageError(f"{path}: answers none of the questions.", "Its ids, or texts, must be those of the set.")
    info = store.info()
    missing = [question for question in questions if question.id not in there]
    notes = (f"{len(missing)} questions are not in the file and count as not answered",) if missing else ()
    silences = {question.id: _Converter.bare(question, info, path.stem) for question in missing}
    return OtherAnswers({**there, **silences}, tuple(questions), notes)


def _by_question(rows: Iterable[Row], questions: Sequence[Question]) -> dict[str, Given]:
    """What is given, by question id; what is to none of the questions, by what it calls its question.

    Raises:
        ValueError: a question is answered twice.
    """
    ids = {question.id for question in questions}
    by_text = {" ".join(question.question.split()): question.id for question in questions}
    given: dict[str, Given] = {}
    for row in rows:
        name = "".join(texts_of(_value(row.fields, "id"))[:1])
        text = " ".join("".join(texts_of(_value(row.fields, "question"))[:1]).split())
        wanted = name if name in ids else by_text.get(text, name or text or f"line {row.line}")
        if wanted in given:
            raise ValueError(f"line {row.line}: {wanted!r} is answered twice")
        given[wanted] = _given(row.fields)
    return given


def _given(row: Mapping[str, Any]) -> Given:
    answered, confidence, milliseconds = (
        _value(row, "answered"),
        _number(row, "confidence"),
        _number(row, "milliseconds"),
    )
    if confidence is not None and not 0 <= confidence <= 1:
        raise ValueError(f"confidence {confidence:g} is not between 0 and 1")
    if milliseconds is not None and not 0 <= milliseconds < math.inf:
        raise ValueError(f"{milliseconds:g} milliseconds are no time")
    response = " ".join(texts_of(_value(row, "response"))[:1])
    return Given(
        response="" if str(answered).lower() in ("false", "no", "0") else response,
        confidence=confidence,
        documents=tuple(texts_of(_value(row, "documents"))),
        contexts=tuple(texts_of(_value(row, "contexts"))),
        quotes=tuple(texts_of(_value(row, "quotes"))),
        milliseconds=milliseconds,
    )


def _value(row: Mapping[str, Any], field: str) -> Any:
    return next((row[name] for name in NAMES[field] if row.get(name) is not None), None)


def _number(row: Mapping[str, Any], field: str) -> float | None:
    told = _value(row, field)
    return None if told is None else float(told)


def _trec(path: Path) -> dict[str, Given]:
    ranked: dict[str, list[tuple[float, str]]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        parts = line.split()
        if not parts:
            continue
        if len(parts) != 6:
            raise ValueError(f"line {number}: not query, Q0, document, rank, score and tag")
        query, document = (read_word(part) if parts[5] == TAG else part for part in (parts[0], parts[2]))
        ranked.setdefault(query, []).append((float(parts[4]), document))
    # By score, as trec_eval reads a run: of equal ones the name that comes last in the alphabet is first.
    return {
        query: Given(documents=tuple(name for _, name in sorted(found, reverse=True)))
        for query, found in ranked.items()
    }


class _Converter:
    """Another system's answers as ours: its documents and contexts as hits, its quotes as citations.

    ``unknown`` are the documents named so far that are not in the index, or whose name fits several; each is a hit that
    is nobody's gold, for what was found below it was not found at its place.
    """

    def __init__(self, store: Documents, model: str) -> None:
        self._store, self._model, self._info = store, model, store.info()
        self._matcher = Matcher(store)
        self.unknown: dict[str, None] = {}

    def answer(self, question: Question, given: Given) -> Answer:
        """One of them. A quote is cited where it stands word for word in one of the documents found."""
        documents = [self._found(name) for name in given.documents]
        contexts = (self._context(text, question, at) for at, text in enumerate(given.contexts, start=1))
        hits = [*documents, *contexts]
        looked_at = [
            document for name in dict.fromkeys(hit.document_id for hit in hits) if (document := self._get(name))
        ]
        citations = [cited for text in given.quotes for cited in _cite(text, looked_at)]
        answer = self.bare(question, self._info, self._model)
        return answer.model_copy(
            update={
                "answer": given.response or answer.answer,
                "answerable": bool(given.response),
                "confidence": given.confidence if given.confidence is not None else float(bool(given.response)),
                "passages": tuple(hits),
                "citations": tuple(citations) if given.response else (),
                "timings_ms": {} if given.milliseconds is None else {"wall": given.milliseconds},
            }
        )

    @staticmethod
    def bare(question: Question, info: IndexInfo, model: str) -> Answer:
        """An Answer that says nothing."""
        return Answer(
            id=f"ans_{question.id}",
            question=question.question,
            standalone_question=question.question,
            language=question.lang,
            answer="–",
            answerable=False,
            abstain_reason="no_match",
            confidence=0.0,
            conversation_id=question.id,
            model=model,
            index=info,
        )

    def _found(self, name: str) -> Hit:
        for document in self._named(name):
            return _hit(document)
        self.unknown[name] = None
        return _nobodys(f"not in the index: {name}")

    def _named(self, name: str) -> Iterator[Document]:
        for document_id in self._matcher.documents(name)[:1]:
            if document := self._get(document_id):
                yield document

    def _context(self, text: str, question: Question, at: int) -> Hit:
        """A context as a hit: in the gold document that it stands in, else in one that nobody knows."""
        gold = [document for name in question.doc_ids for document in self._named(name)]
        for place in locate(text, gold)[:1]:
            return _hit(next(one for one in gold if one.id == place.document_id), place.start, place.end)
        return _nobodys(f"context {at}", text)

    def _get(self, document_id: str) -> Document | None:
        return self._store.document(document_id)


def _nobodys(name: str, text: str = "") -> Hit:
    """A hit of a document that is not in the index."""
    return Hit(passage_id=name, document_id=name, text=text, start=0, end=len(text))


def _hit(document: Document, start: int = 0, end: int = 0) -> Hit:
    return Hit(
        passage_id=f"{document.id}:{start}",
        document_id=document.id,
        title=document.title,
        text=document.text[start:end],
        start=start,
        end=end,
        scores=Scores(),
    )


def _cite(quote: str, documents: Sequence[Document]) -> Iterator[Citation]:
    for place in locate(quote, documents)[:1]:
        document = next(one for one in documents if one.id == place.document_id)
        yield Citation(
            marker=1,
            answer_start=0,
            answer_end=0,
            document_id=document.id,
            passage_id=f"{document.id}:{place.start}",
            title=document.title,
            quote=document.text[place.start : place.end],
            start=place.start,
            end=place.end,
            verified=True,
        )
