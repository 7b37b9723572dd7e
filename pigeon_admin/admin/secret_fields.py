"""The form field of a stored secret: written, kept or cleared, and never shown."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from pigeon_admin.models.secrets import Secret


class SecretInput(forms.MultiWidget):
    """A password input (or a masked text area) beside a “clear” box; neither ever renders the value."""

    template_name = "admin/pigeon_admin/secret_input.html"
    use_fieldset = False  # one thing to fill in, so one label that leads to it

    def __init__(self, *, multiline: bool = False, attrs=None) -> None:
        self.multiline = multiline
        written: forms.Widget
        if multiline:
            written = forms.Textarea(
                attrs={"rows": 4, "cols": 64, "autocomplete": "off", "spellcheck": "false", "class": "pigeon-code"}
            )
        else:
            written = forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"})
        super().__init__({"": written, "clear": forms.CheckboxInput()}, attrs)
        self.stored = False

    def decompress(self, value):
        return ["", False]

    def get_context(self, name, value, attrs):
        # Also after a form error nothing that was typed goes back to the browser.
        context = super().get_context(name, None, attrs)
        context["widget"]["stored"] = self.stored
        written = context["widget"]["subwidgets"][0]
        if self.stored:
            written["attrs"]["placeholder"] = str(_("stored; leave empty to keep"))
        return context

    def id_for_label(self, id_):
        return f"{id_}_0" if id_ else ""

    def use_required_attribute(self, initial):
        return False


class SecretFormField(forms.Field):
    """Cleans to a ``str`` (new secret), "" (cleared) or the stored ``Secret`` (kept)."""

    def __init__(self, *, multiline: bool = False, **kwargs) -> None:
        kwargs.pop("max_length", None)
        kwargs["widget"] = SecretInput(multiline=multiline)
        super().__init__(**kwargs)

    def bind_stored(self, stored: Secret) -> None:
        """Tell the field what is stored, so that an empty input can keep it."""
        self.stored = stored
        self.widget.stored = bool(stored)

    stored: Secret = Secret("")

    def clean(self, value):
        written, clear = value or ("", False)
        if clear and written:
            raise forms.ValidationError(_("Either write a new value or clear the stored one, not both."))
        if clear:
            return ""
        return written or self.stored

    def has_changed(self, initial, data):
        written, clear = data or ("", False)
        return bool(written) or (bool(clear) and bool(self.stored))
