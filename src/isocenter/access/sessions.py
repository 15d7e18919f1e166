"""Sessions: a person signed in at one browser. The cookie's secret is stored as a hash.

A session begins with a password, a passkey or an identity provider's word. Until the second factor that it needs was
shown or set up (`Stage`), it opens nothing but that step.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from isocenter.access import audit
from isocenter.access.attempts import SignInAttempts
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.errors import BadCredentials
from isocenter.access.passwords import verify_password
from isocenter.access.secret_tokens import new_secret, secret_hash
from isocenter.access.sign_in import known_devices
from isocenter.access.sign_in.policy import SecondFactor, SignInPolicy, policy_in, policy_of_row
from isocenter.access.users import USER_COLUMNS, User, folded_username, user_of_id, user_of_row
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database, set_institution

HALF_WAY_FOR = timedelta(minutes=15)
"""Time to show or to set up the second factor."""
TOUCHED_EVERY = timedelta(minutes=1)


class Stage(StrEnum):
    """How far a session is."""

    COMPLETE = "complete"
    SECOND_FACTOR = "second-factor"  # to be shown
    SET_UP = "set-up"  # required, and the person has none yet


class Method(StrEnum):
    """What opened a session first."""

    PASSWORD = "password"  # noqa: S105 - a word, not a secret
    PASSKEY = "passkey"
    PROVIDER = "identity-provider"
    LINK = "link"  # a one-time link


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, as whom, since when. sitting names the session in the audit trail and opens nothing."""

    user: User
    sitting: str
    stage: Stage
    policy: SignInPolicy
    method: Method
    second_factor: bool
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime

    @property
    def caller(self) -> Caller:
        """The person as the first argument of a verb; half-way in she has no role."""
        user = self.user
        roles = user.roles if self.stage is Stage.COMPLETE else ()
        return Caller(CallerKind.USER, str(user.user_id), user.institution_id, roles, self.sitting)


_FACTORS = """
    exists (select 1 from passkey k where k.user_id = u.user_id)
    or exists (select 1 from authenticator_app a where a.user_id = u.user_id and a.confirmed_at is not null)
"""
_SESSION = f"""
select s.second_factor, s.method, s.created_at, s.expires_at, s.last_seen_at, {_FACTORS},
    p.second_factor, p.idle_minutes, p.session_hours, p.min_password_length, {USER_COLUMNS}
from session s join user_account u using (user_id)
    left join sign_in_policy p on p.institution_id = s.institution_id
where s.token_hash = %s and s.expires_at > now()
"""  # noqa: S608 - columns of ours


def sign_in(
    database: Database,
    attempts: SignInAttempts,
    username: str,
    password: str,
    *,
    address: str,
    user_agent: str,
    device: str = "",
) -> tuple[User, str]:
    """The user and the secret of a new session, which may want a second factor yet (`session_of` says so).

    device: the secret of the browser's device cookie. Raises BadCredentials, TooManyAttempts.
    """
    username = folded_username(username)
    with database.credential_transaction(username) as connection:
        row: Any = connection.execute(
            "select institution_id, user_id, password_hash from user_account where username = %s", (username,)
        ).fetchone()
        if row is not None:
            set_institution(connection, row[0])
        user = None if row is None else user_of_id(connection, row[1])
        known = user is not None and known_devices.is_known(connection, user.user_id, device)
    place = known_devices.place_of(device, address, known=known)
    attempts.check(username, place)
    usable = user is not None and not user.disabled
    if not verify_password(password, row[2] if usable else None) or user is None:
        attempts.failed(username, place)
        if user is not None:
            _record_failure(database, user)
        raise BadCredentials("The user name or the password is not right.")
    attempts.succeeded(username, place)
    return user, open_session(database, user, address=address, user_agent=user_agent, device=device)


def open_session(
    database: Database,
    user: User,
    *,
    address: str,
    user_agent: str,
    device: str = "",
    method: Method = Method.PASSWORD,
    second_factor: bool = False,
) -> str:
    """The secret of a new session of the user. second_factor: whether one was shown, or vouched for by a provider."""
    secret = new_secret()
    with database.transaction(user.institution_id) as connection:
        connection.execute("delete from session where expires_at < now()")
        policy = policy_in(connection, user.institution_id)
        stage = _stage(policy, second_factor=second_factor, has_factor=has_second_factor(connection, user.user_id))
        lasts_for = policy.lasts_for if stage is Stage.COMPLETE else HALF_WAY_FOR
        connection.execute(
            "insert into session (token_hash, user_id, institution_id, expires_at, user_agent, address, method,"
            " second_factor) values (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                secret_hash(secret),
                user.user_id,
                user.institution_id,
                utc_now() + lasts_for,
                user_agent[:200].replace("\0", ""),
                address,
                str(method),
                second_factor,
            ),
        )
        if stage is Stage.COMPLETE:
            known_devices.remember(connection, user.institution_id, user.user_id, device)
            caller = Caller(
                CallerKind.USER, str(user.user_id), user.institution_id, user.roles, _sitting(secret_hash(secret))
            )
            audit.record(
                connection,
                caller,
                audit.Action.SIGNED_IN,
                address=address,
                method=str(method),
                second_factor=second_factor,
            )
    return secret


def complete_session(
    database: Database, session: Session, secret: str, *, address: str, user_agent: str, device: str = ""
) -> str:
    """The second factor was shown or set up: a new session with a new secret takes the place of this one."""
    with database.transaction(session.user.institution_id) as connection:
        connection.execute("delete from session where token_hash = %s", (secret_hash(secret),))
    return open_session(
        database,
        session.user,
        address=address,
        user_agent=user_agent,
        device=device,
        method=session.method,
        second_factor=True,
    )


def session_of(database: Database, secret: str, *, attended: bool = True) -> Session | None:
    """The session that a cookie opens, or None when it is unknown, over, idle too long, or its user is disabled.

    attended: somebody is at the screen; what a page asks by itself does not keep a session alive.
    """
    token_hash = secret_hash(secret)
    with database.credential_transaction(token_hash.hex()) as connection:
        known: Any = connection.execute(
            "select institution_id from session where token_hash = %s", (token_hash,)
        ).fetchone()
        if known is None:
            return None
        set_institution(connection, known[0])
        row: Any = connection.execute(_SESSION, (token_hash,)).fetchone()
        if row is None:
            return None
        session = _session_of_row(row, token_hash)
        now = utc_now()
        if session.user.disabled or now > session.expires_at or now - session.last_seen_at > session.policy.idle_for:
            return None
        # One write a minute at most: a reading room looks at thousands of frames.
        if attended and now - session.last_seen_at > TOUCHED_EVERY:
            connection.execute("update session set last_seen_at = now() where token_hash = %s", (token_hash,))
    return session


def sign_out(database: Database, session: Session, secret: str) -> None:
    """End the session."""
    with database.transaction(session.user.institution_id) as connection:
        connection.execute("delete from session where token_hash = %s", (secret_hash(secret),))
        audit.record(connection, session.caller, audit.Action.SIGNED_OUT)


def has_second_factor(connection: Connection, user_id: int) -> bool:
    """Whether the person has a passkey or an authenticator app."""
    row: Any = connection.execute(
        f"select {_FACTORS} from user_account u where u.user_id = %s",  # noqa: S608
        (user_id,),
    ).fetchone()
    return row is not None and bool(row[0])


def _stage(policy: SignInPolicy, *, second_factor: bool, has_factor: bool) -> Stage:
    if second_factor:
        return Stage.COMPLETE
    if has_factor:
        return Stage.SECOND_FACTOR
    return Stage.SET_UP if policy.second_factor is SecondFactor.REQUIRED else Stage.COMPLETE


def _session_of_row(row: tuple[Any, ...], token_hash: bytes) -> Session:
    second_factor, method, created_at, expires_at, last_seen_at, has_factor, *rest = row
    policy, user = policy_of_row(tuple(rest[:4])), rest[4:]
    return Session(
        user=user_of_row(tuple(user)),
        sitting=_sitting(token_hash),
        stage=_stage(policy, second_factor=second_factor, has_factor=has_factor),
        policy=policy,
        method=Method(method),
        second_factor=second_factor,
        created_at=created_at,
        expires_at=min(expires_at, created_at + policy.lasts_for),
        last_seen_at=last_seen_at,
    )


def _sitting(token_hash: bytes) -> str:
    """A short name of the session that does not open it (a hash of the stored hash would do; its head does too)."""
    return token_hash.hex()[:16]


def _record_failure(database: Database, user: User) -> None:
    caller = Caller(CallerKind.USER, str(user.user_id), user.institution_id, user.roles)
    with database.transaction(user.institution_id) as connection:
        audit.record(connection, caller, audit.Action.SIGN_IN_FAILED)
