"""When to ingest again: whenever something under the named paths has changed."""

from collections.abc import Generator, Sequence
from pathlib import Path

from watchfiles import Change, watch

SETTLED_MS = 2000
"""Changes that come within so many milliseconds of each other, as when a folder is copied, make one run."""


def changes(paths: Sequence[Path], but: Path) -> Generator[None]:
    """One for each bundle of changes under ``paths``, until the iterator is closed or interrupted.

    The system tells what changed (inotify, FSEvents, ReadDirectoryChangesW); what to make of it is for the run, which
    compares everything anyway. Hidden files do not count, nor does what lies in ``but``, the folder of the index, which
    every run writes to. A path that is gone is not watched, and of a file the folder is, for editors put a new file in
    the place of the old one.
    """
    roots = {path.resolve() if path.is_dir() else path.resolve().parent for path in paths if path.exists()}
    index = but.resolve()

    def counts(_change: Change, name: str) -> bool:
        path = Path(name)
        below = [path.relative_to(root).parts for root in roots if path.is_relative_to(root)]
        return not path.is_relative_to(index) and any(not any(part[0] == "." for part in parts) for parts in below)

    for _ in watch(*roots, watch_filter=counts, debounce=SETTLED_MS, step=200, raise_interrupt=True):
        yield
