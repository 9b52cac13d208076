"""The weights of the encoder's graph, as 32-bit or 8-bit numbers.

On processors with instructions for 8-bit matrix products (VNNI), these give twice as many tokens a second
(docs/quality.md, Speed). All activations of a text share one scale, so channels with large activations would cost the
others their precision. There are two known remedies: the scale of a channel is divided between activations and weights
(Xiao et al. 2023, "SmoothQuant"), and the 16 largest channels of the widest input are multiplied separately, in 32 bits
(Dettmers et al. 2022, "LLM.int8()"). The size of the activations was measured by ``training/activations.py``
(``activations.safetensors``).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from askcorpus.embedding.adapters import Adapters
from askcorpus.embedding.bundled_model import LAYERS, BundledModel

Weights: TypeAlias = dict[str, NDArray[Any]]
"""By their names in the graph."""

OUTLIERS = 16
"""Channels of the widest input that are multiplied in 32 bits."""

_ACTIVATIONS = "activations.safetensors"
_SMALLEST = 1e-5


class Matrix(NamedTuple):
    """A matrix of a layer: its name in the graph, and the encoder's layers of which it is made, side by side."""

    name: str
    layers: tuple[str, ...]
    outliers: int = 0


MATRICES = (
    Matrix("attention", ("attention.self.query", "attention.self.key", "attention.self.value")),
    Matrix("attended", ("attention.output.dense",)),
    Matrix("wide", ("intermediate.dense",)),
    Matrix("narrow", ("output.dense",), OUTLIERS),
)
"""In the order in which a layer uses them."""

NORMS = (("attended", "attention.output.LayerNorm"), ("narrow", "output.LayerNorm"))
"""Which layer norm follows which matrix."""


def graph_weights(model: BundledModel, adapters: Sequence[Adapters], *, as_int8: bool) -> Weights:
    """All of them, from the model's with the adapters' differences added."""

    def weight(name: str) -> NDArray[np.float32]:
        found = model.weight(name)
        for one in adapters:
            found = one.adapted(name, found)
        return found

    weights: Weights = {f"words.norm.{kind}": weight(f"embeddings.LayerNorm.{kind}") for kind in ("weight", "bias")}
    for number in range(LAYERS):
        encoder, graph = f"encoder.layer.{number}.", f"{number}."
        for matrix in MATRICES:
            name = graph + matrix.name
            own = np.concatenate([weight(f"{encoder}{layer}.weight") for layer in matrix.layers])
            weights |= _int8(name, own, matrix.outliers) if as_int8 else {f"{name}.weight": np.ascontiguousarray(own.T)}
            weights[f"{name}.bias"] = np.concatenate([weight(f"{encoder}{layer}.bias") for layer in matrix.layers])
        for name, layer in NORMS:
            for kind in ("weight", "bias"):
                weights[f"{graph}{name}.norm.{kind}"] = weight(f"{encoder}{layer}.{kind}")
    return weights


def _int8(name: str, weight: NDArray[np.float32], outliers: int) -> Weights:
    """A matrix (outputs, inputs) for a product of 8-bit numbers.

    ``.int8`` (inputs, outputs) and ``.scale`` (outputs,), whose product is the weight; ``.smooth`` (inputs,), by which
    activations are multiplied before; of the channels that are left out of it, ``.outliers`` (their numbers) and
    ``.outlier_weights`` (outliers, outputs).
    """
    largest = _activations()[name].astype(np.float32)
    extra: Weights = {}
    left = np.zeros(len(largest), np.bool_)
    if outliers:
        channels = np.sort(np.argsort(-largest)[:outliers]).astype(np.int64)
        left[channels] = True
        extra = {f"{name}.outliers": channels, f"{name}.outlier_weights": np.ascontiguousarray(weight[:, channels].T)}
    kept = np.where(left, 0, weight)
    factor = np.sqrt(np.maximum(largest, _SMALLEST) / np.maximum(np.abs(kept).max(axis=0), _SMALLEST))
    kept = kept * factor
    scale = np.maximum(np.abs(kept).max(axis=1), _SMALLEST) / 127
    return {
        f"{name}.int8": np.ascontiguousarray(np.round(kept / scale[:, None]).astype(np.int8).T),
        f"{name}.scale": scale.astype(np.float32),
        f"{name}.smooth": np.where(left, 0, 1 / factor).astype(np.float32),
        **extra,
    }


@cache
def _activations() -> Mapping[str, NDArray[Any]]:
    """The largest magnitude of each input channel of each matrix, by its name in the graph."""
    return load(files("askcorpus.embedding").joinpath(_ACTIVATIONS).read_bytes())
