"""Send to: what lies here arrives there, byte for byte where the peer takes it, whatever gets in between."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from tests.adapters.dimse.peers import CT, EXPLICIT, HTJ2K_LOSSLESS, storage_peer
from tests.domain.archive.test_seal import a_real_slice
from tests.domain.conftest import Hospital, a_ct_slice

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.roles import Role
from isocenter.adapters.dimse.peers_scu import PeersScu
from isocenter.adapters.dimse.storage_scu import StorageScu, groups_of
from isocenter.apps.wiring import open_library
from isocenter.delivery.library import Library
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.domain.archive.seal import Sealer
from isocenter.domain.exchange.destinations import add_destination, change_destination, remove_destination
from isocenter.domain.exchange.peers import WantedInstances
from isocenter.domain.exchange.promises import due_task, forgetting_task, sending_tasks
from isocenter.domain.exchange.sending import (
    SENDING_QUEUE,
    SendingNotAllowed,
    defer_due_transfers,
    retry_transfer,
    send,
    transfer,
)
from isocenter.index.transfers import Failure, Transfer, record_answers
from isocenter.kit.errors import Refused
from isocenter.kit.jobs import work

WHOLE = WantedInstances("1.2.3")


@pytest.fixture
def library(hospital: Hospital, tmp_path: Path) -> Iterator[Library]:
    with open_library(hospital.database, hospital.data, memory_bytes=1 << 30) as made:
        yield made


@pytest.fixture
def administrator(hospital: Hospital) -> Caller:
    return Caller(CallerKind.USER, "1", hospital.caller.institution_id, (Role.ADMINISTRATOR,))


def slices(hospital: Hospital, count: int) -> dict[str, bytes]:
    sent = {f"1.2.3.1.{number}": a_real_slice(number) for number in range(1, count + 1)}
    for uid, data in sent.items():
        hospital.store(data, uid=uid)
    return sent


def destination(hospital: Hospital, who: Caller, port: int, **more: object) -> int:
    values = {"name": "Second reading", "ae_title": "PACS", "host": "127.0.0.1", "port": port} | more
    return add_destination(who, hospital.database, values).destination_id


def run_jobs(hospital: Hospital, library: Library, *, stopping: bool = False) -> None:
    sender = StorageScu(library, PeersScu("ISOCENTER"))
    tasks = sending_tasks(hospital.database, sender, lambda: stopping)
    work(hospital.database.url, tasks, queues={SENDING_QUEUE: 2}, wait=False)


def state_of(hospital: Hospital, who: Caller, transfer_id: int) -> tuple[Transfer, list[Failure]]:
    return transfer(who, hospital.database, transfer_id)


def make_due(hospital: Hospital) -> None:
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute("UPDATE transfer SET next_attempt_at = now()")
        defer_due_transfers(connection, hospital.caller.institution_id)


def seal(hospital: Hospital, tmp_path: Path) -> None:
    sealer = Sealer(database=hospital.database, data=hospital.data)
    assert sealer.seal_study(system_caller(hospital.caller.institution_id, "test"), "1.2.3") is not None
    sealer.close()


def test_a_study_arrives_as_it_was_received_on_one_association(
    hospital: Hospital,
    library: Library,
    administrator: Caller,
) -> None:
    sent = slices(hospital, 12)
    with storage_peer([EXPLICIT]) as peer:
        there = destination(hospital, administrator, peer.port)
        number = send(administrator, hospital.database, there, WHOLE)
        run_jobs(hospital, library)
        assert peer.received == {uid: (EXPLICIT, data) for uid, data in sent.items()}
        assert peer.associations == 1
    found, failures = state_of(hospital, administrator, number)
    assert (found.state, found.total, found.done, found.failed, failures) == ("done", 12, 12, 0, [])
    assert hospital.rows("SELECT count(*) FROM transfer_instance") == [(0,)]
    assert hospital.rows("SELECT action FROM audit_event WHERE action = 'study-sent'") == [("study-sent",)]


def test_several_associations_share_the_objects(
    hospital: Hospital,
    library: Library,
    administrator: Caller,
) -> None:
    sent = slices(hospital, 10)
    with storage_peer([EXPLICIT]) as peer:
        there = destination(hospital, administrator, peer.port, associations=3)
        send(administrator, hospital.database, there, WHOLE)
        run_jobs(hospital, library)
        assert (peer.received.keys(), peer.associations) == (sent.keys(), 3)


@pytest.mark.parametrize("accepted", [[HTJ2K_LOSSLESS, EXPLICIT], [EXPLICIT]], ids=["stored form", "decoded"])
def test_a_sealed_study_goes_in_its_stored_form_where_the_peer_takes_it_and_decoded_otherwise(
    hospital: Hospital,
    library: Library,
    administrator: Caller,
    tmp_path: Path,
    accepted: list[str],
) -> None:
    sent = slices(hospital, 3)
    seal(hospital, tmp_path)
    for segment in (tmp_path / "journal").rglob("*.tar"):
        segment.unlink()  # the hot cache is gone
    with storage_peer(accepted) as peer:
        there = destination(hospital, administrator, peer.port)
        number = send(administrator, hospital.database, there, WHOLE)
        run_jobs(hospital, library)
        assert {syntax for syntax, _ in peer.received.values()} == {accepted[0]}
        if accepted == [EXPLICIT]:
            assert {uid: pixels(data) for uid, (_, data) in peer.received.items()} == {
                uid: pixels(data) for uid, data in sent.items()
            }
    assert state_of(hospital, administrator, number)[0].state == "done"


def test_a_refused_object_is_named_and_sending_again_sends_it_alone(
    hospital: Hospital,
    library: Library,
    administrator: Caller,
) -> None:
    slices(hospital, 4)
    with storage_peer([EXPLICIT]) as peer:
        peer.answer = lambda uid: 0xC123 if uid == "1.2.3.1.2" else 0
        there = destination(hospital, administrator, peer.port)
        number = send(administrator, hospital.database, there, WHOLE)
        run_jobs(hospital, library)
        found, failures = state_of(hospital, administrator, number)
        assert (found.state, found.done, found.failed, found.last_error) == ("failed", 3, 1, "C123")
        assert [(each.sop_instance_uid, each.status) for each in failures] == [("1.2.3.1.2", 0xC123)]
        peer.answer = lambda _: 0
        peer.received.clear()
        retry_transfer(administrator, hospital.database, number)
        run_jobs(hospital, library)
        assert peer.received.keys() == {"1.2.3.1.2"}
    found, failures = state_of(hospital, administrator, number)
    assert (found.state, found.done, found.failed, failures) == ("done", 4, 0, [])


def test_out_of_resources_is_tried_again_later_with_what_is_missing(
    hospital: Hospital,
    library: Library,
    administrator: Caller,
) -> None:
    slices(hospital, 3)
    with storage_peer([EXPLICIT]) as peer:
        peer.answer = lambda uid: 0xA700 if uid == "1.2.3.1.3" else 0
        number = send(administrator, hospital.database, destination(hospital, administrator, peer.port), WHOLE)
        run_jobs(hospital, library)
        found, _ = state_of(hospital, administrator, number)
        assert (found.state, found.done, found.last_error) == ("waiting", 2, "out-of-resources")
        peer.answer = lambda _: 0
        peer.received.clear()
        make_due(hospital)
        run_jobs(hospital, library)
        assert peer.received.keys() == {"1.2.3.1.3"}
    assert state_of(hospital, administrator, number)[0].state == "done"


def test_a_destination_that_is_away_waits_and_holds_nobody_up(
    hospital: Hospital,
    library: Library,
    administrator: Caller,
) -> None:
    slices(hospital, 2)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    dead = destination(hospital, administrator, port, name="Dead", ae_title="DEAD")
    waiting = [send(administrator, hospital.database, dead, WHOLE) for _ in range(3)]
    with storage_peer([EXPLICIT]) as peer:
        alive = destination(hospital, administrator, peer.port)
        number = send(administrator, hospital.database, alive, WHOLE)
        run_jobs(hospital, library)
        assert len(peer.received) == 2
    assert state_of(hospital, administrator, number)[0].state == "done"
    found = [state_of(hospital, administrator, each)[0] for each in waiting]
    assert [(each.state, each.last_error, each.attempts) for each in found] == [
        ("waiting", "peer-away", 1),
        ("waiting", None, 0),  # not even tried: the destination is away for all alike
        ("waiting", None, 0),
    ]
    assert all(each.next_attempt_at > each.created_at for each in found)
    with storage_peer([EXPLICIT], ae_title="DEAD", port=port) as peer:  # it comes back
        make_due(hospital)
        run_jobs(hospital, library)
        assert len(peer.received) == 2
    assert {state_of(hospital, administrator, each)[0].state for each in waiting} == {"done"}


def test_what_no_context_was_accepted_for_fails_and_the_rest_goes_out(
    hospital: Hospital,
    library: Library,
    administrator: Caller,
) -> None:
    slices(hospital, 1)
    other = a_ct_slice(9).replace(CT.encode() + b"\0", b"1.2.840.10008.5.1.4.1.1.4\0")
    reception = hospital.reception(uid="1.2.3.1.9", sop_class="1.2.840.10008.5.1.4.1.1.4")
    reception.write(other)
    reception.complete()
    with storage_peer([EXPLICIT]) as peer:
        number = send(administrator, hospital.database, destination(hospital, administrator, peer.port), WHOLE)
        run_jobs(hospital, library)
        assert peer.received.keys() == {"1.2.3.1.1"}
    found, failures = state_of(hospital, administrator, number)
    assert (found.state, found.done, found.failed) == ("failed", 1, 1)
    assert failures == [Failure("1.2.3.1.9", 0x0122, "no-accepted-context")]


def test_single_series_and_instances_are_sent_alone(
    hospital: Hospital,
    library: Library,
    administrator: Caller,
) -> None:
    slices(hospital, 2)
    hospital.store(a_ct_slice(1, series="1.2.3.2"), uid="1.2.3.2.1")
    with storage_peer([EXPLICIT]) as peer:
        there = destination(hospital, administrator, peer.port)
        send(administrator, hospital.database, there, WantedInstances("1.2.3", ("1.2.3.2",)))
        run_jobs(hospital, library)
        assert peer.received.keys() == {"1.2.3.2.1"}
        send(administrator, hospital.database, there, WantedInstances("1.2.3", (), ("1.2.3.1.2",)))
        run_jobs(hospital, library)
        assert peer.received.keys() == {"1.2.3.2.1", "1.2.3.1.2"}


def test_a_worker_that_stops_leaves_the_rest_for_the_next(
    hospital: Hospital,
    library: Library,
    administrator: Caller,
) -> None:
    slices(hospital, 2)
    with storage_peer([EXPLICIT]) as peer:
        number = send(administrator, hospital.database, destination(hospital, administrator, peer.port), WHOLE)
        run_jobs(hospital, library, stopping=True)
        assert peer.received == {}
        make_due(hospital)
        run_jobs(hospital, library)
    assert state_of(hospital, administrator, number)[0].state == "done"


def test_what_a_killed_worker_had_sent_is_not_sent_again(
    hospital: Hospital, library: Library, administrator: Caller
) -> None:
    stored = list(slices(hospital, 3))
    with storage_peer([EXPLICIT]) as peer:
        number = send(administrator, hospital.database, destination(hospital, administrator, peer.port), WHOLE)
        with hospital.database.transaction(hospital.caller.institution_id) as connection:
            connection.execute("UPDATE transfer SET state = 'sending', total = 3, attempts = 1")
            record_answers(connection, number, [(stored[0], 0, "")])
            defer_due_transfers(connection, hospital.caller.institution_id)
        run_jobs(hospital, library)
        assert peer.received.keys() == set(stored[1:])
    found, _ = state_of(hospital, administrator, number)
    assert (found.state, found.total, found.done) == ("done", 3, 3)


def test_what_may_not_be_sent_is_refused_at_once(hospital: Hospital, administrator: Caller) -> None:
    slices(hospital, 1)
    there = destination(hospital, administrator, 4242)
    with pytest.raises(UnknownStudy):
        send(administrator, hospital.database, there, WantedInstances("1.2.999"))
    with pytest.raises(Refused):
        send(hospital.caller, hospital.database, there, WHOLE)  # a modality
    change_destination(administrator, hospital.database, there, {"send_allowed": False})
    with pytest.raises(SendingNotAllowed):
        send(administrator, hospital.database, there, WHOLE)


def test_removing_a_destination_ends_what_waits_for_it(
    hospital: Hospital,
    library: Library,
    administrator: Caller,
) -> None:
    slices(hospital, 1)
    there = destination(hospital, administrator, 4242)
    number = send(administrator, hospital.database, there, WHOLE)
    remove_destination(administrator, hospital.database, there)
    run_jobs(hospital, library)
    found, _ = state_of(hospital, administrator, number)
    assert (found.state, found.last_error) == ("failed", "destination-removed")


def test_what_has_no_job_any_more_is_found_when_it_is_due(
    hospital: Hospital,
    library: Library,
    administrator: Caller,
) -> None:
    slices(hospital, 1)
    with storage_peer([EXPLICIT]) as peer:
        send(administrator, hospital.database, destination(hospital, administrator, peer.port), WHOLE)
        with hospital.database.transaction() as connection:
            connection.execute("DELETE FROM procrastinate_jobs")
        due_task(hospital.database, [defer_due_transfers]).function()
        run_jobs(hospital, library)
        assert len(peer.received) == 1


def test_what_ended_long_ago_is_forgotten(hospital: Hospital, library: Library, administrator: Caller) -> None:
    slices(hospital, 1)
    with storage_peer([EXPLICIT]) as peer:
        there = destination(hospital, administrator, peer.port)
        numbers = [send(administrator, hospital.database, there, WHOLE) for _ in range(3)]
        run_jobs(hospital, library)
    send(administrator, hospital.database, there, WHOLE)
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute(
            "UPDATE transfer SET finished_at = now() - interval '91 days' WHERE transfer_id = %s", numbers[:1]
        )
    forgetting_task(hospital.database).function()
    left = hospital.rows("SELECT state FROM transfer ORDER BY transfer_id")
    assert left == [("done",), ("done",), ("waiting",)]


def test_instances_of_many_classes_are_spread_over_associations(hospital: Hospital, library: Library) -> None:
    slices(hospital, 2)
    view = library.view(system_caller(hospital.caller.institution_id, "t"), "1.2.3")
    from dataclasses import replace

    many = [
        replace(instance, sop_class_uid=f"1.2.{number}")
        for number in range(150)
        for instance in view.instances.values()
    ]
    groups = list(groups_of(many, decoded=False))
    assert [len(contexts) for contexts, _ in groups] == [128, 128, 44]
    assert [instance for _, group in groups for instance in group] == many


def pixels(data: bytes) -> list[int]:
    dataset = read_dataset(DicomBytesIO(data), is_implicit_VR=False, is_little_endian=True)
    return [int(value) for value in np.frombuffer(dataset.PixelData, "<u2")]
