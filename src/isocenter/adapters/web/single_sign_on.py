"""Signing in through an identity provider: the browser's way there and back (OpenID Connect Core 1.0, 3.1).

These are pages that a browser goes to, so what goes wrong is told by the sign-in page, under a stable word in its
address. The redirect address is one per issuer: a provider cannot pass another one's answer off as its own.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from isocenter.access import audit, sessions
from isocenter.access.caller import system_caller
from isocenter.access.federation import providers
from isocenter.access.federation.accounts import account_of, second_factor_proved
from isocenter.access.federation.discovery import Discovery
from isocenter.access.federation.errors import SignInRefused, UnknownProvider
from isocenter.access.federation.providers import IdentityProvider
from isocenter.access.federation.sign_on import SignOn, answer, question
from isocenter.access.secret_tokens import new_secret
from isocenter.access.sessions import Method
from isocenter.adapters.web.parts import parts_of, sealing_key_of_parts
from isocenter.adapters.web.row_numbers import row_number
from isocenter.adapters.web.sign_in import Me, address_of, device_of, entered, user_agent_of
from isocenter.kit.errors import IsocenterError
from isocenter.kit.logging import get_logger

router = APIRouter(tags=["Signing in"])
_log = get_logger(__name__)

COOKIE = "isocenter_sign_on"
CALLBACK = "/api/sign-in/callback"
_LASTS_S = 600
_HERE = re.compile(r"/(?![/\\])[\x21-\x7e]{0,1000}")


class OfferedProvider(BaseModel):
    """A way in that the sign-in page offers; the browser goes to /api/sign-in/providers/{provider_id}."""

    provider_id: int
    name: str


class OfferedProviders(BaseModel):
    """All of them, by name."""

    providers: list[OfferedProvider]


@router.get("/api/sign-in/providers", summary="Identity providers one can sign in through")
def offered_providers(request: Request) -> OfferedProviders:
    """Those that are meant to be offered to everyone."""
    found = providers.offered_providers(parts_of(request).database)
    return OfferedProviders(providers=[OfferedProvider(provider_id=number, name=name) for number, name in found])


@router.get("/api/sign-in/providers/{provider_id}", summary="Go to an identity provider", status_code=303)
def go_there(request: Request, provider_id: int, back: str = "/") -> RedirectResponse:
    """Redirects to the provider; back: the page of ours to come back to."""
    try:
        sign_on = _sign_on(request, provider_id, new_secret())
        there = RedirectResponse(question(sign_on, discovery_of(request)), 303)
    except IsocenterError as error:
        return _problem(request, error, None)
    place = urlsafe_b64encode((back if _HERE.fullmatch(back) else "/").encode()).decode()
    there.set_cookie(
        COOKIE,
        f"{provider_id}.{sign_on.secret}.{place}",
        max_age=_LASTS_S,
        httponly=True,
        samesite="lax",  # the provider's redirect brings it along; Strict would not
        secure=request.url.scheme == "https",
        path=CALLBACK,
    )
    return there


@router.get(CALLBACK + "/{issuer_word}", summary="Come back from an identity provider", status_code=303)
def come_back(request: Request, issuer_word: str) -> RedirectResponse:
    """Opens a session, or leads back to the sign-in page with the reason."""
    provider: IdentityProvider | None = None
    try:
        provider_id, secret, back = _asked(request)
        sign_on = _sign_on(request, provider_id, secret)
        provider = sign_on.provider
        if issuer_word != word_of(provider.issuer):
            raise SignInRefused("The answer came to another provider's address.")
        response = _opened(request, provider, answer(sign_on, discovery_of(request), dict(request.query_params)), back)
    except IsocenterError as error:
        response = _problem(request, error, provider)
    response.delete_cookie(COOKIE, path=CALLBACK, httponly=True, samesite="lax")
    return response


def redirect_uri(request: Request, issuer: str) -> str:
    """What is registered at the provider as our redirect address."""
    return f"{str(request.base_url).rstrip('/')}{CALLBACK}/{word_of(issuer)}"


def word_of(issuer: str) -> str:
    """A short word for an issuer in an address."""
    return hashlib.sha256(issuer.encode()).hexdigest()[:16]


def discovery_of(request: Request) -> Discovery:
    """This process's memory of providers."""
    discovery = parts_of(request).discovery
    assert discovery is not None, "this process was made without identity providers"
    return discovery


def _sign_on(request: Request, provider_id: int, secret: str) -> SignOn:
    row_number(provider_id, UnknownProvider("There is no such identity provider."))
    provider, client_secret = providers.enabled_provider(
        parts_of(request).database, sealing_key_of_parts(request), provider_id
    )
    return SignOn(provider, client_secret, secret, redirect_uri(request, provider.issuer))


def _asked(request: Request) -> tuple[int, str, str]:
    """What the cookie says of the question: the provider, the secret, the page to come back to."""
    number, _, rest = request.cookies.get(COOKIE, "").partition(".")
    secret, _, place = rest.partition(".")
    try:
        back = urlsafe_b64decode(place.encode()).decode()
        provider_id = int(number) if number.isascii() and number.isdigit() else 0
    except ValueError:
        raise SignInRefused("This sign-in was not begun in this browser, or too long ago; begin again.") from None
    if not secret or not provider_id:
        raise SignInRefused("This sign-in was not begun in this browser, or too long ago; begin again.")
    return provider_id, secret, back if _HERE.fullmatch(back) else "/"


def _opened(request: Request, provider: IdentityProvider, claims: dict[str, object], back: str) -> RedirectResponse:
    database, device = parts_of(request).database, device_of(request)
    user = account_of(database, provider, claims)
    secret = sessions.open_session(
        database,
        user,
        address=address_of(request),
        user_agent=user_agent_of(request),
        device=device,
        method=Method.PROVIDER,
        second_factor=second_factor_proved(provider, claims),
    )
    response = RedirectResponse(back, 303)
    if not isinstance(entered(request, response, secret, device), Me):
        response.headers["location"] = f"/sign-in?{urlencode({'back': back})}"
    return response


def _problem(request: Request, error: IsocenterError, provider: IdentityProvider | None) -> RedirectResponse:
    """Back to the sign-in page. The message may name what an operator has to mend, so it goes to the log."""
    number = provider.provider_id if provider else None
    _log.info("Single sign-on failed", reason=error.reason, provider_id=number, message=error.message)
    if provider is not None:
        caller = system_caller(provider.institution_id, f"provider-{provider.provider_id}")
        with parts_of(request).database.transaction(provider.institution_id) as connection:
            audit.record(
                connection,
                caller,
                audit.Action.FEDERATED_SIGN_IN_FAILED,
                outcome=audit.Outcome.MINOR_FAILURE,
                provider_id=number,
                reason=error.reason,
            )
    return RedirectResponse(f"/sign-in?{urlencode({'problem': error.reason})}", 303)
