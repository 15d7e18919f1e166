"""Whether an ID token is the provider's word to us about this sign-in (OpenID Connect Core 1.0, 3.1.3.7; RFC 8725).

Signatures are asymmetric ones of a fixed list, never what the token's own header asks for; keys come only from the
provider's published set, never from jku, x5u or jwk in the header.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping, Sequence
from typing import Any

from isocenter.access.federation.errors import BadIdToken

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LEEWAY_S = 60
_MAX_AGE_S = 600
_MAX_TOKEN = 64 * 1024
_MIN_RSA_BITS = 2048
_MAX_SUBJECT = 255  # OpenID Connect Core 1.0, 2


class UnknownKey(BadIdToken):
    """Signed with a key that is not in the set: the provider may have changed its keys."""


def validated_claims(
    token: str, keys: Sequence[Mapping[str, Any]], *, issuer: str, client_id: str, nonce: str
) -> dict[str, Any]:
    """The claims of the token.

    keys: the provider's JSON Web Keys as published (RFC 7517). Raises UnknownKey, BadIdToken.
    """
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError, JoseError

    if len(token) > _MAX_TOKEN or not token.isascii() or token.count(".") != 2:
        raise BadIdToken("The identity provider's token is none.")
    try:
        decoded = jwt.decode(token, _key_set(keys), algorithms=list(ALGORITHMS))
    except InvalidKeyIdError:
        raise UnknownKey("The identity provider's token is signed with a key that it has not published.") from None
    except (JoseError, ValueError, TypeError, KeyError):
        raise BadIdToken("The identity provider's token is not signed as it must be.") from None
    claims = dict(decoded.claims)
    _check_times(claims, time.time())
    _check_parties(claims, issuer, client_id)
    if not _same(claims.get("nonce"), nonce):
        raise BadIdToken("The identity provider's token answers another sign-in.")
    return claims


def _key_set(keys: Sequence[Mapping[str, Any]]) -> Any:
    """The usable keys: asymmetric, for signatures, strong enough. One that does not parse hides no other."""
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

    kinds: dict[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    usable = []
    for key in keys:
        kind = kinds.get(str(key.get("kty")))
        if kind is None or key.get("use", "sig") != "sig" or "d" in key:
            continue
        try:
            imported = kind.import_key(dict(key))
            weak = imported.raw_value.key_size < _MIN_RSA_BITS if kind is RSAKey else not imported.raw_value
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if not weak:
            usable.append(imported)
    if not usable:
        raise UnknownKey("The identity provider has published no key that can be used.")
    return KeySet(usable)


def _check_times(claims: dict[str, Any], now: float) -> None:
    expires, issued, not_before = claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in (expires, issued, not_before)):
        raise BadIdToken("The identity provider's token does not say when it was issued and when it ends.")
    assert expires is not None and issued is not None
    if not (expires > now - _LEEWAY_S and not_before <= now + _LEEWAY_S):
        raise BadIdToken("The identity provider's token has expired, or is not valid yet; compare the clocks.")
    if not now - _MAX_AGE_S <= issued <= now + _LEEWAY_S:
        raise BadIdToken("The identity provider's token was not issued now; compare the clocks.")


def _check_parties(claims: dict[str, Any], issuer: str, client_id: str) -> None:
    subject, audience, party = claims.get("sub"), claims.get("aud"), claims.get("azp")
    if claims.get("iss") != issuer:
        raise BadIdToken("The token is of another identity provider.")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or client_id not in audiences:
        raise BadIdToken("The identity provider's token is for somebody else.")
    if (len(audiences) > 1 or party is not None) and party != client_id:
        raise BadIdToken("The identity provider's token was given to somebody else.")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT or "\0" in subject:
        raise BadIdToken("The identity provider's token does not say whom it is about.")


def _same(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
