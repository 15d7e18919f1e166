"""Programs: OAuth2 clients, their scopes and secrets, and tokens that do no more than their scopes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from isocenter.access import api_tokens
from isocenter.access.api_tokens import caller_of_token, issue_token
from isocenter.access.attempts import FREE_ATTEMPTS, SignInAttempts
from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.errors import InvalidRole, RolesKeptApart, TooManyAttempts, UnknownToken
from isocenter.access.programs import clients
from isocenter.access.programs.access_tokens import AccessToken, give_access_token, revoke_access_token
from isocenter.access.programs.clients import Client
from isocenter.access.programs.errors import BadClient, InvalidClient, InvalidScope, TooManySecrets, UnknownClient
from isocenter.access.roles import Right, Role
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.errors import Refused


def administrator(institution: Institution) -> Caller:
    return Caller(CallerKind.USER, "1", institution.institution_id, (Role.ADMINISTRATOR,))


def a_client(database: Database, institution: Institution, *scopes: str, role: str = "service") -> tuple[Client, str]:
    return clients.add_client(
        database, administrator(institution), name="RIS", roles=[role], scopes=scopes or ["read", "store"]
    )


def token_of(database: Database, client: Client, secret: str, *scopes: str) -> AccessToken:
    return give_access_token(
        database, SignInAttempts(database), client.client_id, secret, scopes=scopes or None, address="::1"
    )


def test_a_client_shows_its_secret_and_gets_an_hour(database: Database, institution: Institution) -> None:
    client, secret = a_client(database, institution)
    given = token_of(database, client, secret)
    caller = caller_of_token(database, given.secret)
    assert caller is not None
    assert (caller.id, caller.institution_id, caller.roles) == (
        client.client_id,
        institution.institution_id,
        (Role.SERVICE,),
    )
    assert given.expires_in <= timedelta(hours=1)
    assert {right for right in Right if caller.may(right)} == {Right.READ, Right.STORE}
    assert api_tokens.tokens_of(database, administrator(institution)) == []


def test_a_token_may_be_narrower_and_never_wider(database: Database, institution: Institution) -> None:
    client, secret = a_client(database, institution)
    caller = caller_of_token(database, token_of(database, client, secret, "read").secret)
    assert caller is not None and caller.may(Right.READ) and not caller.may(Right.STORE)
    for scopes in (("send",), ("read", "manage-users"), ("",), ("READ",)):
        with pytest.raises(InvalidScope):
            token_of(database, client, secret, *scopes)


@pytest.mark.parametrize("wrong", ["", "isocs_x", "isocs_" + "x" * 5000, "\0", "\ud800"])
def test_a_wrong_secret_is_like_an_unknown_client(database: Database, institution: Institution, wrong: str) -> None:
    client, secret = a_client(database, institution)
    seen = set()
    for client_id, shown in ((client.client_id, wrong), ("iso-nobody", secret), (wrong, secret)):
        with pytest.raises(BadClient) as refused:
            give_access_token(database, SignInAttempts(database), client_id, shown, scopes=None, address="::1")
        seen.add(str(refused.value))
    assert len(seen) == 1


def test_guessing_is_slowed_where_it_comes_from(database: Database, institution: Institution) -> None:
    client, secret = a_client(database, institution)
    attempts = SignInAttempts(database)
    for _ in range(FREE_ATTEMPTS):
        with pytest.raises(BadClient):
            give_access_token(database, attempts, client.client_id, "x", scopes=None, address="10.0.0.1")
    with pytest.raises(TooManyAttempts):
        give_access_token(database, attempts, client.client_id, secret, scopes=None, address="10.0.0.1")
    assert give_access_token(database, attempts, client.client_id, secret, scopes=None, address="10.0.0.2")


def test_a_secret_changes_without_a_gap(database: Database, institution: Institution) -> None:
    who = administrator(institution)
    client, old = a_client(database, institution)
    new = clients.add_secret(database, who, client.client_id)
    assert token_of(database, client, old) and token_of(database, client, new)
    with pytest.raises(TooManySecrets):
        clients.add_secret(database, who, client.client_id)
    first = clients.clients_of(database, who)[0].secrets[0]
    assert len(clients.end_secret(database, who, client.client_id, first.secret_id).secrets) == 1
    with pytest.raises(BadClient):
        token_of(database, client, old)
    assert token_of(database, client, new)
    with pytest.raises(UnknownClient):
        clients.end_secret(database, who, client.client_id, first.secret_id)


def test_an_ended_client_and_changed_scopes_end_its_tokens(database: Database, institution: Institution) -> None:
    who = administrator(institution)
    client, secret = a_client(database, institution)
    wide = token_of(database, client, secret)
    changed = clients.change_client(database, who, client.client_id, name="RIS 2", scopes=["read"])
    assert (changed.name, changed.scopes) == ("RIS 2", (Right.READ,))
    assert caller_of_token(database, wide.secret) is None
    narrow = token_of(database, client, secret)
    clients.end_client(database, who, client.client_id)
    assert caller_of_token(database, narrow.secret) is None
    with pytest.raises(BadClient):
        token_of(database, client, secret)
    with pytest.raises(UnknownClient):
        clients.add_secret(database, who, client.client_id)


def test_a_client_revokes_its_own_tokens_and_no_other(database: Database, institution: Institution) -> None:
    client, secret = a_client(database, institution)
    other, other_secret = a_client(database, institution)
    mine, theirs = token_of(database, client, secret), token_of(database, other, other_secret)
    for token in (mine.secret, theirs.secret, "iso_nothing"):
        revoke_access_token(database, SignInAttempts(database), client.client_id, secret, token=token, address="::1")
    assert caller_of_token(database, mine.secret) is None
    assert caller_of_token(database, theirs.secret) is not None
    with pytest.raises(BadClient):
        revoke_access_token(
            database, SignInAttempts(database), client.client_id, "x", token=theirs.secret, address="::1"
        )


def test_a_client_of_another_hospital_is_not_there(
    database: Database, institution: Institution, other_institution: Institution
) -> None:
    client, _ = a_client(database, institution)
    stranger = administrator(other_institution)
    assert clients.clients_of(database, stranger) == []
    for act in (
        lambda: clients.add_secret(database, stranger, client.client_id),
        lambda: clients.end_client(database, stranger, client.client_id),
        lambda: clients.change_client(database, stranger, client.client_id, name="x", scopes=None),
        lambda: clients.end_secret(database, stranger, client.client_id, 1),
        lambda: clients.end_client(database, stranger, "a\0b"),
    ):
        with pytest.raises(UnknownClient):
            act()


def test_what_no_client_may_have_is_refused(database: Database, institution: Institution) -> None:
    who = administrator(institution)

    def add(name: str, roles: list[str], scopes: list[str]) -> None:
        clients.add_client(database, who, name=name, roles=roles, scopes=scopes)

    with pytest.raises(InvalidClient):
        add(" ", ["service"], ["read"])
    with pytest.raises(InvalidRole):
        add("x", ["patient"], ["read"])
    with pytest.raises(RolesKeptApart):
        add("x", ["administrator", "auditor"], ["read"])
    for scopes in ([], ["everything"], ["manage-users"]):
        with pytest.raises(InvalidScope):
            add("x", ["service"], scopes)
    with pytest.raises(Refused):
        add("x", ["region-administrator"], ["manage-region"])
    with pytest.raises(Refused):
        clients.add_client(
            database,
            Caller(CallerKind.USER, "2", institution.institution_id, (Role.SECURITY_OFFICER,)),
            name="x",
            roles=["service"],
            scopes=["read"],
        )


def test_an_issued_token_may_have_scopes_and_makes_no_wider_one(database: Database, institution: Institution) -> None:
    who = system_caller(institution.institution_id, "test")
    secret = issue_token(database, who, (Role.ADMINISTRATOR,), scopes=["manage-users", "read"])
    narrow = caller_of_token(database, secret)
    assert narrow is not None and narrow.may(Right.MANAGE_USERS) and not narrow.may(Right.ERASE)
    assert api_tokens.tokens_of(database, narrow)[0].scopes == (Right.MANAGE_USERS, Right.READ)
    assert caller_of_token(database, issue_token(database, narrow, (Role.ADMINISTRATOR,), scopes=["read"])) is not None
    for scopes in (None, ["erase"], ["read", "erase"]):
        with pytest.raises(InvalidScope):
            issue_token(database, narrow, (Role.ADMINISTRATOR,), scopes=scopes)
    with pytest.raises(InvalidScope):
        clients.add_client(database, narrow, name="x", roles=["administrator"], scopes=["erase"])


def test_a_clients_token_is_not_revoked_by_its_number(database: Database, institution: Institution) -> None:
    client, secret = a_client(database, institution)
    token_of(database, client, secret)
    with pytest.raises(UnknownToken):
        api_tokens.revoke_token(database, administrator(institution), 1)
