"""Which reader reads a file, and what is packed into it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from askcorpus.errors import NotRead, ReadError, TooLarge
from askcorpus.settings import MAX_FILE_MB
from askcorpus_ingest.files import Failure, PassedOver, origin_of
from askcorpus_ingest.readers.archives import read_compressed, read_tar, read_zip
from askcorpus_ingest.readers.bibtex import read_bibtex
from askcorpus_ingest.readers.csv import has_question_column, read_csv
from askcorpus_ingest.readers.docx import read_docx
from askcorpus_ingest.readers.epub import read_epub
from askcorpus_ingest.readers.html import read_html
from askcorpus_ingest.readers.ics import read_ics
from askcorpus_ingest.readers.json import read_json
from askcorpus_ingest.readers.jsonl import first_record, read_jsonl
from askcorpus_ingest.readers.mail import read_mail, read_mailbox
from askcorpus_ingest.readers.markdown import read_markdown
from askcorpus_ingest.readers.odt import read_odt
from askcorpus_ingest.readers.ole import read_ole
from askcorpus_ingest.readers.pdf import read_pdf
from askcorpus_ingest.readers.pptx import read_pptx
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.ris import read_ris
from askcorpus_ingest.readers.rtf import read_rtf
from askcorpus_ingest.readers.sheets import read_sheets
from askcorpus_ingest.readers.sniff import kind_of, outer_kind
from askcorpus_ingest.readers.source import MOST_DEPTH, MOST_PARTS, NO_MEMORY, Limits, Part, Source
from askcorpus_ingest.readers.subtitles import read_subtitles
from askcorpus_ingest.readers.text import read_text
from askcorpus_ingest.readers.whatsapp import read_whatsapp
from askcorpus_ingest.readers.xml import read_xml

_READERS: dict[str, Callable[[Source], Iterator[RawRecord | Failure | Part]]] = {
    "bibtex": read_bibtex,
    "compressed": read_compressed,
    "csv": read_csv,
    "docx": read_docx,
    "epub": read_epub,
    "html": read_html,
    "ics": read_ics,
    "json": read_json,
    "jsonl": read_jsonl,
    "mail": read_mail,
    "mailbox": read_mailbox,
    "markdown": read_markdown,
    "odt": read_odt,
    "ole": read_ole,
    "pdf": read_pdf,
    "pptx": read_pptx,
    "ris": read_ris,
    "rtf": read_rtf,
    "sheets": read_sheets,
    "subtitles": read_subtitles,
    "tar": read_tar,
    "text": read_text,
    "whatsapp": read_whatsapp,
    "xml": read_xml,
    "zip": read_zip,
}


def read_file(path: Path, max_mb: int = MAX_FILE_MB, limits: Limits | None = None) -> Iterator[RawRecord | Failure]:
    """The records of one file, one at a time; a record that cannot be used comes as a ``Failure``.

    No file of more than ``max_mb`` million bytes is read, and no such line of a .jsonl file, but of archives all that
    is packed into them, as far as ``limits`` allow.

    Raises:
        NotRead: it is of a kind that is not read.
        ReadError: the file as a whole cannot be read: it is gone, locked, empty, too large, encrypted, broken, or not
            what its ending says.
    """
    try:
        yield from _read(Source.of(path, max_mb, limits or Limits()))
    except OSError as exc:
        raise ReadError(f"cannot be read: {exc.strerror}") from exc


def _read(source: Source) -> Iterator[RawRecord | Failure]:
    for found in _READERS[kind_of(source)](source):
        if isinstance(found, Part):
            with closing(found):
                yield from _read_part(found)
        else:
            yield found


def _read_part(part: Part) -> Iterator[RawRecord | Failure]:
    """The records of a part, whose failure is its own and not that of the whole file.

    Raises:
        ReadError: there are too many parts.
    """
    limits = part.limits
    limits.parts_left -= 1
    if limits.parts_left < 0:
        raise TooLarge(f"holds more than {MOST_PARTS} files")
    if part.origin in limits.avoid:
        return
    limits.begin(part.origin)
    try:
        if part.depth > MOST_DEPTH:
            raise ReadError(f"lies in more than {MOST_DEPTH} archives")
        yield from _read(part)
    except NotRead as exc:
        yield PassedOver(part.origin, exc.message)
    except ReadError as exc:
        yield Failure.of(part.origin, exc)
    except MemoryError:
        yield Failure(part.origin, NO_MEMORY)


def why_passed_over(path: Path) -> PassedOver | None:
    """A file of another ending than ours with the reason why it is passed over; none where what it holds is read, or
    where reading it will say what is wrong.
    """
    try:
        outer_kind(Source(path, 0))
    except NotRead as exc:
        return PassedOver(origin_of(path), exc.message)
    except (OSError, ReadError):
        return None
    return None


def holds_questions(path: Path, max_mb: int = MAX_FILE_MB) -> bool:
    """Whether the file is a set of questions (for `askcorpus eval`) and none of documents, by its first record.

    A file that cannot be read holds none: reading it as documents will say why.
    """
    source = Source(path, max_mb)
    try:
        match path.suffix.lower():
            case ".jsonl" | ".ndjson":
                record = first_record(source)
                return "question" in record and not {"text", "title"} & record.keys()
            case ".csv" | ".tsv":
                return has_question_column(source)
            case _:
                return False
    except (OSError, ReadError, MemoryError):
        return False
