"""What both kinds of embedding model have in common: the bundled one, and those of sentence-transformers."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from askcorpus.types import Span

Role = Literal["query", "passage"]

_ROUNDING = 1e-6  # of a length in float32


class SeenText(NamedTuple):
    """A text as a model read it: its embedding (dimension,), not normalised; the last hidden states of its tokens
    (tokens, dimension) and their offsets in the text (tokens, 2), which are at most 0 for the prompt and special
    tokens; and whether the model's window cut something off."""

    vector: NDArray[np.float32]
    states: NDArray[np.float32]
    offsets: NDArray[np.int64]
    cut: bool

    def tokens_of(self, span: Span) -> NDArray[np.bool_]:
        """Which tokens overlap ``span``; none if the model's window ends before the span."""
        starts, ends = self.offsets.T
        if self.cut and ends.max() < span.end:
            return np.zeros(len(starts), np.bool_)
        inside: NDArray[np.bool_] = (starts < span.end) & (ends > span.start)
        return inside


class TextModel(Protocol):
    """A loaded model. Threads may share one."""

    dimension: int
    averages_tokens: bool
    """Whether the mean of a span's token states lies in the space of the embeddings."""

    def encode(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        """Vectors of unit length (texts, dimension)."""

    def see(self, texts: Sequence[str]) -> list[SeenText]:
        """Texts with their tokens, as passages; for models that average these."""


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vector at length 1, in float32; one of zeros stays as it is, and one of length 1 the same to the bit."""
    flat = np.asarray(vector, np.float32)
    length = np.linalg.norm(flat)
    return flat if length == 0 or abs(length - 1) <= _ROUNDING else (flat / length).astype(np.float32)
