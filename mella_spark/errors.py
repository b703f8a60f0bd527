"""The errors a user can meet. Each is one sentence on what happened and one on what to do."""

from __future__ import annotations


class MellaError(Exception):
    """Foreseeable trouble, shown to the user without a stack trace.

    ``exit_code`` is what the command returns: 1 failed, 2 bad usage or bad settings.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class UsageError(MellaError):
    """Wrong arguments or settings."""

    exit_code = 2


class SettingsError(UsageError):
    """A setting is unknown, of the wrong type or out of range; the message names its key."""


class InputError(MellaError):
    """An input is missing, unreadable or not what it claims to be."""


class StageError(MellaError):
    """A stage cannot go on."""


class MissingDependencyError(MellaError):
    """Something the project needs is missing on this machine (Java, a package, a GPU)."""
