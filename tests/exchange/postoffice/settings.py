"""The settings of the tests, with that app and a database in memory."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.exchange.postoffice"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
# All tables at once, as this app has no migrations that could follow ours.
MIGRATION_MODULES = {name.rpartition(".")[2]: None for name in INSTALLED_APPS}
