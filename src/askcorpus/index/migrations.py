"""Migrations: catalogs of older versions are upgraded step by step; nothing is embedded again.

Whoever has the right to write takes the steps, before anything else is written. Each is one transaction together with
its number, so a run that is stopped goes on from there. Readers take none: what they find they read as it is, if it is
not older than `READABLE_FROM`, or say what to do.

To change the tables: write a function that takes a catalog from the last version to the next, append it to
`MIGRATIONS`, and raise `READABLE_FROM` if readers of the new tables cannot do with the old ones. A table that is made
anew must not take with it what refers to it: foreign keys are on, and a deletion cascades.
"""

from collections.abc import Callable
from importlib.metadata import version

import sqlalchemy as sa

from askcorpus.errors import IndexMismatch
from askcorpus.index.database import Home
from askcorpus.index.schema import DOCUMENTS, FILES, STORIES, WITHHELD, meta, take_note

Migration = Callable[[sa.Connection], None]
"""A step to the next schema version, inside the caller's transaction."""

OLDEST = 1
"""The schema version that the first step starts from."""


def _mark_places(connection: sa.Connection) -> None:
    """Where the pages, rows and chapters of a document begin; of those read before, nothing is known."""
    connection.exec_driver_sql("ALTER TABLE documents ADD COLUMN marks JSON NOT NULL DEFAULT '[]'")


def _know_files(connection: sa.Connection) -> None:
    """What documents say of themselves beyond the old fields, which file each is from, what was read of which file, and
    who tells the same story.

    Version 1 had several documents in a file only where that was a .jsonl file.
    """
    for column in ("author", "url", "file"):
        connection.exec_driver_sql(f"ALTER TABLE documents ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    connection.exec_driver_sql("ALTER TABLE documents ADD COLUMN extra JSON NOT NULL DEFAULT '{}'")
    records = "instr(lower(origin), '.jsonl#')"
    connection.exec_driver_sql(
        f"UPDATE documents SET file = CASE WHEN {records} > 1 THEN substr(origin, 1, {records} + 5) ELSE origin END"
    )
    next(index for index in DOCUMENTS.indexes if index.name == "documents_by_file").create(connection)
    FILES.create(connection)
    WITHHELD.create(connection)
    STORIES.create(connection)


MIGRATIONS: tuple[Migration, ...] = (_mark_places, _know_files)
"""The steps in their order: the first leads from version `OLDEST` to the one after."""

READABLE_FROM = 3
"""The oldest schema version that is read as it is."""


def newest() -> int:
    """The schema version that this program writes."""
    return OLDEST + len(MIGRATIONS)


def version_notes() -> dict[str, object]:
    """Notes for a catalog of the newest schema version: its number, and which program made it so."""
    return {"schema_version": newest(), "created_by": f"askcorpus {version('askcorpus')}"}


def check_not_newer(connection: sa.Connection, home: Home) -> int:
    """The catalog's schema version.

    Raises:
        IndexMismatch: a newer version of the program wrote it.
    """
    notes = meta(connection)
    if (found := int(notes["schema_version"])) > newest():
        raise IndexMismatch(
            f"{home.Name} was written by a newer version ({notes['created_by']}).",
            f"Upgrade, or choose {home.other}.",
        )
    return found


def check_readable(connection: sa.Connection, home: Home) -> None:
    """See that the catalog can be read as it is.

    Raises:
        IndexMismatch: its tables are those of a newer version, or of one too old.
    """
    if check_not_newer(connection, home) < READABLE_FROM:
        raise IndexMismatch(
            f"{home.Name} was written by an older version.",
            f"Run askcorpus rebuild{home.options} (it embeds nothing).",
        )


def pending(connection: sa.Connection, home: Home) -> int:
    """How many steps the catalog is behind. Raises as `check_not_newer` does."""
    return newest() - check_not_newer(connection, home)


def take_step(connection: sa.Connection) -> None:
    """Take the catalog one schema version on."""
    before = int(meta(connection)["schema_version"])
    MIGRATIONS[before - OLDEST](connection)
    take_note(connection, version_notes() | {"schema_version": before + 1})
