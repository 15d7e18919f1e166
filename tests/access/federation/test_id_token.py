"""What counts as a provider's word (row W14 of the hostile world)."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from isocenter.access.federation.errors import BadIdToken
from isocenter.access.federation.id_token import UnknownKey, validated_claims

ISSUER, CLIENT, NONCE = "https://idp.example", "isocenter", "n-1"
RSA = RSAKey.generate_key(2048, {"kid": "r1", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "e1", "use": "sig"})
PUBLISHED = [RSA.as_dict(private=False), EC.as_dict(private=False)]


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": CLIENT, "sub": "u1", "nonce": NONCE, "iat": now, "exp": now + 300}
    return {name: value for name, value in (usual | changes).items() if value is not None}


def a_token(*, alg: str = "RS256", key: Any = RSA, header: dict[str, Any] | None = None, **changes: Any) -> str:
    said = {"alg": alg, "kid": "r1"} | (header or {})
    return jwt.encode({k: v for k, v in said.items() if v is not None}, claims(**changes), key, algorithms=[alg])


def validated(token: str, keys: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return validated_claims(token, PUBLISHED if keys is None else keys, issuer=ISSUER, client_id=CLIENT, nonce=NONCE)


def by_hand(header: dict[str, Any], payload: dict[str, Any], signature: str = "") -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, payload))
    return ".".join((*parts, signature))


def test_a_token_signed_by_either_published_key_is_the_providers_word() -> None:
    assert validated(a_token())["sub"] == "u1"
    assert validated(a_token(alg="ES256", key=EC, header={"kid": "e1"}))["sub"] == "u1"
    assert validated(a_token(aud=[CLIENT, "other"], azp=CLIENT))["sub"] == "u1"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": ISSUER + "/"},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": [CLIENT, "other"]},
        {"aud": None},
        {"azp": "other"},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"iat": int(time.time()) - 86400},
        {"iat": int(time.time()) + 3600},
        {"iat": None},
        {"nbf": int(time.time()) + 3600},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"nonce": ["n-1"]},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "a\0b"},
    ],
)
def test_claims_that_are_not_about_this_sign_in_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadIdToken):
        validated(a_token(**changes))


def test_no_signature_is_no_word() -> None:
    for alg in ("none", "None", "NONE", ""):
        with pytest.raises(BadIdToken):
            validated(by_hand({"alg": alg, "kid": "r1"}, claims()))


def test_the_public_key_is_no_shared_secret() -> None:
    """HS/RS confusion (RFC 8725 2.1): signed with HMAC under the public key's own text."""
    for text in (RSA.as_pem(private=False), json.dumps(RSA.as_dict(private=False)).encode()):
        signed, _, _ = by_hand({"alg": "HS256", "kid": "r1"}, claims()).rpartition(".")
        mac = base64.urlsafe_b64encode(hmac.digest(text, signed.encode(), "sha256")).rstrip(b"=").decode()
        with pytest.raises(BadIdToken):
            validated(f"{signed}.{mac}")


def test_keys_of_the_header_are_not_looked_at() -> None:
    own = RSAKey.generate_key(2048)
    for header in (
        {"kid": None, "jwk": own.as_dict(private=False)},
        {"jku": "http://127.0.0.1/keys"},
        {"x5u": "http://127.0.0.1/chain"},
        {"kid": "../../../../dev/null"},
        {"kid": "r1' or '1'='1"},
    ):
        with pytest.raises(BadIdToken):
            validated(a_token(key=own, header=header))


def test_an_unknown_key_says_so_because_keys_may_have_changed() -> None:
    with pytest.raises(UnknownKey):
        validated(a_token(header={"kid": "r2"}))


def test_a_changed_payload_and_a_cut_signature_are_refused() -> None:
    head, _, signature = a_token().split(".")
    forged = by_hand({}, claims(sub="administrator")).split(".")[1]
    for token in (
        f"{head}.{forged}.{signature}",
        a_token()[:-8],
        "",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        "é.b.c",
        "." * 70000,
    ):
        with pytest.raises(BadIdToken):
            validated(token)


@pytest.mark.filterwarnings("ignore:Key size")
def test_weak_symmetric_and_encryption_keys_are_not_used() -> None:
    weak = RSAKey.generate_key(1024, {"kid": "r1"})
    with pytest.raises(BadIdToken):
        validated(a_token(key=weak), [weak.as_dict(private=False)])
    with pytest.raises(BadIdToken):
        validated(a_token(), [{**RSA.as_dict(private=False), "use": "enc"}])
    with pytest.raises(BadIdToken):
        validated(a_token(), [{"kty": "oct", "kid": "r1", "k": "c2VjcmV0"}])


def test_a_broken_key_hides_no_other() -> None:
    broken = [{"kty": "EC", "crv": "P-256", "x": "!", "y": "!", "kid": "b"}, {"kty": "RSA"}, {"kty": ["RSA"]}, {}]
    assert validated(a_token(), [*broken, *PUBLISHED])["sub"] == "u1"
