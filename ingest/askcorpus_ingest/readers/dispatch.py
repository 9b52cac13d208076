"""Which reader reads a file."""

from collections.abc import Iterator
from pathlib import Path

from askcorpus.errors import ReadError
from askcorpus.settings import MAX_FILE_MB
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.html import read_html
from askcorpus_ingest.readers.jsonl import first_record, read_jsonl
from askcorpus_ingest.readers.markdown import read_markdown
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.readers.text import read_text

_READERS = {
    ".htm": read_html,
    ".html": read_html,
    ".jsonl": read_jsonl,
    ".md": read_markdown,
    ".txt": read_text,
}


def read_file(path: Path, max_mb: int = MAX_FILE_MB) -> Iterator[RawRecord | Failure]:
    """The records of one file, one at a time; a record that cannot be used comes as a ``Failure``.

    No file of more than ``max_mb`` million bytes is read, and no such line of a .jsonl file.

    Raises:
        ReadError: the file as a whole cannot be read: it is gone, locked, empty, too large, no text, or of an unknown
            ending.
    """
    ending = path.suffix.lower()
    if ending not in _READERS:
        raise ReadError(f"has an ending that is not read ({ending or 'none'})")
    try:
        yield from _READERS[ending](Source(path, max_mb))
    except OSError as exc:
        raise ReadError(f"cannot be read: {exc.strerror}") from exc


def holds_questions(path: Path, max_mb: int = MAX_FILE_MB) -> bool:
    """Whether the file is a set of questions (for `askcorpus eval`) and none of documents, by its first record.

    A file that cannot be read holds none: reading it as documents will say why.
    """
    if path.suffix.lower() != ".jsonl":
        return False
    try:
        record = first_record(Source(path, max_mb))
    except (OSError, ReadError, MemoryError):
        return False
    return "question" in record and not {"text", "title"} & record.keys()
