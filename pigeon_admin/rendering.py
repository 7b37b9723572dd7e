"""From a rule and an object to its documents: rendered templates, then copied files."""

from __future__ import annotations

import datetime
import io
import mimetypes
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings as django_settings
from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError, models
from django.db.models.fields.files import FieldFile
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from pigeon_admin.exceptions import DocumentError, RenderError
from pigeon_admin.models import ExportTemplate, FileDocument, Rule, TemplateDocument
from pigeon_admin.naming import comparable, safe_path
from pigeon_admin.relations import related_objects
from pigeon_admin.sandbox import PATTERN, Budget, Facts, compile_source

__all__ = ["RenderedDocument", "compile_source", "documents_of", "render"]

UNKNOWN_MEDIA_TYPE = "application/octet-stream"
MAX_NAME = 10_000  # bytes that a name pattern may write, before the name is made safe and short


@dataclass(frozen=True)
class RenderedDocument:
    """One file of a package. ``name``: safe relative path. ``content``: its bytes when rendered; else ``source`` opens it.

    ``origin``: which document of the rule it came from, for people.
    """

    name: str
    media_type: str
    content: bytes | None = None
    source: Callable[[], BinaryIO] | None = None
    origin: str = ""

    def open(self) -> BinaryIO:
        """A fresh binary reader, to be closed by the caller; raises DocumentError when the file is gone."""
        if self.source is not None:
            return self.source()
        return io.BytesIO(self.content or b"")


@contextmanager
def locale_of(template: ExportTemplate | None) -> Iterator[None]:
    """The language and the time zone of a template, else of the site; whatever was active comes back afterwards."""
    language = (template.language if template else "") or django_settings.LANGUAGE_CODE
    name = (template.time_zone if template else "") or django_settings.TIME_ZONE
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RenderError(_("There is no time zone “%s”.") % name) from error
    with translation.override(language), timezone.override(zone):
        yield


def context_of(
    obj: models.Model, item: models.Model | None, rule: Rule | None = None, now: datetime.datetime | None = None
) -> dict[str, Any]:
    """The variables of templates and of name patterns. The time zone of ``now`` is the active one."""
    now = now or timezone.now()
    values: dict[str, Any] = {"object": obj, "now": timezone.localtime(now) if timezone.is_aware(now) else now}
    if item is not None:
        values["item"] = item
    if rule is not None:
        values["rule"] = Facts(_("rule"), {"name": rule.name, "slug": rule.slug})
    return values


def render(
    template: ExportTemplate,
    obj: models.Model,
    item: models.Model | None = None,
    *,
    rule: Rule | None = None,
    now: datetime.datetime | None = None,
    extra: Mapping[str, Any] | None = None,
) -> bytes:
    """The bytes of one rendered template; raises RenderError. ``extra``: more variables, wrapped like all others."""
    with locale_of(template):
        return compile_source(template.source, template.media_type).render_bytes(
            {**context_of(obj, item, rule, now), **(extra or {})}
        )


def render_name(directory: str, file_name: str, values: Mapping[str, Any]) -> str:
    """The safe path that two patterns give; slashes make folders only where a directory pattern has them written out."""
    parts = []
    for label, pattern in ((_("directory"), directory), (_("file name"), file_name)):
        try:
            parts.append(compile_source(pattern, PATTERN).render(values, Budget(size=MAX_NAME)))
        except RenderError as error:
            raise type(error)(
                _("In the %(part)s “%(pattern)s”: %(error)s") % {"part": label, "pattern": pattern, "error": error}
            ) from error
    return safe_path(*parts)


def documents_of(
    rule: Rule, obj: models.Model, *, now: datetime.datetime | None = None, templates_only: bool = False
) -> Iterator[RenderedDocument]:
    """The documents of one object, one after the other, so that only one of them is in memory.

    ``templates_only``: leave out copied files, for an object that is about to go.

    Raises DocumentError (a missing file, two documents of one name, none at all), RenderError, or a relation's DatabaseError.
    """
    now = now or timezone.now()
    taken: dict[str, tuple[RenderedDocument, str]] = {}
    for document, identity in produced(rule, obj, now, templates_only):
        key = comparable(document.name)
        if key in taken:
            other, other_identity = taken[key]
            if identity and identity == other_identity:
                continue  # the very same stored file, reached by two ways
            text = _(
                "Two documents have the name “%(name)s”: %(one)s and %(two)s. Make them differ, for example with {{ item.pk }}."
            )
            raise DocumentError(text % {"name": document.name, "one": other.origin, "two": document.origin})
        # Only the names are kept, not what was rendered.
        taken[key] = (RenderedDocument(document.name, document.media_type, origin=document.origin), identity)
        yield document
    if not taken and not rule.template_documents.exists() and not rule.file_documents.exists():
        raise DocumentError(_("The rule “%s” has no documents. Add a template or a file to it.") % rule.name)
    if not taken:
        if templates_only and not rule.template_documents.exists():
            raise DocumentError(
                _("The rule “%s” only copies files, and the files of a deleted object are not sent. Add a template.") % rule.name
            )
        raise DocumentError(_("%s has none of the related objects that this rule makes documents for.") % title_of(obj))


def produced(
    rule: Rule, obj: models.Model, now: datetime.datetime, templates_only: bool
) -> Iterator[tuple[RenderedDocument, str]]:
    """Each document with the identity of its stored file, or "" for a rendered one."""
    for templated in rule.template_documents.all():
        for item in items_of(templated.relation_path, obj):
            yield rendered(templated, rule, obj, item, now), ""
    for copied in () if templates_only else rule.file_documents.all():
        for item in items_of(copied.relation_path, obj):
            yield copied_file(copied, rule, obj, item, now)


def items_of(path: str, obj: models.Model) -> list[models.Model] | list[None]:
    """The related objects at ``path``; without a path, one time nothing."""
    return related_objects(obj, path) if path else [None]


def rendered(
    document: TemplateDocument, rule: Rule, obj: models.Model, item: models.Model | None, now: datetime.datetime
) -> RenderedDocument:
    """One rendered template."""
    template = document.template
    with locale_of(template):
        values = context_of(obj, item, rule, now)
        name = render_name(document.directory or template.directory, document.file_name or template.file_name, values)
        content = compile_source(template.source, template.media_type).render_bytes(values)
    return RenderedDocument(name, template.media_type, content, origin=described(_("the template “%s”") % template.name, item))


def copied_file(
    document: FileDocument, rule: Rule, obj: models.Model, item: models.Model | None, now: datetime.datetime
) -> tuple[RenderedDocument, str]:
    """One file field, streamed from its storage, with what identifies the stored file."""
    target = obj if item is None else item
    whose = title_of(target)
    file = getattr(target, document.file_field, None)
    if not isinstance(file, FieldFile):
        raise DocumentError(_("%(whose)s has no file field “%(field)s”.") % {"whose": whose, "field": document.file_field})
    if not file or not file.name:
        text = _("%(whose)s has no file in “%(field)s”. Add one, or a condition to the rule that asks for it.")
        raise DocumentError(text % {"whose": whose, "field": document.file_field})
    with locale_of(None):
        base_name = PurePosixPath(file.name.replace("\\", "/")).name
        values = context_of(obj, item, rule, now)
        if document.file_name:
            name = render_name(document.directory, document.file_name, values)
        else:
            # The stored name may hold braces; it is a name, not a pattern.
            name = render_name(document.directory, "{{ stored_name }}", values | {"stored_name": base_name})
    storage, stored_name = file.storage, file.name
    gone = _("The file “%(file)s” of %(whose)s is gone from the storage. Upload it again, then retry.") % {
        "file": stored_name,
        "whose": whose,
    }

    def source() -> BinaryIO:
        try:
            return cast(BinaryIO, storage.open(stored_name, "rb"))
        except (FileNotFoundError, SuspiciousOperation) as error:
            raise DocumentError(gone) from error

    try:
        present = storage.exists(stored_name)
    except SuspiciousOperation as error:
        raise DocumentError(gone) from error
    if not present:
        raise DocumentError(gone)
    media_type = mimetypes.guess_type(name)[0] or UNKNOWN_MEDIA_TYPE
    origin = described(_("the file “%s”") % document.file_field, item)
    return RenderedDocument(name, media_type, source=source, origin=origin), f"{id(storage)}:{stored_name}"


def title_of(obj: models.Model) -> str:
    """What to call an object in a message, also when its own name fails."""
    try:
        return f"{obj._meta.verbose_name} “{obj}”"
    except DatabaseError:
        raise
    except Exception:
        return f"{obj._meta.verbose_name} {obj.pk}"


def described(what: str, item: models.Model | None) -> str:
    """Which document, and of which related object."""
    return what if item is None else _("%(what)s of %(item)s") % {"what": what, "item": title_of(item)}
