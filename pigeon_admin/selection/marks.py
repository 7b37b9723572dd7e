"""Marks in an open transaction that tell whether what was done there still stands."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connections, transaction


class Mark:
    """Stands from now until the transaction ends, or a rollback, also one to a savepoint, undoes what was done here.

    A rollback drops what was to be run on commit, so that is where the mark is kept: Django has no other place per transaction.
    ``committed`` is called when the transaction commits.
    """

    def __init__(self, using: str, committed: Callable[[], object] | None = None) -> None:
        self.connection = connections[using]
        self.committed = committed
        transaction.on_commit(self, using=using, robust=True)

    def __call__(self) -> None:
        if self.committed is not None:
            self.committed()

    @property
    def stands(self) -> bool:
        """Whether it was neither undone nor committed yet."""
        return any(entry[1] is self for entry in reversed(self.connection.run_on_commit))
