"""One condition as a plain value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Condition:
    """``path`` ``operator`` ``value``, all as typed; ``negate``: not so; equal ``group`` numbers are ANDed, groups ORed."""

    path: str
    operator: str
    value: str = ""
    negate: bool = False
    group: int = 1

    def __str__(self) -> str:
        return f"{self.path} {'not ' if self.negate else ''}{self.operator} {self.value}".rstrip()
