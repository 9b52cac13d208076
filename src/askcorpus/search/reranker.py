"""A reranker: any cross-encoder of sentence-transformers, which reads question and passage together; off by default."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from askcorpus.errors import ModelError
from askcorpus.extras import require

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class Reranker:
    """Scores (question, passage) pairs with a cross-encoder (Nogueira and Cho 2019), loaded at the first use."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._model: CrossEncoder | None = None
        self._loading = threading.Lock()

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        """One score a passage, higher is better; the scale is the model's own.

        Raises:
            ModelError: the model cannot be found or loaded.
        """
        pairs = [(question, passage) for passage in passages]
        return [float(score) for score in self._loaded().predict(pairs, show_progress_bar=False)]

    def _loaded(self) -> "CrossEncoder":
        require("models", f"The reranker {self.name}", ModelError)
        from sentence_transformers import CrossEncoder

        with self._loading:
            if self._model is None:
                try:
                    self._model = CrossEncoder(self.name)
                except (OSError, ValueError) as exc:
                    raise ModelError(
                        f"The reranker {self.name} cannot be loaded.", "Name a cross-encoder's folder or hub name."
                    ) from exc
            return self._model
