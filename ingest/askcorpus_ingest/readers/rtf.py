"""RTF, as word processors and mail programs write it."""

import re
from collections.abc import Iterator

from askcorpus.errors import ReadError
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import Source

_HEAD_CHARS = 20_000
_TITLE = re.compile(r"\{\\title ([^{}]{1,500})\}")
_AUTHOR = re.compile(r"\{\\author ([^{}]{1,500})\}")


def read_rtf(source: Source) -> Iterator[RawRecord]:
    """Its text.

    Raises:
        ReadError: it holds none, or is broken.
    """
    data = source.content().decode("latin-1")
    text = _plain(data)
    if not text.strip():
        raise ReadError("holds no text")
    title, author = (pattern.search(data, 0, _HEAD_CHARS) for pattern in (_TITLE, _AUTHOR))
    yield RawRecord(
        source.origin,
        text,
        title=_plain("{\\rtf1 " + title[1] + "}") if title else "",
        author=_plain("{\\rtf1 " + author[1] + "}") if author else "",
    )


def _plain(rtf: str) -> str:
    from striprtf.striprtf import rtf_to_text

    try:
        return str(rtf_to_text(rtf, errors="replace"))  # type: ignore[no-untyped-call]
    except (ValueError, LookupError) as exc:
        raise ReadError("is broken RTF") from exc
