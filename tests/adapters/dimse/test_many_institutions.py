"""Two hospitals behind one listener, each with a CT1: every service acts in the one that called (D16, D17, D18)."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.uid import UID
from pynetdicom import AE, build_role
from pynetdicom.association import Association
from tests.adapters.dimse.query_retrieve import CT, FIND, GET, MOVE, PATIENT_FIND, answers, identifier, keeping
from tests.domain.conftest import Hospital, a_ct_slice
from tests.wire.upper_layer import associate_request

import isocenter.apps.listener
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.devices.calls import rejected_calls_of
from isocenter.access.devices.devices import add_device, change_device, devices_of
from isocenter.access.devices.first_store import ask_first_store, first_store_of
from isocenter.access.devices.register import Strangers
from isocenter.access.devices.watch import DeviceWatch
from isocenter.access.roles import Right, Role
from isocenter.adapters.access_table import DIMSE
from isocenter.adapters.dimse.admission import DeviceAdmission, admitted_caller
from isocenter.adapters.dimse.get_scp import GetScp
from isocenter.adapters.dimse.move_scp import MoveScp
from isocenter.adapters.dimse.query_retrieve_scp import FindScp
from isocenter.adapters.dimse.storage_commitment_scp import StorageCommitmentScp
from isocenter.adapters.dimse.storage_scp import StorageScp
from isocenter.adapters.dimse.verification_scp import VerificationScp
from isocenter.delivery.library import Library
from isocenter.domain.exchange.destinations import add_destination
from isocenter.index.institutions import Institution
from isocenter.wire.listener import Listener
from isocenter.wire.listening_socket import bound_socket
from isocenter.wire.service import Service

VERIFICATION = "1.2.840.10008.1.1"
COMMITMENT = "1.2.840.10008.1.20.1"
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
HOME, NORTH, SOUTH, NOWHERE = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"
"""Where strangers, the first hospital's CT1, the second's, and nobody calls from."""


@dataclass
class Region:
    """A listener with every door, and who administers the two hospitals."""

    listener: Listener
    watch: DeviceWatch
    hospital: Hospital
    north: Caller
    south: Caller

    @contextmanager
    def associated(self, address: str, *contexts: str, calling: str = "CT1", called: str = "ISOCENTER",
                   handlers: Any = ()) -> Iterator[Association]:  # fmt: skip
        """An association from that address, accepted or not."""
        entity = AE(calling)
        for each in contexts or (VERIFICATION,):
            entity.add_requested_context(each)
        host, port = self.listener.address
        roles: list[Any] = [build_role(CT, scp_role=True, scu_role=True)] if CT in contexts and GET in contexts else []
        made = entity.associate(
            host,
            port,
            ae_title=called,
            bind_address=(address, 0),
            ext_neg=roles,
            evt_handlers=list(handlers),
        )
        try:
            yield made
        finally:
            if made.is_established:
                made.release()

    def rejected(self, address: str, *, calling: bytes = b"CT1", called: bytes = b"ISOCENTER") -> tuple[int, ...]:
        """(result, source, reason) of the A-ASSOCIATE-RJ."""
        with socket.create_connection(self.listener.address, 10, (address, 0)) as connection:
            connection.sendall(associate_request(calling=calling, called=called))
            answer = connection.recv(100, socket.MSG_WAITALL)
        assert answer[0] == 3
        return tuple(answer[7:10])

    def store(self, address: str, patient_id: str, *, number: int = 1) -> int:
        """C-STORE of the same instance UIDs for a patient; returns the status."""
        data = dcmread(DicomBytesIO(a_ct_slice(number, patient_id=patient_id)), force=True)
        data.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.1")
        with self.associated(address, CT) as made:
            return int(made.send_c_store(data).Status)

    def patients(self, address: str) -> list[str]:
        """Patient IDs that CT1 finds from there with * for everything."""
        with self.associated(address, PATIENT_FIND) as made:
            asked = identifier("PATIENT", PatientID="*", PatientName="*")
            pending, final = answers(made.send_c_find(asked, PATIENT_FIND))
        assert final.Status == 0
        return [each.PatientID for each in pending]


def an_administrator(institution_id: int) -> Caller:
    return Caller(CallerKind.USER, "1", institution_id, (Role.ADMINISTRATOR,))


@pytest.fixture
def region(hospital: Hospital, library: Library, other_institution: Institution) -> Iterator[Region]:
    """CT1 of the north calls from one address, CT1 of the south from another; strangers from a third."""
    first = hospital.caller.institution_id
    watch = DeviceWatch(hospital.database, Strangers(first, "ISOCENTER", (ip_network(HOME),)), read_every_s=0.05)
    north, south = an_administrator(first), an_administrator(other_institution.institution_id)
    add_device(hospital.database, north, {"name": "CT north", "ae_title": "CT1", "networks": [NORTH]})
    add_device(hospital.database, south, {"name": "CT south", "ae_title": "CT1", "networks": [SOUTH]})
    services: list[Service] = [
        StorageScp(hospital.archive, admitted_caller, watch),
        VerificationScp(),
        StorageCommitmentScp(hospital.database, admitted_caller),
        FindScp(library, admitted_caller),
        GetScp(library, admitted_caller),
        MoveScp(library, admitted_caller, "ISOCENTER"),
    ]
    with watch:
        listener = Listener(bound_socket("127.0.0.1", 0), DeviceAdmission(watch), services)
        listener.start()
        try:
            yield Region(listener, watch, hospital, north, south)
        finally:
            listener.stop(within_s=1)


def eventually(check: object, wanted: object) -> None:
    """The check gives what is wanted within 5 seconds, as every change of devices does."""
    until = time.monotonic() + 5
    while (found := check()) != wanted:  # type: ignore[operator]
        assert time.monotonic() < until, found
        time.sleep(0.02)


def test_each_hospital_sees_its_own_patients_and_no_other_though_uids_are_the_same(region: Region) -> None:
    assert region.store(NORTH, "NORTH-1") == 0
    assert region.store(SOUTH, "SOUTH-1") == 0  # the same SOP Instance UID, another object
    assert region.patients(NORTH) == ["NORTH-1"]
    assert region.patients(SOUTH) == ["SOUTH-1"]
    kept: dict[str, Dataset] = {}
    with region.associated(SOUTH, GET, CT, handlers=[keeping(kept)]) as made:
        asked = identifier("STUDY", StudyInstanceUID="1.2.3")
        _, final = answers(made.send_c_get(asked, GET))
    assert (final.Status, [each.PatientID for each in kept.values()]) == (0, ["SOUTH-1"])


def test_what_another_hospital_has_is_as_if_it_were_not_there(region: Region) -> None:
    assert region.store(NORTH, "NORTH-1") == 0
    add_destination(region.north, region.hospital.database, {"name": "N", "ae_title": "N", "host": HOME, "port": 104})
    with region.associated(SOUTH, FIND, GET, MOVE, CT) as made:
        asked = identifier("STUDY", StudyInstanceUID="1.2.3")
        for send, model in ((made.send_c_find, FIND), (made.send_c_get, GET)):  # the next when the last is answered
            pending, final = answers(send(asked, model))
            assert (pending, final.Status) == ([], 0)
        _, final = answers(made.send_c_move(asked, "N", MOVE))
        assert final.Status == 0xA801  # nor is its destination
    asked = Dataset()
    asked.TransactionUID = "1.2.9"
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CT, "1.2.3.1.1"
    asked.ReferencedSOPSequence = [item]
    with region.associated(SOUTH, COMMITMENT) as made:
        status, _ = made.send_n_action(asked, 1, COMMITMENT, COMMITMENT_INSTANCE)
    assert status.Status == 0
    with region.hospital.database.transaction(region.south.institution_id) as connection:
        assert connection.execute("SELECT transaction_uid FROM commitment_request").fetchall() == [("1.2.9",)]


def test_who_is_not_known_there_is_rejected_with_the_reason_and_told_of(region: Region) -> None:
    calling, called = (1, 1, 3), (1, 1, 7)  # permanent, service user; PS3.8 9.3.4
    assert region.rejected(NOWHERE) == calling  # a known title from another address
    assert region.rejected(HOME) == calling  # also from where strangers may call
    assert region.rejected(NOWHERE, calling=b"CT9") == calling
    assert region.rejected(NORTH, called=b"PACS") == called
    with region.associated(HOME, calling="CT9") as made:
        assert made.send_c_echo().Status == 0  # a stranger from loopback

    def told() -> set[tuple[str, str, str]]:
        found = rejected_calls_of(region.hospital.database, region.north)
        return {(each.calling_ae_title, each.address, each.reason) for each in found}

    eventually(
        told,
        {
            ("CT1", NOWHERE, "wrong-address"),
            ("CT1", HOME, "wrong-address"),
            ("CT9", NOWHERE, "unknown-caller"),
            ("CT1", NORTH, "unknown-called-ae-title"),
        },
    )
    assert rejected_calls_of(region.hospital.database, region.south) == []


def test_a_device_may_what_it_may_and_a_change_is_felt_within_seconds(region: Region) -> None:
    (device,) = devices_of(region.hospital.database, region.south)

    def change(**fields: object) -> None:
        change_device(region.hospital.database, region.south, device.device.device_id, fields)

    def find() -> int:
        with region.associated(SOUTH, FIND) as made:
            _, final = answers(made.send_c_find(identifier("STUDY", StudyInstanceUID=""), FIND))
        return int(final.Status)

    change(may_query=False)
    eventually(find, 0x0124)
    assert region.store(SOUTH, "SOUTH-1") == 0
    change(may_query=True, may_store=False)
    eventually(find, 0)
    assert region.store(SOUTH, "SOUTH-1", number=2) == 0x0124
    change(active=False)

    def let_in() -> bool:
        with region.associated(SOUTH) as made:
            return bool(made.is_established)

    eventually(let_in, False)
    assert region.patients(NORTH) == []


def test_a_query_for_everything_gives_one_hospitals_patients_and_stops_when_it_is_cancelled(region: Region) -> None:
    for number in range(1, 61):
        data = a_ct_slice(number, patient_id="NORTH-1", study=f"1.2.{number}", series=f"1.2.{number}.1")
        region.hospital.store(data, uid=f"1.2.{number}.1.{number}")
    everything = dict.fromkeys(("PatientID", "PatientName", "StudyDescription", "AccessionNumber"), "*")
    with region.associated(NORTH, FIND) as made:
        responses = made.send_c_find(identifier("STUDY", StudyInstanceUID="", **everything), FIND, msg_id=9)
        assert next(responses)[0].Status == 0xFF00
        made.send_c_cancel(9, query_model=FIND)
        pending, final = answers(responses)
    assert final.Status in (0xFE00, 0)  # a fast archive may be done before pynetdicom has sent its cancel
    assert {each.PatientID for each in pending} <= {"NORTH-1"}
    assert region.patients(SOUTH) == []


def test_the_first_object_of_a_device_is_reported(region: Region) -> None:
    database = region.hospital.database
    device_id = devices_of(database, region.south)[0].device.device_id
    ask_first_store(database, region.south, device_id)

    def state() -> str:
        region.store(SOUTH, "SOUTH-1")
        return str(first_store_of(database, region.south, device_id).state)

    eventually(state, "arrived")
    told = first_store_of(database, region.south, device_id).arrived
    assert told is not None
    assert (told.study_instance_uid, told.sop_class_uid, told.address) == ("1.2.3", CT, SOUTH)
    assert (told.calling_ae_title, told.encrypted, told.outcome in ("stored", "already-stored")) == ("CT1", False, True)
    eventually(lambda: devices_of(database, region.south)[0].contact.last_address, SOUTH)  # type: ignore[union-attr]
    assert devices_of(database, region.north)[0].contact is None


def test_every_service_asks_for_the_right_that_the_access_table_names(region: Region) -> None:
    (device,) = devices_of(region.hospital.database, region.south)
    assert {door.path for door in DIMSE} == set(SERVICES)
    assert {name for name in vars(isocenter.apps.listener) if name.endswith("Scp")} == {
        scp for scp, _ in SERVICES.values()
    }
    for may_store, may_query in ((True, False), (False, True)):
        fields = {"may_store": may_store, "may_query": may_query}
        change_device(region.hospital.database, region.south, device.device.device_id, fields)
        held = {Right.STORE: may_store, Right.READ: may_query}
        for door in DIMSE:
            ask = SERVICES[door.path][1]
            allowed = all(held[right] for right in door.rights)
            eventually(lambda ask=ask: ask(region) != NOT_AUTHORIZED, allowed)


def _retrieved(region: Region, context: str) -> int:
    asked = identifier("STUDY", StudyInstanceUID="9.9.9")
    with region.associated(SOUTH, context) as made:
        if context == GET:
            responses = made.send_c_get(asked, GET)
        elif context == MOVE:
            responses = made.send_c_move(asked, "SOMEWHERE", MOVE)
        else:
            responses = made.send_c_find(asked, FIND)
        return int(answers(responses)[1].Status)


def _echoed(region: Region) -> int:
    with region.associated(SOUTH) as made:
        return int(made.send_c_echo().Status)


def _commitment_asked(region: Region) -> int:
    wanted, one = Dataset(), Dataset()
    one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = CT, "9.9.9.9"
    wanted.TransactionUID, wanted.ReferencedSOPSequence = UID("2.25.1"), [one]
    with region.associated(SOUTH, COMMITMENT) as made:
        return int(made.send_n_action(wanted, 1, UID(COMMITMENT), UID(COMMITMENT_INSTANCE))[0].Status)


NOT_AUTHORIZED = 0x0124
SERVICES: dict[str, tuple[str, Callable[[Region], int]]] = {
    "C-ECHO": ("VerificationScp", _echoed),
    "C-STORE": ("StorageScp", lambda region: region.store(SOUTH, "SOUTH-1")),
    "C-FIND": ("FindScp", lambda region: _retrieved(region, FIND)),
    "C-GET": ("GetScp", lambda region: _retrieved(region, GET)),
    "C-MOVE": ("MoveScp", lambda region: _retrieved(region, MOVE)),
    "N-ACTION (storage commitment)": ("StorageCommitmentScp", _commitment_asked),
}
"""Every service of the access table: what stands behind it, and how it is asked; each answers with a status."""
