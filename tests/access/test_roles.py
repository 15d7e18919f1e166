"""Roles and rights: powers are kept apart, and scopes narrow what roles give."""

from __future__ import annotations

import pytest

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.errors import InvalidRole, RolesKeptApart
from isocenter.access.roles import RIGHTS, Right, Role, rights_of, roles_of_person, roles_of_program
from isocenter.kit.errors import Refused


def test_every_role_has_its_rights() -> None:
    assert set(RIGHTS) == set(Role)


@pytest.mark.parametrize(
    "words",
    [
        ("administrator", "auditor"),
        ("region-administrator", "security-officer"),
        ("security-officer", "auditor"),
        ("radiologist", "administrator", "auditor"),
    ],
)
def test_administration_security_and_audit_are_kept_apart(words: tuple[str, ...]) -> None:
    with pytest.raises(RolesKeptApart):
        roles_of_person(words)


def test_no_role_but_the_auditors_reads_the_trail() -> None:
    assert {role for role in Role if Right.READ_AUDIT in RIGHTS[role]} == {Role.AUDITOR, Role.SYSTEM}


def test_several_roles_add_up() -> None:
    roles = roles_of_person(["teacher", "radiologist", "radiologist"])
    assert roles == (Role.RADIOLOGIST, Role.TEACHER)
    assert rights_of(roles) == RIGHTS[Role.RADIOLOGIST]


@pytest.mark.parametrize("words", [(), ("king",), ("modality",), ("system",), ("guest",)])
def test_people_have_only_roles_of_people(words: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRole):
        roles_of_person(words)


def test_programs_are_never_our_own_jobs() -> None:
    with pytest.raises(InvalidRole):
        roles_of_program(["system"])


def test_scopes_narrow_a_role() -> None:
    program = Caller(CallerKind.PROGRAM, "1", 1, (Role.ADMINISTRATOR,), only=frozenset({Right.READ, Right.READ_AUDIT}))
    assert program.may(Right.READ)
    assert not program.may(Right.STORE)
    with pytest.raises(Refused):
        program.require(Right.READ_AUDIT)
