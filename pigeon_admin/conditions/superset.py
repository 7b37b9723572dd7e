"""What a query can promise: all the objects that match, and perhaps more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

from django.db.models import Model, Q, QuerySet


@dataclass(frozen=True)
class Superset:
    """``q`` finds every object that matches (None: simply every object); when ``exact`` it finds no other."""

    q: Q | None
    exact: bool

    @property
    def filter(self) -> Q:
        """The Q for ``filter()``."""
        return Q() if self.q is None else self.q


EVERYTHING = Superset(None, exact=True)
ANYTHING = Superset(None, exact=False)  # the query cannot tell: every object, to be judged again


def every(parts: Iterable[Superset]) -> Superset:
    """What matches all of ``parts``."""
    parts = list(parts)
    terms = [part.q for part in parts if part.q is not None]
    return Superset(reduce(and_, terms) if terms else None, all(part.exact for part in parts))


def some(parts: Iterable[Superset]) -> Superset:
    """What matches at least one of ``parts``, of which there must be one."""
    parts = list(parts)
    if EVERYTHING in parts:
        return EVERYTHING
    terms = [part.q for part in parts if part.q is not None]
    return Superset(reduce(or_, terms) if len(terms) == len(parts) else None, all(part.exact for part in parts))


def of_objects(part: Superset, model: type[Model], *, negate: bool) -> Superset:
    """The objects of which some value is in ``part``, or of which none is.

    By a subquery of its own: two conditions on tags may then hold for two different tags, an object is found once, and NULL,
    which SQL can neither affirm nor deny, is simply not among the keys found.
    """
    if negate and not part.exact:
        return ANYTHING
    if part.q is None:
        return part if not negate else Superset(Q(pk__in=[]), exact=True)
    found = Q(pk__in=QuerySet(model).filter(part.q).values("pk"))
    return Superset(~found if negate else found, part.exact)
