"""The URLs of a test site whose staff also edit the newsdesk's stories."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from tests.newsdesk.models import Photo, Section, Story


class PhotoInline(admin.TabularInline):
    model = Photo
    extra = 0


class StoryAdmin(admin.ModelAdmin):
    inlines = [PhotoInline]
    search_fields = ["title"]


HOST_ADMINS = {Story: StoryAdmin, Section: admin.ModelAdmin}


def register() -> None:
    """Other tests rely on a site where these are not registered, so this is no ``admin.py``."""
    for model, model_admin in HOST_ADMINS.items():
        admin.site.register(model, model_admin)


def unregister() -> None:
    admin.site.unregister(list(HOST_ADMINS))


register()
try:
    urlpatterns = [path("admin/", admin.site.urls)]  # a list: what is registered now
finally:
    unregister()
