"""Documents on their way into the store: they wait until they make a batch, and are embedded and written together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import NamedTuple

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import ReadError
from askcorpus.index.store import Store, StoredPassage, Writer
from askcorpus.types import Document
from askcorpus_ingest.contexts import Piece, embed
from askcorpus_ingest.engine import BATCH_PASSAGES
from askcorpus_ingest.file_reading import FileReading
from askcorpus_ingest.files import Failure
from askcorpus_ingest.planned import Planned
from askcorpus_ingest.progress import Progress
from askcorpus_ingest.readers.source import NO_MEMORY
from askcorpus_ingest.report import Tally

BATCH_FILES = 500
"""So many files are noted at once where nothing in them has to be written."""


class _Pending(NamedTuple):
    file: FileReading
    document: Document
    change: str
    passages: list[Piece]


class Writing:
    """What waits to be written, and what the store will hold then (``planned``). Without a writer, it counts."""

    def __init__(
        self, store: Store, writer: Writer | None, embeddings: SentenceEmbeddings, progress: Progress, tally: Tally
    ) -> None:
        self.planned = Planned()
        self._store, self._writer, self._embeddings = store, writer, embeddings
        self._progress, self._tally = progress, tally
        self._pending: list[_Pending] = []
        self._read: list[FileReading] = []

    def done_with(self, file: FileReading) -> None:
        """Note a file as soon as what is pending of it is written."""
        self._read.append(file)
        if len(self._read) >= BATCH_FILES:
            self.flush()

    def line_up(self, file: FileReading, document: Document, change: str, pieces: Iterator[Piece]) -> None:
        """Embed and write what waits once that makes a batch; a long document goes alone."""
        if self._writer is None:
            self._tally.counts[change] += 1
            return
        first = list(islice(pieces, BATCH_PASSAGES))
        if len(first) < BATCH_PASSAGES:
            self._pending.append(_Pending(file, document, change, first))
        if sum(len(waiting.passages) for waiting in self._pending) >= BATCH_PASSAGES:
            self.flush()
        if len(first) == BATCH_PASSAGES:
            self.flush()
            alone = _Pending(file, document, change, [])
            self._write(self._writer, alone, self._stream(chain(first, pieces), document))

    def flush(self) -> None:
        """Embed the passages of all waiting documents, write them, and note the files that are done with."""
        if self._writer is None or not (self._pending or self._read):
            return
        titles = {waiting.document.id: waiting.document.title for waiting in self._pending}
        vectors = self._embed([piece for waiting in self._pending for piece in waiting.passages], titles)
        pending, self._pending = self._pending, []
        read, self._read = self._read, []
        with self._writer.together():
            for waiting in pending:
                self._write(self._writer, waiting, [vectors[piece.passage.id] for piece in waiting.passages])
            self._writer.note_files([file.noted() for file in read])
        self.planned.written()

    def _stream(self, pieces: Iterable[Piece], document: Document) -> Iterator[StoredPassage]:
        """The passages of a long document with their vectors, no more than a batch of them in memory."""
        for batch in _batches(pieces):
            yield from self._embed(batch, {document.id: document.title}).values()

    def _write(self, writer: Writer, waiting: _Pending, passages: Iterable[StoredPassage]) -> None:
        """Put a document into the store, or report it."""
        file, document, change, _ = waiting
        try:
            writer.put(document, passages, file.origin)
            self._tally.counts[change] += 1
        except ReadError as exc:
            file.fail(Failure.of(document.origin, exc))
        except MemoryError:
            file.fail(Failure(document.origin, NO_MEMORY))

    def _embed(self, pieces: Sequence[Piece], titles: Mapping[str, str]) -> dict[str, StoredPassage]:
        """Passages with their vectors, by id and in their order; what the store has already is not embedded again.

        ``titles`` are those of the passages' documents, by document id.
        """
        with self._store.snapshot() as index:
            stored = index.stored([piece.passage.id for piece in pieces])
        ready = {
            piece.passage.id: stored[piece.passage.id]
            for piece in pieces
            if piece.passage.id in stored and stored[piece.passage.id].sentences == piece.sentences
        }
        for batch in _batches(piece for piece in pieces if piece.passage.id not in ready):
            bare = [piece for piece in batch if piece.embedded is None]
            made = iter(embed(self._embeddings, [(titles[piece.passage.document_id], piece) for piece in bare]))
            for piece in batch:
                vector, sentence_vectors = piece.embedded or next(made)
                ready[piece.passage.id] = StoredPassage(piece.passage, vector, piece.sentences, sentence_vectors)
            self._progress.embedded(len(batch))
        return {piece.passage.id: ready[piece.passage.id] for piece in pieces}


def _batches(pieces: Iterable[Piece]) -> Iterator[Sequence[Piece]]:
    waiting = iter(pieces)
    while batch := list(islice(waiting, BATCH_PASSAGES)):
        yield batch
