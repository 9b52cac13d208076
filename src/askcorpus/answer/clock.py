"""How long each step of an answer took."""

import time


class Clock:
    """Milliseconds of each step, from when it is made."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """What has passed since the step before belongs to this one."""
        now = time.perf_counter()
        self._laps[name] = round(self._laps.get(name, 0.0) + (now - self._last) * 1000, 2)
        self._last = now

    def laps(self) -> dict[str, float]:
        """All steps, and their ``total``."""
        return self._laps | {"total": round((self._last - self._start) * 1000, 2)}
