"""Who asks: the first argument of every verb."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from isocenter.kit.errors import Refused


class CallerKind(StrEnum):
    """What kind of thing asks."""

    USER = "user"
    PROGRAM = "program"  # a bearer token
    APPLICATION_ENTITY = "application-entity"
    SYSTEM = "system"  # one of our own jobs


class Role(StrEnum):
    """What a caller is trusted with."""

    ADMINISTRATOR = "administrator"
    RADIOLOGIST = "radiologist"
    MODALITY = "modality"
    WORKSTATION = "workstation"  # an application entity that also reads
    SYSTEM = "system"


class Right(StrEnum):
    """One thing that a role may do."""

    STORE = "store"
    READ = "read"
    RECOVER = "recover"  # delete so that it can be restored, see what is deleted, restore it
    ERASE = "erase"
    MANAGE_USERS = "manage-users"
    SEE_STATUS = "see-status"
    MANAGE_SENDERS = "manage-senders"
    SEND = "send"
    CORRECT = "correct"
    MANAGE_DESTINATIONS = "manage-destinations"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.ADMINISTRATOR: frozenset(Right),
    Role.RADIOLOGIST: frozenset({Right.STORE, Right.READ, Right.SEE_STATUS, Right.SEND}),
    Role.MODALITY: frozenset({Right.STORE}),
    Role.WORKSTATION: frozenset({Right.STORE, Right.READ}),
    Role.SYSTEM: frozenset(Right),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, for which institution, in which role.

    id names the user, token, AE or job in logs and audit; it is ours or a DICOM AE title, never a person's name.
    sitting is one stretch of work (a session, or a program's day): looking at a study is audited once in it.
    """

    kind: CallerKind
    id: str
    institution_id: int
    role: Role
    sitting: str = ""

    def may(self, right: Right) -> bool:
        """Whether the caller's role holds the right."""
        return right in RIGHTS[self.role]

    def require(self, right: Right) -> None:
        """Raise Refused unless the caller's role holds the right."""
        if not self.may(right):
            raise Refused(f"The role {self.role} does not include the right to {right}.", right=str(right))


def system_caller(institution_id: int, job: str) -> Caller:
    """One of our own jobs, acting inside one institution."""
    return Caller(CallerKind.SYSTEM, job, institution_id, Role.SYSTEM)
