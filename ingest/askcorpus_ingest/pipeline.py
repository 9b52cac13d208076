"""The ingest run: files → documents → passages → vectors → store. Safe to repeat, and safe to stop at any moment."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import ReadError, UsageError
from askcorpus.index.store import KnownOrigin, Store, StoredPassage, Writer, content_hash
from askcorpus.settings import Settings
from askcorpus.text.characters import printable
from askcorpus.types import Document, Passage, Span
from askcorpus_ingest.documents import to_document, with_own_id
from askcorpus_ingest.files import Failure, PassedOver, SourceFile, check_paths, find_files, origin_of
from askcorpus_ingest.passages import split_passages
from askcorpus_ingest.progress import Progress, Silent
from askcorpus_ingest.readers.dispatch import holds_questions, why_passed_over
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import NO_MEMORY
from askcorpus_ingest.worker import Reader

BATCH_PASSAGES = 64
"""Passages are embedded in batches of about so many, however many documents those come from."""

_RECORD_OF = re.compile(r"\.\w{1,8}#|(?<=/)[^/.#]+#")

Split = tuple[Passage, tuple[Span, ...]]


class Report(NamedTuple):
    """What a run did (or, dry, would do): counts of documents, and what failed.

    ``skipped`` files were passed over: those of kinds we do not read (``passed_over``, with those that are packed into
    others), and ``question_sets``, which are for `askcorpus eval`.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: tuple[Failure, ...] = ()
    skipped: int = 0
    question_sets: tuple[Path, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()


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
    """Bring the store up to what the files under ``paths`` say; only new and changed documents are embedded.

    Each document becomes visible whole. Stopped at any moment (KeyboardInterrupt passes through), all documents
    written so far are kept, and the next run goes on from there. What cannot be read is reported, and what the store
    holds of it stays. ``prune`` removes documents that came from under ``paths`` and are no longer there; ``dry_run``
    writes nothing.

    Raises:
        UsageError: a path does not exist, or there is nothing to read under any of them (and nothing to prune).
        Busy: another process writes to the store.
    """
    check_paths(paths)
    found = list(find_files(paths))
    failures = [entry for entry in found if isinstance(entry, Failure)]
    sources = [entry for entry in found if isinstance(entry, SourceFile)]
    others = (source.path for source in sources if not source.readable)
    passed_over = [one for path in others if (one := why_passed_over(path))]
    unread = {one.origin for one in passed_over}
    readable = [source.path for source in sources if origin_of(source.path) not in unread]
    question_sets = tuple(path for path in readable if holds_questions(path, settings.max_file_mb))
    files = [path for path in readable if path not in question_sets]
    if not files and not failures and not prune:
        named = ", ".join(printable(str(path)) for path in paths)
        only = "Question sets are for askcorpus eval." if question_sets else "See docs/corpus.md for what is read."
        raise UsageError(f"There is nothing to ingest in {named}.", only)
    progress = progress or Silent()
    progress.start(len(files))
    try:
        with nullcontext() if dry_run else store.writer(progress.step) as writer:
            with Reader(settings.max_file_mb) as reader:
                run = _Run(store, writer, embeddings, settings, reader, progress)
                run.failures, run.passed_over = failures, passed_over
                run.take_files(files)
            if prune:
                run.prune({Path(origin_of(path.resolve())) for path in paths})
    finally:
        progress.finish()
    return run.report(len(sources) - len(files), question_sets)


class _Run:
    """One run: what is known, what was seen, and what waits to be embedded together. Without a writer, it counts."""

    def __init__(
        self,
        store: Store,
        writer: Writer | None,
        embeddings: SentenceEmbeddings,
        settings: Settings,
        reader: Reader,
        progress: Progress,
    ) -> None:
        self.store, self.writer, self.embeddings = store, writer, embeddings
        self.settings, self.reader, self.progress = settings, reader, progress
        self.known = store.known()
        self.holders = {known.document_id: origin for origin, known in self.known.items()}
        self.seen: set[str] = set()
        self.pending: list[_Pending] = []
        self.failures: list[Failure] = []
        self.passed_over: list[PassedOver] = []
        self.counts: Counter[str] = Counter()

    def report(self, skipped: int, question_sets: tuple[Path, ...]) -> Report:
        """What was done."""
        return Report(
            **self.counts,
            failed=tuple(self.failures),
            skipped=skipped,
            question_sets=question_sets,
            passed_over=tuple(self.passed_over),
        )

    def take_files(self, files: Sequence[Path]) -> None:
        """Read all files, and write what is new or changed in them."""
        for path in files:
            self.progress.file(path)
            self.take_file(path)
        if self.writer:
            self.write_pending(self.writer)

    def take_file(self, path: Path) -> None:
        """Read a file and take each of its records."""
        try:
            for record in self.reader.read(path):
                if isinstance(record, PassedOver):
                    self.passed_over.append(record)
                elif isinstance(record, Failure):
                    self.fail(record.origin, record.reason)
                else:
                    self.take(record)
        except ReadError as exc:
            self.fail(origin_of(path), exc.message)
        except MemoryError:
            self.fail(origin_of(path), NO_MEMORY)

    def take(self, raw: RawRecord) -> None:
        """Take a record, or report it."""
        try:
            self.claim(raw)
        except ReadError as exc:
            self.fail(raw.origin, exc.message)
        except MemoryError:
            self.fail(raw.origin, NO_MEMORY)

    def claim(self, raw: RawRecord) -> None:
        """Count a record, and line it up for writing when it is new or changed.

        Raises:
            ReadError: it is no document, or repeats one.
        """
        document = self.claim_id(to_document(raw), chosen=bool(raw.doc_id))
        self.seen.add(raw.origin)
        holder = self.holders.get(document.id, raw.origin)
        before = self.known.get(raw.origin) or self.known.get(holder)
        now = KnownOrigin(document.id, content_hash(document))
        change = "added" if before is None else "unchanged" if before == now else "changed"
        if self.known.get(raw.origin) == now:
            self.counts[change] += 1
        else:
            self.record(raw.origin, holder, now)
            self.line_up(document, change)

    def claim_id(self, document: Document, *, chosen: bool) -> Document:
        """The document under an id that is free for its origin.

        An id the record chose moves with it from one origin to the next. An id made from the content moves only when
        the former origin is gone; while both are there they are two documents, and the second gets an id of its own.

        Raises:
            ReadError: this run has already seen another record of that origin or with that chosen id.
        """
        origin, holder = document.origin, self.holders.get(document.id, document.origin)
        if origin in self.seen or (chosen and holder in self.seen):
            raise ReadError(f"repeats the id {document.id}")
        if chosen or holder == origin:
            return document
        own = with_own_id(document)
        already_own = origin in self.known and self.known[origin].document_id == own.id
        return own if already_own or holder in self.seen or _may_exist(holder) else document

    def record(self, origin: str, holder: str, now: KnownOrigin) -> None:
        """Note what the store will hold once the document is written."""
        if holder != origin:
            del self.known[holder]
        if origin in self.known and self.holders.get(self.known[origin].document_id) == origin:
            del self.holders[self.known[origin].document_id]
        self.known[origin] = now
        self.holders[now.document_id] = origin

    def line_up(self, document: Document, change: str) -> None:
        """Split a document, and embed and write what waits once that makes a batch; a long one goes alone."""
        if self.writer is None:
            self.counts[change] += 1
            return
        splits = split_passages(document, self.settings.passage_chars)
        first = list(islice(splits, BATCH_PASSAGES))
        if len(first) < BATCH_PASSAGES:
            self.pending.append(_Pending(document, change, first))
        if sum(len(waiting.passages) for waiting in self.pending) >= BATCH_PASSAGES:
            self.write_pending(self.writer)
        if len(first) == BATCH_PASSAGES:
            self.write(self.writer, document, change, self.stream(chain(first, splits), document))

    def stream(self, splits: Iterable[Split], document: Document) -> Iterator[StoredPassage]:
        """The passages of a long document with their vectors, no more than a batch of them in memory."""
        for batch in _batches(splits):
            yield from self.embed(batch, {document.id: document.title}).values()

    def write_pending(self, writer: Writer) -> None:
        """Embed the passages of all waiting documents and put each document into the store."""
        pending, self.pending = self.pending, []
        titles = {waiting.document.id: waiting.document.title for waiting in pending}
        vectors = self.embed([split for waiting in pending for split in waiting.passages], titles)
        for document, change, passages in pending:
            self.write(writer, document, change, [vectors[passage.id] for passage, _ in passages])

    def write(self, writer: Writer, document: Document, change: str, passages: Iterable[StoredPassage]) -> None:
        """Put a document into the store, or report it."""
        try:
            writer.put(document, passages)
            self.counts[change] += 1
        except ReadError as exc:
            self.fail(document.origin, exc.message)
        except MemoryError:
            self.fail(document.origin, NO_MEMORY)

    def embed(self, passages: Sequence[Split], titles: Mapping[str, str]) -> dict[str, StoredPassage]:
        """Passages with their vectors, by id and in their order; what the store has already is not embedded again.

        ``titles`` are those of the passages' documents, by document id.
        """
        with self.store.snapshot() as index:
            stored = index.stored([passage.id for passage, _ in passages])
        ready = {
            passage.id: stored[passage.id]
            for passage, sentences in passages
            if passage.id in stored and stored[passage.id].sentences == sentences
        }
        missing = [(passage, sentences) for passage, sentences in passages if passage.id not in ready]
        for batch in _batches(missing):
            contexts = [in_context(titles[passage.document_id], passage, own) for passage, own in batch]
            texts, spans = zip(*contexts, strict=True)
            vectors = self.embeddings.embed_passages(texts, spans)
            for (passage, sentences), (vector, sentence_vectors) in zip(batch, vectors, strict=True):
                ready[passage.id] = StoredPassage(passage, vector, sentences, sentence_vectors)
            self.progress.embedded(len(batch))
        return {passage.id: ready[passage.id] for passage, _ in passages}

    def prune(self, roots: set[Path]) -> None:
        """Remove what came from under ``roots`` and was not seen.

        What lies in a file or folder that could not be read (in whole or in part) stays: it may still be there.
        """
        unread = {_file_of(failure.origin) for failure in self.failures}
        gone = [
            known.document_id
            for origin, known in self.known.items()
            if origin not in self.seen and _under(origin, roots) and not _under(origin, unread)
        ]
        if gone and self.writer:
            self.writer.remove(gone)
        self.counts["removed"] = len(gone)

    def fail(self, origin: str, reason: str) -> None:
        """Report one input that cannot be ingested."""
        self.failures.append(Failure(origin, reason))


class _Pending(NamedTuple):
    document: Document
    change: str
    passages: list[Split]


def in_context(title: str, passage: Passage, sentences: Sequence[Span]) -> tuple[str, list[Span]]:
    """What is embedded for a passage, its document's title above it, and where its sentences are in that.

    A passage from the middle of an article rarely names what the article is about; the title does (docs/quality.md).
    """
    above = "" if not title or passage.text.startswith(title.rstrip("…")) else f"{title}\n"
    shift = len(above) - passage.start
    return above + passage.text, [Span(start + shift, end + shift) for start, end in sentences]


def _batches(passages: Iterable[Split]) -> Iterator[Sequence[Split]]:
    waiting = iter(passages)
    while batch := list(islice(waiting, BATCH_PASSAGES)):
        yield batch


def _file_of(origin: str) -> Path:
    """The file of an origin, which for a record of a file that holds many goes on with ``#`` and the record."""
    record = _RECORD_OF.search(origin, 1)
    return Path(origin[: record.end() - 1] if record else origin)


def _may_exist(origin: str) -> bool:
    try:
        return _file_of(origin).exists()
    except OSError:  # it lies in a folder that is locked
        return True


def _under(origin: str, roots: set[Path]) -> bool:
    path = _file_of(origin)
    return not roots.isdisjoint((path, *path.parents))
