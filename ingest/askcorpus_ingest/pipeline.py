"""Ingest: files → documents → passages → vectors → store. Safe to repeat, and safe to stop at any moment."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import UsageError
from askcorpus.index.store import Store
from askcorpus.settings import Settings
from askcorpus.text.characters import printable
from askcorpus_ingest.engine import BATCH_RECORDS
from askcorpus_ingest.engines import choose_engine
from askcorpus_ingest.file_reading import FileReading
from askcorpus_ingest.files import Failure, SourceFile, check_paths, find_files, is_under, root_of
from askcorpus_ingest.local_engine import LocalEngine, prepared
from askcorpus_ingest.progress import Progress, Silent, Stopped
from askcorpus_ingest.readers.dispatch import holds_questions, why_passed_over
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.report import Report, Tally, Tell
from askcorpus_ingest.run import Run


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
    roots = {root_of(path) for path in paths}
    there = [path for path in paths if path.exists() or not (prune and _is_known(store, path))]
    if there or not prune:
        check_paths(there)
    found = list(find_files(there))
    sources = [entry for entry in found if isinstance(entry, SourceFile)]
    tally = Tally()
    tally.failures += [entry for entry in found if isinstance(entry, Failure)]
    if not tally.failures and not prune:
        _check_something(paths, sources, settings)
    # A dry run embeds nothing, so nobody has to be called for it.
    engine = LocalEngine(settings.max_file_mb, settings.fields) if dry_run else choose_engine(settings)
    try:
        with nullcontext() if dry_run else store.writer(progress.step) as writer, engine:
            run = Run(store, writer, embeddings, settings, engine, progress, tally)
            run.take_files([one for one in sources if not run.sidecars.is_one(one.path)], roots, prune=prune)
    finally:
        progress.finish()
    return tally.report()


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
    tally = Tally()
    sent = FileReading(SourceFile(Path(file), readable=True), "", None, tally)
    progress = _Telling(lambda: tell(tally.report())) if tell else Silent()
    with store.writer() as writer, LocalEngine(settings.max_file_mb, settings.fields) as engine:
        run = Run(store, writer, embeddings, settings, engine, progress, tally)
        waiting = iter(records)
        try:
            while some := list(islice(waiting, BATCH_RECORDS)):
                writer.restore([record.doc_id for record in some if isinstance(record, RawRecord) and record.doc_id])
                run.take(sent, [prepared(record, {}, settings.fields) for record in some])
                progress.embedded(0)
            run.writing.flush()
        except Stopped:
            sent.fail(Failure(file, "was stopped before its end"))
        if replace and not sent.failures:
            gone = [id_ for origin, id_ in run.left_of(file).items() if origin not in sent.seen]
            tally.counts["removed"] += writer.remove(gone) if gone else 0
    return tally.report()


class _Telling(Silent):
    """Tells whenever anything has been done."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    def embedded(self, passages: int) -> None:  # noqa: ARG002  what is written counts, and not what is about to be
        """Tells."""
        self._tell()


def _is_known(store: Store, path: Path) -> bool:
    """Whether the store holds anything of a path, or of what was under it."""
    return any(is_under(name, {root_of(path)}) for name in store.known_files().keys() | store.held().keys())


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
