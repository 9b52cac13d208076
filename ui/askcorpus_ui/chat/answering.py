"""The answers that are being written, each to be stopped by the browser that asked for it and by no other.

In memory alone: an answer can be stopped whatever becomes of the file that it would be kept in.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from askcorpus_ui.chat.conversation import Place


class Answering:
    """What is being written now. For use in one event loop."""

    def __init__(self) -> None:
        self._stops: dict[tuple[str, Place], set[asyncio.Event]] = {}

    @contextmanager
    def begun(self, owner: str, place: Place) -> Iterator[asyncio.Event]:
        """While one answer to the turn of a place is written; the event is set when it shall end.

        Two tabs may have the same turn answered at the same time, and each ends its own.
        """
        key, stop = (owner, place), asyncio.Event()
        self._stops.setdefault(key, set()).add(stop)
        try:
            yield stop
        finally:
            self._stops[key].remove(stop)
            if not self._stops[key]:
                del self._stops[key]

    def has(self, owner: str, place: Place) -> bool:
        """Whether the turn of a place is being answered for its owner."""
        return (owner, place) in self._stops

    def stop(self, owner: str, place: Place) -> bool:
        """End all answers to that turn; whether there is one."""
        stops = self._stops.get((owner, place), set())
        for stop in stops:
            stop.set()
        return bool(stops)
