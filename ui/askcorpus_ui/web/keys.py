"""The keys that programs and people are let in by: each with what it opens, until when, and how often.

They lie in a file of their own beside the catalog, `keys.sqlite3`, or in a table on its server, of which every request
reads: a key that is made or revoked counts from the next request on, and no server need start anew.

A key is 256 random bits, so what is kept of it is a plain SHA-256: nobody can try out that many, however fast each
trial is. Slow and salted hashes are for secrets that people think up. Rows are found by a part of the key that is no
secret, and the digests compared in constant time.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import sqlalchemy as sa

from askcorpus.errors import UsageError
from askcorpus.index.databases import open_tables
from askcorpus.index.dialect import TEXT

PART = "keys"
FILE = f"{PART}.sqlite3"
LONGEST_NAME = 100

Area = Literal["reading", "writing", "figures"]
"""A part of the server: asking and reading; changing documents; `/metrics`."""

OPENED: dict[str, frozenset[Area]] = {
    "ask": frozenset({"reading"}),
    "ingest": frozenset({"writing"}),
    "admin": frozenset({"reading", "writing", "figures"}),
}
"""What each scope opens."""

_VERSION = 1
_DAY = 86_400
_FORM = re.compile(rb"askc_([0-9a-f]{12})_[\w-]{43}")

_METADATA = sa.MetaData()
_KEYS = sa.Table(
    "keys",
    _METADATA,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("scopes", TEXT, nullable=False),  # with spaces between them
    sa.Column("made", sa.Float, nullable=False),
    sa.Column("expires", sa.Float),
    sa.Column("per_minute", sa.Integer),
    sa.Column("revoked", sa.Float),
)


class Key(NamedTuple):
    """What is known of a key; times are seconds since 1970. The key itself is told once, when it is made."""

    id: str
    name: str
    scopes: tuple[str, ...]
    made: float
    expires: float | None
    per_minute: int | None
    revoked: float | None

    @property
    def state(self) -> Literal["valid", "expired", "revoked"]:
        """Whether it opens anything now."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= time.time() else "valid"

    @property
    def opens(self) -> frozenset[Area]:
        """The parts of the server that its scopes open."""
        return frozenset().union(*(OPENED[scope] for scope in self.scopes))


class Keys:
    """The keys of a data folder, or of the ``database`` at an address. Every method may raise StorageError or Busy for
    what the disk or the server does."""

    def __init__(self, folder: Path, database: str | None = None) -> None:
        self._database = open_tables(folder, database, PART, _KEYS, _VERSION)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def any(self) -> bool:
        """Whether there has ever been a key: from the first one on, nothing is open to those without."""
        return bool(self._read(sa.select(_KEYS).limit(1)))

    def listed(self) -> list[Key]:
        """All keys, the oldest first, with those that open nothing any more."""
        return [_key(row) for row in self._read(sa.select(_KEYS).order_by(_KEYS.c.made))]

    def known(self, offered: bytes) -> Key | None:
        """The key that was sent, if it is one of these and opens anything now."""
        form = _FORM.fullmatch(offered)
        if form is None:
            return None
        for row in self._read(sa.select(_KEYS).where(_KEYS.c.id == form[1].decode())):
            if hmac.compare_digest(row.digest, _digest(offered)) and (key := _key(row)).state == "valid":
                return key
        return None

    def add(
        self, name: str, scopes: Iterable[str], *, days: float | None = None, per_minute: int | None = None
    ) -> tuple[str, Key]:
        """A new key, which nobody can be told again, and what is known of it.

        Args:
            name: whom it is for, for people to read.
            scopes: one of ``OPENED`` at least.
            days: how long it is valid; for ever when None.
            per_minute: how many requests it may make in a minute; any number when None.

        Raises:
            UsageError: the name is empty or too long, or a scope is none.
            StorageError: there is no data folder.
        """
        line, chosen = " ".join(name.split()), tuple(dict.fromkeys(scopes))
        if not 0 < len(line) <= LONGEST_NAME:
            raise UsageError("A key needs a name.", f"Say whom it is for, in 1 to {LONGEST_NAME} characters.")
        if not chosen or (unknown := [scope for scope in chosen if scope not in OPENED]):
            raise UsageError(f"There is no scope {unknown[0] if chosen else ''}.", f"There are {', '.join(OPENED)}.")
        key_id, now = secrets.token_hex(6), time.time()
        secret = f"askc_{key_id}_{secrets.token_urlsafe(32)}"
        key = Key(key_id, line, chosen, now, now + days * _DAY if days else None, per_minute, None)
        with self._database.writing() as connection:
            row = key._asdict() | {"scopes": " ".join(chosen), "digest": _digest(secret.encode())}
            connection.execute(sa.insert(_KEYS), row)
        return secret, key

    def revoke(self, ids: Iterable[str]) -> int:
        """How many of the keys with these ids open nothing any more that did before.

        Raises:
            UsageError: there is none of an id, and nothing has been revoked.
        """
        wanted = set(ids)
        if unknown := wanted - {key.id for key in self.listed()}:
            raise UsageError(f"No such key: {', '.join(sorted(unknown))}.", "askcorpus keys list shows them all.")
        with self._database.writing() as connection:
            still = _KEYS.c.id.in_(wanted) & _KEYS.c.revoked.is_(None)
            return connection.execute(sa.update(_KEYS).where(still).values(revoked=time.time())).rowcount

    def _read(self, query: sa.Select[tuple[object, ...]]) -> list[sa.Row[tuple[object, ...]]]:
        if not self._database.exists():  # as on most machines
            return []
        with self._database.reading() as connection:
            return list(connection.execute(query))


def may_be_key(offered: bytes) -> bool:
    """Whether what was sent looks like a key of these."""
    return _FORM.fullmatch(offered) is not None


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _key(row: sa.Row[tuple[object, ...]]) -> Key:
    facts = row._asdict()
    del facts["digest"]
    return Key(**facts | {"scopes": tuple(str(facts["scopes"]).split())})
