"""A site with a kind of destination that another app brings: what its admin makes of it, as JSON."""

import json
import os
import re

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.exchange.postoffice.settings"
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from tests.exchange.postoffice.models import PigeonHoleDestination  # noqa: E402

LIST = "/admin/pigeon_admin/destination/"
ADD = "/admin/postoffice/pigeonholedestination/add/"

call_command("migrate", run_syncdb=True, verbosity=0)
client = Client()
client.force_login(User.objects.create_superuser("admin"))
form = client.get(ADD).content.decode()
client.post(ADD, {"name": "Hole", "slug": "hole", "timeout": "30", "floor": "1.5", "weight": "0.5", "pin": "1234"})
hole = PigeonHoleDestination.objects.get()
page = client.get(f"{LIST}{hole.pk}/change/").content.decode()
known = {field.name for field in PigeonHoleDestination._meta.get_fields()}
print(
    json.dumps(
        {
            "offered": "Pigeon hole" in client.get(f"{LIST}add/").content.decode(),
            "fields": sorted(set(re.findall(r'name="(\w+)"', form)) & known),
            "stored": hole.pin.reveal(),
            "shown": "1234" in page or hole.pin.token in page,
            "test_button": 'name="_test"' in page,
            "listed": "Pigeon hole" in client.get(LIST).content.decode(),
        }
    )
)
