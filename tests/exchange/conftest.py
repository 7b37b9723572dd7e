"""A small rule set in the database, and the ways in and out of it."""

import pytest

from pigeon_admin.exchange.exporting import entries_for
from pigeon_admin.exchange.formats import FORMATS
from pigeon_admin.exchange.resources import RuleSetResource
from pigeon_admin.models import (
    ConditionRow,
    Destination,
    ExportTemplate,
    FileDocument,
    FtpDestination,
    HttpDestination,
    Rule,
    SaveRule,
    SftpDestination,
    TemplateDocument,
)


def exported(name="yaml", rules=None):
    """The bytes of the rules' document."""
    queryset = Rule.objects.all() if rules is None else rules
    return FORMATS[name]().export_data(RuleSetResource().export(queryset))


def imported(data, name="yaml", *, dry_run=False, **kwargs):
    """Import a document; the result of django-import-export, with ``plan``."""
    if isinstance(data, str):
        data = data.encode()
    return RuleSetResource(**kwargs).import_data(FORMATS[name]().create_dataset(data), dry_run=dry_run)


def outcomes(result):
    """{slug: outcome} of all entries."""
    return {planned.entry.slug: planned.outcome for planned in result.plan.entries}


def reasons(result):
    """All refusals as one text."""
    errors = [str(error.error) for error in result.base_errors]
    return "\n".join(errors + [reason for planned in result.plan.refused for reason in planned.reasons])


def emptied():
    """Remove every rule, template and destination."""
    for rule in Rule.objects.all():
        rule.delete()
    for row in [*ExportTemplate.objects.all(), *Destination.objects.all()]:
        row.delete()


def entries_of(rules=None):
    return list(entries_for(Rule.objects.all() if rules is None else rules))


@pytest.fixture
def rule(db):
    """A live rule with all that there is: two templates, three destinations with secrets, two groups of conditions."""
    nitf = ExportTemplate.objects.create(
        name="NITF",
        slug="nitf",
        source="<nitf>\n  <hl1>{{ object.title }}</hl1>\n</nitf>\n",
        directory="{{ object.section.slug }}",
        file_name="{{ object.pk }}.xml",
    )
    caption = ExportTemplate.objects.create(
        name="Caption", slug="caption", source="{{ item.caption }}", media_type="text/plain", file_name="{{ item.pk }}.txt"
    )
    agency = FtpDestination.objects.create(
        name="Agency", slug="agency", host="ftp.example.org", username="news", password="ftp-pässword"
    )
    archive = SftpDestination.objects.create(
        name="Archive",
        slug="archive",
        host="sftp.example.org",
        username="u",
        password="sftp-password",
        private_key="KEY",
        passphrase="phrase",
        host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPEpNwwwc6gZx9HafUioqZJV0s2vECkBS99T8xyacq/0",
    )
    portal = HttpDestination.objects.create(
        name="Portal",
        slug="portal",
        url="https://partner.example/in/{path}?key={key}",
        headers={"X-Feed": "sports", "X-Desk": "night"},
        auth="bearer",
        token="http-token",
    )
    rule = SaveRule.objects.create(
        name="Sports to the agency",
        slug="sports",
        model="newsdesk.story",
        state="live",
        watched_fields=["title", "status"],
        notes="Call Anna.\nOr Bob.",
    )
    rule.destinations.set([portal, agency, archive])
    ConditionRow.objects.create(rule=rule, path="section__slug", operator="equals", value="sports", position=0)
    ConditionRow.objects.create(rule=rule, path="status", operator="equals", value="published", position=1)
    ConditionRow.objects.create(rule=rule, group=2, path="breaking", operator="equals", value="true", negate=True, position=2)
    TemplateDocument.objects.create(rule=rule, template=nitf, position=0)
    FileDocument.objects.create(rule=rule, file_field="image", relation_path="photos", directory="photos", position=1)
    TemplateDocument.objects.create(rule=rule, template=caption, relation_path="photos", position=2)
    return rule
