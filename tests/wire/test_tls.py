"""DICOM over TLS (BCP 195): whom the listener lets in and whom we trust when we call, with DCMTK and openssl."""

from __future__ import annotations

import random
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from structlog.testing import capture_logs
from structlog.typing import EventDict
from tests.access.certificates.builders import (
    HOSTS,
    OPERATOR,
    Holder,
    a_holder,
    a_store,
    a_stranger,
    files_of,
    long_ago,
    signed_by_itself,
)
from tests.wire.peers import ENVIRONMENT, dcmtk_program, storescp
from tests.wire.upper_layer import (
    CT_IMAGE_STORAGE,
    PATIENCE_S,
    RecordingService,
    Wire,
    associate_request,
    command,
    listening,
    p_data,
    pdv,
    recording_services,
    status,
)

from isocenter.access.certificates.facts import Kind, facts_of
from isocenter.access.certificates.issuing import certificates_from_pem, fingerprint
from isocenter.access.certificates.store import CertificateStore
from isocenter.access.certificates.verbs import renew
from isocenter.kit.clock import utc_now
from isocenter.standards.dicom.dimse import CommandField
from isocenter.standards.dicom.uids import VERIFICATION_SOP_CLASS
from isocenter.wire import tls
from isocenter.wire.listener import Listener
from isocenter.wire.listening_socket import bound_socket
from isocenter.wire.remote import PeerNotSecure, ProposedContext, Remote
from isocenter.wire.requestor import request_association
from isocenter.wire.tls import TlsClient, TlsServer, fingerprint_of

Services = tuple[RecordingService, RecordingService]
EXPLICIT = "1.2.840.10008.1.2.1"
ECHO = [ProposedContext(VERIFICATION_SOP_CLASS, ("1.2.840.10008.1.2",))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def store(folder: Path) -> CertificateStore:
    return a_store(folder / "home")


@pytest.fixture(scope="module")
def ct1(store: CertificateStore, folder: Path) -> Holder:
    return a_holder(folder, store.authority())


@pytest.fixture
def services() -> Services:
    return recording_services()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are looked at before every handshake, not once a second."""
    monkeypatch.setattr(tls, "LOOKED_AT_EVERY_S", 0.0)


@pytest.fixture
def secure(store: CertificateStore, services: Services) -> Iterator[Listener]:
    with listening(services, tls=TlsServer(files_of(store))) as listener:
        yield listener


class SecureWire(Wire):
    """A connection to a TLS listener."""

    def __enter__(self) -> SecureWire:
        return self

    def __init__(self, to: Listener, store: CertificateStore, holder: Holder) -> None:
        super().__init__(to)
        context = ssl.create_default_context(cafile=store.authorities)
        context.load_cert_chain(holder.certificate, holder.key)
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def ends(self) -> bool:
        """Whether the listener ends it instead of answering (with TLS 1.3 the client learns it only then)."""
        with suppress(OSError):
            self.send(associate_request())
            return self.read_pdu()[0] == 0
        return True


@contextmanager
def secure_storescp(folder: Path, peer: Holder, trusting: CertificateStore) -> Iterator[Remote]:
    """DCMTK's storescp under TLS, which asks for certificates; called with those of its trusting store."""
    with storescp(folder, *peer.options, "+cf", str(trusting.authorities), "-rc") as remote:
        yield replace(remote, host="localhost", tls=TlsClient(files_of(trusting)))


def echoscu(listener: Listener, *options: str) -> subprocess.CompletedProcess[str]:
    host, port = listener.address
    command = [dcmtk_program("echoscu"), "-to", "5", "-ta", "5", "-aec", "ISOCENTER", *options, host, str(port)]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE_S)


def whys(logs: list[EventDict]) -> list[str]:
    """Why callers were refused; the peer may know before the log does."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = [str(each["why"]) for each in logs if each["event"] == "connection.not-secure"]
        if found or time.monotonic() > deadline:
            assert found, logs
            return found
        time.sleep(0.01)


def openssl(listener: Listener, *options: str) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    address = f"127.0.0.1:{listener.address[1]}"
    command = [program, "s_client", "-connect", address, "-ign_eof", *options]
    request = b"GET / HTTP/1.0\r\n\r\n"  # the listener ends it
    return subprocess.run(command, input=request, capture_output=True, timeout=PATIENCE_S)


def test_dcmtk_with_a_certificate_of_our_authority_is_let_in(
    secure: Listener, services: Services, store: CertificateStore, ct1: Holder
) -> None:
    answer = echoscu(secure, *ct1.options, "+cf", str(store.authorities))
    assert answer.returncode == 0, answer.stderr
    assert services[1].messages[0].peer.certificate == ct1.fingerprint


def test_dcmtk_stores_over_tls_what_it_stores_without(
    secure: Listener, services: Services, store: CertificateStore, ct1: Holder
) -> None:
    send = [dcmtk_program("storescu"), "-aec", "ISOCENTER"]
    file = str(get_testdata_file("CT_small.dcm"))
    with listening(services) as plain:
        for listener, options in ((plain, ()), (secure, (*ct1.options, "+cf", str(store.authorities)))):
            command = [*send, *options, *map(str, listener.address), file]
            subprocess.run(command, env=ENVIRONMENT, check=True, timeout=PATIENCE_S)
    one, other = services[0].messages
    assert len(one.data) > 30_000 and one.data == other.data
    assert (one.peer.certificate, other.peer.certificate) == (None, ct1.fingerprint)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("plain", "WRONG_VERSION_NUMBER|HTTP_REQUEST|UNSUPPORTED|VERSION"),
        ("no certificate", "PEER_DID_NOT_RETURN_A_CERTIFICATE"),
        ("stranger", "local issuer|signature failure"),
        ("expired", "certificate has expired"),
    ],
)
def test_dcmtk_is_refused(secure: Listener, store: CertificateStore, folder: Path, case: str, why: str) -> None:
    trusting = "+cf", str(store.authorities)
    options: tuple[str, ...] = ()
    if case == "no certificate":
        options = "+tla", *trusting
    elif case == "stranger":
        options = *a_stranger(folder).options, *trusting
    elif case == "expired":
        options = *a_holder(folder, store.authority(), "old", at=long_ago()).options, *trusting
    with capture_logs() as logs:
        assert echoscu(secure, *options).returncode != 0
        refused = whys(logs)
    assert any(word in refused[0] for word in why.split("|")), logs


def test_dcmtk_that_does_not_know_our_authority_refuses_us(secure: Listener, ct1: Holder) -> None:
    assert echoscu(secure, *ct1.options).returncode != 0


def test_a_revoked_certificate_is_refused_from_the_next_connection_on(
    store: CertificateStore, services: Services, folder: Path, at_once: None
) -> None:
    lost = a_holder(folder, store.authority(), "lost")
    with listening(services, tls=TlsServer(files_of(store))) as listener:
        with SecureWire(listener, store, lost) as wire:
            wire.associate()
            store.revoke(lost.fingerprint, utc_now())
            assert wire.echo() == 0  # what is connected stays connected
        with SecureWire(listener, store, lost) as wire:
            assert wire.ends()


def test_a_device_certificate_of_its_own_making_is_let_in_once_it_is_trusted(
    store: CertificateStore, services: Services, folder: Path, at_once: None
) -> None:
    stranger = a_stranger(folder)
    with listening(services, tls=TlsServer(files_of(store))) as listener:
        with SecureWire(listener, store, stranger) as wire:
            assert wire.ends()
        store.put_trusted(1, certificates_from_pem(stranger.certificate.read_text())[0])
        with SecureWire(listener, store, stranger) as wire:
            wire.associate()
            assert wire.echo() == 0
    assert services[1].messages[0].peer.certificate == stranger.fingerprint


def test_a_device_that_signs_its_own_vouches_for_nobody_else(
    store: CertificateStore, services: Services, folder: Path, at_once: None
) -> None:
    itself = signed_by_itself(folder, "CT9")
    store.put_trusted(1, itself.certificate)
    ct9 = Holder(folder / "CT9.pem", folder / "CT9.key", fingerprint(itself.certificate))
    vouched = a_holder(folder, itself, "vouched")
    with listening(services, tls=TlsServer(files_of(store))) as listener:
        with SecureWire(listener, store, ct9) as wire:
            wire.associate()
            assert wire.echo() == 0
        with capture_logs() as logs, SecureWire(listener, store, vouched) as wire:
            assert wire.ends()
    assert [each["why"] for each in logs if "why" in each] == [
        "issued by a certificate that is trusted for itself alone"
    ]


def test_a_session_is_taken_up_again_only_by_who_was_let_in(
    store: CertificateStore, services: Services, folder: Path, ct1: Holder, at_once: None
) -> None:
    itself = signed_by_itself(folder, "CT8")
    store.put_trusted(1, itself.certificate)
    vouched = a_holder(folder, itself, "vouched")
    with listening(services, tls=TlsServer(files_of(store))) as listener:
        for holder, let_in in ((ct1, True), (vouched, False)):
            context = ssl.create_default_context(cafile=store.authorities)
            context.maximum_version = ssl.TLSVersion.TLSv1_2  # whose sessions need no ticket
            context.load_cert_chain(holder.certificate, holder.key)
            session = None
            for _ in range(2):
                with Wire(listener) as wire:
                    secured = context.wrap_socket(wire.socket, server_hostname="localhost", session=session)
                    wire.socket = secured
                    assert secured.session_reused == (session is not None)
                    session = secured.session
                    with suppress(OSError):
                        wire.send(associate_request())
                    with suppress(ssl.SSLError):
                        assert (wire.read_pdu()[0] == 2) == let_in


@pytest.mark.parametrize("options", [("-tls1",), ("-tls1_1",), ("-tls1_2", "-cipher", "AES128-SHA:AES128-GCM-SHA256")])
def test_old_protocols_and_suites_find_no_common_ground(
    secure: Listener, ct1: Holder, options: tuple[str, ...]
) -> None:
    old = ("-cipher", "ALL:@SECLEVEL=0") if len(options) == 1 else ()
    answer = openssl(secure, "-cert", str(ct1.certificate), "-key", str(ct1.key), *options, *old)
    assert b"Cipher is (NONE)" in answer.stdout
    assert b"alert" in answer.stderr  # it is our refusal, not openssl's


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_present_protocols_are_spoken_without_tickets_or_compression(
    secure: Listener, store: CertificateStore, ct1: Holder, version: str
) -> None:
    trust = "-CAfile", str(store.authorities), "-verify_return_error"
    answer = openssl(secure, "-cert", str(ct1.certificate), "-key", str(ct1.key), version, *trust)
    assert b"Verification: OK" in answer.stdout
    assert b"Compression: NONE" in answer.stdout and b"ticket" not in answer.stdout.lower()
    assert b"AES_256_GCM" in answer.stdout or b"AES256-GCM" in answer.stdout


def test_a_renewed_certificate_is_shown_from_the_next_handshake_on_and_nobody_is_cut(
    store: CertificateStore, services: Services, ct1: Holder, at_once: None
) -> None:
    with listening(services, tls=TlsServer(files_of(store))) as listener, SecureWire(listener, store, ct1) as wire:
        wire.associate()
        before = fingerprint_of(wire.socket)
        renewed = renew(store, OPERATOR, (Kind.DICOM,))
        with SecureWire(listener, store, ct1) as later:
            later.associate()
            assert fingerprint_of(later.socket) == renewed[0].fingerprint != before
            assert later.echo() == 0
        assert wire.store(b"\x08\0\x16\0" + bytes(300_000), pieces=7) == 0
        assert wire.release() == 6


def test_a_certificate_that_is_half_written_changes_nothing(
    tmp_path: Path, services: Services, folder: Path, at_once: None
) -> None:
    store = a_store(tmp_path)
    ct1 = a_holder(folder, store.authority(), "whole")
    with listening(services, tls=TlsServer(files_of(store))) as listener:
        whole = store.own(Kind.DICOM).read_bytes()
        store.own(Kind.DICOM).write_bytes(whole[: len(whole) // 2])
        with SecureWire(listener, store, ct1) as wire:
            wire.associate()
            assert wire.echo() == 0


def test_a_handshake_that_does_not_go_on_is_closed_in_time_and_holds_nobody_up(
    store: CertificateStore, services: Services, ct1: Holder
) -> None:
    beginnings = (b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x16\x03\x01\xff\xff")
    with listening(services, tls=TlsServer(files_of(store)), artim_s=1.5) as listener:
        slow = [Wire(listener) for _ in range(21)]
        for number, each in enumerate(slow):
            each.send(beginnings[number % 3])
        with SecureWire(listener, store, ct1) as wire:
            wire.associate()
            assert wire.echo() == 0
        assert all(each.read_pdu()[0] in (0, 0x15) for each in slow)  # closed, or told by an alert
        for each in slow:
            each.close()


def test_a_request_in_pieces_and_two_in_one_record_are_both_understood(
    secure: Listener, store: CertificateStore, ct1: Holder
) -> None:
    with SecureWire(secure, store, ct1) as wire:
        request = associate_request()
        for byte in request[:10]:
            wire.send(bytes([byte]))
        wire.send(request[10:])
        assert wire.read_pdu()[0] == 2
        echo = p_data(pdv(3, 3, command(CommandField.C_ECHO_RQ, data_set=False)))
        wire.send(echo + echo)
        assert status(wire.read_response()) == 0 and status(wire.read_response()) == 0
        assert wire.release() == 6


def test_an_idle_secure_association_is_ended(store: CertificateStore, services: Services, ct1: Holder) -> None:
    with (
        listening(services, tls=TlsServer(files_of(store)), idle_for_s=0.3) as listener,
        SecureWire(listener, store, ct1) as wire,
    ):
        wire.associate()
        assert wire.read_pdu()[0] == 7


def test_a_listener_that_stops_says_so_to_secure_associations(
    store: CertificateStore, services: Services, ct1: Holder
) -> None:
    with listening(services) as plain:
        secure = plain.beside(bound_socket("127.0.0.1", 0), TlsServer(files_of(store)))
        secure.start()
        with SecureWire(secure, store, ct1) as wire, Wire(plain) as other:
            wire.associate()
            other.associate()
            assert len(plain.roster) == 2
            assert plain.stop(within_s=PATIENCE_S) == 0
            assert wire.read_pdu()[0] == other.read_pdu()[0] == 7


def test_a_flood_of_things_that_are_no_handshake_leaves_nothing_behind(
    secure: Listener, store: CertificateStore, ct1: Holder
) -> None:
    noise = random.Random(20261122)
    threads = threading.active_count()
    for number in range(200):
        with Wire(secure) as wire, suppress(ConnectionError):
            record = bytes([22, 3, 1]) + noise.randrange(1, 600).to_bytes(2, "big")
            wire.send((record if number % 2 else b"") + noise.randbytes(noise.randrange(1, 700)))
    with SecureWire(secure, store, ct1) as wire:
        wire.associate()
        assert wire.echo() == 0
        assert wire.release() == 6
    assert threading.active_count() <= threads + 1


@pytest.mark.parametrize("pinned", [False, True])
def test_we_call_dcmtk_over_tls(store: CertificateStore, folder: Path, pinned: bool) -> None:
    peer = a_holder(folder, store.authority(), f"pacs-{pinned}", hosts=() if pinned else HOSTS)
    if pinned:
        peer = a_stranger(folder)
        store.put_trusted(1, certificates_from_pem(peer.certificate.read_text())[0])
    with secure_storescp(folder, peer, store) as remote:
        remote = replace(remote, certificate=peer.fingerprint if pinned else None)
        file = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()
        offered = [ProposedContext(CT_IMAGE_STORAGE, (EXPLICIT,)), *ECHO]
        with request_association(remote, offered) as called:
            assert called.echo() == 0
            stored = called.store(
                sop_class_uid=CT_IMAGE_STORAGE,
                sop_instance_uid="1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322",
                transfer_syntax_uid=EXPLICIT,
                pieces=[file[file.index(b"\x08\0\x05\0") :]],
            )
            assert stored.succeeded


@pytest.mark.parametrize("case", ["of another host", "stranger", "revoked", "not the pinned one", "plain"])
def test_we_do_not_speak_to_who_is_not_the_peer(store: CertificateStore, folder: Path, case: str) -> None:
    hosts = ("pacs.example",) if case == "of another host" else HOSTS
    peer = a_stranger(folder) if case == "stranger" else a_holder(folder, store.authority(), case, hosts=hosts)
    if case == "stranger":
        store.drop_trusted(facts_of(certificates_from_pem(peer.certificate.read_text())[0], Kind.TRUSTED, 1))
    if case == "revoked":
        store.revoke(peer.fingerprint, utc_now())
    plain = storescp(folder) if case == "plain" else None
    with plain or secure_storescp(folder, peer, store) as remote:
        pin = "0" * 64 if case == "not the pinned one" else None
        with pytest.raises(PeerNotSecure):
            request_association(replace(remote, tls=TlsClient(files_of(store)), certificate=pin), ECHO)


def test_a_peer_that_does_not_accept_our_certificate_is_said_to(store: CertificateStore, tmp_path: Path) -> None:
    theirs = a_store(tmp_path / "theirs")
    peer = a_holder(tmp_path, store.authority(), "choosy", hosts=HOSTS)
    with secure_storescp(tmp_path, peer, theirs) as remote, pytest.raises(PeerNotSecure):
        request_association(replace(remote, tls=TlsClient(files_of(store))), ECHO)
