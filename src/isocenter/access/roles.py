"""Roles and rights: what each role out of the box may do (IHE IUA and PS3.15 leave the names to us).

Who holds which role since when is data (`user_role`); what a role means is this table, and changes with a release only.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from isocenter.access.errors import InvalidRole, RolesKeptApart


class Right(StrEnum):
    """One thing that a role may do."""

    STORE = "store"
    READ = "read"
    READ_EVERY_PATIENT = "read-every-patient"  # without it: those with whom there is a care relationship
    ANNOTATE = "annotate"  # file measurements, presentation states and key images beside the images
    SEND = "send"
    CORRECT = "correct"
    RECOVER = "recover"  # delete so that it can be restored, see what is deleted, restore it
    ERASE = "erase"
    APPROVE_DESTRUCTION = "approve-destruction"  # of what is kept no longer by law: two people, one after the other
    BREAK_GLASS = "break-glass"  # open what is restricted, with a reason, an alarm and a review
    RESTRICT = "restrict"  # restricted patients, no sharing, legal hold, care relationships
    SEE_STATUS = "see-status"
    MANAGE_DEVICES = "manage-devices"
    MANAGE_DESTINATIONS = "manage-destinations"
    MANAGE_USERS = "manage-users"  # people, their roles, programs' tokens and clients
    MANAGE_INSTITUTION = "manage-institution"  # its name and departments
    MANAGE_SHARING = "manage-sharing"  # what the institution gives to its allies
    MANAGE_REGION = "manage-region"  # institutions and alliances
    MANAGE_SECURITY = "manage-security"  # sign-in policy, identity providers, certificates, sessions of others
    REVIEW_ACCESS = "review-access"  # judge each breaking of the glass
    READ_AUDIT = "read-audit"
    MANAGE_STORAGE = "manage-storage"  # storages, copies, nodes, sites, backups, keys of stored bytes
    SEE_OPERATIONS = "see-operations"  # how full, how far behind, what is wrong, who uses how much


class Role(StrEnum):
    """What a caller is trusted with."""

    RADIOLOGIST = "radiologist"
    SENIOR_RADIOLOGIST = "senior-radiologist"
    TECHNOLOGIST = "technologist"
    REFERRING_PHYSICIAN = "referring-physician"
    REGISTRAR = "registrar"
    ADMINISTRATOR = "administrator"  # of one institution
    REGION_ADMINISTRATOR = "region-administrator"
    SECURITY_OFFICER = "security-officer"
    AUDITOR = "auditor"
    TEACHER = "teacher"
    RESEARCHER = "researcher"
    PATIENT = "patient"
    SERVICE = "service"  # a program of the institution, bound by its scopes
    MODALITY = "modality"
    WORKSTATION = "workstation"  # an application entity that also reads
    GUEST = "guest"  # somebody of an allied institution, bound by a sharing rule
    SYSTEM = "system"  # one of our own jobs


_READING = {Right.READ, Right.READ_EVERY_PATIENT, Right.SEE_STATUS}
_RADIOLOGIST = {*_READING, Right.STORE, Right.ANNOTATE, Right.SEND, Right.BREAK_GLASS}

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.RADIOLOGIST: frozenset(_RADIOLOGIST),
    Role.SENIOR_RADIOLOGIST: frozenset({*_RADIOLOGIST, Right.CORRECT, Right.RECOVER, Right.APPROVE_DESTRUCTION}),
    Role.TECHNOLOGIST: frozenset({*_READING, Right.STORE, Right.ANNOTATE, Right.SEND, Right.CORRECT}),
    Role.REFERRING_PHYSICIAN: frozenset({Right.READ, Right.BREAK_GLASS}),
    Role.REGISTRAR: frozenset({*_READING, Right.CORRECT, Right.RESTRICT}),
    Role.ADMINISTRATOR: frozenset(
        {
            *_READING,
            Right.STORE,
            Right.SEND,
            Right.CORRECT,
            Right.RECOVER,
            Right.ERASE,
            Right.RESTRICT,
            Right.MANAGE_DEVICES,
            Right.MANAGE_DESTINATIONS,
            Right.MANAGE_USERS,
            Right.MANAGE_INSTITUTION,
            Right.MANAGE_SHARING,
            Right.APPROVE_DESTRUCTION,
            Right.SEE_OPERATIONS,
        }
    ),
    Role.REGION_ADMINISTRATOR: frozenset(
        {Right.SEE_STATUS, Right.MANAGE_REGION, Right.MANAGE_STORAGE, Right.SEE_OPERATIONS}
    ),
    Role.SECURITY_OFFICER: frozenset(
        {
            Right.SEE_STATUS,
            Right.MANAGE_SECURITY,
            Right.REVIEW_ACCESS,
            Right.APPROVE_DESTRUCTION,
            Right.SEE_OPERATIONS,
        }
    ),
    Role.AUDITOR: frozenset({Right.READ_AUDIT}),
    Role.TEACHER: frozenset(),  # teaching files, not the clinical archive
    Role.RESEARCHER: frozenset(),  # de-identified collections, not the clinical archive
    Role.PATIENT: frozenset({Right.READ}),
    Role.SERVICE: frozenset({*_READING, Right.STORE, Right.SEND}),
    Role.MODALITY: frozenset({Right.STORE}),
    Role.WORKSTATION: frozenset({Right.STORE, Right.READ, Right.READ_EVERY_PATIENT}),
    Role.GUEST: frozenset({Right.READ, Right.READ_EVERY_PATIENT}),
    Role.SYSTEM: frozenset(Right),
}

ROLES_OF_PEOPLE = (
    Role.RADIOLOGIST,
    Role.SENIOR_RADIOLOGIST,
    Role.TECHNOLOGIST,
    Role.REFERRING_PHYSICIAN,
    Role.REGISTRAR,
    Role.ADMINISTRATOR,
    Role.REGION_ADMINISTRATOR,
    Role.SECURITY_OFFICER,
    Role.AUDITOR,
    Role.TEACHER,
    Role.RESEARCHER,
    Role.PATIENT,
)
ROLES_OF_PROGRAMS = (
    Role.ADMINISTRATOR,
    Role.REGION_ADMINISTRATOR,
    Role.SECURITY_OFFICER,
    Role.AUDITOR,
    Role.RADIOLOGIST,
    Role.SERVICE,
    Role.MODALITY,
)
FIRST_ADMINISTRATOR = (Role.ADMINISTRATOR, Role.REGION_ADMINISTRATOR)
"""What the one-time link of a fresh home creates: somebody who can invite all others, security and audit included."""
_POWERS_APART = (
    frozenset({Role.ADMINISTRATOR, Role.REGION_ADMINISTRATOR}),
    frozenset({Role.SECURITY_OFFICER}),
    frozenset({Role.AUDITOR}),
)
"""Administration, security and audit are three powers, and nobody holds two of them (GB/T 22239-2019 8.1.5)."""


def roles_of_person(words: Iterable[str]) -> tuple[Role, ...]:
    """The roles of these names, in one order. Raises InvalidRole unless people may have them, RolesKeptApart."""
    return _apart(_checked(words, ROLES_OF_PEOPLE, "A person's role"))


def roles_of_program(words: Iterable[str]) -> tuple[Role, ...]:
    """The roles of these names, in one order. Raises InvalidRole unless programs may have them, RolesKeptApart."""
    return _apart(_checked(words, ROLES_OF_PROGRAMS, "A program's role"))


def rights_of(roles: Iterable[Role]) -> frozenset[Right]:
    """Everything that these roles may do together."""
    return frozenset(right for role in roles for right in RIGHTS[role])


def _checked(words: Iterable[str], allowed: tuple[Role, ...], whose: str) -> tuple[Role, ...]:
    wanted = set(words)
    for word in wanted - set(allowed):
        raise InvalidRole(f"{whose} is one of: {', '.join(allowed)}.", role=word[:40])
    if not wanted:
        raise InvalidRole("At least one role is needed.")
    return tuple(role for role in allowed if role in wanted)


def _apart(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    if sum(bool(power.intersection(roles)) for power in _POWERS_APART) > 1:
        raise RolesKeptApart("Administration, security and audit are kept apart: nobody holds two of them.")
    return roles
