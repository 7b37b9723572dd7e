"""E-mail with the files attached, through the site's own mail settings."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from email.message import MIMEPart
from email.mime.base import MIMEBase
from email.utils import parseaddr
from typing import Any

import django
from django.conf import settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from pigeon_admin.exceptions import CredentialsError, PermanentError, TemporaryError, TransportError
from pigeon_admin.transports.base import OutgoingFile, Parcel, Session, Step, Transport
from pigeon_admin.transports.checking import run
from pigeon_admin.transports.connection import in_words, said
from pigeon_admin.transports.paths import checked
from pigeon_admin.transports.reading import blocks

LARGEST = 25_000_000  # bytes of all files of one message; few mail servers take more


@dataclass(frozen=True)
class EmailTransport(Transport):
    """``subject`` and ``body`` may hold {subject}, the parcel's own. ``sender``: "" for DEFAULT_FROM_EMAIL."""

    recipients: tuple[str, ...]
    sender: str = ""
    subject: str = "{subject}"
    body: str = ""
    timeout: float = 30

    @contextmanager
    def session(self) -> Iterator[EmailSession]:
        session = EmailSession(self)
        with closing(session):
            session.connect()
            yield session

    def check(self) -> Iterator[Step]:
        session = EmailSession(self)
        with closing(session):
            for step in run((_("Mail server"), session.connect)):
                yield step
                if not step.ok:
                    return
        yield Step(
            _("What this test cannot know"),
            True,
            _("Whether %s gets the mail shows only when one is sent.") % ", ".join(self.recipients),
        )


class EmailSession(Session):
    """One connection of the site's mail backend."""

    def __init__(self, transport: EmailTransport) -> None:
        self.settings = transport
        self.connection: Any = backend(transport.timeout)

    def connect(self) -> str:
        """Open the connection to the mail server and log in."""
        with self.talking("connecting to the mail server"):
            self.connection.open()
        return _("The site's mail backend is ready.")

    def deliver(self, parcel: Parcel) -> Mapping[str, object]:
        """One message; the proof is {"message_id", "recipients", "files": [{"name", "size"}]}."""
        if parcel.size > LARGEST:
            raise PermanentError(
                f"The files have {parcel.size / 1e6:.0f} MB together; by e-mail at most {LARGEST / 1e6:.0f} MB go."
                " Use another kind of destination."
            )
        message_id = self.message_id(parcel)
        message = EmailMessage(
            subject=one_line(self.settings.subject.replace("{subject}", parcel.subject))[:200],
            body=self.settings.body.replace("{subject}", parcel.subject),
            from_email=self.settings.sender or None,
            to=list(self.settings.recipients),
            headers={"Message-ID": message_id},
        )
        names = attachment_names(parcel.files)
        message.attachments = [attachment(file, name) for file, name in zip(parcel.files, names, strict=True)]
        with self.talking("sending the mail"):
            self.connection.send_messages([message])
        return {
            "message_id": message_id,
            "recipients": list(self.settings.recipients),
            "files": [{"name": name, "size": file.size} for file, name in zip(parcel.files, names, strict=True)],
        }

    def close(self) -> None:
        """Close the connection, also where opening it went half-way only."""
        with suppress(OSError, smtplib.SMTPException):
            self.connection.close()

    def message_id(self, parcel: Parcel) -> str:
        """The same at every attempt, whichever machine makes it, so that mail readers show one mail."""
        domain = parseaddr(self.settings.sender or settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
        key = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in parcel.key)
        return f"<pigeon-{key}@{domain}>"

    def address(self) -> tuple[str, int]:
        """Host and port of the mail server, where the backend has such."""
        return str(getattr(self.connection, "host", "") or _("the mail server")), int(getattr(self.connection, "port", 0) or 0)

    @contextmanager
    def talking(self, doing: str) -> Iterator[None]:
        """Turn whatever the mail server answers into a TransportError in plain words."""
        try:
            yield
        except TransportError:
            raise
        except smtplib.SMTPException as error:
            raise self.refusal(error, doing) from None
        except (OSError, EOFError) as error:
            raise in_words(error, *self.address(), doing) from None

    def refusal(self, error: smtplib.SMTPException, doing: str) -> TransportError:
        secrets = [getattr(self.connection, "password", None) or ""]
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            words = said("; ".join(f"{who}: {code} {decoded(text)}" for who, (code, text) in error.recipients.items()), secrets)
            kind = PermanentError if all(code >= 500 for code, _text in error.recipients.values()) else TemporaryError
            return kind(f"The mail server refuses the recipients. {words}")
        if isinstance(error, smtplib.SMTPResponseException):
            words = said(f"{error.smtp_code} {decoded(error.smtp_error)}", secrets)
            if isinstance(error, smtplib.SMTPAuthenticationError):
                return CredentialsError(
                    f"The mail server refuses the site's login; correct it in the settings. {words}", connection_lost=True
                )
            if isinstance(error, smtplib.SMTPConnectError) or error.smtp_code == 421:
                return TemporaryError(f"The mail server takes no connections now. {words}", connection_lost=True)
            if error.smtp_code >= 500:
                return PermanentError(f"The mail server refuses the mail. {words}")
            return TemporaryError(f"The mail server cannot take the mail now. {words}")
        return TemporaryError(
            f"The mail server ended the conversation while {doing}: {type(error).__name__}.", connection_lost=True
        )


def backend(timeout: float) -> Any:
    """The site's mail backend; raises PermanentError where the site's settings are wrong."""
    if not hasattr(mail, "mailers"):  # before Django 6.1
        return mail.get_connection(timeout=timeout)
    try:
        found = mail.mailers.default
    except (ImproperlyConfigured, mail.InvalidMailer, mail.MailerDoesNotExist) as error:
        raise PermanentError(f"The site's mail settings (MAILERS) are wrong: {error}") from error
    if getattr(found, "timeout", timeout) is None:
        setattr(found, "timeout", timeout)  # noqa: B010 - the base class knows no such attribute
    return found


def decoded(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply


def one_line(text: str) -> str:
    return " ".join(text.split())


def attachment_names(files: tuple[OutgoingFile, ...]) -> list[str]:
    """Base names; the whole path, flattened, where two files share one."""
    bases = [checked(file.name).rpartition("/")[2] for file in files]
    return [base if bases.count(base) == 1 else file.name.replace("/", "_") for file, base in zip(files, bases, strict=True)]


def attachment(file: OutgoingFile, name: str) -> Any:
    """A part whose bytes arrive as they are: Django's own way changes line ends of text."""
    content = b"".join(blocks(file))
    main, _slash, sub = file.media_type.partition("/")
    main, sub = main.strip(), sub.partition(";")[0].strip()
    if not main or not sub or main in ("multipart", "message"):
        main, sub = "application", "octet-stream"
    if django.VERSION >= (6, 0):
        part = MIMEPart()
        part.set_content(content, maintype=main, subtype=sub, disposition="attachment", filename=name, cte="base64")
        return part
    from email.encoders import encode_base64

    old = MIMEBase(main, sub)
    old.set_payload(content)
    encode_base64(old)
    old.add_header("Content-Disposition", "attachment", filename=name if name.isascii() else ("utf-8", "", name))
    return old
