"""Isocenter and the real Orthanc, in both directions: C-STORE, C-FIND, C-MOVE, and DICOMweb by Orthanc's client."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bench.association import Answer
from bench.data import instance_of
from bench.node import Node, eventually
from pydicom.dataset import Dataset
from tests.domain.reading.test_reading_objects import CINE, IMAGE, MAKING, a_report, a_state
from tests.interop.builders import a_ct
from tests.interop.orthanc import Orthanc

from bench import dicomweb
from isocenter.domain.reading.key_images import selection_of
from isocenter.standards.dicom.data_set_writing import data_set_of
from isocenter.standards.dicom.part10 import file_meta


@pytest.fixture(scope="module")
def ours(node: Node, store: Callable[..., list[Answer]]) -> list[Dataset]:
    """A study that only we have."""
    data_sets = [a_ct("ours for Orthanc", number, seed=number, InstanceNumber=number) for number in range(6)]
    assert {answer.status for answer in store(*map(instance_of, data_sets))} == {0}
    return data_sets


@pytest.fixture(scope="module")
def as_destination(node: Node, orthanc: Orthanc) -> str:
    """Orthanc as a destination of ours."""
    arguments = ("--ae", orthanc.ae_title, "--host", "127.0.0.1", "--port", str(orthanc.dicom_port))
    done = node.command("destination", "add", "orthanc", *arguments)
    assert done.returncode == 0, done.stderr
    return "orthanc"


def uids(data_sets: list[Dataset]) -> set[str]:
    return {str(each.SOPInstanceUID) for each in data_sets}


def identifiers(orthanc: Orthanc, data_sets: list[Dataset]) -> list[str]:
    """Orthanc's own names of the instances."""
    found = [orthanc.post("/tools/lookup", str(each.SOPInstanceUID).encode()) for each in data_sets]
    return [each["ID"] for one in found for each in one if each["Type"] == "Instance"]


def forget(orthanc: Orthanc, data_sets: list[Dataset]) -> None:
    """Delete the instances from Orthanc."""
    resources = identifiers(orthanc, data_sets)
    if resources:
        orthanc.post("/tools/bulk-delete", {"Resources": resources})
    assert not uids(data_sets) & orthanc.instances()


def test_orthanc_echoes_and_stores_to_us(node: Node, orthanc: Orthanc) -> None:
    theirs = [a_ct("stored by Orthanc", number, seed=number) for number in range(4)]
    orthanc.store(*theirs)
    orthanc.post("/modalities/isocenter/echo", {})
    answer = orthanc.post("/modalities/isocenter/store", identifiers(orthanc, theirs))
    assert (answer["InstancesCount"], answer["FailedInstancesCount"]) == (4, 0)
    assert dicomweb.instances(node, theirs[0].StudyInstanceUID, "1.2.840.10008.1.2.1").keys() == uids(theirs)


def test_orthanc_finds_here_and_moves_to_itself(
    node: Node, orthanc: Orthanc, ours: list[Dataset], as_destination: str
) -> None:
    forget(orthanc, ours)
    asked = {"Level": "Study", "Query": {"PatientID": ours[0].PatientID, "StudyInstanceUID": ""}}
    query = orthanc.post("/modalities/isocenter/query", asked)["ID"]
    (answer,) = orthanc.get(f"/queries/{query}/answers?expand&simplify")
    assert answer["StudyInstanceUID"] == ours[0].StudyInstanceUID
    orthanc.post(f"/queries/{query}/retrieve", {"TargetAet": orthanc.ae_title, "Synchronous": True})
    assert uids(ours) <= orthanc.instances()


def test_we_send_a_study_to_orthanc(node: Node, orthanc: Orthanc, ours: list[Dataset], as_destination: str) -> None:
    forget(orthanc, ours)
    done = node.command("send", str(ours[0].StudyInstanceUID), "--to", as_destination, "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    assert eventually(lambda: uids(ours) <= orthanc.instances(), 30)


def test_orthancs_dicomweb_client_finds_retrieves_and_stores_here(
    node: Node, orthanc: Orthanc, ours: list[Dataset]
) -> None:
    forget(orthanc, ours)
    asked = {"Uri": "/studies", "Arguments": {"PatientID": ours[0].PatientID}}
    (found,) = orthanc.post("/dicom-web/servers/isocenter/qido", asked)
    assert found["0020000D"]["Value"] == ours[0].StudyInstanceUID
    orthanc.post("/dicom-web/servers/isocenter/retrieve", {"Resources": [{"Study": ours[0].StudyInstanceUID}]})
    assert uids(ours) <= orthanc.instances()
    theirs = [a_ct("sent by Orthanc's DICOMweb", number, seed=number) for number in range(4)]
    orthanc.store(*theirs)
    orthanc.post("/dicom-web/servers/isocenter/stow", {"Resources": identifiers(orthanc, theirs)})
    assert dicomweb.instances(node, theirs[0].StudyInstanceUID, "1.2.840.10008.1.2.1").keys() == uids(theirs)


def test_orthanc_takes_reports_presentation_states_and_key_images_of_ours(orthanc: Orthanc) -> None:
    made = [a_report(), a_state(), selection_of(IMAGE, "113000", "note", [CINE], MAKING)]
    for model in made:
        sop_class, uid = (str(model[tag]["Value"][0]) for tag in ("00080016", "00080018"))
        file = file_meta(sop_class, uid, "1.2.840.10008.1.2.1") + data_set_of(model)
        assert orthanc.post("/instances", file)["Status"] == "Success"
        assert uid in orthanc.instances()
