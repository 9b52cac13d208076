"""The engine that needs nothing: files are read here, or in a process beside, one after the other."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from askcorpus.errors import ReadError
from askcorpus_ingest.documents import read_document
from askcorpus_ingest.engine import BATCH_RECORDS, Prepared, Wanted
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import NO_MEMORY, Source
from askcorpus_ingest.sidecar import Row, told
from askcorpus_ingest.worker import FileReader


class LocalEngine:
    """Reads files when it is asked for them, and leaves it to the run to embed them."""

    def __init__(self, max_mb: int, names: Mapping[str, str]) -> None:
        """``max_mb`` and ``names`` are the settings ``max_file_mb`` and ``fields``."""
        self._max_mb, self._names = max_mb, names
        self._reader = FileReader(max_mb, names)

    def __enter__(self) -> Self:
        self._reader.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._reader.__exit__(kind, error, at)

    def begin(self, files: Iterable[Wanted], moved: Collection[str]) -> None:
        """Nothing: no file is read ahead."""

    def sha256(self, path: Path) -> str:
        """As `Engine.sha256`."""
        try:
            return Source(path, self._max_mb).sha256()
        except OSError as exc:
            raise ReadError(f"cannot be read: {exc.strerror}") from exc

    def read(self, path: Path, rows: Mapping[str, Row]) -> Iterator[Sequence[Prepared | Failure]]:
        """As `Engine.read`."""
        records = self._reader.read(path)
        while some := list(islice(records, BATCH_RECORDS)):
            yield [prepared(record, rows, self._names) for record in some]


def prepared(record: RawRecord | Failure, rows: Mapping[str, Row], names: Mapping[str, str]) -> Prepared | Failure:
    """A record as the document that it is, ``rows`` being what tables say of its file."""
    if isinstance(record, Failure):
        return record
    try:
        document, doubts = read_document(told(record, rows, names))
    except ReadError as exc:
        return Failure.of(record.origin, exc)
    except MemoryError:
        return Failure(record.origin, NO_MEMORY)
    return Prepared(document, doubts, bool(record.doc_id))
