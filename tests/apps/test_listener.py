"""The listener as a process: an object goes in through a socket, and SIGTERM ends it in peace."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from psycopg.conninfo import conninfo_to_dict
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage
from tests.standards.dicom.encoding import EXPLICIT, a_data_set
from tests.wire.upper_layer import CT_IMAGE_STORAGE, Wire, associate_request, command, context, p_data, pdv, status
from tests.wire.upper_layer import EXPLICIT as EXPLICIT_VR

from isocenter.apps.wiring import node_name
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings
from isocenter.standards.dicom.dimse import CommandField
from isocenter.standards.dicom.part10 import file_meta, read_file_meta


@pytest.fixture
def process(database_url: str, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A running listener on a free port."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ISOCENTER_")}
    environment |= {
        "ISOCENTER_HOME": str(tmp_path / "home"),
        "ISOCENTER_DATABASE_URL": f"postgresql:///?{urlencode(conninfo_to_dict(database_url))}",
        "ISOCENTER_DICOM_PORT": "0",
    }
    started = subprocess.Popen(
        [sys.executable, "-m", "isocenter.apps.listener"], env=environment, stderr=subprocess.PIPE, text=True
    )
    assert started.stderr is not None
    try:
        for line in started.stderr:
            if ready := re.search(r"port=(\d+)", line):
                yield started, int(ready[1])
                break
        else:
            pytest.fail(f"the listener ended with {started.wait(30)}")
    finally:
        started.kill()
        started.wait(30)


def a_ct(tmp_path: Path, sop_instance_uid: str) -> Path:
    path = tmp_path / f"{sop_instance_uid}.dcm"
    sop_class = EXPLICIT.text(0x00080016, b"UI", str(CTImageStorage))
    series = EXPLICIT.text(0x0020000E, b"UI", "1.2.3.9")
    data_set = (sop_class + a_data_set()).replace(b"\x20\0\x0d\0", series + b"\x20\0\x0d\0")
    path.write_bytes(file_meta(str(CTImageStorage), sop_instance_uid, "1.2.840.10008.1.2.1") + data_set)
    return path


def test_an_object_is_stored_and_the_process_ends_on_sigterm(
    process: tuple[subprocess.Popen[str], int], database: Database, tmp_path: Path
) -> None:
    listener, port = process
    entity = AE("SCANNER")
    entity.add_requested_context(CTImageStorage, "1.2.840.10008.1.2.1")
    association = entity.associate("127.0.0.1", port, ae_title="ISOCENTER")
    assert association.is_established
    assert association.send_c_store(a_ct(tmp_path, "1.2.3.4")).Status == 0
    assert association.send_c_store(a_ct(tmp_path, "1.2.3.4")).Status == 0
    association.release()
    with database.transaction(1) as connection:
        row = connection.execute("SELECT count(*) FROM instance").fetchone()
    assert row == (1,)
    listener.send_signal(signal.SIGTERM)
    assert listener.wait(60) == 0


def test_on_sigterm_the_object_in_flight_is_still_stored_and_acknowledged(
    process: tuple[subprocess.Popen[str], int], database: Database, tmp_path: Path
) -> None:
    listener, port = process
    data = a_ct(tmp_path, "1.2.3.4").read_bytes()
    data = data[read_file_meta(memoryview(data)).data_set_offset :]
    request = command(CommandField.C_STORE_RQ, uid=b"1.2.3.4\0")
    with Wire(("127.0.0.1", port)) as idle, Wire(("127.0.0.1", port)) as busy:
        idle.associate()
        busy.associate(associate_request(context(1, CT_IMAGE_STORAGE, EXPLICIT_VR)))
        busy.send(p_data(pdv(1, 3, request)) + p_data(pdv(1, 0, data[:50])))
        for _ in range(50):  # meanwhile the process has read what the other association sent
            assert idle.echo() == 0
        listener.send_signal(signal.SIGTERM)
        assert idle.read_pdu()[0] == 7
        busy.send(p_data(pdv(1, 2, data[50:])))
        assert status(busy.read_response()) == 0
        assert busy.read_pdu()[0] == 7
    assert listener.wait(60) == 0
    with database.transaction(1) as connection:
        assert connection.execute("SELECT count(*) FROM instance").fetchone() == (1,)


def test_the_node_has_a_name_that_fits_into_a_path() -> None:
    assert re.fullmatch(r"[a-z0-9-]+", node_name(Settings(home=Path("/nowhere"))))
