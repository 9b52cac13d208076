"""The bundled model as an embedding model: the mean of its last hidden states, with the adapters that bring texts of
the same meaning together, whatever their languages."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from askcorpus.embedding.adapters import ALIGNMENT, load_adapters
from askcorpus.embedding.bundled_model import DIMENSION, LONGEST, PROMPTS
from askcorpus.embedding.encoder import Encoder
from askcorpus.embedding.text_model import Role, SeenText, unit


class BundledEmbedder:
    """The bundled model, loaded, with its prompts."""

    dimension = DIMENSION
    averages_tokens = True

    def __init__(self, query_prompt: str | None, passage_prompt: str | None) -> None:
        """Prompts that are None are the model's own.

        Raises:
            ModelError: it cannot be loaded.
        """
        self._prompts: dict[Role, str] = {
            "query": PROMPTS["query"] if query_prompt is None else query_prompt,
            "passage": PROMPTS["passage"] if passage_prompt is None else passage_prompt,
        }
        self._encoder = Encoder([load_adapters(ALIGNMENT)], LONGEST)
        self._encoder.warm_up()

    def encode(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        """Vectors of unit length (texts, 384)."""
        vectors = np.empty((len(texts), DIMENSION), np.float32)
        for row, seen in enumerate(self._encoder.encode([self._prompts[role] + text for text in texts])):
            vectors[row] = unit(seen.states.mean(axis=0))
        return vectors

    def see(self, texts: Sequence[str]) -> list[SeenText]:
        """Texts with their tokens, as passages."""
        prompt = self._prompts["passage"]
        return [
            SeenText(seen.states.mean(axis=0), seen.states, seen.offsets - len(prompt), seen.cut)
            for seen in self._encoder.encode([prompt + text for text in texts])
        ]
