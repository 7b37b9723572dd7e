"""What a host project's own Python may call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import models, transaction
from django.utils import timezone

from pigeon_admin.exceptions import PigeonError
from pigeon_admin.judging import judge
from pigeon_admin.models import Destination, Package, Rule
from pigeon_admin.models.outbox import Match, enter, outbox_alias
from pigeon_admin.nudge import nudge_on_commit
from pigeon_admin.selection.change import Change, key_of
from pigeon_admin.selection.rulebook import shelf
from pigeon_admin.tracking import disabled
from pigeon_admin.tracking.names import name_of

__all__ = ["disabled", "push_now", "select"]


def select(objects: Iterable[models.Model], *, created: bool = False) -> int:
    """Judge saved objects as though each had just been saved, for code that sends no signals: ``bulk_create``, ``QuerySet.update``.

    ``created``: judge as new objects. Otherwise as changed ones; which fields changed is not known, so watched fields and conditions
    about the change count as not changed, unless ``created``. Answers how many packages now stand for these objects. In the
    caller's transaction, where there is one; all or nothing. Raises PigeonError for an object that was never saved.
    """
    alias = outbox_alias()
    selected = 0
    book = shelf.current()
    with transaction.atomic(using=alias):
        for obj in objects:
            must_be_saved(obj)
            entry = book.entry(type(obj))
            if entry is not None and entry.rules:
                change = Change(type(obj), obj.pk, alias, created=created, old={})
                change.judge(entry.rules, None, name_of(obj))
                selected += len(change.recorded)
    return selected


def push_now(
    rule: Rule | str, objects: Iterable[models.Model], destinations: Sequence[Destination] | None = None
) -> list[Package]:
    """Send objects by a live rule whatever its conditions say; a worker does it at once. ``rule``: a rule or its slug.

    ``destinations``: some of the rule's; None: all. Raises PigeonError when there is no such rule or it is not live,
    when it does not send to one of them, or an object is not saved or not of its model.
    """
    alias = outbox_alias()
    if isinstance(rule, str):
        slug = rule
        found = Rule.objects.using(alias).filter(slug=slug).first()
        if found is None:
            raise PigeonError(f"There is no rule with the short name “{slug}”.")
        rule = found
    if rule.state != Rule.State.LIVE or rule.archived_at is not None:
        raise PigeonError(f"“{rule.name}” is not live, so it sends nothing. Make it live first.")
    live = {each.pk for each in rule.destinations.all() if each.archived_at is None}
    for each in destinations or ():
        if each.pk not in live:
            raise PigeonError(f"“{rule.name}” does not send to “{each.name}”: choose it in the rule, or restore it.")
    wanted = live if destinations is None else {each.pk for each in destinations}
    if not wanted:
        raise PigeonError(f"“{rule.name}” has no destination to send to.")
    packages = []
    with transaction.atomic(using=alias):
        for obj in objects:
            if rule.model_class is None or not isinstance(obj, rule.model_class):
                raise PigeonError(f"“{rule.name}” is about {rule.model}, not about {obj._meta.label}.")
            must_be_saved(obj)
            match = Match(
                rule_id=rule.pk,
                model=rule.model,
                object_pk=str(key_of(type(obj), obj.pk)[1]),
                object_repr=name_of(obj),
                event=Package.Event.MANUAL,
                destination_ids=tuple(sorted(wanted)),
                moment=timezone.now(),
                verdict=judge(rule, obj).as_json(),
            )
            packages.append(enter(match, open_key=None))
        nudge_on_commit(alias)
    return packages


def must_be_saved(obj: models.Model) -> None:
    """Refuse what a worker could never find."""
    if obj.pk is None:
        raise PigeonError(
            f"“{name_of(obj)}” has no primary key, so it cannot be sent. Save it first; after bulk_create, some databases do not"
            " tell the keys: read the objects from the database."
        )
