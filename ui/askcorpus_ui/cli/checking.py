"""What `askcorpus verify` reads and writes: texts, proofs, reports."""

import sys
from pathlib import Path

from pydantic import ValidationError

from askcorpus.errors import ReadError, UsageError
from askcorpus.types import Verification
from askcorpus.verify.claims import MOST_CHARACTERS
from askcorpus.verify.proof import Proof
from askcorpus.verify.report import as_html, as_markdown

_MOST_BYTES = 4 * MOST_CHARACTERS
_REPORTS = {".html": as_html, ".htm": as_html, ".md": as_markdown}


def read_text(path: Path) -> str:
    """The text of a file, or of standard input for ``-``.

    Raises:
        UsageError: it is longer than is ever checked.
        ReadError: it is not there, or not UTF-8.
    """
    raw = sys.stdin.buffer.read(_MOST_BYTES + 1) if str(path) == "-" else _read(path)
    if len(raw) > _MOST_BYTES:
        raise UsageError(f"The text has more than {MOST_CHARACTERS:,} characters.", "Check it in parts.")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as exc:
        raise ReadError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from exc


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
