"""What a reader reads: the bytes of a file or of a part of one, and no more of them than is allowed."""

import errno
import hashlib
import os
import stat
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from gzip import GzipFile
from pathlib import Path, PurePath
from typing import IO, BinaryIO

from askcorpus.errors import ReadError, TooLarge
from askcorpus.text.characters import printable
from askcorpus_ingest.files import origin_of

MEGABYTE = 1_000_000
NO_MEMORY = "is too large for the memory that is left"
CHANGED = "changed while it was read"
MOST_EXPANSION = 100
"""What is packed into a file may be so many times its size, or `LEAST_EXPANDED` files of the largest size allowed."""
LEAST_EXPANDED = 20
MOST_PARTS = 100_000
"""Parts of one file (members of archives, attachments) that are read."""
MOST_COMPARED = 1000
"""A file so many times the size that is read at once is left alone: it would take hours, and is a mistake."""
MOST_DEPTH = 4
"""Archives inside each other that are opened."""

_COPIED_AT_ONCE = 1 << 20
_KEPT_IN_MEMORY = 8 * MEGABYTE
_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", os.O_RDONLY)
"""To go through a folder, for which it need not be readable."""


@dataclass
class Limits:
    """What is left to all parts of one file together, and which of them are not to be read again.

    ``names`` are what the user says that fields of records are called; ``avoid`` are the origins of parts that ended
    the process which read them; ``begin`` is told of each part before it is read.
    """

    bytes_left: int = 0
    parts_left: int = MOST_PARTS
    names: Mapping[str, str] = field(default_factory=dict)
    avoid: frozenset[str] = frozenset()
    begin: Callable[[str], None] = lambda _origin: None
    named: Counter[str] = field(default_factory=Counter)

    def own_name(self, origin: str) -> str:
        """The origin, told from that of an earlier part of the same name."""
        self.named[origin] += 1
        return origin if self.named[origin] == 1 else f"{origin}~{self.named[origin]}"


@dataclass(frozen=True)
class Source:
    """An ordinary file, and how many million bytes of it are read at once (the setting ``max_file_mb``)."""

    path: PurePath
    max_mb: int
    limits: Limits = field(default_factory=Limits)
    depth: int = 0

    @classmethod
    def of(cls, path: Path, max_mb: int, limits: Limits) -> "Source":
        """The file, with ``limits`` for what is packed into it set by its size."""
        size = path.stat().st_size
        limits.bytes_left = max(MOST_EXPANSION * size, LEAST_EXPANDED * max_mb * MEGABYTE)
        return cls(path, max_mb, limits)

    @cached_property  # asked for once a record, of which a file may hold a hundred thousand
    def origin(self) -> str:
        """What its documents are known by."""
        return origin_of(Path(self.path))

    @property
    def max_bytes(self) -> int:
        """The most bytes that are read at once."""
        return self.max_mb * MEGABYTE

    def too_large(self) -> TooLarge:
        """The error for more than that."""
        return TooLarge(f"is larger than {self.max_mb} MB (the setting max_file_mb)")

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file, which is an ordinary one: a pipe that has taken its place since it was found could block for ever,
        and a link would lead to what is not to be read.

        Raises:
            ReadError: it is no ordinary file.
            OSError: it cannot be opened.
        """
        with open(self.path, "rb", opener=_opened_without_links) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ReadError("is no ordinary file")
            yield file

    def head(self, size: int) -> bytes:
        """Its first bytes, no more than ``size``."""
        with self.opened() as file:
            return file.read(size)

    def sha256(self) -> str:
        """That of all its bytes, however many, as hex digits.

        Raises:
            ReadError: there are so many that no part of them is read either; or as `opened` does.
        """
        found = hashlib.sha256()
        with self.opened() as file:
            if os.fstat(file.fileno()).st_size > MOST_COMPARED * self.max_bytes:
                raise self.too_large()
            while block := file.read(_COPIED_AT_ONCE):
                found.update(block)
        return found.hexdigest()

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

    def part(self, name: str, packed: IO[bytes] | GzipFile) -> "Part":
        """What is packed into this under a name, unpacked beside it and not where the name says.

        Raises:
            ReadError: it, or all that was unpacked so far, is too much.
        """
        unpacked = tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY)  # noqa: SIM115 - the part closes it
        while block := packed.read(_COPIED_AT_ONCE):
            self.limits.bytes_left -= len(block)
            if self.limits.bytes_left < 0:
                unpacked.close()
                raise TooLarge("holds too much for its size, as made to fill a disk")
            unpacked.write(block)
        origin = self.limits.own_name(f"{self.origin}#{printable(name)}")
        return Part(PurePath(name), self.max_mb, self.limits, self.depth + 1, origin, unpacked)


def _opened_without_links(name: str, usual: int) -> int:
    """A descriptor of a file, by a way on which no link is followed: a file or folder on it may have been exchanged for
    one after it was found, and could be at any instant between a look at it and its opening.

    Raises:
        ReadError: there is a link on the way, or a file in a folder's place.
        OSError: it cannot be opened.
    """
    flags = usual | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    path = Path(name)
    if os.open not in os.supports_dir_fd or not path.is_absolute():
        return os.open(name, flags)
    folder = os.open(path.anchor, _FOLDER)
    try:
        for part in path.parts[1:-1]:
            inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(path.name, flags, dir_fd=folder)
    except OSError as exc:
        if exc.errno in (errno.ELOOP, errno.ENOTDIR):
            raise ReadError("was exchanged for something else after it was found") from exc
        raise
    finally:
        os.close(folder)


@dataclass(frozen=True)
class Part(Source):
    """A part of a file: a member of an archive, an attachment. ``path`` is its name only."""

    whole_name: str = ""
    unpacked: tempfile.SpooledTemporaryFile[bytes] | None = None

    @property
    def origin(self) -> str:
        """The file, and its name in it."""
        return self.whole_name

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Its bytes from the first on."""
        assert self.unpacked is not None
        self.unpacked.seek(0)
        yield self.unpacked  # type: ignore[misc]

    def content(self) -> bytes:
        """All its bytes. Raises ReadError where there are too many."""
        with self.opened() as file:
            data = file.read(self.max_bytes + 1)
        if len(data) > self.max_bytes:
            raise self.too_large()
        return data

    def renamed(self, origin: str) -> "Part":
        """The same part, known by another name."""
        return replace(self, whole_name=origin)

    def close(self) -> None:
        """Give back what it takes."""
        if self.unpacked is not None:
            self.unpacked.close()
