"""Sources of values for tests: a saved object, and plain dictionaries."""

from datetime import UTC, datetime

from pigeon_admin.conditions import UNKNOWN, values_of

NOW = datetime(2026, 6, 15, 10, 30, tzinfo=UTC)


class Saved:
    """An object as it lies in the database; nothing is known of a change."""

    created = None

    def __init__(self, instance, moment=NOW):
        self.instance = instance
        self.moment = moment

    def now(self, path):
        return values_of(self.instance, path)

    def before(self, path):
        return UNKNOWN


class Given:
    """Values by path. A value that is no list is the only one; a missing path is not known."""

    def __init__(self, now=None, before=None, *, created=False, moment=NOW):
        self.values = now or {}
        self.old_values = before or {}
        self.created = created
        self.moment = moment
        self.asked = []

    def now(self, path):
        self.asked.append(path.path)
        return as_list(self.values.get(path.path, UNKNOWN))

    def before(self, path):
        self.asked.append(f"before {path.path}")
        return as_list(self.old_values.get(path.path, UNKNOWN))


def as_list(value):
    return value if value is UNKNOWN or isinstance(value, list) else [value]


class Remembering(Saved):
    """A saved object each of whose paths is read once."""

    def __init__(self, instance, moment=NOW):
        super().__init__(instance, moment)
        self.read = {}

    def now(self, path):
        if path not in self.read:
            self.read[path] = super().now(path)
        return self.read[path]
