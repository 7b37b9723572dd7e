"""Destinations: one list of all, and a form for each kind, found through the model classes."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, F, Q
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from polymorphic.admin import PolymorphicChildModelAdmin, PolymorphicChildModelFilter, PolymorphicParentModelAdmin

from pigeon_admin.admin.archiving import ArchivedFilter, ArchivingAdmin
from pigeon_admin.admin.connection_test import ConnectionTests, TestAfterSaving
from pigeon_admin.admin.destination_forms import DestinationForm, fieldsets_of
from pigeon_admin.admin.destination_words import where
from pigeon_admin.admin.kinds import SharedPermissions, concrete_kinds
from pigeon_admin.admin.named import NamedAdmin
from pigeon_admin.admin.secret_fields import SecretFormField
from pigeon_admin.admin.wording import relative_html, shortened, state_html
from pigeon_admin.models import Destination, DummyDestination, Rule
from pigeon_admin.models.secrets import SecretField


class DestinationArchiving(ArchivingAdmin):
    """What holds a destination, and what its end means for rules."""

    def why_kept(self, obj):
        number = obj.deliveries.count()
        return (
            ngettext("It has %d delivery in the record.", "It has %d deliveries in the record.", number) % number
            if number
            else ""
        )

    def consequences(self, obj):
        names = ", ".join(
            f"“{rule}”" for rule in Rule.objects.non_polymorphic().filter(destinations=obj, archived_at__isnull=True)
        )
        return _("These rules no longer send to it: %s.") % names if names else ""


class DestinationChildAdmin(SharedPermissions, DestinationArchiving, TestAfterSaving, NamedAdmin, PolymorphicChildModelAdmin):
    """The form of one kind of destination, built from its typed fields. A kind that needs more registers a subclass."""

    base_model = Destination
    base_form = DestinationForm

    class Media:
        css = {"all": ["pigeon_admin/ledger.css", "pigeon_admin/forms.css"]}

    def get_fieldsets(self, request, obj=None):
        return self.fieldsets or fieldsets_of(self.model)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if isinstance(db_field, SecretField):
            # Keys have lines; a password box would join them.
            return db_field.formfield(form_class=SecretFormField, multiline="key" in db_field.name)
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(Destination)
class DestinationAdmin(DestinationArchiving, ConnectionTests, NamedAdmin, PolymorphicParentModelAdmin):
    """The list of all destinations, and the choice of a kind when adding."""

    base_model = Destination
    polymorphic_list = True
    change_list_template = "admin/pigeon_admin/destination/change_list.html"
    add_type_template = "admin/pigeon_admin/destination/add_type_form.html"
    list_display = ["name", "leads_to", "last_success", "last_error", "used_by"]
    list_filter = [PolymorphicChildModelFilter, ArchivedFilter]

    class Media:
        css = {"all": ["pigeon_admin/ledger.css", "pigeon_admin/forms.css"]}

    def get_child_models(self):
        return concrete_kinds(Destination)

    def get_child_type_choices(self, request, action):
        """The kinds that send somewhere first: the first one is chosen already."""
        choices = super().get_child_type_choices(request, action)
        last = ContentType.objects.get_for_model(DummyDestination).pk
        return [(key, capfirst(str(name))) for key, name in sorted(choices, key=lambda choice: choice[0] == last)]

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .annotate(
                number_of_rules=Count("rules", filter=Q(rules__archived_at__isnull=True), distinct=True),
                success_at=F("health__last_success_at"),
                error_at=F("health__last_error_at"),
                error_text=F("health__last_error"),
            )
        )

    def get_urls(self):
        view = self.admin_site.admin_view(self.from_url_view)
        return [path("from-url/", view, name="pigeon_admin_destination_from_url"), *super().get_urls()]

    @admin.display(description=_("where"))
    def leads_to(self, destination):
        if destination.archived_at is not None:
            kind = state_html("archived", _("Archived"))
        else:
            kind = capfirst(str(destination._meta.verbose_name))
        return format_html('{}<br><span class="pigeon-place">{}</span>', kind, where(destination))

    @admin.display(description=_("last success"), ordering="success_at")
    def last_success(self, destination):
        return relative_html(destination.success_at)

    @admin.display(description=_("last error"), ordering="error_at")
    def last_error(self, destination):
        if destination.error_at is None:
            return "–"
        over = destination.success_at is not None and destination.success_at > destination.error_at
        style = "pigeon-quiet" if over else "pigeon-no"
        words = shortened(destination.error_text or "", 60)
        return format_html('<span class="{}">{}</span><br>{}', style, relative_html(destination.error_at), words)

    @admin.display(description=_("used by"), ordering="number_of_rules")
    def used_by(self, destination):
        if not destination.number_of_rules:
            return _("no rule")
        url = reverse("admin:pigeon_admin_rule_changelist") + f"?destinations__id__exact={destination.pk}"
        number = destination.number_of_rules
        return format_html('<a href="{}">{}</a>', url, ngettext("%d rule", "%d rules", number) % number)

    # -- from a URL

    @method_decorator(sensitive_post_parameters("url"))
    @sensitive_variables("url")
    def from_url_view(self, request):
        """Make a destination of a URL at once: with its password it must travel through no query string and no session."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_add_permission(request):
            raise PermissionDenied
        back = HttpResponseRedirect(reverse(f"{self.admin_site.name}:pigeon_admin_destination_changelist"))
        url = request.POST.get("url", "").strip()
        try:
            destination = Destination.from_url(url)
            destination.slug = free_slug(destination.slug)
            destination.full_clean()
        except ValidationError as error:
            # Its words never repeat a password.
            messages.error(request, _("No destination was made. %s") % " ".join(error.messages))
            return back
        destination.save()
        self.log_addition(request, destination, "Created from a URL.")
        messages.success(
            request, _("Understood: %s. Check the name, then save and test the connection.") % understood(destination)
        )
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:pigeon_admin_destination_change", args=[destination.pk]))


def free_slug(base: str) -> str:
    """``base``, or with a number behind it where a destination has that short name already."""
    taken = set(Destination.objects.non_polymorphic().values_list("slug", flat=True))
    candidates = (base, *(f"{base[:90]}-{number}" for number in range(2, len(taken) + 3)))
    return next(slug for slug in candidates if slug not in taken)


def understood(destination: Destination) -> str:
    """What was read from a URL, in words; of a secret only that there is one."""
    parts = [capfirst(str(destination._meta.verbose_name)), where(destination)]
    for field in destination._meta.local_fields:
        value = getattr(destination, field.attname)
        if isinstance(field, SecretField) and value:
            parts.append(str(_("%s stored") % field.verbose_name))
        elif field.name in ("username", "security", "auth") and value:
            parts.append(
                f"{field.verbose_name}: {getattr(destination, f'get_{field.name}_display', lambda value=value: value)()}"
            )
    return ", ".join(parts)


for model in concrete_kinds(Destination):
    if not admin.site.is_registered(model):
        admin.site.register(model, DestinationChildAdmin)
