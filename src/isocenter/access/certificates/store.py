"""The files of certificates: home/secrets/certificates. Each is written whole or not at all, readable by its owner.

authority.pem, authority.key      our authority
own/web.pem, own/dicom.pem        our key and chain in one file, so that both change at one moment
issued/<institution>/<SHA-256>.pem, trusted/<institution>/<SHA-256>.pem     0: of the whole node
trusted.pem, authorities.pem, revoked.txt     what `wire.tls` reads, made from the above
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from isocenter.access.certificates.errors import AuthorityExists, NoAuthority
from isocenter.access.certificates.facts import Facts, Kind, facts_of, is_authority
from isocenter.access.certificates.issuing import (
    Authority,
    PrivateKey,
    certificates_from_pem,
    fingerprint,
    key_from_pem,
    pem_of,
    pem_of_key,
)
from isocenter.kit.files import write_whole

OWN: Final = (Kind.WEB, Kind.DICOM)
OF_THE_NODE: Final = 0
"""The folder of what belongs to no institution."""


@dataclass(frozen=True, slots=True)
class CertificateStore:
    """The certificates of one home. Writers wait for each other; readers need not."""

    folder: Path

    @property
    def trusted(self) -> Path:
        """Everything that a caller's chain may end at."""
        return self.folder / "trusted.pem"

    @property
    def authorities(self) -> Path:
        """What may say who a host is: our authority, and those the operator of this node trusts."""
        return self.folder / "authorities.pem"

    @property
    def revoked(self) -> Path:
        """Fingerprint and time, a line each."""
        return self.folder / "revoked.txt"

    def own(self, kind: Kind) -> Path:
        """Key and chain of the web server or the DICOM listener."""
        return self.folder / "own" / f"{kind}.pem"

    def has_authority(self) -> bool:
        """Whether this home issues certificates."""
        return (self.folder / "authority.key").exists()

    def authority(self) -> Authority:
        """Ours. Raises NoAuthority."""
        try:
            certificate = (self.folder / "authority.pem").read_text()
            key = (self.folder / "authority.key").read_bytes()
        except FileNotFoundError:
            message = "There is no authority here; `isocenter certificates init` makes one."
            raise NoAuthority(message) from None
        return Authority(certificates_from_pem(certificate)[0], key_from_pem(key))

    def found(self, authority: Authority) -> None:
        """Make it ours. Raises AuthorityExists."""
        with self._writing():
            if self.has_authority():
                raise AuthorityExists("There is an authority here already.")
            self._write(self.folder / "authority.pem", pem_of(authority.certificate))
            self._write(self.folder / "authority.key", pem_of_key(authority.key))

    def put_own(self, kind: Kind, key: PrivateKey, chain: list[x509.Certificate]) -> None:
        """What we show from the next handshake on."""
        with self._writing():
            self._write(self.own(kind), pem_of_key(key) + b"".join(pem_of(each) for each in chain))

    def put_issued(self, institution_id: int, certificate: x509.Certificate) -> None:
        """Remember what our authority has issued; the key is its holder's."""
        with self._writing():
            self._write(self._path("issued", institution_id, certificate), pem_of(certificate))

    def put_trusted(self, institution_id: int, certificate: x509.Certificate) -> None:
        """Accept it from now on."""
        with self._writing():
            self._write(self._path("trusted", institution_id, certificate), pem_of(certificate))

    def drop_trusted(self, facts: Facts) -> None:
        """Do not accept it from now on."""
        with self._writing():
            folder = self.folder / "trusted" / str(facts.institution_id or OF_THE_NODE)
            (folder / f"{facts.fingerprint}.pem").unlink(missing_ok=True)

    def revoke(self, fingerprint_: str, at: datetime) -> None:
        """Refuse it from now on, whoever issued it."""
        with self._writing():
            before = self.revoked.read_bytes() if self.revoked.exists() else b""
            self._write(self.revoked, before + f"{fingerprint_} {at.isoformat(timespec='seconds')}\n".encode())

    def everything(self) -> list[Facts]:
        """All there are: ours first, then by kind, name and end."""
        revoked = self._revocations()
        found = self.ours()
        for kind, word in ((Kind.DEVICE, "issued"), (Kind.TRUSTED, "trusted")):
            for path in sorted((self.folder / word).glob("*/*.pem")):
                certificate = _first(path)
                whose = int(path.parent.name) or None
                at = revoked.get(fingerprint(certificate))
                found.append(facts_of(certificate, kind, whose, revoked_at=at))
        order = list(Kind)
        return sorted(found, key=lambda each: (order.index(each.kind), each.name.casefold(), each.not_after))

    def ours(self) -> list[Facts]:
        """Our authority, and what this node shows."""
        path = self.folder / "authority.pem"
        authority = _first(path) if path.exists() else None
        found = [] if authority is None else [facts_of(authority, Kind.AUTHORITY)]
        for kind in OWN:
            if self.own(kind).exists():
                certificate = _first(self.own(kind))
                mine = self.has_authority() and authority is not None and certificate.issuer == authority.subject
                found.append(facts_of(certificate, kind, renews_itself=mine))
        return found

    def _revocations(self) -> dict[str, datetime]:
        lines = self.revoked.read_text().splitlines() if self.revoked.exists() else []
        pairs = [line.split(maxsplit=1) for line in lines if line.strip()]
        return {pair[0]: datetime.fromisoformat(pair[1]) for pair in pairs}

    def _path(self, word: str, institution_id: int, certificate: x509.Certificate) -> Path:
        return self.folder / word / str(institution_id) / f"{fingerprint(certificate)}.pem"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer at a time; what `wire.tls` reads is made again at its end."""
        _make_folder(self.folder)
        with os.fdopen(os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600), "a") as lock:
            _give_to_owner(lock.fileno(), self.folder)
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
            authority = self.folder / "authority.pem"
            ours = [authority.read_bytes()] if authority.exists() else []
            trusted = {path: path.read_bytes() for path in sorted((self.folder / "trusted").glob("*/*.pem"))}
            of_the_node = [pem for path, pem in trusted.items() if path.parent.name == str(OF_THE_NODE) and _signs(pem)]
            self._write_if_new(self.trusted, b"".join([*ours, *trusted.values()]))
            self._write_if_new(self.authorities, b"".join([*ours, *of_the_node]))

    def _write_if_new(self, path: Path, content: bytes) -> None:
        if not path.exists() or path.read_bytes() != content:
            self._write(path, content)

    def _write(self, path: Path, content: bytes) -> None:
        _make_folder(path.parent)
        write_private(path, content)


def store_of(home: Path) -> CertificateStore:
    """The certificates of a home."""
    return CertificateStore(home / "secrets" / "certificates")


def write_private(path: Path, content: bytes) -> None:
    """Replace a file by one that the owner of its folder alone may read, whole or not at all, and durable."""
    write_whole(path, content, _owner_of(path.parent))


def _make_folder(path: Path) -> None:
    if not path.is_dir():
        _make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        _give_to_owner(path, path.parent)


def _give_to_owner(made: int | Path, folder: Path) -> None:
    owner = _owner_of(folder)
    if owner is not None:
        os.chown(made, *owner)


def _owner_of(folder: Path) -> tuple[int, int] | None:
    """What root makes belongs to whoever the folder belongs to: else the service could not read what root renewed."""
    if os.geteuid() != 0:
        return None
    owner = folder.stat()
    return owner.st_uid, owner.st_gid


def _first(path: Path) -> x509.Certificate:
    """The certificate of a file that may begin with its key."""
    text = path.read_text()
    return certificates_from_pem(text[text.index("-----BEGIN CERTIFICATE") :])[0]


def _signs(pem: bytes) -> bool:
    return any(is_authority(each) for each in certificates_from_pem(pem.decode("ascii")))
