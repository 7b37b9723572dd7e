"""Export, empty, import, export; prints what came out as JSON."""

import datetime
import json
import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.exchange.postoffice.settings"
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402

from pigeon_admin.models import DummyDestination, SaveRule  # noqa: E402
from tests.exchange.conftest import emptied, exported, imported, outcomes, reasons  # noqa: E402
from tests.exchange.postoffice.models import PigeonHoleDestination  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)
last = DummyDestination.objects.create(name="Last", slug="zeta")
hole = PigeonHoleDestination.objects.create(
    name="Hole",
    slug="alpha",
    floor="2.25",
    since=datetime.date(2026, 1, 1),
    opens=datetime.time(7, 30),
    backup=last,
    keeper=User.objects.create(username="anna"),
    pin="1234",
)
SaveRule.objects.create(name="R", slug="r", model="newsdesk.story").destinations.add(hole)

before = {name: exported(name).decode() for name in ("json", "yaml")}
unchanged = outcomes(imported(before["yaml"]))
emptied()
created = imported(before["yaml"])
again = PigeonHoleDestination.objects.filter(slug="alpha").first()
print(
    json.dumps(
        {
            "before": before,
            "after": {name: exported(name).decode() for name in ("json", "yaml")},
            "unchanged": unchanged,
            "created": outcomes(created),
            "reasons": reasons(created),
            "backup": again and again.backup.slug,
            "since": str(again and again.since),
        }
    )
)
