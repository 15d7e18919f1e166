"""Around every request: security headers, bounds on bodies of /api and knocks at open doors, the access log, counters.

A plain ASGI wrapper, because frames pass through it by the thousand. The log holds paths, which carry UIDs only; query
strings and bodies, which may hold names, never enter it, and the secret in an enrolment link's path is masked.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from prometheus_client import Counter
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isocenter.access.audit import ADDRESS
from isocenter.adapters.web.errors import error_body, error_response
from isocenter.adapters.web.rate_limits import Knocks
from isocenter.kit.lists import MAX_LIST_BYTES
from isocenter.kit.logging import get_logger
from isocenter.kit.metrics import HTTP_REQUESTS, HTTP_SECONDS

_log = get_logger(__name__)


def content_security_policy(style_nonce: str = "") -> str:
    """The policy of every answer (CSP Level 3). style_nonce: of the one page, whose libraries make style elements."""
    styles = f"style-src 'self' 'nonce-{style_nonce}'" if style_nonce else "style-src 'self'"
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'wasm-unsafe-eval'",  # the codecs are WebAssembly; no inline script, no eval
            "worker-src 'self' blob:",
            styles,
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "frame-src blob:",  # PDFs of objects, under a type that we give them; no page of anybody's
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


SECURITY_HEADERS = {
    "Content-Security-Policy": content_security_policy(),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
STRICT_TRANSPORT = "max-age=31536000"
"""A browser that came over HTTPS once comes back by nothing else for a year (RFC 6797); never said in plain text."""
LINES_OF_EVERY_ANSWER = "".join(f"{name}: {value}\r\n" for name, value in SECURITY_HEADERS.items()).encode("ascii")
"""The same as header lines, for answers that do not pass through here; over plain HTTP only."""
MAX_API_BODY_BYTES = 64 * 1024
"""Lists that are imported may be larger (kit.lists)."""
_SECRET_IN_PATH = re.compile(r"^(/api/enrolments/|/enrol/|/api/resets/|/reset/)[^/]+")
_UNLOGGED = ("/assets/", "/health/", "/metrics")


class Security:
    """The wrapper around the whole application.

    mounts: whole services, to which their requests go straight: none of what stands between here and there is theirs.
    """

    def __init__(self, app: ASGIApp, mounts: Sequence[Mount] = ()) -> None:
        self._app = app
        self._mounts = tuple(mounts)
        self._knocks = Knocks()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ADDRESS.set((scope.get("client") or (None,))[0])
        watch = _Watch(scope, send)
        try:
            refusal = _too_large(scope) or self._too_often(scope)
            if refusal is not None:
                await refusal(scope, receive, watch.send)
            else:
                await self._inner(scope)(scope, _bounded(scope, receive), watch.send)
        finally:
            watch.finish()

    def _inner(self, scope: Scope) -> ASGIApp:
        for mount in self._mounts:
            if scope["path"].startswith(mount.path + "/"):
                scope["root_path"] = scope.get("root_path", "") + mount.path
                return mount.app
        return self._app

    def _too_often(self, scope: Scope) -> JSONResponse | None:
        refusal = self._knocks.refusal(scope["path"], (scope.get("client") or ("",))[0])
        return None if refusal is None else error_response(refusal)


class _Watch:
    """One request on its way out."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._began = time.perf_counter()
        self._status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if self._scope["scheme"] == "https":
                headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)
            if self._scope["path"].startswith("/api/"):
                headers.setdefault("Cache-Control", "no-store")
        await self._send(message)

    def finish(self) -> None:
        caller_id = self._scope.get("state", {}).get("caller_id")
        note_request(self._scope["method"], self._scope["path"], self._status, self._began, caller_id)


def note_request(method: str, path: str, status: int, began: float, caller_id: str | None) -> None:
    """Count a request and write its line of the access log. began: by time.perf_counter()."""
    took = time.perf_counter() - began
    _counted(method if method in _METHODS else "other", status).inc()
    HTTP_SECONDS.observe(took)
    if not path.startswith(_UNLOGGED):
        _log.info(
            "Request",
            method=method,
            path=_SECRET_IN_PATH.sub(r"\1…", path)[:400],
            status=status,
            ms=round(took * 1000, 1),
            caller=caller_id,
        )


@lru_cache(maxsize=256)
def _counted(method: str, status: int) -> Counter:
    return HTTP_REQUESTS.labels(method, str(status))


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _too_large(scope: Scope) -> JSONResponse | None:
    """A refusal when an /api body announces more than we take; others (STOW-RS) have bounds of their own."""
    if not scope["path"].startswith("/api/"):
        return None
    announced = Headers(scope=scope).get("content-length", "0")
    if announced.isdigit() and int(announced) <= _largest(scope["path"]):
        return None
    return JSONResponse(error_body("too-large", "The request body is larger than this door takes."), 413)


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """A chunked /api body ends the request when it grows beyond the bound."""
    if not scope["path"].startswith("/api/"):
        return receive
    taken, largest = 0, _largest(scope["path"])

    async def bounded() -> Message:
        nonlocal taken
        message: dict[str, Any] = dict(await receive())
        taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if taken > largest else message

    return bounded


def _largest(path: str) -> int:
    """How many bytes the body of a request to /api may have."""
    return MAX_LIST_BYTES if path.endswith("/import") else MAX_API_BODY_BYTES
