"""Which database holds what is kept: a file in the data folder or, where the settings name one, a server."""

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from askcorpus.extras import require
from askcorpus.index.database import Database, FileDatabase


def open_database(
    folder: Path,
    url: str | None,
    part: str,
    create: Callable[[sa.Connection], None],
    accept: Callable[[sa.Connection], bool],
    lock: str | None = None,
) -> Database:
    """The database of that ``part``: the file of that name in ``folder``, or those tables on the server at ``url``.

    ``create`` and ``accept`` are as in `FileDatabase`, ``lock`` the file that is locked there by who has the right to
    write. Nothing is opened yet.

    Raises:
        UsageError: ``url`` is no address of a server, or what speaks to one is not installed.
    """
    if not url:
        return FileDatabase(folder / f"{part}.sqlite3", create, accept, lock)
    require("postgres", "A database on a server")
    from askcorpus.index.postgres import ServerDatabase

    return ServerDatabase(url, part, create, accept)
