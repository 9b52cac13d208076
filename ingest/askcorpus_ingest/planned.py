"""What the store will hold once all that a run has lined up is written."""

from collections.abc import Sequence

from askcorpus.index.store import KnownDocument, Store
from askcorpus.types import Document
from askcorpus_ingest.documents import with_own_id


class Planned:
    """What is known of some documents' origins and ids, and what is about to change of that.

    Only what was last looked up is known, so a run holds no more than a few records' worth of it, whatever there is.
    """

    def __init__(self) -> None:
        self.withheld: set[str] = set()
        """Ids, among those looked up, of documents that were removed for good."""
        self._stored_at: dict[str, KnownDocument | None] = {}
        self._stored_ids: dict[str, KnownDocument | None] = {}
        self._at: dict[str, KnownDocument | None] = {}
        self._ids: dict[str, KnownDocument | None] = {}

    def look_up(self, store: Store, documents: Sequence[Document]) -> None:
        """Learn what the store holds of the origins and ids of these documents."""
        ids = [id_ for one in documents for id_ in (one.id, with_own_id(one).id)]
        known, self.withheld = store.known_and_withheld([one.origin for one in documents], ids)
        self._stored_at = {one.origin: one for one in known}
        self._stored_ids = {one.id: one for one in known}

    def at(self, origin: str) -> KnownDocument | None:
        """The document that is from there."""
        return self._at[origin] if origin in self._at else self._stored_at.get(origin)

    def of_id(self, document_id: str) -> KnownDocument | None:
        """The document that has this id."""
        return self._ids[document_id] if document_id in self._ids else self._stored_ids.get(document_id)

    def has_left(self, origin: str) -> bool:
        """Whether the document that is from there is about to be from elsewhere."""
        return origin in self._at and self._at[origin] is None

    def place(self, document: KnownDocument) -> None:
        """Note a document that is going to be written, in place of what has its origin or its id."""
        holder, there = self.of_id(document.id), self.at(document.origin)
        if holder:
            self._at[holder.origin] = None
        if there:
            self._ids[there.id] = None
        self._at[document.origin] = self._ids[document.id] = document

    def written(self) -> None:
        """All that was noted is in the store."""
        self._stored_at |= self._at
        self._stored_ids |= self._ids
        self._at.clear()
        self._ids.clear()
