"""Import and export of rule sets in a list of the admin, with the buttons, pages and permissions of django-import-export."""

from __future__ import annotations

import os
from functools import partial

from django import forms
from django.contrib import messages
from django.contrib.auth import get_permission_codename
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from import_export.admin import ExportActionMixin, ImportExportMixin
from import_export.forms import ConfirmImportForm, ExportForm, ImportForm

from pigeon_admin.exceptions import RuleSetError
from pigeon_admin.exchange.formats import FORMATS
from pigeon_admin.exchange.kinds import SECTIONS, section_of
from pigeon_admin.exchange.plan import CHANGED, CREATED
from pigeon_admin.exchange.preview import groups, summary
from pigeon_admin.exchange.reading import MAX_BYTES, too_large
from pigeon_admin.exchange.resources import RuleSetResource

SHOWN = 300  # rows of the preview per outcome: a browser shows no 10,000

FORMAT_HELP = _("YAML is easier to read and compare, JSON easier for programs. Both hold the same.")


def permitted(user, action, model):
    """Whether ``user`` may do ``action`` with objects of ``model``; the permission for all kinds covers each."""
    allowed = (
        f"{kind._meta.app_label}.{get_permission_codename(action, kind._meta)}" for kind in {model, SECTIONS[section_of(model)]}
    )
    return any(user.has_perm(permission) for permission in allowed)


class RuleSetImportForm(ImportForm):
    """The file; its format is found by its name."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["import_file"].help_text = _(
            "A rule set as this site or another exports it. You see what it would do before anything is written."
        )

    def clean_import_file(self):
        file = self.cleaned_data["import_file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(too_large())
        return file


class RuleSetConfirmForm(ConfirmImportForm):
    """``import_file_name`` is signed, with the format and the digest of the plan: only what was previewed is imported."""

    SALT = "pigeon_admin.exchange.confirm"
    digest = ""

    def clean_import_file_name(self):
        try:
            stored = signing.loads(self.cleaned_data["import_file_name"], salt=self.SALT, max_age=24 * 3600)
        except signing.BadSignature:
            raise forms.ValidationError(_("This preview is too old or was changed. Choose the file again.")) from None
        self.digest = stored["plan"]
        self.signed_format = stored["format"]
        return os.path.basename(stored["name"])

    def clean(self):
        cleaned = super().clean()
        if "import_file_name" in cleaned:
            cleaned["format"] = self.signed_format
        return cleaned

    def sign(self, digest):
        """Tie the hidden values of this form to the plan that is shown with it."""
        stored = {"name": self.initial["import_file_name"], "format": self.initial["format"], "plan": digest}
        self.initial["import_file_name"] = signing.dumps(stored, salt=self.SALT)


class RuleSetExportForm(ExportForm):
    """The format."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["format"].help_text = FORMAT_HELP
        self.fields["format"].choices = [choice for choice in self.fields["format"].choices if choice[0]]


class RuleSetExchangeMixin(ExportActionMixin, ImportExportMixin):
    """Put before the other bases of the rule list's admin class."""

    # PolymorphicParentModelAdmin has a property of this name, which hides the template with the buttons.
    change_list_template = None
    # The form's template and its export button are import-export's idea; rules are exported from the list.
    change_form_template = None
    show_change_form_export = False
    import_export_change_list_template = "admin/pigeon_admin/exchange/change_list.html"
    import_template_name = "admin/pigeon_admin/exchange/import.html"
    export_template_name = "admin/pigeon_admin/exchange/export.html"
    import_form_class = RuleSetImportForm
    confirm_form_class = RuleSetConfirmForm
    export_form_class = RuleSetExportForm
    resource_classes = [RuleSetResource]
    formats = list(FORMATS.values())
    import_formats = formats
    export_formats = formats
    # The preview is the point; a site-wide setting does not skip it here.
    skip_import_confirm = False

    def is_skip_import_confirm_enabled(self):
        return False

    # Who may

    def has_import_permission(self, request):
        """Rules may be added or changed; each entry is then asked for by itself."""
        return super().has_import_permission(request) and (
            self.has_add_permission(request) or self.has_change_permission(request)
        )

    def has_export_permission(self, request):
        """A document holds rules, templates and destinations, so all three must be visible."""
        return super().has_export_permission(request) and all(
            permitted(request.user, "view", model) or permitted(request.user, "change", model) for model in SECTIONS.values()
        )

    # Export

    def get_actions(self, request, action_location=None):
        """With the export action. Django 6.1 says for which page it asks; the import-export library does not know that yet."""
        if getattr(action_location, "name", "CHANGE_LIST") != "CHANGE_LIST":
            return super(ExportActionMixin, self).get_actions(request, action_location=action_location)
        actions = super().get_actions(request)
        if "export_admin_action" in actions:
            function, name, _description = actions["export_admin_action"]
            actions["export_admin_action"] = (function, name, gettext("Export selected rules as a rule set"))
        return actions

    def export_admin_action(self, request, queryset):
        """The page that asks for the format, for the chosen rules."""
        chosen = [str(pk) for pk in queryset.values_list("pk", flat=True)]
        form = self.get_export_form_class()(
            formats=self.get_export_formats(),
            resources=self.get_export_resource_classes(request),
            initial={"export_items": chosen},
        )
        # The rules are hidden values of the form, which goes to the page of the export button.
        form.fields["export_items"] = forms.MultipleChoiceField(
            widget=forms.MultipleHiddenInput, required=False, choices=[(pk, pk) for pk in chosen]
        )
        url = reverse("admin:{}_{}_export".format(*self.get_model_info()), current_app=self.admin_site.name)
        query = request.GET.urlencode()
        context = {**self.init_request_context_data(request, form), "export_url": f"{url}?{query}" if query else url}
        request.current_app = self.admin_site.name
        return TemplateResponse(request, [self.export_template_name], context)

    def init_request_context_data(self, request, form):
        return {**super().init_request_context_data(request, form), "title": gettext("Export a rule set")}

    def get_valid_export_item_pks(self, request):
        # import-export still asks for this, and warns where it is not overridden.
        return list(self.get_queryset(request).values_list("pk", flat=True))

    def get_export_filename(self, request, queryset, file_format):
        return f"rule-set-{localdate().isoformat()}.{file_format.get_extension()}"

    # Import

    def get_import_resource_kwargs(self, request, **kwargs):
        form = kwargs.get("form")
        kwargs = super().get_import_resource_kwargs(request, **kwargs)
        kwargs.pop("form", None)
        return kwargs | {"allowed": partial(permitted, request.user), "expected": getattr(form, "digest", "") or None}

    def add_data_read_fail_error_to_form(self, form, e):
        if isinstance(e, RuleSetError):
            form.add_error("import_file", str(e))
        else:
            super().add_data_read_fail_error_to_form(form, e)

    def import_action(self, request, **kwargs):
        response = super().import_action(request, **kwargs)
        context = response.context_data
        self.prepare(context)
        if "confirm_form" not in context:
            self.forget(request.FILES.get("import_file"))
        return response

    def forget(self, upload):
        """Remove the stored copy of a file that cannot be imported."""
        name = getattr(upload, "tmp_storage_name", None)
        if name:
            self.get_tmp_storage_class()(name=name, **self.get_tmp_storage_class_kwargs()).remove()

    def prepare(self, context):
        """Add what our template shows, and tie the confirm form to this very plan."""
        context["title"] = gettext("Import a rule set")
        plan = getattr(context.get("result"), "plan", None)
        if plan is None:
            return
        context["groups"] = groups(plan, SHOWN)
        context["summary"] = summary(plan.counts)
        context["refused"] = len(plan.refused)
        context["empty"] = not plan.entries
        context["nothing_to_do"] = not plan.refused and not plan.counts[CREATED] and not plan.counts[CHANGED]
        if context["nothing_to_do"]:
            context.pop("confirm_form", None)
        form = context.get("confirm_form")
        if form is not None:
            form.sign(plan.digest)

    def process_import(self, request, **kwargs):
        """Import what was confirmed; where the import would do anything else by now, show the new preview instead."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = self.create_confirm_form(request)
        if not form.is_valid():
            return self.start_again(request, *(error for errors in form.errors.values() for error in errors))
        file_format = self.get_import_formats()[int(form.cleaned_data["format"])]()
        stored = self.get_tmp_storage_class()(
            name=form.cleaned_data["import_file_name"],
            read_mode=file_format.get_read_mode(),
            **self.get_tmp_storage_class_kwargs(),
        )
        try:
            dataset = file_format.create_dataset(stored.read())
        except (OSError, RuleSetError):
            return self.start_again(request, gettext("The uploaded file is no longer there. Choose it again."))
        result = self.process_dataset(dataset, form, request, **kwargs)
        if result.has_errors() or result.has_validation_errors():
            return self.preview_again(request, form, dataset, result)
        stored.remove()
        return self.process_result(result, request)

    def start_again(self, request, *errors):
        for error in errors:
            messages.error(request, error)
        return HttpResponseRedirect(
            reverse("admin:{}_{}_import".format(*self.get_model_info()), current_app=self.admin_site.name)
        )

    def preview_again(self, request, form, dataset, failed):
        """The page of the preview as it is now, with what went wrong."""
        for error in failed.base_errors:
            messages.error(request, str(error.error))
        for _number, errors in failed.row_errors():
            for error in errors:
                messages.error(request, gettext("The database refused an entry, so nothing was imported: %s") % error.error)
        form.digest = ""
        resource = self.choose_import_resource_class(form, request)(**self.get_import_resource_kwargs(request, form=form))
        result = resource.import_data(dataset, dry_run=True, user=request.user)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "result": result,
            "form": form,
            "media": self.media,
        }
        if not result.has_errors() and not result.has_validation_errors():
            names = ("import_file_name", "original_file_name", "format", "resource")
            context["confirm_form"] = self.get_confirm_form_class(request)(
                initial={name: form.cleaned_data[name] for name in names}
            )
        self.prepare(context)
        request.current_app = self.admin_site.name
        return TemplateResponse(request, [self.import_template_name], context)

    def add_success_message(self, result, request):
        plan = result.plan
        messages.success(request, gettext("The rule set was imported: %s.") % summary(plan.counts))
        notes = [(planned, note) for planned in plan.entries if planned.written for note in planned.notes]
        for planned, note in notes[:20]:
            messages.warning(request, f"“{planned.instance}”: {note}")
        if len(notes) > 20:
            messages.warning(request, gettext("… and %d more remarks, as the preview showed them.") % (len(notes) - 20))
