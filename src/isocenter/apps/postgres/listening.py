"""A private PostgreSQL that the other site's may copy: one port, under TLS, for one role that can only replicate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from isocenter.apps.postgres.programs import RunAs
from isocenter.kit.clock import utc_now
from isocenter.kit.files import write_whole

ROLE: Final = "isocenter_standby"
NAME: Final = "isocenter-replication"
"""In the certificate; the other site checks that it is signed by itself, not what the host is called."""
_LIFE: Final = timedelta(days=7300)
_MOST_KEPT: Final = "16GB"
_RULE: Final = f"hostssl replication {ROLE} all scram-sha-256"


@dataclass(frozen=True, slots=True)
class Listening:
    """Where it listens. host: an address of this machine; port: also that of its Unix socket."""

    host: str
    port: int

    def prepare(self, root: Path, data: Path, user: RunAs) -> None:
        """Before the server starts: a certificate, once, and the rule that lets the other site in."""
        if not certificate_path(root).exists():
            _make_certificate(root, user)
        rules = data / "pg_hba.conf"
        text = rules.read_text()
        if _RULE not in text:
            with rules.open("a") as file:
                file.write(f"\n{_RULE}\n")

    def server_settings(self, root: Path) -> dict[str, str]:
        """What the server is told besides."""
        return {
            "listen_addresses": self.host,
            "port": str(self.port),
            "ssl": "on",
            "ssl_cert_file": str(certificate_path(root)),
            "ssl_key_file": str(_key_path(root)),
            "ssl_min_protocol_version": "TLSv1.2",
            "wal_level": "replica",
            "max_wal_senders": "5",
            "wal_compression": "on",
            "wal_sender_timeout": "30s",
            "max_slot_wal_keep_size": _MOST_KEPT,  # a site that is away for weeks does not fill this disk
        }


def certificate_path(root: Path) -> Path:
    """The certificate that the other site is given with its invitation."""
    return root / "replication.crt"


def _key_path(root: Path) -> Path:
    return root / "replication.key"


def _make_certificate(root: Path, user: RunAs) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = utc_now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    owned_file(_key_path(root), private, user)
    owned_file(certificate_path(root), made.public_bytes(serialization.Encoding.PEM), user)


def owned_file(path: Path, data: bytes, user: RunAs) -> None:
    """A file that the user who runs PostgreSQL alone may read; whole or not at all."""
    owner = None if user.uid is None or user.gid is None else (user.uid, user.gid)
    write_whole(path, data, owner)
