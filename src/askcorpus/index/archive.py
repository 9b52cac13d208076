"""Export and import of a whole index as one file, between any databases, without embedding anything again.

The file is JSON Lines, compressed by gzip. The first line is the `Head`. Then comes each document, followed by its
passages with their vectors (base64 of little-endian float32 and float16); then what was read from each file, and which
documents were removed for good. The last line is the `End`, with the SHA-256 of all lines before it: a file without it
is not whole. Conversations, keys and feedback are not part of an index, and are not exported.
"""

import base64
import gzip
import hashlib
import json
import os
import uuid
import zlib
from binascii import Error as NotBase64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import IntegrityError

from askcorpus.errors import IndexMismatch, ReadError, StorageError, UsageError
from askcorpus.index.damage import are_units
from askcorpus.index.files import KnownFile, Withheld
from askcorpus.index.store import Progress, Snapshot, Store, StoredPassage, Writer
from askcorpus.types import Document, Passage, Span

FORMAT = 1

LONGEST = 512_000_000
"""Bytes of the longest line: a document's text. What is longer is refused, for a line is held in memory."""

LONGEST_HEAD = 100_000
"""The same of the first line, which is taken apart before the checksum says that somebody wrote it in earnest."""

TOLD_EVERY = 200
"""Documents after which progress is told."""

_T = TypeVar("_T", bound=BaseModel)


class Counts(NamedTuple):
    """How much went into a file, or came out of it."""

    documents: int
    passages: int


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Head(_Line):
    """The first line: what the vectors and passages were made with, and how much follows."""

    askcorpus: Literal["export"] = "export"
    format: int = FORMAT
    fingerprint: str
    dimension: int = Field(ge=1)
    documents: int = Field(ge=0)
    passages: int = Field(ge=0)


class _Document(_Line):
    kind: Literal["document"] = "document"
    document: Document
    file: str


class _Passage(_Line):
    kind: Literal["passage"] = "passage"
    id: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    vector: str
    sentences: tuple[tuple[int, int], ...]
    sentence_vectors: str


class _File(_Line):
    kind: Literal["file"] = "file"
    file: KnownFile


class _Withheld(_Line):
    kind: Literal["withheld"] = "withheld"
    withheld: Withheld


class End(_Line):
    """The last line: what came before it."""

    kind: Literal["end"] = "end"
    sha256: str


# --- writing ---


def export_index(store: Store, path: Path, progress: Progress) -> Counts:
    """Write all of the store's state at this moment to ``path``, in place of what is there once it is whole.

    Raises:
        NothingIngested: there is no document.
        StorageError: the store cannot be read, or the file not be written.
        UsageError: a document is too long for one line.
    """
    with store.snapshot() as index:
        info = index.filled()
        head = Head(
            fingerprint=store.fingerprint, dimension=store.dimension, documents=info.documents, passages=info.passages
        )
        with _whole_file(path) as raw, gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as file:
            digest = hashlib.sha256()
            for line in _lines(index, head, progress):
                digest.update(line)
                file.write(line)
            file.write(_line(End(sha256=digest.hexdigest())))
    return Counts(info.documents, info.passages)


def _lines(index: Snapshot, head: Head, progress: Progress) -> Iterator[bytes]:
    yield _line(head)
    for done, (document, file, passages) in enumerate(index.contents()):
        if not done % TOLD_EVERY:
            progress("documents", done, head.documents)
        line = _line(_Document(document=document, file=file))
        if len(line) > LONGEST:
            raise UsageError(f"Document {document.id} is too long for an export.", "Back up the data folder instead.")
        yield line
        yield from map(_passage_line, passages)
    progress("documents", head.documents, head.documents)
    for known in index.known_files():
        yield _line(_File(file=known))
    for one in index.withheld():
        yield _line(_Withheld(withheld=one))


def _line(line: _Line) -> bytes:
    return line.model_dump_json().encode() + b"\n"


def _passage_line(stored: StoredPassage) -> bytes:
    passage, vector, sentences, sentence_vectors = stored
    values = {
        "kind": "passage",
        "id": passage.id,
        "start": passage.start,
        "end": passage.end,
        "vector": _text(vector.astype("<f4")),
        "sentences": sentences,
        "sentence_vectors": _text(sentence_vectors.astype("<f2")),
    }
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _text(array: NDArray[Any]) -> str:
    return base64.b64encode(array.tobytes()).decode()


@contextmanager
def _whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that stands at ``path`` once it is whole and on the disk, its owner's alone; else nothing has happened."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        try:
            draft.touch(0o600, exist_ok=False)
            with draft.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as exc:
        raise StorageError(
            f"{path} cannot be written ({exc.strerror or exc}).", "Choose another file, or free some space."
        ) from exc


# --- reading ---


def import_index(store: Store, path: Path, progress: Progress, *, merge: bool = False) -> Counts:
    """Put all that the file holds into the store, all at once at the end; after any error, nothing.

    With ``merge`` the store may hold documents already; those of the same id or origin are replaced.

    Raises:
        ReadError: the file is no export, is not whole, or was changed; or cannot be read.
        IndexMismatch: it was made with another fingerprint, or by a newer version.
        UsageError: the store holds documents already.
        Busy, StorageError: as `Store.writer`.
    """
    head = _check(path, store, progress)
    with store.writer(progress) as writer:
        held = store.info().documents
        if held and not merge:
            raise UsageError(
                f"There are {held} documents in {store.home.short} already.",
                f"Import into {store.home.other}, or add to these with --merge.",
            )
        with writer.together(), _lines_of(path) as lines:
            try:
                _put(writer, _Parsed(path, lines), head, progress)
            except (ValueError, OverflowError, IntegrityError) as exc:  # it was made so: the checksum is right
                raise _spoilt(path) from exc
    return Counts(head.documents, head.passages)


def _head(path: Path, line: bytes) -> Head:
    try:
        made = json.loads(line)
        if isinstance(made, dict) and made.get("askcorpus") == "export" and made.get("format", 0) > FORMAT:
            raise IndexMismatch(f"{path} was made by a newer version of askcorpus.", "Update askcorpus.")
        return Head.model_validate(made)
    except (ValueError, TypeError, RecursionError) as exc:
        raise ReadError(f"{path} is not an export of askcorpus.", "Name a file that askcorpus export wrote.") from exc


def _check(path: Path, store: Store, progress: Progress) -> Head:
    """Check that the file is for this store, and whole. Reads all of it, and keeps nothing."""
    with _lines_of(path) as lines:
        line = next(lines, b"")
        if len(line) > LONGEST_HEAD:
            raise _spoilt(path)
        head = _head(path, line)
        if (head.fingerprint, head.dimension) != (store.fingerprint, store.dimension):
            raise IndexMismatch(
                f"{path} was made with {head.fingerprint}, the settings now are {store.fingerprint}.",
                "Set them to what it was made with.",
            )
        digest = hashlib.sha256()
        documents = 0
        while following := next(lines, b""):
            digest.update(line)
            line = following
            if line.startswith(b'{"kind":"document"'):
                documents += 1
                if not documents % TOLD_EVERY:
                    progress("checking", documents, head.documents)
    if _parsed(path, End, line).sha256 != digest.hexdigest():
        raise _spoilt(path)
    return head


@contextmanager
def _lines_of(path: Path) -> Iterator[Iterator[bytes]]:
    """The lines of the file, each as bytes, ended by one that is empty."""
    try:
        with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) as file:
            yield iter(lambda: _read(file, path), b"")
    except (gzip.BadGzipFile, EOFError, zlib.error) as exc:
        raise _spoilt(path) from exc
    except OSError as exc:
        raise ReadError(
            f"{path} cannot be read ({exc.strerror or exc}).", "Name a file that askcorpus export wrote."
        ) from exc


def _read(file: gzip.GzipFile, path: Path) -> bytes:
    line = file.readline(LONGEST + 1)
    if len(line) > LONGEST:
        raise _spoilt(path)
    return line


def _spoilt(path: Path) -> ReadError:
    return ReadError(f"{path} is no export of askcorpus, or not whole.", "Export again: nothing was changed here.")


def _parsed(path: Path, kind: type[_T], line: bytes) -> _T:
    try:
        return kind.model_validate_json(line)
    except ValidationError as exc:
        raise _spoilt(path) from exc


class _Parsed:
    """The lines after the first, one by one, as what they must be."""

    def __init__(self, path: Path, lines: Iterator[bytes]) -> None:
        self._path, self._lines = path, lines
        self.passages = 0
        next(lines)  # the head
        self._line = next(lines, b"")

    def is_a(self, kind: str) -> bool:
        """Whether that is what comes next."""
        return self._line.startswith(b'{"kind":"%s"' % kind.encode())

    def take(self, kind: type[_T]) -> _T:
        """What comes next."""
        found = _parsed(self._path, kind, self._line)
        self._line = next(self._lines, b"")
        return found


def _put(writer: Writer, lines: _Parsed, head: Head, progress: Progress) -> None:
    documents = 0
    while lines.is_a("document"):
        told = lines.take(_Document)
        writer.put(told.document, _passages(lines, told.document, head.dimension), told.file)
        documents += 1
        if not documents % TOLD_EVERY:
            progress("documents", documents, head.documents)
    while lines.is_a("file"):
        writer.note_files([lines.take(_File).file])
    kept_out = []
    while lines.is_a("withheld"):
        kept_out.append(lines.take(_Withheld).withheld)
    writer.keep_out(kept_out)
    lines.take(End)
    if (documents, lines.passages) != (head.documents, head.passages):
        raise ValueError(f"{documents} documents and {lines.passages} passages")


def _passages(lines: _Parsed, document: Document, dimension: int) -> Iterator[StoredPassage]:
    while lines.is_a("passage"):
        yield _stored(lines.take(_Passage), document, dimension)
        lines.passages += 1


def _stored(line: _Passage, document: Document, dimension: int) -> StoredPassage:
    """The passage as it was. Raises ValueError where that cannot be one of the document."""
    start, end, spans = line.start, line.end, line.sentences
    if not (start <= end <= len(document.text) and all(start <= a <= b <= end for a, b in spans)):
        raise ValueError(f"passage {line.id} lies outside of its document")
    vector = _vectors(line.vector, "<f4", 1, dimension)[0].astype(np.float32)
    sentence_vectors = _vectors(line.sentence_vectors, "<f2", len(spans), dimension).astype(np.float16)
    passage = Passage(id=line.id, document_id=document.id, text=document.text[start:end], start=start, end=end)
    return StoredPassage(passage, vector, tuple(Span(*span) for span in spans), sentence_vectors)


def _vectors(text: str, kind: str, rows: int, dimension: int) -> NDArray[Any]:
    try:
        stored = base64.b64decode(text, validate=True)
    except NotBase64 as exc:
        raise ValueError("a vector is not base64") from exc
    if not are_units(stored, np.dtype(kind), rows, dimension):
        raise ValueError("a vector is not of unit length")
    return np.frombuffer(stored, kind).reshape(rows, dimension)
