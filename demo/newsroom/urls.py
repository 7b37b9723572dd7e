"""The newspaper as its readers see it."""

from django.urls import path

from newsroom import views

app_name = "newsroom"
urlpatterns = [
    path("", views.FrontPage.as_view(), name="front"),
    path("stories/<int:pk>/<slug:slug>/", views.StoryPage.as_view(), name="story"),
]
