"""From error families to HTTP: this door's one table, and answers that tell nothing about our inside."""

from __future__ import annotations

from contextlib import suppress
from secrets import token_hex
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from isocenter.access.caller import Caller
from isocenter.access.errors import BadCredentials, NotSignedIn, TooManyAttempts
from isocenter.access.trail.asking import refused
from isocenter.adapters.web.rate_limits import TooManyRequests
from isocenter.kit.errors import Conflict, Exhausted, Invalid, IsocenterError, NotFound, Refused
from isocenter.kit.logging import get_logger

_log = get_logger(__name__)

FAMILY_STATUS: dict[type[IsocenterError], int] = {
    Invalid: 400,
    NotFound: 404,
    Conflict: 409,
    Refused: 403,
    Exhausted: 503,
}
"""Family to status. Those below have a status of their own in HTTP (RFC 9110 15.5.2, RFC 6585 4)."""
_OWN_STATUS: dict[type[IsocenterError], int] = {
    NotSignedIn: 401,
    BadCredentials: 401,
    TooManyAttempts: 429,
    TooManyRequests: 429,
}
_STATUS_REASONS = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "unsupported-media-type"}


class ErrorDetail(BaseModel):
    """reason: a stable word for programs; message: a sentence for people; fields: what it is about, ids only."""

    reason: str
    message: str
    fields: dict[str, int | str]


class ErrorAnswer(BaseModel):
    """The body of every answer that is an error."""

    error: ErrorDetail


def status_of(error: IsocenterError) -> int:
    """The HTTP status of an error: by its own row, else by its family; anything else is our defect."""
    for table in (_OWN_STATUS, FAMILY_STATUS):
        for kind, status in table.items():
            if isinstance(error, kind):
                return status
    return 500


def error_body(reason: str, message: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    """The body of every error answer. What cannot be written in UTF-8 (a lone surrogate that was sent) is replaced."""
    said = {name: _writable(value) for name, value in (fields or {}).items()}
    return {"error": {"reason": reason, "message": _writable(message), "fields": said}}


def _writable(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value


def error_response(error: IsocenterError) -> JSONResponse:
    """The answer for an error of ours."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, Exhausted):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = 'Bearer realm="isocenter"'
    fields = {name: value if isinstance(value, int) else str(value) for name, value in error.fields.items()}
    return JSONResponse(error_body(error.reason, error.message, fields), status_of(error), headers)


def install_error_handlers(app: FastAPI) -> None:
    """Make every error leave as the same JSON."""
    app.add_exception_handler(IsocenterError, _ours)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _defect)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, IsocenterError)
    if isinstance(error, Refused) and "right" in error.fields:
        await run_in_threadpool(_record_refusal, request, str(error.fields["right"]))
    if isinstance(error, Exhausted):
        _log.warning("Request could not be served now", reason=error.reason)
    return error_response(error)


def _record_refusal(request: Request, right: str) -> None:
    """Auditors see who tries what is not hers; the answer stays the same when that cannot be recorded now."""
    who = getattr(request.state, "caller", None)
    if isinstance(who, Caller):
        with suppress(Exhausted):
            refused(request.app.state.parts.database, who, "web", right)


async def _not_understood(_request: Request, error: Exception) -> JSONResponse:
    """Says which fields and why, and never repeats what was sent: it may hold a name or a password."""
    assert isinstance(error, RequestValidationError)
    places = {
        ".".join(str(part) for part in each["loc"][1:]) or str(each["loc"][0]): each["msg"] for each in error.errors()
    }
    return JSONResponse(error_body("invalid-request", "The request cannot be understood.", places), 400)


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    reason = _STATUS_REASONS.get(error.status_code, "http-error")
    return JSONResponse(error_body(reason, str(error.detail)), error.status_code, dict(error.headers or {}))


async def _defect(request: Request, error: Exception) -> JSONResponse:
    incident = token_hex(4)
    _log.error("Defect", incident=incident, method=request.method, exc_info=error)
    message = "Something went wrong on our side; the log has it under this incident number."
    return JSONResponse(error_body("defect", message, {"incident": incident}), 500)
