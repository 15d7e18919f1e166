"""A person's second factors: set up, shown, removed; each change recorded.

Changes ask for a sign-in or a confirmation of the last ten minutes (`confirm`), so that a browser left alone does not
give the account away. A required second factor cannot be taken away, only replaced.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from isocenter.access import audit
from isocenter.access.attempts import SignInAttempts
from isocenter.access.errors import BadCredentials
from isocenter.access.passwords import verify_password
from isocenter.access.sealed_secrets import SealingKey
from isocenter.access.secret_tokens import secret_hash
from isocenter.access.sessions import Session, has_second_factor
from isocenter.access.sign_in import authenticator_app, known_devices, passkeys, recovery_codes
from isocenter.access.sign_in.authenticator_app import NewSeed
from isocenter.access.sign_in.errors import ConfirmationNeeded, LastSecondFactor, WrongCode
from isocenter.access.sign_in.passkeys import Passkey, Site
from isocenter.access.sign_in.policy import SecondFactor
from isocenter.kit.database import Connection, Database

CONFIRMED_FOR = timedelta(minutes=10)


class Factor(StrEnum):
    """What can be shown after the password."""

    PASSKEY = "passkey"
    AUTHENTICATOR_APP = "authenticator-app"
    RECOVERY_CODE = "recovery-code"


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person has. authenticator_app_since: None without one."""

    passkeys: tuple[Passkey, ...]
    authenticator_app_since: datetime | None
    recovery_codes_left: int

    def usable_at(self, site: Site) -> tuple[Factor, ...]:
        """What she can show at this host name, the strongest first."""
        here = []
        if any(each.rp_id == site.rp_id for each in self.passkeys):
            here.append(Factor.PASSKEY)
        if self.authenticator_app_since is not None:
            here.append(Factor.AUTHENTICATOR_APP)
        if self.recovery_codes_left:
            here.append(Factor.RECOVERY_CODE)
        return tuple(here)


def factors_of(database: Database, session: Session) -> Factors:
    """The second factors of the person signed in."""
    user_id = session.user.user_id
    with database.transaction(session.user.institution_id) as connection:
        return Factors(
            tuple(passkeys.passkeys_of(connection, user_id)),
            authenticator_app.confirmed_at(connection, user_id),
            recovery_codes.left(connection, user_id),
        )


def show_code(
    database: Database,
    key: SealingKey,
    attempts: SignInAttempts,
    session: Session,
    factor: Factor,
    code: str,
    *,
    address: str,
    device: str,
) -> None:
    """Check the code of an app or a recovery code. Raises WrongCode, TooManyAttempts."""
    user = session.user
    with database.transaction(user.institution_id) as connection:
        known = known_devices.is_known(connection, user.user_id, device)
        name, place = f"code {user.user_id}", known_devices.place_of(device, address, known=known)
        attempts.check(name, place)
        if factor is Factor.AUTHENTICATOR_APP:
            right = authenticator_app.check(connection, key, user.user_id, code, at_known_device=known)
        else:
            right = factor is Factor.RECOVERY_CODE and recovery_codes.use(connection, user.user_id, code)
        if not right:
            audit.record(connection, session.caller, audit.Action.SECOND_FACTOR_FAILED, factor=str(factor))
        elif factor is Factor.RECOVERY_CODE:
            audit.record(connection, session.caller, audit.Action.RECOVERY_CODE_USED)
    if not right:
        attempts.failed(name, place)
        raise WrongCode("This code is not right, or was used already.")
    attempts.succeeded(name, place)


def confirm(
    database: Database, attempts: SignInAttempts, session: Session, secret: str, password: str, *, place: str
) -> None:
    """Show with the password that it is still her. Raises BadCredentials, TooManyAttempts."""
    user = session.user
    attempts.check(user.username, place)
    with database.transaction(user.institution_id) as connection:
        row: Any = connection.execute(
            "select password_hash from user_account where user_id = %s", (user.user_id,)
        ).fetchone()
    if row is None or not verify_password(password, row[0]):
        attempts.failed(user.username, place)
        raise BadCredentials("The password is not right.")
    attempts.succeeded(user.username, place)
    mark_confirmed(database, session, secret)


def mark_confirmed(database: Database, session: Session, secret: str) -> None:
    """It was shown that it is still her (with a password or a passkey)."""
    with database.transaction(session.user.institution_id) as connection:
        connection.execute("update session set confirmed_at = now() where token_hash = %s", (secret_hash(secret),))


def require_confirmed(connection: Connection, secret: str) -> None:
    """Raise ConfirmationNeeded unless she signed in or confirmed within ten minutes."""
    row = connection.execute(
        "select 1 from session where token_hash = %s and greatest(created_at, confirmed_at) > now() - %s",
        (secret_hash(secret), CONFIRMED_FOR),
    ).fetchone()
    if row is None:
        raise ConfirmationNeeded("Show with your password or a passkey that it is you.")


def begin_authenticator_app(
    database: Database, key: SealingKey, session: Session, secret: str, institution_name: str
) -> NewSeed:
    """A seed for an app; it counts once `finish_authenticator_app` saw a code. Raises ConfirmationNeeded."""
    with database.transaction(session.user.institution_id) as connection:
        require_confirmed(connection, secret)
        return authenticator_app.begin(connection, key, session.user, institution_name)


def finish_authenticator_app(
    database: Database, key: SealingKey, attempts: SignInAttempts, session: Session, code: str, *, place: str
) -> tuple[str, ...]:
    """Count the app from now on. The recovery codes, when they were made now, else (). Raises WrongCode."""
    user = session.user
    attempts.check(f"new app {user.user_id}", place)
    with database.transaction(user.institution_id) as connection:
        if authenticator_app.confirm(connection, key, user.user_id, code):
            return _added(connection, session, Factor.AUTHENTICATOR_APP)
    attempts.failed(f"new app {user.user_id}", place)
    raise WrongCode("This code does not come from the app that was just set up.")


def passkey_options(database: Database, key: SealingKey, session: Session, secret: str, site: Site) -> dict[str, Any]:
    """What the browser makes a passkey with. Raises ConfirmationNeeded, TooManyPasskeys."""
    with database.transaction(session.user.institution_id) as connection:
        require_confirmed(connection, secret)
        return passkeys.creation_options(connection, key, site, session.user)


def add_passkey(
    database: Database, key: SealingKey, session: Session, site: Site, credential: dict[str, Any], label: str
) -> tuple[Passkey, tuple[str, ...]]:
    """The passkey that the browser made, and recovery codes when they were made now. Raises PasskeyRefused, Invalid."""
    with database.transaction(session.user.institution_id) as connection:
        made = passkeys.register(connection, key, site, session.user, credential, label)
        return made, _added(connection, session, Factor.PASSKEY)


def remove_passkey(database: Database, session: Session, secret: str, passkey_id: int) -> None:
    """Raises UnknownPasskey, LastSecondFactor, ConfirmationNeeded."""
    with database.transaction(session.user.institution_id) as connection:
        require_confirmed(connection, secret)
        passkeys.remove(connection, session.user.user_id, passkey_id)
        _removed(connection, session, Factor.PASSKEY)


def remove_authenticator_app(database: Database, session: Session, secret: str) -> None:
    """Nothing when there is none. Raises LastSecondFactor, ConfirmationNeeded."""
    with database.transaction(session.user.institution_id) as connection:
        require_confirmed(connection, secret)
        if authenticator_app.remove(connection, session.user.user_id):
            _removed(connection, session, Factor.AUTHENTICATOR_APP)


def new_recovery_codes(database: Database, session: Session, secret: str) -> tuple[str, ...]:
    """Ten new codes; the earlier ones end. Raises ConfirmationNeeded."""
    with database.transaction(session.user.institution_id) as connection:
        require_confirmed(connection, secret)
        return _make_codes(connection, session)


def forget_all(connection: Connection, user_id: int) -> None:
    """She lost what she had: no factor, no code, no known browser is left."""
    passkeys.forget(connection, user_id)
    authenticator_app.remove(connection, user_id)
    recovery_codes.forget(connection, user_id)
    known_devices.forget(connection, user_id)


def _added(connection: Connection, session: Session, factor: Factor) -> tuple[str, ...]:
    audit.record(connection, session.caller, audit.Action.SECOND_FACTOR_ADDED, factor=str(factor))
    if recovery_codes.left(connection, session.user.user_id):
        return ()
    return _make_codes(connection, session)


def _make_codes(connection: Connection, session: Session) -> tuple[str, ...]:
    codes = recovery_codes.make(connection, session.user.institution_id, session.user.user_id)
    audit.record(connection, session.caller, audit.Action.RECOVERY_CODES_MADE, count=len(codes))
    return codes


def _removed(connection: Connection, session: Session, factor: Factor) -> None:
    """The transaction rolls back when it was the last one and the institution requires one."""
    if not has_second_factor(connection, session.user.user_id):
        if session.policy.second_factor is SecondFactor.REQUIRED:
            raise LastSecondFactor("Your institution requires a second factor: set up another one before.")
        recovery_codes.forget(connection, session.user.user_id)
    audit.record(connection, session.caller, audit.Action.SECOND_FACTOR_REMOVED, factor=str(factor))
