"""When a delivery is tried again: exponential back-off with jitter, as a value."""

from __future__ import annotations

import random
from dataclasses import dataclass

from pigeon_admin.conf import settings


@dataclass(frozen=True)
class RetryPolicy:
    """Waits ``first * 2 ** (n - 1)`` seconds after the n-th failure, never more than ``longest``, each ± ``jitter`` of itself.

    The jitter keeps a thousand deliveries that failed together from coming back together.
    """

    first: float = 30
    longest: float = 3600 * 6
    attempts: int = 26
    jitter: float = 0.2

    def delay(self, attempts_made: int, *, asked: float | None = None, chance: float | None = None) -> float | None:
        """Seconds until the next attempt after ``attempts_made`` (>= 1) failed ones, or None when it is over.

        ``asked``: what the partner asked for (Retry-After), obeyed as a minimum, up to a day. ``chance`` in [0, 1) replaces the dice.
        """
        if attempts_made >= self.attempts:
            return None
        # The exponent is capped: 2 ** 2000 is no float any more.
        wait = min(self.longest, self.first * 2.0 ** min(max(attempts_made, 1) - 1, 60))
        dice = random.random() if chance is None else chance  # noqa: S311 - not a secret
        wait *= 1 + self.jitter * (2 * dice - 1)
        return max(wait, min(asked, 86_400)) if asked is not None else wait


def policy() -> RetryPolicy:
    """The policy that the settings describe."""
    return RetryPolicy(first=settings.RETRY_FIRST, longest=settings.RETRY_LONGEST, attempts=settings.MAX_PUSH_ATTEMPTS)
