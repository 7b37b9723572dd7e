"""Host models of unusual kinds: keys, columns and relations that rules must get right, or refuse in words."""

import uuid

from django.db import models
from django.db.models.functions import Upper


class Country(models.Model):
    """Others point to its code, not to its primary key."""

    code = models.CharField(max_length=10, unique=True)
    name = models.CharField(max_length=100)

    def __str__(self):
        return self.name


class City(models.Model):
    country = models.ForeignKey(Country, to_field="code", on_delete=models.CASCADE, related_name="cities")
    name = models.CharField(max_length=100)

    def __str__(self):
        return self.name


class Ticket(models.Model):
    """A key of its own making."""

    uid = models.UUIDField(primary_key=True, default=uuid.uuid4)
    title = models.CharField(max_length=100)

    def __str__(self):
        return self.title


class Page(models.Model):
    """A long text as its key."""

    path = models.CharField(primary_key=True, max_length=400)
    title = models.CharField(max_length=100)

    def __str__(self):
        return self.title


class Product(models.Model):
    """A column that the database works out."""

    name = models.CharField(max_length=100)
    shout = models.GeneratedField(expression=Upper("name"), output_field=models.CharField(max_length=100), db_persist=True)

    def __str__(self):
        return self.name


class Shelf(models.Model):
    """A key of two columns."""

    pk = models.CompositePrimaryKey("room", "number")
    room = models.IntegerField()
    number = models.IntegerField()
    title = models.CharField(max_length=100)

    def __str__(self):
        return self.title


class Person(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self):
        return self.name


class Club(models.Model):
    name = models.CharField(max_length=100)
    members = models.ManyToManyField(Person, through="Membership", through_fields=("club", "person"), related_name="clubs")

    def __str__(self):
        return self.name


class Membership(models.Model):
    """A relation with more to it: two keys to the same model, the wrong one first."""

    inviter = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="invitations")
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    club = models.ForeignKey(Club, on_delete=models.CASCADE)

    def __str__(self):
        return f"{self.person} in {self.club}"
