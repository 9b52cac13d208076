"""Archives (.zip, .tar, .gz, .bz2, .xz): what is packed into them, unpacked within limits and never by its name."""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePath
from typing import IO, BinaryIO

from askcorpus.errors import Corrupt, Encrypted, TooLarge
from askcorpus.text.characters import printable
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.package import BROKEN_ZIP
from askcorpus_ingest.readers.source import MOST_PARTS, Part, Source

_BROKEN = (OSError, EOFError, lzma.LZMAError, zlib.error, tarfile.TarError, ValueError, OverflowError)
_UNPACK: dict[bytes, Callable[[BinaryIO], IO[bytes] | gzip.GzipFile]] = {
    b"\x1f\x8b": partial(gzip.open, mode="rb"),
    b"BZh": partial(bz2.open, mode="rb"),
    b"\xfd7zXZ": partial(lzma.open, mode="rb"),
}


def read_zip(source: Source) -> Iterator[Part | Failure]:
    """The files in it; what is encrypted or broken is a failure.

    Raises:
        ReadError: it is broken as a whole.
    """
    with source.opened() as file:
        try:
            archive = zipfile.ZipFile(file)
        except BROKEN_ZIP as exc:
            raise Corrupt("is a broken archive") from exc
        with archive:
            for info in archive.infolist():
                if not info.is_dir():
                    yield _zipped(source, archive, info)


def _zipped(source: Source, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Part | Failure:
    origin = f"{source.origin}#{printable(info.filename)}"
    if info.flag_bits & 1:
        return Failure.of(origin, Encrypted("is encrypted"))
    try:
        with archive.open(info) as packed:
            return source.part(info.filename, packed)
    except BROKEN_ZIP:
        return Failure.of(origin, Corrupt("is broken, or packed in a way that is not read"))


def read_tar(source: Source) -> Iterator[Part | Failure]:
    """The files in it; links, devices and pipes are failures.

    Raises:
        ReadError: it is broken from some point on.
    """
    with source.opened() as file:
        try:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                for count, info in enumerate(archive):
                    if count > MOST_PARTS:
                        raise TooLarge(f"holds more than {MOST_PARTS} files")
                    if info.isfile():
                        yield _from_tar(source, archive, info)
                    elif not info.isdir():
                        yield Failure(f"{source.origin}#{printable(info.name)}", "is no ordinary file")
        except _BROKEN as exc:
            raise Corrupt("is a broken archive") from exc


def _from_tar(source: Source, archive: tarfile.TarFile, info: tarfile.TarInfo) -> Part | Failure:
    packed = archive.extractfile(info)
    if packed is None:
        return Failure(f"{source.origin}#{printable(info.name)}", "is no ordinary file")
    with packed:
        return source.part(info.name, packed)


def read_compressed(source: Source) -> Iterator[Part]:
    """The one file that is packed into it, under its name without the last ending.

    Raises:
        ReadError: it is broken.
    """
    with source.opened() as file:
        head = file.read(8)
        file.seek(0)
        unpack = next(unpack for magic, unpack in _UNPACK.items() if head.startswith(magic))
        name = PurePath(source.path.name)
        tar = {".tgz": ".tar", ".tbz2": ".tar", ".tbz": ".tar", ".txz": ".tar"}.get(name.suffix.lower())
        try:
            with unpack(file) as packed:
                part = source.part(str(name.with_suffix(tar or "")), packed)
        except _BROKEN as exc:
            raise Corrupt("is broken") from exc
    yield part
