"""The ingest run: files → documents → passages → vectors → store. Safe to repeat, and safe to stop at any moment."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from importlib.metadata import version
from itertools import chain, islice, starmap
from pathlib import Path
from typing import NamedTuple

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import NotRead, ReadError, UsageError
from askcorpus.index.store import Held, KnownDocument, KnownFile, Store, StoredPassage, Writer, content_hash
from askcorpus.settings import Settings
from askcorpus.text.characters import printable
from askcorpus.text.scripts import is_unreadable
from askcorpus.types import Document, Span
from askcorpus_ingest.contexts import Piece, embed
from askcorpus_ingest.documents import date_in_path, with_own_id
from askcorpus_ingest.engine import BATCH_PASSAGES, BATCH_RECORDS, Engine, Prepared, Wanted, digest
from askcorpus_ingest.engines import choose_engine
from askcorpus_ingest.files import (
    Failure,
    PassedOver,
    SourceFile,
    check_paths,
    exists,
    find_files,
    is_upload,
    origin_of,
)
from askcorpus_ingest.local_engine import LocalEngine, prepared
from askcorpus_ingest.passages import passage_at, split_passages
from askcorpus_ingest.planned import Planned
from askcorpus_ingest.progress import Progress, Silent, Stopped
from askcorpus_ingest.readers.dispatch import holds_questions, why_passed_over
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import CHANGED, NO_MEMORY
from askcorpus_ingest.sidecar import Sidecars

BATCH_FILES = 500
"""So many files are noted at once where nothing in them has to be written."""

READING = 3
"""Raise it whenever the same file would be read otherwise than before: all files are then read again, once."""

DOCUMENTS, QUESTIONS, OTHER = "documents", "questions", "other"
"""What a file holds."""

_PASSING = ("cannot be read: ", CHANGED, NO_MEMORY)
"""How reasons begin that may be gone the next time although the file is the same."""


class Report(NamedTuple):
    """What a run did (or, dry, would do): counts of documents, and what failed.

    ``moved`` are those of the unchanged whose file is elsewhere now; ``missing`` those that are kept although their
    file, or their record in it, is gone; ``undated`` those without a date among all that the files hold; ``withheld``
    those that stay out because they were removed by hand. ``elsewhere`` are files outside of the paths that are gone
    and whose documents are kept. ``skipped`` files were passed over: those of kinds we do not read (``passed_over``,
    with those that are packed into others), and ``question_sets``, which are for `askcorpus eval`. ``doubted`` is what
    the files that were read say of their documents and was not believed, and what `metadata.csv` says of files that are
    not there. ``unreadable`` are the origins of new or changed documents in a script that the model cannot read.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    moved: int = 0
    removed: int = 0
    missing: int = 0
    undated: int = 0
    withheld: int = 0
    failed: tuple[Failure, ...] = ()
    elsewhere: tuple[str, ...] = ()
    skipped: int = 0
    question_sets: tuple[Path, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    unreadable: tuple[str, ...] = ()
    doubted: tuple[Failure, ...] = ()


Tell = Callable[[Report], None]
"""Is told what a run has written so far."""


def ingest(
    paths: Sequence[Path],
    store: Store,
    embeddings: SentenceEmbeddings,
    settings: Settings,
    *,
    prune: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Make the store hold what the files under ``paths`` hold; only new and changed documents are embedded.

    A file whose size and times are those of the last run is not read, one with the same bytes as a file that is gone
    has moved, and a document becomes visible whole. Stopped at any moment (KeyboardInterrupt passes through), all that
    was written so far is kept, and the next run goes on from there. What cannot be read is reported, what the store
    holds of it stays, and it is tried again when it has changed. ``prune`` removes documents that came from under
    ``paths`` and are no longer there; then a path may itself be gone. ``dry_run`` writes nothing.

    Raises:
        UsageError: a path does not exist, or there is nothing to read under any of them (and nothing to prune).
            An engine that works elsewhere may find more that is wrong (see `ray_engine.RayEngine`).
        Busy: another process writes to the store.
    """
    progress = progress or Silent()
    roots = {_root(path) for path in paths}
    there = [path for path in paths if path.exists() or not (prune and _is_known(store, path))]
    if there or not prune:
        check_paths(there)
    found = list(find_files(there))
    sources = [entry for entry in found if isinstance(entry, SourceFile)]
    failures = [entry for entry in found if isinstance(entry, Failure)]
    if not failures and not prune:
        _check_something(paths, sources, settings)
    # A dry run embeds nothing, so nobody has to be called for it.
    engine = LocalEngine(settings.max_file_mb, settings.fields) if dry_run else choose_engine(settings)
    try:
        with nullcontext() if dry_run else store.writer(progress.step) as writer, engine:
            run = _Run(store, writer, embeddings, settings, engine, progress)
            run.failures += failures
            run.take_files([one for one in sources if not run.sidecars.is_one(one.path)], roots, prune=prune)
    finally:
        progress.finish()
    return run.report()


def ingest_records(
    records: Iterable[RawRecord | Failure],
    file: str,
    store: Store,
    embeddings: SentenceEmbeddings,
    settings: Settings,
    *,
    replace: bool,
    tell: Tell | None = None,
) -> Report:
    """Make the store hold records that somebody sent, whose origins all begin with ``file``: a name from `uploads`.

    A record whose document was removed for good stays out, unless its id is its own: whoever sends that wants it back.
    ``replace`` removes what the store holds of the ``file`` besides, where all of it could be read. ``tell`` is called
    again and again with what is written so far, and may raise `Stopped`; the report then says so.

    Raises:
        Busy: another process writes to the store.
        StorageError: the folder is read-only or the disk is full.
    """
    sent = _File(SourceFile(Path(file), readable=True), "", None)
    with store.writer() as writer, LocalEngine(settings.max_file_mb, settings.fields) as engine:
        run = _Run(store, writer, embeddings, settings, engine, Silent())
        if tell:
            run.progress = _Telling(lambda: tell(run.report()))
        waiting = iter(records)
        try:
            while some := list(islice(waiting, BATCH_RECORDS)):
                writer.restore([record.doc_id for record in some if isinstance(record, RawRecord) and record.doc_id])
                run.take(sent, [prepared(record, {}, settings.fields) for record in some])
                run.progress.embedded(0)
            run.write_pending()
        except Stopped:
            run.fail(sent, Failure(file, "was stopped before its end"))
        if replace and not sent.failures:
            gone = [id_ for origin, id_ in run.left_of(file).items() if origin not in sent.seen]
            run.counts["removed"] += writer.remove(gone) if gone else 0
    return run.report()


class _Telling(Silent):
    """Tells whenever anything has been done."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    def embedded(self, passages: int) -> None:  # noqa: ARG002  what is written counts, and not what is about to be
        """Tells."""
        self._tell()


def _is_known(store: Store, path: Path) -> bool:
    """Whether the store holds anything of a path, or of what was under it."""
    return any(_under(name, {_root(path)}) for name in store.known_files().keys() | store.held().keys())


def _check_something(paths: Sequence[Path], sources: Sequence[SourceFile], settings: Settings) -> None:
    """See that there is a file to read.

    Raises:
        UsageError: there is none.
    """
    sets = 0
    for source in sources:
        if source.readable or not why_passed_over(source.path):
            if not holds_questions(source.path, settings.max_file_mb):
                return
            sets += 1
    named = ", ".join(printable(str(path)) for path in paths)
    only = "Question sets are for askcorpus eval." if sets else "See docs/corpus.md for what is read."
    raise UsageError(f"There is nothing to ingest in {named}.", only)


class _File:
    """A file that is being read: what is known of it, and what is found."""

    def __init__(self, source: SourceFile, rules: str, known: KnownFile | None) -> None:
        self.path, self.origin, self.readable = source.path, origin_of(source.path), source.readable
        self.stamp, self.rules, self.known = source.stamp, rules, known
        self.kind, self.sha256 = DOCUMENTS, ""
        self.failures: list[Failure] = []
        self.passed_over: list[PassedOver] = []
        self.passing = False
        """Whether something went wrong that may go well the next time, although the file is the same."""
        self.seen: set[str] = set()
        self.missing: tuple[str, ...] = ()

    def noted(self) -> KnownFile:
        """What a later run is to know."""
        stamp, sha256 = ("", "") if self.passing else (self.stamp, self.sha256)
        failures = tuple((one.origin, one.reason) for one in self.failures)
        passed_over = tuple((one.origin, one.reason) for one in self.passed_over)
        return KnownFile(self.origin, stamp, sha256, self.rules, self.kind, failures, passed_over, self.missing)

    def is_as_known(self) -> "KnownFile | None":
        """What is known of it, where that was found in the same bytes."""
        same = self.known and (self.known.sha256, self.known.rules) == (self.sha256, self.rules)
        return self.known if same else None


class _Run:
    """One run: what is known, what was seen, and what waits to be written together. Without a writer, it counts."""

    def __init__(
        self,
        store: Store,
        writer: Writer | None,
        embeddings: SentenceEmbeddings,
        settings: Settings,
        engine: Engine,
        progress: Progress,
    ) -> None:
        self.store, self.writer, self.embeddings = store, writer, embeddings
        self.settings, self.engine, self.progress = settings, engine, progress
        self.known, self.held = store.known_files(), store.held()
        self.rules = [READING, version("askcorpus"), settings.max_file_mb, settings.fields]
        self.failures: list[Failure] = []
        self.passed_over: list[PassedOver] = []
        self.unreadable: list[str] = []
        self.doubted: list[Failure] = []
        self.sidecars = Sidecars(settings.max_file_mb)
        self.counts: Counter[str] = Counter()
        self.question_sets: list[Path] = []
        self.elsewhere: tuple[str, ...] = ()
        self.lost: dict[str, list[str]] = {}  # files that are gone, by the sha256 of their bytes
        self.settled: dict[str, KnownFile] = {}  # files of which this run knows what they hold
        self.pending: list[_Pending] = []
        self.read: list[_File] = []  # files that are noted as soon as what is pending is written
        self.planned = Planned()

    def report(self) -> Report:
        """What was done."""
        return Report(
            **self.counts,
            failed=tuple(self.failures),
            elsewhere=self.elsewhere,
            question_sets=tuple(self.question_sets),
            passed_over=tuple(self.passed_over),
            unreadable=tuple(self.unreadable),
            doubted=tuple(self.doubted),
        )

    def take_files(self, sources: Sequence[SourceFile], roots: set[str], *, prune: bool) -> None:
        """Compare all files with what is known, read those that are new or changed, and see what is missing."""
        fresh = [source for source in sources if not self.is_unchanged(source)]
        self.find_lost({origin_of(source.path) for source in sources}, roots)
        self.progress.start(len(fresh))
        self.engine.begin(map(self.wanted, fresh), self.lost.keys())
        for source in fresh:
            self.progress.file(source.path)
            self.take_file(source)
        self.write_pending()
        self.settle_lost(roots, prune=prune)
        self.failures += [Failure(*failure) for failure in self.sidecars.failures.items()]
        self.doubted += [Failure(*doubt) for doubt in self.sidecars.doubts.items()]

    # --- files ---

    def is_unchanged(self, source: SourceFile) -> bool:
        """Whether a file's size and times say that it is what it was; it is then done with."""
        known = self.known.get(origin_of(source.path))
        if not known or not source.stamp or (known.stamp, known.rules) != (source.stamp, self.rules_of(source.path)):
            return False
        self.keep(source.path, known)
        return True

    def keep(self, path: Path, known: KnownFile) -> None:
        """Count what is there of a file that has not changed."""
        held = self.held.get(known.path, Held())
        self.counts["unchanged"] += held.documents - len(known.missing)
        self.counts["undated"] += held.undated
        self.counts["withheld"] += held.withheld
        self.failures += [Failure(*failure) for failure in known.failures]
        self.passed_over += [PassedOver(*one) for one in known.passed_over]
        self.settle(path, known)

    def settle(self, path: Path, known: KnownFile) -> None:
        """A file is done with."""
        self.settled[known.path] = known
        self.counts["skipped"] += known.kind != DOCUMENTS
        if known.kind == QUESTIONS:
            self.question_sets.append(path)

    def wanted(self, source: SourceFile) -> Wanted:
        """What an engine that reads ahead has to know of a file."""
        name, rows = origin_of(source.path), self.sidecars.rows_of(source.path)
        known = self.known.get(name)
        there = self.store.known(list(self.store.origins_of(name))) if name in self.held else []
        digests = frozenset(digest(one.origin, one.id, one.sha256) for one in there)
        same = known.sha256 if known and known.rules == self.rules_of(source.path) else ""
        return Wanted(source.path, rows, same, digests)

    def rules_of(self, path: Path) -> str:
        """What reading a file depends on besides its bytes, in one word."""
        own = [path.suffix, date_in_path(path.as_posix()), list(self.sidecars.rows_of(path).values())]
        rules = [*self.rules, *own]
        return hashlib.sha256(json.dumps(rules).encode()).hexdigest()[:16]

    def take_file(self, source: SourceFile) -> None:
        """Read a file, unless its bytes are those that were read from it, or from a file that is gone."""
        file = _File(source, self.rules_of(source.path), self.known.get(origin_of(source.path)))
        other = None if source.readable else why_passed_over(source.path)
        try:
            file.sha256 = "" if other else self.engine.sha256(source.path)
        except ReadError as exc:
            self.fail(file, Failure.of(file.origin, exc), passing=True)
        else:
            if other:
                file.kind = OTHER
                self.pass_over(file, other)
                self.close(file)
            else:
                self.take_bytes(file)
            self.read.append(file)
        if len(self.read) >= BATCH_FILES:
            self.write_pending()

    def take_bytes(self, file: _File) -> None:
        """Read a file, or find that it is known."""
        if not file.known and file.sha256 in self.lost:
            file.known = self.move(file)
        if known := file.is_as_known():
            file.kind, file.missing = known.kind, known.missing
            file.failures = [Failure(*failure) for failure in known.failures]
            file.passed_over = [PassedOver(*one) for one in known.passed_over]
            self.keep(file.path, known)
            return
        if holds_questions(file.path, self.settings.max_file_mb):
            file.kind = QUESTIONS
        else:
            self.take_records(file)
        self.close(file)

    def close(self, file: _File) -> None:
        """See what is there of a file that was read and holds it no longer."""
        if file.origin in self.held and not file.failures:
            file.missing = tuple(origin for origin in self.left_of(file.origin) if origin not in file.seen)
        self.settle(file.path, file.noted())

    def move(self, file: _File) -> KnownFile:
        """Let what is from a file that is gone, and had the same bytes, be from this one."""
        olds = self.lost[file.sha256]
        old = next((name for name in olds if Path(name).name == file.path.name), olds[0])
        olds.remove(old)
        if not olds:
            del self.lost[file.sha256]
        known, held = self.known.pop(old), self.held.pop(old, Held())
        moved = known._replace(
            path=file.origin,
            stamp="",
            failures=tuple((file.origin + origin[len(old) :], reason) for origin, reason in known.failures),
            passed_over=tuple((file.origin + origin[len(old) :], reason) for origin, reason in known.passed_over),
            missing=tuple(file.origin + origin[len(old) :] for origin in known.missing),
        )
        if self.writer:
            self.write_pending()
            with self.writer.together():
                self.writer.move_file(old, file.origin)
                self.writer.note_files([moved])
        self.known[file.origin], self.held[file.origin] = moved, held
        self.counts["moved"] += held.documents - len(known.missing)
        return moved

    def take_records(self, file: _File) -> None:
        """Take the records that a file has, and report what is wrong in it."""
        try:
            for some in self.engine.read(file.path, self.sidecars.rows_of(file.path)):
                self.take(file, some)
        except NotRead as exc:
            file.kind = OTHER
            self.pass_over(file, PassedOver(file.origin, exc.message))
        except ReadError as exc:
            self.fail(file, Failure.of(file.origin, exc))
        except MemoryError:
            self.fail(file, Failure(file.origin, NO_MEMORY))

    def fail(self, file: _File, one: Failure, *, passing: bool = False) -> None:
        """Report one input that cannot be ingested."""
        self.failures.append(one)
        file.failures.append(one)
        file.passing |= passing or one.reason.startswith(_PASSING)

    def pass_over(self, file: _File, one: PassedOver) -> None:
        """Report one input of a kind that is not read."""
        self.passed_over.append(one)
        file.passed_over.append(one)

    # --- records ---

    def take(self, file: _File, found: Sequence[Prepared | Failure]) -> None:
        """Count some documents of a file, and line up those that are new or changed."""
        documents: list[Prepared] = []
        for one in found:
            if isinstance(one, PassedOver):
                self.pass_over(file, one)
            elif isinstance(one, Failure):
                self.fail(file, one)
            else:
                documents.append(one)
                self.doubted += [Failure(one.document.origin, doubt) for doubt in one.doubts]
        self.planned.look_up(self.store, [one.document for one in documents])
        for one in documents:
            try:
                self.claim(file, one)
            except ReadError as exc:
                self.fail(file, Failure.of(one.document.origin, exc), passing=True)  # what it repeats may go
            except MemoryError:
                self.fail(file, Failure(one.document.origin, NO_MEMORY))

    def claim(self, file: _File, given: Prepared) -> None:
        """Count a document, and line it up for writing when it is new or changed.

        Raises:
            ReadError: it repeats another.
        """
        document = self.claim_id(file, given.document, chosen=given.chosen)
        holder = self.planned.of_id(document.id)
        if not holder and document.id in self.planned.withheld:
            self.counts["withheld"] += 1
            return
        file.seen.add(document.origin)
        self.counts["undated"] += not document.date
        there = self.planned.at(document.origin)
        now = KnownDocument(document.id, document.origin, file.origin, content_hash(document))
        before = there or holder
        same = before is not None and (before.id, before.sha256) == (now.id, now.sha256)
        change = "added" if before is None else "unchanged" if same else "changed"
        if there == now:
            self.counts[change] += 1
            return
        if self.writer and holder and holder.file != file.origin:
            self.writer.forget_files([holder.file])  # it may still hold what is now from here
        self.planned.place(now)
        if is_unreadable(document.text):
            self.unreadable.append(document.origin)
        self.line_up(file, document, change, self.pieces_of(document, given))

    def claim_id(self, file: _File, document: Document, *, chosen: bool) -> Document:
        """The document under an id that is free for its origin.

        An id the record chose moves with it from one origin to the next. An id made from the content moves only when
        the former origin is gone; while both are there they are two documents, and the second gets an id of its own.

        Raises:
            ReadError: this run has already seen another record of that origin or with that chosen id.
        """
        holder = self.planned.of_id(document.id)
        own_already = holder is None or holder.origin == document.origin
        seen = not own_already and self.has_seen(file, holder)
        if document.origin in file.seen or (chosen and seen):
            raise ReadError(f"repeats the id {document.id}")
        if chosen or own_already:
            return document
        own = with_own_id(document)
        there = self.planned.at(document.origin)
        return own if seen or (there and there.id == own.id) or self.may_exist(file, holder) else document

    def has_seen(self, file: _File, holder: KnownDocument | None) -> bool:
        """Whether this run found that a document still is where it is from."""
        if holder is None:
            return False
        if holder.file == file.origin:
            return holder.origin in file.seen
        return holder.file in self.settled and holder.origin not in self.settled[holder.file].missing

    def may_exist(self, file: _File, holder: KnownDocument | None) -> bool:
        """Whether a document's file is there, so that it may still hold it."""
        if holder is None or holder.file in self.settled:
            return False  # has_seen knows
        return holder.file == file.origin or exists(holder.file)

    def pieces_of(self, document: Document, given: Prepared) -> Iterator[Piece]:
        """The passages of a document, with their vectors where the engine made them, under whatever id it got since."""
        if given.pieces is None:
            return starmap(Piece, split_passages(document, self.settings.passage_chars))
        if document.id == given.document.id:
            return iter(given.pieces)
        spans = ((piece, Span(piece.passage.start, piece.passage.end)) for piece in given.pieces)
        return (piece._replace(passage=passage_at(document, span)) for piece, span in spans)

    def line_up(self, file: _File, document: Document, change: str, pieces: Iterator[Piece]) -> None:
        """Embed and write what waits once that makes a batch; a long document goes alone."""
        if self.writer is None:
            self.counts[change] += 1
            return
        first = list(islice(pieces, BATCH_PASSAGES))
        if len(first) < BATCH_PASSAGES:
            self.pending.append(_Pending(file, document, change, first))
        if sum(len(waiting.passages) for waiting in self.pending) >= BATCH_PASSAGES:
            self.write_pending()
        if len(first) == BATCH_PASSAGES:
            self.write_pending()
            alone = _Pending(file, document, change, [])
            self.write(self.writer, alone, self.stream(chain(first, pieces), document))

    # --- writing ---

    def stream(self, pieces: Iterable[Piece], document: Document) -> Iterator[StoredPassage]:
        """The passages of a long document with their vectors, no more than a batch of them in memory."""
        for batch in _batches(pieces):
            yield from self.embed(batch, {document.id: document.title}).values()

    def write_pending(self) -> None:
        """Embed the passages of all waiting documents, write them, and note the files that are done with."""
        if self.writer is None or not (self.pending or self.read):
            return
        titles = {waiting.document.id: waiting.document.title for waiting in self.pending}
        vectors = self.embed([piece for waiting in self.pending for piece in waiting.passages], titles)
        pending, self.pending = self.pending, []
        read, self.read = self.read, []
        with self.writer.together():
            for waiting in pending:
                self.write(self.writer, waiting, [vectors[piece.passage.id] for piece in waiting.passages])
            self.writer.note_files([file.noted() for file in read])
        self.planned.written()

    def write(self, writer: Writer, waiting: "_Pending", passages: Iterable[StoredPassage]) -> None:
        """Put a document into the store, or report it."""
        file, document, change, _ = waiting
        try:
            writer.put(document, passages, file.origin)
            self.counts[change] += 1
        except ReadError as exc:
            self.fail(file, Failure.of(document.origin, exc))
        except MemoryError:
            self.fail(file, Failure(document.origin, NO_MEMORY))

    def embed(self, pieces: Sequence[Piece], titles: Mapping[str, str]) -> dict[str, StoredPassage]:
        """Passages with their vectors, by id and in their order; what the store has already is not embedded again.

        ``titles`` are those of the passages' documents, by document id.
        """
        with self.store.snapshot() as index:
            stored = index.stored([piece.passage.id for piece in pieces])
        ready = {
            piece.passage.id: stored[piece.passage.id]
            for piece in pieces
            if piece.passage.id in stored and stored[piece.passage.id].sentences == piece.sentences
        }
        for batch in _batches(piece for piece in pieces if piece.passage.id not in ready):
            bare = [piece for piece in batch if piece.embedded is None]
            made = iter(embed(self.embeddings, [(titles[piece.passage.document_id], piece) for piece in bare]))
            for piece in batch:
                vector, sentence_vectors = piece.embedded or next(made)
                ready[piece.passage.id] = StoredPassage(piece.passage, vector, piece.sentences, sentence_vectors)
            self.progress.embedded(len(batch))
        return {piece.passage.id: ready[piece.passage.id] for piece in pieces}

    # --- what is gone ---

    def find_lost(self, found: set[str], roots: set[str]) -> None:
        """See which files are gone, so that others may turn out to be them, moved."""
        unread = {failure.origin for failure in self.failures}
        for name in sorted(self.known.keys() - found):
            if self.known[name].sha256 and not _under(name, unread) and (_under(name, roots) or not exists(name)):
                self.lost.setdefault(self.known[name].sha256, []).append(name)

    def settle_lost(self, roots: set[str], *, prune: bool) -> None:
        """Remove, or only count, the documents that came from under ``roots`` and are no longer there.

        What lies in a file or folder that could not be read (in whole or in part) stays: it may still be there.
        """
        unread = {failure.origin for failure in self.failures}
        names = (self.held.keys() | self.known.keys()) - self.settled.keys()
        lost = sorted(name for name in names if not is_upload(name))
        here = [name for name in lost if _under(name, roots)]
        self.elsewhere = tuple(name for name in lost if name not in set(here) and not exists(name))
        for name in here:
            if not _under(name, unread):
                self.settle_gone(name, self.left_of(name), None, prune=prune)
        for name, known in self.settled.items():
            if known.missing:
                left = self.left_of(name)
                missing = {origin: left[origin] for origin in known.missing if origin in left}
                self.settle_gone(name, missing, known._replace(missing=()), prune=prune)

    def settle_gone(self, name: str, gone: Mapping[str, str], after: KnownFile | None, *, prune: bool) -> None:
        """Remove, or only count, documents of a file (by origin their ids); ``after`` is then known of it."""
        self.counts["removed" if prune else "missing"] += len(gone)
        if prune and self.writer:
            with self.writer.together():
                self.writer.remove(list(gone.values()))
                if after:
                    self.writer.note_files([after])
                else:
                    self.writer.forget_files([name])

    def left_of(self, name: str) -> dict[str, str]:
        """Origin and document id of all that is there of a file, less what this run is about to take from it."""
        there = self.store.origins_of(name)
        return {origin: id_ for origin, id_ in there.items() if not self.planned.has_left(origin)}


class _Pending(NamedTuple):
    file: _File
    document: Document
    change: str
    passages: list[Piece]


def _batches(pieces: Iterable[Piece]) -> Iterator[Sequence[Piece]]:
    waiting = iter(pieces)
    while batch := list(islice(waiting, BATCH_PASSAGES)):
        yield batch


def _root(path: Path) -> str:
    """How the origins of all that is under a path begin."""
    return origin_of(path.resolve()).rstrip("/")


def _under(name: str, roots: Collection[str]) -> bool:
    """Whether an origin is one of ``roots`` or lies under one."""
    while name:
        if name in roots:
            return True
        name = name.rpartition("/")[0]
    return "" in roots
