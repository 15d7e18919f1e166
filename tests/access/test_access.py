"""Coming in: enrolment, sign-in, sessions, tokens, and what each of two hospitals may see of the other (nothing)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from isocenter.access import api_tokens, audit, enrolment, sessions, users
from isocenter.access.attempts import FREE_ATTEMPTS, SignInAttempts
from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.errors import (
    BadCredentials,
    InvalidUsername,
    TooManyAttempts,
    UnknownEnrolment,
    UnknownToken,
    UnknownUser,
    UsernameTaken,
    WeakPassword,
)
from isocenter.access.institutions import ensure_institution, institution_of
from isocenter.access.people import accounts
from isocenter.access.roles import Role
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.errors import Refused

PASSWORD = "horse staple battery 9"


def an_enrolled_user(database: Database, institution_id: int, username: str = "ada") -> users.User:
    secret = enrolment.issue_enrolment(database, system_caller(institution_id, "test"), (Role.ADMINISTRATOR,))
    return enrolment.enrol(database, secret, username=username, display_name="Ada", password=PASSWORD, language="en")


def signed_in(database: Database, username: str = "ada", password: str = PASSWORD) -> str:
    _, secret = sessions.sign_in(
        database, SignInAttempts(database), username, password, address="::1", user_agent="test"
    )
    return secret


def actions(database: Database, institution_id: int) -> list[object]:
    with database.transaction(institution_id) as connection:
        return [row[0] for row in connection.execute("select action from audit_event order by sequence")]


def test_an_enrolled_person_signs_in_and_the_session_tells_who_she_is(
    database: Database, institution: Institution
) -> None:
    user = an_enrolled_user(database, institution.institution_id)
    session = sessions.session_of(database, signed_in(database))
    assert session is not None
    assert session.user == user
    assert session.caller.institution_id == institution.institution_id
    assert actions(database, institution.institution_id) == ["enrolment-issued", "user-enrolled", "signed-in"]


def test_user_names_do_not_depend_on_case(database: Database, institution: Institution) -> None:
    an_enrolled_user(database, institution.institution_id, "Ada.Lovelace")
    assert signed_in(database, " ADA.lovelace")


def test_an_enrolment_link_works_once(database: Database, institution: Institution) -> None:
    secret = enrolment.issue_enrolment(database, system_caller(institution.institution_id, "t"), (Role.RADIOLOGIST,))
    assert enrolment.enrolment_of(database, secret).institution_name == "Demo"
    enrolment.enrol(database, secret, username="ada", display_name="A", password=PASSWORD, language="en")
    with pytest.raises(UnknownEnrolment):
        enrolment.enrol(database, secret, username="bob", display_name="B", password=PASSWORD, language="en")


def test_a_refused_password_leaves_the_link_valid(database: Database, institution: Institution) -> None:
    secret = enrolment.issue_enrolment(database, system_caller(institution.institution_id, "t"), (Role.RADIOLOGIST,))
    with pytest.raises(WeakPassword):
        enrolment.enrol(database, secret, username="ada", display_name="A", password="short", language="en")
    assert enrolment.enrolment_of(database, secret).roles == (Role.RADIOLOGIST,)


def test_an_expired_link_is_unknown(database: Database, institution: Institution) -> None:
    secret = enrolment.issue_enrolment(
        database, system_caller(institution.institution_id, "t"), (Role.RADIOLOGIST,), valid_for=timedelta(seconds=-1)
    )
    with pytest.raises(UnknownEnrolment):
        enrolment.enrolment_of(database, secret)


def test_withdrawn_first_links_end_and_links_for_named_people_stay(
    database: Database, institution: Institution
) -> None:
    system = system_caller(institution.institution_id, "up")
    first = enrolment.issue_enrolment(database, system, (Role.ADMINISTRATOR,))
    named = enrolment.issue_enrolment(database, system, (Role.ADMINISTRATOR,), username="grace")
    enrolment.withdraw_first_enrolments(database, institution.institution_id)
    with pytest.raises(UnknownEnrolment):
        enrolment.enrolment_of(database, first)
    assert enrolment.enrolment_of(database, named).username == "grace"


def test_a_user_name_is_taken_everywhere(
    database: Database, institution: Institution, other_institution: Institution
) -> None:
    an_enrolled_user(database, institution.institution_id)
    with pytest.raises(UsernameTaken):
        an_enrolled_user(database, other_institution.institution_id, "ADA")


@pytest.mark.parametrize("username", ["", "a", "a b", "../x", "a" * 70, "x\0y z", "ab\0c"])
def test_odd_user_names_are_refused(username: str) -> None:
    with pytest.raises(InvalidUsername):
        users.checked_username(username)


def test_a_wrong_password_and_an_unknown_name_are_told_apart_by_nobody(
    database: Database, institution: Institution
) -> None:
    an_enrolled_user(database, institution.institution_id)
    messages = set()
    for username, password in (("ada", "wrong wrong wrong"), ("nobody", PASSWORD), ("ada", "x" * 5000)):
        with pytest.raises(BadCredentials) as refusal:
            signed_in(database, username, password)
        messages.add(str(refusal.value))
    assert len(messages) == 1


def test_guessing_is_slowed_down_at_one_address_and_nowhere_else(database: Database) -> None:
    """By all web processes together: each has its own SignInAttempts."""

    def later(seconds: float) -> None:
        with database.transaction() as connection:
            connection.execute("UPDATE failed_attempt SET last_at = last_at - make_interval(secs => %s)", [seconds])

    doors = [SignInAttempts(database), SignInAttempts(database)]
    for number in range(FREE_ATTEMPTS):
        doors[number % 2].check("ada", "10.0.0.1")
        doors[number % 2].failed("ada", "10.0.0.1")
    for door in doors:
        with pytest.raises(TooManyAttempts) as refusal:
            door.check("ADA", "10.0.0.1")
        assert 1 <= refusal.value.retry_after_s <= 3
        door.check("ada", "10.0.0.2")
        door.check("grace", "10.0.0.1")
    later(2)
    doors[1].check("ada", "10.0.0.1")
    doors[0].failed("ada", "10.0.0.1")
    with pytest.raises(TooManyAttempts) as refusal:
        doors[1].check("ada", "10.0.0.1")
    assert 3 <= refusal.value.retry_after_s <= 5
    doors[1].succeeded("ada", "10.0.0.1")
    doors[0].check("ada", "10.0.0.1")


def test_failed_attempts_are_forgotten_after_a_quarter_of_an_hour(database: Database) -> None:
    attempts = SignInAttempts(database)
    for name in ("ada", "grace"):
        for _ in range(FREE_ATTEMPTS + 8):
            attempts.failed(name, "10.0.0.1")
    with database.transaction() as connection:
        connection.execute("UPDATE failed_attempt SET last_at = last_at - interval '15 minutes'")
    attempts.check("ada", "10.0.0.1")
    attempts.failed("ada", "10.0.0.1")
    attempts.check("ada", "10.0.0.1")
    with database.transaction() as connection:
        assert connection.execute("SELECT failures FROM failed_attempt").fetchall() == [(1,)]


def test_signing_out_ends_the_session(database: Database, institution: Institution) -> None:
    an_enrolled_user(database, institution.institution_id)
    secret = signed_in(database)
    session = sessions.session_of(database, secret)
    assert session is not None
    sessions.sign_out(database, session, secret)
    assert sessions.session_of(database, secret) is None


@pytest.mark.parametrize("column", ["expires_at", "last_seen_at"])
def test_an_old_or_idle_session_is_over(database: Database, institution: Institution, column: str) -> None:
    an_enrolled_user(database, institution.institution_id)
    secret = signed_in(database)
    with database.transaction(institution.institution_id) as connection:
        connection.execute(f"update session set {column} = now() - interval '9 hours'".encode())
    assert sessions.session_of(database, secret) is None


def test_a_disabled_user_is_out_at_once_and_stays_out(database: Database, institution: Institution) -> None:
    an_enrolled_user(database, institution.institution_id, "grace")
    user = an_enrolled_user(database, institution.institution_id)
    secret = signed_in(database)
    administrator = Caller(CallerKind.USER, "0", institution.institution_id, (Role.ADMINISTRATOR,))
    accounts.disable(database, administrator, user.user_id)
    assert sessions.session_of(database, secret) is None
    with pytest.raises(BadCredentials):
        signed_in(database)
    with pytest.raises(UnknownUser):
        accounts.disable(database, administrator, 1_000_000)


def test_a_new_password_ends_the_other_sessions(database: Database, institution: Institution) -> None:
    user = an_enrolled_user(database, institution.institution_id)
    here, elsewhere = signed_in(database), signed_in(database)
    session = sessions.session_of(database, here)
    assert session is not None
    with pytest.raises(BadCredentials):
        users.change_password(database, session.caller, user.user_id, "wrong", "another good one 7", b"")
    keep = sessions.secret_hash(here)
    users.change_password(database, session.caller, user.user_id, PASSWORD, "another good one 7", keep)
    assert sessions.session_of(database, here) is not None
    assert sessions.session_of(database, elsewhere) is None
    assert signed_in(database, password="another good one 7")


def test_a_token_speaks_for_its_institution_until_it_is_revoked(
    database: Database, institution: Institution, other_institution: Institution
) -> None:
    administrator = Caller(CallerKind.USER, "1", institution.institution_id, (Role.ADMINISTRATOR,))
    stranger = Caller(CallerKind.USER, "2", other_institution.institution_id, (Role.ADMINISTRATOR,))
    secret = api_tokens.issue_token(database, administrator, (Role.MODALITY,), label="CT 1")
    assert secret.startswith("iso_")
    caller = api_tokens.caller_of_token(database, secret)
    assert caller is not None
    assert (caller.roles, caller.institution_id) == ((Role.MODALITY,), institution.institution_id)
    (token,) = api_tokens.tokens_of(database, administrator)
    assert api_tokens.tokens_of(database, stranger) == []
    with pytest.raises(UnknownToken):
        api_tokens.revoke_token(database, stranger, token.token_id)
    api_tokens.revoke_token(database, administrator, token.token_id)
    assert api_tokens.caller_of_token(database, secret) is None


@pytest.mark.parametrize("secret", ["", "iso_", "iso_nonsense", "nonsense", "iso_\0", "iso_\udcff"])
def test_nonsense_opens_nothing(database: Database, secret: str) -> None:
    assert api_tokens.caller_of_token(database, secret) is None
    assert sessions.session_of(database, secret) is None


def test_an_expired_token_opens_nothing(database: Database, institution: Institution) -> None:
    system = system_caller(institution.institution_id, "t")
    secret = api_tokens.issue_token(database, system, (Role.MODALITY,), valid_for=timedelta(seconds=-1))
    assert api_tokens.caller_of_token(database, secret) is None


def test_secrets_are_stored_only_as_hashes(database: Database, institution: Institution) -> None:
    system = system_caller(institution.institution_id, "t")
    an_enrolled_user(database, institution.institution_id)
    shown = [
        signed_in(database),
        api_tokens.issue_token(database, system, (Role.MODALITY,)),
        enrolment.issue_enrolment(database, system, (Role.RADIOLOGIST,)),
        PASSWORD,
    ]
    with database.transaction(institution.institution_id) as connection:
        for table in ("session", "api_token", "enrolment", "user_account", "audit_event"):
            text = str(connection.execute(f"select * from {table}".encode()).fetchall())
            assert not any(secret in text for secret in shown)


def test_looking_at_a_study_is_recorded_once_per_sitting(database: Database, institution: Institution) -> None:
    looker = Caller(CallerKind.USER, "7", institution.institution_id, (Role.RADIOLOGIST,), "morning")
    later = Caller(CallerKind.USER, "7", institution.institution_id, (Role.RADIOLOGIST,), "evening")
    for caller in (looker, looker, later):
        audit.study_opened(database, caller, "1.2.3")
    audit.StudyLooks().record(database, looker, "1.2.3")  # another process, which remembers nothing yet
    audit.study_opened(database, system_caller(institution.institution_id, "seal"), "1.2.3")
    assert actions(database, institution.institution_id) == ["study-opened", "study-opened"]


def test_the_audit_trail_cannot_be_changed_by_the_application(database: Database, institution: Institution) -> None:
    audit.study_opened(
        database, Caller(CallerKind.USER, "7", institution.institution_id, (Role.RADIOLOGIST,), "x"), "1.2.3"
    )
    for statement in (b"update audit_event set caller_id = 'me'", b"delete from audit_event"):
        with pytest.raises(Exception, match="permission denied"), database.transaction(1) as connection:
            connection.execute(statement)


def test_a_home_keeps_its_first_institution(database: Database) -> None:
    first = ensure_institution(database, "First")
    assert ensure_institution(database, "Renamed later") == first
    assert institution_of(database, first.institution_id).name == "First"


def test_a_modality_may_not_manage_users(database: Database, institution: Institution) -> None:
    modality = Caller(CallerKind.PROGRAM, "token-1", institution.institution_id, (Role.MODALITY,))
    with pytest.raises(Refused):
        api_tokens.issue_token(database, modality, (Role.ADMINISTRATOR,))
    with pytest.raises(Refused):
        accounts.people(database, modality)


@pytest.mark.parametrize(
    "password",
    ["short", "aaaaaaaaaaaaaaaa", "123456789012", "Password1234!", "qwertyuiopas", "adaadaadaada!!", "my-name-is-ada-l",
     "admin-admin-2024", "isocenter2026!"],
)  # fmt: skip
def test_passwords_that_are_guessed_first_are_refused(password: str) -> None:
    with pytest.raises(WeakPassword) as refusal:
        users.check_password(password, "ada")
    assert password not in str(refusal.value)


@pytest.mark.parametrize(
    "password", [PASSWORD, "correct horse battery staple", "五月的风吹过安静的小镇啊", "zR8#kk2!pQ0x"]
)
def test_good_passwords_are_taken(password: str) -> None:
    users.check_password(password, "ada")


def test_a_password_costs_what_rfc_9106_recommends(shipped_hasher: PasswordHasher) -> None:
    assert shipped_hasher.hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=1$")
