"""Stories and what belongs to them."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils import timezone


class Section(models.Model):
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=100, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=60, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Author(models.Model):
    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Story(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Language(models.TextChoices):
        ENGLISH = "en", "English"
        FRENCH = "fr", "Français"

    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=200)
    lead = models.TextField(blank=True, help_text="One or two sentences above the text.")
    body = models.TextField()
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    status = models.CharField(max_length=20, choices=Status, default=Status.DRAFT)
    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="stories")
    author = models.ForeignKey(Author, on_delete=models.SET_NULL, null=True, blank=True, related_name="stories")
    tags = models.ManyToManyField(Tag, blank=True, related_name="stories")
    publish_at = models.DateTimeField("publication date", default=timezone.now)
    modified_at = models.DateTimeField("last modified", auto_now=True)

    class Meta:
        ordering = ["-publish_at", "-pk"]
        verbose_name_plural = "stories"

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("newsroom:story", args=[self.pk, self.slug])


class Photo(models.Model):
    story = models.ForeignKey(Story, on_delete=models.CASCADE, related_name="photos")
    image = models.ImageField(upload_to="photos/%Y/%m", width_field="width", height_field="height")
    caption = models.CharField(max_length=300, blank=True)
    credit = models.CharField(max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(default=1)
    width = models.PositiveIntegerField(null=True, blank=True, editable=False)
    height = models.PositiveIntegerField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.caption or f"Photo {self.pk}"
