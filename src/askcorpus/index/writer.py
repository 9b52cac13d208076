"""The writer of a store: documents and notes about files go into the catalog, each change in one step."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from askcorpus.index import catalog, files, schema
from askcorpus.index.damage import damaged
from askcorpus.index.database import Database
from askcorpus.index.files import KnownFile, Withheld
from askcorpus.index.passages import StoredPassage
from askcorpus.types import Document


class Writer:
    """Changes to a store, each of which is complete and durable when the call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shared: sa.Connection | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written inside becomes visible, and lasting, all at once at the end; or, after an error, not at all.

        What one of the calls raises can be caught inside: nothing of that call remains, and the others stand.
        """
        with self._database.writing() as connection:
            self._shared = connection
            try:
                yield
            finally:
                self._shared = None

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        if self._shared is None:
            with self._database.writing() as connection:
                yield connection
        else:
            with self._shared.begin_nested():
                yield self._shared

    def put(self, document: Document, passages: Iterable[StoredPassage], file: str = "") -> None:
        """Write a document in place of what has its origin (or its id): readers see the old one, then the new one.

        The passages of a long document may come from a generator, which keeps few in memory; what that raises passes
        through, and nothing is written then. ``file`` is the path in its origin, where that names a record in a file.

        Raises:
            ReadError: the text is not valid Unicode, or a vector is not finite.
            StorageError: read-only, full or damaged.
        """
        with self._writing() as connection:
            catalog.put(connection, document, passages, file)

    def remove(self, document_ids: Sequence[str]) -> int:
        """Remove documents; returns how many were there. Their files bring them back when they are read again."""
        with self._writing() as connection:
            return catalog.remove(connection, document_ids)

    def withhold(self, document_ids: Sequence[str]) -> int:
        """Remove documents for good: their files will not bring them back. Returns how many of them were there.

        One that is damaged does come back, whole, at the next ingest: to have it anew is why anyone removes it.
        """
        with self._writing() as connection:
            ill = damaged(connection, int(schema.meta(connection)["dimension"]), document_ids)
            files.forget_files_of(connection, ill)
            files.withhold(connection, [name for name in document_ids if name not in ill])
            return catalog.remove(connection, document_ids)

    def restore(self, document_ids: Sequence[str]) -> set[str]:
        """Let the next ingest bring back what was removed for good; returns those of the ids that were."""
        with self._writing() as connection:
            return files.restore(connection, document_ids)

    def keep_out(self, documents: Sequence[Withheld]) -> None:
        """Let documents that are not there stay out."""
        with self._writing() as connection:
            files.keep_out(connection, documents)

    def note_files(self, read: Sequence[KnownFile]) -> None:
        """Keep what was read, in place of what was noted of the same paths."""
        with self._writing() as connection:
            files.note_files(connection, read)

    def forget_files(self, paths: Sequence[str]) -> None:
        """Let these files be read again at the next run."""
        with self._writing() as connection:
            files.forget_files(connection, paths)

    def move_file(self, old: str, new: str) -> None:
        """Let all that is from one file be from another, which has the same bytes."""
        with self._writing() as connection:
            files.move_file(connection, old, new)
