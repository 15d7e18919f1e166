"""Foreign and broken bytes: each file is stored or refused with its reason, and the node lives on in bounded memory."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pydicom
import pytest
from bench.association import IMPLICIT_VR_LITTLE_ENDIAN, VERIFICATION, Association, AssociationError
from bench.data import EXPLICIT_VR_LITTLE_ENDIAN, Instance
from bench.node import Node
from bench.processes import pss_bytes
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_file_meta_info
from tests.fuzz.inputs import entries
from tests.fuzz.mutation import mutated
from tests.fuzz.targets import SYNTAXES
from tests.interop.corpus import SETS, files_of, is_storable

from bench import dicomweb

pytestmark = pytest.mark.shared_data

MEMORY_BYTES = 256 << 20
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
STORED_OR_REFUSED = (0x0000, 0xB000, 0xA900, 0xC000, 0x0122, 0x0117)


def as_it_says(path: Path) -> Instance:
    """The bytes after the meta, sent as what data set or meta say they are; as a CT where neither says anything."""
    content = memoryview(path.read_bytes())
    try:
        meta = read_file_meta_info(path)
        begin = 132 + 12 + int(meta.FileMetaInformationGroupLength)
    except Exception:
        meta, begin = FileMetaDataset(), 132 if bytes(content[128:132]) == b"DICM" else 0
    try:
        said = pydicom.dcmread(path, force=True, specific_tags=["SOPClassUID", "SOPInstanceUID"])
        sop_class_uid, sop_instance_uid = str(said.get("SOPClassUID", "")), str(said.get("SOPInstanceUID", ""))
    except Exception:
        sop_class_uid = sop_instance_uid = ""
    return Instance(
        sop_class_uid=sop_class_uid or str(meta.get("MediaStorageSOPClassUID") or CT_IMAGE_STORAGE),
        sop_instance_uid=sop_instance_uid or str(meta.get("MediaStorageSOPInstanceUID") or "1.2.3"),
        study_instance_uid="",
        series_instance_uid="",
        transfer_syntax_uid=str(meta.get("TransferSyntaxUID") or EXPLICIT_VR_LITTLE_ENDIAN),
        data_set=(content[begin:],) if len(content) > begin else (memoryview(b"\0\0"),),
    )


def answered(node: Node, instance: Instance) -> str:
    """The status in hexadecimal with its comment, or how the association ended."""
    contexts = [(instance.sop_class_uid, instance.transfer_syntax_uid)]
    try:
        association = Association(node.dicom_port, called=node.ae_title, contexts=contexts, timeout_s=30)
        answer = association.store(instance)
        association.release()
    except (AssociationError, EOFError, ConnectionError) as ended:
        return f"ended {ended}"
    return f"{answer.status:04x} {answer.comment}"


def bad_files(shared_data: Path) -> list[Path]:
    """The malformed set and what the other sets hold of the same sort: DICOMDIR, torn and meta-less files."""
    others = [path for name in SETS for path in files_of(shared_data / name) if not is_storable(path)]
    return [*files_of(shared_data / "malformed"), *others]


def echoes(node: Node) -> bool:
    association = Association(
        node.dicom_port, called=node.ae_title, contexts=[(VERIFICATION, IMPLICIT_VR_LITTLE_ENDIAN)]
    )
    answer = association.echo()
    association.release()
    return answer.status == 0


def test_over_c_store_each_is_stored_or_refused_with_its_reason(shared_data: Path, node: Node) -> None:
    before = {pid: pss_bytes([pid]) for pid in node.pids_of("listener")}
    wrong = []
    for path in bad_files(shared_data):
        said = answered(node, as_it_says(path))
        status, _, reason = said.partition(" ")
        unexplained = status not in ("0000", "ended") and not reason
        if (status != "ended" and int(status, 16) not in STORED_OR_REFUSED) or unexplained:
            wrong.append((path.name, said))
        assert echoes(node), path
    assert wrong == []
    after = {pid: pss_bytes([pid]) for pid in node.pids_of("listener")}
    assert after.keys() == before.keys(), "the listener was replaced"
    assert all(after[pid] - before[pid] < MEMORY_BYTES for pid in after)


def test_made_up_data_sets_over_c_store_are_stored_or_refused_too(node: Node) -> None:
    """What the fuzz makes of good data sets (tests/fuzz), through a whole listener."""
    before = {pid: pss_bytes([pid]) for pid in node.pids_of("listener")}
    corpus, random = list(entries("data_set").values()), Random(7)
    wrong = []
    for number in range(200):
        data = mutated(random, corpus)
        syntax = SYNTAXES[data[0] % len(SYNTAXES)] if data else SYNTAXES[0]
        made = Instance(CT_IMAGE_STORAGE, "1.2.3.1.1", "", "", syntax, (memoryview(data[1:] or b"\0\0"),))
        said = answered(node, made)
        status, _, reason = said.partition(" ")
        if status == "ended" or int(status, 16) not in STORED_OR_REFUSED or (status != "0000" and not reason):
            wrong.append((number, said))
    assert wrong == []
    assert echoes(node)
    after = {pid: pss_bytes([pid]) for pid in node.pids_of("listener")}
    assert after.keys() == before.keys(), "the listener was replaced"
    assert all(after[pid] - before[pid] < MEMORY_BYTES for pid in after)


def test_over_stow_each_is_stored_or_refused_with_its_reason(shared_data: Path, node: Node) -> None:
    wrong = []
    for path in bad_files(shared_data):
        reply = dicomweb.store(node, [path.read_bytes()])
        if reply.status not in (200, 202, 400, 409, 415):
            wrong.append((path.name, reply.status, reply.body[:200]))
        elif reply.status != 200 and not reply.body:
            wrong.append((path.name, reply.status, b"no reason"))
    assert wrong == []
    assert node.ready()


def test_import_names_each_refused_file_and_its_reason(shared_data: Path, node: Node) -> None:
    done = node.command("import", str(shared_data / "malformed"), str(shared_data / "dicomdir" / "DICOMDIR"))

    assert "Traceback" not in done.stdout + done.stderr
    assert "DICOMDIR" in done.stdout + done.stderr
    assert node.ready()


def test_what_was_stored_of_them_can_be_asked_for_without_an_error_of_ours(shared_data: Path, node: Node) -> None:
    wrong = []
    for path in files_of(shared_data / "malformed"):
        reply = dicomweb.store(node, [path.read_bytes()])
        if reply.status not in (200, 202):
            continue
        body = reply.json()
        assert isinstance(body, dict)
        where = body["00081199"]["Value"][0].get("00081190")
        if where is None:  # kept aside: the UID is another object's
            continue
        place = where["Value"][0][where["Value"][0].index("/dicom-web/") :]
        for suffix, accept in [("", "*/*"), ("/metadata", "application/dicom+json"), ("/rendered", "image/jpeg")]:
            status = node.get(place + suffix, accept).status
            if status >= 500:
                wrong.append((path.name, suffix or "instance", status))
    assert wrong == []
    assert node.ready()
