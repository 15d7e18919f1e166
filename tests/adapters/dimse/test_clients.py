"""Other people's toolkits against our listener: DCMTK's echoscu, storescu and dcmsend, and pynetdicom."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread
from pynetdicom import AE, build_role, evt
from pynetdicom.pdu_primitives import AsynchronousOperationsWindowNegotiation, UserIdentityNegotiation
from pynetdicom.sop_class import CTImageStorage, Verification
from tests.adapters.dimse.doubles import MemoryArchive, workstations_of
from tests.standards.dicom.encoding import a_data_set
from tests.wire.upper_layer import listening

from isocenter.adapters.dimse.storage_scp import StorageScp
from isocenter.adapters.dimse.verification_scp import VerificationScp
from isocenter.standards.dicom.part10 import read_file_meta
from isocenter.wire.listener import Listener

ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}


@pytest.fixture
def archive() -> MemoryArchive:
    return MemoryArchive()


@pytest.fixture
def listener(archive: MemoryArchive) -> Iterator[Listener]:
    with listening([StorageScp(archive, workstations_of(1)), VerificationScp()]) as started:
        yield started


def dcmtk(program: str, listener: Listener, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a DCMTK program (not pynetdicom's of the same name) against the listener."""
    places = [each for each in os.environ["PATH"].split(os.pathsep) if ".venv" not in each]
    found = shutil.which(program, path=os.pathsep.join(places))
    if found is None:
        pytest.skip(f"DCMTK's {program} is not installed")
    host, port = listener.address
    called = [] if "-aec" in arguments else ["-aec", "ISOCENTER"]
    return subprocess.run(
        [found, *called, host, str(port), *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_echoscu_is_answered(listener: Listener) -> None:
    assert dcmtk("echoscu", listener).returncode == 0


def test_echoscu_with_another_called_title_is_told_why(listener: Listener) -> None:
    result = dcmtk("echoscu", listener, "-aec", "NOBODY")
    assert result.returncode != 0
    assert "Called AE Title Not Recognized" in result.stderr


def test_echoscu_with_the_most_contexts_is_answered(listener: Listener) -> None:
    assert dcmtk("echoscu", listener, "-ppc", "128", "-pts", "38").returncode == 0


@pytest.mark.parametrize("pdu_bytes", ["4096", "131072"])
@pytest.mark.shared_data
def test_storescu_sends_a_folder(listener: Listener, archive: MemoryArchive, shared_data: Path, pdu_bytes: str) -> None:
    folder = shared_data / "mr-small"
    result = dcmtk("storescu", listener, "-pdu", pdu_bytes, "+sd", "+r", str(folder))
    assert result.returncode == 0, result.stderr
    assert {each.sop_instance_uid for each in archive.objects} == {
        str(dcmread(each, stop_before_pixels=True).SOPInstanceUID) for each in folder.rglob("*.dcm")
    }


@pytest.mark.shared_data
def test_dcmsend_sends_every_transfer_syntax_and_the_bytes_are_those_of_the_files(
    listener: Listener, archive: MemoryArchive, shared_data: Path
) -> None:
    files = [*(shared_data / "transfer-syntax-ct").glob("*.dcm"), *(shared_data / "us-xa-multiframe").glob("*.dcm")]
    contents, sendable = {}, []
    for path in files:
        content = path.read_bytes()
        meta = read_file_meta(memoryview(content))
        contents[meta.transfer_syntax_uid, meta.sop_instance_uid] = content[meta.data_set_offset :]
        sendable.append(str(path))
    result = dcmtk("dcmsend", listener, "--no-uid-checks", "--decompress-never", "--no-halt", *sendable)
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(archive.objects) == len(files)
    syntaxes = {each.transfer_syntax_uid for each in archive.objects}
    assert len(syntaxes) >= 12
    verbatim = 0
    for each in archive.objects:
        sent = contents.get((each.transfer_syntax_uid, each.sop_instance_uid))
        verbatim += sent == each.data  # DCMTK writes sequence lengths and deflate streams its own way
    assert verbatim >= len(files) // 2


def a_ct_file(tmp_path: Path) -> Path:
    from isocenter.standards.dicom.part10 import file_meta

    path = tmp_path / "ct.dcm"
    head = file_meta(str(CTImageStorage), "1.2.3.4", "1.2.840.10008.1.2.1")
    sop_class = b"\x08\0\x16\0UI\x1a\0" + str(CTImageStorage).encode() + b"\0"
    path.write_bytes(head + sop_class + a_data_set())
    return path


def test_pynetdicom_negotiates_everything_and_stores(
    listener: Listener, archive: MemoryArchive, tmp_path: Path
) -> None:
    entity = AE("PYNETDICOM")
    entity.add_requested_context(Verification)
    entity.add_requested_context(CTImageStorage, ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
    identity = UserIdentityNegotiation()
    identity.user_identity_type, identity.positive_response_requested = 2, True
    identity.primary_field, identity.secondary_field = b"user", b"secret"
    window = AsynchronousOperationsWindowNegotiation()
    window.maximum_number_operations_invoked, window.maximum_number_operations_performed = 5, 5
    association = entity.associate(
        *listener.address,
        ae_title="ISOCENTER",
        ext_neg=[identity, window, build_role(CTImageStorage, scu_role=True, scp_role=True)],
    )
    assert association.is_established
    accepted = {each.abstract_syntax: each.transfer_syntax[0] for each in association.accepted_contexts}
    assert accepted[CTImageStorage] == "1.2.840.10008.1.2.1"
    assert association.send_c_echo().Status == 0
    for _ in range(3):
        assert association.send_c_store(a_ct_file(tmp_path)).Status == 0
    association.release()
    assert association.is_released
    assert len(archive.objects) == 3


def test_pynetdicom_aborts_in_peace(listener: Listener) -> None:
    closed: list[object] = []
    entity = AE("PYNETDICOM")
    entity.add_requested_context(Verification)
    association = entity.associate(
        *listener.address, ae_title="ISOCENTER", evt_handlers=[(evt.EVT_CONN_CLOSE, closed.append)]
    )
    association.abort()
    assert association.is_aborted
    assert dcmtk("echoscu", listener).returncode == 0
