"""A certificate for servers on loopback, signed by nobody but itself."""

from __future__ import annotations

import datetime
import ipaddress
import os
import tempfile
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def make(names: tuple[str, ...] = ("localhost",), addresses: tuple[str, ...] = ("127.0.0.1", "::1")) -> tuple[str, str]:
    """(certificate, private key) as PEM, valid for a month. The certificate is also its own CA certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a partner of the demo")])
    now = datetime.datetime.now(datetime.UTC)
    alternatives = [x509.DNSName(name) for name in names] + [x509.IPAddress(ipaddress.ip_address(text)) for text in addresses]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), secret.decode()


def load_or_make(path: Path | None) -> tuple[str, str]:
    """The pair kept in the file ``path``, made at the first time; without a path, one pair for this process."""
    if path is None:
        return of_this_process()
    if not path.exists():
        certificate, key = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(key + certificate)
    text = path.read_text()
    start = text.index("-----BEGIN CERTIFICATE-----")
    return text[start:], text[:start]


@cache
def of_this_process() -> tuple[str, str]:
    return make()


class PairFile:
    """Certificate and key in a file that only we may read, for libraries that want a path; gone after the ``with``."""

    def __init__(self, certificate: str, key: str) -> None:
        self.text = key + certificate

    def __enter__(self) -> str:
        handle, self.path = tempfile.mkstemp(suffix=".pem")
        os.write(handle, self.text.encode())
        os.close(handle)
        return self.path

    def __exit__(self, *_error: object) -> None:
        os.unlink(self.path)
