"""The alignment alone: how often the right document is found by one vector a document, without words, passages or
reader.

    python -m training.retrieval ADAPTERS.safetensors … --sets SETS [--only NAME …] [--questions 300]

``SETS`` are as for ``training.evaluate``. Each document is its first 900 characters; hit@5 and MRR@10 are shown, first
of the encoder without adapters. None of these sets may be among the training data.
"""

import argparse
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from askcorpus.embedding.bundled_model import PROMPTS
from askcorpus_eval.report import table
from training.command import telling_errors
from training.folder import encoder_folder
from training.model import Aligner, restore, shape_of
from training.sources import Line, json_lines
from training.weights import read_weights

DOCUMENT_CHARS = 900
LENGTH = 256
DOCUMENTS = 700
HIT, RANKED = 5, 10

_TOGETHER = 512


def aligner(adapters: Path | None, device: str) -> Aligner:
    """The encoder, with adapters where a file of them is given.

    Raises:
        ModelError: the file holds no adapters of this encoder.
    """
    weights = read_weights(adapters) if adapters else {}
    model = Aligner(encoder_folder(), *(shape_of(weights) if weights else (1, 12)))
    restore(model, weights)
    return model.eval().to(device)


@torch.inference_mode()
def embed(model: Aligner, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> Tensor:
    """The vectors of texts, prompts included in these, of unit length (texts, 384)."""
    device = next(model.parameters()).device
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    found = torch.empty(len(texts), model.body.config.hidden_size, device=device)
    for at in range(0, len(order), _TOGETHER):
        some = order[at : at + _TOGETHER]
        given = tokenizer(
            [texts[i] for i in some], truncation=True, max_length=LENGTH, padding="longest", return_tensors="pt"
        )
        with torch.autocast(device.type, dtype=torch.bfloat16):
            found[some] = model(given["input_ids"].to(device), given["attention_mask"].to(device))
    return found


def figures(
    model: Aligner, tokenizer: PreTrainedTokenizerBase, documents: Sequence[Line], questions: Sequence[Line]
) -> tuple[float, float]:
    """hit@5 and MRR@10 of questions over documents."""
    texts = [PROMPTS["passage"] + document["text"][:DOCUMENT_CHARS] for document in documents]
    vectors = embed(model, tokenizer, texts)
    asked = embed(model, tokenizer, [PROMPTS["query"] + question["question"] for question in questions])
    best = (asked @ vectors.T).topk(min(RANKED, len(documents)), dim=1).indices.tolist()
    ranks = []
    for question, found in zip(questions, best, strict=True):
        right = [rank for rank, at in enumerate(found, 1) if documents[at]["doc_id"] in question["doc_ids"]]
        ranks.append(right[0] if right else np.inf)
    return float(np.mean(np.array(ranks) <= HIT)), float(np.mean(1 / np.array(ranks)))


def some_of(documents: Sequence[Line], questions: Sequence[Line]) -> list[Line]:
    """The documents that the questions want, and others up to `DOCUMENTS`."""
    wanted = {one for question in questions for one in question["doc_ids"]}
    first = sorted(documents, key=lambda document: document["doc_id"] not in wanted)
    return first[: max(DOCUMENTS, len(wanted))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("adapters", type=Path, nargs="+", metavar="ADAPTERS.safetensors")
    parser.add_argument("--sets", type=Path, required=True)
    parser.add_argument("--only", nargs="*", metavar="NAME")
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    names = sorted(path.parent.name for path in options.sets.glob("*/questions.jsonl"))
    names = [name for name in names if not options.only or name in options.only]
    rows = []
    with telling_errors():
        tokenizer = AutoTokenizer.from_pretrained(encoder_folder())
        data = []
        for name in names:
            asked = [line for line in json_lines(options.sets / name / "questions.jsonl") if line.get("doc_ids")]
            random.Random(1).shuffle(asked)
            asked = asked[: options.questions]
            data.append((some_of(list(json_lines(options.sets / name / "corpus.jsonl")), asked), asked))
        for path in (None, *options.adapters):
            model = aligner(path, options.device)
            found = [figures(model, tokenizer, *of_set) for of_set in data]
            found.append((float(np.mean([hit for hit, _ in found])), float(np.mean([mrr for _, mrr in found]))))
            rows.append([path.name if path else "encoder", *(f"{hit:.3f} / {mrr:.3f}" for hit, mrr in found)])
            print(json.dumps(rows[-1]), file=sys.stderr)
    print(table(("adapters", *names, "mean"), iter(rows)))


if __name__ == "__main__":
    main()
