"""One sign-in through a provider: the question the browser carries there, and the answer that it brings back.

Authorization code flow (OpenID Connect Core 1.0, 3.1) with PKCE (RFC 7636), state, nonce and the issuer in the answer
(RFC 9207). All four secrets come from one, which only this browser's cookie holds: nothing is kept here meanwhile.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from isocenter.access.federation.discovery import Discovery, Metadata
from isocenter.access.federation.errors import BadIdToken, ProviderMisbehaves, SignInRefused
from isocenter.access.federation.id_token import UnknownKey, validated_claims
from isocenter.access.federation.providers import IdentityProvider

_MAX_CODE = 4096


@dataclass(frozen=True, slots=True)
class SignOn:
    """secret: what the browser's cookie holds. redirect_uri: where the provider sends it back to."""

    provider: IdentityProvider
    client_secret: str | None = field(repr=False)
    secret: str = field(repr=False)
    redirect_uri: str

    def derived(self, purpose: str) -> str:
        """43 URL-safe characters that only who knows the secret can make."""
        said = f"{purpose}\n{self.provider.provider_id}\n{self.redirect_uri}"
        return _url_safe(hmac.digest(self.secret.encode("utf-8", "replace"), said.encode(), "sha256"))


def question(sign_on: SignOn, discovery: Discovery) -> str:
    """Where the browser goes to sign in. Raises ForbiddenAddress, PeerAway, PeerMisbehaves, ProviderMisbehaves."""
    metadata = discovery.metadata(sign_on.provider.issuer)
    challenge = _url_safe(hashlib.sha256(sign_on.derived("code verifier").encode()).digest())
    asked = {
        "response_type": "code",
        "client_id": sign_on.provider.client_id,
        "redirect_uri": sign_on.redirect_uri,
        "scope": " ".join(sign_on.provider.scopes),
        "state": sign_on.derived("state"),
        "nonce": sign_on.derived("nonce"),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in metadata.authorization_endpoint else "?"
    return metadata.authorization_endpoint + joint + urlencode(asked)


def answer(sign_on: SignOn, discovery: Discovery, given: Mapping[str, str]) -> dict[str, Any]:
    """What the provider says of the person: the claims of its ID token, and of userinfo where that lacks some.

    given: the parameters that the browser brought. Raises SignInRefused, BadIdToken, ProviderMisbehaves, PeerAway.
    """
    provider = sign_on.provider
    if not hmac.compare_digest(given.get("state", "").encode("utf-8", "replace"), sign_on.derived("state").encode()):
        raise SignInRefused("This answer does not belong to a sign-in that was begun in this browser; begin again.")
    metadata = discovery.metadata(provider.issuer)
    issuer = given.get("iss")
    if (issuer is not None or metadata.names_itself) and issuer != provider.issuer:
        raise SignInRefused("The answer is of another identity provider.")
    code = given.get("code", "")
    if "error" in given or not 0 < len(code) <= _MAX_CODE:
        raise SignInRefused("The identity provider did not sign you in.")
    tokens = _tokens(sign_on, discovery, metadata, code)
    claims = _claims(sign_on, discovery, str(tokens.get("id_token", "")))
    return _with_userinfo(provider, discovery, metadata, tokens, claims)


def _tokens(sign_on: SignOn, discovery: Discovery, metadata: Metadata, code: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": sign_on.redirect_uri,
        "code_verifier": sign_on.derived("code verifier"),
    }
    headers: dict[str, str] = {}
    client_id, secret = sign_on.provider.client_id, sign_on.client_secret
    if secret is not None and "client_secret_basic" in metadata.token_endpoint_auth_methods:
        pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"  # RFC 6749 2.3.1
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        form["client_id"] = client_id
        if secret is not None:
            form["client_secret"] = secret
    status, said = discovery.post(metadata.token_endpoint, urlencode(form).encode(), headers)
    if status != 200:
        raise SignInRefused("The identity provider did not confirm the sign-in; see its settings of this client.")
    return said


def _claims(sign_on: SignOn, discovery: Discovery, id_token: str) -> dict[str, Any]:
    provider, nonce = sign_on.provider, sign_on.derived("nonce")
    for again in (False, True):
        keys = discovery.keys(provider.issuer, again=again)
        try:
            return validated_claims(id_token, keys, issuer=provider.issuer, client_id=provider.client_id, nonce=nonce)
        except UnknownKey:
            if again:
                raise
    raise AssertionError("the second attempt returns or raises")


def _with_userinfo(
    provider: IdentityProvider,
    discovery: Discovery,
    metadata: Metadata,
    tokens: dict[str, Any],
    claims: dict[str, Any],
) -> dict[str, Any]:
    """Claims of the userinfo endpoint lie under those of the ID token (OpenID Connect Core 1.0, 5.3)."""
    rules, access_token = provider.rules, tokens.get("access_token")
    wanted = {rules.username_claim, rules.name_claim, rules.role_claim} - {""}
    if wanted <= claims.keys() or metadata.userinfo_endpoint is None or not isinstance(access_token, str):
        return claims
    if not access_token.isascii() or not access_token.isprintable():
        raise ProviderMisbehaves("The identity provider's access token is none.")
    said = discovery.get(metadata.userinfo_endpoint, {"Authorization": f"Bearer {access_token}"})
    if said.get("sub") != claims["sub"]:
        raise BadIdToken("The identity provider speaks of two people.")
    return {**said, **claims}


def _url_safe(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
