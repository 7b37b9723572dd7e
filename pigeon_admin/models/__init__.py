"""The tables: what staff edit (rules, templates, destinations) and the ledger that only workers and saves write."""

from pigeon_admin.models.deliveries import Attempt, Delivery, Package
from pigeon_admin.models.destinations import (
    Destination,
    DummyDestination,
    EmailDestination,
    FtpDestination,
    HttpDestination,
    SftpDestination,
    StorageDestination,
)
from pigeon_admin.models.documents import Document, FileDocument, TemplateDocument
from pigeon_admin.models.rules import ConditionRow, Rule, RuleSetVersion, SaveRule
from pigeon_admin.models.templates import ExportTemplate
from pigeon_admin.models.workers import Dashboard, DestinationState, TaskRun, WorkerHeartbeat

__all__ = [
    "Attempt",
    "ConditionRow",
    "Dashboard",
    "Delivery",
    "Destination",
    "DestinationState",
    "Document",
    "DummyDestination",
    "EmailDestination",
    "ExportTemplate",
    "FileDocument",
    "FtpDestination",
    "HttpDestination",
    "Package",
    "Rule",
    "RuleSetVersion",
    "SaveRule",
    "SftpDestination",
    "StorageDestination",
    "TaskRun",
    "TemplateDocument",
    "WorkerHeartbeat",
]
