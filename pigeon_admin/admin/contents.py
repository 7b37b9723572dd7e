"""Which of the host's models a rule may be about."""

from __future__ import annotations

from django.apps import apps
from django.db import models, router
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from pigeon_admin.conf import settings
from pigeon_admin.models import Rule


def content_label(label: str) -> str:
    """The model's name in words, or the bare label when it is no longer installed."""
    try:
        return capfirst(str(apps.get_model(label)._meta.verbose_name))
    except (LookupError, ValueError):
        return label


def host_models() -> list[type[models.Model]]:
    """Every installed model of the host project, without excluded apps, through tables and swapped-out models."""
    return [
        model for model in apps.get_models() if model._meta.app_label not in settings.EXCLUDED_APPS and not model._meta.swapped
    ]


def choice_words(model: type[models.Model]) -> str:
    """The model's name; a proxy also says of what, since a rule about it sees only what is saved through the proxy."""
    name = capfirst(str(model._meta.verbose_name))
    if not model._meta.proxy or model._meta.concrete_model is None:
        return name
    return str(_("%(name)s (a kind of %(whole)s)") % {"name": name, "whole": model._meta.concrete_model._meta.verbose_name})


def content_choices(current: str = "") -> list[tuple[str, list[tuple[str, str]]]]:
    """Choices grouped by app, as (group, [(label, words)]); ``current`` is kept even where it could not be chosen any more."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for model in host_models():
        group = str(apps.get_app_config(model._meta.app_label).verbose_name)
        groups.setdefault(group, []).append((model._meta.label_lower, choice_words(model)))
    choices = [(group, sorted(entries, key=lambda entry: entry[1].casefold())) for group, entries in sorted(groups.items())]
    if current and not any(current == label for _group, entries in choices for label, _words in entries):
        choices.append((str(_("Not available")), [(current, content_label(current))]))
    return choices


def refusal(model: type[models.Model]) -> str:
    """Why no rule may be about this model, in words; "" when one may."""
    ours, theirs = router.db_for_write(Rule), router.db_for_write(model)
    if ours != theirs:
        return str(
            _(
                "“%(content)s” is written to the database “%(theirs)s”, but deliveries are kept in “%(ours)s”."
                " One save cannot write to both safely."
            )
            % {"content": model._meta.verbose_name, "theirs": theirs, "ours": ours}
        )
    return ""
