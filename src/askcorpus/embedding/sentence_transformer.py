"""Any sentence-transformers model, for those who name one; needs the extra `models`."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from askcorpus.embedding.text_model import Role, SeenText
from askcorpus.errors import ModelError
from askcorpus.extras import require

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

BATCH = 16
HINT = "Set ASKCORPUS_EMBEDDING_MODEL to `bundled`, to a sentence-transformers folder, or to a model's hub name."

_HUB_SECONDS = 10.0


class SentenceTransformerModel:
    """A loaded sentence-transformers model with its prompts. Threads take turns, batch by batch, because a fast
    tokenizer is not made for two threads at once."""

    def __init__(self, name: str, revision: str | None, query_prompt: str | None, passage_prompt: str | None) -> None:
        """Load a folder without any request, a hub name from the local cache or else from the hub; prompts that are
        None are the model's own.

        Raises:
            ModelError: it cannot be loaded, or the packages that load it are not installed.
        """
        require("models", f"The embedding model {name}", ModelError)
        self._model = _load_model(name, revision)
        self._query = _own_prompt(self._model, "query") if query_prompt is None else query_prompt
        own = _own_prompt(self._model, "passage", "document", "corpus")
        self._passage = own if passage_prompt is None else passage_prompt
        self.dimension = _dimension(self._model)
        self.averages_tokens = _averages_tokens(self._model)
        self._turn = Lock()

    def encode(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        """Vectors of unit length (texts, dimension)."""
        # Models with two towers choose by the method; the prompt is ours, as the method would overlook "passage".
        as_query = role == "query"
        encode = self._model.encode_query if as_query else self._model.encode_document
        prompt = self._query if as_query else self._passage
        with self._turn, _half_precision(self._model):
            return encode(
                list(texts), prompt=prompt, batch_size=BATCH, show_progress_bar=False, normalize_embeddings=True
            )

    def see(self, texts: Sequence[str]) -> list[SeenText]:
        """Texts with their tokens, as passages; for models that average these."""
        with self._turn, _half_precision(self._model):
            outputs = self._model.encode_document(
                list(texts), prompt=self._passage, batch_size=BATCH, show_progress_bar=False, output_value=None
            )
            places = self._model.tokenizer(
                [self._passage + text for text in texts],
                truncation=True,
                max_length=self._model.max_seq_length,
                return_offsets_mapping=True,
            )["offset_mapping"]
        return [
            SeenText(
                output["sentence_embedding"].float().cpu().numpy(),
                # attention_mask, not the number of offsets: the batch may be padded on either side.
                output["token_embeddings"][output["attention_mask"].bool()].float().cpu().numpy(),
                np.array(offsets) - len(self._passage),
                cut=len(offsets) >= (self._model.max_seq_length or np.inf),
            )
            for output, offsets in zip(outputs, places, strict=True)
        ]


def _load_model(name: str, revision: str | None) -> "SentenceTransformer":
    """Load a folder without any request, a hub name from the local cache or else from the hub.

    Raises:
        ModelError: it cannot be loaded.
    """
    # Between two matrix products OpenMP's threads spin; on a machine whose cores are all busy a query then takes a
    # second instead of 20 ms. OpenMP reads these when torch is imported, so they must be set before.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("KMP_BLOCKTIME", "0")
    from huggingface_hub import model_info, try_to_load_from_cache
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    # "Loading weights" would be mixed into our own messages on stderr.
    disable_progress_bar()  # type: ignore[no-untyped-call]

    def load(*, local_files_only: bool) -> SentenceTransformer:
        return SentenceTransformer(name, revision=revision, local_files_only=local_files_only)

    # These libraries raise anything on a broken or unreachable model, bare Exception (tokenizers) included.
    try:
        if Path(name).is_dir():
            return load(local_files_only=True)
        name = name if "/" in name else f"sentence-transformers/{name}"
        # Without its modules.json a cached model would be loaded, but with the wrong pooling.
        if try_to_load_from_cache(name, "modules.json", revision=revision) is not None:
            # A download that was cut short must be taken up again, not fail for ever.
            with contextlib.suppress(OSError):
                return load(local_files_only=True)
        # Ask once before loading, which asks for every file and tries each of them six times.
        model_info(name, revision=revision, timeout=_HUB_SECONDS)
        return load(local_files_only=False)
    except Exception as exc:
        reason = (str(exc).strip() or type(exc).__name__).splitlines()[0].rstrip(".")
        raise ModelError(f"Cannot load the embedding model {name}: {reason}.", HINT) from exc


def _half_precision(model: "SentenceTransformer") -> "torch.autocast":
    """Matrix products in bfloat16, where the processor has instructions for them: about one and a half times as fast,
    with vectors that point the same way (docs/quality.md, Speed). Elsewhere they would be slower than in float32."""
    import torch

    has = torch.cpu.get_capabilities()
    fast = model.device.type == "cpu" and bool(has.get("avx512_bf16") or has.get("amx_bf16"))
    return torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=fast)


def _dimension(model: "SentenceTransformer") -> int:
    return model.get_embedding_dimension() or len(model.encode("", show_progress_bar=False))


def _own_prompt(model: "SentenceTransformer", *names: str) -> str:
    """The first of the model's prompts under these names that is not empty; else its default prompt, or none."""
    named = [model.prompts.get(name) for name in (*names, model.default_prompt_name or "")]
    return next((prompt for prompt in named if prompt), "")


def _averages_tokens(model: "SentenceTransformer") -> bool:
    """Whether the mean of a span's token states lies in the space of the model's sentence embeddings."""
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    kinds = [type(module) for module in model]
    if kinds not in ([Transformer, Pooling], [Transformer, Pooling, Normalize]):
        return False
    return model[1].pooling_mode == "mean" and bool(getattr(model.tokenizer, "is_fast", False))
