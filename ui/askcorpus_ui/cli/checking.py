"""What `askcorpus verify` reads and writes: texts, proofs, reports."""

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from askcorpus.errors import AskcorpusError, ReadError, UsageError
from askcorpus.types import Verification
from askcorpus.verify.claims import MOST_CHARACTERS
from askcorpus.verify.proof import Proof
from askcorpus.verify.report import as_html, as_markdown
from askcorpus_ingest.encoding import BLANK, decode
from askcorpus_ingest.files import Failure, PassedOver
from askcorpus_ingest.readers.sniff import outer_kind
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.worker import HARMLESS, FileReader
from askcorpus_ui.cli.console import note

_MOST_BYTES = 4 * MOST_CHARACTERS
_AS_IT_STANDS = {*HARMLESS, "json"}
"""Kinds of files that are read as they stand: where a text quotes is told by its lines, too."""
_REPORTS = {".html": as_html, ".htm": as_html, ".md": as_markdown}


def read_text(path: Path, max_mb: int) -> str:
    """The text of a file, or of standard input for ``-``: of an office file, a PDF, a page or an e-mail as it would be
    ingested, if it has no more than ``max_mb`` million bytes. What in it is of a kind that is not read is told.

    Raises:
        UsageError: it is longer than is ever checked.
        ReadError: it is not there, or cannot be read whole.
    """
    if _is_document(path, max_mb):
        return _read_document(path, max_mb)
    raw = sys.stdin.buffer.read(_MOST_BYTES + 1) if str(path) == "-" else _read(path)
    if len(raw) > _MOST_BYTES:
        raise UsageError(f"The text has more than {MOST_CHARACTERS:,} characters.", "Check it in parts.")
    try:
        return decode(raw).replace("\r\n", "\n") if raw.strip(BLANK) else ""
    except ReadError as exc:
        raise type(exc)(f"{path} {exc.message}.", "Name a text, a page, an e-mail, a PDF or an office file.") from exc


def _is_document(path: Path, max_mb: int) -> bool:
    try:
        return path.is_file() and outer_kind(Source(path, max_mb)) not in _AS_IT_STANDS
    except (OSError, ReadError):  # which reading it as text will tell
        return False


_QUOTING = re.compile(
    rb"""
      <!--(?:(?!-->).)*+ | <(?P<unread>script|style|template|textarea)(?=[\s/>])(?:(?!</(?P=unread)).)*+
    | <(?P<end>/?)(?P<name>blockquote|q|p)(?=[\s>])[^<>]*>
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
"""An element that quotes, or a paragraph; or what is no text of the page, whatever it holds."""


def _with_marks(page: bytes) -> bytes:
    """A page with quotation marks around what its elements say is quoted, a block of it paragraph by paragraph: in its
    text nothing else would tell."""
    blocks = 0

    def marked(match: re.Match[bytes]) -> bytes:
        nonlocal blocks
        tag, is_end, name = match[0], bool(match["end"]), (match["name"] or b"").lower()
        if name == b"blockquote":
            blocks = max(0, blocks + (-1 if is_end else 1))
        elif not name or (name == b"p" and not blocks):
            return tag
        return b"&rdquo;" + tag if is_end else tag + b"&ldquo;"

    return _QUOTING.sub(marked, page)


def _read_document(path: Path, max_mb: int) -> str:
    """The text of a file that is no plain text."""
    source = Source(path, max_mb)
    if outer_kind(source) != "html" or path.stat().st_size > source.max_bytes:
        return _read_whole(path, max_mb)
    with TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_bytes(_with_marks(path.read_bytes()))
        try:
            return _read_whole(page, max_mb)
        except AskcorpusError as exc:
            raise type(exc)(exc.message.replace(str(page), str(path)), exc.hint) from exc


def _read_whole(path: Path, max_mb: int) -> str:
    texts: list[str] = []
    characters = 0
    try:
        with FileReader(max_mb) as reader:
            for found in reader.read(path):
                if isinstance(found, PassedOver):  # a picture in an e-mail
                    note(f"askcorpus: not checked: {found.origin}: {found.reason}")
                    continue
                if isinstance(found, Failure):
                    raise ReadError(f"cannot be read whole: {found.origin}: {found.reason}")
                texts.append(found.text)
                characters += len(found.text)
                if characters > MOST_CHARACTERS:
                    raise UsageError(f"{path} has more than {MOST_CHARACTERS:,} characters.", "Check it in parts.")
    except ReadError as exc:
        raise type(exc)(f"{path} {exc.message}.") from exc
    return "\n\n".join(texts)


def read_proof(path: Path) -> Proof:
    """The proof that `askcorpus ask --proof` wrote.

    Raises:
        ReadError: the file is not there, or holds no proof.
    """
    try:
        return Proof.model_validate_json(_read(path))
    except ValidationError as exc:
        raise ReadError(f"{path} is no proof.", "askcorpus ask QUESTION --proof FILE writes one.") from exc


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES + 1)
    except OSError as exc:
        raise ReadError(f"{path} cannot be read: {exc.strerror}.") from exc


def write_report(path: Path, verification: Verification) -> None:
    """Write the report in the form that the file's ending names.

    Raises:
        UsageError: the ending names none.
    """
    form = _REPORTS.get(path.suffix.lower())
    if form is None:
        raise UsageError(f"{path} is no name for a report.", "Let it end in .html or .md.")
    path.write_text(form(verification), encoding="utf-8")
