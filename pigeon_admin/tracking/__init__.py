"""The host's saves, deletes and relation changes, turned into changes for the rules to judge."""

from pigeon_admin.tracking.switch import disabled

__all__ = ["disabled"]
