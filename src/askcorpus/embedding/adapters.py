"""Low-rank adapters (Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models"): what the bundled encoder
was taught, as small differences to its weights.

For each adapted linear layer, a file has two thin matrices ``<layer>.a`` (rank, inputs) and ``<layer>.b`` (outputs,
rank), whose product is added to the layer's weight; it also has whole tensors, such as layer norms, which replace the
encoder's. How the files were made: ``training/``; what is in them: docs/reader.md.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

ALIGNMENT = "alignment.safetensors"
"""The adapters that bring texts of the same meaning together, whatever their languages."""

READER = "reader.safetensors"
"""The adapters and heads that make the encoder a reader, which finds the answer to a question in a passage."""


class Adapters(NamedTuple):
    """The tensors of a file by name, and a digest that names them."""

    tensors: Mapping[str, NDArray[np.float32]]
    digest: str

    def changed(self) -> Iterator[str]:
        """The names of the encoder's weights that these adapters change."""
        for name in self.tensors:
            if name.endswith(".a"):
                yield f"{name.removesuffix('.a')}.weight"
            elif not name.endswith(".b"):
                yield name

    def adapted(self, name: str, weight: NDArray[np.float32]) -> NDArray[np.float32]:
        """The encoder's ``weight`` of this name as these adapters make it."""
        layer = name.removesuffix(".weight")
        if f"{layer}.a" in self.tensors:
            a, b = self.tensors[f"{layer}.a"], self.tensors[f"{layer}.b"]
            # As fast as `b @ a`, whose last bits depend on how many cores a process may use: all machines of a cluster
            # are to make the same vectors.
            difference: NDArray[np.float32] = np.einsum("or,ri->oi", b, a)
            return weight + difference
        return self.tensors.get(name, weight)

    def at(self, strength: float) -> "Adapters":
        """These adapters with their differences multiplied by ``strength``."""
        tensors = {key: strength * tensor if key.endswith(".b") else tensor for key, tensor in self.tensors.items()}
        return Adapters(tensors, f"{self.digest}x{strength}")


@cache
def load_adapters(name: str) -> Adapters:
    """The adapters of a file that comes with the package: ``ALIGNMENT`` or ``READER``."""
    content = files("askcorpus.embedding").joinpath(name).read_bytes()
    tensors = {key: tensor.astype(np.float32) for key, tensor in load(content).items()}
    return Adapters(tensors, _digest(tensors))


def _digest(tensors: Mapping[str, NDArray[np.float32]]) -> str:
    """Of the tensors, not of the file, which may hold the same ones in another order."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(f"{name}\0".encode() + tensors[name].tobytes())
    return digest.hexdigest()[:12]
