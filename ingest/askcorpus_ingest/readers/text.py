"""Plain text: the whole file is one record."""

from collections.abc import Iterator

from askcorpus_ingest.encoding import decode
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import Source


def read_text(source: Source) -> Iterator[RawRecord]:
    """The text as it is."""
    yield RawRecord(source.origin, decode(source.content()))
