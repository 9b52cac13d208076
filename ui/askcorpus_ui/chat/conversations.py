"""The chat's conversations on disk: one row a turn, written before its answer begins, each the browser's that asked.

They lie in a file of their own beside the catalog, or in tables of their own on its server. Its writer may hold the
catalog for minutes (ingest), it may be deleted and made anew, and neither may cost a conversation or keep a question
waiting.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Protocol

import sqlalchemy as sa

from askcorpus.errors import StorageError
from askcorpus.index.databases import open_tables
from askcorpus.index.dialect import TEXT, holds, is_larger
from askcorpus.search.query import LONGEST_QUESTION
from askcorpus.types import Filters
from askcorpus_ui.chat.conversation import (
    NO_FILTERS,
    NO_OPINION,
    Conversation,
    Exchange,
    Kept,
    Opinion,
    Place,
    Reply,
    title_of,
)

PART = "conversations"
FILE = f"{PART}.sqlite3"
MAX_BYTES = 2_000_000_000
"""Size at which the file, or the table, takes no more: whoever asks all day shall not fill the disk."""

LISTED = 200
"""Conversations that a list shows; a search finds older ones."""

LONGEST_TITLE = 200
_SHOWN = 100
_VERSION = 1
_DAY = 86_400

_METADATA = sa.MetaData()
_CONVERSATIONS = sa.Table(
    "conversations",
    _METADATA,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("owner", TEXT, nullable=False),
    sa.Column("title", TEXT, nullable=False),
    sa.Column("words", TEXT, nullable=False),  # of the title, for the search
    sa.Column("changed", sa.Float, nullable=False, index=True),
    sa.Index("conversations_of", "owner", "changed"),
)
_TURNS = sa.Table(
    "turns",
    _METADATA,
    sa.Column("conversation", sa.ForeignKey(_CONVERSATIONS.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("asked", sa.Float, nullable=False),
    sa.Column("question", TEXT, nullable=False),
    sa.Column("reply", TEXT),
    sa.Column("words", TEXT, nullable=False),  # of question and answer, for the search
)


class Entry(NamedTuple):
    """A conversation in a list. ``changed`` is when something was last asked in it, in seconds since 1970."""

    id: str
    title: str
    changed: float


class _Asked(Kept):
    """What is kept beside a reply, and with it: what limits the question, whether the reply is still awaited, and what
    the reader thinks of it.

    What an older version wrote has none of these; it takes a reply that is awaited for one that was stopped.
    """

    limits: Filters = NO_FILTERS
    awaited: bool = False
    opinion: Opinion = NO_OPINION


class _Tables(Protocol):
    """Where the rows are: in a file, or in memory."""

    def reading(self) -> AbstractContextManager[sa.Connection]: ...
    def writing(self) -> AbstractContextManager[sa.Connection]: ...
    def close(self) -> None: ...


class Conversations:
    """All conversations of a server. ``owner`` is a digest that only one browser can bring about (`browser`).

    What another owner has, and what is not there, look the same: ``None``, or nothing happens. Every method may raise
    StorageError or Busy for what the disk does.
    """

    def __init__(self, folder: Path, days: int, database: str | None = None) -> None:
        self.days = days
        self._tables: _Tables = open_tables(folder, database, PART, _CONVERSATIONS, _VERSION) if days else _Memory()

    def close(self) -> None:
        """Let go of the file."""
        self._tables.close()

    def ask(
        self,
        owner: str,
        conversation: str | None,
        question: str,
        before: int | None = None,
        filters: Filters = NO_FILTERS,
    ) -> Place:
        """Keep a question, and what limits it, as the next turn of a conversation; of a new one where there is none of
        that owner and id.

        With ``before`` the new conversation begins with the turns before that number: the question takes the place of
        that turn, and the conversation it was in stays as it is.

        Raises:
            StorageError: no more conversations can be kept.
        """
        question = question.strip()[: LONGEST_QUESTION + 1]  # one too many, so that the assistant tells it
        now = time.time()
        with self._tables.writing() as connection:
            self._forget_old(connection, now)
            _check_size(connection)
            kept = _owned(connection, owner, conversation) if conversation else None
            if kept is None or before is not None:
                copied = kept
                kept = secrets.token_urlsafe(16)
                row = {"id": kept, "owner": owner, "changed": now} | _titled(title_of(question))
                connection.execute(sa.insert(_CONVERSATIONS), row)
                if copied and before is not None:
                    _copy(connection, copied, kept, before)
            else:
                connection.execute(sa.update(_CONVERSATIONS).where(_CONVERSATIONS.c.id == kept).values(changed=now))
            last = sa.select(sa.func.max(_TURNS.c.number)).where(_TURNS.c.conversation == kept)
            number = (connection.scalar(last) or 0) + 1
            turn = {"conversation": kept, "number": number, "asked": now, "question": question}
            written = {"words": question.casefold(), "reply": _written(None, filters)}
            connection.execute(sa.insert(_TURNS), turn | written)
        return Place(id=kept, turn=number)

    def reply(self, owner: str, place: Place, reply: Reply) -> bool:
        """Keep what came of a turn; whether there is such a turn."""
        return self._reply(owner, place, reply)

    def reply_first(self, owner: str, place: Place, reply: Reply) -> bool:
        """The same for a turn that has no reply yet, in one step; whether there is such a turn."""
        return self._reply(owner, place, reply, first=True)

    def ask_again(self, owner: str, place: Place, filters: Filters | None = None) -> bool:
        """Forget what came of a turn, which is limited as it was, or by other ``filters``; whether there is such a
        turn."""
        return self._reply(owner, place, None, filters)

    def _reply(
        self, owner: str, place: Place, reply: Reply | None, filters: Filters | None = None, *, first: bool = False
    ) -> bool:
        with self._tables.writing() as connection:
            if place.turn is None or _owned(connection, owner, place.id) is None:
                return False
            here = _is_turn(place)
            row = connection.execute(sa.select(_TURNS).where(here)).first()
            if row is None:
                return False
            kept = _exchange(row)
            if first:
                if kept.reply:
                    return False
                here &= _TURNS.c.reply.is_not_distinct_from(row.reply)  # nobody has written one meanwhile
            words = f"{row.question} {reply.text if reply else ''}".casefold()
            written = _written(reply, kept.filters if filters is None else filters)
            values = {"reply": written, "words": words}
            return connection.execute(sa.update(_TURNS).where(here).values(values)).rowcount > 0

    def judge(self, owner: str, place: Place, reply: Reply, opinion: Opinion) -> bool:
        """Keep what the reader thinks of a turn's reply; whether that is still its reply."""
        with self._tables.writing() as connection:
            if place.turn is None or _owned(connection, owner, place.id) is None:
                return False
            here = _is_turn(place)
            row = connection.execute(sa.select(_TURNS).where(here)).first()
            kept = _exchange(row) if row else None
            if kept is None or kept.reply != reply:
                return False
            written = _written(reply, kept.filters, opinion)
            return connection.execute(sa.update(_TURNS).where(here).values(reply=written)).rowcount > 0

    def read(self, owner: str, conversation: str, *, whole: bool = False) -> Conversation | None:
        """A conversation with its newest turns; ``whole`` with all."""
        with self._tables.reading() as connection:
            title = connection.scalar(sa.select(_CONVERSATIONS.c.title).where(_is_owned(owner, conversation)))
            if title is None:
                return None
            turns = sa.select(_TURNS).where(_TURNS.c.conversation == conversation).order_by(_TURNS.c.number.desc())
            rows = connection.execute(turns if whole else turns.limit(_SHOWN)).all()
        return Conversation(id=conversation, title=title, exchanges=tuple(map(_exchange, reversed(rows))))

    def exchange(self, owner: str, place: Place) -> Exchange | None:
        """One turn of a conversation."""
        with self._tables.reading() as connection:
            if _owned(connection, owner, place.id) is None:
                return None
            row = connection.execute(sa.select(_TURNS).where(_is_turn(place))).first()
        return _exchange(row) if row else None

    def listed(self, owner: str, search: str = "") -> list[Entry]:
        """The owner's conversations, the newest first: those in which all words of ``search`` occur."""
        query = sa.select(_CONVERSATIONS.c.id, _CONVERSATIONS.c.title, _CONVERSATIONS.c.changed)
        query = query.where(_CONVERSATIONS.c.owner == owner)
        for word in search.casefold().split()[:10]:
            # Of this conversation: over all that are kept, a search would take as long as others have much to read.
            turn = sa.exists().where(_TURNS.c.conversation == _CONVERSATIONS.c.id, holds(_TURNS.c.words, word))
            query = query.where(holds(_CONVERSATIONS.c.words, word) | turn)
        with self._tables.reading() as connection:
            rows = connection.execute(query.order_by(_CONVERSATIONS.c.changed.desc()).limit(LISTED))
            return [Entry(*row) for row in rows]

    def rename(self, owner: str, conversation: str, title: str) -> None:
        """Give a conversation another title; an empty one changes nothing."""
        if line := " ".join(title.split())[:LONGEST_TITLE]:
            with self._tables.writing() as connection:
                connection.execute(
                    sa.update(_CONVERSATIONS).where(_is_owned(owner, conversation)).values(_titled(line))
                )

    def delete(self, owner: str, conversation: str) -> None:
        """Forget a conversation."""
        with self._tables.writing() as connection:
            connection.execute(sa.delete(_CONVERSATIONS).where(_is_owned(owner, conversation)))

    def _forget_old(self, connection: sa.Connection, now: float) -> None:
        if self.days:
            connection.execute(sa.delete(_CONVERSATIONS).where(_CONVERSATIONS.c.changed < now - self.days * _DAY))


def _is_owned(owner: str, conversation: str) -> sa.ColumnElement[bool]:
    return (_CONVERSATIONS.c.id == conversation) & (_CONVERSATIONS.c.owner == owner)


def _is_turn(place: Place) -> sa.ColumnElement[bool]:
    return (_TURNS.c.conversation == place.id) & (_TURNS.c.number == place.turn)


def _owned(connection: sa.Connection, owner: str, conversation: str) -> str | None:
    return connection.scalar(sa.select(_CONVERSATIONS.c.id).where(_is_owned(owner, conversation)))


def _titled(title: str) -> dict[str, str]:
    return {"title": title, "words": title.casefold()}


def _copy(connection: sa.Connection, source: str, target: str, before: int) -> None:
    """The turns before a number, for another conversation, and its title if it has any."""
    columns = [column for column in _TURNS.c if column is not _TURNS.c.conversation]
    rows = sa.select(sa.literal(target), *columns).where(_TURNS.c.conversation == source, _TURNS.c.number < before)
    copied = connection.execute(sa.insert(_TURNS).from_select([_TURNS.c.conversation, *columns], rows))
    if copied.rowcount:
        title = connection.scalar(sa.select(_CONVERSATIONS.c.title).where(_CONVERSATIONS.c.id == source)) or ""
        connection.execute(sa.update(_CONVERSATIONS).where(_CONVERSATIONS.c.id == target).values(_titled(title)))


def _exchange(row: sa.Row[tuple[object, ...]]) -> Exchange:
    asked = _Asked.model_validate_json(row.reply) if row.reply else _Asked()
    reply = Reply.model_validate_json(row.reply) if row.reply and not asked.awaited else None
    limits = asked.limits or (reply.filters if reply else NO_FILTERS)
    return Exchange(
        question=row.question,
        filters=limits,
        reply=reply,
        opinion=asked.opinion,
        number=row.number,
        asked=row.asked,
    )


def _written(reply: Reply | None, filters: Filters, opinion: Opinion = NO_OPINION) -> str | None:
    """What the column of replies says."""
    if reply is None and not filters:
        return None
    asked = _Asked(limits=filters, awaited=reply is None, opinion=opinion)
    return json.dumps((reply or Reply(kind="unfinished")).dumped() | asked.dumped(), ensure_ascii=False)


def _check_size(connection: sa.Connection) -> None:
    if is_larger(connection, _TURNS, MAX_BYTES):
        raise StorageError(
            "No more conversations can be kept here.", "Delete some, or keep them for fewer days (keep_conversations)."
        )


# ---- where the rows are


class _Memory:
    """Nothing on disk: gone when the server stops."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._engine = sa.create_engine("sqlite://", creator=_memory, poolclass=sa.StaticPool)
        with self._engine.begin() as connection:
            _METADATA.create_all(connection)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        with self._lock, self._engine.begin() as connection:
            yield connection

    writing = reading

    def close(self) -> None:
        self._engine.dispose()


def _memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute("PRAGMA foreign_keys=ON")
    return connection
