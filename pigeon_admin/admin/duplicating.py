"""A copy of a rule with all its rows, as a draft."""

from __future__ import annotations

from django.db import models, transaction
from django.utils.translation import gettext as _

from pigeon_admin.models import Rule

ROWS = ("condition_rows", "template_documents", "file_documents")
NEVER_COPIED = {"slug", "created_at", "modified_at", "archived_at", "polymorphic_ctype"}


def free_slug(slug: str) -> str:
    """``slug-copy``, or ``slug-copy-2`` and so on where that is taken; never longer than the field."""
    longest = Rule._meta.get_field("slug").max_length or 50
    taken = set(Rule.objects.non_polymorphic().values_list("slug", flat=True))
    number = 1
    while True:
        ending = "-copy" if number == 1 else f"-copy-{number}"
        candidate = slug[: longest - len(ending)] + ending
        if candidate not in taken:
            return candidate
        number += 1


@transaction.atomic
def duplicate(rule: Rule) -> Rule:
    """Copy the fields of whatever kind of rule this is, its rows and its many-to-many choices; the copy sends nothing yet."""
    meta = type(rule)._meta
    values = {
        field.attname: getattr(rule, field.attname)
        for field in meta.concrete_fields
        if not field.primary_key and not getattr(field.remote_field, "parent_link", False) and field.name not in NEVER_COPIED
    }
    values |= {"name": _("%s (copy)") % rule.name[:190], "slug": free_slug(rule.slug), "state": Rule.State.DRAFT}
    copy = type(rule)._default_manager.create(**values)
    for rows in ROWS:
        for row in getattr(rule, rows).all():
            row.pk, row.rule = None, copy
            row._state.adding = True
            row.save()
    for field in meta.many_to_many:
        copied: models.Manager = getattr(copy, field.name)
        copied.set(getattr(rule, field.name).all())
    return copy
