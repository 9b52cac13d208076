"""The choice of database: a file in the data folder or, if the settings name one, a server."""

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from askcorpus.errors import IndexMismatch
from askcorpus.extras import require
from askcorpus.index.database import Database, FileDatabase
from askcorpus.index.dialect import set_version, version_of


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


def open_tables(folder: Path, url: str | None, part: str, table: sa.Table, version: int) -> Database:
    """The database of a ``part`` whose tables are those of ``table``'s metadata, as they are in a ``version``.

    It is opened as by `open_database`. What reads or writes it raises `IndexMismatch` where a newer version wrote it.
    """

    def create(connection: sa.Connection) -> None:
        table.metadata.create_all(connection)
        set_version(connection, table, version)

    def accept(connection: sa.Connection) -> bool:
        noted = version_of(connection, table)
        if noted > version:
            home = database.home
            raise IndexMismatch(
                f"{home.short} has {part} that a newer version wrote.", f"Upgrade, or choose {home.other}."
            )
        return noted > 0

    database = open_database(folder, url, part, create, accept)
    return database
