"""What may be done with certificates. A security officer sees and changes her institution's; what belongs to the node
itself (our authority, what we show, authorities of others) is for its operator, on the command line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final, cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from isocenter.access import audit
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.certificates.errors import AlreadyRevoked, InvalidCertificate, UnknownCertificate
from isocenter.access.certificates.facts import EXPIRES_SOON, Facts, Kind, facts_of, signs_others
from isocenter.access.certificates.issuing import (
    DEVICE_DAYS,
    SERVER_DAYS,
    Authority,
    PublicKey,
    Subject,
    certificates_from_pem,
    check_key,
    fingerprint,
    issued,
    key_from_pem,
    new_authority,
    new_key,
    request_from_pem,
)
from isocenter.access.certificates.store import OF_THE_NODE, OWN, CertificateStore
from isocenter.access.roles import Right
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.errors import Refused
from isocenter.kit.logging import get_logger

log = get_logger(__name__)

_OF_EVERYBODY: Final = (Kind.AUTHORITY, *OWN)


def certificates(store: CertificateStore, caller: Caller) -> list[Facts]:
    """The node's own, and those of the caller's institution. Raises Refused."""
    caller.require(Right.MANAGE_SECURITY)
    return [each for each in store.everything() if _seen_by(each, caller)]


def init(
    store: CertificateStore, caller: Caller, name: str, hosts: tuple[str, ...], *, with_rsa: bool = False
) -> list[Facts]:
    """Make an authority of our own, and from it what web server and DICOM listener show, where they have nothing yet.

    hosts: the names and addresses that this node is reached at. Returns what it shows from now on. Raises Refused,
    AuthorityExists, InvalidCertificate.
    """
    _require_operator(caller)
    now = utc_now()
    store.found(new_authority(name, now, with_rsa=with_rsa))
    log.info("certificates.authority-made")
    missing = [kind for kind in OWN if not store.own(kind).exists()]
    return [_show(store, kind, hosts, now, with_rsa=with_rsa) for kind in missing]


def renew(
    store: CertificateStore, caller: Caller, kinds: tuple[Kind, ...] = OWN, *, due_only: bool = False
) -> list[Facts]:
    """Issue again, with new keys, what we show; for the same hosts. What was imported is left as it is.

    due_only: only what ends soon. Returns the new ones. Raises Refused, NoAuthority.
    """
    _require_operator(caller)
    now = utc_now()
    renewed = []
    for facts in store.ours():
        ours = facts.kind in kinds and facts.renews_itself
        if ours and not (due_only and now <= facts.not_after - EXPIRES_SOON):
            renewed.append(_show(store, facts.kind, facts.hosts, now, with_rsa=_is_rsa(store.authority())))
    return renewed


def show(store: CertificateStore, caller: Caller, kind: Kind, chain_pem: str, key_pem: bytes) -> Facts:
    """Show a certificate that another authority issued. chain_pem: ours first. Raises Refused, InvalidCertificate."""
    _require_operator(caller)
    if kind not in OWN:
        raise InvalidCertificate(f"A certificate of ours is for: {', '.join(OWN)}.", field="kind")
    chain, key = certificates_from_pem(chain_pem), key_from_pem(key_pem)
    if chain[0].public_key() != key.public_key():
        raise InvalidCertificate("The key does not belong to the first certificate.", field="key")
    if not chain[0].not_valid_before_utc <= utc_now() <= chain[0].not_valid_after_utc:
        raise InvalidCertificate("The certificate is not valid today.", field="certificate")
    store.put_own(kind, key, chain)
    log.info("certificates.shown", kind=str(kind), fingerprint=fingerprint(chain[0]))
    return facts_of(chain[0], kind)


def record_shown(database: Database, caller: Caller, shown: Sequence[Facts]) -> None:
    """What this node shows is its operator's, who may act before there is a database; where there is one, he records
    it with this.
    """
    for facts in shown:
        with _recorded(database, caller, audit.Action.CERTIFICATE_SHOWN, facts):
            pass


def issue(
    store: CertificateStore,
    database: Database,
    caller: Caller,
    subject: Subject,
    key: PublicKey,
    days: int = DEVICE_DAYS,
) -> x509.Certificate:
    """A certificate for a device of the caller's institution; the key stays its own.

    One that also serves speaks for its hosts to everybody, so that only the operator gives it. Raises Refused,
    NoAuthority, InvalidCertificate.
    """
    caller.require(Right.MANAGE_SECURITY)
    if subject.serves or subject.hosts:
        _require_operator(caller)
    made = issued(store.authority(), subject, key, utc_now(), days)
    with _recorded(database, caller, audit.Action.CERTIFICATE_ISSUED, facts_of(made, Kind.DEVICE)):
        store.put_issued(caller.institution_id, made)
    return made


def issue_for_request(
    store: CertificateStore, database: Database, caller: Caller, name: str, request_pem: str, days: int = DEVICE_DAYS
) -> x509.Certificate:
    """As `issue`, for the key of a signing request; nothing else of the request is taken over."""
    caller.require(Right.MANAGE_SECURITY)
    key = request_from_pem(request_pem).public_key()
    check_key(key)
    return issue(store, database, caller, Subject(name), cast("PublicKey", key), days)


def trust(
    store: CertificateStore, database: Database, caller: Caller, pem: str, *, whole_node: bool = False
) -> list[Facts]:
    """Accept certificates that were made elsewhere: a device's own, for itself alone; authorities for the whole node.

    Raises Refused, InvalidCertificate.
    """
    caller.require(Right.MANAGE_SECURITY)
    if whole_node:
        _require_operator(caller)
    found = certificates_from_pem(pem)
    for each in found:
        check_key(each.public_key())
        if signs_others(each) and not whole_node:
            message = "This is an authority: what it issues would be accepted for every institution. Ask the operator."
            raise InvalidCertificate(message, field="certificate")
    whose = OF_THE_NODE if whole_node else caller.institution_id
    told = []
    for each in found:
        told.append(facts_of(each, Kind.TRUSTED, whose or None))
        with _recorded(database, caller, audit.Action.CERTIFICATE_TRUSTED, told[-1]):
            store.put_trusted(whose, each)
    return told


def stop_trusting(store: CertificateStore, database: Database, caller: Caller, fingerprint_: str) -> None:
    """Accept it no longer. Raises Refused, UnknownCertificate."""
    facts = _one(store, caller, fingerprint_, (Kind.TRUSTED,))
    with _recorded(database, caller, audit.Action.CERTIFICATE_NOT_TRUSTED, facts):
        store.drop_trusted(facts)


def revoke(store: CertificateStore, database: Database, caller: Caller, fingerprint_: str) -> Facts:
    """Refuse a certificate of our authority from the next connection on, for ever.

    Raises Refused, UnknownCertificate, AlreadyRevoked.
    """
    facts = _one(store, caller, fingerprint_, (Kind.DEVICE,))
    if facts.revoked_at is not None:
        raise AlreadyRevoked("This certificate is revoked already.")
    at = utc_now()
    with _recorded(database, caller, audit.Action.CERTIFICATE_REVOKED, facts):
        store.revoke(facts.fingerprint, at)
    return replace(facts, revoked_at=at)


def _show(store: CertificateStore, kind: Kind, hosts: tuple[str, ...], now: datetime, *, with_rsa: bool) -> Facts:
    authority, key = store.authority(), new_key(with_rsa=with_rsa)
    subject = Subject(f"Isocenter {kind}", hosts, serves=True)
    made = issued(authority, subject, key.public_key(), now, SERVER_DAYS)
    store.put_own(kind, key, [made, authority.certificate])
    log.info("certificates.issued-for-ourselves", kind=str(kind), fingerprint=fingerprint(made))
    return facts_of(made, kind, renews_itself=True)


def _is_rsa(authority: Authority) -> bool:
    return isinstance(authority.key, rsa.RSAPrivateKey)


def _seen_by(facts: Facts, caller: Caller) -> bool:
    if caller.kind is CallerKind.SYSTEM or facts.kind in _OF_EVERYBODY:
        return True
    return facts.institution_id == caller.institution_id


def _one(store: CertificateStore, caller: Caller, fingerprint_: str, kinds: tuple[Kind, ...]) -> Facts:
    caller.require(Right.MANAGE_SECURITY)
    for each in store.everything():
        if each.fingerprint == fingerprint_ and each.kind in kinds and _seen_by(each, caller):
            return each
    raise UnknownCertificate("There is no such certificate.")


def _require_operator(caller: Caller) -> None:
    if caller.kind is not CallerKind.SYSTEM:
        message = "This concerns every institution: the operator of this node does it on its command line."
        raise Refused(message, right=str(Right.MANAGE_SECURITY))


@contextmanager
def _recorded(database: Database, caller: Caller, action: audit.Action, facts: Facts) -> Iterator[None]:
    """What fails inside leaves no trace of having happened, and what cannot be recorded does not happen."""
    with database.transaction(caller.institution_id) as connection:
        audit.record(
            connection,
            caller,
            action,
            fingerprint=facts.fingerprint,
            serial_number=facts.serial_number,
            not_after=facts.not_after.isoformat(),
        )
        yield
