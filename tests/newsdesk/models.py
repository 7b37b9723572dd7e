"""The host's models: none of them knows that it is watched."""

from django.db import models


class Section(models.Model):
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=100)

    def __str__(self):
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self):
        return self.name


class Author(models.Model):
    name = models.CharField(max_length=100)
    email = models.EmailField(blank=True)
    password = models.CharField(max_length=100, blank=True)

    def __str__(self):
        return self.name


class Story(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"

    title = models.CharField(max_length=200)
    subtitle = models.CharField(max_length=200, null=True, blank=True)
    body = models.TextField(blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.DRAFT)
    section = models.ForeignKey(Section, null=True, blank=True, on_delete=models.SET_NULL, related_name="stories")
    author = models.ForeignKey(Author, null=True, blank=True, on_delete=models.CASCADE, related_name="stories")
    tags = models.ManyToManyField(Tag, blank=True, related_name="stories")
    words = models.IntegerField(null=True, blank=True)
    price = models.DecimalField(max_digits=12, decimal_places=3, null=True, blank=True)
    rating = models.FloatField(null=True, blank=True)
    breaking = models.BooleanField(default=False)
    embargo = models.BooleanField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    event_date = models.DateField(null=True, blank=True)
    modified_at = models.DateTimeField(auto_now=True)
    attachment = models.FileField(upload_to="attachments", null=True, blank=True)

    class Meta:
        verbose_name_plural = "stories"

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return f"/stories/{self.pk}/"

    def secret_plans(self):
        return "nobody's business"


class Photo(models.Model):
    story = models.ForeignKey(Story, on_delete=models.CASCADE, related_name="photos")
    caption = models.CharField(max_length=200, blank=True)
    author = models.ForeignKey(Author, null=True, blank=True, on_delete=models.SET_NULL)
    image = models.FileField(upload_to="photos", blank=True)

    def __str__(self):
        return self.caption


class LongRead(Story):
    """Multi-table inheritance."""

    chapters = models.IntegerField(default=1)


class BreakingStory(Story):
    """A proxy."""

    class Meta:
        proxy = True


class Unrelated(models.Model):
    """A model that no rule ever names."""

    name = models.CharField(max_length=100)

    def __str__(self):
        return self.name
