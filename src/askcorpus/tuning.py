"""The numbers that decide ranking, abstaining, contradiction and attribution, each with where it comes from.

Most were chosen by measuring, some only set. Below each stands what it does and, in brackets, the section of
docs/quality.md that has its figures; the section Ablation has what answers lose when it is changed.
``bench/ablation.py`` varies them: whatever reads one takes a ``Tuning``.

Not here: what is fitted by a program and stands where that writes it (``answer/calibration.json``: the confidence, the
weights of sentences, the operating point), what indexes on disk are made with (``words.STEM``, the length of passages,
the samples of ``embedding.baseline``), the rules by which names and dates are read, the statistics of
``answer.risk``, and limits on size and time.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    """The tuned numbers. What ships is ``TUNING``; to try another, ``dataclasses.replace(TUNING, read=4)``."""

    candidates: int = 100
    """Passages that each half of the search brings for each reading of the question. (Ablation)"""

    lexical_weight: float = 4.0
    """Standard deviations of dense similarity that a full lexical match is worth.
    (Choices that came out of such runs)"""

    lexical_floor: float = 0.15
    """Lexical share from which it says something. (Choices that came out of such runs)"""

    sentence_share: float = 0.5
    """What the nearest sentence counts beside the whole passage: a passage may touch on more than is asked.
    (Choices that came out of such runs)"""

    period_preference: float = 2.0
    """Standard deviations of evidence that being of the asked time is worth to a passage. (Ablation)"""

    context_needed: tuple[float, float] = (7.0, 4.0)
    """The less a follow-up finds by itself, the more its context counts: the evidence of its best passage from which it
    stands alone, and that from which it says next to nothing without the turns before. (Follow-ups)"""

    context_importance: tuple[float, float] = (0.1, 0.6)
    """What the context counts at these two, as a share of 1. (Follow-ups)"""

    remembered_turns: int = 3
    """Questions before a follow-up that are its context. (Ablation)"""

    remembered_chars: int = 300
    """Characters of each of them. (Ablation)"""

    remembered_answer_chars: int = 150
    """Characters of the last answer, which may name what "it" is. (Ablation)"""

    same_document: float = 1.5
    """Log-odds that it is worth to a reading of a follow-up which names nothing to be answered from a document that the
    last answer quoted. (Follow-ups)"""

    same_story: float = 0.8
    """Share of four-word runs (Jaccard) from which two passages tell the same story in the same words. (Ablation)"""

    language_quantile: float = 0.25
    """Where languages are compared. What a corpus says on a subject in one language must not count as that language's
    advantage, so not their means: below the lower quartile, passages are about something else. (Languages)"""

    language_prior: float = 20.0
    """Passages of a language from which half of its measured advantage is believed. (Ablation)"""

    corpus_prior: float = 50.0
    """Passages of the corpus that the unrelated texts count as much as. (Ablation)"""

    aligned: float = 0.5
    """How far the reader's encoder is brought together across languages before its own adapters. (Reader)"""

    read: int = 6
    """Passages that are read, best first. (Ablation)"""

    answer_weight: float = 0.15
    """Standard deviations of a passage's evidence that a unit of the reader's log-odds is worth. (Reader)"""

    period_score: float = 2.5
    """What a sentence's score gains whose document is of the time that the question names. (Ablation)"""

    row: float = 4.0
    """Score by which a row of a table stays behind the one that holds most of what in the question tells them apart, if
    it holds nothing of that. (Tables)"""

    row_word: float = 0.3
    """Share of the weight that the rarest of a question's words in a table has, which a word needs to tell its rows
    apart: *the* does not. (Tables)"""

    row_ahead: float = 2.6
    """Score by which a row stands before all others of its table from which on it answers, though nothing in the
    question tells it from them: what only its meaning tells, the reader does. So does the line above them. (Tables)"""

    most_sentences: int = 3
    """Sentences that an extractive answer has at most. (Ablation)"""

    alone: float = 2.0
    """What the scores count that the words of a sentence have where it is read by itself, beside those that they have
    in their passage, when the words that answer are marked. (Answers)"""

    close: float = 1.0
    """Score by which a further sentence may stay behind the best one. (Ablation)"""

    repeats: float = 0.6
    """Share of a sentence's words that are already quoted from which it adds nothing. (Ablation)"""

    reach: float = 0.9
    """Standard deviations of similarity to the question by which the other answer may stay behind the best
    sentence... (Ablation)"""

    same_words: float = 0.8
    """... unless, in the same language, it holds this share of the question's words in that sentence, by weight.
    (Ablation)"""

    name_likely: float = 1.0
    """Log-odds that a further name answers, and that its passage does, at least... (Several answers)"""

    name_score_behind: float = 2.0
    """... by how much its score (see ``ScoredSentence``) may stay behind the best sentence's. (Several answers)"""

    most_names: int = 8
    """Sentences of an answer that lists names. (Several answers)"""

    most_overview: int = 5
    """Sentences of an overview, each of another document... (Overviews)"""

    least_overview: int = 3
    """... and those up to which one document may give several. (Overviews)"""

    behind: float = 3.0
    """Log-odds by which the other sentence may answer less surely than the best one. (Ablation)"""

    sure: float = 3.0
    """Log-odds from which a sentence in another language answers the same question, whatever its words. (Ablation)"""

    alike: float = 2.5
    """How far two sentences' similarity must stand above that of unrelated ones, in standard deviations, to speak of
    the same. (Ablation)"""

    opposed: float = 3.5
    """The same for a claim and its negation, which share most of their words. (Ablation)"""

    most_claims: int = 3
    """Sentences of other documents that are held against the best one. (Ablation)"""

    min_coverage: float = 0.5
    """A quote that holds this share of a claim's content words supports it. (Attribution)"""

    min_support: float = 0.88
    """So does one whose similarity reaches this. (Attribution)"""

    second_sentence_gain: float = 0.2
    """A second sentence is quoted when it holds at least this much more of the claim's words. (Attribution)"""

    small_number: int = 12
    """Up to here numbers are as often written in letters, so their absence says nothing, neither of a claim's nor of a
    question's. (Attribution)"""


TUNING = Tuning()
"""What ships."""
