"""Signing in through a real OpenID Connect provider, and what an account here comes of."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.access.federation.real_provider import TRUSTED, a_provider, signed_in_there

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.errors import InvalidRole
from isocenter.access.federation import accounts, providers
from isocenter.access.federation.discovery import Discovery
from isocenter.access.federation.errors import (
    BadIdToken,
    InvalidProvider,
    NoAccountHere,
    ProviderExists,
    ProviderMisbehaves,
    SignInRefused,
    UnknownProvider,
)
from isocenter.access.federation.providers import AccountRules, HowToAsk, IdentityProvider, SecondFactor
from isocenter.access.federation.sign_on import SignOn, answer, question
from isocenter.access.people.accounts import create_account, disable
from isocenter.access.people.roles_held import give_role, role_history
from isocenter.access.roles import Right, Role
from isocenter.access.sealed_secrets import new_sealing_key
from isocenter.access.secret_tokens import new_secret
from isocenter.access.users import User
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.errors import Refused
from isocenter.kit.outgoing import ForbiddenAddress, PeerAway

BACK = "https://isocenter.example/api/sign-in/callback/x"
ACCOUNTS = {
    "s-1": {"preferred_username": "Ada", "name": "Ada Lovelace", "groups": ["rad", "staff"], "locale": "zh-CN"},
    "s-2": {"preferred_username": "Grace", "name": "Grace", "groups": ["staff"]},
    "s-3": {"name": "No user name"},
}
CLIENTS = [
    {"client_id": "isocenter", "client_secret": "s3cret-with-%:", "redirect_uris": [BACK]},
    {"client_id": "public", "token_endpoint_auth_method": "none", "redirect_uris": [BACK]},
]
RULES = AccountRules(
    role_claim="groups", roles_by_value={"rad": Role.RADIOLOGIST, "tech": Role.TECHNOLOGIST}, creates_accounts=True
)
KEY = new_sealing_key()


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with a_provider(ACCOUNTS, CLIENTS) as found:
        yield found


@pytest.fixture
def discovery() -> Discovery:
    return Discovery(TRUSTED)


def keeper(institution: Institution, role: Role) -> Caller:
    return Caller(CallerKind.USER, f"the-{role}", institution.institution_id, (role,))


def a_known_provider(
    database: Database, institution: Institution, issuer: str, rules: AccountRules = RULES, **more: Any
) -> IdentityProvider:
    wanted = HowToAsk("Hospital", "isocenter", client_secret="s3cret-with-%:", **more)
    added = providers.add_provider(database, keeper(institution, Role.SECURITY_OFFICER), KEY, issuer, wanted, TRUSTED)
    return providers.set_account_rules(database, keeper(institution, Role.ADMINISTRATOR), added.provider_id, rules)


def a_sign_on(database: Database, provider: IdentityProvider) -> SignOn:
    known, secret = providers.enabled_provider(database, KEY, provider.provider_id)
    return SignOn(known, secret, new_secret(), BACK)


def claims_of(sign_on: SignOn, discovery: Discovery, login: str, *amr: str) -> dict[str, Any]:
    return answer(sign_on, discovery, signed_in_there(question(sign_on, discovery), BACK, login, *amr))


def test_a_person_of_a_real_provider_gets_an_account_with_her_roles_and_the_same_one_again(
    database: Database, institution: Institution, issuer: str, discovery: Discovery
) -> None:
    provider = a_known_provider(database, institution, issuer)
    claims = claims_of(a_sign_on(database, provider), discovery, "s-1", "mfa")
    user = accounts.account_of(database, provider, claims)
    assert (user.username, user.display_name, user.language) == ("ada", "Ada Lovelace", "zh-CN")
    assert user.roles == (Role.RADIOLOGIST,)
    assert accounts.second_factor_proved(provider, claims)
    again = claims_of(a_sign_on(database, provider), discovery, "s-1")
    assert accounts.account_of(database, provider, again).user_id == user.user_id
    assert not accounts.second_factor_proved(provider, again)


def test_a_public_client_needs_no_secret_and_pkce_holds(
    database: Database, institution: Institution, issuer: str, discovery: Discovery
) -> None:
    provider = replace(a_known_provider(database, institution, issuer), client_id="public")
    sign_on = SignOn(provider, None, new_secret(), BACK)
    assert claims_of(sign_on, discovery, "s-2")["sub"] == "s-2"
    brought = signed_in_there(question(sign_on, discovery), BACK, "s-2")
    thief = replace(sign_on, secret=new_secret())
    with pytest.raises(SignInRefused):
        answer(thief, discovery, {**brought, "state": thief.derived("state")})


def test_answers_that_are_not_to_this_browsers_question_are_refused(
    database: Database, institution: Institution, issuer: str, discovery: Discovery
) -> None:
    sign_on = a_sign_on(database, a_known_provider(database, institution, issuer))
    brought = signed_in_there(question(sign_on, discovery), BACK, "s-1")
    for changes in ({"state": "x"}, {"state": ""}, {"iss": "https://evil.example"}, {"code": "x"}, {"code": ""}):
        with pytest.raises(SignInRefused):
            answer(sign_on, discovery, {**brought, **changes})
    with pytest.raises(SignInRefused):  # this provider names itself in every answer (RFC 9207)
        answer(sign_on, discovery, {name: value for name, value in brought.items() if name != "iss"})
    answer(sign_on, discovery, brought)
    with pytest.raises(SignInRefused):  # a code is taken once
        answer(sign_on, discovery, brought)
    with pytest.raises(SignInRefused):
        claims_of(sign_on, discovery, "nobody")


def test_a_wrong_secret_is_not_confirmed(
    database: Database, institution: Institution, issuer: str, discovery: Discovery
) -> None:
    sign_on = replace(a_sign_on(database, a_known_provider(database, institution, issuer)), client_secret="wrong")
    with pytest.raises(SignInRefused):
        claims_of(sign_on, discovery, "s-1")


class _Words:
    """Claims as validated, without a provider."""

    def __init__(self, subject: str = "s-9", **more: Any) -> None:
        self.claims = {"sub": subject, "preferred_username": "ada", "name": "Ada", **more}


def test_nobody_gets_an_account_unless_an_administrator_says_so(database: Database, institution: Institution) -> None:
    provider = a_known_provider(database, institution, "https://93.184.215.14", AccountRules())
    with pytest.raises(NoAccountHere):
        accounts.account_of(database, provider, _Words(groups=["rad"]).claims)
    ready = replace(provider, rules=RULES)
    with pytest.raises(NoAccountHere):  # no role, no account
        accounts.account_of(database, ready, _Words(groups=["staff"]).claims)
    with pytest.raises(NoAccountHere):
        accounts.account_of(database, ready, {"sub": "s-3", "groups": ["rad"]})


def test_an_account_of_the_same_name_is_hers_only_by_rule_and_never_one_with_power(
    database: Database, institution: Institution
) -> None:
    provider = a_known_provider(database, institution, "https://93.184.215.14")
    administrator = keeper(institution, Role.ADMINISTRATOR)
    ada = create_account(database, administrator, username="ada", display_name="Ada", roles=["registrar"])
    with pytest.raises(NoAccountHere):
        accounts.account_of(database, provider, _Words(groups=["rad"]).claims)
    matching = replace(provider, rules=replace(RULES, matches_accounts=True))
    found = accounts.account_of(database, matching, _Words(groups=["rad"]).claims)
    assert (found.user_id, set(found.roles)) == (ada.user_id, {Role.REGISTRAR, Role.RADIOLOGIST})
    create_account(database, administrator, username="root", display_name="R", roles=["security-officer"])
    with pytest.raises(NoAccountHere):
        accounts.account_of(database, matching, _Words("s-8", preferred_username="root", groups=["rad"]).claims)


def test_roles_of_a_claim_go_with_it_and_those_given_here_stay(database: Database, institution: Institution) -> None:
    provider = a_known_provider(database, institution, "https://93.184.215.14")
    user = accounts.account_of(database, provider, _Words(groups=["rad"]).claims)
    administrator = keeper(institution, Role.ADMINISTRATOR)
    give_role(database, administrator, user.user_id, "registrar")

    def roles(groups: object) -> set[Role]:
        return set(accounts.account_of(database, provider, _Words(groups=groups).claims).roles)

    assert roles(["tech", 7, None]) == {Role.TECHNOLOGIST, Role.REGISTRAR}
    assert roles("rad") == {Role.RADIOLOGIST, Role.REGISTRAR}
    assert roles({"rad": 1}) == {Role.REGISTRAR}
    ended = {held.role: held.ended_by for held in role_history(database, administrator, user.user_id)}
    assert ended[Role.TECHNOLOGIST] == f"provider-{provider.provider_id}"


def test_a_disabled_person_does_not_come_back_through_her_provider(
    database: Database, institution: Institution
) -> None:
    provider = a_known_provider(database, institution, "https://93.184.215.14")
    user = accounts.account_of(database, provider, _Words(groups=["rad"]).claims)
    disable(database, keeper(institution, Role.ADMINISTRATOR), user.user_id)
    with pytest.raises(NoAccountHere):
        accounts.account_of(database, provider, _Words(groups=["rad"]).claims)


def test_a_name_of_another_hospital_is_not_taken_over(
    database: Database, institution: Institution, other_institution: Institution
) -> None:
    create_account(
        database, keeper(other_institution, Role.ADMINISTRATOR), username="ada", display_name="A", roles=["registrar"]
    )
    provider = a_known_provider(database, institution, "https://93.184.215.14", replace(RULES, matches_accounts=True))
    with pytest.raises(NoAccountHere):
        accounts.account_of(database, provider, _Words(groups=["rad"]).claims)


def test_two_keepers_each_change_their_part(
    database: Database, institution: Institution, other_institution: Institution
) -> None:
    officer, administrator = keeper(institution, Role.SECURITY_OFFICER), keeper(institution, Role.ADMINISTRATOR)
    provider = a_known_provider(database, institution, "https://93.184.215.14")
    with pytest.raises(Refused):
        providers.set_account_rules(database, officer, provider.provider_id, RULES)
    with pytest.raises(Refused):
        providers.change_provider(database, administrator, KEY, provider.provider_id, HowToAsk("H", "c"))
    with pytest.raises(Refused):
        providers.providers_of(database, keeper(institution, Role.RADIOLOGIST))
    stranger = keeper(other_institution, Role.SECURITY_OFFICER)
    assert providers.providers_of(database, stranger) == []
    with pytest.raises(UnknownProvider):
        providers.remove_provider(database, stranger, provider.provider_id)
    assert providers.providers_of(database, administrator, Right.MANAGE_USERS) == [provider]
    changed = providers.change_provider(
        database, officer, KEY, provider.provider_id, HowToAsk("Clinic", "c2", second_factor=SecondFactor.HERE)
    )
    assert (changed.name, changed.has_secret, changed.second_factor) == ("Clinic", True, SecondFactor.HERE)
    assert providers.offered_providers(database) == [(provider.provider_id, "Clinic")]
    providers.change_provider(
        database, officer, KEY, provider.provider_id, HowToAsk("Clinic", "c2", client_secret="", enabled=False)
    )
    assert not providers.providers_of(database, officer)[0].has_secret
    with pytest.raises(UnknownProvider):
        providers.enabled_provider(database, KEY, provider.provider_id)
    assert providers.offered_providers(database) == []
    providers.remove_provider(database, officer, provider.provider_id)
    assert providers.providers_of(database, officer) == []


def test_settings_that_are_not_usable_are_refused(database: Database, institution: Institution) -> None:
    officer, administrator = keeper(institution, Role.SECURITY_OFFICER), keeper(institution, Role.ADMINISTRATOR)
    usable = HowToAsk("H", "c")
    for issuer in ("http://93.184.215.14", "https://10.0.0.1", "https://169.254.169.254", "https://localhost", "x"):
        with pytest.raises(ForbiddenAddress):
            providers.add_provider(database, officer, KEY, issuer, usable, ())
    with pytest.raises(InvalidProvider):
        providers.add_provider(database, officer, KEY, "https://93.184.215.14/?a=b", usable, ())
    for bad in (
        replace(usable, name=" "),
        replace(usable, client_id="a b"),
        replace(usable, client_secret="a\n"),
        replace(usable, scopes=("profile",)),
        replace(usable, scopes=("openid", 'a"b')),
    ):
        with pytest.raises(InvalidProvider):
            providers.add_provider(database, officer, KEY, "https://93.184.215.14", bad, ())
    added = providers.add_provider(database, officer, KEY, "https://93.184.215.14", usable, ())
    with pytest.raises(ProviderExists):
        providers.add_provider(database, officer, KEY, "https://93.184.215.14", usable, ())
    with pytest.raises(InvalidRole):
        providers.set_account_rules(
            database, administrator, added.provider_id, AccountRules(default_roles=(Role.SERVICE,))
        )
    for rules in (
        AccountRules(default_roles=(Role.REGION_ADMINISTRATOR,)),
        AccountRules(username_claim=""),
        AccountRules(roles_by_value={"": Role.RADIOLOGIST}),
    ):
        with pytest.raises(InvalidProvider):
            providers.set_account_rules(database, administrator, added.provider_id, rules)


def test_a_provider_that_says_it_is_another_or_names_inside_addresses_is_left(issuer: str) -> None:
    class Lying(Discovery):
        said: dict[str, Any]

        def get(self, url: str, headers: object = None) -> dict[str, Any]:
            return self.said

    usual = {name: f"{issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    for said in (
        {**usual, "issuer": "https://other.example"},
        {**usual, "issuer": issuer, "authorization_endpoint": "javascript:alert(1)"},
        {**usual, "issuer": issuer, "jwks_uri": "file:///etc/passwd"},
        {**usual, "issuer": issuer, "token_endpoint": "http://10.0.0.1/"},
        {"issuer": issuer},
    ):
        lying = Lying(TRUSTED)
        lying.said = said
        with pytest.raises(ProviderMisbehaves):
            lying.metadata(issuer)
    with pytest.raises(ForbiddenAddress):
        Discovery(()).metadata(issuer)


def test_a_provider_that_does_not_answer_is_left_alone_for_a_moment() -> None:
    now = [1000.0]
    discovery = Discovery(TRUSTED, lambda: now[0])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with pytest.raises(PeerAway, match="does not answer"):
        discovery.metadata(address)
    with pytest.raises(PeerAway, match="a moment ago"):
        discovery.metadata(address)
    now[0] += 11
    with pytest.raises(PeerAway, match="does not answer"):
        discovery.metadata(address)


def test_changed_keys_are_fetched_again_but_not_by_everyone(
    database: Database, institution: Institution, issuer: str
) -> None:
    now = [1000.0]
    asked: list[str] = []

    class Counting(Discovery):
        def _ask_keys(self, issuer: str) -> Any:
            asked.append(issuer)
            found = super()._ask_keys(issuer)
            return found if len(asked) > 2 else [{**key, "kid": "before"} for key in found]

    discovery = Counting(TRUSTED, lambda: now[0])
    sign_on = a_sign_on(database, a_known_provider(database, institution, issuer))
    discovery.keys(issuer)
    with pytest.raises(BadIdToken):
        claims_of(sign_on, discovery, "s-1")
    assert len(asked) == 1
    now[0] += 61
    with pytest.raises(BadIdToken):
        claims_of(sign_on, discovery, "s-1")
    now[0] += 61
    assert claims_of(sign_on, discovery, "s-1")["sub"] == "s-1"
    assert len(asked) == 3


def test_first_sign_ins_at_once_are_one_account(database: Database, institution: Institution) -> None:
    from concurrent.futures import ThreadPoolExecutor

    provider = a_known_provider(database, institution, "https://93.184.215.14")

    def come(_: int) -> User:
        return accounts.account_of(database, provider, _Words(groups=["rad"]).claims)

    with ThreadPoolExecutor(4) as pool:
        assert len({user.user_id for user in pool.map(come, range(4))}) == 1
