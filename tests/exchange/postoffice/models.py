"""A destination with fields of types that JSON does not have, and one that refers to another destination."""

from django.db import models

from pigeon_admin.models import Destination
from pigeon_admin.models.secrets import SecretField


class OwnedDestination(Destination):
    floor = models.DecimalField(max_digits=6, decimal_places=2, default="1.50")

    class Meta:
        abstract = True


class PigeonHoleDestination(OwnedDestination):
    since = models.DateField(null=True, blank=True)
    opens = models.TimeField(null=True, blank=True)
    weight = models.FloatField(default=0.5)
    backup = models.ForeignKey(Destination, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    keeper = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL)
    pin = SecretField("PIN")

    class Meta:
        verbose_name = "pigeon hole"
