"""Who is asking over HTTP: a bearer token (RFC 6750) or the session cookie."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import cast

from fastapi import Request

from isocenter.access.api_tokens import caller_of_token
from isocenter.access.caller import Caller
from isocenter.access.errors import NotSignedIn
from isocenter.access.secret_tokens import secret_hash
from isocenter.access.sessions import Session, Stage, session_of
from isocenter.access.sign_in.errors import SecondFactorMissing, SecondFactorNeeded
from isocenter.kit.shared_change import SharedChange
from isocenter.kit.database import Database
from isocenter.kit.errors import Refused

COOKIE = "isocenter_session"
GUARD_HEADER = "x-isocenter"
UNATTENDED_HEADER = "x-isocenter-unattended"
"""Sent by our pages when nobody has touched them for a while: such a request does not keep the session alive."""
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_BELIEVED_FOR_S = 5.0
_REMEMBERED = 4096


class ForgedRequest(Refused):
    """A changing request with a cookie lacks the header that only our own pages send."""

    reason = "missing-guard-header"


@dataclass(frozen=True, slots=True)
class Identity:
    """caller: who asks; session: the person's session when a cookie said so, None for a program."""

    caller: Caller
    session: Session | None


class Authenticator:
    """Looks up secrets, and believes an answer for five seconds so that a thousand frames cost one look. Thread-safe.

    The end of a session or token is therefore felt everywhere within seconds, and at once by the processes that share
    `changed` with the one that ended it.
    """

    def __init__(self, database: Database, changed: SharedChange | None = None) -> None:
        self._database = database
        self._changed = SharedChange() if changed is None else changed
        self._as_of = self._changed.seen()
        self._known: OrderedDict[bytes, tuple[float, Identity]] = OrderedDict()
        self._lock = Lock()

    def identity(self, secret: str, *, bearer: bool, attended: bool = True) -> Identity | None:
        """Who the secret belongs to; None when it opens nothing (that answer is never remembered)."""
        key = secret_hash(("b" if bearer else "c" if attended else "u") + secret)
        now, as_of = time.monotonic(), self._changed.seen()
        with self._lock:
            if as_of != self._as_of:
                self._known.clear()
                self._as_of = as_of
            since, known = self._known.get(key, (0.0, None))
        if known is not None and now - since < _BELIEVED_FOR_S:
            return known
        found = self._look_up(secret, bearer=bearer, attended=attended)
        with self._lock:
            self._known.pop(key, None)
            if found is not None and as_of == self._as_of:  # else it may be of before the change
                self._known[key] = (now, found)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def forget_all(self) -> None:
        """Something was ended or changed: look everything up again, here and in the processes beside this one."""
        self._changed.announce()

    def _look_up(self, secret: str, *, bearer: bool, attended: bool) -> Identity | None:
        if bearer:
            program = caller_of_token(self._database, secret)
            return None if program is None else Identity(program, None)
        session = session_of(self._database, secret, attended=attended)
        return None if session is None else Identity(session.caller, session)


def identity(request: Request) -> Identity:
    """Who asks. Raises NotSignedIn (401), ForgedRequest (403). A bearer token goes before a cookie.

    A session that wants a second factor yet is not signed in: SecondFactorNeeded, SecondFactorMissing (401).
    """
    found = identity_at_any_stage(request)
    stage = Stage.COMPLETE if found.session is None else found.session.stage
    if stage is Stage.SECOND_FACTOR:
        raise SecondFactorNeeded("Show your second factor to finish signing in.")
    if stage is Stage.SET_UP:
        raise SecondFactorMissing("Your institution requires a second factor: set one up to finish signing in.")
    return found


def identity_at_any_stage(request: Request) -> Identity:
    """Who asks, also half-way in: for the steps of signing in only."""
    authenticator = cast("Authenticator", request.app.state.parts.authenticator)
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme:
        found = authenticator.identity(secret.strip(), bearer=True) if scheme.lower() == "bearer" else None
    else:
        cookie = request.cookies.get(COOKIE)
        attended = UNATTENDED_HEADER not in request.headers
        found = authenticator.identity(cookie, bearer=False, attended=attended) if cookie else None
        # SameSite=Strict keeps other sites' requests without the cookie; the header is the second lock.
        if found is not None and request.method not in _SAFE_METHODS:
            _refuse_forged(request)
    if found is None:
        raise NotSignedIn("Sign in first, or send a bearer token.")
    request.state.caller_id = found.caller.id
    request.state.caller = found.caller
    return found


def _refuse_forged(request: Request) -> None:
    if GUARD_HEADER not in request.headers:
        raise ForgedRequest("Send the header X-Isocenter: 1 with requests that change something.")
    # Not Origin beside Host: a proxy may rewrite Host. Browsers alone send this one (Fetch Metadata 2.3).
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForgedRequest("This request comes from a page of another address.")


def caller(request: Request) -> Caller:
    """The first argument of every verb, for this request. Raises NotSignedIn (401), ForgedRequest (403)."""
    return identity(request).caller
