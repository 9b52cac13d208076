"""The reader alone, given the right document: F1 of its span, and whether it notices that a document has no answer.

    python -m training.evaluate WEIGHTS.safetensors SETS [--only NAME …] [--questions 200]

``SETS`` holds a folder a set, each with ``corpus.jsonl`` and ``questions.jsonl``, as for ``bench/``. A question is
asked of its first document, cut into windows of 900 characters: the best span over all windows is the answer. One that
the corpus does not answer is asked of its first ``near_doc_ids``. AUROC is shown for the best span over "no answer
here", for the highest relevance, and for span / 6 + relevance. None of these sets may be among the training data.
"""

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from askcorpus_eval.metrics.abstention import auroc
from askcorpus_eval.metrics.answers import f1
from askcorpus_eval.report import table
from training.command import telling_errors
from training.folder import encoder_folder
from training.model import Reader, restore, shape_of
from training.reader import QUESTION_CHARS
from training.sources import json_lines
from training.weights import read_weights
from training.windows import windows

WINDOW_CHARS = 900
MOST_WINDOWS = 8
LENGTH = 384
LONGEST = 30
"""Tokens of a span."""

SPAN_PER_RELEVANCE = 6
COLUMNS = ("set", "answerable", "F1", "not", "AUROC span", "AUROC relevance", "AUROC both")


class Reading(NamedTuple):
    """What a reader says of a passage: its best span, by how much that beats "no answer here", and the relevance."""

    over_null: float
    relevance: float
    text: str


class Asked(NamedTuple):
    """A question, put to its document: what was read, and the F1 of it where there are gold answers."""

    answerable: bool
    over_null: float
    relevance: float
    f1: float | None


@torch.inference_mode()
def read(model: Reader, tokenizer: PreTrainedTokenizerBase, question: str, passages: Sequence[str]) -> list[Reading]:
    """What the reader says of each passage."""
    device = next(model.parameters()).device
    given = tokenizer(
        [question[:QUESTION_CHARS]] * len(passages),
        list(passages),
        truncation="only_second",
        max_length=LENGTH,
        padding=True,
        return_offsets_mapping=True,
        return_tensors="pt",
    )
    with torch.autocast(device.type, dtype=torch.bfloat16):
        span, relevance = model(given["input_ids"].to(device), given["attention_mask"].to(device))
    span, relevance = span.cpu(), relevance.cpu()
    found = []
    for row, passage in enumerate(passages):
        inside = [at for at, part in enumerate(given.sequence_ids(row)) if part == 1]
        if not inside:
            found.append(Reading(-np.inf, float(relevance[row]), ""))
            continue
        starts, ends = span[row, inside].T
        scores = (starts[:, None] + ends).masked_fill(~_fitting(len(inside)), -torch.inf)
        first, last = divmod(int(scores.argmax()), len(inside))
        offsets = given["offset_mapping"][row]
        text = passage[offsets[inside[first], 0] : offsets[inside[last], 1]].strip()  # tokens begin with their space
        found.append(Reading(float(scores.max() - span[row, 0].sum()), float(relevance[row]), text))
    return found


def _fitting(tokens: int) -> torch.Tensor:
    """Which pairs of first and last token are a span of at most `LONGEST` tokens."""
    length = torch.arange(tokens)[None, :] - torch.arange(tokens)[:, None]
    return (length >= 0) & (length < LONGEST)


def ask_all(
    model: Reader, tokenizer: PreTrainedTokenizerBase, questions: Sequence[dict[str, Any]], texts: dict[str, str]
) -> Iterator[Asked]:
    """Each question that has a document, put to it."""
    for question in questions:
        ids = [one for one in question.get("doc_ids") or question.get("near_doc_ids") or () if one in texts]
        golds = question.get("answers") or []
        if not ids or (question["answerable"] and not golds):
            continue
        text = texts[ids[0]]
        passages = [text[start:end] for start, end in windows(text, WINDOW_CHARS)[:MOST_WINDOWS]]
        readings = read(model, tokenizer, question["question"], passages)
        best = max(readings)
        relevance = max(reading.relevance for reading in readings)
        language = question.get("doc_lang") or ""
        yield Asked(
            question["answerable"],
            best.over_null,
            relevance,
            f1(best.text, golds, language) if question["answerable"] else None,
        )


def row(name: str, asked: Sequence[Asked]) -> list[str]:
    """The figures of a set, in the order of `COLUMNS`."""
    answerable = np.array([one.answerable for one in asked], bool)
    span = np.array([one.over_null for one in asked], np.float64)
    relevance = np.array([one.relevance for one in asked], np.float64)
    scores = [one.f1 for one in asked if one.f1 is not None]
    both = span / SPAN_PER_RELEVANCE + relevance
    figures = [auroc(values, answerable) for values in (span, relevance, both)]
    counts = [len(scores), float(np.mean(scores)) if scores else np.nan, len(asked) - len(scores)]
    return [name, *(_shown(value) for value in (*counts, *figures))]


def _shown(value: float) -> str:
    return "–" if np.isnan(value) else str(value) if isinstance(value, int) else f"{value:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, metavar="WEIGHTS.safetensors")
    parser.add_argument("sets", type=Path)
    parser.add_argument("--only", nargs="*", metavar="NAME")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = []
    with telling_errors():
        folder = encoder_folder()
        weights = read_weights(options.weights)
        model = Reader(folder, *shape_of(weights)).eval()
        restore(model, weights)
        model.to(options.device)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        names = sorted(path.parent.name for path in options.sets.glob("*/questions.jsonl"))
        for name in (name for name in names if not options.only or name in options.only):
            print(f"{name} …", file=sys.stderr)
            texts = {line["doc_id"]: line["text"] for line in json_lines(options.sets / name / "corpus.jsonl")}
            questions = list(json_lines(options.sets / name / "questions.jsonl"))
            random.Random(1).shuffle(questions)
            rows.append(row(name, list(ask_all(model, tokenizer, questions[: options.questions], texts))))
    print(table(COLUMNS, iter(rows)))


if __name__ == "__main__":
    main()
