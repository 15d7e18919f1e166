"""The families of error that the whole house speaks in.

    IsocenterError
    ├── Invalid      what was sent cannot be understood or breaks a rule of the standard
    ├── NotFound     there is no such thing, or the caller may not know that there is
    ├── Conflict     it contradicts what is already here
    ├── Refused      understood, and not allowed
    └── Exhausted    not now: no space, no database, too busy; the same request may succeed later

Rooms name their own errors under these. An error carries fields, never a status code: each door owns one table
from family to DIMSE status, HTTP status or exit code. Fields hold UIDs and our ids, never names or birth dates.
"""

from __future__ import annotations

from typing import ClassVar


class IsocenterError(Exception):
    """Root of every error we raise on purpose.

    reason: a stable word for programs ("unknown-study"); message: one sentence for people that says what to do next;
    fields: what it is about.
    """

    reason: ClassVar[str] = "error"

    def __init__(self, message: str, **fields: object) -> None:
        super().__init__(message)
        self.message = message
        self.fields: dict[str, object] = fields

    def __str__(self) -> str:
        detail = ", ".join(f"{name}={value}" for name, value in self.fields.items())
        return f"{self.message} ({detail})" if detail else self.message


class Invalid(IsocenterError):
    """What was sent cannot be understood or breaks a rule of the standard."""

    reason = "invalid"


class NotFound(IsocenterError):
    """There is no such thing, or the caller may not know that there is."""

    reason = "not-found"


class Conflict(IsocenterError):
    """It contradicts what is already here."""

    reason = "conflict"


class Refused(IsocenterError):
    """Understood, and not allowed."""

    reason = "refused"


class Exhausted(IsocenterError):
    """Not now: no space, no database, too busy; the same request may succeed later.

    retry_after_s: when trying again is worth it.
    """

    reason = "exhausted"

    def __init__(self, message: str, *, retry_after_s: int = 5, **fields: object) -> None:
        super().__init__(message, **fields)
        self.retry_after_s = retry_after_s
