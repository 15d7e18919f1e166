"""What there is to tell about one certificate, and how long it is still good for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from isocenter.access.certificates.issuing import fingerprint

EXPIRES_SOON: Final = timedelta(days=30)
"""So long before its end a certificate is warned of, and one of our own authority for ourselves renewed."""


class Kind(StrEnum):
    """What a certificate is for."""

    AUTHORITY = "authority"  # our own
    WEB = "web"  # the web server's
    DICOM = "dicom"  # the DICOM listener's, and ours when we call
    DEVICE = "device"  # issued by our authority to somebody
    TRUSTED = "trusted"  # made elsewhere, accepted here


class State(StrEnum):
    """Whether it is good now."""

    VALID = "valid"
    EXPIRES_SOON = "expires-soon"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Facts:
    """One certificate. fingerprint: SHA-256 of its DER, as in `wire`'s Peer. hosts: names and addresses it is for.

    institution_id: whose it is; None for the whole node's. renews_itself: it is ours and our authority issued it.
    """

    kind: Kind
    name: str
    institution_id: int | None
    fingerprint: str
    serial_number: str
    issuer: str
    hosts: tuple[str, ...]
    is_authority: bool
    renews_itself: bool
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> State:
        """Whether it is good now."""
        if self.revoked_at is not None:
            return State.REVOKED
        if now > self.not_after:
            return State.EXPIRED
        if now < self.not_before:
            return State.NOT_YET_VALID
        return State.EXPIRES_SOON if now > self.not_after - EXPIRES_SOON else State.VALID


def facts_of(
    certificate: x509.Certificate,
    kind: Kind,
    institution_id: int | None = None,
    *,
    revoked_at: datetime | None = None,
    renews_itself: bool = False,
) -> Facts:
    """Read a certificate."""
    return Facts(
        kind=kind,
        name=_common_name(certificate.subject),
        institution_id=institution_id,
        fingerprint=fingerprint(certificate),
        serial_number=f"{certificate.serial_number:x}",
        issuer=_common_name(certificate.issuer),
        hosts=hosts_of(certificate),
        is_authority=is_authority(certificate),
        renews_itself=renews_itself,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        revoked_at=revoked_at,
    )


def hosts_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Names and addresses that it is for; of foreign ones, what can be read."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    addresses = [str(each) for each in names.get_values_for_type(x509.IPAddress)]
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether it may sign others."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def signs_others(certificate: x509.Certificate) -> bool:
    """Whether it is made to sign others. Devices that sign their own say that they are authorities, and do not."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return is_authority(certificate) and usage.key_cert_sign


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()
