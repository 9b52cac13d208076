"""The ways to run the bundled encoder: passages a second, milliseconds a question, and how alike their vectors are.

    python -m bench.encoder [CORPUS.jsonl] [--passages 96] [--rounds 5]

Each way embeds the same passages in turn, so that what else the machine does hits all alike. ``int8`` is what the
product does on processors with 8-bit instructions, ``float32`` elsewhere; the others are sentence-transformers with
torch, in 32 bits and in bfloat16. Similarities are to torch in 32 bits.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from askcorpus.embedding import encoder
from askcorpus.embedding.adapters import ALIGNMENT, load_adapters
from askcorpus.embedding.bundled_model import LONGEST, PROMPTS
from askcorpus.embedding.encoder import Encoder
from askcorpus.embedding.text_model import unit
from training.folder import encoder_folder

PASSAGE = 800  # characters, as the product splits
QUESTION = "Which states recognized Donetsk?"

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


def product(as_int8: bool) -> Embed:
    has_int8, encoder.has_int8 = encoder.has_int8, lambda: as_int8  # type: ignore[assignment]
    model = Encoder([load_adapters(ALIGNMENT)], LONGEST)
    model.warm_up()
    encoder.has_int8 = has_int8
    return lambda texts: np.array([unit(seen.states.mean(axis=0)) for seen in model.encode(texts)])


def with_torch(kind: torch.dtype) -> Embed:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(encoder_folder()), device="cpu")
    adapters, weights = load_adapters(ALIGNMENT), dict(model[0].named_parameters())
    for name in adapters.changed():
        weight = weights[f"model.{name}"].data
        weight.copy_(torch.from_numpy(adapters.adapted(name, weight.numpy())))

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        with torch.autocast("cpu", dtype=kind, enabled=kind != torch.float32):
            return model.encode(list(texts), batch_size=16, normalize_embeddings=True, show_progress_bar=False)

    return embed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?", metavar="CORPUS.jsonl")
    parser.add_argument("--passages", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.corpus:
        texts = [json.loads(line)["text"] for line in options.corpus.read_text("utf-8").splitlines()]
    else:
        texts = [path.read_text("utf-8") for path in sorted(Path("corpus/articles").glob("*.txt"))]
    texts = [PROMPTS["passage"] + " ".join(text.split())[:PASSAGE] for text in texts][: options.passages]
    ways = {
        "torch float32": with_torch(torch.float32),
        "torch bfloat16": with_torch(torch.bfloat16),
        "float32": product(as_int8=False),
        "int8": product(as_int8=True),
    }
    vectors = {name: embed(texts) for name, embed in ways.items()}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, embed in ways.items():
            start = time.perf_counter()
            embed(texts)
            middle = time.perf_counter()
            embed([PROMPTS["query"] + QUESTION])
            seconds[name].append((middle - start, time.perf_counter() - middle))
    print("| way | passages a second | against torch float32 | question, ms | cosine: mean, lowest |")
    print("| --- | --- | --- | --- | --- |")
    exact = vectors["torch float32"]
    base = float(np.median([both for both, _ in seconds["torch float32"]]))
    for name in ways:
        passages, question = np.median(seconds[name], axis=0)
        alike = (vectors[name] * exact).sum(axis=1)
        print(
            f"| {name} | {len(texts) / passages:.1f} | {base / passages:.2f} | {1000 * question:.1f} "
            f"| {alike.mean():.5f}, {alike.min():.5f} |"
        )


if __name__ == "__main__":
    main()
