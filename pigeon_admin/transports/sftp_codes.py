"""What the status codes of SFTP mean for the next attempt."""

from __future__ import annotations

from pigeon_admin.exceptions import PermanentError, TemporaryError, TransportError

# Codes of the SFTP drafts: 4 is all that version 3 says for a full disk, an existing target and much else.
PERMISSION_DENIED, FAILURE = 3, 4
ENDED = (1, 6, 7)
LATER = (13, 14, 15, 17, 25, 26, 27, 30)
FULL = (14, 15)


def refusal(code: int, words: str) -> TransportError:
    """The TransportError for an SFTP status that says no; ``words``: the server's, fit to be shown."""
    if code in ENDED:
        return TemporaryError(f"The server ended the connection. {words}", connection_lost=True)
    if code in FULL:
        return TemporaryError(f"The partner's disk or quota is full. {words}")
    if code in LATER:
        return TemporaryError(f"The server cannot do this now. {words}")
    if code == FAILURE:
        return TemporaryError(f"The server failed; often its disk is full, or a folder stands where a file should go. {words}")
    if code == PERMISSION_DENIED:
        return PermanentError(f"No right to write there. Ask the partner for it, or correct the directory. {words}")
    return PermanentError(f"The server refuses this. {words}")
