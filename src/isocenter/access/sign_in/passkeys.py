"""Passkeys (W3C Web Authentication Level 3): made for one host name, checked here, kept as public keys.

A passkey whose authenticator verified the person (PIN, finger, face) is two factors at once and signs in alone; one
that only proved presence is a second factor after the password. Attestation is not asked for: hospitals own many makes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from isocenter.access import audit
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.sealed_secrets import SealingKey
from isocenter.access.sign_in.challenges import check_challenge, new_challenge, use_up
from isocenter.access.sign_in.errors import PasskeyRefused, TooManyPasskeys, UnknownPasskey
from isocenter.access.users import User, user_of_id
from isocenter.kit.database import Connection, Database, set_institution
from isocenter.kit.errors import Invalid

MOST = 10
_MAX_LABEL = 60
_COLUMNS = "passkey_id, label, rp_id, backed_up, created_at, last_used_at"
_INSERT = f"""
insert into passkey
    (institution_id, user_id, credential_id, rp_id, public_key, sign_count, transports, backed_up, label)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict do nothing
returning {_COLUMNS}
"""  # noqa: S608 - columns of ours
_KNOWN = """
select institution_id, user_id, public_key, sign_count from passkey where credential_id = %s and rp_id = %s
"""
_USED = "update passkey set sign_count = %s, backed_up = %s, last_used_at = now() where credential_id = %s"
_TRANSPORTS = frozenset(each.value for each in AuthenticatorTransport)


@dataclass(frozen=True, slots=True)
class Site:
    """Where the browser is: rp_id, the host name that passkeys are bound to, and the origins of our pages there."""

    rp_id: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passkey:
    """What a person sees of her passkey. rp_id: the host name that it opens."""

    passkey_id: int
    label: str
    rp_id: str
    backed_up: bool
    created_at: datetime
    last_used_at: datetime | None


def passkeys_of(connection: Connection, user_id: int) -> list[Passkey]:
    """A person's passkeys, oldest first."""
    rows: list[Any] = connection.execute(
        f"select {_COLUMNS} from passkey where user_id = %s order by passkey_id",  # noqa: S608
        (user_id,),
    ).fetchall()
    return [Passkey(*row) for row in rows]


def creation_options(connection: Connection, key: SealingKey, site: Site, user: User) -> dict[str, Any]:
    """PublicKeyCredentialCreationOptions as JSON. Raises TooManyPasskeys."""
    known = _descriptors(connection, user.user_id, site)
    if len(known) >= MOST:
        raise TooManyPasskeys(f"A person keeps at most {MOST} passkeys; remove one first.")
    options = webauthn.generate_registration_options(
        rp_id=site.rp_id,
        rp_name="Isocenter",
        user_id=_user_handle(key, user.user_id),
        user_name=user.username,
        user_display_name=user.display_name,
        challenge=new_challenge(key, _purpose("register", user.user_id, site)),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=known,
    )
    return dict(json.loads(options_to_json(options)))


def register(
    connection: Connection, key: SealingKey, site: Site, user: User, credential: dict[str, Any], label: str
) -> Passkey:
    """Keep the passkey that the browser made. Raises PasskeyRefused, Invalid."""
    label = _label(label)
    challenge = _challenge_in(credential)
    check_challenge(key, challenge, _purpose("register", user.user_id, site))
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=list(site.origins),
        )
    except Exception:  # bytes of a stranger through CBOR and X.509: the library lets more than its own errors out
        raise PasskeyRefused("This passkey cannot be used here.") from None
    use_up(connection, challenge)
    values = (
        user.institution_id,
        user.user_id,
        made.credential_id,
        site.rp_id,
        made.credential_public_key,
        made.sign_count,
        _transports_in(credential),
        made.credential_backed_up,
        label,
    )
    row: Any = connection.execute(_INSERT, values).fetchone()
    if row is None:
        raise PasskeyRefused("This passkey is in use already.")
    return Passkey(*row)


def request_options(
    connection: Connection | None, key: SealingKey, site: Site, user_id: int | None = None
) -> dict[str, Any]:
    """PublicKeyCredentialRequestOptions as JSON. user_id: of whom it is the second factor; None signs in by itself."""
    alone = user_id is None or connection is None
    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id,
        challenge=new_challenge(key, _purpose("open", user_id, site)),
        allow_credentials=[] if connection is None or user_id is None else _descriptors(connection, user_id, site),
        user_verification=UserVerificationRequirement.REQUIRED if alone else UserVerificationRequirement.PREFERRED,
    )
    return dict(json.loads(options_to_json(options)))


def open_with_passkey(
    database: Database, key: SealingKey, site: Site, credential: dict[str, Any], user_id: int | None = None
) -> User:
    """Whose passkey answered. user_id: the only person it may belong to; None takes anybody who was verified by it.

    Raises PasskeyRefused, also for disabled accounts.
    """
    challenge = _challenge_in(credential)
    check_challenge(key, challenge, _purpose("open", user_id, site))
    credential_id = _bytes_in(credential, "rawId")
    owner: Caller | None = None
    try:
        with database.credential_transaction(credential_id.hex()) as connection:
            row: Any = connection.execute(_KNOWN, (credential_id, site.rp_id)).fetchone()
            if row is None or (user_id is not None and row[1] != user_id):
                raise PasskeyRefused("This passkey is not known here.")
            set_institution(connection, row[0])
            user = user_of_id(connection, row[1])
            owner = Caller(CallerKind.USER, str(user.user_id), user.institution_id, user.roles)
            used = _verified(credential, challenge, site, row[2], row[3], alone=user_id is None)
            use_up(connection, challenge)
            connection.execute(_USED, (used.new_sign_count, used.credential_backed_up, credential_id))
            if user.disabled:
                raise PasskeyRefused("This passkey is not known here.")
    except PasskeyRefused:
        if owner is not None:
            _record_failure(database, owner)
        raise
    return user


def remove(connection: Connection, user_id: int, passkey_id: int) -> None:
    """Forget a passkey of the person. Raises UnknownPasskey."""
    gone = connection.execute("delete from passkey where user_id = %s and passkey_id = %s", (user_id, passkey_id))
    if gone.rowcount == 0:
        raise UnknownPasskey("There is no such passkey.", passkey_id=passkey_id)


def forget(connection: Connection, user_id: int) -> None:
    """Forget every passkey of the person."""
    connection.execute("delete from passkey where user_id = %s", (user_id,))


def _record_failure(database: Database, owner: Caller) -> None:
    with database.transaction(owner.institution_id) as connection:
        audit.record(connection, owner, audit.Action.SECOND_FACTOR_FAILED, factor="passkey")


def _verified(
    credential: dict[str, Any], challenge: bytes, site: Site, public_key: bytes, sign_count: int, *, alone: bool
) -> Any:
    try:
        return webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=list(site.origins),
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=alone,
        )
    except Exception:  # as in register
        raise PasskeyRefused("This passkey does not open anything here.") from None


def _descriptors(connection: Connection, user_id: int, site: Site) -> list[PublicKeyCredentialDescriptor]:
    rows: list[Any] = connection.execute(
        "select credential_id, transports from passkey where user_id = %s and rp_id = %s order by passkey_id",
        (user_id, site.rp_id),
    ).fetchall()
    return [
        PublicKeyCredentialDescriptor(id=row[0], transports=[AuthenticatorTransport(t) for t in row[1]]) for row in rows
    ]


def _challenge_in(credential: dict[str, Any]) -> bytes:
    """The challenge that the browser signed; checked against our signature before anything else is looked at."""
    response = credential.get("response")
    data = _bytes_in(response if isinstance(response, dict) else {}, "clientDataJSON")
    try:
        return parse_client_data_json(data).challenge
    except Exception:  # as in register
        raise PasskeyRefused("This is not the answer of an authenticator.") from None


def _bytes_in(values: dict[str, Any], name: str) -> bytes:
    text = values.get(name)
    try:
        return base64url_to_bytes(text) if isinstance(text, str) else b""
    except ValueError:
        raise PasskeyRefused("This is not the answer of an authenticator.") from None


def _transports_in(credential: dict[str, Any]) -> list[str]:
    response = credential.get("response")
    said = response.get("transports") if isinstance(response, dict) else None
    return [each for each in said if each in _TRANSPORTS][:8] if isinstance(said, list) else []


def _label(text: str) -> str:
    label = " ".join(text.split())
    if not 1 <= len(label) <= _MAX_LABEL or not label.isprintable():
        raise Invalid(f"The name of a passkey has 1 to {_MAX_LABEL} printable characters.")
    return label


def _purpose(act: str, user_id: int | None, site: Site) -> str:
    return f"{act} {user_id or 'anybody'} {site.rp_id}"


def _user_handle(key: SealingKey, user_id: int) -> bytes:
    """What an authenticator files the passkey under: one for a person, another in every home, telling nothing."""
    return key.derived(f"user handle {user_id}")
