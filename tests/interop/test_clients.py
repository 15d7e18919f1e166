"""Other people's clients talk to the real listener: DCMTK's echoscu, storescu and dcmsend, and pynetdicom."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pydicom
import pytest
from bench.blast import DCMTK_ENVIRONMENT
from bench.data import part10
from bench.node import Node
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage, Verification
from tests.interop.builders import a_ct

from bench import dicomweb


def dcmtk(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of DCMTK's programs; skip with the reason where it is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} (Debian package dcmtk) is not installed")
    environment = {**os.environ, **DCMTK_ENVIRONMENT}
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=120, env=environment, check=False
    )


def a_folder_of_ct(folder: Path, name: str, count: int) -> list[pydicom.Dataset]:
    data_sets = [a_ct(name, number, seed=number, InstanceNumber=number) for number in range(count)]
    for number, data_set in enumerate(data_sets):
        (folder / f"{number:03d}.dcm").write_bytes(part10(data_set))
    return data_sets


def test_echoscu_is_answered(node: Node) -> None:
    done = dcmtk("echoscu", "-aec", node.ae_title, "127.0.0.1", str(node.dicom_port))

    assert done.returncode == 0, done.stderr


def test_a_wrong_called_ae_title_is_rejected_as_such(node: Node) -> None:
    done = dcmtk("echoscu", "-aec", "SOMEONE-ELSE", "127.0.0.1", str(node.dicom_port))

    assert done.returncode != 0
    assert "Called AE Title Not Recognized" in done.stderr


@pytest.mark.parametrize(
    ("program", "options"),
    [("storescu", ["-R", "--scan-directories", "--recurse"]), ("dcmsend", ["+sd", "+r"])],
)
def test_dcmtk_stores_a_folder(program: str, options: list[str], node: Node, tmp_path: Path) -> None:
    sent = a_folder_of_ct(tmp_path, f"sent by {program}", 20)

    done = dcmtk(program, *options, "-aec", node.ae_title, "127.0.0.1", str(node.dicom_port), str(tmp_path))

    assert done.returncode == 0, done.stderr
    got = dicomweb.instances(node, sent[0].StudyInstanceUID, "1.2.840.10008.1.2.1")
    assert got.keys() == {data_set.SOPInstanceUID for data_set in sent}


@pytest.mark.parametrize("option", ["--propose-implicit", "--propose-big", "--propose-little"])
def test_storescu_stores_in_each_uncompressed_syntax(option: str, node: Node, tmp_path: Path) -> None:
    data_set = a_ct(f"storescu {option}")
    path = tmp_path / "one.dcm"
    path.write_bytes(part10(data_set))

    done = dcmtk("storescu", "-R", option, "-aec", node.ae_title, "127.0.0.1", str(node.dicom_port), str(path))

    assert done.returncode == 0, done.stderr
    place = f"{data_set.StudyInstanceUID}/series/{data_set.SeriesInstanceUID}/instances/{data_set.SOPInstanceUID}"
    assert dicomweb.frames(node, place, [1], "1.2.840.10008.1.2.1")[0] == data_set.PixelData


def test_pynetdicom_echoes_and_stores_several_over_one_association(node: Node) -> None:
    entity = AE(ae_title="PYNETDICOM")
    entity.add_requested_context(Verification)
    entity.add_requested_context(CTImageStorage, ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"])
    association = entity.associate("127.0.0.1", node.dicom_port, ae_title=node.ae_title)
    assert association.is_established
    association.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data_sets = [a_ct("pynetdicom", number, seed=number) for number in range(5)]

    statuses = [association.send_c_echo().Status, *(association.send_c_store(each).Status for each in data_sets)]
    association.release()

    assert statuses == [0] * 6
    got = dicomweb.instances(node, data_sets[0].StudyInstanceUID, "1.2.840.10008.1.2.1")
    assert got.keys() == {data_set.SOPInstanceUID for data_set in data_sets}


def test_four_associations_store_into_one_series_at_one_time(node: Node, tmp_path: Path) -> None:
    sent = a_folder_of_ct(tmp_path, "four at once", 40)
    if shutil.which("dcmsend") is None:
        pytest.skip("dcmsend (Debian package dcmtk) is not installed")
    files = sorted(map(str, tmp_path.iterdir()))
    command = ["dcmsend", "-aec", node.ae_title, "127.0.0.1", str(node.dicom_port)]
    environment = {**os.environ, **DCMTK_ENVIRONMENT}
    running = [subprocess.Popen([*command, *files[start::4]], env=environment) for start in range(4)]

    assert [process.wait(60) for process in running] == [0] * 4
    assert len(dicomweb.instances(node, sent[0].StudyInstanceUID, "1.2.840.10008.1.2.1")) == 40
