"""What SCIM clients send: bodies, and the operations of PATCH (RFC 7644 3.5.2) as one wish.

Attributes that are not kept here are passed over, as RFC 7644 3.3 lets us; roles, institutions and passwords cannot be
said at all. Azure writes operations and booleans with capitals; that is taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request

from isocenter.access.errors import UnknownUser
from isocenter.access.people.provisioning import Wanted
from isocenter.adapters.scim.filters import parse_filter, value_at
from isocenter.adapters.scim.schemas import PATCH
from isocenter.kit.errors import Invalid

MAX_BODY_BYTES = 1 << 20
_MAX_OPERATIONS = 1000
_MAX_TEXT = 400
_LARGEST_ID = 2**31 - 1
_MEMBERS = re.compile(r"members\s*(?:\[(?P<filter>.+)\])?(?:\.\w+)?", re.IGNORECASE | re.DOTALL)
_NAMES = ("username", "displayname", "preferredlanguage", "active", "externalid")
_READ_ONLY = ("id", "meta", "groups", "schemas")


class InvalidSyntax(Invalid):
    """The body is no JSON object of the kind that is needed."""

    reason = "invalidSyntax"


class InvalidValue(Invalid):
    """An attribute has a value of another kind."""

    reason = "invalidValue"


class InvalidPath(Invalid):
    """The path of an operation cannot be understood."""

    reason = "invalidPath"


class NotChangeable(Invalid):
    """The attribute cannot be changed, or not be taken away."""

    reason = "mutability"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of PATCH. path: lower case, without schema; '' means that value is an object of attributes."""

    verb: str
    path: str
    value: Any


@dataclass(frozen=True, slots=True)
class Members:
    """What becomes of a group. replaced: exactly those; None adds and removes."""

    add: tuple[int, ...] = ()
    remove: tuple[int, ...] = ()
    replaced: tuple[int, ...] | None = None


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of the request. Raises InvalidSyntax."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise InvalidSyntax("The body is larger than is taken.")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise InvalidSyntax("The body is no JSON object.")
    return said


def wanted_of(said: Mapping[str, Any], *, whole: bool) -> Wanted:
    """What a user resource says. whole: of POST and PUT, where userName must be there and what is absent is empty."""
    username, display = _text(said, "userName"), _text(said, "displayName")
    name = next(iter(value_at(said, "name")), None)
    if display is None and isinstance(name, Mapping):
        display = _text(name, "formatted") or " ".join(
            part for part in (_text(name, "givenName"), _text(name, "familyName")) if part
        )
    if whole and not username:
        raise InvalidValue("userName is required.")
    external_id = _text(said, "externalId")
    return Wanted(
        username=username,
        display_name=display or (username if whole else None),
        language=_language(said),
        active=_flag(said),
        external_id="" if whole and external_id is None else external_id,
    )


def operations_of(said: Mapping[str, Any]) -> list[Operation]:
    """The operations of a PATCH body. Raises InvalidSyntax, InvalidPath."""
    listed = next((value for name, value in said.items() if name.lower() == "operations"), None)
    if (
        PATCH not in (said.get("schemas") or [])
        or not isinstance(listed, list)
        or not 0 < len(listed) <= _MAX_OPERATIONS
    ):
        raise InvalidSyntax(f"A PATCH has 1 to {_MAX_OPERATIONS} Operations under the schema {PATCH}.")
    return [_operation(each) for each in listed]


def patched_user(operations: list[Operation]) -> Wanted:
    """What the operations wish of a user, the last word counting. Raises NotChangeable, InvalidPath, InvalidValue."""
    wanted = Wanted()
    for each in operations:
        if each.verb == "remove":
            wanted = _without(wanted, each.path)
            continue
        attributes = {each.path: each.value} if each.path else each.value
        if not isinstance(attributes, Mapping):
            raise InvalidValue("An operation without a path has an object as its value.")
        _refuse_read_only(attributes)
        more = wanted_of(_nested(attributes), whole=False)
        wanted = replace(wanted, **{k: v for k, v in ((n, getattr(more, n)) for n in more.__slots__) if v is not None})
    return wanted


def patched_members(operations: list[Operation], held: list[dict[str, Any]]) -> Members:
    """What the operations wish of a group's members. held: as shown. Raises InvalidPath, InvalidValue, UnknownUser."""
    members = {int(each["value"]) for each in held}
    for each in operations:
        path, value = each.path, each.value
        if not path and isinstance(value, Mapping):
            _refuse_read_only({name: v for name, v in value.items() if name.lower() not in ("members", "displayname")})
            if not value_at(value, "members"):
                continue
            path, value = "members", value_at(value, "members")
        match = _MEMBERS.fullmatch(path)
        if match is None:
            if path in ("displayname", "externalid"):
                continue  # the role's word stays
            raise InvalidPath("Only the members of a group change.")
        if each.verb == "remove":
            gone = _chosen(members, match["filter"], value)
            members -= gone
        else:
            new = set(member_ids(value))
            members = new if each.verb == "replace" else members | new
    before = {int(each["value"]) for each in held}
    return Members(tuple(sorted(members - before)), tuple(sorted(before - members)))


def member_ids(value: Any) -> list[int]:
    """The users that a list of members names. Raises InvalidValue, UnknownUser."""
    listed = value if isinstance(value, list) else [value]
    found = []
    for each in listed:
        word = next(iter(value_at(each, "value")), None) if isinstance(each, Mapping) else each
        if not isinstance(word, str):
            raise InvalidValue("A member has the identifier of a user as its value.")
        found.append(user_id_of(word))
    return found


def user_id_of(word: str) -> int:
    """The number in an identifier. Raises UnknownUser for what can be none."""
    if not (word.isascii() and word.isdigit() and len(word) < 11 and 0 < int(word) <= _LARGEST_ID):
        raise UnknownUser("There is no such user.")
    return int(word)


def _chosen(members: set[int], filter_text: str | None, value: Any) -> set[int]:
    if filter_text is not None:
        test = parse_filter(filter_text)
        return {each for each in members if test({"value": str(each)})}
    return set(members) if value is None else set(member_ids(value))


def _operation(said: Any) -> Operation:
    fields = {str(name).lower(): value for name, value in said.items()} if isinstance(said, Mapping) else {}
    verb, path = fields.get("op"), fields.get("path") or ""
    if not isinstance(verb, str) or verb.lower() not in ("add", "replace", "remove") or not isinstance(path, str):
        raise InvalidSyntax("An operation is add, replace or remove.")
    path = path.strip()
    if path.lower().startswith("urn:"):
        path = path.partition("[")[0].rpartition(":")[2] + "".join(path.partition("[")[1:])
    if verb.lower() == "remove" and not path:
        raise InvalidPath("To remove, a path is needed.")
    kept = path if "[" in path else path.lower()
    return Operation(verb.lower(), kept, fields.get("value"))


def _without(wanted: Wanted, path: str) -> Wanted:
    if path == "externalid":
        return replace(wanted, external_id="")
    if path in _NAMES or path in _READ_ONLY:
        raise NotChangeable("This attribute cannot be taken away.")
    return wanted  # not kept here anyway


def _refuse_read_only(attributes: Mapping[str, Any]) -> None:
    if any(str(name).lower() in _READ_ONLY[:3] for name in attributes):
        raise NotChangeable("This attribute cannot be changed.")


def _nested(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """name.givenName as {"name": {"givenName": …}}."""
    found: dict[str, Any] = {}
    for path, value in attributes.items():
        outer, _, inner = path.partition(".")
        if inner:
            known = found.setdefault(outer, {})
            if isinstance(known, dict):
                known[inner] = value
        else:
            found[outer] = value
    return found


def _text(said: Mapping[str, Any], name: str) -> str | None:
    value = next((v for k, v in said.items() if k.lower() == name.lower()), None)
    if value is not None and (not isinstance(value, str) or len(value) > _MAX_TEXT):
        raise InvalidValue(f"{name} is a text of at most {_MAX_TEXT} characters.")
    return value


def _language(said: Mapping[str, Any]) -> str | None:
    wanted = _text(said, "preferredLanguage") or _text(said, "locale")
    return None if not wanted else "zh-CN" if wanted.lower().startswith("zh") else "en"


def _flag(said: Mapping[str, Any]) -> bool | None:
    value = next((v for k, v in said.items() if k.lower() == "active"), None)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if value is not None and not isinstance(value, bool):
        raise InvalidValue("active is true or false.")
    return value
