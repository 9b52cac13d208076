"""What reads the files of a run, and may embed them: the protocol between the run, which alone knows the store and
writes to it, and whoever works for it."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from askcorpus.types import Document
from askcorpus_ingest.contexts import Piece
from askcorpus_ingest.files import Failure
from askcorpus_ingest.sidecar import Row

BATCH_PASSAGES = 64
"""Passages are embedded in batches of about so many, however many documents those come from."""

BATCH_RECORDS = 100
"""So many records of a file are looked up at once."""


class Prepared(NamedTuple):
    """A record as a document, with what its file says of it that was not believed (``doubts``).

    ``chosen`` tells whether the record named its id. ``pieces`` are its passages where the engine split and embedded
    it; they are gone once they were gone through, and with the next record.
    """

    document: Document
    doubts: tuple[str, ...]
    chosen: bool
    pieces: Iterable[Piece] | None = None


class Wanted(NamedTuple):
    """A file that a run is going to take up: what the tables say of it (``rows``), and what is known of it.

    With bytes of that ``sha256`` it need not be read, and the documents that `engine.digest` gives ``known`` digests
    of need not be embedded.
    """

    path: Path
    rows: Mapping[str, Row]
    sha256: str
    known: frozenset[bytes]


class Engine(Protocol):
    """Reads the files of one run. It is asked for them in their order, and perhaps not for all."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...

    def begin(self, files: Iterable[Wanted], moved: Collection[str]) -> None:
        """These are going to be asked for, in this order; what has one of the ``moved`` SHA-256 need not be read."""

    def sha256(self, path: Path) -> str:
        """That of the file's bytes as hex digits, before they are read.

        Raises:
            ReadError: it cannot be opened.
        """

    def read(self, path: Path, rows: Mapping[str, Row]) -> Iterator[Sequence[Prepared | Failure]]:
        """The documents of the file, of which tables say ``rows``, some at a time, and what is wrong in it.

        Raises:
            NotRead: it is of a kind that is not read.
            ReadError: the file as a whole cannot be read, or not to its end.
        """


def digest(origin: str, document_id: str, sha256: str) -> bytes:
    """What a document, by the hash of its content, is known as in `Wanted`."""
    return hashlib.sha256("\0".join((origin, document_id, sha256)).encode()).digest()[:12]
