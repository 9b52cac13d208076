"""Reading files that could harm their reader, in a process of its own: it may crash, hang or run out of memory.

What it was reading is then a failure with its reason, a new process takes its place, and the run goes on. Both sides
speak JSON, a line a message, so that nothing that a file made of the process can do more than tell lies.
"""

import faulthandler
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from askcorpus.errors import READ_ERRORS, ReadError
from askcorpus.types import Mark
from askcorpus_ingest.files import Failure, PassedOver
from askcorpus_ingest.readers.dispatch import read_file
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.sniff import outer_kind
from askcorpus_ingest.readers.source import MEGABYTE, NO_MEMORY, Limits, Source

HARMLESS = {"text", "markdown", "jsonl", "csv", "subtitles"}
"""Formats that are read here: going through their lines does no more harm than taking time."""
SECONDS = 120
"""A file, or a part of one, may take so long from one record to the next."""
MEMORY_MB = 1500
"""So much memory a worker may have, and `MEMORY_PER_MB` times the largest file that is read."""
MEMORY_PER_MB = 20
MOST_LOSSES = 20
"""Parts of one file that may each cost a worker before the file as a whole is given up."""

_OUT_OF_TIME = -signal.SIGALRM if hasattr(signal, "SIGALRM") else 1  # faulthandler exits with 1
Message = Mapping[str, Any]


class FileReader:
    """Reads files within limits; the process beside it is started when it is first needed."""

    def __init__(
        self,
        max_mb: int,
        names: Mapping[str, str] = MappingProxyType({}),
        seconds: float = SECONDS,
        memory_mb: int | None = None,
    ) -> None:
        self._max_mb, self._names, self._seconds = max_mb, names, seconds
        self._memory_mb = memory_mb or MEMORY_MB + MEMORY_PER_MB * max_mb
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def read(self, path: Path) -> Iterator[RawRecord | Failure]:
        """The records of a file. As `dispatch.read_file`, and raises as that does, or where reading was cut short."""
        try:
            kind = outer_kind(Source(path, self._max_mb))
        except OSError as exc:
            raise ReadError(f"cannot be read: {exc.strerror}") from exc
        yield from self._read_here(path) if kind in HARMLESS else self._read_beside(path)

    def _read_here(self, path: Path) -> Iterator[RawRecord | Failure]:
        return read_file(path, self._max_mb, Limits(names=self._names))

    def _read_beside(self, path: Path) -> Iterator[RawRecord | Failure]:
        request: dict[str, Any] = {"path": str(path), "names": dict(self._names)}
        avoid: set[str] = set()
        taken = 0
        while True:
            at = ""
            for message in self._ask(request | {"avoid": sorted(avoid), "skip": taken}):
                if "begin" in message:
                    at = message["begin"]
                elif found := _found(message):
                    taken += 1
                    yield found
                elif "end" in message:
                    return
                elif "lost" in message:
                    break
            reason = message["lost"]
            if not at or at in avoid or len(avoid) >= MOST_LOSSES:
                raise ReadError(reason)
            avoid.add(at)
            yield Failure(at, reason)

    def _ask(self, request: Message) -> Iterator[Message]:
        """The worker's messages on a file; when it is lost, the last one says so.

        Raises:
            NotRead, ReadError: the file as a whole cannot be read.
        """
        process = self._process or self._start()
        assert process.stdin and process.stdout
        done = False
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            for line in process.stdout:
                message: Message = json.loads(line)
                done = "end" in message or "error" in message
                if "error" in message:
                    raise READ_ERRORS.get(message["kind"], ReadError)(message["error"])
                yield message
                if done or "lost" in message:
                    return
            yield {"lost": self._why_lost(process)}
        except BrokenPipeError:
            yield {"lost": self._why_lost(process)}
        finally:
            if not done:
                self._end()

    def _why_lost(self, process: subprocess.Popen[bytes]) -> str:
        code = process.wait()
        if code == _OUT_OF_TIME:
            return f"took more than {self._seconds:g} seconds to read"
        if code in (-signal.SIGKILL if hasattr(signal, "SIGKILL") else None, -signal.SIGABRT):
            return "needs more memory than there is to read it"
        return "crashed its reader"

    def _start(self) -> subprocess.Popen[bytes]:
        """A new worker. It does not get the Ctrl-C that is meant for us: ending it is up to us."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, str(self._seconds), str(self._memory_mb), str(self._max_mb)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,
        )
        return self._process

    def _end(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _found(message: Message) -> RawRecord | Failure | None:
    """The record or failure that a message brings."""
    if "record" in message:
        record = message["record"]
        marks = tuple(Mark(start=start, locator=locator) for start, locator in record.pop("marks"))
        return RawRecord(**record, marks=marks)
    if "failure" in message:
        return (PassedOver if message["passed"] else Failure)(*message["failure"])
    return None


# --- in the worker ---


def main() -> None:
    """Read the files that standard input names, until it ends."""
    seconds, memory_mb, max_mb = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    _limit_memory(memory_mb * MEGABYTE)
    worker = _Worker(seconds, max_mb, os.dup(sys.stdout.fileno()))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no message
    for line in sys.stdin.buffer:
        worker.take(json.loads(line))


def _limit_memory(most: int) -> None:
    """On systems that can limit it."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (ImportError, AttributeError, ValueError, OSError):
        return


class _Worker:
    """Reads a file at a time, and ends itself when that takes too long."""

    def __init__(self, seconds: float, max_mb: int, out: int) -> None:
        self._seconds, self._max_mb = seconds, max_mb
        self._out = os.fdopen(out, "wb")

    def take(self, request: Message) -> None:
        """Read a file and send what is found in it."""
        limits = Limits(
            names=request["names"],
            avoid=frozenset(request["avoid"]),
            begin=lambda origin: self._send({"begin": origin}),
        )
        _end_after(self._seconds)
        try:
            for number, found in enumerate(read_file(Path(request["path"]), self._max_mb, limits)):
                if number >= request["skip"]:
                    self._send(_message(found))
            self._send({"end": True})
        except ReadError as exc:
            self._send({"error": exc.message, "kind": type(exc).__name__})
        except MemoryError:
            self._send({"error": NO_MEMORY, "kind": ReadError.__name__})
        except BaseException as exc:  # as a library in Rust raises when it panics
            self._send({"lost": f"cannot be read: {type(exc).__name__} in its reader"})
            raise
        finally:
            _end_after(0)

    def _send(self, message: Message) -> None:
        """The time that the other side takes to listen is not the file's."""
        _end_after(0)
        self._out.write(json.dumps(message).encode() + b"\n")
        self._out.flush()
        _end_after(self._seconds)


def _end_after(seconds: float) -> None:
    """End this process after that time, whatever it is doing then; 0: do not."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)  # nothing handles the signal
    elif seconds:
        faulthandler.dump_traceback_later(seconds, exit=True)
    else:
        faulthandler.cancel_dump_traceback_later()


def _message(found: RawRecord | Failure) -> Message:
    if isinstance(found, Failure):
        return {"failure": list(found), "passed": isinstance(found, PassedOver)}
    marks = [(mark.start, mark.locator) for mark in found.marks]
    return {"record": {**found._asdict(), "extra": dict(found.extra), "marks": marks}}


if __name__ == "__main__":
    main()
