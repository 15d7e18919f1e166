"""What a provider says of itself: its addresses (OpenID Connect Discovery 1.0) and its keys (RFC 7517).

Remembered for an hour; a token with an unknown key makes the keys be fetched again, once a minute at most, so that a
provider changes its keys without us. Each address is checked before it is called (kit/outgoing). Anybody may begin a
sign-in, so a provider that does not answer is left alone for a moment, and few are asked at one time.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit

from isocenter.access.federation.errors import InvalidProvider, ProviderMisbehaves
from isocenter.kit.outgoing import Answer, PeerAway, check_outgoing, is_allowed_scheme, request

_BELIEVED_FOR_S = 3600.0
_KEYS_AGAIN_AFTER_S = 60.0
_LEFT_ALONE_FOR_S = 10.0
_ASKED_AT_ONCE = 8
_QUEUE_S = 1.0
_REMEMBERED = 256
_MAX_KEYS = 100
_WELL_KNOWN = "/.well-known/openid-configuration"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Metadata:
    """authorization_endpoint: where the browser goes. The others are called by us. names_itself: RFC 9207."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    token_endpoint_auth_methods: tuple[str, ...]
    names_itself: bool


class Discovery:
    """Asks providers and remembers. trusted: hosts that an operator trusts although they are inside. Thread-safe."""

    def __init__(self, trusted: tuple[str, ...], clock: Callable[[], float] = time.monotonic) -> None:
        self.trusted = trusted
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], tuple[float, Any]] = OrderedDict()
        self._away: OrderedDict[str, float] = OrderedDict()
        self._places = BoundedSemaphore(_ASKED_AT_ONCE)
        self._lock = Lock()

    def metadata(self, issuer: str) -> Metadata:
        """The provider's addresses. Raises ForbiddenAddress, PeerAway, PeerMisbehaves, ProviderMisbehaves."""
        return self._remembered("metadata", issuer, _BELIEVED_FOR_S, lambda: self._ask_metadata(issuer))

    def keys(self, issuer: str, *, again: bool = False) -> list[Mapping[str, Any]]:
        """The provider's keys; again: one was missing, ask once more unless that was done a minute ago."""
        believed_for = _KEYS_AGAIN_AFTER_S if again else _BELIEVED_FOR_S
        return self._remembered("keys", issuer, believed_for, lambda: self._ask_keys(issuer))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and JSON object that an endpoint answers to a form."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", **headers}
        answer = self._request(url, "POST", body, sent)
        return answer.status, _json_object(answer.body)

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object at an address. Raises ProviderMisbehaves for any status but 200."""
        answer = self._request(url, "GET", None, {"Accept": "application/json", **(headers or {})})
        if answer.status != 200:
            raise ProviderMisbehaves("The identity provider does not answer as it should.", status=answer.status)
        return _json_object(answer.body)

    def _request(self, url: str, method: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Raises PeerAway at once when nobody answered there a moment ago, soon when too many are being asked."""
        place = "//".join(urlsplit(url)[:2])
        with self._lock:
            if self._clock() - self._away.get(place, -_LEFT_ALONE_FOR_S) < _LEFT_ALONE_FOR_S:
                raise PeerAway("The identity provider did not answer a moment ago.")
        if not self._places.acquire(timeout=_QUEUE_S):
            raise PeerAway("Too many identity providers are being asked; try again.")
        try:
            return request(check_outgoing(url, self.trusted), method, body, headers)
        except PeerAway:
            with self._lock:
                self._away[place] = self._clock()
                while len(self._away) > _REMEMBERED:
                    self._away.popitem(last=False)
            raise
        finally:
            self._places.release()

    def _remembered(self, kind: str, issuer: str, believed_for_s: float, ask: Callable[[], T]) -> T:
        key = (kind, issuer)
        with self._lock:
            since, known = self._known.get(key, (0.0, None))
        if known is not None and self._clock() - since < believed_for_s:
            found: T = known
            return found
        asked = ask()
        with self._lock:
            self._known.pop(key, None)
            self._known[key] = (self._clock(), asked)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return asked

    def _ask_metadata(self, issuer: str) -> Metadata:
        said = self.get(issuer.rstrip("/") + _WELL_KNOWN)
        if said.get("issuer") != issuer:
            raise ProviderMisbehaves("The server at this address says that it is another identity provider.")
        methods = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return Metadata(
            self._address(said, "authorization_endpoint"),
            self._address(said, "token_endpoint"),
            self._address(said, "jwks_uri"),
            self._address(said, "userinfo_endpoint") if said.get("userinfo_endpoint") else None,
            tuple(str(each) for each in methods) if isinstance(methods, list) else (),
            said.get("authorization_response_iss_parameter_supported") is True,
        )

    def _address(self, said: dict[str, Any], name: str) -> str:
        url = said.get(name)
        if not isinstance(url, str) or not is_allowed_scheme(url, self.trusted):
            raise ProviderMisbehaves("The identity provider names an address that is not used.", field=name)
        return url

    def _ask_keys(self, issuer: str) -> list[Mapping[str, Any]]:
        keys = self.get(self.metadata(issuer).jwks_uri).get("keys")
        if not isinstance(keys, list):
            raise ProviderMisbehaves("The identity provider publishes no keys.")
        return [key for key in keys[:_MAX_KEYS] if isinstance(key, dict)]


def checked_issuer(issuer: str, trusted: tuple[str, ...]) -> str:
    """The issuer, an address without query. Raises InvalidProvider; ForbiddenAddress and PeerAway by its name."""
    if "?" in issuer:
        raise InvalidProvider("An issuer is an https address without a query.", field="issuer")
    check_outgoing(issuer, trusted)
    return issuer


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise ProviderMisbehaves("The identity provider answers something that is no JSON object.")
    return said
