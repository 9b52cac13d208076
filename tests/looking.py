"""One look into a store at a time, each over a snapshot of its own."""

from collections.abc import Callable
from typing import Any

from askcorpus.index.store import Store


class look:
    """What a snapshot of ``store`` answers now."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*arguments: Any, **options: Any) -> Any:
            with self._store.snapshot() as index:
                return getattr(index, name)(*arguments, **options)

        return ask
