"""The two steps that a Ray cluster does for a run: read and split files, then embed their passages.

Between the steps and back to the run go rows of bytes, each some messages, so that a row is about a batch of passages
and a file of any size flows through, a row at a time. On Python's side a row is a list of the messages below; files
follow each other in the order in which the run asks for them.
"""

import pickle
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import ModelError, ReadError
from askcorpus.index.store import content_hash
from askcorpus_ingest.contexts import Piece, embed
from askcorpus_ingest.engine import BATCH_PASSAGES, BATCH_RECORDS, Prepared, Wanted, digest
from askcorpus_ingest.files import Failure
from askcorpus_ingest.local_engine import LocalEngine
from askcorpus_ingest.passages import split_passages
from askcorpus_ingest.readers.dispatch import holds_questions
from askcorpus_ingest.readers.source import NO_MEMORY

ROW = "row"
"""The column of rows; that of files, before they are read, is `FILE`."""
FILE = "file"

_ROW_CHARS = 500_000
"""A row ends with the document that makes it so long, for documents that are not embedded have no passages in it."""


class Recipe(NamedTuple):
    """What reading and embedding depend on, and no more of the settings than that: they also hold keys.

    ``model`` are the arguments of `SentenceEmbeddings`; ``version`` and ``fingerprint`` are what those who read and
    embed must have in common. Files with bytes of a ``moved`` SHA-256 are not read.
    """

    max_mb: int
    names: Mapping[str, str]
    passage_chars: int
    model: Mapping[str, Any]
    version: str
    fingerprint: str
    moved: frozenset[str] = frozenset()


class Begin(NamedTuple):
    """A file, by its number in the run: its SHA-256, or the ``error`` for which there is none.

    ``size`` is that which the worker ``at`` a machine sees, none where it sees no such file.
    """

    number: int
    sha256: str
    error: ReadError | None
    size: int | None
    at: str


class LongDocument(NamedTuple):
    """A document whose further passages follow in messages of their own."""

    prepared: Prepared


class More(NamedTuple):
    """Further passages of the document before; its title is what they are embedded with."""

    title: str
    pieces: list[Piece]


class End(NamedTuple):
    """The end of a file that was ``read``, or need not be; with the ``error`` that ended it, where one did."""

    read: bool
    error: ReadError | None = None


class Refused(NamedTuple):
    """A worker that does not do the same as the run's own process would, and what to do about it."""

    message: str
    hint: str


class Broken(NamedTuple):
    """The cluster does not work, or no longer."""

    message: str
    hint: str


Message = Begin | Prepared | LongDocument | More | Failure | End | Refused | Broken


def packed(messages: Sequence[Message]) -> bytes:
    """Messages as a row."""
    return pickle.dumps(messages, protocol=pickle.HIGHEST_PROTOCOL)


class Read:
    """The first step: files to rows of split documents. Ray keeps one for many files."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._refused = _other_version(recipe)
        self._engine = LocalEngine(recipe.max_mb, recipe.names)

    def __call__(self, batch: Mapping[str, Iterable[bytes]]) -> Iterator[dict[str, list[bytes]]]:
        """Rows, of files that are each a number and a `Wanted`."""
        for row in _rows(chain.from_iterable(self._messages(*pickle.loads(file)) for file in batch[FILE])):
            yield {ROW: [packed(row)]}

    def _messages(self, number: int, wanted: Wanted) -> Iterator[Message]:
        if self._refused:
            yield self._refused
            return
        sha256, error = "", None
        try:
            size = wanted.path.stat().st_size
        except OSError:
            size = None
        try:
            sha256 = self._engine.sha256(wanted.path)
        except ReadError as exc:
            error = exc
        yield Begin(number, sha256, error, size, socket.gethostname())
        if error or sha256 == wanted.sha256 or sha256 in self._recipe.moved or self._holds_questions(wanted.path):
            yield End(read=False)
            return
        try:
            for some in self._engine.read(wanted.path, wanted.rows):
                for one in some:
                    yield from [one] if isinstance(one, Failure) else self._split(one, wanted.known)
        except ReadError as exc:
            yield End(True, exc)
        except MemoryError:
            yield End(True, ReadError(NO_MEMORY))
        else:
            yield End(read=True)

    def _holds_questions(self, path: Path) -> bool:
        return holds_questions(path, self._recipe.max_mb)

    def _split(self, one: Prepared, known: frozenset[bytes]) -> Iterator[Message]:
        """A document with its passages; without them, where it is in the store as it is or cannot be."""
        document = one.document
        try:
            if digest(document.origin, document.id, content_hash(document)) in known:
                yield one
                return
        except ReadError:  # the run finds that, too, and says so
            yield one
            return
        pieces = (Piece(passage, spans) for passage, spans in split_passages(document, self._recipe.passage_chars))
        first = list(islice(pieces, BATCH_PASSAGES))
        if len(first) < BATCH_PASSAGES:
            yield one._replace(pieces=first)
            return
        yield LongDocument(one._replace(pieces=first))
        while batch := list(islice(pieces, BATCH_PASSAGES)):
            yield More(document.title, batch)


class Embed:
    """The second step: rows of split documents to the same with vectors. Ray keeps one for many rows."""

    def __init__(self, recipe: Recipe) -> None:
        self._refused = _other_version(recipe)
        if not self._refused:
            self._embeddings, self._refused = _model(recipe)

    def __call__(self, batch: Mapping[str, Iterable[bytes]]) -> Iterator[dict[str, list[bytes]]]:
        """Rows, one for each."""
        for row in batch[ROW]:
            yield {ROW: [packed([self._refused] if self._refused else self._embedded(pickle.loads(row)))]}

    def _embedded(self, messages: Sequence[Message]) -> list[Message]:
        titled = list(chain.from_iterable(map(_titled, messages)))
        vectors = iter(embed(self._embeddings, titled))
        return [_with_vectors(message, vectors) for message in messages]


def _rows(messages: Iterable[Message]) -> Iterator[list[Message]]:
    """Messages in rows of about a batch of passages. A long document's first passages end one."""
    row: list[Message] = []
    passages = chars = 0
    for message in messages:
        row.append(message)
        passages += len(_titled(message))
        chars += len(message.document.text) if isinstance(message, Prepared) else 0
        if passages >= BATCH_PASSAGES or len(row) >= BATCH_RECORDS or chars >= _ROW_CHARS:
            yield row
            row, passages, chars = [], 0, 0
    if row:
        yield row


def _titled(message: Message) -> list[tuple[str, Piece]]:
    """The passages of a message, each with its document's title."""
    match message:
        case LongDocument(prepared) | (Prepared() as prepared):
            return [(prepared.document.title, piece) for piece in prepared.pieces or ()]
        case More(title, pieces):
            return [(title, piece) for piece in pieces]
    return []


def _with_vectors(message: Message, vectors: Iterator[Any]) -> Message:
    """The message with the next of the ``vectors`` for each of its passages."""
    pieces = [piece._replace(embedded=next(vectors)) for _, piece in _titled(message)]
    match message:
        case LongDocument(prepared):
            return LongDocument(prepared._replace(pieces=pieces))
        case Prepared() if message.pieces is not None:
            return message._replace(pieces=pieces)
        case More():
            return message._replace(pieces=pieces)
    return message


def _other_version(recipe: Recipe) -> Refused | None:
    here = version("askcorpus")
    if here == recipe.version:
        return None
    message = f"The Ray worker at {socket.gethostname()} has askcorpus {here}, and here is {recipe.version}."
    return Refused(message, "Install the same version on all machines of the cluster.")


def _model(recipe: Recipe) -> tuple[SentenceEmbeddings, Refused | None]:
    """The model, loaded, unless it is another than the run's."""
    try:
        embeddings = SentenceEmbeddings(**recipe.model)
        if embeddings.fingerprint == recipe.fingerprint:
            embeddings.warm_up()
            return embeddings, None
    except ModelError as exc:
        return SentenceEmbeddings(), Refused(f"The Ray worker at {socket.gethostname()}: {exc.message}", exc.hint)
    has, wanted = embeddings.fingerprint, recipe.fingerprint
    message = f"The Ray worker at {socket.gethostname()} has another model: {has}, and here is {wanted}."
    return embeddings, Refused(message, "Put the same model on all machines of the cluster.")
