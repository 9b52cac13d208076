"""Texts to vectors, by any sentence-transformers model; the bundled one needs no download.

Besides one vector a passage there is one for each of its sentences, read from the same forward pass: late chunking
(Günther et al. 2024, "Late Chunking: Contextual Chunk Embeddings Using Long-Context Embedding Models"). A sentence's
vector is the mean of its tokens' last hidden states, so it knows what the sentences around it are about.
"""

import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from askcorpus.embedding import bundled_model as bundled
from askcorpus.embedding.adapters import ALIGNMENT, load_adapters
from askcorpus.errors import ModelError
from askcorpus.settings import BUNDLED_MODEL, Settings
from askcorpus.text.characters import encodable
from askcorpus.types import Span

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

_BATCH = 16
_BODY = "model."  # before the names of the encoder's weights in the first module
_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
_HUB_SECONDS = 10.0
_HINT = "Set ASKCORPUS_EMBEDDING_MODEL to `bundled`, to a sentence-transformers folder, or to a model's hub name."
_SMALL = 1_000_000  # bytes up to which a model's file is part of its fingerprint as a whole
_SAMPLES, _SAMPLE_BYTES = 16, 65_536
_FINGERPRINTED = {".json", ".txt", ".model", ".safetensors", ".bin", ".onnx"}


class EmbeddedText(NamedTuple):
    """A text's vectors, all of unit length: ``vector`` (dimension,) and ``sentences`` (number of spans, dimension)."""

    vector: NDArray[np.float32]
    sentences: NDArray[np.float16]


class SentenceEmbeddings(Embeddings):
    """A sentence-transformers model behind LangChain's interface. All vectors have unit length.

    Constructing it is cheap: the model is loaded at the first use (or by :meth:`warm_up`). Safe to share between
    threads; they take turns, batch by batch, because a fast tokenizer is not made for two threads at once.

    Every method that needs the model raises ModelError when it cannot be loaded.
    """

    def __init__(
        self,
        name: str = BUNDLED_MODEL,
        *,
        revision: str | None = None,
        query_prompt: str | None = None,
        passage_prompt: str | None = None,
    ) -> None:
        """``name`` is ``bundled``, a folder, or a hub name; prompts that are None are the model's own.

        Raises:
            ModelError: ``name`` looks like a folder but there is none.
        """
        if name != BUNDLED_MODEL and not Path(name).is_dir() and not _HUB_NAME.fullmatch(name):
            raise ModelError(f"There is no model folder {name}.", _HINT)
        self.name = name
        self.revision = revision
        self._query_prompt = query_prompt
        self._passage_prompt = passage_prompt
        self._encoder: _Encoder | None = None
        self._loading = threading.Lock()

    def warm_up(self) -> None:
        """Load the model now; later calls do nothing."""
        self._loaded()

    @property
    def dimension(self) -> int:
        """Length of the vectors. Loads the model unless it is the bundled one."""
        return bundled.DIMENSION if self.name == BUNDLED_MODEL else self._loaded().dimension

    @property
    def fingerprint(self) -> str:
        """What the vectors depend on: two indexes with the same fingerprint can be mixed. Does not load the model."""
        query, passage = self._query_prompt, self._passage_prompt
        if self.name == BUNDLED_MODEL:
            weights = f"{bundled.bundled_fingerprint()}+{load_adapters(ALIGNMENT).digest}"
            query = bundled.PROMPTS["query"] if query is None else query
            passage = bundled.PROMPTS["passage"] if passage is None else passage
        elif Path(self.name).is_dir():
            weights = f"{Path(self.name).resolve().name}@{_folder_digest(Path(self.name))}"
        else:
            weights = f"{self.name}@{self.revision or 'main'}"
        return f"{weights} query={_shown(query)} passage={_shown(passage)}"

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        vector: list[float] = self._loaded().encode([text], "query")[0].tolist()
        return vector

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors of passages, in their order."""
        vectors: list[list[float]] = self.embed_sentences(texts).tolist()
        return vectors

    def embed_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors (number of texts, dimension) of texts that are each read alone, as passages."""
        return self._loaded().encode(texts, "passage")

    def embed_passages(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[EmbeddedText]:
        """For each text its vector, and one for each of its ``spans`` (offsets into that text), in one forward pass.

        A span that the model's window (512 tokens for the bundled one) cuts off is read alone instead; so is every
        span when the model does not average its tokens, or its tokenizer does not tell their places.
        """
        return self._loaded().embed_passages(texts, spans)

    def _loaded(self) -> "_Encoder":
        with self._loading:
            if self._encoder is None:
                self._encoder = _Encoder(self._load(), self._query_prompt, self._passage_prompt)
            return self._encoder

    def _load(self) -> "SentenceTransformer":
        if self.name != BUNDLED_MODEL:
            return _load_model(self.name, self.revision, {})
        folder = bundled.bundled_model()
        if folder is None:
            return _aligned(_load_model(bundled.HUB_NAME, bundled.HUB_REVISION, bundled.PROMPTS))
        try:
            return _aligned(_load_converted(folder))
        except ModelError as exc:
            bundled.remake(folder, exc.message.rstrip("."))
            return _aligned(_load_converted(folder))


def load_embeddings(settings: Settings) -> SentenceEmbeddings:
    """The embeddings that the settings name; cheap, see :class:`SentenceEmbeddings`."""
    return SentenceEmbeddings(
        settings.embedding_model,
        revision=settings.embedding_revision,
        query_prompt=settings.query_prompt,
        passage_prompt=settings.passage_prompt,
    )


class _Encoder:
    """A loaded model with its prompts."""

    def __init__(self, model: "SentenceTransformer", query_prompt: str | None, passage_prompt: str | None) -> None:
        self.model = model
        self.query_prompt = _own_prompt(model, "query") if query_prompt is None else query_prompt
        self.passage_prompt = (
            _own_prompt(model, "passage", "document", "corpus") if passage_prompt is None else passage_prompt
        )
        self.dimension = _dimension(model)
        self._chunks_late = _averages_tokens(model)
        self._turn = threading.Lock()

    def encode(self, texts: Sequence[str], role: str) -> NDArray[np.float32]:
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for batch in _batches(texts):
            vectors[batch] = self._encode_batch([encodable(texts[i]) for i in batch], role)
        return vectors

    def _encode_batch(self, texts: list[str], role: str) -> NDArray[np.float32]:
        # Models with two towers choose by the method; the prompt is ours, as the method would overlook "passage".
        as_query = role == "query"
        encode = self.model.encode_query if as_query else self.model.encode_document
        prompt = self.query_prompt if as_query else self.passage_prompt
        with self._turn, _half_precision(self.model):
            return encode(texts, prompt=prompt, batch_size=_BATCH, show_progress_bar=False, normalize_embeddings=True)

    def embed_passages(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[EmbeddedText]:
        if not self._chunks_late:
            vectors = self.encode(texts, "passage")
            alone = [(i, j) for i, own in enumerate(spans) for j in range(len(own))]
            sentences = [np.empty((len(own), self.dimension), np.float32) for own in spans]
        else:
            vectors, sentences, alone = self._chunk_late(texts, spans)
        read_alone = self.encode([texts[i][slice(*spans[i][j])] for i, j in alone], "passage")
        for (i, j), vector in zip(alone, read_alone, strict=True):
            sentences[i][j] = vector
        return [EmbeddedText(v, s.astype(np.float16)) for v, s in zip(vectors, sentences, strict=True)]

    def _chunk_late(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]], list[tuple[int, int]]]:
        """Vectors of texts and spans, and which (text, span) are left to be read alone."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        sentences = [np.empty((len(own), self.dimension), np.float32) for own in spans]
        alone: list[tuple[int, int]] = []
        for batch in _batches(texts):
            for i, seen in zip(batch, self._forward([encodable(texts[i]) for i in batch]), strict=True):
                vectors[i] = _unit(seen.vector)
                for j, span in enumerate(spans[i]):
                    tokens = seen.tokens_of(span)
                    if tokens.any():
                        sentences[i][j] = _unit(seen.states[tokens].mean(axis=0))
                    else:
                        alone.append((i, j))
        return vectors, sentences, alone

    def _forward(self, texts: list[str]) -> "list[_Seen]":
        with self._turn, _half_precision(self.model):
            outputs = self.model.encode_document(
                texts, prompt=self.passage_prompt, batch_size=_BATCH, show_progress_bar=False, output_value=None
            )
            places = self.model.tokenizer(
                [self.passage_prompt + text for text in texts],
                truncation=True,
                max_length=self.model.max_seq_length,
                return_offsets_mapping=True,
            )["offset_mapping"]
        prompt = len(self.passage_prompt)
        return [
            _Seen(
                output["sentence_embedding"].float().cpu().numpy(),
                # attention_mask, not the number of offsets: the batch may be padded on either side.
                output["token_embeddings"][output["attention_mask"].bool()].float().cpu().numpy(),
                np.array(offsets) - prompt,
                truncated=len(offsets) >= (self.model.max_seq_length or np.inf),
            )
            for output, offsets in zip(outputs, places, strict=True)
        ]


class _Seen(NamedTuple):
    """A text as the model saw it: its embedding, the last hidden states of its tokens (tokens, dimension), and the
    places of the tokens in the text (tokens, 2); those of the prompt and of special tokens are not after 0."""

    vector: NDArray[np.float32]
    states: NDArray[np.float32]
    offsets: NDArray[np.int64]
    truncated: bool

    def tokens_of(self, span: Span) -> NDArray[np.bool_]:
        """Which tokens overlap ``span``; none when the model's window ends before the span does."""
        starts, ends = self.offsets.T
        if self.truncated and ends.max() < span.end:
            return np.zeros(len(starts), np.bool_)
        inside: NDArray[np.bool_] = (starts < span.end) & (ends > span.start)
        return inside


def _load_model(name: str, revision: str | None, prompts: dict[str, str]) -> "SentenceTransformer":
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
        return SentenceTransformer(name, revision=revision, prompts=prompts or None, local_files_only=local_files_only)

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
        raise ModelError(f"Cannot load the embedding model {name}: {reason}.", _HINT) from exc


def _load_converted(folder: Path) -> "SentenceTransformer":
    """The bundled model from its folder in the cache, which anything may have happened to.

    Raises:
        ModelError: it cannot be loaded, or is not the bundled model.
    """
    model = _load_model(str(folder), None, bundled.PROMPTS)
    vector = model.encode_query(bundled.KNOWN_TEXT, show_progress_bar=False, normalize_embeddings=True)
    if not bundled.is_itself(vector):
        raise ModelError(f"The weights in {folder} are not those of the bundled model.", _HINT)
    return model


def _aligned(model: "SentenceTransformer") -> "SentenceTransformer":
    """The bundled model with the adapters that bring languages together."""
    import torch

    adapters, weights = load_adapters(ALIGNMENT), dict(model[0].named_parameters())
    for name in adapters.changed():
        weight = weights[f"{_BODY}{name}"].data
        weight.copy_(torch.from_numpy(adapters.adapted(name, weight.numpy())))
    return model


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


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """Indexes of texts in batches of like length, so that little is padded."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]), reverse=True)
    for start in range(0, len(order), _BATCH):
        yield order[start : start + _BATCH]


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vector)
    return vector if length == 0 else (vector / length).astype(np.float32)


def _folder_digest(folder: Path) -> str:
    """Digest of a model folder: what its small files say, and the size and samples of the large ones.

    Reading gigabytes would cost every command seconds; other weights differ everywhere, so in the samples too.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in _FINGERPRINTED and path.is_file():
            content = path.read_bytes() if path.stat().st_size < _SMALL else _sampled(path)
            digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + content + b"\0")
    return digest.hexdigest()[:12]


def _sampled(path: Path) -> bytes:
    """The file's size, and ``_SAMPLES`` stretches of it at even distances, the last at its end."""
    size = path.stat().st_size
    with path.open("rb") as file:
        content = [str(size).encode()]
        for number in range(_SAMPLES):
            file.seek((size - _SAMPLE_BYTES) * number // (_SAMPLES - 1))
            content.append(file.read(_SAMPLE_BYTES))
    return b"".join(content)


def _shown(prompt: str | None) -> str:
    return "own" if prompt is None else repr(prompt)
