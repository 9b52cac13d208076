"""The encoder's graphs for ONNX Runtime, without weights.

    python -m training.graph FOLDER

writes ``encoder.onnx`` and ``encoder-int8.onnx``. A graph takes ``words`` (batch, tokens, 384: the sums of word and
position vectors, which are looked up outside it, so that they are in memory only once) and returns ``states`` (batch,
tokens, 384). There is no mask, so a batch has texts of one length. The graph has no weights: whoever loads it adds them
(``SessionOptions.add_external_initializers``), with the names and in the form that `graph_weights` returns. So one
graph serves every set of adapters, which are merged into the weights.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, external_data_helper, helper, numpy_helper

from askcorpus.embedding.bundled_model import DIMENSION, LAYERS, bundled_model
from askcorpus.embedding.graph_weights import MATRICES, Weights, graph_weights
from training.command import telling_errors

OPSET, IR = 18, 10
HEADS = 12
EPSILON = 1e-12
PLACEHOLDER = "weights"
"""The file in which the weights are said to lie. There is none: they are added when the graph is loaded."""

MICROSOFT = "com.microsoft"
"""The domain of the operators that ONNX Runtime has beside the standard's: they do in one what are many there."""

SPLIT = "query.key.value"


def encoder_graph(weights: Weights) -> ModelProto:
    """The graph that takes these weights: their names say whether it multiplies numbers of 32 or 8 bits."""
    nodes = [_node("LayerNormalization", ["words", "words.norm.weight", "words.norm.bias"], "0", epsilon=EPSILON)]
    for number in range(LAYERS):
        nodes += _layer(number, weights, str(number), "states" if number == LAYERS - 1 else str(number + 1))
    sizes: list[str | int | None] = ["batch", "tokens", DIMENSION]
    words, states = (helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes) for name in ("words", "states"))
    split = numpy_helper.from_array(np.array([DIMENSION] * 3, np.int64), SPLIT)
    own = [_placeholder(numpy_helper.from_array(weight, name)) for name, weight in weights.items()]
    graph = helper.make_graph(nodes, "encoder", [words], [states], [split, *own])
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR)


def _layer(number: int, weights: Weights, given: str, made: str) -> list[NodeProto]:
    """Attention and feed-forward network, each with a residual connection and layer norm (Vaswani et al. 2017)."""
    attention, attended, wide, narrow = (f"{number}.{matrix.name}" for matrix in MATRICES)
    parts = [f"{attention}.{part}" for part in ("query", "key", "value")]
    between = f"{number}.5"
    return [
        *_product(attention, given, f"{attention}.all", weights),
        _node("Split", [f"{attention}.all", SPLIT], *parts, axis=2),
        _own("MultiHeadAttention", [*parts, f"{attention}.bias"], f"{attention}.out", num_heads=HEADS),
        *_product(attended, f"{attention}.out", f"{attended}.out", weights),
        _added(attended, f"{attended}.out", given, between),
        *_product(wide, between, f"{wide}.out", weights),
        _own("BiasGelu", [f"{wide}.out", f"{wide}.bias"], f"{wide}.gelu"),
        *_product(narrow, f"{wide}.gelu", f"{narrow}.out", weights),
        _added(narrow, f"{narrow}.out", between, made),
    ]


def _product(name: str, given: str, made: str, weights: Weights) -> list[NodeProto]:
    """``given`` times a matrix, without its bias."""
    if f"{name}.weight" in weights:
        return [_node("MatMul", [given, f"{name}.weight"], made)]
    product = [
        _node("Mul", [given, f"{name}.smooth"], f"{name}.in"),
        _own("DynamicQuantizeMatMul", [f"{name}.in", f"{name}.int8", f"{name}.scale"], made),
    ]
    if f"{name}.outliers" not in weights:
        return product
    product[-1].output[0] = f"{name}.most"
    return [
        *product,
        _node("Gather", [given, f"{name}.outliers"], f"{name}.few", axis=2),
        _node("MatMul", [f"{name}.few", f"{name}.outlier_weights"], f"{name}.rest"),
        _node("Add", [f"{name}.most", f"{name}.rest"], made),
    ]


def _added(name: str, given: str, skipped: str, made: str) -> NodeProto:
    norm = [f"{name}.norm.weight", f"{name}.norm.bias", f"{name}.bias"]
    return _own("SkipLayerNormalization", [given, skipped, *norm], made, epsilon=EPSILON)


def _node(kind: str, given: list[str], *made: str, **attributes: Any) -> NodeProto:
    return helper.make_node(kind, given, list(made), **attributes)


def _own(kind: str, given: list[str], made: str, **attributes: Any) -> NodeProto:
    return helper.make_node(kind, given, [made], domain=MICROSOFT, **attributes)


def _placeholder(tensor: TensorProto) -> TensorProto:
    """The tensor's name, type and shape, and no content."""
    size = len(tensor.raw_data)
    external_data_helper.set_external_data(tensor, PLACEHOLDER, offset=0, length=size)
    tensor.ClearField("raw_data")
    return tensor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    with telling_errors():
        model = bundled_model()
        for name, as_int8 in (("encoder.onnx", False), ("encoder-int8.onnx", True)):
            graph = encoder_graph(graph_weights(model, (), as_int8=as_int8)).SerializeToString(deterministic=True)
            (options.folder / name).write_bytes(graph)
            print(f"{name}: {len(graph) / 1000:.0f} kB", file=sys.stderr)


if __name__ == "__main__":
    main()
