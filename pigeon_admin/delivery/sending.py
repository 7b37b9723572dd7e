"""Sending the claimed deliveries of one destination over as few connections as they need."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO

from django.conf import settings
from django.utils import timezone

from pigeon_admin.delivery.recording import Recorder
from pigeon_admin.delivery.results import Result, result_of
from pigeon_admin.exceptions import PermanentError, PigeonError, TemporaryError, TransportError, told
from pigeon_admin.freezing import FrozenFile, opener, outlived
from pigeon_admin.models import Attempt, Delivery, Destination
from pigeon_admin.transports.base import OutgoingFile, Parcel, Receipt, Transport

logger = logging.getLogger("pigeon_admin.delivery")


def parcel_of(delivery: Delivery) -> Parcel:
    """The frozen files of a delivery, under a key that is the same at every attempt."""
    files = tuple(
        OutgoingFile(file["name"], file["size"], file["sha256"], file["media_type"], partial(open_frozen, file))
        for file in delivery.package.documents
    )
    return Parcel(delivery.uid.hex, files, delivery.package.object_repr, delivery.lane)


def open_frozen(file: FrozenFile) -> BinaryIO:
    """A reader of a frozen file; raises PermanentError when clean has removed it, FileNotFoundError when it is gone otherwise."""
    try:
        return opener(file)()
    except FileNotFoundError as error:
        if not outlived(file["stored"]):
            raise
        reason = f"The file “{file['name']}” was kept no longer than the site's settings say. Use “Write anew and send”."
        raise PermanentError(reason) from error


def send(destination: Destination, deliveries: list[Delivery], recorder: Recorder) -> tuple[list[Delivery], bool]:
    """Send, and record each: (what was not tried, whether there is use in claiming more for this destination now).

    A lost connection costs the delivery it was lost at one attempt, and the others a new connection. Lost twice without anything
    sent in between, the destination counts as unreachable; so it does when no connection is to be had at all.
    """
    waiting = {delivery.uid.hex: delivery for delivery in deliveries}
    losses = 0
    try:
        transport = destination.transport()
        while waiting and losses < 2:
            lost, sent = one_connection(transport, waiting, recorder)
            losses = 0 if sent or not lost else losses + 1
    except TransportError as error:
        record_all(waiting.values(), error, recorder)
        return [], False
    except PigeonError as error:  # a missing library, a password that no key opens: somebody has to correct it
        record_all(waiting.values(), PermanentError(str(error)), recorder)
        return [], False
    except Exception as error:  # values that no form would have let through: the destinations behind this one must go on
        logger.exception("Destination “%s” cannot be used", destination.name)
        text = f"This destination cannot be used. Check its fields and save it again. {type(error).__name__}: {told(error)}"
        record_all(waiting.values(), PermanentError(text), recorder)
        return [], False
    return list(waiting.values()), losses < 2


def one_connection(transport: Transport, waiting: dict[str, Delivery], recorder: Recorder) -> tuple[bool, int]:
    """Send over one connection what is in ``waiting``, taking out what was tried: (connection lost, number sent)."""
    sent, lost, tried = 0, False, 0
    try:
        with transport.session() as session:
            for receipt in session.send([parcel_of(delivery) for delivery in waiting.values()]):
                delivery = waiting.pop(receipt.parcel.key)
                tried += 1
                recorder.add(result_of_receipt(delivery, receipt))
                sent += receipt.error is None
                lost = receipt.error is not None and receipt.error.connection_lost
    except TransportError:
        if not tried:
            raise
        lost = True  # it broke while being closed; what was sent has its receipt
    except Exception as error:
        if not tried:
            raise TemporaryError(f"Unexpected {type(error).__name__}: {told(error)}") from error
        lost = True
    # A session that answers for nothing would have us ask it for ever.
    return lost or not tried, sent


def result_of_receipt(delivery: Delivery, receipt: Receipt) -> Result:
    """A transport's answer as a result."""
    started, finished = (moment(receipt.started), moment(receipt.finished))
    if receipt.error is not None:
        error = receipt.error
        return Result(
            delivery, error.outcome, started, finished, str(error), receipt.bytes_sent, dict(receipt.proof), error.retry_after
        )
    return Result(delivery, Attempt.Outcome.SENT, started, finished, "", receipt.bytes_sent, dict(receipt.proof))


def moment(seconds: float) -> datetime:
    """Unix seconds as the database takes them, also on a site that keeps naive times (USE_TZ off)."""
    aware = datetime.fromtimestamp(seconds, UTC)
    return aware if settings.USE_TZ else timezone.make_naive(aware, timezone.get_default_timezone())


def record_all(deliveries: Iterable[Delivery], error: TransportError, recorder: Recorder) -> None:
    """The same error for all that were to go over a connection that could not be had."""
    now = timezone.now()
    for delivery in list(deliveries):
        recorder.add(result_of(delivery, delivery.started_at or now, error))
