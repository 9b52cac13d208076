"""The nouns of the project: the only vocabulary between modules, and the objects that cross every door.

All offsets are 0-based Unicode code points into ``Document.text``, end exclusive. All are frozen: a changed
object is a new one (``model_copy(update=…)``).
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Record(BaseModel):
    """Base of all nouns: immutable, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(NamedTuple):
    """A stretch of a text: ``text[start:end]``."""

    start: int
    end: int


# What many of the nouns have, told once: the descriptions are those of the API's fields, too.
DocumentId = Annotated[str, Field(description="The id of the document.")]
PassageId = Annotated[str, Field(description="The id of the passage.")]
Title = Annotated[str, Field(description="The document's title.")]
Publisher = Annotated[str, Field(description="Who published the document.")]
PartialDate = Annotated[
    str, Field(description="Of the document: ISO 8601, may be partial (`2022`, `2022-09`), empty when unknown.")
]
LanguageCode = Annotated[str, Field(description="Of the document: an ISO 639-1 code, empty when unknown.")]
Place = Annotated[str, Field(description="Where the document was written.")]
Author = Annotated[str, Field(description="Who wrote the document.")]
Address = Annotated[str, Field(description="The URL where the document can be read.")]
Extra = Annotated[
    dict[str, str], Field(description="What else the document's file says of it, by the names used there.")
]
Locator = Annotated[
    dict[str, str],
    Field(
        description='Where in its source that is, by the names that people know: `{"page": "12"}`, '
        '`{"sheet": "2023", "row": "7"}`, `{"chapter": "The harbour"}`, `{"slide": "3"}`, `{"time": "00:12:30"}`, '
        '`{"message": "4"}`. Empty: not told.'
    ),
]


class Mark(Record):
    """Where a page, a row or a chapter of the source begins in a document's text."""

    start: int = Field(description="Offset in the document's text from which on, up to the next mark, it is there.")
    locator: Locator


class Document(Record):
    """One article or report, as it was read."""

    id: str = Field(description="The record's own, or made from its content.")
    title: Title
    text: str = Field(description="All of it; all offsets count in it.")
    date: PartialDate = ""
    language: LanguageCode = ""
    source: Publisher = ""
    place: Place = ""
    author: Author = ""
    url: Address = ""
    extra: Extra = Field(default_factory=dict)
    origin: str = Field(
        "", description="The file (and record) it was read from, which a later ingest recognises it by."
    )
    marks: tuple[Mark, ...] = Field((), description="Where its pages, rows or chapters begin, in their order.")


def locator_at(marks: Sequence[Mark], offset: int) -> Locator:
    """Where in the source an offset of the text is; empty where nothing tells."""
    return next((mark.locator for mark in reversed(marks) if mark.start <= offset), {})


class Summary(Record):
    """A document without its text."""

    id: str = Field(description="As in the Document.")
    title: Title
    source: Publisher
    date: PartialDate
    language: LanguageCode
    place: Place
    author: Author
    url: Address
    origin: str = Field(description="The file (and record) it was read from.")
    characters: int = Field(description="Length of its text, in which offsets count.")


class Page(Record):
    """A stretch of the list of documents."""

    documents: tuple[Summary, ...] = Field(description="Those of this stretch, newest first.")
    total: int = Field(description="How many match, in all.")
    undated: int = Field(0, description="How many a filter of dates leaves out only because they have no date.")
    offset: int = Field(description="How many come before this stretch.")
    limit: int = Field(description="How many a stretch has at most.")


class Story(Record):
    """Documents that tell the same story, in nearly the same words or with some of it cut."""

    number: int = Field(description="Which story it is, from 1: the one that most documents tell.")
    documents: tuple[Summary, ...] = Field(description="Those of this stretch, the oldest first.")


class Stories(Record):
    """A stretch of the documents that tell what others tell too."""

    stories: tuple[Story, ...] = Field(
        description="Those of this stretch; of the first and the last, others may come before or after it."
    )
    total: int = Field(description="How many documents tell what others tell too, in all.")
    offset: int = Field(description="How many of them come before this stretch.")
    limit: int = Field(description="How many documents a stretch has at most.")


class Passage(Record):
    """A run of whole sentences of one document: ``document.text[start:end] == text``."""

    id: str
    document_id: str
    text: str
    start: int
    end: int


class Scores(Record):
    """How a passage came to be a hit; null where that step did not see it."""

    dense: float | None = Field(None, description="Cosine similarity, −1 to 1.")
    lexical: float | None = Field(None, description="BM25 score, 0 and up.")
    fused: float = Field(0.0, description="The evidence of both.")
    rerank: float | None = Field(
        None,
        description="The fused score with the reader's word, which the first hits are ordered by, or a "
        "cross-encoder's score.",
    )


class Match(Record):
    """What one reading of a question finds in a passage."""

    similarity: float = Field(
        description="Cosine similarity of the passage, averaged with that of its nearest sentence."
    )
    standing: float = Field(description="The same in standard deviations above the background.")
    lexical_share: float = Field(
        description="Share of the question's words, by their weight, that its BM25 score is worth."
    )
    evidence: float = Field(description="The two as one.")


class Copy(Record):
    """Another document that tells the same story in nearly the same words, or with some of it cut."""

    document_id: DocumentId
    title: Title = ""
    source: Publisher = ""
    date: PartialDate = ""
    place: Place = ""
    url: Address = ""


class Hit(Record):
    """A passage found for a question, with what people need to judge it."""

    passage_id: PassageId
    document_id: DocumentId
    title: Title = ""
    source: Publisher = ""
    date: PartialDate = ""
    language: LanguageCode = ""
    author: Author = ""
    url: Address = ""
    extra: Extra = Field(default_factory=dict)
    text: str = Field(description="The passage: `document.text[start:end]`.")
    start: int = Field(description="Where it begins in the document's text.")
    end: int = Field(description="Where it ends there, exclusive.")
    marks: tuple[Mark, ...] = Field(
        (), description="Its document's marks: the last before the passage, and those within."
    )
    scores: Scores = Field(Scores(), description="How it came to be a hit.")
    duplicates: tuple[str, ...] = Field(
        (), description="Ids of near-identical passages (the same agency story elsewhere) that this one stands for."
    )
    copies: tuple[Copy, ...] = Field((), description="All other documents that tell its document's story.")


class Turn(Record):
    """One message of a conversation."""

    role: Literal["user", "assistant"] = Field(description="Who said it.")
    text: str = Field(description="What was said.")


class Filters(Record):
    """What a document must be to count. Empty, or null, means: any. A document without a date fails a date filter."""

    date_from: str = Field("", description="First day, ISO 8601, may be partial, inclusive.")
    date_to: str = Field(
        "", description="Last day, ISO 8601, may be partial, inclusive: `2022-09` includes 30 September."
    )
    languages: tuple[str, ...] = Field((), description="Any of these: codes, tags (`en-US`) or names.")
    sources: tuple[str, ...] = Field((), description="Any of these; case and accents do not count.")
    document_ids: tuple[str, ...] = Field((), description="Any of these.")

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
    """The proof of a marker: what it quotes, and where that stands."""

    marker: int = Field(description="The number in the text: 1 for `[1]`.")
    answer_start: int = Field(description="Where the marker begins in `answer`.")
    answer_end: int = Field(description="Where it ends there, exclusive.")
    document_id: DocumentId
    passage_id: PassageId
    title: Title = ""
    source: Publisher = ""
    date: PartialDate = ""
    language: LanguageCode = ""
    author: Author = ""
    url: Address = ""
    extra: Extra = Field(default_factory=dict)
    quote: str = Field(description="The words, verbatim: `document.text[start:end]`.")
    start: int = Field(description="Where the quote begins in the document's text.")
    end: int = Field(description="Where it ends there, exclusive.")
    highlights: tuple[Span, ...] = Field(
        (), description="Offsets, in the document's text, of the quote's words that answer."
    )
    locator: Locator = Field(default_factory=dict)
    copies: tuple[Copy, ...] = Field((), description="The other documents that tell the same story.")
    verified: bool = Field(description="The quote was found at its offsets.")


class IndexInfo(Record):
    """The documents that are asked: how they were made into an index, and its size."""

    fingerprint: str = Field(description="What the index is made with; another one is another index.")
    documents: int = Field(description="How many there are.")
    passages: int = Field(description="How many they were cut into.")


AbstainReason = Literal["empty_question", "no_match", "weak_evidence", "unsupported_answer", "unreadable_script"]

AnswerKind = Literal["answer", "overview", "greeting", "thanks", "goodbye", "contents"]


class ExplainedReading(Record):
    """One reading of the question, and what unrelated passages score for it."""

    text: str = Field(description="How the question was read.")
    weight: float = Field(description="What this reading counts beside the other.")
    background: float = Field(description="Mean similarity of unrelated passages.")
    deviation: float = Field(description="Standard deviation of the same.")
    advantages: dict[str, float] = Field(
        description="How much nearer unrelated passages of a language are, for their language alone."
    )
    unknown_terms: tuple[str, ...] = Field(description="Words that no passage holds.")


class ExplainedPassage(Record):
    """Where a passage's scores come from."""

    passage_id: PassageId
    document_id: DocumentId
    title: Title
    scores: Scores = Field(description="What they are explained by.")
    matches: tuple[Match, ...] = Field(
        description="One for each reading; `scores.fused` is their mean evidence, by the readings' weights, plus "
        "`preference`."
    )
    preference: float = Field(description="What being of the time asked is worth.")


class ExplainedSentence(Record):
    """A sentence that was weighed."""

    text: str = Field(description="The sentence: `document.text[start:end]`.")
    passage_id: PassageId
    start: int = Field(description="Where it begins in the document's text.")
    end: int = Field(description="Where it ends there, exclusive.")
    answer_start: int = Field(description="Where its words that answer best begin in the document's text.")
    answer_end: int = Field(description="Where they end there, exclusive.")
    answer_score: float = Field(description="Log-odds of its likeliest words above no answer, as its passage was read.")
    relevance: float = Field(description="Log-odds of the passage answering at all.")
    similarity: float = Field(description="Cosine similarity to the question.")
    standing: float = Field(
        description="How far that stands above the other sentences that were read, in standard deviations."
    )
    score: float = Field(description="What sentences are ordered by.")


class ExplainedFeature(Record):
    """One measurement of the evidence."""

    value: float = Field(description="What was measured.")
    neutral: float = Field(description="The value at which it says nothing.")
    pull: float = Field(description="How far it pulls the log-odds of the answer being right, up or down.")


class Explanation(Record):
    """How an answer came about, step by step."""

    verdict: str = Field(description="The decision and what tipped it, in a line.")
    standalone_question: str = Field(description="The question as it was understood.")
    filters: Filters = Field(description="Those applied.")
    period: str = Field(description="The time that the question names (a partial ISO date).")
    readings: tuple[ExplainedReading, ...] = Field(description="How the question was read.")
    passages: tuple[ExplainedPassage, ...] = Field(description="Those found, best first.")
    sentences: tuple[ExplainedSentence, ...] = Field(description="Those weighed, best first.")
    start: float = Field(description="The log-odds before anything was measured.")
    features: dict[str, ExplainedFeature] = Field(description="What was measured, the strongest pull first.")
    confidence: float = Field(description="The logistic function of `start` plus the pulls.")
    operating_point: float = Field(description="Below this no answer is given.")


class ModelFault(Record):
    """Why a language model's words are not the answer."""

    kind: Literal["failed", "unsupported"] = Field(
        description="It `failed` (it is down, slow, or breaks off), or what it wrote is `unsupported` by the passages."
    )
    detail: str = Field(description="What is wrong, for people, and what to do.")


class Answer(Record):
    """The one object on every surface: what was asked, what the documents say, and what proves it.

    When they do not say, ``answerable`` is false, ``citations`` is empty, ``answer`` says so in the question's language
    and ``passages`` still holds the nearest passages.
    """

    id: str = Field(description="Names this answer, for feedback.")
    question: str = Field(description="As it was asked.")
    standalone_question: str = Field(description="As it was understood, after what was said before.")
    language: str = Field("", description="Of the answer: ISO 639-1 code.")
    kind: AnswerKind = Field(
        "answer",
        description="An `overview` quotes what the documents say about a subject, and answers no question of fact. "
        "The last four say that nothing was asked of the documents: the reply to a greeting, to thanks or to a "
        "goodbye, or what the collection holds.",
    )
    answer: str = Field(
        description="The text, with markers such as `[1]`; where the documents do not say, that, in the question's "
        "language."
    )
    answerable: bool = Field(
        description="The documents answer. False for what is no question, too, but then without a reason."
    )
    abstain_reason: AbstainReason | None = Field(
        None,
        description="Why there is no answer. `unreadable_script`: the question, or what was found, is in a script "
        "that the model cannot read, which says nothing of the documents.",
    )
    subject: str = Field("", description="What an overview is of, as it was asked, or the time that it is of.")
    named_in: int = Field(default=0, ge=0, description="How many documents are found to name it, or are dated so.")
    confidence: float = Field(
        ge=0.0,
        le=1.0,
        description="Estimated probability that the answer is right, of an overview that it is of its subject.",
    )
    citations: tuple[Citation, ...] = Field(
        (), description="One for each marker, in the order of the text; none where there is no answer."
    )
    passages: tuple[Hit, ...] = Field((), description="The passages found, best first, also where there is no answer.")
    unsupported: tuple[str, ...] = Field((), description="Sentences of the answer that no cited passage supports.")
    sources_differ: bool = Field(
        False, description="The quotes contradict each other; each is shown with its document's date."
    )
    missing_names: tuple[str, ...] = Field(
        (),
        description="Names, and larger numbers, in the question that no cited passage has, or none of `passages` "
        "where nothing is cited: read such an answer with care.",
    )
    conversation_id: str | None = Field(
        None, description="As it was sent, or of the conversation that this is kept in."
    )
    model: str = Field(description="Who is set to write answers.")
    answered_by: str = Field(
        "",
        description="Who wrote this one: a language model by its name, `extractive` where the documents are quoted, "
        "nobody where nothing is answered.",
    )
    model_fault: ModelFault | None = Field(
        None, description="Where quotes stand in for a language model: what went wrong with it."
    )
    index: IndexInfo = Field(description="What was asked.")
    filters: Filters = Field(Filters(), description="Those applied, spelt as the catalog spells them.")
    period: str = Field(
        "",
        description="The time that the question names (a partial ISO date), whose documents were preferred; an "
        "overview of a time is made of these alone.",
    )
    timings_ms: dict[str, float] = Field(default_factory=dict, description="How long each step took, in milliseconds.")
    explain: Explanation | None = Field(None, description="How it came about, where that was asked for.")


Verdict = Literal["exact", "altered", "curtailed", "misattributed", "not_found"]


class Claim(Record):
    """What a text quotes, or tells with its source, held against the corpus."""

    text: str = Field(description="The claim, as the text that was checked has it.")
    text_start: int = Field(description="Where it begins in that text.")
    text_end: int = Field(description="Where it ends there, exclusive.")
    kind: Literal["quote", "block_quote", "statement"] = Field(
        description="Marked as a quotation, set apart as one, or told with its source."
    )
    verdict: Verdict = Field(description="What the documents say of it.")
    attributed_to: str = Field("", description="Whom the text names for it.")
    document_id: str | None = Field(
        None, description="The document that the verdict is about; null where there is none, as are its offsets."
    )
    start: int | None = Field(None, description="Where `original` begins in the document's text.")
    end: int | None = Field(None, description="Where it ends there, exclusive.")
    title: Title = ""
    source: Publisher = ""
    date: PartialDate = ""
    language: LanguageCode = ""
    original: str = Field(
        "", description="The stretch of the document that the verdict is about: `document.text[start:end]`."
    )
    difference: str = Field(
        "",
        description="Of an altered claim what differs (`[-words of the document-]{+words of the claim+}`; of a "
        "translation the original), of a curtailed one the words that were cut off, of a misattributed "
        "one whose it is, of an exact one what its words in square brackets stand for.",
    )


class Verification(Record):
    """All claims of a text, in its order. ``sound`` says that each is exact; so it does where there is none."""

    claims: tuple[Claim, ...] = Field(description="In the order of the text.")
    sound: bool = Field(description="Each claim is exact; so it is where there is none.")
    index: IndexInfo = Field(description="What they were held against.")


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
