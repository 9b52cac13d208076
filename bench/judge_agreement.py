"""How far a faithfulness judge agrees with people, on MEMERAG (Cruz Blandón et al. 2025) or a set of its layout.

    python bench/judge_agreement.py FOLDER --model PROVIDER:MODEL [--base-url URL] [--limit N] [--json]

``FOLDER`` holds ``corpus.jsonl`` and ``questions.jsonl``, whose rows have ``doc_ids`` (the passages an LLM was shown)
and ``system_answer`` (its sentences, each with ``factuality``: Supported, Not Supported or undecided, as people said).
Each answer is judged as in an evaluation. Per language and in all: how many sentences people and judge both decided on,
agreement, balanced accuracy (0.5 is chance), Cohen's kappa, and the share of unsupported sentences that were found.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

from askcorpus.errors import AskcorpusError
from askcorpus.settings import read_settings
from askcorpus.types import Hit
from askcorpus_eval.judge import Judge, load_judge

LABELS = {"Supported": True, "Not Supported": False}


class Pair(NamedTuple):
    """One sentence: what people said of it and what the judge said (None: nothing readable)."""

    language: str
    people: bool
    judge: bool | None


def read_rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def hits(question: dict[str, Any], corpus: dict[str, dict[str, Any]]) -> list[Hit]:
    found = [corpus[name] for name in question["doc_ids"] if name in corpus]
    return [
        Hit(
            passage_id=row["doc_id"],
            document_id=row["doc_id"],
            title=row["title"],
            text=row["text"],
            start=0,
            end=len(row["text"]),
        )
        for row in found
    ]


def pairs(judge: Judge, questions: Iterable[dict[str, Any]], corpus: dict[str, dict[str, Any]]) -> Iterator[Pair]:
    """The judge sees every sentence of an answer; those that people could not decide on are then left out."""
    for done, question in enumerate(questions, start=1):
        said = question["system_answer"]
        sentences = [sentence["sentence"].strip() for sentence in said]
        verdicts = judge.verdicts(question["question"], sentences, hits(question, corpus)) or repeat(None, len(said))
        for sentence, verdict in zip(said, verdicts, strict=True):
            if sentence["factuality"] in LABELS:
                yield Pair(question["lang"], LABELS[sentence["factuality"]], verdict)
        print(f"\r{done} answers judged", end="", file=sys.stderr)
    print(file=sys.stderr)


def agreement(judged: Sequence[Pair]) -> dict[str, float | int | None]:
    known = [(pair.people, bool(pair.judge)) for pair in judged if pair.judge is not None]
    n = len(known)
    if not n:
        return {"sentences": len(judged), "judged": 0}
    right = sum(people == judge for people, judge in known) / n
    recalls = [_share([judge == label for people, judge in known if people == label]) for label in (True, False)]
    yes_people, yes_judge = sum(people for people, _ in known) / n, sum(judge for _, judge in known) / n
    chance = yes_people * yes_judge + (1 - yes_people) * (1 - yes_judge)
    return {
        "sentences": len(judged),
        "judged": n,
        "agreement": right,
        "balanced_accuracy": None if None in recalls else sum(r for r in recalls if r is not None) / 2,
        "kappa": (right - chance) / (1 - chance) if chance < 1 else None,
        "unsupported_found": recalls[1],
    }


def _share(values: list[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--base-url")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        judge = load_judge(read_settings(), options.model, options.base_url)
        corpus = {row["doc_id"]: row for row in read_rows(options.folder / "corpus.jsonl")}
        judged = list(pairs(judge, read_rows(options.folder / "questions.jsonl")[: options.limit], corpus))
    except AskcorpusError as exc:
        print(exc, file=sys.stderr)
        sys.exit(exc.exit_code)
    languages = sorted({pair.language for pair in judged})
    figures = {name: agreement([pair for pair in judged if pair.language == name]) for name in languages}
    figures["all"] = agreement(judged)
    if options.json:
        print(json.dumps(figures))
        return
    for name, row in figures.items():
        print(
            name,
            *(f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items()),
        )


if __name__ == "__main__":
    main()
