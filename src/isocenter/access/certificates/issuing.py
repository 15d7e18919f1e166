"""Making certificates: an authority of our own, and what it signs (RFC 5280). No files, no clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from isocenter.access.certificates.errors import InvalidCertificate

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey

AUTHORITY_DAYS: Final = 3650
SERVER_DAYS: Final = 397
"""Browsers take no longer ones."""
DEVICE_DAYS: Final = 825
LONGEST_DAYS: Final = 3650
RSA_BITS: Final = 3072
SMALLEST_RSA_BITS: Final = 2048
SMALLEST_CURVE_BITS: Final = 256
"""RFC 9325 4.5."""
CLOCKS_DIFFER_BY: Final = timedelta(hours=1)
_UNREADABLE: Final = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_HOST: Final = re.compile(
    r"(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*"
)


@dataclass(frozen=True, slots=True)
class Authority:
    """What signs."""

    certificate: x509.Certificate
    key: PrivateKey


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate is for. hosts: names and addresses it is reached at. serves: it may answer as a server; every
    one may call as a client.
    """

    name: str
    hosts: tuple[str, ...] = ()
    serves: bool = False


def new_key(*, with_rsa: bool = False) -> PrivateKey:
    """A key on P-256, or RSA for peers that know nothing else."""
    return rsa.generate_private_key(65537, RSA_BITS) if with_rsa else ec.generate_private_key(ec.SECP256R1())


def new_authority(name: str, now: datetime, *, with_rsa: bool = False) -> Authority:
    """An authority that signs itself and issues no further authorities. Raises InvalidCertificate."""
    key = new_key(with_rsa=with_rsa)
    subject = _named(name)
    builder = _builder(subject, subject, key.public_key(), now, AUTHORITY_DAYS)
    usage = _usage(sign=True, authority=True)
    made = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(made, key)


def issued(authority: Authority, subject: Subject, key: PublicKey, now: datetime, days: int) -> x509.Certificate:
    """A certificate for the holder of the key. Raises InvalidCertificate."""
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidCertificate(f"A certificate is valid for 1 to {LONGEST_DAYS} days.", field="days")
    check_key(key)
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if subject.serves else [])]
    builder = (
        _builder(_named(subject.name), authority.certificate.subject, key, now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign=True, authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    if subject.hosts:
        names = x509.SubjectAlternativeName([_host(each) for each in subject.hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(authority.key, hashes.SHA256())


def request_from_pem(pem: str) -> x509.CertificateSigningRequest:
    """A certificate signing request (PKCS #10) whose signature proves the key. Raises InvalidCertificate."""
    try:
        request = x509.load_pem_x509_csr(pem.encode("ascii"))
        if not request.is_signature_valid:
            raise InvalidCertificate("The signing request is not signed with its own key.", field="request")
        check_key(request.public_key())
    except (*_UNREADABLE, InvalidSignature) as error:
        raise InvalidCertificate("This is not a certificate signing request (PEM).", field="request") from error
    return request


def certificates_from_pem(pem: str) -> list[x509.Certificate]:
    """The certificates of a PEM text, at least one, each readable in all its parts. Raises InvalidCertificate."""
    try:
        found = x509.load_pem_x509_certificates(pem.encode("ascii"))
        for each in found:
            _ = each.public_key(), each.subject, each.issuer, each.extensions, each.not_valid_after_utc
    except _UNREADABLE as error:
        raise InvalidCertificate("This is not a certificate (PEM).", field="certificate") from error
    return found


def key_from_pem(pem: bytes) -> PrivateKey:
    """A private key without a password. Raises InvalidCertificate."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidCertificate("This is not a private key (PEM) without a password.", field="key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise InvalidCertificate("The key must be RSA or on an elliptic curve.", field="key")
    check_key(key.public_key())
    return key


def check_key(key: object) -> None:
    """Raise InvalidCertificate for keys that are too weak (RFC 9325 4.5) or of another kind."""
    strong = (
        isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)
        or (isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA_BITS)
        or (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= SMALLEST_CURVE_BITS)
    )
    if not strong:
        raise InvalidCertificate("The key is too weak: RSA needs 2048 bits, a curve 256.", field="key")


def pem_of(certificate: x509.Certificate) -> bytes:
    """As text."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def pem_of_key(key: PrivateKey) -> bytes:
    """As text without a password (PKCS #8)."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of its DER, lower-case hex digits: the one that `wire` gives to a peer."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def checked_name(name: str) -> str:
    """A common name of ours. Raises InvalidCertificate."""
    name = name.strip()
    if _NAME.fullmatch(name) is None:
        raise InvalidCertificate("A name is 1 to 64 letters, digits, spaces, dots, dashes.", field="name")
    return name


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER_BY)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, sign: bool, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, checked_name(name))])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        if len(host) > 253 or _HOST.fullmatch(host) is None:
            raise InvalidCertificate("A host is a name or an IP address.", field="host") from None
        return x509.DNSName(host)
