"""What the machine must have for ``python3 -m tests --all``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Servers live in folders that are on root's PATH only.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/sbin"])

# A program, the Debian package that brings it, and what it is for.
NEEDED = [
    ("vsftpd", "vsftpd", "FTP against a server of the real world"),
    ("sshd", "openssh-server", "SFTP against OpenSSH"),
    ("nginx", "nginx-light", "HTTP PUT against nginx"),
    ("mariadbd", "mariadb-server", "the parity tests on MariaDB"),
    ("mariadb-install-db", "mariadb-server", "the parity tests on MariaDB"),
    ("redis-server", "redis-server", "django-q2 on Redis"),
    ("chromium", "chromium", "the tests in a real browser"),
]


def program(name: str) -> str | None:
    """Path of a program, or None."""
    return shutil.which(name, path=PATH)


def postgresql_program(name: str) -> str | None:
    """Path of a program of the newest PostgreSQL; Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4].partition(".")[0]))
    return str(found[-1]) if found else program(name)


def missing() -> list[str]:
    """A sentence for each thing that is not there; [] when all is well."""
    lacks = [f"{name} (Debian package {package}): {purpose}" for name, package, purpose in NEEDED if program(name) is None]
    for name in ("initdb", "postgres"):
        if postgresql_program(name) is None:
            lacks.append(f"{name} (Debian package postgresql): the parity tests on PostgreSQL")
    return lacks
