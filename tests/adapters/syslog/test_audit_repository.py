"""The trail on its way to an audit repository: syslog over TLS, to a receiver of our own and to rsyslog."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.access.trail.audit_schema import check

from isocenter.access import audit
from isocenter.access.caller import system_caller
from isocenter.access.trail.anchors import anchor_trail
from isocenter.access.trail.messages import AuditSource
from isocenter.access.trail.shipping import ship_trail, waiting_to_ship
from isocenter.adapters.syslog.audit_repository import AuditRepositoryAway, RepositoryAddress, SyslogRepository
from isocenter.index.institutions import Institution
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.storage.drivers import open_store
from isocenter.storage.facts import make_key_file, read_key_file

SOURCE = AuditSource("node-1", "ISOCENTER", "Demo")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signed itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "audit repository")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


class Receiver:
    """A syslog-TLS receiver (RFC 5425) on loopback that can be taken away and brought back."""

    def __init__(self, certificate: tuple[Path, Path]) -> None:
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(*certificate)
        self.received: list[bytes] = []
        self.port = 0
        self._listening: socket.socket | None = None
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listening.getsockname()[1]
        self._run(self._accept, self._listening)

    def stop(self) -> None:
        for open_one in [*self._connections, self._listening]:
            if open_one is not None:
                with suppress(OSError):
                    open_one.shutdown(socket.SHUT_RDWR)
                open_one.close()
        for thread in self._threads:
            thread.join(10)
        self._threads.clear()
        self._connections.clear()

    def _run(self, target: Callable[[socket.socket], None], argument: socket.socket) -> None:
        thread = threading.Thread(target=target, args=(argument,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            self._run(self._serve, plain)

    def _serve(self, plain: socket.socket) -> None:
        buffer = b""
        try:
            with self._context.wrap_socket(plain, server_side=True) as connection:
                self._connections.append(connection)
                while chunk := connection.recv(65536):
                    buffer = self._taken(buffer + chunk)
        except (OSError, ValueError):
            return

    def _taken(self, buffer: bytes) -> bytes:
        while match := re.match(rb"(\d+) ", buffer):
            end = match.end() + int(match[1])
            if len(buffer) < end:
                break
            self.received.append(buffer[match.end() : end])
            buffer = buffer[end:]
        return buffer


@pytest.fixture
def receiver(certificate: tuple[Path, Path]) -> Iterator[Receiver]:
    made = Receiver(certificate)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def repository(receiver: Receiver, certificate: tuple[Path, Path]) -> Iterator[SyslogRepository]:
    made = SyslogRepository(RepositoryAddress("127.0.0.1", receiver.port, certificate[0]), "node 1")
    yield made
    made.close()


def record(database: Database, institution: Institution, count: int) -> None:
    with database.transaction(institution.institution_id) as connection:
        caller = system_caller(institution.institution_id, "test")
        for number in range(count):
            audit.record(connection, caller, audit.Action.STUDY_DELETED, f"1.2.{number}", reason="重复\n<b>")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def sequences(receiver: Receiver) -> list[int]:
    return [int(found[1]) for each in receiver.received if (found := re.search(rb'sequenceId="(\d+)"', each))]


def test_the_trail_arrives_in_order_as_audit_messages_and_only_once(
    database: Database, institution: Institution, receiver: Receiver, repository: SyslogRepository, tmp_path: Path
) -> None:
    record(database, institution, 450)
    assert ship_trail(database, institution.institution_id, SOURCE, repository) == 450
    until(lambda: len(receiver.received) == 450)
    assert sequences(receiver) == list(range(1, 451))
    head, _, xml = receiver.received[0].partition(b"\xef\xbb\xbf")
    assert re.fullmatch(
        rb'<85>1 [\d-]{10}T[\d:.]{15}Z node1 isocenter - DICOM\+RFC3881 \[meta sequenceId="1"\]\[origin .*\] ', head
    )
    check(xml.decode())
    assert ship_trail(database, institution.institution_id, SOURCE, repository) == 0
    make_key_file(tmp_path / "key")
    store = open_store((tmp_path / "store").as_uri())
    anchor_trail(database, store, institution.institution_id, read_key_file(tmp_path / "key"))
    assert ship_trail(database, institution.institution_id, SOURCE, repository) == 1
    until(lambda: len(receiver.received) == 451)
    assert b" AUDIT-ANCHOR " in receiver.received[-1]
    anchor = receiver.received[-1].partition(b"\xef\xbb\xbf")[2].splitlines()[0]
    assert json.loads(anchor)["heads"][0][1] == 450


def test_an_outage_of_the_repository_loses_nothing(
    database: Database, institution: Institution, receiver: Receiver, repository: SyslogRepository
) -> None:
    record(database, institution, 3)
    ship_trail(database, institution.institution_id, SOURCE, repository)
    until(lambda: len(receiver.received) == 3)
    receiver.stop()
    record(database, institution, 4)
    with pytest.raises(AuditRepositoryAway):
        ship_trail(database, institution.institution_id, SOURCE, repository)
    with database.transaction(institution.institution_id) as connection:
        assert waiting_to_ship(connection) == 4
    receiver.start()
    assert ship_trail(database, institution.institution_id, SOURCE, repository) == 4
    until(lambda: len(receiver.received) >= 7)
    assert sequences(receiver) == [1, 2, 3, 4, 5, 6, 7]


def test_a_repository_that_nobody_vouches_for_gets_nothing(
    database: Database, institution: Institution, receiver: Receiver
) -> None:
    record(database, institution, 1)
    stranger = SyslogRepository(RepositoryAddress("127.0.0.1", receiver.port), "node-1")
    with pytest.raises(AuditRepositoryAway, match="CERTIFICATE_VERIFY_FAILED"):
        ship_trail(database, institution.institution_id, SOURCE, stranger)
    assert receiver.received == []


def test_a_certificate_for_another_name_is_refused(
    database: Database, institution: Institution, receiver: Receiver, certificate: tuple[Path, Path]
) -> None:
    record(database, institution, 1)
    elsewhere = SyslogRepository(RepositoryAddress("localhost", receiver.port, certificate[0]), "node-1")
    with pytest.raises(AuditRepositoryAway):
        ship_trail(database, institution.institution_id, SOURCE, elsewhere)
    assert receiver.received == []


RSYSLOG = """
global(workDirectory="{folder}" DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="{certificate}"
    DefaultNetstreamDriverCertFile="{certificate}" DefaultNetstreamDriverKeyFile="{key}" maxMessageSize="64k")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="{folder}/port")
template(name="whole" type="string" string="%msgid% %structured-data% %msg%\\n")
action(type="omfile" file="{folder}/received" template="whole")
"""


@pytest.fixture
def rsyslog(tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[int]:
    """A real rsyslog with TLS; the port it listens on."""
    program = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
    if not Path(program).exists() or not list(Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so")):
        reason = "there is no rsyslog with TLS on this machine (Debian: rsyslog rsyslog-gnutls)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    configuration = tmp_path / "rsyslog.conf"
    configuration.write_text(RSYSLOG.format(folder=tmp_path, certificate=certificate[0], key=certificate[1]))
    running = subprocess.Popen([program, "-n", "-f", str(configuration), "-i", str(tmp_path / "pid")])
    try:
        until(lambda: (tmp_path / "port").exists() and (tmp_path / "port").read_text().strip().isdigit())
        yield int((tmp_path / "port").read_text())
    finally:
        running.terminate()
        running.wait(10)


def test_rsyslog_takes_the_trail(
    database: Database, institution: Institution, rsyslog: int, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    record(database, institution, 5)
    repository = SyslogRepository(RepositoryAddress("127.0.0.1", rsyslog, certificate[0]), "node-1")
    assert ship_trail(database, institution.institution_id, SOURCE, repository) == 5
    received = tmp_path / "received"
    until(lambda: received.exists() and received.read_text("utf-8").count("</AuditMessage>") == 5)
    repository.close()
    lines = received.read_text("utf-8").splitlines()
    assert all(line.startswith("DICOM+RFC3881 [meta sequenceId=") for line in lines)
    check(lines[0][lines[0].index("<AuditMessage>") :])
