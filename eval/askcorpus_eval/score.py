"""Scoring one answer against its gold: a score for each metric that there is gold for."""

from collections.abc import Sequence

from pydantic import BaseModel

from askcorpus.types import Answer, Citation, Document
from askcorpus_eval.gold import Documents, Gold
from askcorpus_eval.metrics import answers, citations, retrieval
from askcorpus_eval.metrics.normalise import answer_tokens
from askcorpus_eval.questions import Question

HIT_DEPTHS = (1, 3, 5, 10)
RECALL_DEPTHS = (1, 3, 5, 10, 20)
SHORT_ANSWER_TOKENS = 10
RIGHT_F1 = 0.5


class Case(BaseModel, frozen=True):
    """A question, its answer, and how the answer did.

    ``ranking`` lists the documents found, best first, in the names of ``gold.grades``; ``scores`` has only the metrics
    the question has gold for; ``correct`` is ``None`` where that cannot be told. ``untold`` names what another system's
    answer does not tell, and what therefore has no figures: ``answered`` or not, ``confidence``, ``documents`` found,
    ``quotes``, ``marks`` in them. ``findable`` is whether a short gold answer
    stands in a gold document, so that a quote can hold it; ``None`` where there is nothing to look for, or to look in.
    """

    question: Question
    answer: Answer
    gold: Gold
    ranking: tuple[str, ...]
    scores: dict[str, float]
    correct: bool | None
    untold: frozenset[str] = frozenset()
    findable: bool | None = None

    @property
    def answerable(self) -> bool | None:
        """Whether the corpus answers it."""
        return self.question.answerable

    @property
    def answered(self) -> bool | None:
        """Whether it was answered."""
        return None if "answered" in self.untold else self.answer.answerable

    @property
    def confidence(self) -> float | None:
        """How sure the answer is."""
        return None if "confidence" in self.untold else self.answer.confidence

    @property
    def milliseconds(self) -> float | None:
        """How long the whole question took, as the evaluation saw it; ``None`` where an answer that another system gave
        does not tell."""
        return self.answer.timings_ms.get("wall", self.answer.timings_ms.get("total"))


def score(
    question: Question, answer: Answer, gold: Gold, store: Documents, untold: frozenset[str] = frozenset()
) -> Case:
    """The case of this question: every metric that it has gold for, and that the answer tells enough for."""
    ranking = gold.ranked(rank_documents(answer, store))
    scores = _answer_scores(question, answer) | _citation_scores(question, answer, gold, store)
    if question.has_answer and gold.grades:
        scores |= _retrieval_scores(ranking, gold.grades)
    scores = {name: value for name, value in scores.items() if not untold & _needs(name)}
    return Case(
        question=question,
        answer=answer,
        gold=gold,
        ranking=ranking,
        scores=scores,
        correct=is_correct(question, answer, scores, untold),
        untold=untold,
        findable=_is_findable(question, gold, store),
    )


def rank_documents(answer: Answer, store: Documents) -> tuple[str, ...]:
    """The documents found, each at the rank of its first passage.

    A hit also stands for its near-duplicates: their documents follow its own.
    """
    duplicates = store.hits([name for hit in answer.passages for name in hit.duplicates])
    ranking: dict[str, None] = {}
    for hit in answer.passages:
        ranking[hit.document_id] = None
        ranking |= {duplicates[name].document_id: None for name in hit.duplicates if name in duplicates}
    return tuple(ranking)


def is_correct(
    question: Question, answer: Answer, scores: dict[str, float], untold: frozenset[str] = frozenset()
) -> bool | None:
    """Whether the assistant did right, for calibration and risk; ``None`` where the gold does not tell.

    Unanswerable: right is to abstain. Answerable: right is to answer, with a gold answer in a cited quote or an F1 of
    at least 0.5; where there is no short gold answer, citing a gold document is right too. Of an answer that cannot
    quote, its own words are looked in for the gold answer.
    """
    if question.answerable is None or "answered" in untold:
        return None
    if not question.answerable or not answer.answerable:
        return question.answerable == answer.answerable
    checks = [scores["answer_in_citation"] == 1] if "answer_in_citation" in scores else []
    if "f1" in scores:
        checks.append(scores["f1"] >= RIGHT_F1)
    if "quotes" in untold and (short := short_answers(question)):
        words = [answers.plain(answer.answer)]
        checks.append(answers.answer_in_citation(words, short, _answer_language(question)) == 1)
    if "answer_in_citation" not in scores and "cited_gold" in scores:
        checks.append(scores["cited_gold"] == 1)
    return any(checks) if checks else None


def short_answers(question: Question) -> list[str]:
    """The gold answers that a quote can be expected to hold word for word."""
    language = _answer_language(question)
    return [gold for gold in question.answers if len(answer_tokens(gold, language)) <= SHORT_ANSWER_TOKENS]


def _needs(score_name: str) -> frozenset[str]:
    """What an answer must tell for this score."""
    if score_name in ("exact_match", "f1", "nugget_recall"):
        return frozenset({"answered"})
    if score_name == "marked_f1":
        return frozenset({"answered", "marks"})
    if score_name == "answer_in_citation" or score_name.startswith(("citation_", "cited_")):
        return frozenset({"answered", "quotes"})
    return frozenset({"documents"})


def _is_findable(question: Question, gold: Gold, store: Documents) -> bool | None:
    short = short_answers(question)
    documents = [document for name in gold.grades if (document := store.document(name))]
    if not question.has_answer or not short or not documents or gold.members:
        return None
    texts = (document.text for document in documents)
    return answers.answer_in_citation(texts, short, _answer_language(question)) == 1


def _answer_language(question: Question) -> str:
    return question.doc_lang or question.lang


def _retrieval_scores(ranking: Sequence[str], grades: dict[str, int]) -> dict[str, float]:
    return {
        **{f"hit@{k}": retrieval.hit(ranking, grades, k) for k in HIT_DEPTHS},
        **{f"recall@{k}": retrieval.recall(ranking, grades, k) for k in RECALL_DEPTHS},
        "mrr@10": retrieval.reciprocal_rank(ranking, grades, 10),
        "ndcg@10": retrieval.ndcg(ranking, grades, 10),
        "map": retrieval.average_precision(ranking, grades),
    }


def _answer_scores(question: Question, answer: Answer) -> dict[str, float]:
    """Zero where an answerable question was not answered: silence is not the answer."""
    if not question.has_answer:
        return {}
    language = _answer_language(question)
    given = answers.plain(answer.answer) if answer.answerable else ""
    quotes = [citation.quote for citation in answer.citations]
    scores = {}
    if question.nuggets:
        scores["nugget_recall"] = answers.nugget_recall([given, *quotes], question.nuggets, language)
    if not question.answers:
        return scores
    scores |= {
        "exact_match": answers.exact_match(given, question.answers, language) if answer.answerable else 0.0,
        "f1": answers.f1(given, question.answers, language),
    }
    if short := short_answers(question):
        scores["answer_in_citation"] = answers.answer_in_citation(quotes, short, language)
        scores["marked_f1"] = answers.f1(_marked(answer), short, language)
    return scores


def _marked(answer: Answer) -> str:
    """The words that are marked in the first quote."""
    for citation in answer.citations[:1]:
        marks = (slice(mark.start - citation.start, mark.end - citation.start) for mark in citation.highlights)
        return " ".join(citation.quote[mark] for mark in marks)
    return ""


def _citation_scores(question: Question, answer: Answer, gold: Gold, store: Documents) -> dict[str, float]:
    cited = citations.cited_places(answer)
    scores = {}
    if cited:
        scores["citation_verified"] = citations.verified_share(answer.citations, _cited_documents(answer, store))
    if not question.has_answer:
        return scores
    if gold.evidence:
        scores["citation_recall"] = citations.citation_recall(cited, gold.evidence)
    if gold.evidence and cited:
        scores["citation_precision"] = citations.citation_precision(cited, gold.evidence)
    if gold.grades and answer.answerable:
        scores["cited_gold"] = float(any(gold.holds(place.document_id) for place in cited))
    if question.pages and answer.answerable:
        scores["cited_page"] = float(any(_on_page(citation, question, gold) for citation in answer.citations))
    return scores


def _on_page(citation: Citation, question: Question, gold: Gold) -> bool:
    """Whether a citation begins on a gold page (or slide), of a gold document where one is named."""
    at = citation.locator.get("page", citation.locator.get("slide"))
    wanted = [_page_number(page) for page in question.pages]
    return at in wanted and (not gold.grades or gold.holds(citation.document_id))


def _page_number(page: str) -> str:
    """``12`` of ``p. 12``."""
    return page.lstrip("".join(letter for letter in page if not letter.isdecimal())) or page


def _cited_documents(answer: Answer, store: Documents) -> dict[str, Document]:
    names = {citation.document_id for citation in answer.citations}
    return {name: document for name in names if (document := store.document(name))}
