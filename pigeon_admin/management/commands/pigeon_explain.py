"""``pigeon_explain``: why an object is sent, or is not."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from pigeon_admin.judging import Verdict, judge
from pigeon_admin.models import Rule, SaveRule


class Command(BaseCommand):
    help = "Explain, rule by rule and condition by condition, whether an object as it is now would be sent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", help="APP.MODEL, such as news.Story")
        parser.add_argument("pk", help="The object's primary key.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            model = apps.get_model(options["model"])
        except (LookupError, ValueError) as error:
            raise CommandError(f"There is no model “{options['model']}”. Write it as APP.MODEL, such as news.Story.") from error
        try:
            obj = model._base_manager.filter(pk=options["pk"]).first()
        except (ValueError, ValidationError) as error:
            raise CommandError(f"“{options['pk']}” cannot be a primary key of {options['model']}.") from error
        if obj is None:
            raise CommandError(f"There is no {options['model']} with the primary key {options['pk']}.")
        rules = [rule for rule in Rule.objects.order_by("name") if rule.model_class and isinstance(obj, rule.model_class)]
        self.stdout.write(f"{obj} ({model._meta.label} {obj.pk})")
        if not rules:
            self.stdout.write("  No rule is about this kind of object.")
        for rule in rules:
            self.explain(judge(rule, obj))

    def explain(self, verdict: Verdict) -> None:
        """One rule: its answer, then each condition with the value seen."""
        words = {True: "matches", False: "does not match", None: "cannot be judged"}[verdict.matched]
        self.stdout.write(f"  {verdict.rule.name} [{verdict.rule.slug}]: {words}{self.caveats(verdict.rule)}")
        if verdict.problem:
            self.stdout.write(f"      {verdict.problem}")
        elif not verdict.rows:
            self.stdout.write("      No conditions: every object matches.")
        for row in verdict.rows:
            mark = {True: "✓", False: "✗", None: "?"}[row.matched]
            self.stdout.write(f"    {mark} group {row.condition.group}: {row.words} (seen: {row.seen})")

    @staticmethod
    def caveats(rule: Rule) -> str:
        """What else keeps the rule from sending, or limits when it does."""
        notes = []
        if rule.archived_at is not None:
            notes.append("archived, sends nothing")
        elif rule.state != Rule.State.LIVE:
            notes.append("draft, sends nothing")
        if isinstance(rule, SaveRule):
            events = [("when created", rule.on_create), ("when changed", rule.on_update), ("when deleted", rule.on_delete)]
            notes.append(", ".join(words for words, on in events if on) or "on no event")
            if rule.watched_fields:
                notes.append(f"changes count only of {', '.join(rule.watched_fields)}")
        return f" ({'; '.join(notes)})"
