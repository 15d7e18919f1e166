"""Instance Availability Notification: pynetdicom is told of complete studies, once, and of what was rejected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import AE, evt
from tests.adapters.dimse.test_storage_scu import seal, slices
from tests.domain.conftest import Hospital
from tests.domain.exchange.test_rejection import reject, rejecting
from tests.domain.exchange.test_rejection import run_jobs as read_notes

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.adapters.dimse.peers_scu import PeersScu
from isocenter.domain.archive.jobs import defer_due_studies
from isocenter.domain.exchange.availability import AvailabilityWork, availability_tasks, defer_due_notices
from isocenter.domain.exchange.commitment import PROMISES_QUEUE
from isocenter.domain.exchange.destinations import add_destination, change_destination
from isocenter.domain.exchange.rejection import RejectionWork
from isocenter.kit.jobs import work
from isocenter.storage.drivers import open_store

__all__ = ["rejecting"]
IAN = "1.2.840.10008.5.1.4.33"


@dataclass
class Told:
    """What a RIS was told. status: what it answers."""

    port: int = 0
    destination_id: int = 0
    status: int = 0
    notices: list[Any] = field(default_factory=list)

    def created(self, event: Any) -> tuple[int, Any]:
        if self.status == 0:
            self.notices.append(event.attribute_list)
        return self.status, None

    def availability(self, number: int) -> dict[str, str]:
        return {
            str(instance.ReferencedSOPInstanceUID): str(instance.InstanceAvailability)
            for series in self.notices[number].ReferencedSeriesSequence
            for instance in series.ReferencedSOPSequence
        }


@pytest.fixture
def administrator(hospital: Hospital) -> Caller:
    return Caller(CallerKind.USER, "1", hospital.caller.institution_id, (Role.ADMINISTRATOR,))


@pytest.fixture
def ris(hospital: Hospital, administrator: Caller) -> Iterator[Told]:
    told = Told()
    entity = AE(ae_title="RIS")
    entity.add_supported_context(IAN)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_CREATE, told.created)])
    told.port = server.server_address[1]
    values = {"name": "RIS", "ae_title": "RIS", "host": "127.0.0.1", "port": told.port, "notify_availability": True}
    told.destination_id = add_destination(administrator, hospital.database, values).destination_id
    yield told
    server.shutdown()


def go_quiet(hospital: Hospital) -> None:
    """What the worker does every few seconds, as if the study had been quiet for long enough."""
    defer_due_studies(hospital.database, timedelta(0))
    tell(hospital)


def tell(hospital: Hospital) -> None:
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        defer_due_notices(connection, hospital.caller.institution_id)
    store = open_store((hospital.home / "store").as_uri())
    tasks = availability_tasks(AvailabilityWork(hospital.database, store, PeersScu("ISOCENTER").notify_availability))
    work(hospital.database.url, tasks, queues={PROMISES_QUEUE: 1}, wait=False)


def rows(hospital: Hospital) -> list[tuple[object, ...]]:
    return hospital.rows("SELECT state, attempts, last_error FROM availability_notice")


def test_a_study_that_went_quiet_is_told_of_once(hospital: Hospital, ris: Told) -> None:
    stored = list(slices(hospital, 3))
    assert rows(hospital) == []
    go_quiet(hospital)
    go_quiet(hospital)
    (notice,) = ris.notices
    assert notice.StudyInstanceUID == "1.2.3"
    assert ris.availability(0) == dict.fromkeys(stored, "ONLINE")
    reference = notice.ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert (reference.RetrieveAETitle, reference.ReferencedSOPClassUID.name) == ("ISOCENTER", "CT Image Storage")
    assert len(notice.ReferencedPerformedProcedureStepSequence) == 0
    assert rows(hospital) == [("told", 1, None)]


def test_late_images_are_told_of_with_the_others(hospital: Hospital, ris: Told, tmp_path: Path) -> None:
    slices(hospital, 2)
    go_quiet(hospital)
    seal(hospital, tmp_path)
    stored = list(slices(hospital, 3))
    go_quiet(hospital)
    assert ris.availability(1) == dict.fromkeys(stored, "ONLINE")


def test_what_is_rejected_is_told_to_be_unavailable(
    hospital: Hospital,
    ris: Told,
    rejecting: RejectionWork,
) -> None:
    stored = list(slices(hospital, 2))
    go_quiet(hospital)
    reject(hospital, stored[:1])
    read_notes(rejecting)
    tell(hospital)
    assert ris.availability(1) == {stored[0]: "UNAVAILABLE", stored[1]: "ONLINE", "1.2.3.99.1": "ONLINE"}


def test_who_does_not_take_it_is_told_later(hospital: Hospital, ris: Told) -> None:
    slices(hospital, 1)
    ris.status = 0x0110
    go_quiet(hospital)
    assert rows(hospital) == [("waiting", 1, "peer-declined")]
    ris.status = 0
    tell(hospital)
    assert ris.notices == []  # not before its time
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute("UPDATE availability_notice SET next_attempt_at = now()")
    tell(hospital)
    assert len(ris.notices) == 1
    assert rows(hospital) == [("told", 2, None)]


def test_after_three_days_nobody_is_told_any_more(hospital: Hospital, ris: Told) -> None:
    slices(hospital, 1)
    ris.status = 0x0110
    go_quiet(hospital)
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute(
            "UPDATE availability_notice SET next_attempt_at = now(), wanted_at = now() - interval '3 days'"
        )
    tell(hospital)
    assert rows(hospital) == [("failed", 2, "peer-declined")]


def test_who_did_not_ask_is_told_nothing(hospital: Hospital, ris: Told, administrator: Caller) -> None:
    change_destination(administrator, hospital.database, ris.destination_id, {"notify_availability": False})
    slices(hospital, 1)
    go_quiet(hospital)
    assert rows(hospital) == []
    change_destination(administrator, hospital.database, ris.destination_id, {"notify_availability": True})
    go_quiet(hospital)
    assert ris.notices == []  # what was here before is not news
