"""The models' first load, in the background."""

import logging
import threading
from typing import TYPE_CHECKING

from askcorpus.errors import AskcorpusError

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant

log = logging.getLogger(__name__)


class WarmUp:
    """The models' first load, in the background, so that the page is there before they are."""

    def __init__(self, assistant: "Assistant") -> None:
        self._assistant = assistant
        self._done = threading.Event()
        self.fault = ""

    def start(self) -> None:
        """Begin loading; returns at once."""
        threading.Thread(target=self._load, name="warm-up", daemon=True).start()

    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self._done.is_set()

    def _load(self) -> None:
        try:
            self._assistant.warm_up()
        except AskcorpusError as exc:
            self.fault = str(exc)
            log.warning("%s", exc)
        finally:
            self._done.set()
