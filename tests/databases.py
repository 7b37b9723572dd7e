"""Private PostgreSQL, MariaDB and Redis servers in a temporary folder, so that no test meets another's data."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.machine import postgresql_program, program

USER = PASSWORD = NAME = "pigeon"


@contextlib.contextmanager
def servers() -> Iterator[dict[str, str]]:
    """All three, as ``{"postgresql": url, "mariadb": url, "redis": url}``, as DATABASE_URL and REDIS_URL take them."""
    with postgresql() as one, mariadb() as two, redis() as three:
        yield {"postgresql": one, "mariadb": two, "redis": three}


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """A URL of a fresh PostgreSQL whose user may create databases."""
    initdb, postgres = postgresql_program("initdb"), postgresql_program("postgres")
    assert initdb
    assert postgres
    with folder("postgres") as place:
        data, port = place / "data", free_port()
        secret = place / "password"
        secret.write_text(PASSWORD)
        hand_over(place, "postgres")
        command = [
            initdb,
            "-D",
            str(data),
            "-U",
            USER,
            f"--pwfile={secret}",
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
        run(command, "postgres")
        # No fsync: the data lives no longer than the tests.
        options = [
            "-c",
            f"port={port}",
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            f"unix_socket_directories={place}",
            "-c",
            "fsync=off",
        ]
        more = ["-c", "max_connections=200", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        with server([postgres, "-D", str(data), *options, *more], "postgres", place, stop=signal.SIGINT) as alive:
            url = f"postgres://{USER}:{PASSWORD}@127.0.0.1:{port}"
            wait(alive, lambda: execute_on_postgresql(f"{url}/postgres", f"CREATE DATABASE {NAME}"))
            yield f"{url}/{NAME}"


def execute_on_postgresql(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        connection.execute(statement)


@contextlib.contextmanager
def mariadb() -> Iterator[str]:
    """A URL of a fresh MariaDB whose user may create databases."""
    install, mariadbd = program("mariadb-install-db"), program("mariadbd")
    assert install
    assert mariadbd
    with folder("mariadb") as place:
        data, port, socket_path = place / "data", free_port(), place / "socket"
        hand_over(place, "mysql")
        account = ["--user=mysql"] if os.getuid() == 0 else []
        # Root of the server gets in by password here: the tests may run as any user.
        run(
            [
                install,
                "--no-defaults",
                f"--datadir={data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *account,
            ],
            None,
        )
        start = place / "start.sql"
        start.write_text(
            f"CREATE DATABASE IF NOT EXISTS {NAME} CHARACTER SET utf8mb4;\n"
            f"CREATE USER IF NOT EXISTS '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO '{USER}'@'127.0.0.1';\n"
        )
        hand_over(place, "mysql")
        command = [
            mariadbd,
            "--no-defaults",
            f"--datadir={data}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--socket={socket_path}",
            *account,
        ]
        options = [
            f"--init-file={start}",
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=0",
            "--character-set-server=utf8mb4",
        ]
        options += [f"--pid-file={place / 'pid'}", "--max-connections=200", "--skip-log-bin"]
        with server([*command, *options], None, place, stop=signal.SIGTERM) as alive:
            wait(alive, lambda: connect_to_mariadb(port))
            yield f"mysql://{USER}:{PASSWORD}@127.0.0.1:{port}/{NAME}"


def connect_to_mariadb(port: int) -> None:
    import pymysql

    pymysql.connect(host="127.0.0.1", port=port, user=USER, password=PASSWORD, database=NAME, connect_timeout=5).close()


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A URL of a fresh Redis that writes nothing to disk."""
    command = program("redis-server")
    assert command
    with folder("redis") as place:
        port = free_port()
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(place)]
        with server([command, *options], None, place, stop=signal.SIGTERM) as alive:
            wait(alive, lambda: socket.create_connection(("127.0.0.1", port), timeout=5).close())
            yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def folder(name: str) -> Iterator[Path]:
    """A temporary folder with a short path (sockets live in it) that other accounts may enter."""
    place = Path(tempfile.mkdtemp(prefix=f"pigeon-{name}-", dir="/tmp"))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def hand_over(place: Path, account: str) -> None:
    """As root, give the folder to the server's account: PostgreSQL refuses to run as root."""
    if os.getuid() == 0:
        for path in [place, *place.iterdir()]:
            shutil.chown(path, account)


def run(command: list[str], account: str | None) -> None:
    """Run a step of the set-up; its output is shown only when it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd="/", **as_account(account)
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def as_account(account: str | None) -> dict:
    return {"user": account, "group": account, "extra_groups": []} if account and os.getuid() == 0 else {}


@contextlib.contextmanager
def server(command: list[str], account: str | None, place: Path, *, stop: signal.Signals) -> Iterator[Callable[[], None]]:
    """A running server; yields a check that raises, with the end of its log, once it has ended by itself."""
    log = place / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,
            **as_account(account),
        )

    def alive() -> None:
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended by itself:\n{log.read_text(errors='replace')[-3000:]}")

    try:
        yield alive
    finally:
        process.send_signal(stop)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait(alive: Callable[[], None], attempt: Callable[[], object], seconds: float = 40) -> None:
    """Try until it works; raises what the last try raised."""
    deadline = time.monotonic() + seconds
    while True:
        alive()
        try:
            attempt()
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
