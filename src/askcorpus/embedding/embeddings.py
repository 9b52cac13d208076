"""Texts to vectors: with the bundled model, which needs no download, or any sentence-transformers model.

Besides one vector a passage there is one for each of its sentences, read from the same forward pass: late chunking
(Günther et al. 2024, "Late Chunking: Contextual Chunk Embeddings Using Long-Context Embedding Models"). A sentence's
vector is the mean of its tokens' last hidden states, so it reflects the sentences around it.
"""

import asyncio
import hashlib
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from askcorpus.embedding import bundled_model as bundled
from askcorpus.embedding.adapters import ALIGNMENT, load_adapters
from askcorpus.embedding.bundled_embedder import BundledEmbedder
from askcorpus.embedding.sentence_transformer import BATCH, HINT, SentenceTransformerModel
from askcorpus.embedding.text_model import TextModel, unit
from askcorpus.errors import ModelError
from askcorpus.settings import BUNDLED_MODEL, Settings
from askcorpus.text.characters import encodable
from askcorpus.types import Span

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
else:
    Embeddings = object  # which `langchain_adapters` registers it as: LangChain takes a tenth of a question's start

_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
_SMALL = 1_000_000  # bytes up to which a model's file is part of its fingerprint as a whole
_SAMPLES, _SAMPLE_BYTES = 16, 65_536
_FINGERPRINTED = {".json", ".txt", ".model", ".safetensors", ".bin", ".onnx"}


class EmbeddedText(NamedTuple):
    """A text's vectors, all of unit length: ``vector`` (dimension,) and ``sentences`` (number of spans, dimension)."""

    vector: NDArray[np.float32]
    sentences: NDArray[np.float16]


class SentenceEmbeddings(Embeddings):
    """A model behind LangChain's interface. All vectors have unit length.

    Constructing it is cheap: the model is loaded at the first use (or by :meth:`warm_up`). Safe to share between
    threads.

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
            raise ModelError(f"There is no model folder {name}.", HINT)
        self.name = name
        self.revision = revision
        self._query_prompt = query_prompt
        self._passage_prompt = passage_prompt
        self._model: TextModel | None = None
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
        """Everything the vectors depend on: vectors of the same fingerprint can be mixed. Does not load the model."""
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
        vector: list[float] = self._loaded().encode([encodable(text)], "query")[0].tolist()
        return vector

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors of passages, in their order."""
        vectors: list[list[float]] = self.embed_sentences(texts).tolist()
        return vectors

    async def aembed_query(self, text: str) -> list[float]:
        """The same beside other work."""
        return await asyncio.to_thread(self.embed_query, text)

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """The same beside other work."""
        return await asyncio.to_thread(self.embed_documents, texts)

    def embed_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors (number of texts, dimension) of texts, each embedded alone, as passages."""
        model = self._loaded()
        vectors = np.empty((len(texts), model.dimension), np.float32)
        for batch in _batches(texts):
            vectors[batch] = model.encode([encodable(texts[i]) for i in batch], "passage")
        return vectors

    def embed_passages(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[EmbeddedText]:
        """For each text its vector, and one for each of its ``spans`` (offsets into that text), in one forward pass.

        A span beyond the model's window (512 tokens for the bundled one) is embedded alone instead; so is every span if
        the model does not average its tokens, or its tokenizer does not give their offsets.
        """
        if self._loaded().averages_tokens:
            vectors, sentences, alone = self._chunk_late(texts, spans)
        else:
            vectors = self.embed_sentences(texts)
            alone = [(i, j) for i, own in enumerate(spans) for j in range(len(own))]
            sentences = [np.empty((len(own), self.dimension), np.float32) for own in spans]
        read_alone = self.embed_sentences([texts[i][slice(*spans[i][j])] for i, j in alone])
        for (i, j), vector in zip(alone, read_alone, strict=True):
            sentences[i][j] = vector
        return [EmbeddedText(v, s.astype(np.float16)) for v, s in zip(vectors, sentences, strict=True)]

    def _chunk_late(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]], list[tuple[int, int]]]:
        """Vectors of texts and spans, and which (text, span) are left to be embedded alone."""
        model = self._loaded()
        vectors = np.empty((len(texts), model.dimension), np.float32)
        sentences = [np.empty((len(own), model.dimension), np.float32) for own in spans]
        alone: list[tuple[int, int]] = []
        for batch in _batches(texts):
            for i, seen in zip(batch, model.see([encodable(texts[i]) for i in batch]), strict=True):
                vectors[i] = unit(seen.vector)
                for j, span in enumerate(spans[i]):
                    tokens = seen.tokens_of(span)
                    if tokens.any():
                        sentences[i][j] = unit(seen.states[tokens].mean(axis=0))
                    else:
                        alone.append((i, j))
        return vectors, sentences, alone

    def _loaded(self) -> TextModel:
        with self._loading:
            if self._model is None:
                self._model = self._load()
            return self._model

    def _load(self) -> TextModel:
        if self.name == BUNDLED_MODEL:
            return BundledEmbedder(self._query_prompt, self._passage_prompt)
        return SentenceTransformerModel(self.name, self.revision, self._query_prompt, self._passage_prompt)


def load_embeddings(settings: Settings) -> SentenceEmbeddings:
    """The embeddings that the settings name; cheap, see :class:`SentenceEmbeddings`."""
    return SentenceEmbeddings(
        settings.embedding_model,
        revision=settings.embedding_revision,
        query_prompt=settings.query_prompt,
        passage_prompt=settings.passage_prompt,
    )


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """Indexes of texts in batches of similar length, so that there is little padding."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]), reverse=True)
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def _folder_digest(folder: Path) -> str:
    """Digest of a model folder: the content of its small files, and the size and samples of the large ones.

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
