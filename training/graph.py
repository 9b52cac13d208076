"""The encoder's graph for ONNX Runtime, without its weights.

    python -m training.graph OUT.onnx

The graph takes ``words`` (batch, tokens, 384; word vectors, which are looked up outside it, so that they are in memory
once) and ``mask`` (batch, tokens; int64, 1 where there is a token), and gives ``states`` (batch, tokens, 384). Its
weights are named as in transformers' ``BertModel`` and lie nowhere: whoever loads it adds them
(``SessionOptions.add_external_initializers``). A matrix that the graph multiplies by is transposed, and its name ends
in ``.weight.T``. One graph so serves every set of adapters, merged into the weights that are added.
"""

import argparse
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import external_data_helper, numpy_helper
from torch import Tensor, nn
from transformers import BertModel

from askcorpus.errors import AskcorpusError
from training.model import encoder_folder, load_encoder

OPSET = 18
PLACEHOLDER = "weights"
"""The file in which the weights are said to lie. There is none: they are added when the graph is loaded."""

PREFIX = "body."
"""What the names of the encoder's weights begin with in the module that is exported."""

UNUSED = "embeddings.word_embeddings.weight"


class Body(nn.Module):
    """An encoder whose input is word vectors."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.body = encoder

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        """(batch, tokens, 384) and (batch, tokens) → (batch, tokens, 384)."""
        # As BertModel would make it itself, by many more nodes: what attention adds to its scores.
        hidden = (1 - mask[:, None, None, :].to(words.dtype)) * torch.finfo(words.dtype).min
        states: Tensor = self.body(inputs_embeds=words, attention_mask=hidden).last_hidden_state
        return states


def export(encoder: BertModel) -> onnx.ModelProto:
    """The graph of an encoder with eager attention, its weights under their proper names but still inside."""
    words = torch.randn(2, 7, encoder.config.hidden_size)
    mask = torch.ones(2, 7, dtype=torch.int64)
    mask[1, 5:] = 0
    free = {0: "batch", 1: "tokens"}
    with TemporaryDirectory() as folder, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer warns of Python values, all of which are the encoder's shape
        torch.onnx.export(
            Body(encoder).eval(),
            (words, mask),
            Path(folder, "encoder.onnx"),
            input_names=["words", "mask"],
            output_names=["states"],
            dynamic_axes={"words": free, "mask": free, "states": free},
            opset_version=OPSET,
            dynamo=False,
        )
        model = onnx.load_model(Path(folder, "encoder.onnx"))
    rename(model, {name: weight.numpy() for name, weight in encoder.state_dict().items()})
    return model


def rename(model: onnx.ModelProto, weights: dict[str, NDArray[np.float32]]) -> None:
    """Give each initialiser the name of the weight that it holds.

    Raises:
        ValueError: an initialiser is none of the weights, or a weight is in no initialiser.
    """
    users = {name: node.name for node in model.graph.node for name in node.input}
    names = {}
    for tensor in model.graph.initializer:
        if tensor.name.startswith(PREFIX):
            name, weight = tensor.name.removeprefix(PREFIX), weights.get(tensor.name.removeprefix(PREFIX))
        else:  # a matrix that torch has transposed, and named onnx::MatMul_123: the node that uses it knows its layer
            layer = users[tensor.name].removeprefix(f"/{PREFIX[:-1]}/").removesuffix("/MatMul").replace("/", ".")
            name, weight = f"{layer}.weight.T", weights[f"{layer}.weight"].T
        if weight is None or not np.array_equal(numpy_helper.to_array(tensor), weight):
            raise ValueError(f"{tensor.name} of the graph is not {name} of the encoder")
        names[tensor.name] = name
    if missing := weights.keys() - {name.removesuffix(".T") for name in names.values()} - {UNUSED}:
        raise ValueError(f"The graph lacks {', '.join(sorted(missing))}")
    for tensor in model.graph.initializer:
        tensor.name = names[tensor.name]
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]


def strip(model: onnx.ModelProto) -> None:
    """Take the weights out, and the long names of what only passes between nodes; weights keep names and shapes."""
    kept = {value.name for value in [*model.graph.input, *model.graph.output, *model.graph.initializer]}
    made = [name for node in model.graph.node for name in node.output if name not in kept]
    short = {name: str(number) for number, name in enumerate(made)}
    for node in model.graph.node:
        node.input[:] = [short.get(name, name) for name in node.input]
        node.output[:] = [short.get(name, name) for name in node.output]
        node.ClearField("name")
        node.ClearField("doc_string")
    model.graph.ClearField("value_info")
    for tensor in model.graph.initializer:
        size = len(tensor.raw_data)
        external_data_helper.set_external_data(tensor, PLACEHOLDER, offset=0, length=size)
        tensor.ClearField("raw_data")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT.onnx")
    options = parser.parse_args()
    try:
        model = export(load_encoder(encoder_folder(), attention="eager"))
    except AskcorpusError as exc:
        print(exc, file=sys.stderr)
        sys.exit(exc.exit_code)
    strip(model)
    options.out.write_bytes(model.SerializeToString())
    print(f"{options.out}: {options.out.stat().st_size / 1000:.0f} kB", file=sys.stderr)


if __name__ == "__main__":
    main()
