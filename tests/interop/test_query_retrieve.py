"""Finding and fetching by DICOM from a running Isocenter with other people's toolkits: DCMTK, GDCM, pynetdicom."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
import pytest
from bench.association import Answer, Association, AssociationError
from bench.blast import DCMTK_ENVIRONMENT
from bench.data import instance_of, part10, uid
from bench.node import Node, eventually, free_port
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)
from tests.adapters.dimse.peers import action_request, commitment_requester
from tests.interop.builders import a_ct
from tests.interop.orthanc import program

from bench import dicomweb
from isocenter.standards.dicom.identifiers import encode_identifier

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
NAME = "Wang^XiaoDong=王^小东"


def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """One of DCMTK's programs; it must succeed."""
    command = [program(name, "dcmtk"), *map(str, arguments)]
    environment = {**os.environ, **DCMTK_ENVIRONMENT}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def study(node: Node, store: Callable[..., list[Answer]]) -> list[Dataset]:
    """Twelve slices of one study."""
    data_sets = [
        a_ct("query and retrieve", number, seed=number, InstanceNumber=number, PatientName=NAME) for number in range(12)
    ]
    assert {answer.status for answer in store(*map(instance_of, data_sets))} == {0}
    return data_sets


def destination(node: Node, ae_title: str, port: int) -> None:
    """Where we send what is to be moved to this AE title."""
    done = node.command(
        "destination", "add", ae_title.lower(), "--ae", ae_title, "--host", "127.0.0.1", "--port", str(port)
    )
    assert done.returncode == 0, done.stderr


def same(files: list[Path], data_sets: list[Dataset]) -> bool:
    """Whether the files hold exactly these data sets, value for value."""
    found = {str(each.SOPInstanceUID): each for each in map(pydicom.dcmread, files)}
    return found.keys() == {str(each.SOPInstanceUID) for each in data_sets} and all(
        found[str(each.SOPInstanceUID)] == pydicom.dcmread(_file(each)) for each in data_sets
    )


def _file(data_set: Dataset) -> Any:
    from io import BytesIO

    return BytesIO(part10(data_set))


def test_the_client_of_the_bench_counts_what_is_found(node: Node, study: list[Dataset]) -> None:
    keys: dict[int, tuple[str, tuple[str, ...]]] = {
        0x00080052: ("CS", ("STUDY",)),
        0x00100010: ("PN", ("wang^x*",)),
        0x0020000D: ("UI", (str(study[0].StudyInstanceUID),)),
    }
    of_images = {
        **keys,
        0x00080052: ("CS", ("IMAGE",)),
        0x00080018: ("UI", ()),
        0x0020000E: ("UI", (str(study[0].SeriesInstanceUID),)),
    }
    model = str(StudyRootQueryRetrieveInformationModelFind)
    association = Association(node.dicom_port, called=node.ae_title, contexts=[(model, EXPLICIT)])

    def found(asked: dict[int, tuple[str, tuple[str, ...]]]) -> int:
        return association.find(association.find_message(model, EXPLICIT, encode_identifier(asked, EXPLICIT)))

    assert (found(keys), found(of_images)) == (1, len(study))
    assert found({**keys, 0x00100010: ("PN", ("nobody*",))}) == 0
    with pytest.raises(AssociationError, match="a900"):
        found({**keys, 0x00080052: ("CS", ("NO LEVEL",))})
    association.release()


# --- DCMTK -------------------------------------------------------------------------------------------------------


def test_findscu_finds_by_wildcard_and_is_answered_in_utf_8(node: Node, study: list[Dataset], tmp_path: Path) -> None:
    keys = ("QueryRetrieveLevel=STUDY", "PatientName=wang^x*", "StudyInstanceUID", "NumberOfStudyRelatedInstances")
    options = [word for key in keys for word in ("-k", key)]
    run("findscu", "-S", "-aec", node.ae_title, *options, "-X", "-od", tmp_path, "127.0.0.1", node.dicom_port)
    found = [pydicom.dcmread(path, force=True) for path in tmp_path.glob("rsp*.dcm")]
    (answer,) = [each for each in found if each.StudyInstanceUID == study[0].StudyInstanceUID]
    assert (str(answer.PatientName), answer.SpecificCharacterSet) == (NAME, "ISO_IR 192")
    assert int(answer.NumberOfStudyRelatedInstances) == len(study)


def test_getscu_fetches_a_study_bit_for_bit(node: Node, study: list[Dataset], tmp_path: Path) -> None:
    keys = ("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={study[0].StudyInstanceUID}")
    options = [word for key in keys for word in ("-k", key)]
    run("getscu", "-S", "+B", "-aec", node.ae_title, *options, "-od", tmp_path, "127.0.0.1", node.dicom_port)
    assert same(sorted(tmp_path.iterdir()), study)


@contextmanager
def dcmqrscp(folder: Path, ae_title: str) -> Iterator[int]:
    """DCMTK's archive, with one storage area under the AE title."""
    port = free_port()
    (folder / "area").mkdir()
    configuration = folder / "dcmqrscp.cfg"
    configuration.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 65536\nMaxAssociations = 8\n"
        "HostTable BEGIN\nHostTable END\nVendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\n{ae_title} {folder / 'area'} RW (200, 1024mb) ANY\nAETable END\n"
    )
    process = subprocess.Popen(
        [program("dcmqrscp", "dcmtk"), "-c", str(configuration)],
        env={**os.environ, **DCMTK_ENVIRONMENT},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert eventually(lambda: echoes(port, ae_title), 20)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def echoes(port: int, ae_title: str) -> bool:
    entity = AE()
    entity.add_requested_context(Verification)
    association = entity.associate("127.0.0.1", port, ae_title=ae_title)
    if not association.is_established:
        return False
    association.release()
    return True


def test_movescu_moves_a_series_into_dcmqrscp(node: Node, study: list[Dataset], tmp_path: Path) -> None:
    with dcmqrscp(tmp_path, "QRSCP") as port:
        destination(node, "QRSCP", port)
        keys = (
            "QueryRetrieveLevel=SERIES",
            f"StudyInstanceUID={study[0].StudyInstanceUID}",
            f"SeriesInstanceUID={study[0].SeriesInstanceUID}",
        )
        options = [word for key in keys for word in ("-k", key)]
        run("movescu", "-S", "-aec", node.ae_title, "-aem", "QRSCP", *options, "127.0.0.1", node.dicom_port)
        answered = tmp_path / "answered"
        answered.mkdir()
        keys = ("QueryRetrieveLevel=IMAGE", *keys[1:], "SOPInstanceUID")
        options = [word for key in keys for word in ("-k", key)]
        run("findscu", "-S", "-aec", "QRSCP", *options, "-X", "-od", answered, "127.0.0.1", port)
        found = {str(pydicom.dcmread(path, force=True).SOPInstanceUID) for path in answered.glob("rsp*.dcm")}
        assert found == {str(each.SOPInstanceUID) for each in study}


# --- GDCM --------------------------------------------------------------------------------------------------------


def gdcmscu(*arguments: object) -> None:
    """GDCM's own client. Versions 3.0.21 and 3.2.6 do what they are asked, release, and then abort on an exception of
    their own ("ProtocolStream as nullptr"), with DCMTK's archive as well: what it did is seen at our side.
    """
    command = [program("gdcmscu", "libgdcm-tools"), "--aetitle", "GDCMSCU", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 or "ProtocolStream" in done.stderr, done.stderr


def test_gdcm_echoes_stores_and_finds(node: Node, study: list[Dataset], tmp_path: Path) -> None:
    data_set = a_ct("gdcm", 1)
    path = tmp_path / "one.dcm"
    path.write_bytes(part10(data_set))
    place = ("--call", node.ae_title, "127.0.0.1", node.dicom_port)
    gdcmscu("--echo", *place)
    gdcmscu("--store", "-i", path, *place)
    gdcmscu("--find", "--studyroot", "--study", "--key", f"20,d={study[0].StudyInstanceUID}", *place)

    def succeeded() -> int:
        logs = (node.home / "logs").glob("listener-*.log")
        lines = [line for each in logs for line in each.read_text().splitlines()]
        ends = [line for line in lines if "association.ended" in line and "calling_ae_title=GDCMSCU" in line]
        return sum("how=released" in line and "succeeded=1" in line for line in ends)

    assert eventually(lambda: succeeded() == 3, 10)
    got = dicomweb.instances(node, data_set.StudyInstanceUID, EXPLICIT)
    assert got.keys() == {data_set.SOPInstanceUID}


# --- pynetdicom --------------------------------------------------------------------------------------------------


def identifier(level: str, **keys: str) -> Dataset:
    data_set = Dataset()
    data_set.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(data_set, keyword, value)
    return data_set


def test_pynetdicom_cancels_a_query_and_asks_the_next_on_the_same_association(node: Node, study: list[Dataset]) -> None:
    model = StudyRootQueryRetrieveInformationModelFind
    entity = AE()
    entity.add_requested_context(model)
    association = entity.associate("127.0.0.1", node.dicom_port, ae_title=node.ae_title)
    assert association.is_established
    responses = association.send_c_find(identifier("STUDY", StudyInstanceUID=""), model, msg_id=7)
    association.send_c_cancel(7, query_model=model)
    # The whole answer may be on its way before the cancel is read; both ends are legal (PS3.4 C.4.1.3.2).
    assert [status.Status for status, _ in responses][-1] in (0xFE00, 0x0000)
    asked = identifier("STUDY", StudyInstanceUID=study[0].StudyInstanceUID, PatientName="")
    found = [(status.Status, answer) for status, answer in association.send_c_find(asked, model)]
    association.release()
    assert [status for status, _ in found] == [0xFF00, 0x0000]
    assert str(found[0][1].PatientName) == NAME


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_pynetdicom_gets_a_study_in_the_transfer_syntax_it_takes(node: Node, study: list[Dataset], syntax: str) -> None:
    received: list[Dataset] = []

    def took(event: evt.Event) -> int:
        received.append(event.dataset)
        assert event.context.transfer_syntax == syntax
        return 0

    model = StudyRootQueryRetrieveInformationModelGet
    entity = AE()
    entity.add_requested_context(model)
    entity.add_requested_context(CTImageStorage, syntax)
    association = entity.associate(
        "127.0.0.1",
        node.dicom_port,
        ae_title=node.ae_title,
        ext_neg=[build_role(CTImageStorage, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, took)],
    )
    assert association.is_established
    statuses = [
        status
        for status, _ in association.send_c_get(identifier("STUDY", StudyInstanceUID=study[0].StudyInstanceUID), model)
    ]
    association.release()
    assert (statuses[-1].Status, statuses[-1].NumberOfCompletedSuboperations) == (0, len(study))
    assert {each.SOPInstanceUID: each.PixelData for each in received} == {
        each.SOPInstanceUID: each.PixelData for each in study
    }


def test_pynetdicom_moves_to_itself_and_an_unknown_destination_is_told(node: Node, study: list[Dataset]) -> None:
    received: list[str] = []
    server_entity = AE(ae_title="MOVED-TO")
    server_entity.add_supported_context(CTImageStorage, EXPLICIT)
    server = server_entity.start_server(
        ("127.0.0.1", 0),
        block=False,
        evt_handlers=[(evt.EVT_C_STORE, lambda event: received.append(str(event.dataset.SOPInstanceUID)) or 0)],
    )
    try:
        destination(node, "MOVED-TO", server.server_address[1])
        model = StudyRootQueryRetrieveInformationModelMove
        entity = AE()
        entity.add_requested_context(model)
        association = entity.associate("127.0.0.1", node.dicom_port, ae_title=node.ae_title)
        assert association.is_established
        asked = identifier("STUDY", StudyInstanceUID=study[0].StudyInstanceUID)
        last = [status for status, _ in association.send_c_move(asked, "MOVED-TO", model)][-1]
        unknown = [status.Status for status, _ in association.send_c_move(asked, "NOBODY", model)][-1]
        association.release()
    finally:
        server.shutdown()
    assert (last.Status, last.NumberOfCompletedSuboperations, unknown) == (0, len(study), 0xA801)
    assert sorted(received) == sorted(str(each.SOPInstanceUID) for each in study)


def test_pynetdicom_is_promised_what_is_here_and_told_what_is_not(node: Node, study: list[Dataset]) -> None:
    with commitment_requester("COMMITTED") as peer:
        destination(node, "COMMITTED", peer.port)
        entity = AE(ae_title="COMMITTED")
        entity.add_requested_context(StorageCommitmentPushModel)
        association = entity.associate("127.0.0.1", node.dicom_port, ae_title=node.ae_title)
        assert association.is_established
        here = [(str(each.SOPClassUID), str(each.SOPInstanceUID)) for each in study[:3]]
        missing = (str(CTImageStorage), uid("never sent"))
        transaction = uid("transaction")
        request = action_request(transaction, [*here, missing])
        instance = StorageCommitmentPushModelInstance
        status, _ = association.send_n_action(request, 1, StorageCommitmentPushModel, instance)
        association.release()
        assert status.Status == 0
        assert eventually(lambda: bool(peer.reports), 60)
    event_type, report = peer.reports[0]
    assert (event_type, report.TransactionUID) == (2, transaction)
    assert {each.ReferencedSOPInstanceUID for each in report.ReferencedSOPSequence} == {uid for _, uid in here}
    assert [each.ReferencedSOPInstanceUID for each in report.FailedSOPSequence] == [missing[1]]
