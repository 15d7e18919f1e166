"""OAuth2 for programs: client credentials (RFC 6749 4.4), revocation (RFC 7009), metadata (RFC 8414).

Errors are those of RFC 6749 5.2, not ours: programs come with libraries that read them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from isocenter.access.errors import TooManyAttempts
from isocenter.access.programs.access_tokens import give_access_token, revoke_access_token
from isocenter.access.programs.errors import BadClient, InvalidScope
from isocenter.access.roles import Right
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.sign_in import address_of
from isocenter.kit.errors import Invalid, IsocenterError

router = APIRouter(tags=["OAuth2"])

_MAX_FORM = 16 * 1024
_MAX_FIELDS = 30
_FORM = "application/x-www-form-urlencoded"
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="isocenter"'}


class BadForm(Invalid):
    """The request is no form, or a parameter is missing or given twice (RFC 6749 3.2)."""

    reason = "invalid-request"


class UnsupportedGrant(Invalid):
    """Only client credentials are given tokens."""

    reason = "unsupported-grant-type"


class GivenToken(BaseModel):
    """RFC 6749 5.1. expires_in: seconds."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


_ERRORS: tuple[tuple[type[IsocenterError], int, str], ...] = (
    (BadClient, 401, "invalid_client"),
    (InvalidScope, 400, "invalid_scope"),
    (UnsupportedGrant, 400, "unsupported_grant_type"),
    (TooManyAttempts, 429, "invalid_client"),
    (BadForm, 400, "invalid_request"),
)
"""Everything else leaves as every error of ours does."""


async def form_of(request: Request) -> Mapping[str, str]:
    """The fields of the form; nothing for what is no form, which the verbs then refuse."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return {}
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM:
            return {}
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        return {}
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else {}


def _form_body(*fields: str) -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in (*fields, "client_id", "client_secret")}
    return {"requestBody": {"content": {_FORM: {"schema": {"type": "object", "properties": properties}}}}}


Form = Annotated[Mapping[str, str], Depends(form_of)]


@router.post(
    "/oauth/token",
    summary="A token for client credentials",
    response_model=GivenToken,
    openapi_extra=_form_body("grant_type", "scope"),
)
def token(request: Request, form: Form) -> Response:
    """Basic authentication, or client_id and client_secret in the form. scope: words; absent is all of the client's."""
    try:
        if not form:
            raise BadForm("Send the parameters as a form, each once.")
        if form.get("grant_type") != "client_credentials":
            raise UnsupportedGrant("Only grant_type=client_credentials is given tokens.")
        client_id, secret = _credentials(request, form)
        wanted = form["scope"].split() if form.get("scope", "").strip() else None
        parts = parts_of(request)
        given = give_access_token(
            parts.database, parts.attempts, client_id, secret, scopes=wanted, address=address_of(request)
        )
    except IsocenterError as error:
        return _refusal(error)
    content = GivenToken(
        access_token=given.secret,
        token_type="Bearer",  # noqa: S106 - RFC 6750
        expires_in=int(given.expires_in.total_seconds()),
        scope=" ".join(given.scopes),
    )
    return JSONResponse(content.model_dump(), headers=_NO_STORE)


@router.post("/oauth/revoke", summary="End a token", openapi_extra=_form_body("token", "token_type_hint"))
def revoke(request: Request, form: Form) -> Response:
    """The client's own; 200 whether it was one or not (RFC 7009 2.2)."""
    try:
        if not form.get("token"):
            raise BadForm("Send the token as a form.")
        client_id, secret = _credentials(request, form)
        parts = parts_of(request)
        revoke_access_token(
            parts.database, parts.attempts, client_id, secret, token=form["token"], address=address_of(request)
        )
    except IsocenterError as error:
        return _refusal(error)
    parts.authenticator.forget_all()
    return Response(status_code=200, headers=_NO_STORE)


@router.get("/.well-known/oauth-authorization-server", summary="What this OAuth2 server offers")
def metadata(request: Request) -> dict[str, Any]:
    """RFC 8414."""
    base = str(request.base_url).rstrip("/")
    methods = ["client_secret_basic", "client_secret_post"]
    return {
        "issuer": base,
        "token_endpoint": f"{base}/oauth/token",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "scopes_supported": [str(right) for right in Right],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
    }


def _credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """From one place alone (RFC 6749 2.3)."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return form.get("client_id", ""), form.get("client_secret", "")
    if scheme.lower() != "basic" or "client_secret" in form:
        raise BadForm("Show the client's secret in one way: Basic authentication or the form.")
    try:
        client_id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise BadClient("The client is not known, or its secret is not right.") from None
    return unquote_plus(client_id), unquote_plus(secret)


def _refusal(error: IsocenterError) -> JSONResponse:
    for kind, status, word in _ERRORS:
        if isinstance(error, kind):
            headers = _NO_STORE | (_CHALLENGE if status == 401 else {})
            if isinstance(error, TooManyAttempts):
                headers |= {"Retry-After": str(error.retry_after_s)}
            return JSONResponse({"error": word, "error_description": error.message}, status, headers)
    raise error
