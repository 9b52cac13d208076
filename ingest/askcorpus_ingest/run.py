"""One ingest run: files are compared with what is known of them, their documents with what the store holds."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import starmap
from pathlib import Path

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import NotRead, ReadError
from askcorpus.index.store import Held, KnownDocument, KnownFile, Store, Writer, content_hash
from askcorpus.settings import Settings
from askcorpus.text.scripts import is_unreadable
from askcorpus.types import Document, Span
from askcorpus_ingest.contexts import Piece
from askcorpus_ingest.documents import date_in_path, with_own_id
from askcorpus_ingest.engine import Engine, Prepared, Wanted, digest
from askcorpus_ingest.file_reading import DOCUMENTS, OTHER, QUESTIONS, FileReading
from askcorpus_ingest.files import Failure, PassedOver, SourceFile, exists, is_under, is_upload, origin_of
from askcorpus_ingest.passages import passage_at, split_passages
from askcorpus_ingest.progress import Progress
from askcorpus_ingest.readers.dispatch import holds_questions, why_passed_over
from askcorpus_ingest.readers.source import NO_MEMORY
from askcorpus_ingest.report import Tally
from askcorpus_ingest.sidecar import Sidecars
from askcorpus_ingest.writing import Writing

READING = 4
"""Raise it whenever the same file would be read otherwise than before: all files are then read again, once."""


class Run:
    """What is known, what was seen, and what waits to be written. Without a writer, it counts."""

    def __init__(
        self,
        store: Store,
        writer: Writer | None,
        embeddings: SentenceEmbeddings,
        settings: Settings,
        engine: Engine,
        progress: Progress,
        tally: Tally,
    ) -> None:
        self.store, self.writer, self.settings = store, writer, settings
        self.engine, self.progress, self.tally = engine, progress, tally
        self.known, self.held = store.known_files(), store.held()
        self.rules = [READING, version("askcorpus"), settings.max_file_mb, settings.fields]
        self.sidecars = Sidecars(settings.max_file_mb)
        self.lost: dict[str, list[str]] = {}  # files that are gone, by the sha256 of their bytes
        self.settled: dict[str, KnownFile] = {}  # files of which this run knows what they hold
        self.writing = Writing(store, writer, embeddings, progress, tally)
        self.planned = self.writing.planned

    def take_files(self, sources: Sequence[SourceFile], roots: set[str], *, prune: bool) -> None:
        """Compare all files with what is known, read those that are new or changed, and see what is missing."""
        fresh = [source for source in sources if not self.is_unchanged(source)]
        self.find_lost({origin_of(source.path) for source in sources}, roots)
        self.progress.start(len(fresh))
        self.engine.begin(map(self.wanted, fresh), self.lost.keys())
        for source in fresh:
            self.progress.file(source.path)
            self.take_file(source)
        self.writing.flush()
        self.settle_lost(roots, prune=prune)
        self.tally.failures += [Failure(*failure) for failure in self.sidecars.failures.items()]
        self.tally.doubted += [Failure(*doubt) for doubt in self.sidecars.doubts.items()]

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
        self.tally.counts["unchanged"] += held.documents - len(known.missing)
        self.tally.counts["undated"] += held.undated
        self.tally.counts["withheld"] += held.withheld
        self.tally.failures += [Failure(*failure) for failure in known.failures]
        self.tally.passed_over += [PassedOver(*one) for one in known.passed_over]
        self.settle(path, known)

    def settle(self, path: Path, known: KnownFile) -> None:
        """A file is done with."""
        self.settled[known.path] = known
        self.tally.counts["skipped"] += known.kind != DOCUMENTS
        if known.kind == QUESTIONS:
            self.tally.question_sets.append(path)

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
        file = FileReading(source, self.rules_of(source.path), self.known.get(origin_of(source.path)), self.tally)
        other = None if source.readable else why_passed_over(source.path)
        try:
            file.sha256 = "" if other else self.engine.sha256(source.path)
        except ReadError as exc:
            file.fail(Failure.of(file.origin, exc), passing=True)
        else:
            if other:
                file.kind = OTHER
                file.pass_over(other)
                self.close(file)
            else:
                self.take_bytes(file)
            self.writing.done_with(file)

    def take_bytes(self, file: FileReading) -> None:
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

    def close(self, file: FileReading) -> None:
        """See what is there of a file that was read and holds it no longer."""
        if file.origin in self.held and not file.failures:
            file.missing = tuple(origin for origin in self.left_of(file.origin) if origin not in file.seen)
        self.settle(file.path, file.noted())

    def move(self, file: FileReading) -> KnownFile:
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
            self.writing.flush()
            with self.writer.together():
                self.writer.move_file(old, file.origin)
                self.writer.note_files([moved])
        self.known[file.origin], self.held[file.origin] = moved, held
        self.tally.counts["moved"] += held.documents - len(known.missing)
        return moved

    def take_records(self, file: FileReading) -> None:
        """Take the records that a file has, and report what is wrong in it."""
        try:
            for some in self.engine.read(file.path, self.sidecars.rows_of(file.path)):
                self.take(file, some)
        except NotRead as exc:
            file.kind = OTHER
            file.pass_over(PassedOver(file.origin, exc.message))
        except ReadError as exc:
            file.fail(Failure.of(file.origin, exc))
        except MemoryError:
            file.fail(Failure(file.origin, NO_MEMORY))

    # --- records ---

    def take(self, file: FileReading, found: Sequence[Prepared | Failure]) -> None:
        """Count some documents of a file, and line up those that are new or changed."""
        documents: list[Prepared] = []
        for one in found:
            if isinstance(one, PassedOver):
                file.pass_over(one)
            elif isinstance(one, Failure):
                file.fail(one)
            else:
                documents.append(one)
                self.tally.doubted += [Failure(one.document.origin, doubt) for doubt in one.doubts]
        self.planned.look_up(self.store, [one.document for one in documents])
        for one in documents:
            try:
                self.claim(file, one)
            except ReadError as exc:
                file.fail(Failure.of(one.document.origin, exc), passing=True)  # what it repeats may go
            except MemoryError:
                file.fail(Failure(one.document.origin, NO_MEMORY))

    def claim(self, file: FileReading, given: Prepared) -> None:
        """Count a document, and line it up for writing when it is new or changed.

        Raises:
            ReadError: it repeats another.
        """
        document = self.claim_id(file, given.document, chosen=given.chosen)
        holder = self.planned.of_id(document.id)
        if not holder and document.id in self.planned.withheld:
            self.tally.counts["withheld"] += 1
            return
        file.seen.add(document.origin)
        self.tally.counts["undated"] += not document.date
        there = self.planned.at(document.origin)
        now = KnownDocument(document.id, document.origin, file.origin, content_hash(document))
        before = there or holder
        same = before is not None and (before.id, before.sha256) == (now.id, now.sha256)
        change = "added" if before is None else "unchanged" if same else "changed"
        if there == now:
            self.tally.counts[change] += 1
            return
        if self.writer and holder and holder.file != file.origin:
            self.writer.forget_files([holder.file])  # it may still hold what is now from here
        self.planned.place(now)
        if is_unreadable(document.text):
            self.tally.unreadable.append(document.origin)
        self.writing.line_up(file, document, change, self.pieces_of(document, given))

    def claim_id(self, file: FileReading, document: Document, *, chosen: bool) -> Document:
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

    def has_seen(self, file: FileReading, holder: KnownDocument | None) -> bool:
        """Whether this run found that a document still is where it is from."""
        if holder is None:
            return False
        if holder.file == file.origin:
            return holder.origin in file.seen
        return holder.file in self.settled and holder.origin not in self.settled[holder.file].missing

    def may_exist(self, file: FileReading, holder: KnownDocument | None) -> bool:
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

    # --- what is gone ---

    def find_lost(self, found: set[str], roots: set[str]) -> None:
        """See which files are gone, so that others may turn out to be them, moved."""
        unread = {failure.origin for failure in self.tally.failures}
        for name in sorted(self.known.keys() - found):
            if self.known[name].sha256 and not is_under(name, unread) and (is_under(name, roots) or not exists(name)):
                self.lost.setdefault(self.known[name].sha256, []).append(name)

    def settle_lost(self, roots: set[str], *, prune: bool) -> None:
        """Remove, or only count, the documents that came from under ``roots`` and are no longer there.

        What lies in a file or folder that could not be read (in whole or in part) stays: it may still be there.
        """
        unread = {failure.origin for failure in self.tally.failures}
        names = (self.held.keys() | self.known.keys()) - self.settled.keys()
        lost = sorted(name for name in names if not is_upload(name))
        here = [name for name in lost if is_under(name, roots)]
        self.tally.elsewhere = tuple(name for name in lost if name not in set(here) and not exists(name))
        for name in here:
            if not is_under(name, unread):
                self.settle_gone(name, self.left_of(name), None, prune=prune)
        for name, known in self.settled.items():
            if known.missing:
                left = self.left_of(name)
                missing = {origin: left[origin] for origin in known.missing if origin in left}
                self.settle_gone(name, missing, known._replace(missing=()), prune=prune)

    def settle_gone(self, name: str, gone: Mapping[str, str], after: KnownFile | None, *, prune: bool) -> None:
        """Remove, or only count, documents of a file (by origin their ids); ``after`` is then known of it."""
        self.tally.counts["removed" if prune else "missing"] += len(gone)
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
