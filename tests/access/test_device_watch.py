"""The register in a listener: read aside, kept while the database is away, and the one look beyond an institution."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.devices.devices import add_device
from isocenter.access.devices.register import AdmittedCaller, Call, Strangers
from isocenter.access.devices.watch import DeviceWatch
from isocenter.access.roles import Role
from isocenter.index.device_contacts import contacts, refused_calls
from isocenter.index.devices import callers_known, devices
from isocenter.index.institutions import Institution
from isocenter.kit.database import Connection, Database, DatabaseAway

NORTH = Call("CT1", "ISOCENTER", "10.2.0.1")


class Switched:
    """Stands before a database, and can be away."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.away = False

    @contextmanager
    def transaction(self, institution_id: int | None = None) -> Iterator[Connection]:
        if self.away:
            raise DatabaseAway("away")
        with self.database.transaction(institution_id) as connection:
            yield connection


@pytest.fixture
def switched(database: Database) -> Switched:
    return Switched(database)


@pytest.fixture
def watch(switched: Switched, institution: Institution) -> DeviceWatch:
    """Reads and writes when the test says so."""
    return DeviceWatch(switched, Strangers(institution.institution_id, "ISOCENTER", ()))  # type: ignore[arg-type]


def add(database: Database, institution: Institution, **fields: object) -> None:
    administrator = Caller(CallerKind.USER, "1", institution.institution_id, (Role.ADMINISTRATOR,))
    add_device(database, administrator, {"name": "CT", "ae_title": "CT1", "networks": ["10.2.0.1"]} | fields)


def let_in(watch: DeviceWatch, call: Call = NORTH) -> bool:
    return isinstance(watch.admit(call), AdmittedCaller)


def test_what_was_read_holds_while_the_database_is_away(
    watch: DeviceWatch, switched: Switched, database: Database, institution: Institution
) -> None:
    add(database, institution)
    assert not let_in(watch)
    watch.read()
    switched.away = True
    with pytest.raises(DatabaseAway):
        watch.read()
    assert let_in(watch)
    with pytest.raises(DatabaseAway), watch:
        pytest.fail("a listener that never knew its devices must not start")


def test_an_institution_that_is_deactivated_is_rejected_and_its_own_title_is_its_own(
    watch: DeviceWatch, database: Database, other_institution: Institution
) -> None:
    add(database, other_institution)
    where = {"id": other_institution.institution_id}
    with database.transaction() as connection:
        connection.execute("UPDATE institution SET ae_title = 'NORTH' WHERE institution_id = %(id)s", where)
    watch.read()
    assert let_in(watch)
    assert let_in(watch, Call("CT1", "NORTH", "10.2.0.1"))
    with database.transaction() as connection:
        connection.execute("UPDATE institution SET deactivated_at = now() WHERE institution_id = %(id)s", where)
    watch.read()
    assert not let_in(watch)


def test_a_device_that_was_removed_meanwhile_is_not_written_of(
    watch: DeviceWatch, database: Database, institution: Institution
) -> None:
    add(database, institution)
    watch.read()
    assert let_in(watch)
    assert not let_in(watch, Call("MR1", "ISOCENTER", "10.2.0.1"))
    with database.transaction(institution.institution_id) as connection:
        connection.execute("DELETE FROM device")
    watch.write()
    with database.transaction(institution.institution_id) as connection:
        assert contacts(connection) == {}
        assert [each.calling_ae_title for each in refused_calls(connection)] == ["MR1"]


def test_only_a_listener_that_says_so_sees_the_devices_of_all_and_it_changes_none(
    database: Database, institution: Institution, other_institution: Institution
) -> None:
    add(database, institution)
    add(database, other_institution)
    with database.transaction() as connection:
        assert devices(connection) == []
        assert len(callers_known(connection)) == 2
        for statement in ("UPDATE device SET networks = '{}'", "DELETE FROM device", "DELETE FROM device_contact"):
            assert connection.execute(statement.encode()).rowcount == 0
        assert connection.execute("SELECT 1 FROM refused_call").fetchall() == []
    with database.transaction(institution.institution_id) as connection:
        assert len(devices(connection)) == 1
