"""A home's certificates, for tests of TLS: an authority, what we show, and what peers hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from isocenter.access.caller import system_caller
from isocenter.access.certificates.facts import Kind
from isocenter.access.certificates.issuing import (
    Authority,
    Subject,
    fingerprint,
    issued,
    new_authority,
    new_key,
    pem_of,
    pem_of_key,
)
from isocenter.access.certificates.store import CertificateStore, store_of
from isocenter.access.certificates.verbs import init
from isocenter.kit.clock import utc_now
from isocenter.wire.tls import TlsFiles

HOSTS = ("localhost", "127.0.0.1")
OPERATOR = system_caller(1, "test")


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with a certificate: its files, as DCMTK and openssl want them."""

    certificate: Path
    key: Path
    fingerprint: str

    @property
    def options(self) -> tuple[str, ...]:
        """For DCMTK's programs."""
        return "+tls", str(self.key), str(self.certificate)


def a_store(home: Path) -> CertificateStore:
    """With an authority, and something to show."""
    store = store_of(home)
    init(store, OPERATOR, "Test authority", HOSTS)
    return store


def a_holder(
    folder: Path, authority: Authority, name: str = "CT1", *, hosts: tuple[str, ...] = (), at: datetime | None = None
) -> Holder:
    """A certificate for a device; of two days from `at` on. One with hosts also serves."""
    key = new_key()
    subject = Subject(name, hosts, serves=bool(hosts))
    made = issued(authority, subject, key.public_key(), at or utc_now(), 2)
    certificate, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(pem_of(made))
    key_file.write_bytes(pem_of_key(key))
    return Holder(certificate, key_file, fingerprint(made))


def a_stranger(folder: Path) -> Holder:
    """Whose authority nobody here knows, though it has the same name."""
    return a_holder(folder, new_authority("Test authority", utc_now()), "stranger", hosts=HOSTS)


def signed_by_itself(folder: Path, name: str) -> Authority:
    """As `openssl req -x509` makes them: it says that it is an authority; and NAME.pem, NAME.key."""
    key, subject = new_key(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc_now() - timedelta(hours=1))
        .not_valid_after(utc_now() + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(pem_of(made))
    (folder / f"{name}.key").write_bytes(pem_of_key(key))
    return Authority(made, key)


def long_ago() -> datetime:
    """Whatever was issued then has expired."""
    return utc_now() - timedelta(days=30)


def files_of(store: CertificateStore) -> TlsFiles:
    """What `wire` reads."""
    return TlsFiles(store.own(Kind.DICOM), store.trusted, store.authorities, store.revoked)
