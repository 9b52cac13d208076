"""What the programs of this folder have in common on the command line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from askcorpus.errors import AskcorpusError


@contextmanager
def telling_errors() -> Iterator[None]:
    """End the program with the line and the exit code of an error that its user can mend."""
    try:
        yield
    except AskcorpusError as exc:
        print(exc, file=sys.stderr)
        sys.exit(exc.exit_code)
