"""Everything the demo's database needs, whether it is new or was here before."""

from __future__ import annotations

import json

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand

from received import first_rules


class Command(BaseCommand):
    help = "Migrates, loads the first edition, makes the login, and a first rule for each partner; what is there already stays."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--partners", default="", metavar="JSON", help="where the partners listen; empty: no rules are made")
        parser.add_argument("--username", default="admin")
        parser.add_argument("--password", default="pigeon")

    def handle(self, *args, **options) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("load_edition", stdout=self.stdout)
        users = get_user_model()
        if not users.objects.filter(username=options["username"]).exists():
            users.objects.create_superuser(options["username"], "", options["password"])
        if options["partners"]:
            partners = json.loads(options["partners"])
            names = {key: name for key, (name, _protocol, _folder) in settings.PARTNER_FOLDERS.items()}
            for name in first_rules.make(partners, names):
                self.stdout.write(f"Rule made: {name}")
            for name in first_rules.follow(partners):
                self.stdout.write(f"Destination moved to its new port: {name}")
