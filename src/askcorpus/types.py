"""The nouns of the project: the only vocabulary between modules, and the objects that cross every door.

All offsets are 0-based Unicode code points into ``Document.text``, end exclusive. All are frozen: a changed
object is a new one (``model_copy(update=…)``).
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Record(BaseModel):
    """Base of all nouns: immutable, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(NamedTuple):
    """A stretch of a text: ``text[start:end]``."""

    start: int
    end: int


Locator = dict[str, str]
"""Where in a source something is, by the names that people know: ``{"page": "12"}``, ``{"sheet": "2023", "row": "7"}``,
``{"chapter": "The harbour"}``, ``{"slide": "3"}``, ``{"time": "00:12:30"}``, ``{"message": "4"}``. Empty: not told."""


class Mark(Record):
    """From ``start``, an offset in a document's text, on to the next mark the text is at ``locator``."""

    start: int
    locator: Locator


class Document(Record):
    """One article or report, as it was read. ``id`` is the record's own or comes from its content.

    ``date`` is ISO 8601 and may be partial (``2022``, ``2022-09``, ``2022-09-29``) or empty when unknown;
    ``language`` is an ISO 639-1 code or empty; ``source`` is who published it, ``author`` who wrote it and ``url``
    where it can be read; ``extra`` is what else its file says of it, by the names used there; ``origin`` is the file
    (and record) it was read from and is what a later ingest recognises it by; ``marks`` are where its pages, rows or
    chapters begin, in their order.
    """

    id: str
    title: str
    text: str
    date: str = ""
    language: str = ""
    source: str = ""
    place: str = ""
    author: str = ""
    url: str = ""
    extra: dict[str, str] = Field(default_factory=dict)
    origin: str = ""
    marks: tuple[Mark, ...] = ()


def locator_at(marks: Sequence[Mark], offset: int) -> Locator:
    """Where in the source an offset of the text is; empty where nothing tells."""
    return next((mark.locator for mark in reversed(marks) if mark.start <= offset), {})


class Summary(Record):
    """A document without its text. ``characters`` is the length of the text that offsets count in; the other fields are
    those of a `Document`."""

    id: str
    title: str
    source: str
    date: str
    language: str
    place: str
    author: str
    url: str
    origin: str
    characters: int


class Page(Record):
    """A stretch of the list of documents; ``total`` counts all that match, ``undated`` those that a filter of dates
    leaves out only because they have none."""

    documents: tuple[Summary, ...]
    total: int
    undated: int = 0
    offset: int
    limit: int


class Passage(Record):
    """A run of whole sentences of one document: ``document.text[start:end] == text``."""

    id: str
    document_id: str
    text: str
    start: int
    end: int


class Scores(Record):
    """How a passage came to be a hit; ``None`` where that step did not see it.

    ``dense`` is a cosine similarity (−1 to 1), ``lexical`` a BM25 score (0 and up), ``fused`` the evidence of both;
    ``rerank`` is that with the reader's word, which the first hits are ordered by, or a cross-encoder's score.
    """

    dense: float | None = None
    lexical: float | None = None
    fused: float = 0.0
    rerank: float | None = None


class Match(Record):
    """What one reading of a question finds in a passage.

    ``similarity`` is the cosine similarity of the passage averaged with its nearest sentence's, ``standing`` the same
    in standard deviations above the background, ``lexical_share`` the share of the question's words, by their weight,
    that its BM25 score is worth, ``evidence`` the two as one.
    """

    similarity: float
    standing: float
    lexical_share: float
    evidence: float


class Copy(Record):
    """Another document that tells the same story in nearly the same words, or with some of it cut."""

    document_id: str
    title: str = ""
    source: str = ""
    date: str = ""
    place: str = ""
    url: str = ""


class Hit(Record):
    """A passage found for a question, with what people need to judge it. ``duplicates`` are ids of near-identical
    passages (the same agency story elsewhere) that this one stands for; ``copies`` are all other documents that tell
    its document's story; ``marks`` are its document's, the last before it and those within."""

    passage_id: str
    document_id: str
    title: str = ""
    source: str = ""
    date: str = ""
    language: str = ""
    author: str = ""
    url: str = ""
    extra: dict[str, str] = Field(default_factory=dict)
    text: str
    start: int
    end: int
    marks: tuple[Mark, ...] = ()
    scores: Scores = Scores()
    duplicates: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()


class Turn(Record):
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


class Filters(Record):
    """What a document must be to count. Empty, or null, means: any. Dates are ISO, may be partial, and are inclusive:
    ``date_to="2022-09"`` includes 30 September. A document without a date fails a date filter. Languages may be codes,
    tags (``en-US``) or names, of sources case and accents do not count: an Answer has them as the catalog does."""

    date_from: str = ""
    date_to: str = ""
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    document_ids: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _null_is_left_out(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        # In strict mode a list is no tuple, but where it comes from JSON, which it has left here.
        kept = {name: value for name, value in fields.items() if value is not None}
        return {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}

    def __bool__(self) -> bool:
        return self != Filters()


class Citation(Record):
    """The proof of a marker: ``document.text[start:end] == quote``.

    ``answer[answer_start:answer_end]`` is the marker itself (``[1]``). ``highlights`` are document offsets of the
    words inside the quote that answer; ``locator`` is where in the source the quote begins;
    ``copies`` are the other documents that tell the same story.
    """

    marker: int
    answer_start: int
    answer_end: int
    document_id: str
    passage_id: str
    title: str = ""
    source: str = ""
    date: str = ""
    language: str = ""
    author: str = ""
    url: str = ""
    extra: dict[str, str] = Field(default_factory=dict)
    quote: str
    start: int
    end: int
    highlights: tuple[Span, ...] = ()
    locator: Locator = Field(default_factory=dict)
    copies: tuple[Copy, ...] = ()
    verified: bool


class IndexInfo(Record):
    """What was asked: the index's settings (as a fingerprint) and size."""

    fingerprint: str
    documents: int
    passages: int


AbstainReason = Literal["empty_question", "no_match", "weak_evidence", "unsupported_answer", "unreadable_script"]

AnswerKind = Literal["answer", "overview", "greeting", "thanks", "contents"]


class ExplainedReading(Record):
    """One reading of the question, and what unrelated passages score for it.

    ``weight`` is what it counts beside the other; ``background`` and ``deviation`` are the mean and the standard
    deviation of unrelated passages' similarity, ``advantages`` how much nearer those of a language are for their
    language alone; no passage holds any of ``unknown_terms``.
    """

    text: str
    weight: float
    background: float
    deviation: float
    advantages: dict[str, float]
    unknown_terms: tuple[str, ...]


class ExplainedPassage(Record):
    """Where a passage's scores come from: ``scores.fused`` is the mean evidence of the ``matches`` (one for each
    reading, by the readings' weights) plus ``preference``, what being of the time asked is worth."""

    passage_id: str
    document_id: str
    title: str
    scores: Scores
    matches: tuple[Match, ...]
    preference: float


class ExplainedSentence(Record):
    """A sentence that was weighed: ``document.text[start:end] == text``.

    ``document.text[answer_start:answer_end]`` are its words that answer best, ``answer_score`` their log-odds above no
    answer in the passage, ``relevance`` those of the passage answering at all; ``similarity`` is the sentence's cosine
    similarity to the question, ``standing`` how far it stands above the other sentences that were read, in standard
    deviations; ``score`` is what sentences are ordered by.
    """

    text: str
    passage_id: str
    start: int
    end: int
    answer_start: int
    answer_end: int
    answer_score: float
    relevance: float
    similarity: float
    standing: float
    score: float


class ExplainedFeature(Record):
    """One measurement of the evidence, the value at which it says nothing, and how far it pulls the log-odds of
    the answer being right up or down."""

    value: float
    neutral: float
    pull: float


class Explanation(Record):
    """How an answer came about, step by step. ``verdict`` is the decision and what tipped it, in a line.

    ``confidence`` is the logistic function of ``start`` plus the pulls of the ``features`` (strongest first); below
    ``operating_point`` no answer is given.
    """

    verdict: str
    standalone_question: str
    filters: Filters
    period: str
    readings: tuple[ExplainedReading, ...]
    passages: tuple[ExplainedPassage, ...]
    sentences: tuple[ExplainedSentence, ...]
    start: float
    features: dict[str, ExplainedFeature]
    confidence: float
    operating_point: float


class ModelFault(Record):
    """Why a language model's words are not the answer: it ``failed`` (it is down, slow, or breaks off), or what it
    wrote is ``unsupported`` by the passages. ``detail`` says so for people, and what to do."""

    kind: Literal["failed", "unsupported"]
    detail: str


class Answer(Record):
    """The one object on every surface. When the corpus does not say, ``answerable`` is false, ``citations`` is
    empty, ``answer`` says so in the question's language and ``passages`` still holds the nearest passages;
    ``abstain_reason`` is ``unreadable_script`` where the question, or what was found, is in a script that the model
    cannot read. The ``kind`` ``overview`` quotes what the documents say about a ``subject``, which ``named_in`` of them
    name, or at a time, of which they are dated; it answers no question of fact. ``greeting``, ``thanks`` and
    ``contents`` say that nothing was asked of the documents: the reply to a greeting or to thanks, or what the
    collection holds. Then no passage was looked for, and
    ``answerable`` is false without a reason.

    ``confidence`` estimates the probability that the answer is right, of an overview that it is of its subject;
    ``unsupported`` lists sentences of the answer that no cited passage supports; ``sources_differ`` says that the
    quotes contradict each other (each is then shown with its document's date); ``missing_names`` are names, and larger
    numbers, in the question that no cited passage has, or none of ``passages`` where nothing is cited (across
    languages, where most names cannot be told, countries, or all if none is there); ``filters`` are those applied;
    ``period`` is the time that the question names (a partial ISO date), whose documents were preferred; ``explain`` is
    filled on request. ``model`` is who is set to write answers; ``answered_by`` who wrote this one: a language model by
    its name, ``extractive`` where the documents are quoted, and nobody where nothing is answered. Where quotes stand in
    for a language model, ``model_fault`` says what went wrong with it.
    """

    id: str
    question: str
    standalone_question: str
    language: str = ""
    kind: AnswerKind = "answer"
    answer: str
    answerable: bool
    abstain_reason: AbstainReason | None = None
    subject: str = ""
    named_in: int = Field(default=0, ge=0)
    confidence: float = Field(ge=0.0, le=1.0)
    citations: tuple[Citation, ...] = ()
    passages: tuple[Hit, ...] = ()
    unsupported: tuple[str, ...] = ()
    sources_differ: bool = False
    missing_names: tuple[str, ...] = ()
    conversation_id: str | None = None
    model: str
    answered_by: str = ""
    model_fault: ModelFault | None = None
    index: IndexInfo
    filters: Filters = Filters()
    period: str = ""
    timings_ms: dict[str, float] = Field(default_factory=dict)
    explain: Explanation | None = None


Verdict = Literal["exact", "altered", "curtailed", "misattributed", "not_found"]


class Claim(Record):
    """What a text quotes, or tells with its source, held against the corpus.

    ``text`` is the claim, at ``text_start`` to ``text_end`` of the text that was checked; ``attributed_to`` whom it
    names. ``document.text[start:end] == original`` is the stretch of the corpus that the verdict is about; without one
    (``not_found``, or a document's title) there are no offsets. ``difference`` is, of an altered claim, what differs
    (``[-words of the document-]{+words that the claim has instead+}``; of a translation, the original), of a curtailed
    one the words that were cut off, of a misattributed one whose it is.
    """

    text: str
    text_start: int
    text_end: int
    kind: Literal["quote", "block_quote", "statement"]
    verdict: Verdict
    attributed_to: str = ""
    document_id: str | None = None
    start: int | None = None
    end: int | None = None
    title: str = ""
    source: str = ""
    date: str = ""
    language: str = ""
    original: str = ""
    difference: str = ""


class Verification(Record):
    """All claims of a text, in its order. ``sound`` says that each is exact; so it does where there is none."""

    claims: tuple[Claim, ...]
    sound: bool
    index: IndexInfo


class Retrieved(Record):
    """Event of a streamed answer: the hits, before any word of the answer."""

    kind: Literal["passages"] = "passages"
    passages: tuple[Hit, ...]


class Token(Record):
    """Event of a streamed answer: the next piece of its text, not yet verified."""

    kind: Literal["token"] = "token"
    text: str


class Done(Record):
    """Last event of a streamed answer: the whole, verified; it replaces the pieces."""

    kind: Literal["done"] = "done"
    answer: Answer


Event = Retrieved | Token | Done


class Draft(Record):
    """What an answerer proposes before verification: a text with ``[n]`` markers, and what each marker quotes.

    ``quotes`` maps a marker to the passage it cites and the offsets, in the document, of the quote. ``language`` is the
    text's; ``sources_differ`` says that it sets sources which contradict each other side by side.
    """

    text: str
    quotes: "tuple[Quote, ...]" = ()
    language: str = ""
    sources_differ: bool = False


class Quote(Record):
    """A proposed citation: document offsets inside one hit, and the words in it that answer."""

    marker: int
    passage_id: str
    start: int
    end: int
    highlights: tuple[Span, ...] = ()


History = Sequence[Turn]
