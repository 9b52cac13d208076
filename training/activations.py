"""How large the numbers are that the encoder multiplies: what 8-bit products are scaled by.

    python -m training.activations EXAMPLES.jsonl OUT.safetensors

Passages of the examples are encoded alone and behind their question, as the product embeds and reads them, and of each
input channel of each matrix the largest magnitude is kept (`askcorpus.embedding.graph_weights` tells what for). To be
made again when adapters change.
"""

import argparse
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper
from safetensors.numpy import save_file

from askcorpus.answer.reader import LONGEST_PAIR, reader_adapters
from askcorpus.embedding.adapters import ALIGNMENT, Adapters, load_adapters
from askcorpus.embedding.bundled_model import PROMPTS, bundled_model
from askcorpus.embedding.encoder import WordVectors, bundled_tokenizer, open_session
from askcorpus.embedding.graph_weights import MATRICES, graph_weights
from askcorpus.embedding.tokenizer import END, START
from training.command import telling_errors
from training.examples import Example, read_examples
from training.graph import encoder_graph

PASSAGES = 200


def largest(adapters: Sequence[Adapters], texts: Iterable[NDArray[np.int64]]) -> dict[str, NDArray[np.float32]]:
    """Of each input channel of each matrix, by its name in the graph, the largest magnitude over the texts' tokens."""
    model = bundled_model()
    weights = graph_weights(model, adapters, as_int8=False)
    graph = encoder_graph(weights)
    inputs = {
        node.input[1].removesuffix(".weight"): node.input[0] for node in graph.graph.node if node.op_type == "MatMul"
    }
    assert len(inputs) % len(MATRICES) == 0
    own = {value.name for value in graph.graph.output}
    wanted = [name for name in dict.fromkeys(inputs.values()) if name not in own]
    graph.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in wanted)
    session, words = open_session(graph.SerializeToString(), weights), WordVectors(model)
    found: dict[str, NDArray[np.float32]] = {}
    for ids in texts:
        seen = dict(zip(wanted, session.run(wanted, {"words": words.of(ids)[None]}), strict=True))
        for matrix, name in inputs.items():
            now = np.abs(seen[name][0]).max(axis=0)
            found[matrix] = np.maximum(found.get(matrix, now), now)
    return found


def _tokens(*texts: str) -> NDArray[np.int64]:
    """A text, or a pair of them, as the encoder is given it."""
    parts = [bundled_tokenizer().tokens(text).ids for text in texts]
    return np.concatenate([[START], parts[0], *([END, END], *parts[1:]) * (len(parts) - 1), [END]])[:LONGEST_PAIR]


def of_product(examples: Sequence[Example]) -> dict[str, NDArray[np.float32]]:
    """The largest of both uses: passages embedded, and read behind a question."""
    alone = largest([load_adapters(ALIGNMENT)], (_tokens(PROMPTS["passage"] + one.passage) for one in examples))
    read = largest(reader_adapters(), (_tokens(one.question, one.passage) for one in examples))
    return {name: np.maximum(alone[name], read[name]) for name in alone}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("examples", type=Path, metavar="EXAMPLES.jsonl")
    parser.add_argument("out", type=Path, metavar="OUT.safetensors")
    options = parser.parse_args()
    with telling_errors():
        examples = read_examples([options.examples])
        found = of_product(random.Random(0).sample(examples, min(PASSAGES, len(examples))))
        save_file({name: values.astype(np.float16) for name, values in found.items()}, options.out)


if __name__ == "__main__":
    main()
