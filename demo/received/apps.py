"""Name of the app."""

from django.apps import AppConfig


class ReceivedConfig(AppConfig):
    name = "received"
    verbose_name = "What the partners have"
