"""Send to, storage commitment and rejection notes on a running home, with the real Orthanc at the other end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from bench.association import Answer
from bench.data import instance_of, uid
from bench.node import Node, eventually
from pydicom.dataset import Dataset
from pydicom.uid import KeyObjectSelectionDocumentStorage
from tests.interop.builders import a_ct, with_meta
from tests.interop.orthanc import Orthanc

from bench import dicomweb

EXPLICIT = "1.2.840.10008.1.2.1"
PATIENCE_S = 60


@pytest.fixture(scope="module")
def study(node: Node, store: Callable[..., list[Answer]]) -> list[Dataset]:
    """A study of five images that we have."""
    data_sets = [a_ct("promised", number, seed=number, InstanceNumber=number) for number in range(5)]
    assert {answer.status for answer in store(*map(instance_of, data_sets))} == {0}
    return data_sets


@pytest.fixture(scope="module")
def destination(node: Node, orthanc: Orthanc) -> str:
    """Orthanc as a destination of ours, unless another module has made it one."""
    known = json.loads(node.command("destination", "list", "--json").stdout)
    for each in known:
        if each["ae_title"] == orthanc.ae_title:
            return str(each["name"])
    arguments = ("--ae", orthanc.ae_title, "--host", "127.0.0.1", "--port", str(orthanc.dicom_port))
    done = node.command("destination", "add", "orthanc", *arguments)
    assert done.returncode == 0, done.stderr
    return "orthanc"


def test_a_destination_is_asked_from_the_command_line(node: Node, destination: str) -> None:
    done = node.command("destination", "echo", destination, "--json")
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (0, True)
    assert node.command("destination", "echo", "nobody").returncode == 3


def test_a_study_sent_from_the_command_line_arrives(
    node: Node, orthanc: Orthanc, destination: str, study: list[Dataset]
) -> None:
    done = node.command("send", str(study[0].StudyInstanceUID), "--to", destination, "--wait", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["state"], told["total"], told["done"], told["failures"]) == ("done", 5, 5, [])
    assert {str(each.SOPInstanceUID) for each in study} <= orthanc.instances()
    (transfer, *_) = node.get("/api/transfers").json()["transfers"]  # type: ignore[index]
    assert (transfer["state"], transfer["destination_name"]) == ("done", destination)


def test_orthanc_asks_for_commitment_and_is_told_what_is_safe(
    node: Node, orthanc: Orthanc, destination: str, study: list[Dataset]
) -> None:
    asked = [[str(each.SOPClassUID), str(each.SOPInstanceUID)] for each in study]
    assert commitment(orthanc, asked)["Status"] == "Success"
    missing = [asked[0][0], uid("instance", "never stored")]
    report = commitment(orthanc, [*asked, missing])
    assert report["Status"] == "Failure"
    assert {each["SOPInstanceUID"] for each in report["Success"]} == {instance for _, instance in asked}
    assert [(each["SOPInstanceUID"], each["FailureReason"]) for each in report["Failures"]] == [(missing[1], 0x0112)]


def test_a_rejection_note_hides_what_it_names_until_it_is_taken_back(
    node: Node, store: Callable[..., list[Answer]], study: list[Dataset]
) -> None:
    study_uid, rejected = str(study[0].StudyInstanceUID), str(study[0].SOPInstanceUID)
    everything = {str(each.SOPInstanceUID) for each in study}
    note = a_rejection_note(study[0])
    assert store(instance_of(note))[0].status == 0
    assert eventually(lambda: rejected not in found(node, study_uid), PATIENCE_S)
    assert found(node, study_uid) == everything - {rejected} | {str(note.SOPInstanceUID)}
    assert dicomweb.instances(node, study_uid, EXPLICIT).keys() == found(node, study_uid)
    (told,) = json.loads(node.command("rejection", "list", study_uid, "--json").stdout)
    assert (told["code"], told["state"], told["instance_count"]) == ("113001", "active", 1)
    assert node.command("rejection", "restore", str(told["rejection_id"])).returncode == 0
    assert found(node, study_uid) == everything


def commitment(orthanc: Orthanc, asked: list[list[str]]) -> dict[str, Any]:
    """What Orthanc was told about these [class, instance] pairs, when it has been told."""
    made = orthanc.post("/modalities/isocenter/storage-commitment", {"DicomInstances": asked})
    path = f"/storage-commitment/{made['ID']}"
    assert eventually(lambda: orthanc.get(path)["Status"] != "Pending", PATIENCE_S)
    return dict(orthanc.get(path))


def found(node: Node, study_uid: str) -> set[str]:
    """SOP Instance UIDs that QIDO-RS finds in a study."""
    answer = node.get(f"/dicom-web/studies/{study_uid}/instances").json()
    return {each["00080018"]["Value"][0] for each in answer}  # type: ignore[union-attr, index]


def a_rejection_note(image: Dataset) -> Dataset:
    """A key object selection that rejects one image for quality reasons."""
    note = a_ct("promised", "note", SOPClassUID=KeyObjectSelectionDocumentStorage, Modality="KO")
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(note, keyword)
    note.SeriesInstanceUID = uid("series", "promised", "note")
    title, reference, series, evidence, content = (Dataset() for _ in range(5))
    title.CodeValue, title.CodingSchemeDesignator = "113001", "DCM"
    title.CodeMeaning = "Rejected for Quality Reasons"
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    series.SeriesInstanceUID, series.ReferencedSOPSequence = image.SeriesInstanceUID, [reference]
    evidence.StudyInstanceUID, evidence.ReferencedSeriesSequence = image.StudyInstanceUID, [series]
    content.RelationshipType, content.ValueType, content.ReferencedSOPSequence = "CONTAINS", "IMAGE", [reference]
    note.ConceptNameCodeSequence = [title]
    note.CurrentRequestedProcedureEvidenceSequence, note.ContentSequence = [evidence], [content]
    return with_meta(note)
