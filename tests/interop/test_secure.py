"""HTTPS and DICOM over TLS as a hospital runs them: real processes, certificates of `isocenter certificates`."""

from __future__ import annotations

import http.client
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pydicom
import pytest
from pydicom.data import get_testdata_file
from tests.apps.test_up import COMMAND, DEADLINE_S, Up, until
from tests.wire.peers import ENVIRONMENT, dcmtk_program, storescp
from tests.wire.upper_layer import PATIENCE_S

from isocenter.access.devices.watch import READ_EVERY_S

CT_SMALL = Path(str(get_testdata_file("CT_small.dcm")))


@dataclass(frozen=True, slots=True)
class Secure:
    """A running Isocenter with HTTPS and a TLS port; authority: what clients trust; device: of a CT."""

    up: Up
    authority: Path
    device: Path

    @property
    def dicom_tls_port(self) -> str:
        return str(self.up.state["settings"]["ISOCENTER_DICOM_TLS_PORT"])

    @property
    def web(self) -> tuple[str, int]:
        address = urlsplit(self.up.state["http_url"])
        assert address.scheme == "https" and address.port is not None
        return "127.0.0.1", address.port

    def connection(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=self.authority)
        made = http.client.HTTPSConnection(*self.web, timeout=PATIENCE_S, context=context)
        made.connect()
        return made


@pytest.fixture(scope="module")
def secure() -> Iterator[Secure]:
    folder = Path(tempfile.mkdtemp(prefix="isocenter-secure-"))
    folder.chmod(0o755)  # as root, PostgreSQL runs as another user, who must get in
    settings = {"ISOCENTER_HTTP_TLS": "on", "ISOCENTER_DICOM_TLS_PORT": "0"}
    environment = Up.environment_of(folder / "home", **settings)
    made = subprocess.run(
        [*COMMAND, "certificates", "init", "--host", "127.0.0.1", "--host", "localhost"],
        env=environment,
        check=True,
        capture_output=True,
    )
    assert b"PRIVATE" not in made.stdout + made.stderr
    up = Up(folder / "home", **settings)
    issued = up.run("certificates", "issue", "CT1", "--output", str(folder / "ct1"))
    assert issued.returncode == 0, issued.stderr
    yield Secure(up, folder / "ct1" / "authority.pem", folder / "ct1" / "CT1")
    up.process.send_signal(signal.SIGTERM)
    up.process.wait(DEADLINE_S)
    shutil.rmtree(folder, ignore_errors=True)


def shown(connection: http.client.HTTPSConnection) -> str:
    assert isinstance(connection.sock, ssl.SSLSocket)
    return sha256(connection.sock.getpeercert(binary_form=True) or b"").hexdigest()


def test_a_study_comes_in_and_goes_out_over_tls_unchanged(secure: Secure) -> None:
    options = "+tls", f"{secure.device}.key", f"{secure.device}.pem", "+cf", str(secure.authority)
    command = [dcmtk_program("storescu"), "-aec", "ISOCENTER", *options, "127.0.0.1", secure.dicom_tls_port]
    subprocess.run([*command, str(CT_SMALL)], env=ENVIRONMENT, check=True, timeout=PATIENCE_S)
    token = secure.up.run("token", "issue", "--role", "administrator").stdout.strip().splitlines()[-1]
    sent = pydicom.dcmread(CT_SMALL)
    path = f"/dicom-web/studies/{sent.StudyInstanceUID}"
    headers = {"Authorization": f"Bearer {token}", "Accept": 'multipart/related; type="application/dicom"'}
    connection = secure.connection()
    for _ in range(2):  # the second on the same connection: nothing of the first is left over
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200 and len(body) == int(answer.headers["Content-Length"])
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        part = body[body.index(b"\r\n\r\n") + 4 : body.rindex(b"\r\n--")]
        received = pydicom.dcmread(BytesIO(part))
        assert received.PixelData == sent.PixelData and received.SOPInstanceUID == sent.SOPInstanceUID


def test_studies_leave_by_sending_and_by_c_move_over_tls(secure: Secure, tmp_path: Path) -> None:
    secure.up.run("certificates", "issue", "PACS", "--host", "127.0.0.1", "--output", str(secure.device.parent))
    pacs = secure.device.parent / "PACS"
    uid = str(pydicom.dcmread(CT_SMALL).StudyInstanceUID)
    options = "+tls", f"{pacs}.key", f"{pacs}.pem", "+cf", str(secure.authority), "-rc"
    with storescp(tmp_path, *options) as remote:
        address = "--ae", "STORESCP", "--host", "127.0.0.1", "--port", str(remote.port), "--tls"
        added = secure.up.run("destination", "add", "Secure archive", *address)
        assert added.returncode == 0 and "does not answer" not in added.stderr
        assert secure.up.run("send", uid, "--to", "STORESCP", "--wait").returncode == 0
        sent = [path.read_bytes() for path in tmp_path.iterdir()]
        for path in tmp_path.iterdir():
            path.unlink()
        keys = [part for key in ("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={uid}") for part in ("-k", key)]
        listener = secure.up.state["dicom_host"], str(secure.up.state["dicom_port"])
        command = [dcmtk_program("movescu"), "-S", "-aec", "ISOCENTER", "-aem", "STORESCP", *keys, *listener]
        subprocess.run(command, env=ENVIRONMENT, check=True, timeout=PATIENCE_S)
        moved = [path.read_bytes() for path in tmp_path.iterdir()]
    assert len(sent) == 1 and moved == sent


def test_a_renewed_certificate_is_shown_at_once_and_open_connections_stay(secure: Secure) -> None:
    kept = secure.connection()
    before = shown(kept)
    assert secure.up.run("certificates", "renew").returncode == 0

    def renewed() -> bool:
        fresh = secure.connection()
        found = shown(fresh)
        fresh.close()
        return found != before

    assert until(renewed)
    kept.request("GET", "/health/ready")
    answer = kept.getresponse()
    assert answer.status == 200 and b"warnings" in answer.read()
    assert shown(kept) == before
    options = "+tls", f"{secure.device}.key", f"{secure.device}.pem", "+cf", str(secure.authority)
    command = [dcmtk_program("echoscu"), "-aec", "ISOCENTER", *options, "127.0.0.1", secure.dicom_tls_port]
    subprocess.run(command, env=ENVIRONMENT, check=True, timeout=PATIENCE_S)


def test_a_device_is_who_holds_its_certificate(secure: Secure) -> None:
    folder = secure.device.parent
    printed = [
        secure.up.run("certificates", "issue", name, "--output", str(folder)).stdout.split()[-1] for name in ("A", "B")
    ]
    bound = "--ae", "CT_A", "--certificate", printed[0], "--tls-only"
    added = secure.up.run("device", "add", "CT of A", *bound)
    assert added.returncode == 0, added.stderr

    def echo(*options: str, port: str = secure.dicom_tls_port) -> bool:
        command = [dcmtk_program("echoscu"), "-aet", "CT_A", "-aec", "ISOCENTER", *options, "127.0.0.1", port]
        return subprocess.run(command, env=ENVIRONMENT, capture_output=True, timeout=PATIENCE_S).returncode == 0

    def showing(name: str) -> tuple[str, ...]:
        return "+tls", f"{folder / name}.key", f"{folder / name}.pem", "+cf", str(secure.authority)

    until(lambda: not echo(*showing("B")))  # every listener knows a new device within seconds
    until(lambda: not echo(port=str(secure.up.state["dicom_port"])))
    time.sleep(READ_EVERY_S)
    assert echo(*showing("A"))
    assert not any(echo(*showing("B")) or echo(port=str(secure.up.state["dicom_port"])) for _ in range(4))


def test_plain_http_gets_nothing_from_the_https_port(secure: Secure) -> None:
    with socket.create_connection(secure.web, timeout=PATIENCE_S) as plain:
        plain.sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
        said = b""
        while part := plain.recv(4096):
            said += part
    assert b"HTTP" not in said and b"live" not in said


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
@pytest.mark.parametrize(("version", "spoken"), [("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)])
def test_the_web_server_speaks_nothing_older_than_tls_1_2(secure: Secure, version: str, spoken: bool) -> None:
    context = ssl.create_default_context(cafile=secure.authority)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    with socket.create_connection(secure.web, timeout=PATIENCE_S) as connection:
        if not spoken:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(connection, server_hostname="localhost")
            return
        with context.wrap_socket(connection, server_hostname="localhost") as made:
            cipher = made.cipher()
            assert cipher is not None and ("GCM" in cipher[0] or "CHACHA20" in cipher[0])


def test_a_lost_device_is_revoked_from_the_command_line(secure: Secure) -> None:
    issued = secure.up.run("certificates", "issue", "LOST", "--output", str(secure.device.parent))
    lost = secure.device.parent / "LOST"
    options = "+tls", f"{lost}.key", f"{lost}.pem", "+cf", str(secure.authority)
    command = [dcmtk_program("echoscu"), "-aec", "ISOCENTER", *options, "127.0.0.1", secure.dicom_tls_port]
    subprocess.run(command, env=ENVIRONMENT, check=True, timeout=PATIENCE_S)
    fingerprint = issued.stdout.strip().split()[-1]
    revoked = secure.up.run("certificates", "revoke", fingerprint[:16])
    assert revoked.returncode == 0, revoked.stderr

    def refused() -> bool:
        return subprocess.run(command, env=ENVIRONMENT, capture_output=True, timeout=PATIENCE_S).returncode != 0

    assert until(refused)
    listed = secure.up.run("certificates", "list", "--json").stdout
    assert '"state": "revoked"' in listed and "PRIVATE" not in listed
