"""What was read from each file, and which documents were removed for good: a later run compares a folder with this.

The functions work inside the caller's transaction.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from askcorpus.index.dialect import among, upsert
from askcorpus.index.schema import DOCUMENTS, FILES, WITHHELD, note_change


class KnownFile(NamedTuple):
    """A file as it was when it was last read to its end.

    ``stamp`` is its size and times as whoever reads files writes them (empty where they prove nothing), ``sha256`` that
    of its bytes, ``rules`` what the reading depended on besides, ``kind`` what it was found to be. ``failures`` and
    ``passed_over`` are pairs of origin and reason; ``missing`` are origins of documents that the catalog has and the
    file had no longer.
    """

    path: str
    stamp: str
    sha256: str
    rules: str
    kind: str
    failures: tuple[tuple[str, str], ...] = ()
    passed_over: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()


class Held(NamedTuple):
    """How many documents the catalog has of a file, how many of them have no date, and how many of it stay out."""

    documents: int = 0
    undated: int = 0
    withheld: int = 0


class Withheld(NamedTuple):
    """A document that was removed for good, and the file that it was of."""

    id: str
    title: str
    file: str


def known_files(connection: sa.Connection) -> dict[str, KnownFile]:
    """Every file that was read, by path."""
    return {row.path: _known_file(row) for row in connection.execute(sa.select(FILES))}


def _known_file(row: "sa.Row[Any]") -> KnownFile:
    failures, passed_over = (tuple((origin, why) for origin, why in told) for told in (row.failures, row.passed_over))
    return KnownFile(row.path, row.stamp, row.sha256, row.rules, row.kind, failures, passed_over, tuple(row.missing))


def held(connection: sa.Connection) -> dict[str, Held]:
    """What the catalog has of each file, also of those of which no reading is noted."""
    dated = sa.func.count(DOCUMENTS.c.date_low)
    query = sa.select(DOCUMENTS.c.file, sa.func.count(), dated).where(DOCUMENTS.c.file != "").group_by(DOCUMENTS.c.file)
    found = {file: Held(total, total - with_date) for file, total, with_date in connection.execute(query)}
    for file, number in connection.execute(sa.select(WITHHELD.c.file, sa.func.count()).group_by(WITHHELD.c.file)):
        found[file] = found.get(file, Held())._replace(withheld=number)
    return found


def origins_of(connection: sa.Connection, path: str) -> dict[str, str]:
    """Origin and document id of all that the catalog has of a file."""
    query = sa.select(DOCUMENTS.c.origin, DOCUMENTS.c.id).where(DOCUMENTS.c.file == path)
    return {row.origin: row.id for row in connection.execute(query)}


def note_files(connection: sa.Connection, files: Sequence[KnownFile]) -> None:
    """Keep what was read, in place of what was noted of the same paths."""
    if files:
        upsert(connection, FILES, [file._asdict() for file in files])


def forget_files(connection: sa.Connection, paths: Sequence[str]) -> None:
    """Know nothing of these files' reading any more, so that they are read again."""
    connection.execute(sa.delete(FILES).where(among(FILES.c.path, paths)))


def move_file(connection: sa.Connection, old: str, new: str) -> None:
    """Let all that is from one file be from another, which has the same bytes."""
    connection.execute(sa.delete(FILES).where(FILES.c.path == new))
    connection.execute(sa.update(FILES).where(FILES.c.path == old).values(path=new, stamp=""))
    connection.execute(sa.update(WITHHELD).where(WITHHELD.c.file == old).values(file=new))
    connection.execute(
        sa.update(DOCUMENTS)
        .where(DOCUMENTS.c.file == old)
        .values(file=new, origin=new + sa.func.substr(DOCUMENTS.c.origin, len(old) + 1))
    )
    note_change(connection)


# --- documents that stay out ---


def withhold(connection: sa.Connection, document_ids: Sequence[str]) -> None:
    """Note, before they are removed, that these documents are to stay out."""
    chosen = sa.select(DOCUMENTS.c.id, DOCUMENTS.c.title, DOCUMENTS.c.file).where(among(DOCUMENTS.c.id, document_ids))
    if rows := [row._asdict() for row in connection.execute(chosen)]:
        upsert(connection, WITHHELD, rows)


def withheld(connection: sa.Connection, document_ids: Sequence[str]) -> set[str]:
    """Those of the ids that are to stay out."""
    return set(connection.scalars(sa.select(WITHHELD.c.id).where(among(WITHHELD.c.id, document_ids))))


def all_withheld(connection: sa.Connection) -> list[Withheld]:
    """All documents that are to stay out."""
    return [Withheld(*row) for row in connection.execute(sa.select(*WITHHELD.c).order_by(WITHHELD.c.id))]


def keep_out(connection: sa.Connection, documents: Sequence[Withheld]) -> None:
    """Note that these are to stay out, unless they are there."""
    ids = [one.id for one in documents]
    there = set(connection.scalars(sa.select(DOCUMENTS.c.id).where(among(DOCUMENTS.c.id, ids))))
    known = there | withheld(connection, ids)
    if rows := [one._asdict() for one in documents if one.id not in known]:
        connection.execute(sa.insert(WITHHELD), rows)


def restore(connection: sa.Connection, document_ids: Sequence[str]) -> set[str]:
    """No longer keep out documents, and let their files be read again; returns those that were kept out."""
    there = among(WITHHELD.c.id, document_ids)
    rows = connection.execute(sa.select(WITHHELD.c.id, WITHHELD.c.file).where(there)).all()
    forget_files(connection, [row.file for row in rows])
    connection.execute(sa.delete(WITHHELD).where(there))
    return {row.id for row in rows}


def forget_files_of(connection: sa.Connection, document_ids: Sequence[str]) -> None:
    """Let the files that hold these documents be read again."""
    chosen = sa.select(DOCUMENTS.c.file).where(among(DOCUMENTS.c.id, document_ids))
    forget_files(connection, list(connection.scalars(chosen)))
