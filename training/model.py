"""The bundled encoder with low-rank adapters, and the reader that is made of it.

An adapted layer computes ``(W + b a) x``: ``a`` (rank, in) and ``b`` (out, rank) are learned, ``W`` is frozen (Hu et
al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models"). There is no scaling factor, so that the trained tensors
have exactly the form that ships, and training can continue from shipped weights; the usual factor is in the learning
rate of ``b`` instead (`parameter_groups`).
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import BertModel

from askcorpus.embedding.adapters import ALIGNMENT, Adapters, load_adapters
from askcorpus.embedding.graph_weights import MATRICES, NORMS
from askcorpus.errors import ModelError
from askcorpus.tuning import TUNING

BODY = "body."
"""What the encoder's parameters are prefixed with in a `Reader` or an `Aligner`, and not in the file that ships."""

LINEAR = tuple(layer for matrix in MATRICES for layer in matrix.layers)
"""The linear layers of one encoder layer, all of which are adapted."""

_RANKS = "Give the rank and the first layer that they were trained with."


def load_encoder(folder: Path, below: Adapters | None = None, dropout: float = 0.0) -> BertModel:
    """The encoder in a folder that `training.folder` made, frozen.

    Where adapters are given as ``below``, they are part of its frozen weights.
    """
    model: BertModel = BertModel.from_pretrained(
        folder,
        add_pooling_layer=False,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        attn_implementation="sdpa",
    )
    model.requires_grad_(False)
    if below:
        for name in below.changed():
            weight = model.get_parameter(name)
            weight.copy_(torch.from_numpy(below.adapted(name, weight.numpy())))
    return model


class Adapted(nn.Module):
    """A frozen linear layer plus a learned product of two thin matrices, which is zero at the start."""

    def __init__(self, linear: nn.Linear, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        self.linear = linear
        deviation = 1 / math.sqrt(linear.in_features)
        self.a = nn.Parameter(torch.randn(rank, linear.in_features, generator=generator) * deviation)
        self.b = nn.Parameter(torch.zeros(linear.out_features, rank))
        self.on = True

    def forward(self, states: Tensor) -> Tensor:
        """(…, in) → (…, out)."""
        plain: Tensor = self.linear(states)
        return plain + F.linear(F.linear(states, self.a), self.b) if self.on else plain


def adapt(encoder: BertModel, rank: int, first_layer: int, seed: int, norms: bool) -> None:
    """Adapt every linear layer from ``first_layer`` on; where ``norms``, the layer norms there are learned as well."""
    generator = torch.Generator().manual_seed(seed)
    for layer in encoder.encoder.layer[first_layer:]:
        for name in LINEAR:
            linear = layer.get_submodule(name)
            assert isinstance(linear, nn.Linear)
            layer.set_submodule(name, Adapted(linear, rank, generator))
        for _, name in NORMS:
            layer.get_submodule(name).requires_grad_(norms)


class Reader(nn.Module):
    """Question and passage → where the answer stands, and whether the passage answers.

    Token 0 stands for "no answer here". The encoder is brought together across languages as the product's reader is.
    """

    def __init__(self, folder: Path, rank: int = 32, first_layer: int = 4, seed: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        self.body = load_encoder(folder, below=load_adapters(ALIGNMENT).at(TUNING.aligned), dropout=dropout)
        adapt(self.body, rank, first_layer, seed, norms=True)
        size = self.body.config.hidden_size
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.span = nn.Linear(size, 2)
            self.relevance = nn.Sequential(nn.Linear(size, size), nn.Tanh(), nn.Linear(size, 1))

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, tokens) twice → logits of start and end (batch, tokens, 2), and of relevance (batch)."""
        states = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
        return self.span(states).float(), self.relevance(states[:, 0]).squeeze(-1).float()


class Aligner(nn.Module):
    """Texts → vectors, by the encoder with adapters, or without."""

    def __init__(self, folder: Path, rank: int = 16, first_layer: int = 2, seed: int = 0) -> None:
        super().__init__()
        self.body = load_encoder(folder)
        adapt(self.body, rank, first_layer, seed, norms=False)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(batch, tokens) twice → the mean of each text's states, of unit length (batch, 384)."""
        states = self.body(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        keep = mask[..., None].float()
        return F.normalize((states * keep).sum(1) / keep.sum(1), dim=1)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Within, the vectors are the encoder's own, and nothing is learned of them."""
        adapted = [module for module in self.modules() if isinstance(module, Adapted)]
        for module in adapted:
            module.on = False
        try:
            with torch.no_grad():
                yield
        finally:
            for module in adapted:
                module.on = True


def learned(model: nn.Module) -> dict[str, Tensor]:
    """What is ours: adapters, layer norms that were learned, heads; by the names that ship. A copy."""
    own = {name: value for name, value in model.named_parameters() if value.requires_grad}
    return {name.removeprefix(BODY): value.detach().clone() for name, value in own.items()}


def restore(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Put weights by the names that ship into a model.

    Raises:
        ModelError: they are not this model's: a name is missing or too many, or a size differs.
    """
    own = {name.removeprefix(BODY): value for name, value in model.named_parameters() if value.requires_grad}
    if own.keys() != weights.keys():
        odd = sorted(own.keys() ^ weights.keys())
        raise ModelError(f"The weights are of another model: {odd[0]} and {len(odd) - 1} others.", _RANKS)
    with torch.no_grad():
        for name, value in own.items():
            if value.shape != weights[name].shape:
                shapes = f"{tuple(weights[name].shape)}, not {tuple(value.shape)}"
                raise ModelError(f"The weights are of another model: {name} is {shapes}.", _RANKS)
            value.copy_(weights[name])


def shape_of(weights: Mapping[str, Tensor]) -> tuple[int, int]:
    """The rank of adapters, and the first layer that has some."""
    adapters = {name: value for name, value in weights.items() if name.endswith(".a")}
    layers = [int(name.split(".")[2]) for name in adapters]
    if not layers:
        raise ModelError("The weights hold no adapters.")
    return next(iter(adapters.values())).shape[0], min(layers)


def parameter_groups(model: nn.Module, rate: float) -> list[dict[str, Any]]:
    """What is learned, for an optimizer, with its rates: ``b`` of rank r is learned at ``4 / sqrt(r)`` times the rate.

    The higher the rank, the more each step changes the product; this keeps it level.
    """
    faster: dict[int, list[nn.Parameter]] = {}
    plain: list[nn.Parameter] = []
    for name, value in model.named_parameters():
        if value.requires_grad:
            (faster.setdefault(value.shape[1], []) if name.endswith(".b") else plain).append(value)
    groups = [{"params": values, "rate": rate * 4 / math.sqrt(rank)} for rank, values in faster.items()]
    return [{"params": plain, "rate": rate}, *groups]
