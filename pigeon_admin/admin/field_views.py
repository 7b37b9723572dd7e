"""What the forms ask while somebody types: the fields of the chosen content, as JSON or as a page."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, JsonResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from pigeon_admin.admin.contents import content_choices, host_models
from pigeon_admin.admin.field_lists import file_fields, label_of, own_fields, paths, relation_paths, relations_of, watchable
from pigeon_admin.conditions import OPERATORS, operators_for, resolve
from pigeon_admin.exceptions import ConditionError
from pigeon_admin.relations import related_model

# Operators whose value is one of the field itself, so that an example of the field says more than their own hint.
PLAIN = ("equals", "not_equals", "in", "changed_from", "changed_to")
EXAMPLES = {
    "text": _("The whole text, with capitals and accents just so."),
    "boolean": _("yes or no"),
    "number": _("A number, such as 12 or 12.5"),
    "date": _("A date, such as 2026-12-31"),
    "datetime": _("2026-12-31 18:00, or a date for the whole day"),
    "relation": _("The id of the related object. For its name or slug, choose a field of it."),
}


def chosen_model(label: str) -> type[models.Model]:
    """The host's model of that label; 404 for what no rule may be about."""
    for model in host_models():
        if model._meta.label_lower == label.lower():
            return model
    raise Http404(label)


def condition_paths(model: type[models.Model]) -> list[dict]:
    """``[{path, label, operators, example}]``: what can be asked of a model, and how, without what cannot be judged."""
    found = []
    for path, label in paths(model):
        try:
            field = resolve(model, path)
        except ConditionError:
            continue
        operators = [operator.name for operator in operators_for(field)]
        choices = [f"{key} ({words})" if str(key) != words else words for key, words in field.choices[:40]]
        example = ", ".join(choices) or str(EXAMPLES.get(field.kind, ""))
        found.append({"path": path, "label": label, "operators": operators, "example": example})
    return found


def file_paths(model: type[models.Model]) -> list[dict]:
    """``[{relation, name, label}]``: the file fields of a model and of what it is related to."""
    found = [{"relation": "", "name": name, "label": label} for name, label in file_fields(model)]
    for relation, words in relation_paths(model):
        target = related_model(model, relation)
        found += [{"relation": relation, "name": name, "label": f"{words} › {label}"} for name, label in file_fields(target)]
    return found


def rule_fields_view(model_admin):
    """``?model=news.story`` → everything the rule form proposes for it."""

    def view(request):
        if not (model_admin.has_view_or_change_permission(request) or model_admin.has_add_permission(request)):
            raise PermissionDenied
        model = chosen_model(request.GET.get("model", ""))
        return JsonResponse(
            {
                "model": model._meta.label_lower,
                "name": str(model._meta.verbose_name),
                "none": _("No conditions: every %s counts.") % model._meta.verbose_name,
                "watched": [{"name": name, "label": label} for name, label in watchable(model)],
                "paths": condition_paths(model),
                "operators": {
                    name: {"hint": str(operator.hint), "value": operator.needs_value, "plain": name in PLAIN}
                    for name, operator in OPERATORS.items()
                },
                "relations": [{"path": path, "label": label} for path, label in relation_paths(model)],
                "files": file_paths(model),
            }
        )

    return view


def template_fields_view(model_admin):
    """``?model=news.story`` → a piece of a page that lists what a template can say; without a model, a page to choose one."""

    def view(request):
        if not (model_admin.has_view_or_change_permission(request) or model_admin.has_add_permission(request)):
            raise PermissionDenied
        label = request.GET.get("model", "")
        model = chosen_model(label) if label else None
        context = {
            **model_admin.admin_site.each_context(request),
            "title": _("What a template can say"),
            "opts": model_admin.opts,
            "groups": content_choices(),
            "chosen": label,
            "model": model._meta if model else None,
            "fields": template_fields(model) if model else [],
        }
        request.current_app = model_admin.admin_site.name
        page = "field_list" if "list" in request.GET else "fields"
        return TemplateResponse(request, f"admin/pigeon_admin/exporttemplate/{page}.html", context)

    return view


def expression(path: str) -> str:
    """What writes a value of the object into a template."""
    return "{{ object." + path + " }}"


def template_fields(model: type[models.Model]) -> list[dict]:
    """``[{label, expression}]``: own fields, then one step along single relations, then the lists that can be looped over."""
    found = []
    for field in own_fields(model):
        if not field.is_relation:
            found.append({"label": label_of(field), "expression": expression(field.name)})
            if field.choices:
                found.append(
                    {"label": _("%s, in words") % label_of(field), "expression": expression(f"get_{field.name}_display")}
                )
    for relation in relations_of(model):
        if relation.many_to_many or relation.one_to_many:
            accessor = relation.get_accessor_name() if relation.auto_created and not relation.concrete else relation.name
            loop = "{% for item in object." + accessor + ".all %}{{ item }}{% endfor %}"
            found.append({"label": label_of(relation), "expression": loop})
        elif relation.concrete:
            for field in own_fields(relation.related_model):
                if not field.is_relation and not field.primary_key:
                    label = f"{label_of(relation)} › {label_of(field)}"
                    found.append({"label": label, "expression": expression(f"{relation.name}.{field.name}")})
    return found
