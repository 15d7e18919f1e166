"""Storage commitment: asked by pynetdicom's SCU, promised only for what was read back, reported until it arrives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.adapters.dimse.doubles import workstations_of
from tests.adapters.dimse.peers import COMMITMENT, CT, CommitmentRequester, commitment_requester
from tests.adapters.dimse.test_storage_scu import seal, slices
from tests.domain.archive.test_seal import sealed
from tests.domain.conftest import Hospital
from tests.wire.upper_layer import listening

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.devices.devices import add_device
from isocenter.access.roles import Role
from isocenter.adapters.dimse.peers_scu import PeersScu
from isocenter.adapters.dimse.storage_commitment_scp import StorageCommitmentScp
from isocenter.domain.exchange.commitment import (
    PROMISES_QUEUE,
    CommitmentWork,
    commitment_tasks,
    defer_due_commitments,
)
from isocenter.domain.exchange.destinations import add_destination
from isocenter.kit.jobs import work
from isocenter.storage.drivers import open_store
from isocenter.wire.listener import Listener

MR = "1.2.840.10008.5.1.4.1.1.4"


@pytest.fixture
def listener(hospital: Hospital) -> Iterator[Listener]:
    with listening(
        [StorageCommitmentScp(hospital.database, workstations_of(hospital.caller.institution_id))]
    ) as started:
        yield started


@pytest.fixture
def requester(hospital: Hospital) -> Iterator[CommitmentRequester]:
    """A scanner whose address we know, because it is a destination too."""
    with commitment_requester() as peer:
        administrator = Caller(CallerKind.USER, "1", hospital.caller.institution_id, (Role.ADMINISTRATOR,))
        values = {"name": "Scanner", "ae_title": "SCANNER", "host": "127.0.0.1", "port": peer.port}
        add_destination(administrator, hospital.database, values)
        yield peer


def run_jobs(hospital: Hospital, fallback_port: int = 104) -> None:
    report = PeersScu("ISOCENTER").report_commitment
    tasks = commitment_tasks(CommitmentWork(hospital.database, hospital.data, report, fallback_port))
    work(hospital.database.url, tasks, queues={PROMISES_QUEUE: 1}, wait=False)


def make_due(hospital: Hospital) -> None:
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute("UPDATE commitment_request SET next_attempt_at = now()")
        defer_due_commitments(connection, hospital.caller.institution_id)


def requests(hospital: Hospital) -> list[tuple[object, ...]]:
    return hospital.rows("SELECT state, attempts, last_error, asked FROM commitment_request ORDER BY commitment_id")


def committed(report: object) -> list[str]:
    return [str(item.ReferencedSOPInstanceUID) for item in getattr(report, "ReferencedSOPSequence", [])]


def failed(report: object) -> dict[str, int]:
    items = getattr(report, "FailedSOPSequence", [])
    return {str(item.ReferencedSOPInstanceUID): int(item.FailureReason) for item in items}


def test_three_of_four_are_safe_and_the_fourth_was_never_here(
    hospital: Hospital, listener: Listener, requester: CommitmentRequester
) -> None:
    stored = list(slices(hospital, 3))
    references = [(CT, uid) for uid in [*stored, "1.2.3.1.99"]]
    assert requester.ask(listener.address, "1.2.4.1", references) == 0
    assert requests(hospital) == [("waiting", 0, None, 1)]
    run_jobs(hospital)
    ((event_type, report),) = requester.reports
    assert (event_type, report.TransactionUID) == (2, "1.2.4.1")
    assert committed(report) == stored
    assert failed(report) == {"1.2.3.1.99": 0x0112}
    assert requester.callers == ["ISOCENTER"]
    assert requests(hospital) == [("reported", 1, None, 1)]


def test_everything_safe_is_event_one_with_nothing_failed(
    hospital: Hospital, listener: Listener, requester: CommitmentRequester
) -> None:
    stored = list(slices(hospital, 2))
    assert requester.ask(listener.address, "1.2.4.2", [(CT, uid) for uid in stored]) == 0
    run_jobs(hospital)
    ((event_type, report),) = requester.reports
    assert (event_type, committed(report)) == (1, stored)
    assert "FailedSOPSequence" not in report


def test_another_class_than_we_hold_is_a_conflict(
    hospital: Hospital, listener: Listener, requester: CommitmentRequester
) -> None:
    slices(hospital, 1)
    requester.ask(listener.address, "1.2.4.3", [(MR, "1.2.3.1.1")])
    run_jobs(hospital)
    assert failed(requester.reports[0][1]) == {"1.2.3.1.1": 0x0119}


def test_bytes_that_rotted_in_the_journal_are_not_vouched_for(
    hospital: Hospital, listener: Listener, requester: CommitmentRequester
) -> None:
    sent = slices(hospital, 2)
    rot(hospital, sent["1.2.3.1.2"])
    requester.ask(listener.address, "1.2.4.4", [(CT, uid) for uid in sent])
    run_jobs(hospital)
    report = requester.reports[0][1]
    assert (committed(report), failed(report)) == (["1.2.3.1.1"], {"1.2.3.1.2": 0x0110})


def test_sealed_instances_are_rebuilt_to_be_vouched_for(
    hospital: Hospital, listener: Listener, requester: CommitmentRequester, tmp_path: Path
) -> None:
    stored = list(slices(hospital, 3))
    seal(hospital, tmp_path)
    for segment in (tmp_path / "journal").rglob("*.tar"):
        segment.unlink()
    requester.ask(listener.address, "1.2.4.5", [(CT, uid) for uid in stored] + [(MR, stored[0])])
    run_jobs(hospital)
    assert committed(requester.reports[0][1]) == stored
    store = open_store((tmp_path / "store").as_uri())
    manifest, entry = sealed(hospital, store)[1]
    extent = manifest.data_set(entry)
    pack = store.local_path(manifest.key)
    assert pack is not None
    content = bytearray(pack.read_bytes())
    content[extent.offset + extent.length - 40] ^= 0xFF  # inside the code stream
    pack.chmod(0o644)
    pack.write_bytes(content)
    requester.ask(listener.address, "1.2.4.6", [(CT, uid) for uid in stored])
    run_jobs(hospital)
    assert failed(requester.reports[1][1]) == {entry.sop_instance_uid: 0x0110}


def test_a_requester_that_is_away_gets_its_report_when_it_is_back(
    hospital: Hospital, listener: Listener, requester: CommitmentRequester
) -> None:
    stored = list(slices(hospital, 1))
    requester.status = 0x0110  # it does not take it now
    requester.ask(listener.address, "1.2.4.7", [(CT, stored[0])])
    run_jobs(hospital)
    assert requests(hospital) == [("waiting", 1, "peer-declined", 1)]
    assert hospital.rows("SELECT next_attempt_at > now() FROM commitment_request") == [(True,)]
    requester.status = 0
    run_jobs(hospital)
    assert requester.reports == []  # not before its time
    make_due(hospital)
    run_jobs(hospital)
    assert committed(requester.reports[0][1]) == stored
    assert requests(hospital) == [("reported", 2, None, 1)]


def test_after_a_week_nobody_is_called_any_more(
    hospital: Hospital, listener: Listener, requester: CommitmentRequester
) -> None:
    requester.status = 0x0110
    requester.ask(listener.address, "1.2.4.8", [(CT, "1.2.3.1.1")])
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute("UPDATE commitment_request SET requested_at = now() - interval '7 days'")
    run_jobs(hospital)
    assert requests(hospital) == [("failed", 1, "peer-declined", 1)]


def test_a_peer_that_asks_again_gets_a_fresh_result(
    hospital: Hospital, listener: Listener, requester: CommitmentRequester
) -> None:
    requester.ask(listener.address, "1.2.4.9", [(CT, "1.2.3.1.1")])
    run_jobs(hospital)
    slices(hospital, 1)
    requester.ask(listener.address, "1.2.4.9", [(CT, "1.2.3.1.1")])
    run_jobs(hospital)
    assert [kind for kind, _ in requester.reports] == [2, 1]
    assert requests(hospital) == [("reported", 1, None, 2)]


def test_a_requester_that_is_no_destination_is_called_where_it_called_from(
    hospital: Hospital, listener: Listener
) -> None:
    stored = list(slices(hospital, 1))
    with commitment_requester() as unknown:
        unknown.ask(listener.address, "1.2.4.10", [(CT, stored[0])])
        run_jobs(hospital, fallback_port=unknown.port)
        assert committed(unknown.reports[0][1]) == stored


def test_a_device_is_told_where_it_listens(hospital: Hospital, listener: Listener) -> None:
    stored = list(slices(hospital, 1))
    with commitment_requester() as scanner:
        administrator = Caller(CallerKind.USER, "1", hospital.caller.institution_id, (Role.ADMINISTRATOR,))
        entered = {"name": "Scanner", "ae_title": "SCANNER", "port": scanner.port}
        add_device(hospital.database, administrator, entered)
        scanner.ask(listener.address, "1.2.4.10", [(CT, stored[0])])
        run_jobs(hospital, fallback_port=1)
        assert committed(scanner.reports[0][1]) == stored


@pytest.mark.parametrize(
    ("transaction_uid", "references", "status"),
    [("../etc", [(CT, "1.2.3")], 0x0115), ("1.2.4.11", [], 0x0115), ("1.2.4.11", [(CT, "a b")], 0x0115)],
)
def test_a_request_that_makes_no_sense_is_refused_and_forgotten(
    hospital: Hospital,
    listener: Listener,
    requester: CommitmentRequester,
    transaction_uid: str,
    references: list[tuple[str, str]],
    status: int,
) -> None:
    assert requester.ask(listener.address, transaction_uid, references) == status
    assert requests(hospital) == []


def test_another_action_or_instance_is_refused(hospital: Hospital, listener: Listener) -> None:
    from pynetdicom import AE
    from tests.adapters.dimse.peers import COMMITMENT_INSTANCE, action_request

    entity = AE(ae_title="SCANNER")
    entity.add_requested_context(COMMITMENT)
    association = entity.associate(*listener.address, ae_title="ISOCENTER")
    request = action_request("1.2.4.12", [(CT, "1.2.3")])
    assert association.send_n_action(request, 7, COMMITMENT, COMMITMENT_INSTANCE)[0].Status == 0x0123
    assert association.send_n_action(request, 1, COMMITMENT, "1.2.3.4")[0].Status == 0x0112
    association.release()
    assert requests(hospital) == []


def rot(hospital: Hospital, data_set: bytes) -> None:
    """Change one bit of a data set where it lies in the journal."""
    for segment in (hospital.home / "journal").rglob("*.tar"):
        content = bytearray(segment.read_bytes())
        found = content.find(data_set)
        if found >= 0:
            content[found + len(data_set) - 1] ^= 1
            with segment.open("r+b") as file:
                file.write(content)
            return
    raise AssertionError("the object is in no segment")
