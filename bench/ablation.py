"""Ablation of the tuning numbers: the same questions with each number as it is, off, halved and doubled.

    PYTHONPATH=tests python bench/ablation.py SETS --work DIR [--questions 60] [--only NAME …] [--numbers NAME …]
                                              [--unread]

``SETS`` holds a folder a set; indexes, and what the reader read, are kept in ``DIR`` (``bench/calibrate.py`` makes the
same ones). Per value of a number (see ``askcorpus.tuning``): the change in hit@5, MRR@10, the AUROC of abstaining and
the F1 of answers against what ships, as the mean of the sets, in points (hundredths), with † where the 95 % paired
bootstrap interval of that mean leaves out zero; the sets on which some figure is worse or better beyond chance in the
same sense; how many answers are announced as contradicted (these corpora have one truth, so wrongly); and of the pairs
of sentences of ``tests/test_contradiction.py``, how many contradictions are found, and how many others taken for one.

With ``--unread`` nothing is read or answered: hit@5 and MRR@10 are of the order before the reader, in a tenth of the
time. Nothing is refitted for a value. ``bench/attribution.py`` tries the numbers by which a language model's answers
are attributed. The alignment of the reader's encoder is not tried, since each value would need everything to be read
again.
"""

import argparse
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from question_sets import RememberingReader, sample, set_folders

from askcorpus.answer.extractive import extract
from askcorpus.answer.judgement import assess, judge, rerank
from askcorpus.answer.reader import Reader
from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings, load_embeddings
from askcorpus.index.opening import open_index
from askcorpus.search.candidates import Retrieval
from askcorpus.search.query import read_query
from askcorpus.search.retriever import Retriever
from askcorpus.settings import read_settings
from askcorpus.tuning import TUNING, Tuning
from askcorpus.types import Draft, Filters
from askcorpus_eval.gold import Matcher
from askcorpus_eval.metrics.answers import f1, plain
from askcorpus_eval.metrics.retrieval import hit, reciprocal_rank
from askcorpus_eval.questions import Question
from askcorpus_ingest.pipeline import ingest
from asking import open_over
from test_contradiction import AGREE, DISAGREE, corpus

Floats = NDArray[np.float64]
INFINITE = math.inf
RESAMPLES = 1000
FIGURES = ("hit@5", "mrr@10", "auroc", "f1")

VALUES: dict[str, tuple[Any, ...]] = {
    "candidates": (50, 200),
    "lexical_weight": (0.0, 2.0, 8.0),
    "lexical_floor": (0.0, 0.075, 0.3),
    "sentence_share": (0.0, 0.25, 1.0),
    "period_preference": (0.0, 1.0, 4.0),
    "context_needed": ((3.5, 2.0), (14.0, 8.0)),
    "context_importance": ((0.0, 0.0), (0.35, 0.35), (0.05, 0.3), (0.2, 1.0)),
    "remembered_turns": (1, 6),
    "remembered_chars": (150, 600),
    "remembered_answer_chars": (0, 75, 300),
    "same_document": (0.0, 0.75, 3.0),
    "same_story": (INFINITE, 0.4),
    "language_quantile": (0.125, 0.5),
    "language_prior": (INFINITE, 0.0, 10.0, 40.0),
    "corpus_prior": (0.0, 25.0, 100.0),
    "read": (4, 12),
    "answer_weight": (0.0, 0.075, 0.3),
    "period_score": (0.0, 1.25, 5.0),
    "row": (0.0, 2.0, 8.0),
    "row_word": (0.0, 0.6),
    "row_ahead": (0.0, 1.3, INFINITE),
    "most_sentences": (1, 2, 6),
    "alone": (0.0, 1.0, 4.0),
    "close": (0.0, 0.5, 2.0),
    "repeats": (1.0, 0.3),
    "name_likely": (INFINITE, 0.0, 2.0),
    "name_score_behind": (INFINITE, 1.25, 5.0),
    "most_names": (1, 4, 16),
    "reach": (-INFINITE, INFINITE, 0.45, 1.8),
    "same_words": (INFINITE, 0.0, 0.4),
    "behind": (INFINITE, 1.5, 6.0),
    "sure": (INFINITE, 1.5, 6.0),
    "alike": (-INFINITE, 1.25, 5.0),
    "opposed": (INFINITE, 1.75, 7.0),
    "most_claims": (0, 1, 6),
}
"""Of each number, first the value with which it does nothing, where there is one."""

ANSWERING = frozenset(list(VALUES)[list(VALUES).index("answer_weight") :])
"""Those that only count when the passages have been found."""

SAMPLED = 120
"""Questions that are drawn from a set, of which the first are asked."""

DEPTH = 10
"""Passages that are found."""


class Outcome(NamedTuple):
    """What became of the questions of a set, each (questions,), NaN where a question has no gold for it; and the
    answers that were announced as contradicted."""

    hit: Floats
    mrr: Floats
    confidence: Floats
    f1: Floats
    differing: int


class Remembering:
    """Something that does each thing it is asked once: an index or a model, which no tuning changes."""

    def __init__(self, one: Any, *names: str) -> None:
        self._one, self._names = one, names
        self._known: dict[tuple[object, ...], object] = {}

    def __getattr__(self, name: str) -> Any:
        wanted = getattr(self._one, name)
        return self._remembered(name, wanted) if name in self._names else wanted

    def _remembered(self, name: str, ask: Callable[..., object]) -> Callable[..., object]:
        def remembered(first: Any, *rest: object) -> object:
            key = (name, first.tobytes() if isinstance(first, np.ndarray) else tuple(first), *rest)
            if key not in self._known:
                self._known[key] = ask(first, *rest)
            return self._known[key]

        return remembered


class Bench:
    """One set, opened: its questions are asked once for each tuning."""

    def __init__(
        self, name: str, assistant: Assistant, index: Any, reader: Reader | None, questions: Sequence[Question]
    ) -> None:
        self.name = name
        self.answerable = np.array([question.answerable for question in questions], bool)
        self._assistant, self._index, self._reader, self._questions = assistant, index, reader, questions
        self._embeddings: Any = Remembering(assistant.embeddings, "embed_query", "embed_sentences")
        matcher = Matcher(assistant.store)
        self._latest = index.latest()
        self._found: dict[str, Retrieval] = {}
        self._gold = [matcher.gold(question).grades if question.answerable else {} for question in questions]

    def outcome(self, tuning: Tuning) -> Outcome:
        """What becomes of the questions under a tuning."""
        asked = zip(self._questions, self._gold, strict=True)
        columns = np.array([self._ask(question, gold, tuning) for question, gold in asked], np.float64).T
        return Outcome(columns[0], columns[1], columns[2], columns[3], differing=int(columns[4].sum()))

    def _ask(self, question: Question, gold: dict[str, int], tuning: Tuning) -> tuple[float, ...]:
        ours, retrieval = self._assistant, self._retrieve(question, tuning)
        if self._reader is None:
            return (*self._found_in(retrieval, gold), math.nan, math.nan, False)
        assessment = assess(retrieval, self._reader, ours.calibration, tuning)
        retrieval = rerank(retrieval, assessment, tuning)
        unrelated = ours.unrelated_texts.among_themselves()
        judgement = judge(
            retrieval, assessment, self._reader, self._embeddings, unrelated, ours.operating_point, tuning
        )
        *_, draft = extract(retrieval.query, judgement.sentences, judgement.contradicting, judgement.rows, tuning)
        assert isinstance(draft, Draft)
        text = "" if judgement.abstain_reason else plain(draft.text)
        golds = question.answers if question.answerable else ()
        return (
            *self._found_in(retrieval, gold),
            judgement.confidence,
            f1(text, golds, question.doc_lang or question.lang) if golds else math.nan,
            bool(judgement.contradicting),
        )

    def _retrieve(self, question: Question, tuning: Tuning) -> Retrieval:
        """What is found for a question; remembered where the tuning finds what that which ships finds."""
        usual = replace(tuning, **{name: getattr(TUNING, name) for name in ANSWERING}) == TUNING
        if usual and question.id in self._found:
            return self._found[question.id]
        said = (question.question, question.history, self._embeddings, self._assistant.unrelated_texts)
        query = read_query(*said, latest=self._latest, tuning=tuning)
        found = Retriever(tuning=tuning).retrieve(self._index, query, Filters(), max(DEPTH, tuning.read))
        if usual:
            self._found[question.id] = found
        return found

    def _found_in(self, retrieval: Retrieval, gold: dict[str, int]) -> tuple[float, float]:
        """hit@5 and the reciprocal rank by document; near-copies come after what they copy. NaN without gold."""
        if not gold:
            return math.nan, math.nan
        ids = [id_ for one in retrieval.hits for id_ in (one.passage_id, *one.duplicates)]
        hits = self._index.hits(ids)
        ranking = list(dict.fromkeys(hits[id_].document_id for id_ in ids))
        return hit(ranking, gold, 5), reciprocal_rank(ranking, gold, 10)


class Pairs:
    """The pairs of sentences of the tests: those that contradict each other, and those that only look alike."""

    def __init__(self, folder: Path, embeddings: SentenceEmbeddings) -> None:
        self._reader = RememberingReader(folder, "pairs")
        self._asked = [
            (open_over(folder / name, embeddings, corpus(pairs)), [question for question, *_ in pairs])
            for name, pairs in (("disagree", DISAGREE), ("agree", AGREE))
        ]

    def announced(self, tuning: Tuning) -> str:
        """How many of the first are announced as contradicting each other, and how many of the others."""
        counts = []
        for opened, questions in self._asked:
            same = (opened.settings, opened.store, opened.embeddings)
            other = Assistant(*same, reader=self._reader, tuning=tuning)
            counts.append(f"{sum(other.ask(question).sources_differ for question in questions)}/{len(questions)}")
        return ", ".join(counts)


def auroc(confidence: NDArray[np.float64], answerable: NDArray[np.bool_], counts: NDArray[np.int64]) -> Floats:
    """The AUROC of telling what can be answered, in resamples: ``counts`` (resamples, questions) has how often each
    question is drawn. NaN where a resample has none of one kind."""
    right, wrong = confidence[answerable], confidence[~answerable]
    apart = right[:, None] - wrong
    wins = np.where(np.isnan(apart), np.nan, (np.sign(apart) + 1) / 2)
    drawn, others = counts[:, answerable], counts[:, ~answerable]
    with np.errstate(invalid="ignore"):
        found: Floats = np.sum((drawn @ wins) * others, axis=1) / (drawn.sum(axis=1) * others.sum(axis=1))
    return found


def mean(values: Floats, counts: NDArray[np.int64]) -> Floats:
    """The mean of what is not NaN, in the same resamples."""
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        found: Floats = (counts[:, there] @ values[there]) / counts[:, there].sum(axis=1)
    return found


def changes(bench: Bench, before: Outcome, after: Outcome) -> dict[str, Floats]:
    """By figure its change, first on the questions as they are and then on resamples of them."""
    n, chance = len(bench.answerable), np.random.default_rng(0)
    drawn = chance.multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    counts = np.concatenate([np.ones((1, n), np.int64), drawn])
    found = {
        "hit@5": mean(after.hit - before.hit, counts),
        "mrr@10": mean(after.mrr - before.mrr, counts),
        "auroc": auroc(after.confidence, bench.answerable, counts) - auroc(before.confidence, bench.answerable, counts),
        "f1": mean(after.f1 - before.f1, counts),
    }
    return {name: values for name, values in found.items() if not np.isnan(values[0])}


def beyond_chance(values: Floats) -> int:
    """1 or -1 where the interval of a change leaves out zero, above or below; else 0."""
    low, high = np.nanpercentile(values[1:], [2.5, 97.5])
    return int(low > 0) - int(high < 0)


def row(name: str, value: object, found: dict[str, dict[str, Floats]], differing: int, pairs: str) -> str:
    """A line of the table; ``found`` has the changes by set and figure."""
    cells = []
    for figure in FIGURES:
        by_set = [changed[figure] for changed in found.values() if figure in changed]
        if not by_set:
            cells.append("–")
            continue
        together = np.mean(by_set, axis=0)
        cells.append(f"{100 * together[0]:+.1f}{'†' if beyond_chance(together) else ''}")
    signs = {one: {beyond_chance(values) for values in changed.values()} for one, changed in found.items()}
    worse, better = ([one for one, seen in signs.items() if sign in seen] for sign in (-1, 1))
    shown = " × ".join(f"{part:g}" for part in (value if isinstance(value, tuple) else (value,)))
    return f"| `{name}` | {shown} | {' | '.join(cells)} | {named(worse)} | {named(better)} | {differing} | {pairs} |"


def named(sets: Sequence[str]) -> str:
    return ", ".join(sets) or "–"


def open_benches(
    sets: Path, work: Path, only: Sequence[str], most: int, stack: ExitStack, *, unread: bool = False
) -> Iterator[Bench]:
    """The sets, each over its index in ``work``, all with one model; of the questions that ``bench/calibrate.py`` asks,
    the first."""
    embeddings = load_embeddings(read_settings())
    for folder in set_folders(sets, only):
        settings = read_settings(data=work / folder.name)
        assistant = stack.enter_context(Assistant(settings, open_index(settings, embeddings), embeddings))
        reader = None if unread else stack.enter_context(RememberingReader(work, folder.name))
        ingest([folder / "corpus.jsonl"], assistant.store, assistant.embeddings, settings)
        asked = ("dense", "lexical", "stored", "hits", "document_frequency")
        index = Remembering(stack.enter_context(assistant.store.snapshot()), *asked)
        yield Bench(folder.name, assistant, index, reader, sample(folder, SAMPLED)[:most])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--only", nargs="*", metavar="NAME", default=())
    parser.add_argument("--numbers", nargs="*", metavar="NAME", choices=VALUES, default=list(VALUES))
    parser.add_argument("--unread", action="store_true")
    args = parser.parse_args()
    with ExitStack() as stack:
        wanted = (args.sets, args.work, args.only, args.questions)
        benches = list(open_benches(*wanted, stack, unread=args.unread))
        work = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pairs = None if args.unread else Pairs(work, load_embeddings(read_settings()))
        base = [bench.outcome(TUNING) for bench in benches]
        print("| number | as | hit@5 | MRR@10 | AUROC | F1 | worse | better | contradicted | pairs |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        announced = pairs.announced(TUNING) if pairs else "–"
        print(f"| what ships | | | | | | | | {sum(one.differing for one in base)} | {announced} |", flush=True)
        for name in args.numbers:
            for value in VALUES[name]:
                tuning = replace(TUNING, **{name: value})
                outcomes = [bench.outcome(tuning) for bench in benches]
                found = {
                    bench.name: changes(bench, before, after)
                    for bench, before, after in zip(benches, base, outcomes, strict=True)
                }
                differing = sum(outcome.differing for outcome in outcomes)
                announced = pairs.announced(tuning) if pairs else "–"
                print(row(name, value, found, differing, announced), flush=True)


if __name__ == "__main__":
    main()
