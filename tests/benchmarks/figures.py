"""The figures: each compares two things in turns within one run, and quotes medians."""

from __future__ import annotations

import contextlib
import inspect
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command
from django.db import connection, models
from django.db.models.signals import m2m_changed, post_save, pre_save

from pigeon_admin.delivery.push import Push
from pigeon_admin.models import Attempt, Delivery, Package, SaveRule
from pigeon_admin.selection.rulebook import shelf
from pigeon_admin.tracking import relations, saves
from tests.factories import make_dummy, make_folder_destination, make_rule
from tests.newsdesk.models import Story, Unrelated


@dataclass
class Figure:
    """One result. ``ratio``: value divided by what it is measured ``against``; ``target``: the ratio it must not pass, or None."""

    figure: str
    value: float
    unit: str
    against: str
    ratio: float | None
    target: float | None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        return None if self.target is None or self.ratio is None else self.ratio <= self.target

    def as_json(self) -> dict[str, object]:
        return {**vars(self), "met": self.met}

    def as_line(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:6.2f} x {self.against}"
        target = "" if self.target is None else f"  (at most {self.target}: {'met' if self.met else 'NOT met'})"
        return f"{self.figure:<34} {self.value:10.1f} {self.unit:<14} {ratio}{target}"


@contextlib.contextmanager
def without_pigeon() -> Iterator[None]:
    """Django's own save, as though this app were not installed."""
    wrapped = models.Model.save_base
    models.Model.save_base = inspect.unwrap(wrapped)
    pre_save.disconnect(dispatch_uid=saves.BEFORE_SAVE)
    post_save.disconnect(dispatch_uid="pigeon_admin.after_save")
    m2m_changed.disconnect(dispatch_uid="pigeon_admin.relation_changed")
    try:
        yield
    finally:
        models.Model.save_base = wrapped
        saves.connect()
        relations.connect()


def in_turns(ours: Callable[[], None], bare: Callable[[], None], *, rounds: int, each: int) -> tuple[float, float]:
    """Median microseconds of one call of each, measured in turns so that a noisy machine is unfair to both."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            context = contextlib.nullcontext() if which == 0 else without_pigeon()
            with context:
                began = time.perf_counter()
                for _ in range(each):
                    (ours, bare)[which]()
                times[which].append((time.perf_counter() - began) / each * 1e6)
    return statistics.median(times[0]), statistics.median(times[1])


def clear() -> None:
    """No rule, no row."""
    for model in (Attempt, Delivery, Package):
        model.objects.all()._raw_delete("default")
    SaveRule.objects.all().delete()
    shelf.forget()


def save_cost(name: str, obj: models.Model, target: float | None, smoke: bool) -> Figure:
    """The cost of a save of ``obj`` beside a bare one."""
    rounds, each = (2, 20) if smoke else (30, 200)
    shelf.current()
    ours, bare = in_turns(obj.save, obj.save, rounds=rounds, each=each)
    return Figure(name, round(ours, 1), "µs/save", "a bare save", round(ours / bare, 3), target)


def dormant(smoke: bool) -> Iterable[Figure]:
    """A model that no rule names."""
    make_rule()
    yield save_cost("save_without_rules", Unrelated.objects.create(name="x"), 1.03, smoke)


def hundred_rules(smoke: bool) -> Iterable[Figure]:
    """A hundred live rules of two conditions each on the model; none matches."""
    for number in range(100):
        make_rule(conditions=[("status", "equals", "published"), ("title", "contains", f"word{number}")])
    yield save_cost("save_with_100_rules", Story.objects.create(title="x"), 1.15, smoke)


def matching(smoke: bool) -> Iterable[Figure]:
    """A save that matches one rule with three destinations, each time for a package of its own."""
    make_rule(destinations=[make_dummy(), make_dummy(), make_dummy()])
    story = Story.objects.create(title="x")

    def save_and_close() -> None:
        story.save()
        with connection.cursor() as cursor:  # as a worker does when it claims; the same in both turns
            cursor.execute("UPDATE pigeon_admin_package SET open_key = NULL WHERE open_key IS NOT NULL")

    rounds, each = (2, 5) if smoke else (20, 50)
    shelf.current()
    ours, bare = in_turns(save_and_close, save_and_close, rounds=rounds, each=each)
    yield Figure("save_that_matches", round(ours, 1), "µs/save", "a bare save", round(ours / bare, 2), None)


def pushing(smoke: bool) -> Iterable[Figure]:
    """Claim, build, freeze, send to a local folder, prove, record."""
    count = 20 if smoke else 500
    with tempfile.TemporaryDirectory() as folder:
        make_rule(destinations=[make_folder_destination(Path(folder))])
        for number in range(count):
            Story.objects.create(title=str(number))
        began = time.perf_counter()
        done = Push().run()
        seconds = time.perf_counter() - began
        assert done.recorder.sent == count
    yield Figure("push_to_a_folder", round(count / seconds, 1), "deliveries/s", "", None, None)


FIGURES: dict[str, Callable[[bool], Iterable[Figure]]] = {
    "save_without_rules": dormant,
    "save_with_100_rules": hundred_rules,
    "save_that_matches": matching,
    "push_to_a_folder": pushing,
}


def measure(names: Iterable[str], *, smoke: bool) -> Iterator[Figure]:
    """Measure the figures of these names on a database of its own."""
    call_command("migrate", verbosity=0, run_syncdb=True)
    from django.conf import settings

    settings.PIGEON_ADMIN = {**settings.PIGEON_ADMIN, "NUDGE": False}
    for name in names:
        clear()
        yield from FIGURES[name](smoke)
