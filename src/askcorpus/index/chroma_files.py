"""The folder in which an embedded Chroma keeps its copy of the vectors."""

import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chromadb.api.client import Client

SEARCHED = 10_000
"""Candidates that a search goes through. Over a million passages it names .996 of the ten nearest in 20 ms of the
processor; 6,400 named .992 in 14, 3,200 .981 in 8 and 1,600 .934 in 4 (docs/scale.md)."""

CONFIGURATION: dict[str, Any] = {"hnsw": {"space": "cosine", "ef_search": SEARCHED}}
"""What a collection is made with."""


class ChromaFiles:
    """Chroma's files in ``folder``, which is ours, also for what must be remembered about them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def connect(self) -> "Client":
        """Open the files, or make them; raises what `_failures` translates."""
        from chromadb.api.client import Client
        from chromadb.config import Settings

        # A new name after each erasure: Chroma keeps a client that failed to open, and gives it out again for its path.
        files = next(self.folder.glob("index-*"), self.folder / f"index-{uuid.uuid4().hex[:8]}")
        settings = Settings(is_persistent=True, persist_directory=str(files), anonymized_telemetry=False)
        try:
            return Client(settings=settings)
        except ValueError as exc:  # what Chroma makes of a database in which it does not find its first rows
            raise Damaged(f"it cannot be opened: {exc}") from exc

    def sizes(self) -> dict[str, int]:
        """The files of the HNSW index. Chroma may crash (the whole process, with it) on one that is cut short."""
        return {str(path.relative_to(self.folder)): path.stat().st_size for path in self.folder.glob("index-*/*/*")}

    def erase(self) -> None:
        """Remove the files, which may be in any state."""
        if self.folder.is_dir():
            shutil.rmtree(self.folder)
        else:
            self.folder.unlink(missing_ok=True)


class Unreachable(Exception):
    """A vector index cannot be had now; later it may."""


class Damaged(Exception):
    """A vector index does not hold what it should; it must be made anew."""
