"""How SCIM answers: resources, lists and errors (RFC 7644 3.4.2, 3.9, 3.12) as application/scim+json."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute

from isocenter.access.errors import NotSignedIn, UsernameTaken
from isocenter.adapters.scim.schemas import ERROR, LIST, MOST_RESULTS
from isocenter.kit.errors import Conflict, Exhausted, Invalid, IsocenterError, NotFound, Refused

MEDIA_TYPE = "application/scim+json"
_ALWAYS = ("schemas", "id")
SCIM_STATUS: tuple[tuple[type[IsocenterError], int], ...] = (
    (NotSignedIn, 401),
    (Invalid, 400),
    (NotFound, 404),
    (Conflict, 409),
    (Refused, 403),
    (Exhausted, 503),
)
_TYPES = ("invalidFilter", "invalidPath", "invalidSyntax", "invalidValue", "mutability", "noTarget", "tooMany")


@dataclass(frozen=True, slots=True)
class Wish:
    """What of each resource is wanted, and which page. start: from 1."""

    filter: str = ""
    attributes: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    start: int = 1
    count: int = MOST_RESULTS


class ScimRoute(APIRoute):
    """A route whose errors are SCIM's."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with our errors translated."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await inner(request)
            except IsocenterError as error:
                return error_answer(error)
            except RequestValidationError:
                return _error(400, "invalidValue", "The request cannot be understood.")

        return handler


def error_answer(error: IsocenterError) -> Response:
    """The answer for an error of ours."""
    status = next((status for kind, status in SCIM_STATUS if isinstance(error, kind)), 500)
    scim_type = None
    if status == 400:
        scim_type = error.reason if error.reason in _TYPES else "invalidValue"
    elif isinstance(error, UsernameTaken):
        scim_type = "uniqueness"
    answer = _error(status, scim_type, error.message)
    if isinstance(error, Exhausted):
        answer.headers["Retry-After"] = str(error.retry_after_s)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="isocenter"'
    return answer


def resource_answer(resource: Mapping[str, Any], wish: Wish | None = None, status: int = 200) -> Response:
    """One resource, with its address."""
    shown = _chosen(resource, wish or Wish())
    location = str(resource.get("meta", {}).get("location", ""))
    return _json(shown, status, {"Location": location} if location else {})


def list_answer(resources: Sequence[Mapping[str, Any]], wish: Wish) -> Response:
    """A page of a list (RFC 7644 3.4.2.4): start below 1 is 1, a negative count is 0."""
    start, count = max(1, wish.start), max(0, min(wish.count, MOST_RESULTS))
    page = [_chosen(each, wish) for each in resources[start - 1 : start - 1 + count]]
    return _json(
        {
            "schemas": [LIST],
            "totalResults": len(resources),
            "startIndex": start,
            "itemsPerPage": len(page),
            "Resources": page,
        }
    )


def words(text: str) -> tuple[str, ...]:
    """Names of attributes with commas between, without schema prefixes."""
    return tuple(each.strip().rpartition(":")[2].lower() for each in text.split(",") if each.strip())


def _chosen(resource: Mapping[str, Any], wish: Wish) -> dict[str, Any]:
    shown = {name: value for name, value in resource.items() if value not in (None, [])}
    if wish.attributes:
        return {name: value for name, value in shown.items() if name in _ALWAYS or _named(name, wish.attributes)}
    return {name: value for name, value in shown.items() if name in _ALWAYS or name.lower() not in wish.excluded}


def _named(name: str, wanted: Iterable[str]) -> bool:
    return any(each.partition(".")[0] == name.lower() for each in wanted)


def _error(status: int, scim_type: str | None, detail: str) -> Response:
    content: dict[str, Any] = {"schemas": [ERROR], "status": str(status), "detail": detail}
    if scim_type is not None:
        content["scimType"] = scim_type
    return _json(content, status)


def _json(content: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    sent = {"Cache-Control": "no-store", **(headers or {})}
    return Response(json.dumps(content), status, sent, MEDIA_TYPE)
