"""Who asks: the first argument of every verb."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from isocenter.access.roles import RIGHTS, Right, Role
from isocenter.kit.errors import Refused


class CallerKind(StrEnum):
    """What kind of thing asks."""

    USER = "user"
    PROGRAM = "program"  # a bearer token
    APPLICATION_ENTITY = "application-entity"
    SYSTEM = "system"  # one of our own jobs


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who looks into an allied institution: where she comes from, and the sharing rule that lets her in.

    modalities: those that are shared, () is all. since: the first study date that is shared, DICOM DA, '' is all.
    """

    home_institution_id: int
    rule_id: int
    modalities: tuple[str, ...] = ()
    since: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, inside which institution, in which roles.

    id names the user, token, AE or job in logs and audit; it is ours or a DICOM AE title, never a person's name.
    sitting is one stretch of work (a session, or a program's day): looking at a study is audited once in it.
    only: the scopes of a program's token; None does not narrow its roles. guest: set inside another's institution.
    """

    kind: CallerKind
    id: str
    institution_id: int
    roles: tuple[Role, ...]
    sitting: str = ""
    only: frozenset[Right] | None = None
    guest: Guest | None = None

    def may(self, right: Right) -> bool:
        """Whether one of the caller's roles holds the right, and its scopes do not leave it out."""
        return (self.only is None or right in self.only) and right in _rights_of(self.roles)

    def require(self, right: Right) -> None:
        """Raise Refused unless the caller may."""
        if not self.may(right):
            roles = " and ".join(self.roles) or "nobody"
            raise Refused(f"The role {roles} does not include the right to {right}.", right=str(right))


@lru_cache(maxsize=256)
def _rights_of(roles: tuple[Role, ...]) -> frozenset[Right]:
    return frozenset().union(*(RIGHTS[role] for role in roles))


def system_caller(institution_id: int, job: str) -> Caller:
    """One of our own jobs, acting inside one institution."""
    return Caller(CallerKind.SYSTEM, job, institution_id, (Role.SYSTEM,))
