"""Documents that a program sends: as records, or as the bytes of a file, of which nothing is kept but what is in it."""

import hashlib
import shutil
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import NoText, ReadError, StorageError, TooLarge, UsageError
from askcorpus.index.store import KnownDocument, Store
from askcorpus.settings import Settings
from askcorpus.text.characters import clean_line
from askcorpus_ingest.files import UPLOAD, Failure, is_upload, origin_of
from askcorpus_ingest.pipeline import ingest_records
from askcorpus_ingest.readers.dispatch import holds_questions
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.report import Report, Tell
from askcorpus_ingest.worker import FileReader

LONGEST_NAME = 200
MAX_MB = 8
"""A file that is sent is no larger, for it is read while whoever sent it waits."""

MOST_CHARACTERS = 10_000_000
"""So much text is taken of one file, whatever is packed into it: some minutes' work."""

MOST_DOCUMENTS = 10_000
"""So many documents are taken of one file, however short they are: some minutes' work, too."""

_RECORDS = f"{UPLOAD}/records"  # no file's name has a slash
_LONGEST_ENDING = 12
_SENT = "askcorpus-sent-"


def take_records(
    records: Sequence[RawRecord],
    store: Store,
    embeddings: SentenceEmbeddings,
    settings: Settings,
    tell: Tell | None = None,
) -> Report:
    """Put records into the store, each in place of the document that has its id; without one, it gets one.

    ``tell`` is as for `ingest_records`.

    Raises:
        UsageError: an id is too long, or not as it would be stored.
        Busy, StorageError: as `ingest` does.
    """
    for record in records:
        check_id(record.doc_id)
    return ingest_records(map(_placed, records), _RECORDS, store, embeddings, settings, replace=False, tell=tell)


def check_id(document_id: str) -> None:
    """See that a document can have this id; none at all can be had, too.

    Raises:
        UsageError: it cannot.
    """
    if document_id and (clean_line(document_id) != document_id or len(document_id) > LONGEST_NAME):
        raise UsageError("An id is not usable.", f"It is one line of at most {LONGEST_NAME} characters.")


def check_name(name: str) -> str:
    """The name of a file, without folders.

    Raises:
        UsageError: it is none.
    """
    label = clean_line(PurePosixPath(name.replace("\\", "/")).name)
    if not label.strip(". ") or len(name) > LONGEST_NAME:
        raise UsageError("The file has no usable name.", f"Give one of at most {LONGEST_NAME} characters: report.pdf.")
    return label


def take_file(
    name: str,
    content: bytes,
    store: Store,
    embeddings: SentenceEmbeddings,
    settings: Settings,
    tell: Tell | None = None,
) -> Report:
    """Put the documents of a file into the store, in place of all that an earlier one of that name held.

    It is read as `ingest` reads files, within the same limits and beside this process where it could do harm; not
    before it can be written, so that waiting for another who writes costs nothing. The name says what the file is and
    is nothing that is opened. A file of which nothing can be read changes nothing. ``tell`` is as for
    `ingest_records`.

    Raises:
        UsageError: the name is none.
        ReadError: the file cannot be read, or holds no document.
        Busy, StorageError: as `ingest` does.
    """
    label = check_name(name)
    file = f"{UPLOAD}{label}"
    with closing(_documents_of(label, content, settings)) as records:
        return ingest_records(records, file, store, embeddings, settings, replace=True, tell=tell)


def _documents_of(label: str, content: bytes, settings: Settings) -> Generator[RawRecord | Failure]:
    """What is found in a file that was sent.

    Raises:
        ReadError: it cannot be read, or holds no document.
    """
    file = f"{UPLOAD}{label}"
    with _laid_down(f"sent{_ending(label)}", content, settings) as path, FileReader(MAX_MB, settings.fields) as reader:
        if holds_questions(path, MAX_MB):
            raise ReadError(f"{label} holds questions, for askcorpus eval.")
        found = _bounded(_renamed(reader, path, file), file)
        failures: list[Failure] = []
        for one in found:
            if isinstance(one, RawRecord):
                yield from failures
                yield one
                yield from found
                return
            failures.append(one)
    why = failures[0].error if failures else NoText("holds no document")
    raise type(why)(f"{label} {why.message}.")


@contextmanager
def _laid_down(name: str, content: bytes, settings: Settings) -> Iterator[Path]:
    """A file that was sent, while it is read.

    Raises:
        StorageError: it cannot be written.
    """
    with ExitStack() as stack:
        try:
            path = Path(stack.enter_context(_folder(settings))).resolve() / name
            path.write_bytes(content)
        except OSError as exc:
            if exc.errno in (ENOSPC, EDQUOT):
                raise StorageError(
                    "There is no room left for a file that is sent.", "Free some space: nothing is lost."
                ) from exc
            raise StorageError(
                f"A file that is sent cannot be kept ({exc.strerror}).", "Look after the data folder."
            ) from exc
        yield path


def _folder(settings: Settings) -> "TemporaryDirectory[str]":
    """Where a file lies while it is read: in the data folder, where there is one, for a server that is killed leaves it
    there, and what is in it is nobody else's business. Whoever comes next throws it away; one writes at a time."""
    if settings.database is not None or not settings.data.is_dir():
        return TemporaryDirectory(prefix=_SENT)
    for left in settings.data.glob(f"{_SENT}*"):
        shutil.rmtree(left, ignore_errors=True)
    return TemporaryDirectory(prefix=_SENT, dir=settings.data)


def remove(document_ids: Sequence[str], store: Store) -> int:
    """Remove documents for good; returns how many there were. What was sent may come again."""
    there = store.known(document_ids=document_ids)
    kept_out = [one.id for one in there if _may_be_in_a_file(one)]
    others = [one.id for one in there if not _may_be_in_a_file(one)]
    with store.writer() as writer:
        return (writer.remove(others) if others else 0) + (writer.withhold(kept_out) if kept_out else 0)


def _may_be_in_a_file(known: KnownDocument) -> bool:
    """Whether an ingest could bring a document back: a record sent with its own id may stand in a file's place."""
    return not is_upload(known.origin) or known.origin == f"{_RECORDS}#{known.id}"


def _placed(record: RawRecord) -> RawRecord:
    """The record with an origin of its own, by its id or by what it says."""
    content = f"{record.title}\n{record.text}".encode("utf-8", "replace")
    return record._replace(origin=f"{_RECORDS}#{record.doc_id or hashlib.sha256(content).hexdigest()[:16]}")


def _bounded(found: Iterable[RawRecord | Failure], file: str) -> Iterator[RawRecord | Failure]:
    """The same up to `MOST_CHARACTERS` and `MOST_DOCUMENTS`, with those that cannot be read; more is a failure."""
    characters = 0
    for number, one in enumerate(found):
        if isinstance(one, RawRecord):
            characters += len(one.text)
        if characters > MOST_CHARACTERS:
            yield Failure.of(file, TooLarge(f"holds more than {MOST_CHARACTERS:,} characters"))
            return
        if number >= MOST_DOCUMENTS:
            yield Failure.of(file, TooLarge(f"holds more than {MOST_DOCUMENTS:,} documents"))
            return
        yield one


def _renamed(reader: FileReader, path: Path, file: str) -> Iterator[RawRecord | Failure]:
    """What is found in a file, under the name that it was sent by."""
    own = origin_of(path)
    try:
        for found in reader.read(path):
            yield found._replace(origin=file + found.origin.removeprefix(own))
    except ReadError as exc:
        yield Failure.of(file, exc)


def _ending(name: str) -> str:
    """The name's ending where it is a plain one; what a file is, its bytes tell as well."""
    ending = PurePosixPath(name).suffix.lower()
    return ending if ending[1:].isalnum() and ending.isascii() and len(ending) <= _LONGEST_ENDING else ""
