"""What SCIM resources hold here, as data (RFC 7643 6 to 8): only what is really kept is promised."""

from __future__ import annotations

from typing import Any

from isocenter.access.users import LANGUAGES

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"
_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_CONFIGURATION = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MOST_RESULTS = 200


def _attribute(name: str, said: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": "string",
        "multiValued": False,
        "description": said,
        "required": False,
        "caseExact": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
    } | more


def _members(name: str, said: str, mutability: str, target: str) -> dict[str, Any]:
    return _attribute(
        name,
        said,
        type="complex",
        multiValued=True,
        mutability=mutability,
        subAttributes=[
            _attribute("value", "Its identifier.", mutability="immutable" if mutability == "readWrite" else mutability),
            _attribute("$ref", "Its address.", type="reference", referenceTypes=[target], mutability="readOnly"),
            _attribute("display", "Its name.", mutability="readOnly"),
        ],
    )


SCHEMAS: tuple[dict[str, Any], ...] = (
    {
        "schemas": [_SCHEMA],
        "id": USER,
        "name": "User",
        "description": "A person's account.",
        "attributes": [
            _attribute("userName", "The name she signs in with.", required=True, uniqueness="server"),
            # These three always have a value; a request may leave them out.
            _attribute("displayName", "Her name as people read it.", required=True),
            _attribute("preferredLanguage", "Of her pages.", required=True, canonicalValues=list(LANGUAGES)),
            _attribute("active", "Whether she may sign in.", type="boolean", required=True),
            _members("groups", "The roles she holds.", "readOnly", "Group"),
        ],
    },
    {
        "schemas": [_SCHEMA],
        "id": GROUP,
        "name": "Group",
        "description": "A role, and who holds it. The roles are fixed; only their members change.",
        "attributes": [
            _attribute("displayName", "The role's word.", required=True, mutability="readOnly"),
            _members("members", "Who holds the role.", "readWrite", "User"),
        ],
    },
)

TYPES: tuple[dict[str, Any], ...] = tuple(
    {
        "schemas": [_TYPE],
        "id": name,
        "name": name,
        "endpoint": f"/{name}s",
        "description": said,
        "schema": schema,
    }
    for name, said, schema in (("User", "People's accounts", USER), ("Group", "Roles", GROUP))
)

CONFIGURATION: dict[str, Any] = {
    "schemas": [_CONFIGURATION],
    "patch": {"supported": True},
    "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
    "filter": {"supported": True, "maxResults": MOST_RESULTS},
    "changePassword": {"supported": False},
    "sort": {"supported": False},
    "etag": {"supported": False},
    "authenticationSchemes": [
        {
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "A token with the scope manage-users, issued or of an OAuth2 client (RFC 6750).",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": True,
        }
    ],
}
