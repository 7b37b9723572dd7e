"""URLs of the newsroom."""

from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path

admin.site.site_header = admin.site.site_title = "The Little Newsroom"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("partners/", include("received.urls")),
    path("", include("newsroom.urls")),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
