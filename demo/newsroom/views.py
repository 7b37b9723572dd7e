"""Front page and story page."""

from __future__ import annotations

from django.utils import timezone
from django.views.generic import DetailView, ListView

from newsroom.models import Story


class PublishedStories:
    def get_queryset(self):
        published = Story.objects.filter(status=Story.Status.PUBLISHED, publish_at__lte=timezone.now())
        return published.select_related("section", "author").prefetch_related("photos", "tags")


class FrontPage(PublishedStories, ListView):
    template_name = "newsroom/front.html"
    paginate_by = 30


class StoryPage(PublishedStories, DetailView):
    template_name = "newsroom/story.html"
    query_pk_and_slug = True
