"""What can go wrong, as a tree; every message is written for the person who reads it in the admin.

PigeonError
├── ConfigurationError      a setting or an optional library is missing or wrong: for the site's programmer
├── ConditionError          a field path, operator or value that cannot be judged (``part`` says which of the three)
├── RenderError             a template that cannot be compiled or rendered (``line`` where known)
│   └── BudgetExceeded      it ran longer, or wrote more, than the settings allow
├── DocumentError           a package that cannot be built: a missing file, two documents of one name
│   └── UnsafeName          a directory or file name that cannot be made safe
├── SecretError             a stored secret that no configured key opens
├── RuleSetError            a rule-set document that cannot be imported
└── TransportError          one attempt failed; carries what the engine needs to decide what is next
    ├── TemporaryError      worth trying again later
    └── PermanentError      trying again changes nothing until somebody corrects something
        ├── CredentialsError    user name, password or key refused
        └── IdentityError       the server is not who it was: host key or certificate
"""

from __future__ import annotations

LONGEST = 500  # characters of a foreign error's words that we repeat


class PigeonError(Exception):
    """Base of all errors of this app."""


class ConfigurationError(PigeonError):
    """A setting or an optional library is missing or wrong."""


class ConditionError(PigeonError):
    """A condition that cannot be judged; ``part`` is "path", "operator" or "value"."""

    def __init__(self, message: str, part: str = "path") -> None:
        super().__init__(message)
        self.part = part


class RenderError(PigeonError):
    """A template that cannot be compiled or rendered; ``line`` is 1-based, or None where unknown."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class BudgetExceeded(RenderError):
    """Rendering took more steps, or wrote more, than the settings allow."""


class DocumentError(PigeonError):
    """A package that cannot be built."""


class UnsafeName(DocumentError):
    """A directory or file name that cannot be made safe."""


class SecretError(PigeonError):
    """A stored secret that none of the configured keys opens."""


class RuleSetError(PigeonError):
    """A rule-set document that cannot be imported."""


class TransportError(PigeonError):
    """One attempt failed.

    ``connection_lost``: the session cannot be used any more. ``retry_after``: seconds the partner asks us to wait.
    """

    outcome = "temporary"

    def __init__(self, message: str, *, connection_lost: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.connection_lost = connection_lost
        self.retry_after = retry_after


class TemporaryError(TransportError):
    """Worth trying again later."""


class PermanentError(TransportError):
    """Trying again changes nothing until somebody corrects something."""

    outcome = "permanent"


class CredentialsError(PermanentError):
    """User name, password or key refused."""

    outcome = "credentials"


class IdentityError(PermanentError):
    """The server is not who it was: host key or certificate."""

    outcome = "identity"


def one_line(text: str, limit: int = LONGEST) -> str:
    """``text`` fit for any database and any screen: printable, on one line, at most ``limit`` characters."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * limit])
    return " ".join(printable.split())[:limit]


def told(error: BaseException) -> str:
    """What an error that is not ours says, as one line; the name of its kind where it says nothing."""
    try:
        words = one_line(str(error))
    except Exception:  # an error whose own words fail
        words = ""
    return words or type(error).__name__
