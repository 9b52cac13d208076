"""Opening the store that the settings name; its fingerprint must match the settings."""

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index.store import Store, open_store
from askcorpus.settings import Settings


def index_fingerprint(settings: Settings, embeddings: SentenceEmbeddings) -> str:
    """All that an index depends on, in one line: two with the same can be read with the same settings."""
    return f"{embeddings.fingerprint} passages={settings.passage_chars}"


def open_index(settings: Settings, embeddings: SentenceEmbeddings) -> Store:
    """The store in the settings' data folder. Loads no model when that is the bundled one.

    Raises:
        UsageError: the settings name no vector index.
        IndexMismatch: the folder was made with other settings, or by a newer version.
        StorageError: the folder is damaged or cannot be read.
    """
    fingerprint = index_fingerprint(settings, embeddings)
    token = settings.vectors_token.get_secret_value() if settings.vectors_token else None
    return open_store(
        settings.data,
        fingerprint,
        embeddings.dimension,
        database=settings.database_url,
        vectors=settings.vectors,
        vectors_token=token,
    )


def require_index(settings: Settings) -> None:
    """For commands that only read: make sure that there is an index; none is created.

    Raises:
        StorageError: there is no index where the settings say, or no way to it.
    """
    with Store(settings.data, "", 0, database=settings.database_url) as store:
        store.require()
