"""Where packages go: one module a protocol, each a model with typed fields and ``transport()``."""

from pigeon_admin.models.destinations.base import Destination
from pigeon_admin.models.destinations.dummy import DummyDestination
from pigeon_admin.models.destinations.email import EmailDestination
from pigeon_admin.models.destinations.ftp import FtpDestination
from pigeon_admin.models.destinations.http import HttpDestination
from pigeon_admin.models.destinations.sftp import SftpDestination
from pigeon_admin.models.destinations.storage import StorageDestination

__all__ = [
    "Destination",
    "DummyDestination",
    "EmailDestination",
    "FtpDestination",
    "HttpDestination",
    "SftpDestination",
    "StorageDestination",
]
