"""The page “what the partners have”, for logged-in staff."""

from __future__ import annotations

from pathlib import Path

from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from received.folders import SHOWN, TEXT_LIMIT, Partner, kind_of, media_type_of, partners


def lists() -> dict:
    shown = []
    for partner in partners():
        files = partner.files()
        shown.append({"partner": partner, "files": files[:SHOWN], "count": len(files), "more": max(0, len(files) - SHOWN)})
    return {"partners": shown}


def frame(request: HttpRequest) -> dict:
    """What the admin's own pages have around them, but for the list of models: three boxes need the room."""
    return {**admin.site.each_context(request), "is_nav_sidebar_enabled": False}


@staff_member_required
def overview(request: HttpRequest) -> HttpResponse:
    return render(request, "received/overview.html", {**frame(request), "title": "What the partners have", **lists()})


@staff_member_required
def listing(request: HttpRequest) -> HttpResponse:
    """The lists alone, for the page to refresh itself with."""
    return render(request, "received/listing.html", lists())


@staff_member_required
def content(request: HttpRequest, key: str, path: str) -> HttpResponse:
    """One file, shown: pictures as pictures, texts as they are."""
    partner, file = find(key, path)
    kind = kind_of(file.name)
    context = {
        **frame(request),
        "title": path,
        "partner": partner,
        "path": path,
        "kind": kind,
        "size": file.stat().st_size,
    }
    if kind == "text":
        with file.open("rb") as opened:
            context["text"] = opened.read(TEXT_LIMIT).decode("utf-8", errors="replace")
        context["cut"] = context["size"] > TEXT_LIMIT
    return render(request, "received/content.html", context)


@staff_member_required
def raw(request: HttpRequest, key: str, path: str) -> FileResponse:
    """The bytes. Only a picture is opened in the browser: what a partner was sent must not run as a page of this site."""
    _partner, file = find(key, path)
    image = kind_of(file.name) == "image"
    response = FileResponse(
        file.open("rb"), content_type=media_type_of(file.name) if image else "application/octet-stream", as_attachment=not image
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


def find(key: str, path: str) -> tuple[Partner, Path]:
    for partner in partners():
        if partner.key == key:
            file = partner.path_of(path)
            if file is not None:
                return partner, file
    raise Http404("This partner has no such file.")
