"""The bundled encoder in ONNX Runtime, with adapters: from tokens to a vector each.

The package carries the encoder's graph without weights (``encoder.onnx``, made by ``training/graph.py``). The weights
are those of the bundled model, with the adapters' differences added; the word vectors are looked up outside the graph,
in the model's file itself, of which only the pages that are needed are read.
"""

import json
import os
import struct
import threading
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from tokenizers import Encoding, Tokenizer

from askcorpus.embedding.adapters import Adapters
from askcorpus.embedding.bundled_model import model_files
from askcorpus.errors import ModelError
from askcorpus.text.characters import encodable

if TYPE_CHECKING:
    import onnxruntime

_WORDS = "embeddings.word_embeddings.weight"
_BATCH = 4  # texts of like length at once: more makes no answer faster, and pads more
_PADDING = 1
_ERRORS = 3  # of ONNX Runtime's levels


class TokenStates(NamedTuple):
    """A text pair's tokens: ``states`` (tokens, 384), the last hidden states; ``offsets`` (tokens, 2), their places in
    the second text; ``second`` (tokens,), whether they belong to it."""

    states: NDArray[np.float32]
    offsets: NDArray[np.int64]
    second: NDArray[np.bool_]


class Encoder:
    """Encodes pairs of texts. Cheap to make: loaded at the first use (or by :meth:`warm_up`). Threads may share one."""

    def __init__(self, adapters: Sequence[Adapters], longest: int) -> None:
        """``adapters`` are added to each other; ``longest``: tokens of a pair; beyond that the second text is cut."""
        self._adapters = adapters
        self._longest = longest
        self._loaded: _Loaded | None = None
        self._loading = threading.Lock()

    def warm_up(self) -> None:
        """Load the model now; later calls do nothing.

        Raises:
            ModelError: it cannot be loaded.
        """
        with self._loading:
            if self._loaded is None:
                self._loaded = _load(self._adapters, self._longest)

    def encode(self, first: str, seconds: Sequence[str]) -> list[TokenStates]:
        """``first`` read together with each of ``seconds``, in their order. Raises as :meth:`warm_up` does."""
        self.warm_up()
        assert self._loaded is not None
        session, tokenizer, words = self._loaded
        encodings = tokenizer.encode_batch([(encodable(first), encodable(second)) for second in seconds])
        found: dict[int, TokenStates] = {}
        for batch in _batches(encodings):
            length = max(len(encodings[i].ids) for i in batch)
            ids = np.full((len(batch), length), _PADDING, np.int64)
            mask = np.zeros((len(batch), length), np.int64)
            for row, i in enumerate(batch):
                ids[row, : len(encodings[i].ids)] = encodings[i].ids
                mask[row, : len(encodings[i].ids)] = 1
            (states,) = session.run(None, {"words": words[ids], "mask": mask})
            for row, i in enumerate(batch):
                found[i] = _states(encodings[i], states[row])
        return [found[i] for i in range(len(seconds))]


class _Loaded(NamedTuple):
    session: "onnxruntime.InferenceSession"
    tokenizer: Tokenizer
    words: NDArray[np.float32]


def _load(adapters: Sequence[Adapters], longest: int) -> _Loaded:
    import onnxruntime

    # It warns, on standard error, of graphics cards that it looks for and does not find.
    onnxruntime.set_default_logger_severity(_ERRORS)
    weights_file, tokenizer_file = model_files()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    # Threads that spin between two questions would take the time of whatever else runs here.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        weights = _weights(weights_file, adapters)
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(weight) for weight in weights.values()]
        options.add_external_initializers(list(weights), values)
        graph = files("askcorpus.embedding").joinpath("encoder.onnx").read_bytes()
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        tokenizer = Tokenizer.from_file(str(tokenizer_file))
        words = _word_vectors(weights_file)
    # ONNX Runtime, safetensors and tokenizers raise anything on a damaged file, bare Exception included.
    except Exception as exc:
        raise ModelError(
            f"Cannot load the reader from {weights_file.parent}: {exc}.", "Remove that folder; it is made again."
        ) from exc
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest, strategy="only_second")
    return _Loaded(session, tokenizer, words)


def _weights(file: Path, adapters: Sequence[Adapters]) -> dict[str, NDArray[np.float32]]:
    """The graph's weights by their names there: a layer's matrix stands transposed, under its name with ``.T``."""
    weights = {}
    with safe_open(file, "numpy") as tensors:
        for name in tensors.keys():  # noqa: SIM118 - no mapping
            if name != _WORDS:
                weight = tensors.get_tensor(name)
                for one in adapters:
                    weight = one.adapted(name, weight)
                is_matrix = weight.ndim == 2 and name.startswith("encoder.")
                weights[f"{name}.T" if is_matrix else name] = np.ascontiguousarray(weight.T if is_matrix else weight)
    return weights


def _word_vectors(file: Path) -> NDArray[np.float32]:
    """The word vectors (vocabulary, 384) where they lie in the file: only what is looked up is read."""
    with file.open("rb") as content:
        (length,) = struct.unpack("<Q", content.read(8))
        entry = json.loads(content.read(length))[_WORDS]
    return np.memmap(file, np.float32, "r", 8 + length + entry["data_offsets"][0], tuple(entry["shape"]))


def _batches(encodings: Sequence[Encoding]) -> Iterator[list[int]]:
    order = sorted(range(len(encodings)), key=lambda i: len(encodings[i].ids))
    for start in range(0, len(order), _BATCH):
        yield order[start : start + _BATCH]


def _states(encoding: Encoding, states: NDArray[np.float32]) -> TokenStates:
    second = np.array([sequence == 1 for sequence in encoding.sequence_ids])
    return TokenStates(states[: len(encoding.ids)], np.array(encoding.offsets, np.int64), second)
