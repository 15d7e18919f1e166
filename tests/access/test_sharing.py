"""Alliances, sharing rules and the doors they open: nothing is shared by default, and what ends is felt soon."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.access.builders import restrict, studies_seen

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.access.sharing import doors
from isocenter.access.sharing.alliances import (
    add_alliance,
    alliances,
    allies,
    end_alliance,
    join_alliance,
    leave_alliance,
)
from isocenter.access.sharing.doors import doors_open_to
from isocenter.access.sharing.errors import AlreadyAllied, InvalidSharing, UnknownAlliance, UnknownAlly, UnknownRule
from isocenter.access.sharing.lists import COLUMNS, export_rules, import_rules
from isocenter.access.sharing.rules import NewRule, end_rule, give_rule, rules_given, rules_received
from isocenter.index.institutions import Institution, ensure_institution
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.errors import Refused
from isocenter.kit.lists import csv_of, lines_of_csv


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "REMEMBERED_FOR_S", -1.0)


def person(institution: Institution, *roles: Role) -> Caller:
    return Caller(CallerKind.USER, "1", institution.institution_id, roles, "sitting")


def region(institution: Institution) -> Caller:
    return person(institution, Role.REGION_ADMINISTRATOR)


def administrator(institution: Institution) -> Caller:
    return person(institution, Role.ADMINISTRATOR)


@pytest.fixture
def elsewhere(database: Database, hospital: Institution) -> Institution:
    """An ally of the hospital."""
    with database.transaction() as connection:
        ally = ensure_institution(connection, "Elsewhere")
    add_alliance(database, region(hospital), "North", [hospital.institution_id, ally.institution_id])
    return ally


def a_rule(ally: Institution, **changes: object) -> NewRule:
    values: dict[str, object] = {"roles": ("radiologist",), "purpose": "treatment"}
    return NewRule(ally.institution_id, **(values | changes))  # type: ignore[arg-type]


def seen_from(database: Database, ally: Institution, *roles: Role) -> set[str]:
    guests = doors_open_to(database, person(ally, *(roles or (Role.RADIOLOGIST,))))
    return {accession for guest in guests for accession in studies_seen(database, guest)}


def test_an_alliance_alone_shares_nothing(database: Database, elsewhere: Institution) -> None:
    assert seen_from(database, elsewhere) == set()


def test_a_rule_opens_a_door_for_its_roles_until_it_ends(
    database: Database,
    hospital: Institution,
    elsewhere: Institution,
) -> None:
    rule = give_rule(database, administrator(hospital), a_rule(elsewhere, modalities=("CT",), last_days=36500))
    assert seen_from(database, elsewhere) == {"A1", "A3", "A4"}
    assert seen_from(database, elsewhere, Role.TECHNOLOGIST) == set()
    assert seen_from(database, hospital) == set()
    [guest] = doors_open_to(database, person(elsewhere, Role.RADIOLOGIST))
    assert (guest.institution_id, guest.roles) == (hospital.institution_id, (Role.GUEST,))
    assert guest.guest is not None
    assert guest.guest.home_institution_id == elsewhere.institution_id
    assert doors_open_to(database, guest) == ()
    assert [each.rule_id for each in rules_received(database, administrator(elsewhere))] == [rule.rule_id]
    end_rule(database, administrator(hospital), rule.rule_id)
    assert seen_from(database, elsewhere) == set()
    assert rules_given(database, administrator(hospital))[0].ended_by == "1"
    with pytest.raises(UnknownRule):
        end_rule(database, administrator(hospital), rule.rule_id)


def test_only_the_giver_ends_a_rule(database: Database, hospital: Institution, elsewhere: Institution) -> None:
    rule = give_rule(database, administrator(hospital), a_rule(elsewhere))
    with pytest.raises(UnknownRule):
        end_rule(database, administrator(elsewhere), rule.rule_id)
    with pytest.raises(Refused):
        end_rule(database, person(hospital, Role.RADIOLOGIST), rule.rule_id)
    assert "A1" in seen_from(database, elsewhere)


def test_application_entities_search_at_home_only(
    database: Database,
    hospital: Institution,
    elsewhere: Institution,
) -> None:
    give_rule(database, administrator(hospital), a_rule(elsewhere, roles=("radiologist", "service")))
    entity = Caller(CallerKind.APPLICATION_ENTITY, "CT1", elsewhere.institution_id, (Role.RADIOLOGIST,))
    assert doors_open_to(database, entity) == ()


@pytest.mark.parametrize("how", ["leaves", "ends", "deactivated"])
def test_without_the_alliance_a_rule_opens_nothing(
    database: Database,
    hospital: Institution,
    elsewhere: Institution,
    how: str,
) -> None:
    give_rule(database, administrator(hospital), a_rule(elsewhere))
    [alliance] = alliances(database, region(hospital))
    assert len(seen_from(database, elsewhere)) == 4
    if how == "leaves":
        leave_alliance(database, region(hospital), alliance.alliance_id, elsewhere.institution_id)
        with pytest.raises(UnknownAlly):
            leave_alliance(database, region(hospital), alliance.alliance_id, elsewhere.institution_id)
    elif how == "ends":
        end_alliance(database, region(hospital), alliance.alliance_id)
        with pytest.raises(UnknownAlliance):
            end_alliance(database, region(hospital), alliance.alliance_id)
    else:
        with database.transaction() as connection:
            connection.execute(
                "UPDATE institution SET deactivated_at = now() WHERE institution_id = %s", [hospital.institution_id]
            )
    assert seen_from(database, elsewhere) == set()
    assert allies(database, administrator(elsewhere)) == []


def test_who_opted_out_and_who_is_restricted_is_never_shared(
    database: Database,
    hospital: Institution,
    elsewhere: Institution,
) -> None:
    give_rule(database, administrator(hospital), a_rule(elsewhere))
    restrict(database, hospital.institution_id, 1, "no-sharing")
    restrict(database, hospital.institution_id, 2, "vip")
    assert seen_from(database, elsewhere) == {"A3", "A4"}


@pytest.mark.parametrize(
    ("changes", "attribute"),
    [
        ({"roles": ()}, "roles"),
        ({"roles": ("patient",)}, "roles"),
        ({"roles": ("auditor",)}, "roles"),
        ({"purpose": "curiosity"}, "purpose"),
        ({"modalities": ("ct",)}, "modalities"),
        ({"first_study_date": "20240231"}, "first_study_date"),
        ({"last_days": 0}, "last_days"),
        ({"until": utc_now() - timedelta(days=1)}, "until"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    database: Database,
    hospital: Institution,
    elsewhere: Institution,
    changes: dict[str, object],
    attribute: str,
) -> None:
    with pytest.raises(InvalidSharing) as error:
        give_rule(database, administrator(hospital), a_rule(elsewhere, **changes))
    assert error.value.fields["attribute"] == attribute


def test_only_allies_are_given_something(database: Database, hospital: Institution) -> None:
    with database.transaction() as connection:
        stranger = ensure_institution(connection, "Stranger")
    with pytest.raises(UnknownAlly):
        give_rule(database, administrator(hospital), a_rule(stranger))


def test_alliances_are_the_regions(database: Database, hospital: Institution, elsewhere: Institution) -> None:
    [alliance] = alliances(database, region(hospital))
    assert {member.name for member in alliance.members} == {hospital.name, elsewhere.name}
    with pytest.raises(Refused):
        alliances(database, administrator(hospital))
    with pytest.raises(AlreadyAllied):
        join_alliance(database, region(hospital), alliance.alliance_id, elsewhere.institution_id)
    with pytest.raises(UnknownAlly):
        join_alliance(database, region(hospital), alliance.alliance_id, 4711)
    with pytest.raises(AlreadyAllied):
        add_alliance(database, region(hospital), "North", [])
    with pytest.raises(InvalidSharing):
        add_alliance(database, region(hospital), " ", [])


def test_rules_go_out_and_in_as_a_list(database: Database, hospital: Institution, elsewhere: Institution) -> None:
    caller = administrator(hospital)
    until = utc_now() + timedelta(days=3)
    give_rule(database, caller, a_rule(elsewhere, modalities=("CT", "MR"), first_study_date="20200101", until=until))
    rule = give_rule(database, caller, a_rule(elsewhere, last_days=30, purpose="second-opinion"))
    text = csv_of(COLUMNS, export_rules(database, caller))
    end_rule(database, caller, rule.rule_id)
    report = import_rules(database, caller, lines_of_csv(COLUMNS, text), dry_run=False)
    assert sorted(str(line.outcome) for line in report.lines) == ["added", "same"]
    assert csv_of(COLUMNS, export_rules(database, caller)) == text
    bad = text + b"nowhere,radiologist,treatment,,,,\r\n"
    report = import_rules(database, caller, lines_of_csv(COLUMNS, bad), dry_run=False)
    assert (report.applied, report.lines[-1].reason) == (False, "unknown-ally")
