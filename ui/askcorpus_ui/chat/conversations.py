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
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Lock, RLock
from typing import NamedTuple, Protocol

import sqlalchemy as sa

from askcorpus.errors import StorageError, UsageError
from askcorpus.index.databases import open_tables
from askcorpus.index.dialect import TEXT, bytes_of, holds, is_larger, size_of
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

_MOST_UNKEPT_BYTES = 100_000_000
"""The same of what cannot be written, and is in memory."""

_SHARE = 0.1
"""As much of either may be one owner's: whoever asks all day shall not take the place of all others."""

LISTED = 200
"""Conversations that a list shows; a search finds older ones."""

LONGEST_TITLE = 200
_SHOWN = 100
_LOCKS = 256  # more than there are questions at a time
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


class ShareTaken(UsageError):
    """An owner has as much as one may: it is theirs to delete some."""


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
    def writing(self, of: str = "") -> AbstractContextManager[sa.Connection]: ...
    def close(self) -> None: ...


class Conversations:
    """All conversations of a server. ``owner`` is a digest that only one browser can bring about (`browser`).

    What another owner has, and what is not there, look the same: ``None``, or nothing happens. Every method may raise
    StorageError or Busy for what the disk does.
    """

    def __init__(self, folder: Path, days: int, database: str | None = None) -> None:
        self.days = days
        self._tables: _Tables = open_tables(folder, database, PART, _CONVERSATIONS, _VERSION) if days else _Memory()
        self._unkept = _Memory()
        self._moving = tuple(RLock() for _ in range(_LOCKS))

    def close(self) -> None:
        """Let go of the file."""
        self._tables.close()
        self._unkept.close()

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
            ShareTaken: no more of this owner's can.
        """
        with self._staying(conversation):
            self._forget_old_unkept()
            unkept = self._unkept_of(owner, conversation)
            with self._tables.writing(conversation or secrets.token_hex()) as connection:  # a new one waits for nobody
                self._forget_old(connection)
                _check_room(connection, owner, MAX_BYTES)
                if unkept:
                    _write(connection, owner, unkept)
                place = _ask(connection, owner, conversation, question, before, filters)
            if unkept:
                with self._unkept.writing() as connection:
                    _delete(connection, owner, unkept.id)
            return place

    def ask_unkept(
        self,
        owner: str,
        conversation: str | None,
        question: str,
        before: int | None = None,
        filters: Filters = NO_FILTERS,
    ) -> Place:
        """The same where what is kept can be read, and nothing written down: in memory, where that conversation is from
        now on. `ask` writes all of it as soon as it can; when the server stops before, that is lost.

        Raises:
            StorageError: what is kept cannot be read, or no more conversations can be kept in memory.
            ShareTaken: no more of this owner's can.
        """
        with self._staying(conversation):
            self._forget_old_unkept()
            self.hold(owner, conversation or "")
            with self._unkept.writing() as connection:
                _check_room(connection, owner, _MOST_UNKEPT_BYTES)
                return _ask(connection, owner, conversation, question, before, filters)

    def hold(self, owner: str, conversation: str) -> None:
        """From now on what comes to a conversation of that owner is in memory alone, as of `ask_unkept`."""
        with self._staying(conversation):
            kept = self.read(owner, conversation, whole=True)
            if kept and kept.kept:
                with self._unkept.writing() as connection:
                    _check_room(connection, owner, _MOST_UNKEPT_BYTES)
                    _write(connection, owner, kept)

    def is_kept(self, conversation: str) -> bool:
        """Whether a conversation is not in memory alone."""
        found = sa.select(_CONVERSATIONS.c.id).where(_CONVERSATIONS.c.id == conversation)
        with self._unkept.reading() as connection:
            return connection.scalar(found) is None

    def _unkept_of(self, owner: str, conversation: str | None) -> Conversation | None:
        if conversation is None:
            return None
        with self._unkept.reading() as connection:
            return _read(connection, owner, conversation)

    def _tables_of(self, conversation: str) -> _Tables:
        return self._tables if self.is_kept(conversation) else self._unkept

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
        with self._staying(place.id), self._tables_of(place.id).writing(place.id) as connection:
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
            words = _words(row.question, reply)
            written = _written(reply, kept.filters if filters is None else filters)
            values = {"reply": written, "words": words}
            return connection.execute(sa.update(_TURNS).where(here).values(values)).rowcount > 0

    def judge(self, owner: str, place: Place, reply: Reply, opinion: Opinion) -> bool:
        """Keep what the reader thinks of a turn's reply; whether that is still its reply."""
        with self._tables_of(place.id).writing(place.id) as connection:
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
        tables = self._tables_of(conversation)
        with tables.reading() as connection:
            found = _read(connection, owner, conversation, None if whole else _SHOWN)
        return found.model_copy(update={"kept": tables is not self._unkept}) if found else None

    def exchange(self, owner: str, place: Place) -> Exchange | None:
        """One turn of a conversation."""
        with self._tables_of(place.id).reading() as connection:
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
        found: dict[str, Entry] = {}
        for tables in (self._tables, self._unkept):
            with tables.reading() as connection:
                rows = connection.execute(query.order_by(_CONVERSATIONS.c.changed.desc()).limit(LISTED))
                found |= {row.id: Entry(*row) for row in rows}
        return sorted(found.values(), key=lambda one: one.changed, reverse=True)[:LISTED]

    def rename(self, owner: str, conversation: str, title: str) -> None:
        """Give a conversation another title; an empty one changes nothing."""
        if line := " ".join(title.split())[:LONGEST_TITLE]:
            with self._tables_of(conversation).writing(conversation) as connection:
                connection.execute(
                    sa.update(_CONVERSATIONS).where(_is_owned(owner, conversation)).values(_titled(line))
                )

    def delete(self, owner: str, conversation: str) -> None:
        """Forget a conversation: what is in memory of it also where the disk takes no change."""
        with self._staying(conversation):
            for tables in (self._unkept, self._tables):
                with tables.reading() as connection:
                    is_there = _owned(connection, owner, conversation) is not None
                if is_there:
                    with tables.writing(conversation) as connection:
                        _delete(connection, owner, conversation)

    def _staying(self, conversation: str | None) -> AbstractContextManager[object]:
        """Nothing comes to a conversation meanwhile, for it goes from memory to the disk, or back. Of a new one nobody
        else knows."""
        return self._moving[hash(conversation) % _LOCKS] if conversation else nullcontext()

    def _forget_old_unkept(self) -> None:
        with self._unkept.writing() as connection:
            self._forget_old(connection)

    def _forget_old(self, connection: sa.Connection) -> None:
        if self.days:
            oldest = time.time() - self.days * _DAY
            connection.execute(sa.delete(_CONVERSATIONS).where(_CONVERSATIONS.c.changed < oldest))


def _is_owned(owner: str, conversation: str) -> sa.ColumnElement[bool]:
    return (_CONVERSATIONS.c.id == conversation) & (_CONVERSATIONS.c.owner == owner)


def _is_turn(place: Place) -> sa.ColumnElement[bool]:
    return (_TURNS.c.conversation == place.id) & (_TURNS.c.number == place.turn)


def _owned(connection: sa.Connection, owner: str, conversation: str) -> str | None:
    return connection.scalar(sa.select(_CONVERSATIONS.c.id).where(_is_owned(owner, conversation)))


def _titled(title: str) -> dict[str, str]:
    return {"title": title, "words": title.casefold()}


def _ask(
    connection: sa.Connection,
    owner: str,
    conversation: str | None,
    question: str,
    before: int | None,
    filters: Filters,
) -> Place:
    question = question.strip()[: LONGEST_QUESTION + 1]  # one too many, so that the assistant tells it
    now = time.time()
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


def _read(connection: sa.Connection, owner: str, conversation: str, newest: int | None = None) -> Conversation | None:
    """A conversation, with its ``newest`` turns or all."""
    title = connection.scalar(sa.select(_CONVERSATIONS.c.title).where(_is_owned(owner, conversation)))
    if title is None:
        return None
    turns = sa.select(_TURNS).where(_TURNS.c.conversation == conversation).order_by(_TURNS.c.number.desc())
    rows = connection.execute(turns.limit(newest)).all()
    return Conversation(id=conversation, title=title, exchanges=tuple(map(_exchange, reversed(rows))))


def _write(connection: sa.Connection, owner: str, conversation: Conversation) -> None:
    """All of a conversation, in the place of what is there of it; turns that came since stay."""
    asked = conversation.last.asked if conversation.last else time.time()
    told = {"changed": asked} | _titled(conversation.title)
    here = _is_owned(owner, conversation.id)
    if not connection.execute(sa.update(_CONVERSATIONS).where(here).values(told)).rowcount:
        connection.execute(sa.insert(_CONVERSATIONS), {"id": conversation.id, "owner": owner} | told)
    for one in conversation.exchanges:
        said = {"asked": one.asked, "question": one.question, "words": _words(one.question, one.reply)}
        said |= {"reply": _written(one.reply, one.filters, one.opinion)}
        turn = Place(id=conversation.id, turn=one.number)
        if not connection.execute(sa.update(_TURNS).where(_is_turn(turn)).values(said)).rowcount:
            connection.execute(sa.insert(_TURNS), {"conversation": conversation.id, "number": one.number} | said)


def _delete(connection: sa.Connection, owner: str, conversation: str) -> None:
    connection.execute(sa.delete(_CONVERSATIONS).where(_is_owned(owner, conversation)))


def _words(question: str, reply: Reply | None) -> str:
    return f"{question} {reply.text if reply else ''}".casefold()


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


def _check_room(connection: sa.Connection, owner: str, most: int) -> None:
    if is_larger(connection, _TURNS, most):
        raise StorageError(
            "No more conversations can be kept here.", "Delete some, or keep them for fewer days (keep_conversations)."
        )
    share = int(most * _SHARE)
    if size_of(connection, _TURNS) > share:  # else no owner's part can be
        of_owner = _TURNS.c.conversation.in_(sa.select(_CONVERSATIONS.c.id).where(_CONVERSATIONS.c.owner == owner))
        if bytes_of(connection, _TURNS, of_owner) > share:
            raise ShareTaken("No more of your conversations can be kept here.", "Delete some, and ask again.")


# ---- where the rows are


class _Memory:
    """Nothing on disk: gone when the server stops. After `close` a later use begins anew."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._engine = sa.create_engine("sqlite://", creator=_memory, poolclass=sa.StaticPool)
        self._made = False

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        with self._lock:
            if not self._made:
                _METADATA.create_all(self._engine)
                self._made = True
            with self._engine.begin() as connection:
                yield connection

    def writing(self, of: str = "") -> AbstractContextManager[sa.Connection]:  # noqa: ARG002
        return self.reading()

    def close(self) -> None:
        with self._lock:
            self._engine.dispose()
            self._made = False


def _memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute("PRAGMA foreign_keys=ON")
    return connection
