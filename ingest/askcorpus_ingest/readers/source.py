"""What a reader reads: the bytes of one file, of one state of it, and no more of them than is allowed."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from askcorpus.errors import ReadError
from askcorpus_ingest.files import origin_of

MEGABYTE = 1_000_000
NO_MEMORY = "is too large for the memory that is left"
CHANGED = "changed while it was read"


class Source(NamedTuple):
    """An ordinary file, and how many million bytes of it are read at once (the setting ``max_file_mb``)."""

    path: Path
    max_mb: int

    @property
    def origin(self) -> str:
        """What its documents are known by."""
        return origin_of(self.path)

    @property
    def max_bytes(self) -> int:
        """The most bytes that are read at once."""
        return self.max_mb * MEGABYTE

    def too_large(self) -> ReadError:
        """The error for more than that."""
        return ReadError(f"is larger than {self.max_mb} MB (the setting max_file_mb)")

    @contextmanager
    def opened(self) -> Iterator[BufferedReader]:
        """The file, which is an ordinary one: a pipe that has taken its place since it was found could block for ever.

        Raises:
            ReadError: it is no ordinary file.
            OSError: it cannot be opened.
        """
        with open(
            self.path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))
        ) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ReadError("is no ordinary file")
            yield file

    def sha256(self) -> str:
        """That of all its bytes, however many, as hex digits. Raises as `opened` does."""
        with self.opened() as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def content(self) -> bytes:
        """All its bytes, of one state of it.

        Raises:
            ReadError: there are too many, it changed while it was read, or it is no ordinary file.
            OSError: it cannot be read.
        """
        with self.opened() as file:
            before = os.fstat(file.fileno())
            if before.st_size > self.max_bytes:
                raise self.too_large()
            data = file.read(before.st_size + 1)
            after = os.fstat(file.fileno())
        if (len(data), after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise ReadError(CHANGED)
        return data
