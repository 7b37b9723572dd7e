"""The daemons that partners really run, started with a configuration of our own: no system account, no fixed port."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh

from demo.partners import certificate
from tests.machine import program

TLS12_ONLY = """
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
MaxProtocol = TLSv1.2
"""


def needed(name: str) -> str:
    """Path of a daemon. Where it is missing the test fails, since a test that was left out proves nothing."""
    path = program(name)
    assert path is not None, f"{name} is not installed; python3 -m tests --all lists the Debian packages"
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon in the foreground, from its first accepted connection on until the end of the ``with``."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, **environment}
        )
        try:
            deadline = time.monotonic() + 20
            while True:
                assert process.poll() is None, f"{command[0]} ended: {log.read_text()}"
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline, f"{command[0]} does not listen: {log.read_text()}"
                    time.sleep(0.02)  # nothing tells when a foreign process listens
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def vsftpd(work: Path, folder: Path, password: str, tls12: bool = False, writable: bool = True) -> Iterator[int]:
    """vsftpd that insists on TLS session reuse for encrypted data; user "ftp"; the port. Logins lead to ``folder``."""
    ca, key = certificate.of_this_process()
    (work / "server.pem").write_text(key + ca)
    (work / "passwords").write_text(f"{password}\n")
    (work / "openssl.cnf").write_text(TLS12_ONLY)
    (work / "empty").mkdir(exist_ok=True)
    port = free_port()
    yes = "YES" if writable else "NO"
    lines = {
        "listen": "YES",
        "listen_address": "127.0.0.1",
        "listen_port": port,
        "background": "NO",
        "run_as_launching_user": "YES",
        "local_enable": "NO",
        "anonymous_enable": "YES",
        "secure_email_list_enable": "YES",  # an anonymous login with a password: no system account is needed
        "email_password_file": work / "passwords",
        "anon_root": folder,
        "anon_umask": "022",
        "anon_world_readable_only": "NO",
        "write_enable": yes,
        "anon_upload_enable": yes,
        "anon_mkdir_write_enable": yes,
        "anon_other_write_enable": yes,
        "allow_writeable_chroot": "YES",
        "secure_chroot_dir": work / "empty",
        "xferlog_enable": "NO",
        "seccomp_sandbox": "NO",
        "ssl_enable": "YES",
        "allow_anon_ssl": "YES",
        "force_anon_logins_ssl": "NO",
        "force_anon_data_ssl": "NO",
        "rsa_cert_file": work / "server.pem",
        "rsa_private_key_file": work / "server.pem",
        "require_ssl_reuse": "YES",
        "ssl_ciphers": "HIGH",
    }
    (work / "vsftpd.conf").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
    environment = {"OPENSSL_CONF": str(work / "openssl.cnf")} if tls12 else {}
    with running([needed("vsftpd"), str(work / "vsftpd.conf")], port, work / "vsftpd.log", **environment):
        yield port


@contextmanager
def sshd(work: Path, folder: Path, public_key: str, read_only: bool = False) -> Iterator[tuple[int, str]]:
    """OpenSSH for whoever runs the tests, by key; (port, host key). Logins lead to ``folder``."""
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    host_key.write_private_key(work / "host_key")
    (work / "host_key").chmod(0o600)
    (work / "authorized_keys").write_text(public_key)
    port = free_port()
    flags = " -R" if read_only else ""
    (work / "sshd_config").write_text(
        f"""Port {port}
ListenAddress 127.0.0.1
HostKey {work}/host_key
PidFile none
AuthorizedKeysFile {work}/authorized_keys
AllowUsers {getpass.getuser()}
PermitRootLogin yes
StrictModes no
UsePAM no
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp -d {folder}{flags}
LogLevel ERROR
"""
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where it locks itself in before the login
    with running([needed("sshd"), "-D", "-e", "-f", str(work / "sshd_config")], port, work / "sshd.log"):
        yield port, host_key.export_public_key().decode()


@contextmanager
def nginx(work: Path, folder: Path, user: str, password: str, writable: bool = True) -> Iterator[int]:
    """nginx that takes PUT over HTTPS; the port."""
    ca, key = certificate.of_this_process()
    (work / "server.pem").write_text(ca)
    (work / "server.key").write_text(key)
    (work / "passwords").write_text(f"{user}:{{PLAIN}}{password}\n")
    port = free_port()
    temporary = " ".join(f"{kind}_temp_path {work}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    methods = "dav_methods PUT DELETE MOVE; create_full_put_path on;" if writable else ""
    as_root = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    (work / "nginx.conf").write_text(
        f"""daemon off; worker_processes 1; pid {work}/nginx.pid; error_log {work}/error.log; {as_root}
events {{ worker_connections 64; }}
http {{
  access_log {work}/access.log; client_body_temp_path {work}/body; {temporary}
  client_max_body_size 20m; client_body_buffer_size 64k;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {work}/server.pem; ssl_certificate_key {work}/server.key;
    location = /post {{ auth_basic x; auth_basic_user_file {work}/passwords; return 204; }}
    location = /moved {{ return 301 https://elsewhere.example/; }}
    location / {{ auth_basic x; auth_basic_user_file {work}/passwords; root {folder}; {methods} }}
  }}
}}
"""
    )
    with running(
        [needed("nginx"), "-p", str(work), "-e", f"{work}/error.log", "-c", f"{work}/nginx.conf"], port, work / "nginx.log"
    ):
        yield port
