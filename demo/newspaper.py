"""The whole newsroom as one family of processes: three partners, the worker, the site."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from demo.family import ROOT, Family, FamilyError

HOST = "127.0.0.1"
PARTNERS = ("ftp", "sftp", "http")
MANAGE = [sys.executable, str(ROOT / "demo" / "manage.py")]
LOGIN = ("admin", "pigeon")


class Newspaper:
    """``var``: the folder for everything it writes. ``with`` it; leaving ends every process."""

    def __init__(self, var: Path) -> None:
        self.var = var
        var.mkdir(parents=True, exist_ok=True)
        self.family = Family(var / "logs", {"NEWSROOM_VAR": str(var), "DJANGO_SETTINGS_MODULE": "newsroom_site.settings"})
        self.partners: dict[str, dict[str, Any]] = {}
        self.port = 0

    def __enter__(self) -> Newspaper:
        self.family.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.family.__exit__(*exc)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start_partners(self) -> None:
        """Start the three, each on the port it had last time where that is free, with the login it had."""
        kept = self.var / "partners.json"
        known = json.loads(kept.read_text()) if kept.exists() else {}
        for key in PARTNERS:
            before = known.get(key, {})
            port = before.get("port", 0) if free(before.get("port", 0)) else 0
            password = before.get("password") or secrets.token_urlsafe(9)
            folder = self.folder(key)
            folder.mkdir(parents=True, exist_ok=True)
            place = ["--folder", str(folder), "--port", str(port), "--key-file", str(self.var / f"{key}_key")]
            login = ["--user", "newsroom", f"--password={password}"]  # in one: it may begin with a hyphen
            command = [sys.executable, "-m", "demo.partners", key, *place, *login]
            told = json.loads(self.family.start(f"partner {key}", command, answers=True))
            url = f"http://{HOST}:{told['port']}/{{path}}"  # of use for HTTP only
            facts = {"host": HOST, "port": told["port"], "url": url, "host_key": told["host_key"]}
            self.partners[key] = {**facts, "username": "newsroom", "password": password}
        kept.write_text(json.dumps(self.partners, indent=2))
        kept.chmod(0o600)

    def folder(self, key: str) -> Path:
        """Where a partner keeps what it received."""
        return self.var / "partners" / key

    def prepare(self, *, rules: bool) -> str:
        """Migrate, load the first edition, make the login and, if wanted, the first rules; what it says about that."""
        told = ["--partners", json.dumps(self.partners)] if rules else []
        return self.family.run("prepare", [*MANAGE, "prepare_demo", "--username", LOGIN[0], "--password", LOGIN[1], *told])

    def open(self, port: int) -> None:
        """Start the worker and the site, and wait until the site answers."""
        self.port = port
        self.family.start("worker", [*MANAGE, "qcluster"])
        self.family.start("site", [*MANAGE, "runserver", f"{HOST}:{port}", "--noreload"])
        self.wait()

    def wait(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while True:
            self.family.check()
            try:
                opener.open(f"{self.url}/admin/login/", timeout=10).close()
            except (urllib.error.URLError, OSError) as error:
                if isinstance(error, urllib.error.HTTPError) or time.monotonic() > deadline:
                    raise FamilyError(f"The site does not answer at {self.url}: {error}") from None
                time.sleep(0.1)
            else:
                return


def free(port: int) -> bool:
    """Can a server listen on this port now? Port 0 is always free."""
    with socket.socket() as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]
