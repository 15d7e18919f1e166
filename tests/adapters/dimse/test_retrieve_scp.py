"""C-GET and C-MOVE: every level, lists of UIDs, counts, what fails, cancelling, and other people's toolkits."""

from __future__ import annotations

import socket
import threading
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pynetdicom import AE, build_role, evt
from tests.adapters.dimse.peers import EXPLICIT, HTJ2K_LOSSLESS, storage_peer
from tests.adapters.dimse.query_retrieve import (
    CT,
    GET,
    MOVE,
    PATIENT_GET,
    Pacs,
    answers,
    identifier,
    keeping,
    opened,
    received_by,
)
from tests.domain.archive.test_seal import a_real_slice
from tests.domain.conftest import IMPLICIT, Hospital, a_ct_slice
from tests.wire.peers import accept_all, free_port, read_pdu, scripted_peer, storescp

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.roles import Role
from isocenter.delivery.library import Library
from isocenter.domain.archive.seal import Sealer
from isocenter.index.institutions import Institution
from isocenter.wire.service import Peer

ONE_STUDY = identifier("STUDY", StudyInstanceUID="1.2.1.1")


def got(pacs: Pacs, model: str, asked: Dataset) -> tuple[dict[str, Dataset], Dataset]:
    """What a C-GET brings, and its final command."""
    kept: dict[str, Dataset] = {}
    with pacs.associated(model, storage=True, handlers=[keeping(kept)]) as association:
        _, final = answers(association.send_c_get(asked, model))
    return kept, final


def counts(final: Dataset) -> tuple[int, int, int]:
    return (
        final.NumberOfCompletedSuboperations,
        final.NumberOfFailedSuboperations,
        final.NumberOfWarningSuboperations,
    )


LEVELS = {
    "a study": (GET, identifier("STUDY", StudyInstanceUID="1.2.1.1"), 6),
    "two studies": (GET, identifier("STUDY", StudyInstanceUID=["1.2.1.1", "1.2.1.2"]), 12),
    "a series": (GET, identifier("SERIES", StudyInstanceUID="1.2.1.1", SeriesInstanceUID="1.2.1.1.2"), 3),
    "a series by its UID alone": (GET, identifier("SERIES", SeriesInstanceUID="1.2.1.2.1"), 3),
    "instances": (
        GET,
        identifier(
            "IMAGE",
            StudyInstanceUID="1.2.1.1",
            SeriesInstanceUID="1.2.1.1.1",
            SOPInstanceUID=["1.2.1.1.1.1", "1.2.1.1.1.3", "9.9.9"],
        ),
        2,
    ),
    "an instance by its UID alone": (GET, identifier("IMAGE", SOPInstanceUID="1.2.1.2.2.2"), 1),
    "a patient": (PATIENT_GET, identifier("PATIENT", PatientID="P1"), 12),
    "a study of a patient": (PATIENT_GET, identifier("STUDY", PatientID="P1", StudyInstanceUID="1.2.1.2"), 6),
    "a study of another patient": (PATIENT_GET, identifier("STUDY", PatientID="P2", StudyInstanceUID="1.2.1.2"), 0),
    "nothing that we have": (GET, identifier("STUDY", StudyInstanceUID="9.9"), 0),
}


@pytest.mark.parametrize("what", LEVELS)
def test_a_get_brings_what_was_asked_for(pacs: Pacs, what: str) -> None:
    model, asked, expected = LEVELS[what]
    stored = pacs.store(studies=2, series=2, slices=3)
    pacs.store(patient_id="P2", slices=1)
    kept, final = got(pacs, model, asked)
    assert len(kept) == expected
    assert set(kept) <= set(stored)
    assert final.Status == 0
    assert counts(final) == (expected, 0, 0)
    assert "NumberOfRemainingSuboperations" not in final


def test_what_a_get_brings_is_what_was_stored(pacs: Pacs) -> None:
    pacs.store(slices=1)
    kept, _ = got(pacs, GET, ONE_STUDY)
    (brought,) = kept.values()
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, False
    write_dataset(file, brought)
    assert file.getvalue() == a_ct_slice(1, study="1.2.1.1", series="1.2.1.1.1")


@pytest.mark.parametrize(
    "asked",
    [
        identifier("STUDY", StudyInstanceUID=""),
        identifier("STUDY", StudyInstanceUID="1.2*"),
        identifier("SERIES", StudyInstanceUID="1.2.1.1"),
        identifier("PATIENT", PatientID="P1"),
    ],
)
def test_nothing_is_retrieved_without_a_unique_key(pacs: Pacs, asked: Dataset) -> None:
    pacs.store()
    kept, final = got(pacs, GET, asked)
    assert (len(kept), final.Status) == (0, 0xA900)


def test_a_get_counts_what_the_peer_refuses_or_remarks(pacs: Pacs) -> None:
    stored = pacs.store(slices=4)
    outcomes = {stored[0]: 0, stored[1]: 0xB000, stored[2]: 0xA700, stored[3]: 0}

    def take(event: Any) -> int:
        return outcomes[str(event.request.AffectedSOPInstanceUID)]

    with pacs.associated(GET, storage=True, handlers=[(evt.EVT_C_STORE, take)]) as association:
        final, listed = list(association.send_c_get(ONE_STUDY, GET))[-1]
    assert final.Status == 0xB000
    assert counts(final) == (2, 1, 1)
    assert listed is not None
    assert listed.FailedSOPInstanceUIDList == stored[2]


def test_a_get_by_a_peer_that_takes_nothing_back_fails_as_a_whole(pacs: Pacs) -> None:
    stored = pacs.store(slices=3)
    with pacs.associated(GET, CT) as association:
        final, listed = list(association.send_c_get(ONE_STUDY, GET))[-1]
    assert final.Status == 0xA702
    assert counts(final) == (0, 3, 0)
    assert listed is not None
    assert list(listed.FailedSOPInstanceUIDList) == stored


def test_a_get_ends_soon_after_it_is_cancelled(pacs: Pacs) -> None:
    pacs.store(slices=40)
    kept: dict[str, Dataset] = {}
    with pacs.associated(GET, storage=True, handlers=[keeping(kept)]) as association:
        responses = association.send_c_get(ONE_STUDY, GET, msg_id=5)
        next(responses)
        association.send_c_cancel(5, query_model=GET)
        final = list(responses)[-1][0]
        assert final.Status == 0xFE00
        assert final.NumberOfRemainingSuboperations > 0
        assert final.NumberOfRemainingSuboperations + final.NumberOfCompletedSuboperations == 40
    assert len(kept) < 40


def sealed_study(pacs: Pacs) -> dict[str, bytes]:
    """A study of two slices that compress, sealed and its journal gone; what was stored by UID."""
    sent = {f"1.2.3.1.{number}": a_real_slice(number) for number in (1, 2)}
    for uid, data in sent.items():
        pacs.hospital.store(data, uid=uid)
    seal_and_lose_journal(pacs)
    return sent


def seal_and_lose_journal(pacs: Pacs) -> None:
    """Seal study 1.2.3; afterwards its bytes are in the pack and nowhere else."""
    sealer = Sealer(database=pacs.hospital.database, data=pacs.hospital.data)
    try:
        report = sealer.seal_study(system_caller(pacs.hospital.caller.institution_id, "test"), "1.2.3")
    finally:
        sealer.close()
    assert report is not None
    for segment in (pacs.hospital.home / "journal").rglob("*.tar"):
        segment.unlink()
    pacs.library.files.close()


def brought(pacs: Pacs, syntaxes: list[str]) -> tuple[dict[str, tuple[str, bytes]], Dataset]:
    """What a C-GET of the sealed study brings to a peer that takes these syntaxes: syntax and data set by UID."""
    kept: dict[str, tuple[str, bytes]] = {}

    def take(event: Any) -> int:
        request = event.request
        kept[str(request.AffectedSOPInstanceUID)] = (str(event.context.transfer_syntax), request.DataSet.getvalue())
        return 0

    entity = AE("WORKSTATION")
    entity.add_requested_context(GET)
    for syntax in syntaxes:
        entity.add_requested_context(CT, syntax)
    host, port = pacs.listener.address
    association = entity.associate(
        host,
        port,
        ae_title="ISOCENTER",
        ext_neg=[build_role(CT, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, take)],
    )
    _, final = answers(association.send_c_get(identifier("STUDY", StudyInstanceUID="1.2.3"), GET))
    association.release()
    return kept, final


def test_a_sealed_study_comes_as_it_was_received_to_who_takes_nothing_else(pacs: Pacs) -> None:
    sent = sealed_study(pacs)
    kept, final = brought(pacs, [EXPLICIT])
    assert final.Status == 0
    assert kept == {uid: (EXPLICIT, data) for uid, data in sent.items()}


def test_a_sealed_study_comes_as_it_lies_to_who_takes_that(pacs: Pacs) -> None:
    sent = sealed_study(pacs)
    kept, final = brought(pacs, [EXPLICIT, HTJ2K_LOSSLESS])
    assert final.Status == 0
    assert {syntax for syntax, _ in kept.values()} == {HTJ2K_LOSSLESS}
    assert all(len(kept[uid][1]) < len(data) for uid, data in sent.items())


def test_an_old_peer_gets_implicit_little_endian(pacs: Pacs) -> None:
    sent = sealed_study(pacs)
    kept, final = brought(pacs, [IMPLICIT])
    assert final.Status == 0
    for uid, (syntax, data) in kept.items():
        assert syntax == IMPLICIT
        here = read_dataset(BytesIO(data), is_implicit_VR=True, is_little_endian=True)
        there = read_dataset(BytesIO(sent[uid]), is_implicit_VR=False, is_little_endian=True)
        assert here.PixelData == there.PixelData
        assert here.PatientName == there.PatientName
    with storage_peer([IMPLICIT]) as peer:
        pacs.add_destination("PACS", peer.port)
        assert moved(pacs, identifier("STUDY", StudyInstanceUID="1.2.3"), "PACS").Status == 0
    assert peer.received == kept


def test_a_peer_that_takes_nothing_we_can_give_is_told_which_failed(pacs: Pacs) -> None:
    sent = sealed_study(pacs)
    kept, final = brought(pacs, ["1.2.840.10008.1.2.4.50"])
    assert (kept, final.Status) == ({}, 0xA702)
    assert counts(final) == (0, len(sent), 0)


def test_bytes_that_are_away_cost_their_instance_only(pacs: Pacs) -> None:
    pacs.store(studies=2, slices=2)
    got(pacs, GET, ONE_STUDY)
    for segment in (pacs.hospital.home / "journal").rglob("*.tar"):
        segment.rename(segment.with_suffix(".away"))
    pacs.library.files.close()
    kept, final = got(pacs, GET, ONE_STUDY)
    assert (len(kept), final.Status) == (0, 0xA702)
    for segment in (pacs.hospital.home / "journal").rglob("*.away"):
        segment.rename(segment.with_suffix(".tar"))
    kept, final = got(pacs, GET, ONE_STUDY)
    assert (len(kept), final.Status) == (2, 0)


def test_another_institutions_objects_are_not_retrieved(
    hospital: Hospital, library: Library, other_institution: Institution
) -> None:
    def elsewhere(peer: Peer) -> Caller:
        institution_id = other_institution.institution_id
        return Caller(CallerKind.APPLICATION_ENTITY, peer.calling_ae_title, institution_id, (Role.WORKSTATION,))

    with opened(hospital, library, elsewhere) as pacs:
        pacs.store()
        kept, final = got(pacs, GET, ONE_STUDY)
        assert (len(kept), final.Status, counts(final)) == (0, 0, (0, 0, 0))
        with storage_peer([EXPLICIT]) as peer:
            pacs.add_destination("PACS", peer.port)  # of the first institution
            assert moved(pacs, ONE_STUDY, "PACS").Status == 0xA801


def test_a_caller_without_the_right_to_read_retrieves_nothing(hospital: Hospital, library: Library) -> None:
    def modality(peer: Peer) -> Caller:
        institution_id = hospital.caller.institution_id
        return Caller(CallerKind.APPLICATION_ENTITY, peer.calling_ae_title, institution_id, (Role.MODALITY,))

    with opened(hospital, library, modality) as pacs:
        pacs.store()
        kept, final = got(pacs, GET, ONE_STUDY)
        assert (len(kept), final.Status) == (0, 0x0124)
        assert moved(pacs, ONE_STUDY, "PACS").Status == 0x0124


def moved(pacs: Pacs, asked: Dataset, destination: str, *, model: str = MOVE) -> Dataset:
    """The final command of a C-MOVE."""
    with pacs.associated(model) as association:
        return answers(association.send_c_move(asked, destination, model))[1]


@pytest.mark.parametrize("associations", [1, 3])
def test_a_move_brings_a_study_to_its_destination(pacs: Pacs, associations: int) -> None:
    stored = pacs.store(series=2, slices=20)
    with storage_peer([EXPLICIT]) as peer:
        pacs.add_destination("PACS", peer.port, associations=associations)
        final = moved(pacs, ONE_STUDY, "PACS")
    assert final.Status == 0
    assert counts(final) == (40, 0, 0)
    assert set(peer.received) == set(stored)
    assert peer.associations == associations
    syntax, data = peer.received["1.2.1.1.1.1"]
    assert (syntax, data) == (EXPLICIT, a_ct_slice(1, study="1.2.1.1", series="1.2.1.1.1"))


def test_the_destination_is_told_who_moves(pacs: Pacs) -> None:
    told = []
    entity = AE("PACS")
    entity.add_supported_context(CT, EXPLICIT)

    def take(event: Any) -> int:
        told.append((event.request.MoveOriginatorApplicationEntityTitle, event.request.MoveOriginatorMessageID))
        return 0

    port = free_port()
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, take)])
    assert server is not None
    try:
        pacs.store(slices=1)
        pacs.add_destination("PACS", port)
        with pacs.associated(MOVE) as association:
            answers(association.send_c_move(ONE_STUDY, "PACS", MOVE, msg_id=99))
    finally:
        server.shutdown()
    assert told == [("WORKSTATION", 99)]


def test_a_move_to_nobody_known_or_to_ourselves_is_refused(pacs: Pacs) -> None:
    pacs.store()
    pacs.add_destination("CLOSED", free_port(), send_allowed=False)
    pacs.add_destination("ISOCENTER", pacs.listener.address[1])
    for destination in ("NOBODY", "CLOSED", "ISOCENTER", "../other"):
        assert moved(pacs, ONE_STUDY, destination).Status == 0xA801
    assert len(pacs.listener.roster) <= 1


def test_a_move_to_a_destination_that_is_away_fails_with_its_counts(pacs: Pacs) -> None:
    stored = pacs.store(slices=3)
    pacs.add_destination("AWAY", free_port())
    with pacs.associated(MOVE) as association:
        final, listed = list(association.send_c_move(ONE_STUDY, "AWAY", MOVE))[-1]
    assert final.Status == 0xA702
    assert counts(final) == (0, 3, 0)
    assert listed is not None
    assert list(listed.FailedSOPInstanceUIDList) == stored


def test_a_move_is_cancelled_while_its_destination_hangs(hospital: Hospital, library: Library) -> None:
    hanging = threading.Event()

    def hang(connection: socket.socket) -> None:
        accept_all(connection)
        read_pdu(connection)
        hanging.set()
        while connection.recv(1 << 16):
            pass

    with scripted_peer(hang) as remote, opened(hospital, library, answer_timeout_s=4) as pacs:
        pacs.store(slices=3)
        pacs.add_destination("HANGS", remote.port)
        with pacs.associated(MOVE) as association:
            responses = association.send_c_move(ONE_STUDY, "HANGS", MOVE, msg_id=3)
            first, _ = next(responses)
            assert first.Status == 0xFF00
            assert first.NumberOfRemainingSuboperations == 3
            assert hanging.wait(10)
            association.send_c_cancel(3, query_model=MOVE)
            final = list(responses)[-1][0]
    assert final.Status == 0xFE00
    assert final.NumberOfRemainingSuboperations == 3


def test_a_destination_that_hangs_costs_its_time_and_is_counted(hospital: Hospital, library: Library) -> None:
    def hang(connection: socket.socket) -> None:
        accept_all(connection)
        while connection.recv(1 << 16):
            pass

    with scripted_peer(hang) as remote, opened(hospital, library, answer_timeout_s=0.5) as pacs:
        stored = pacs.store(slices=3)
        pacs.add_destination("HANGS", remote.port)
        with pacs.associated(MOVE) as association:
            final, listed = list(association.send_c_move(ONE_STUDY, "HANGS", MOVE))[-1]
    assert final.Status == 0xA702
    assert counts(final) == (0, 3, 0)
    assert listed is not None
    assert list(listed.FailedSOPInstanceUIDList) == stored


def test_a_move_is_on_record(pacs: Pacs) -> None:
    pacs.store(studies=2, slices=1)
    with storage_peer([EXPLICIT]) as peer:
        pacs.add_destination("PACS", peer.port)
        assert moved(pacs, identifier("STUDY", StudyInstanceUID=["1.2.1.1", "1.2.1.2"]), "PACS").Status == 0
    rows = pacs.hospital.rows(
        "SELECT study_instance_uid, caller_id, detail->>'ae_title' FROM audit_event"
        " WHERE action = 'study-sent' ORDER BY 1"
    )
    assert rows == [("1.2.1.1", "WORKSTATION", "PACS"), ("1.2.1.2", "WORKSTATION", "PACS")]


def test_a_study_that_is_sealed_while_it_is_retrieved_comes_whole(pacs: Pacs) -> None:
    sent = {f"1.2.3.1.{number}": a_real_slice(number) for number in (1, 2)}
    for uid, data in sent.items():
        pacs.hospital.store(data, uid=uid)
    kept: dict[str, bytes] = {}

    def take(event: Any) -> int:
        kept[str(event.request.AffectedSOPInstanceUID)] = event.request.DataSet.getvalue()
        if len(kept) == 1:
            seal_and_lose_journal(pacs)
        return 0

    with pacs.associated(GET, storage=True, handlers=[(evt.EVT_C_STORE, take)]) as association:
        _, final = answers(association.send_c_get(identifier("STUDY", StudyInstanceUID="1.2.3"), GET))
    assert (final.Status, set(kept)) == (0, set(sent))


def test_a_destination_that_ends_in_the_middle_costs_only_what_was_left(pacs: Pacs) -> None:
    stored = pacs.store(slices=4)
    with storage_peer([EXPLICIT]) as peer:
        peer.answer = lambda uid: 0 if uid in stored[:2] else 0xA700
        pacs.add_destination("PACS", peer.port)
        final = moved(pacs, ONE_STUDY, "PACS")
    assert final.Status == 0xB000
    assert counts(final) == (2, 2, 0)


def test_getscu_fetches_a_study(pacs: Pacs, tmp_path: Path) -> None:
    stored = pacs.store(slices=5)
    folder = tmp_path / "got"
    folder.mkdir()
    result = pacs.dcmtk(
        "getscu", "-S", "-od", str(folder), "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.1.1"
    )
    assert result.returncode == 0, result.stderr
    assert received_by(folder) == set(stored)


def test_movescu_moves_a_series_to_storescp(pacs: Pacs, tmp_path: Path) -> None:
    stored = pacs.store(series=2, slices=5)
    folder = tmp_path / "moved"
    folder.mkdir()
    with storescp(folder) as remote:
        pacs.add_destination("STORESCP", remote.port)
        keys = ["QueryRetrieveLevel=SERIES", "StudyInstanceUID=1.2.1.1", "SeriesInstanceUID=1.2.1.1.2"]
        result = pacs.dcmtk("movescu", "-S", "-aem", "STORESCP", *[part for key in keys for part in ("-k", key)])
        assert result.returncode == 0, result.stderr
        assert received_by(folder) == set(stored[5:])


def test_movescu_is_told_of_an_unknown_destination(pacs: Pacs) -> None:
    pacs.store()
    result = pacs.dcmtk(
        "movescu", "-v", "-S", "-aem", "NOBODY", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.1.1"
    )
    assert "MoveDestinationUnknown" in (result.stdout + result.stderr).replace(" ", "")


def test_many_movers_at_once_get_all_of_theirs(pacs: Pacs) -> None:
    pacs.store(studies=4, slices=10)
    with storage_peer([EXPLICIT]) as peer:
        pacs.add_destination("PACS", peer.port, associations=2)
        finals: list[Dataset] = []
        threads = [
            threading.Thread(
                target=lambda n=number: finals.append(
                    moved(pacs, identifier("STUDY", StudyInstanceUID=f"1.2.1.{n}"), "PACS")
                )
            )
            for number in range(1, 5)
        ]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 60
        for thread in threads:
            thread.join(deadline - time.monotonic())
    assert [final.Status for final in finals] == [0] * 4
    assert len(peer.received) == 40
