"""Self-contained questions, asked alone and after two turns on other subjects: the history must not do harm.

    python bench/followups.py [FOLDER] [--questions 52] [--work DIR]

``FOLDER`` holds documents and ``questions.jsonl``; the sample corpus by default. Before each question two others are
asked and answered, whose gold documents are not its own. *lost*: answered alone and not after them; *gained*: the other
way round, where the corpus does not say; *changed*: answered both times, by other quotes. Ends with 1 where more is
lost, gained or changed than may be. ``tests/test_followups.py`` asks a few of the same.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path

from askcorpus.assistant import Assistant, open_assistant
from askcorpus.settings import read_settings
from askcorpus.types import Answer, Turn
from askcorpus_eval.questions import Question, read_questions
from askcorpus_ingest.pipeline import ingest

MAY_CHANGE = 2


def standing_alone(questions: Sequence[Question], most: int) -> list[Question]:
    """The first questions without a history."""
    return [question for question in questions if not question.history][:most]


def others(question: Question, questions: Sequence[Question]) -> list[Question]:
    """Two questions whose gold documents are not those of ``question``: far from it in the file."""
    place = list(questions).index(question)
    far = [*questions[place + len(questions) // 3 :], *questions[:place]]
    return [one for one in far if one.doc_ids and not {*one.doc_ids} & {*question.doc_ids}][:2]


def outcome(question: Question, alone: Answer, after: Answer) -> str:
    """``same``, ``lost``, ``gained``, ``changed``, or ``found``: answered, as it should be, only after the others."""
    if alone.answerable != after.answerable:
        return "lost" if alone.answerable else "found" if question.answerable else "gained"
    same = [one.quote for one in alone.citations] == [one.quote for one in after.citations]
    return "same" if same else "changed"


def outcomes(assistant: Assistant, questions: Sequence[Question], most: int) -> Iterator[tuple[Question, str]]:
    """What came of each question; the others are answered as they are, once each."""
    alone = cache(assistant.ask)
    for question in standing_alone(questions, most):
        history: list[Turn] = []
        for one in others(question, questions):
            said = alone(one.question).answer
            history += [Turn(role="user", text=one.question), Turn(role="assistant", text=said)]
        after = assistant.ask(question.question, history=history)
        yield question, outcome(question, alone(question.question), after)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parents[1] / "corpus")
    parser.add_argument("--questions", type=int, default=52)
    parser.add_argument("--work", type=Path)
    options = parser.parse_args()
    settings = read_settings(data=options.work or Path(tempfile.mkdtemp()))
    questions = read_questions(options.folder / "questions.jsonl").questions
    counts: dict[str, int] = {}
    with closing(open_assistant(settings)) as assistant:
        ingest([options.folder], assistant.store, assistant.embeddings, settings)
        for question, found in outcomes(assistant, questions, options.questions):
            counts[found] = counts.get(found, 0) + 1
            if found != "same":
                print(found, question.id, question.question, flush=True)
    print(counts)
    sys.exit(bool(counts.get("lost") or counts.get("gained") or counts.get("changed", 0) > MAY_CHANGE))


if __name__ == "__main__":
    main()
