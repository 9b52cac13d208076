"""Every error that a user can cause or mend, classed by what that user can do about it.

AskcorpusError
├── UsageError          2  ask differently: a bad question, option, setting or path
├── NothingIngested     3  ingest something first
├── IndexMismatch       4  the data folder was made with other settings, or by a newer version
├── Busy                5  wait, or stop the other process: a writer is at work, a port is taken
├── StorageError        6  mend the disk or the folder: without an index, read-only, full, damaged
├── ModelError          7  mend the model: it cannot be found, loaded, or reached
└── ReadError           8  one input cannot be read (ingest reports it and goes on)
    ├── NotRead            save it as a kind of file that is read
    ├── NoText             give it a text: it is empty, or a picture
    ├── Encrypted          take off its password
    ├── TooLarge           divide it
    ├── Corrupt            save it anew: it is damaged, or not what its ending says
    └── OldFormat          save it in the format that took its place

The number is the exit code of the command line. Exit code 1 means: finished, but not with everything
(some files failed, a gate of the evaluation was missed).
"""

from collections.abc import Mapping


class AskcorpusError(Exception):
    """One line that says what is wrong, and one that says what to do about it."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UsageError(AskcorpusError):
    """The request itself cannot be served: ask differently."""

    exit_code = 2


class NothingIngested(AskcorpusError):
    """There is no document to answer from yet."""

    exit_code = 3


class IndexMismatch(AskcorpusError):
    """The data folder was made with other settings or by a newer version."""

    exit_code = 4


class Busy(AskcorpusError):
    """Something else holds what this needs; trying again later may work."""

    exit_code = 5


class StorageError(AskcorpusError):
    """The disk or the data folder does not do what it must."""

    exit_code = 6


class ModelError(AskcorpusError):
    """A model cannot be found, loaded or reached."""

    exit_code = 7


class ReadError(AskcorpusError):
    """One input cannot be read; the others can."""

    exit_code = 8


class NotRead(ReadError):
    """The input is of a kind that is not read: nothing is wrong with it."""


class NoText(ReadError):
    """There is no text in it: it is empty, or has pictures only."""


class Encrypted(ReadError):
    """Nobody can read it without a password."""


class TooLarge(ReadError):
    """It is, or holds, more than is read at once."""


class Corrupt(ReadError):
    """It is damaged, or not what its ending says."""


class OldFormat(ReadError):
    """It is in an office's format of the last century."""


READ_ERRORS: Mapping[str, type[ReadError]] = {
    each.__name__: each for each in (ReadError, NotRead, NoText, Encrypted, TooLarge, Corrupt, OldFormat)
}
"""Why an input cannot be read, by name."""
