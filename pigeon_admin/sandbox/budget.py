"""How much work one rendering may do."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from django.utils.translation import gettext as _

from pigeon_admin.conf import settings
from pigeon_admin.exceptions import BudgetExceeded

T = TypeVar("T")

# All intermediate texts of one rendering together, as a multiple of the bytes it may write.
WORKING_SPACE = 5


class Budget:
    """Counts loop steps, bytes written, bytes of intermediate values and seconds; raises BudgetExceeded once one is used up.

    ``failure`` keeps the first error of a rendering, because ``{% if %}`` swallows whatever is raised inside its comparisons.
    """

    def __init__(self, *, steps: int | None = None, size: int | None = None, seconds: float | None = None) -> None:
        self.max_steps = settings.TEMPLATE_MAX_STEPS if steps is None else steps
        self.max_size = settings.TEMPLATE_MAX_BYTES if size is None else size
        self.max_seconds = settings.TEMPLATE_MAX_SECONDS if seconds is None else seconds
        self.steps = 0
        self.size = 0
        self.space = 0
        self.deadline = time.monotonic() + self.max_seconds
        self.failure: Exception | None = None

    @property
    def steps_left(self) -> int:
        """Loop steps not yet taken."""
        return max(0, self.max_steps - self.steps)

    def check(self) -> None:
        """Raise what went wrong before, or BudgetExceeded when time is up."""
        if self.failure is not None:
            raise self.failure
        if time.monotonic() > self.deadline:
            raise self.exceeded(_("The template takes longer than %(limit)s seconds.") % {"limit": f"{self.max_seconds:g}"})

    def step(self, count: int = 1) -> None:
        """Take loop steps."""
        self.steps += count
        if self.steps > self.max_steps:
            text = _("The template takes more than %(limit)d loop steps. Loop over fewer objects, for example with “slice”.")
            raise self.exceeded(text % {"limit": self.max_steps})

    def counted(self, values: Iterable[T]) -> Iterator[T]:
        """The values, each of them one step."""
        for value in values:
            self.step()
            yield value

    def write(self, text: str) -> None:
        """Write output, counted in bytes of UTF-8."""
        self.size += len(text) if text.isascii() else len(text.encode(errors="replace"))
        if self.size > self.max_size:
            raise self.too_large()

    def make(self, value: object) -> None:
        """Hold an intermediate value: a text by the memory it takes, a list by the steps it took to fill."""
        if isinstance(value, str):
            self.reserve(sys.getsizeof(value))
        elif isinstance(value, (list, tuple)):
            self.step(len(value))

    def reserve(self, size: int) -> None:
        """Account for ``size`` bytes of an intermediate value, before or after it is made."""
        self.space += size
        # Four times: a character takes up to four bytes in memory.
        if size > 4 * self.max_size + 1000 or self.space > WORKING_SPACE * self.max_size + 100_000:
            raise self.too_large()

    def too_large(self) -> BudgetExceeded:
        """The error for output that grows too large."""
        return self.exceeded(_("The template writes more than %(limit)d bytes.") % {"limit": self.max_size})

    def exceeded(self, message: str) -> BudgetExceeded:
        """An error that is remembered, whoever swallows it."""
        error = BudgetExceeded(message)
        self.failure = self.failure or error
        return error
