"""A run in the formats that other tools read."""

import json
from collections.abc import Iterator, Sequence

from askcorpus_eval.metrics.answers import plain
from askcorpus_eval.score import Case

TAG = "askcorpus"


def trec_run(cases: Sequence[Case]) -> str:
    """The documents found, in TREC's run format: query, Q0, document, rank, score (falling), tag."""
    return _lines(
        f"{_word(case.question.id)} Q0 {_word(document)} {rank} {1 / rank:.6f} {TAG}"
        for case in cases
        for rank, document in enumerate(case.ranking, start=1)
    )


def trec_qrels(cases: Sequence[Case]) -> str:
    """The gold documents, in TREC's qrels format: query, 0, document, grade."""
    return _lines(
        f"{_word(case.question.id)} 0 {_word(document)} {grade}"
        for case in cases
        for document, grade in case.gold.grades.items()
    )


def ragas(cases: Sequence[Case]) -> str:
    """The samples of a RAGAS ``EvaluationDataset``, one a line; ``reference`` only where there is a gold answer."""
    return _lines(json.dumps(_sample(case), ensure_ascii=False) for case in cases)


def _sample(case: Case) -> dict[str, object]:
    sample: dict[str, object] = {
        "user_input": case.question.question,
        "retrieved_contexts": [hit.text for hit in case.answer.passages],
        "response": plain(case.answer.answer),
    }
    return sample | ({"reference": case.question.answers[0]} if case.question.answers else {})


def _word(name: str) -> str:
    """TREC's columns are separated by blanks, so a name may hold none."""
    return "_".join(name.split())


def _lines(lines: Iterator[str]) -> str:
    return "".join(line + "\n" for line in lines)
