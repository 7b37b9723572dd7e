"""URLs of the page “what the partners have”."""

from django.urls import path

from received import views

app_name = "received"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("list/", views.listing, name="listing"),
    path("<slug:key>/raw/<path:path>", views.raw, name="raw"),
    path("<slug:key>/<path:path>", views.content, name="content"),
]
