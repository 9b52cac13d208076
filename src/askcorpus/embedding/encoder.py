"""The bundled encoder in ONNX Runtime, with adapters: from texts to the last hidden states of their tokens.

The package carries the encoder's graph without weights (``encoder.onnx``, and ``encoder-int8.onnx`` for processors with
8-bit instructions; made by ``training/graph.py``). The weights are those of the bundled model, with the adapters'
differences added; the word vectors are looked up outside the graph.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from askcorpus.embedding.adapters import Adapters
from askcorpus.embedding.bundled_model import BundledModel, bundled_model
from askcorpus.embedding.graph_weights import Weights, graph_weights
from askcorpus.embedding.tokenizer import END, START, Tokenizer, Tokens, tokenizer_model
from askcorpus.errors import ModelError

if TYPE_CHECKING:
    import onnxruntime

_KIND_OF_TEXT = "embeddings.token_type_embeddings.weight"  # the first row; the model knows no second kind
_ERRORS = 3  # of ONNX Runtime's levels
_PROCESSOR = Path("/proc/cpuinfo")
_INT8 = {"avx512_vnni", "avx_vnni"}


class TokenStates(NamedTuple):
    """A text's tokens, special ones included: ``states`` (tokens, 384), the last hidden states; ``offsets`` (tokens,
    2), their places in the text, or in the second of a pair; ``inside`` (tokens,), whether they belong to it; ``cut``,
    whether the text has more tokens than were read."""

    states: NDArray[np.float32]
    offsets: NDArray[np.int64]
    inside: NDArray[np.bool_]
    cut: bool


class Encoder:
    """Encodes texts and pairs of texts. Cheap to make: loaded at the first use (or by :meth:`warm_up`).

    Threads may share one. Each text is encoded on its own, on one core, so the result does not depend on the texts
    given with it; texts given together are spread over all cores.
    """

    def __init__(self, adapters: Sequence[Adapters], longest: int) -> None:
        """``adapters`` add up; ``longest`` is the number of tokens of a text or a pair that are read: the rest is
        cut."""
        self._adapters = adapters
        self._longest = longest
        self._network: _Network | None = None
        self._loading = Lock()
        self._cores = ThreadPoolExecutor(_cores(), thread_name_prefix="encoder")

    def warm_up(self) -> None:
        """Load the model now; later calls do nothing.

        Raises:
            ModelError: it cannot be loaded.
        """
        self._loaded()

    def encode(self, texts: Sequence[str]) -> list[TokenStates]:
        """Each text, in their order. Raises as :meth:`warm_up` does."""
        network = self._loaded()
        room = self._longest - 2

        def run(text: str) -> TokenStates:
            tokens = network.tokenizer.tokens(text)
            return network.run([], tokens, room)

        return self._each(run, texts)

    def encode_pairs(self, first: str, seconds: Sequence[str]) -> list[TokenStates]:
        """``first`` read together with each of ``seconds``, in their order. Raises as :meth:`warm_up` does."""
        network = self._loaded()
        before = [*network.tokenizer.tokens(first).ids[: self._longest - 4], END, END]
        room = self._longest - 2 - len(before)
        return self._each(lambda second: network.run(before, network.tokenizer.tokens(second), room), seconds)

    def _each(self, run: Callable[[str], TokenStates], texts: Sequence[str]) -> list[TokenStates]:
        return list((self._cores.map if len(texts) > 1 else map)(run, texts))

    def _loaded(self) -> "_Network":
        with self._loading:
            if self._network is None:
                self._network = _Network(self._adapters)
            return self._network


class _Network:
    """The loaded parts: text to tokens, tokens to vectors, vectors to states."""

    def __init__(self, adapters: Sequence[Adapters]) -> None:
        model = bundled_model()
        self.tokenizer = bundled_tokenizer()
        self._words = WordVectors(model)
        as_int8 = has_int8()
        try:
            graph = files("askcorpus.embedding").joinpath("encoder-int8.onnx" if as_int8 else "encoder.onnx")
            self._session = open_session(graph.read_bytes(), graph_weights(model, adapters, as_int8=as_int8))
        # ONNX Runtime raises its own kinds, which are no subclasses of anything.
        except Exception as exc:
            raise ModelError(f"Cannot load the encoder: {exc}.", "Install askcorpus again.") from exc

    def run(self, before: Sequence[int], tokens: Tokens, room: int) -> TokenStates:
        """``before`` and at most ``room`` of the tokens, framed by special tokens."""
        own = tokens.ids[:room]
        ids = np.array([START, *before, *own, END], np.int64)
        (states,) = self._session.run(None, {"words": self._words.of(ids)[None]})
        inside = np.zeros(len(ids), np.bool_)
        inside[1 + len(before) : -1] = True
        offsets = np.zeros((len(ids), 2), np.int64)
        offsets[inside] = tokens.offsets[:room]
        return TokenStates(states[0], offsets, inside, len(tokens.ids) > room)


class WordVectors:
    """The graph's input: the vectors of tokens plus those of their positions."""

    def __init__(self, model: BundledModel) -> None:
        self._model = model
        self._places = model.weight("embeddings.position_embeddings.weight") + model.weight(_KIND_OF_TEXT)[0]

    def of(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Token ids (tokens,) → (tokens, 384)."""
        vectors: NDArray[np.float32] = self._model.word_vectors(ids) + self._places[: len(ids)]
        return vectors


def open_session(graph: bytes, weights: Weights) -> "onnxruntime.InferenceSession":
    """A graph without weights, with these."""
    # It writes an identity of this machine into the home, and tells its maker of sessions, unless this is set before.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    # It warns, on standard error, of graphics cards that it looks for and does not find.
    onnxruntime.set_default_logger_severity(_ERRORS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(weight) for weight in weights.values()]
    options.add_external_initializers(list(weights), values)
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


@cache
def bundled_tokenizer() -> Tokenizer:
    """The bundled model's tokenizer, of which one is enough: it takes 60 MB."""
    return Tokenizer(tokenizer_model(bundled_model().vocabulary()))


@cache
def has_int8() -> bool:
    """Whether the processor has instructions for 8-bit matrix products; without them, these are no faster."""
    try:
        flags = _PROCESSOR.read_text().partition("flags")[2].partition("\n")[0]
    except OSError:
        return False
    return not _INT8.isdisjoint(flags.split())


def _cores() -> int:
    """How many cores this process may use: at most OMP_NUM_THREADS, by which Ray and others divide a machine."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    said = os.environ.get("OMP_NUM_THREADS", "")
    return min(there, max(1, int(said))) if said.isdecimal() else there
