"""How often a key may come: so many requests in a minute, as a bucket that fills again all the time."""

import math
import time
from collections.abc import Callable


class Rates:
    """The buckets of all keys that came lately. They are the process's: a server that starts anew has full ones."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._buckets: dict[str, tuple[float, float]] = {}  # what is in it, and when that was

    def wait(self, key: str, per_minute: int) -> int:
        """Take one request out of a key's bucket: 0, or the whole seconds until there is one in it."""
        now, rate = self._now(), per_minute / 60
        left, since = self._buckets.get(key, (float(per_minute), now))
        left = min(float(per_minute), left + (now - since) * rate)
        if left < 1:
            self._buckets[key] = (left, now)
            return math.ceil((1 - left) / rate)
        self._buckets[key] = (left - 1, now)
        return 0
