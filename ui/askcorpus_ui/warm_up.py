"""The models' first load, in the background."""

import logging
import threading
from typing import TYPE_CHECKING

from askcorpus.errors import AskcorpusError

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

log = logging.getLogger(__name__)


class WarmUp:
    """The models' first load, in the background, so that the page is there before they are.

    ``fault`` says why they could not be loaded; "" while nothing is known to be wrong.
    """

    def __init__(self, assistant: "Assistant") -> None:
        self._assistant = assistant
        self._loading = threading.Lock()
        self._done = threading.Event()
        self.fault = ""

    def start(self) -> None:
        """Begin loading, unless that is under way; returns at once."""
        if self._loading.acquire(blocking=False):
            threading.Thread(target=self._load, name="warm-up", daemon=True).start()

    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self._done.is_set()

    def _load(self) -> None:
        fault = "The models could not be loaded; the log says why."
        try:
            self._assistant.warm_up()
            fault = ""
        except AskcorpusError as exc:
            fault = str(exc)
            log.warning("%s", exc)
        finally:
            self.fault = fault
            self._done.set()
            self._loading.release()
