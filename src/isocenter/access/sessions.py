"""Sessions: a person signed in at one browser. The cookie's secret is stored as a hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from isocenter.access import audit
from isocenter.access.attempts import SignInAttempts
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.errors import BadCredentials
from isocenter.access.passwords import verify_password
from isocenter.access.secret_tokens import new_secret, secret_hash
from isocenter.access.users import USER_COLUMNS, User, folded_username, user_of_id, user_of_row
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database, set_institution

LASTS_FOR = timedelta(hours=24)
IDLE_FOR = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, as whom. sitting names the session in the audit trail and opens nothing."""

    user: User
    sitting: str

    @property
    def caller(self) -> Caller:
        """The person as the first argument of a verb."""
        user = self.user
        return Caller(CallerKind.USER, str(user.user_id), user.institution_id, user.roles, self.sitting)


def sign_in(
    database: Database, attempts: SignInAttempts, username: str, password: str, *, address: str, user_agent: str
) -> tuple[User, str]:
    """The user and the secret of a new session. Raises BadCredentials, TooManyAttempts."""
    username = folded_username(username)
    attempts.check(username, address)
    with database.credential_transaction(username) as connection:
        row: Any = connection.execute(
            "select institution_id, user_id, password_hash from user_account where username = %s", (username,)
        ).fetchone()
        if row is not None:
            set_institution(connection, row[0])
        user = None if row is None else user_of_id(connection, row[1])
    usable = user is not None and not user.disabled
    if not verify_password(password, row[2] if usable else None) or user is None:
        attempts.failed(username, address)
        if user is not None:
            _record_failure(database, user)
        raise BadCredentials("The user name or the password is not right.")
    attempts.succeeded(username, address)
    return user, open_session(database, user, address=address, user_agent=user_agent)


def open_session(database: Database, user: User, *, address: str, user_agent: str) -> str:
    """The secret of a new session of the user."""
    secret = new_secret()
    session = Session(user, _sitting(secret_hash(secret)))
    with database.transaction(user.institution_id) as connection:
        connection.execute("delete from session where expires_at < now()")
        connection.execute(
            "insert into session (token_hash, user_id, institution_id, expires_at, user_agent, address)"
            " values (%s, %s, %s, %s, %s, %s)",
            (
                secret_hash(secret),
                user.user_id,
                user.institution_id,
                utc_now() + LASTS_FOR,
                user_agent[:200].replace("\0", ""),
                address,
            ),
        )
        audit.record(connection, session.caller, audit.Action.SIGNED_IN, address=address)
    return secret


def session_of(database: Database, secret: str) -> Session | None:
    """The session that a cookie opens, or None when it is unknown, over, idle too long, or its user is disabled."""
    token_hash = secret_hash(secret)
    with database.credential_transaction(token_hash.hex()) as connection:
        known: Any = connection.execute(
            "select institution_id from session where token_hash = %s", (token_hash,)
        ).fetchone()
        if known is None:
            return None
        set_institution(connection, known[0])
        row: Any = connection.execute(
            # One write a minute at most: a reading room looks at thousands of frames.
            "with touched as (update session set last_seen_at = now()"  # noqa: S608
            " where token_hash = %(hash)s and last_seen_at between now() - %(idle)s and now() - interval '1 minute')"
            f" select {USER_COLUMNS} from session s join user_account u using (user_id)"
            " where s.token_hash = %(hash)s and s.expires_at > now() and s.last_seen_at > now() - %(idle)s"
            " and u.disabled_at is null",
            {"hash": token_hash, "idle": IDLE_FOR},
        ).fetchone()
    return None if row is None else Session(user_of_row(row), _sitting(token_hash))


def sign_out(database: Database, session: Session, secret: str) -> None:
    """End the session."""
    with database.transaction(session.user.institution_id) as connection:
        connection.execute("delete from session where token_hash = %s", (secret_hash(secret),))
        audit.record(connection, session.caller, audit.Action.SIGNED_OUT)


def _sitting(token_hash: bytes) -> str:
    """A short name of the session that does not open it (a hash of the stored hash would do; its head does too)."""
    return token_hash.hex()[:16]


def _record_failure(database: Database, user: User) -> None:
    caller = Caller(CallerKind.USER, str(user.user_id), user.institution_id, user.roles)
    with database.transaction(user.institution_id) as connection:
        audit.record(connection, caller, audit.Action.SIGN_IN_FAILED)
