"""The routes of SCIM under /scim/v2 (RFC 7644 3). Every one asks for the right to manage people."""

# Annotations are values here: they name a dependency that the router is made with.
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from isocenter.access.caller import Caller
from isocenter.access.people import provisioning as verbs
from isocenter.access.people.provisioning import Provisioned
from isocenter.access.roles import ROLES_OF_PEOPLE, Right, Role
from isocenter.adapters.scim.answers import ScimRoute, Wish, list_answer, resource_answer, words
from isocenter.adapters.scim.filters import asked_username, parse_filter
from isocenter.adapters.scim.requests import (
    InvalidValue,
    NotChangeable,
    body_of,
    member_ids,
    operations_of,
    patched_members,
    patched_user,
    user_id_of,
    wanted_of,
)
from isocenter.adapters.scim.schemas import CONFIGURATION, GROUP, MOST_RESULTS, SCHEMAS, TYPES, USER
from isocenter.kit.database import Database
from isocenter.kit.errors import NotFound, Refused

PREFIX = "/scim/v2"
Body = Annotated[dict[str, Any], Depends(body_of)]


def wish_of(
    filter: Annotated[str, Query(max_length=4000)] = "",
    attributes: Annotated[str, Query(max_length=2000)] = "",
    excludedAttributes: Annotated[str, Query(max_length=2000)] = "",  # noqa: N803
    startIndex: int = 1,  # noqa: N803
    count: int = MOST_RESULTS,
) -> Wish:
    """The parameters of a query."""
    return Wish(filter, words(attributes), words(excludedAttributes), startIndex, count)


Wishes = Annotated[Wish, Depends(wish_of)]


def scim_router(database: Database, caller: Callable[[Request], Caller]) -> APIRouter:
    """SCIM 2.0 around open parts. caller: who asks, by bearer token or session."""

    def manager(request: Request) -> Caller:
        who = caller(request)
        who.require(Right.MANAGE_USERS)
        return who

    # Before anything else: nobody else's body is even read.
    router = APIRouter(prefix=PREFIX, tags=["SCIM"], route_class=ScimRoute, dependencies=[Depends(manager)])

    _add_descriptions(router)
    _add_users(router, database, manager)
    _add_groups(router, database, manager)
    _add_search(router, database, manager)

    @router.get("/{rest:path}", summary="Anything else is not there")
    def nothing() -> Response:
        raise UnknownResource("There is no such resource.")

    return router


Manager = Callable[[Request], Caller]


def _add_descriptions(router: APIRouter) -> None:
    """ServiceProviderConfig, ResourceTypes and Schemas (RFC 7644 4)."""

    @router.get("/ServiceProviderConfig", summary="What this SCIM server can do")
    def configuration(request: Request) -> Response:
        return resource_answer(_placed(request, CONFIGURATION, "ServiceProviderConfig", "ServiceProviderConfig"))

    for name, known in (("ResourceType", TYPES), ("Schema", SCHEMAS)):
        _add_described(router, name, known)


def _add_described(router: APIRouter, name: str, known: tuple[dict[str, Any], ...]) -> None:
    @router.get(f"/{name}s", summary=f"Every {name}", name=f"{name}s")
    def all_of_them(request: Request, wish: Wishes) -> Response:
        if wish.filter:
            raise FilterNotTaken("These lists are not filtered.")
        return list_answer([_placed(request, each, name, f"{name}s/{each['id']}") for each in known], Wish())

    @router.get(f"/{name}s/{{word}}", summary=f"One {name}", name=name)
    def one_of_them(request: Request, word: str) -> Response:
        found = next((each for each in known if each["id"] == word), None)
        if found is None:
            raise UnknownResource("There is no such resource.")
        return resource_answer(_placed(request, found, name, f"{name}s/{word}"))


def _add_users(router: APIRouter, database: Database, manager: Manager) -> None:
    """People's accounts."""
    Who = Annotated[Caller, Depends(manager)]  # noqa: N806

    @router.get("/Users", summary="People")
    def find_users(request: Request, wish: Wishes, who: Who) -> Response:
        return list_answer(_users(request, database, who, wish), wish)

    @router.post("/Users/.search", summary="People, with the query in the body")
    def search_users(request: Request, body: Body, who: Who) -> Response:
        wish = _wish_in(body)
        return list_answer(_users(request, database, who, wish), wish)

    @router.get("/Users/{word}", summary="One person")
    def get_user(request: Request, word: str, wish: Wishes, who: Who) -> Response:
        return resource_answer(_user(request, verbs.provisioned_account(database, who, user_id_of(word))), wish)

    @router.post("/Users", summary="A new person", status_code=201)
    def add_user(request: Request, body: Body, who: Who) -> Response:
        return resource_answer(_user(request, verbs.provision(database, who, wanted_of(body, whole=True))), None, 201)

    @router.put("/Users/{word}", summary="Change a person, all of her")
    def put_user(request: Request, word: str, body: Body, who: Who) -> Response:
        changed = verbs.change_provisioned(database, who, user_id_of(word), wanted_of(body, whole=True))
        return resource_answer(_user(request, changed))

    @router.patch("/Users/{word}", summary="Change a person")
    def patch_user(request: Request, word: str, body: Body, who: Who) -> Response:
        number = user_id_of(word)
        verbs.provisioned_account(database, who, number)
        changed = verbs.change_provisioned(database, who, number, patched_user(operations_of(body)))
        return resource_answer(_user(request, changed))

    @router.delete("/Users/{word}", summary="Withdraw a person", status_code=204)
    def delete_user(word: str, who: Who) -> Response:
        verbs.withdraw(database, who, user_id_of(word))
        return Response(status_code=204)


def _add_groups(router: APIRouter, database: Database, manager: Manager) -> None:
    """Roles and who holds them."""
    Who = Annotated[Caller, Depends(manager)]  # noqa: N806

    @router.get("/Groups", summary="Roles")
    def find_groups(request: Request, wish: Wishes, who: Who) -> Response:
        return list_answer(_groups(request, database, who, wish), wish)

    @router.post("/Groups/.search", summary="Roles, with the query in the body")
    def search_groups(request: Request, body: Body, who: Who) -> Response:
        wish = _wish_in(body)
        return list_answer(_groups(request, database, who, wish), wish)

    @router.get("/Groups/{word}", summary="One role")
    def get_group(request: Request, word: str, wish: Wishes, who: Who) -> Response:
        return resource_answer(_group(request, database, who, word), wish)

    @router.post("/Groups", summary="Roles are fixed")
    def add_group() -> Response:
        raise RolesAreFixed("The groups are the roles, which are fixed; change their members.")

    @router.put("/Groups/{word}", summary="Say who holds a role")
    def put_group(request: Request, word: str, body: Body, who: Who) -> Response:
        held = _group(request, database, who, word)["members"]
        wanted = next((value for name, value in body.items() if name.lower() == "members"), None) or []
        _change(database, who, word, {int(each["value"]) for each in held}, set(member_ids(wanted)))
        return resource_answer(_group(request, database, who, word))

    @router.patch("/Groups/{word}", summary="Change who holds a role")
    def patch_group(request: Request, word: str, body: Body, who: Who) -> Response:
        members = patched_members(operations_of(body), _group(request, database, who, word)["members"])
        verbs.change_members(database, who, Role(word), add=members.add, remove=members.remove)
        return resource_answer(_group(request, database, who, word))

    @router.delete("/Groups/{word}", summary="Roles are fixed")
    def delete_group(word: str, who: Who) -> Response:
        _role(who, word)
        raise RolesAreFixed("The groups are the roles, which are fixed; change their members.")


def _add_search(router: APIRouter, database: Database, manager: Manager) -> None:
    """People and roles together (RFC 7644 3.4.3)."""

    @router.post("/.search", summary="People and roles, with the query in the body")
    def search(request: Request, body: Body, who: Annotated[Caller, Depends(manager)]) -> Response:
        wish = _wish_in(body)
        found = [*_users(request, database, who, wish), *_groups(request, database, who, wish)]
        return list_answer(found, wish)


class FilterNotTaken(Refused):
    """These lists have no filter (RFC 7644 4)."""

    reason = "filter-not-taken"


class UnknownResource(NotFound):
    """There is no such group, schema or kind of resource."""

    reason = "unknown-resource"


class RolesAreFixed(NotChangeable):
    """Groups are neither made nor removed."""

    reason = "mutability"


def _change(database: Database, who: Caller, word: str, held: set[int], wanted: set[int]) -> None:
    verbs.change_members(database, who, Role(word), add=sorted(wanted - held), remove=sorted(held - wanted))


def _users(request: Request, database: Database, who: Caller, wish: Wish) -> list[dict[str, Any]]:
    test = parse_filter(wish.filter) if wish.filter else None
    known = verbs.provisioned(database, who, asked_username(wish.filter) if wish.filter else None)
    shown = [_user(request, each) for each in known]
    return [each for each in shown if test is None or test(each)]


def _groups(request: Request, database: Database, who: Caller, wish: Wish) -> list[dict[str, Any]]:
    test = parse_filter(wish.filter) if wish.filter else None
    people = verbs.provisioned(database, who)
    shown = [_group_of(request, role, people) for role in _roles(who)]
    return [each for each in shown if test is None or test(each)]


def _group(request: Request, database: Database, who: Caller, word: str) -> dict[str, Any]:
    return _group_of(request, _role(who, word), verbs.provisioned(database, who))


def _role(who: Caller, word: str) -> Role:
    role = next((role for role in _roles(who) if role == word), None)
    if role is None:
        raise UnknownResource("There is no such group.")
    return role


def _roles(who: Caller) -> list[Role]:
    return [role for role in ROLES_OF_PEOPLE if role != Role.REGION_ADMINISTRATOR or who.may(Right.MANAGE_REGION)]


def _wish_in(body: Mapping[str, Any]) -> Wish:
    try:
        return Wish(
            str(body.get("filter") or ""),
            words(",".join(map(str, body.get("attributes") or []))),
            words(",".join(map(str, body.get("excludedAttributes") or []))),
            int(body.get("startIndex", 1)),
            int(body.get("count", MOST_RESULTS)),
        )
    except (TypeError, ValueError, OverflowError):
        raise InvalidValue("The query cannot be understood.") from None


def _user(request: Request, account: Provisioned) -> dict[str, Any]:
    user = account.user
    shown: dict[str, Any] = {
        "schemas": [USER],
        "id": str(user.user_id),
        "externalId": account.external_id,
        "userName": user.username,
        "displayName": user.display_name,
        "preferredLanguage": user.language,
        "active": account.active,
        "groups": [
            {"value": str(role), "$ref": _address(request, f"Groups/{role}"), "display": str(role)}
            for role in user.roles
        ],
    }
    return _placed(request, shown, "User", f"Users/{user.user_id}", account)


def _group_of(request: Request, role: Role, people: list[Provisioned]) -> dict[str, Any]:
    shown = {
        "schemas": [GROUP],
        "id": str(role),
        "displayName": str(role),
        "members": [
            {
                "value": str(each.user.user_id),
                "$ref": _address(request, f"Users/{each.user.user_id}"),
                "display": each.user.username,
            }
            for each in people
            if role in each.user.roles
        ],
    }
    return _placed(request, shown, "Group", f"Groups/{role}")


def _placed(
    request: Request, resource: Mapping[str, Any], kind: str, path: str, account: Provisioned | None = None
) -> dict[str, Any]:
    meta = {"resourceType": kind, "location": _address(request, path)}
    if account is not None:
        meta["created"] = account.created_at.isoformat()
    return {**resource, "meta": meta}


def _address(request: Request, path: str) -> str:
    return f"{str(request.base_url).rstrip('/')}{PREFIX}/{path}"
