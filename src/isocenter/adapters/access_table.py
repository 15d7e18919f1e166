"""The access table: what every door asks of its caller. Verbs do the asking; a test calls every door as everybody.

A new route, DIMSE service or websocket without a row here fails that test, and so does one whose row is not true.
docs/safety/access-table.md is generated from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from isocenter.access.roles import Right


class Asks(StrEnum):
    """What is asked where no right is."""

    NOTHING = "nothing"  # signing in itself, and what a monitor or a browser needs before it
    BEGUN = "a sign-in that has begun"
    SIGNED_IN = "a session or token"
    PERSON = "a person's own session"


@dataclass(frozen=True, slots=True)
class Door:
    """One way in. path: of a route, with {names}; of DICOMweb, "*" for identifiers; of DIMSE, the service's name.

    asks: one of these rights.
    """

    method: str
    path: str
    asks: Asks | Right | tuple[Right, ...]

    @property
    def rights(self) -> frozenset[Right]:
        """The rights of which one is asked; empty where something else is."""
        if isinstance(self.asks, tuple):
            return frozenset(self.asks)
        return frozenset({self.asks}) if isinstance(self.asks, Right) else frozenset()


def _doors(asks: Asks | Right | tuple[Right, ...], *doors: str) -> tuple[Door, ...]:
    return tuple(Door(method, path, asks) for method, path in (each.split(" ", 1) for each in doors))


API: Final = (
    *_doors(
        Asks.NOTHING,
        "POST /api/sign-in",
        "GET /api/sign-in",
        "POST /api/sign-in/passkey-options",
        "POST /api/sign-in/passkey",
        "GET /api/sign-in/providers",
        "GET /api/sign-in/providers/{provider_id}",
        "GET /api/sign-in/callback/{issuer_word}",
        "GET /api/resets/{token}",
        "POST /api/resets/{token}",
        "POST /oauth/token",
        "POST /oauth/revoke",
        "GET /.well-known/oauth-authorization-server",
        "GET /api/enrolments/{token}",
        "POST /api/enrolments/{token}",
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
    ),
    *_doors(Asks.BEGUN, "POST /api/sign-in/second-factor"),
    *_doors(
        Asks.SIGNED_IN,
        "GET /api/me",
        "POST /api/sign-out",
        "GET /api/about",
        "GET /api/sign-in-policy",
        "GET /api/institutions",
        "GET /api/institutions/export",
        "GET /api/departments",
        "GET /api/departments/export",
    ),
    *_doors(
        Asks.PERSON,
        "PATCH /api/me",
        "POST /api/me/password",
        "POST /api/me/confirmation",
        "GET /api/me/second-factors",
        "POST /api/me/authenticator-app",
        "DELETE /api/me/authenticator-app",
        "POST /api/me/authenticator-app/confirmation",
        "POST /api/me/passkeys/options",
        "POST /api/me/passkeys",
        "DELETE /api/me/passkeys/{passkey_id}",
        "POST /api/me/recovery-codes",
        "GET /api/me/sessions",
        "DELETE /api/me/sessions",
        "DELETE /api/me/sessions/{sitting}",
    ),
    *_doors(
        Right.READ,
        "POST /api/studies/search",
        "GET /api/studies/{study_instance_uid}",
        "GET /api/studies/{study_instance_uid}/download",
        "GET /api/studies/{study_instance_uid}/corrections",
        "GET /api/studies/{study_instance_uid}/rejections",
        "POST /api/patients/search",
        "GET /api/merges",
        "GET /api/quality-tasks",
        "GET /api/changes",
    ),
    *_doors(
        Right.CORRECT,
        "POST /api/patients/{patient_key}/merge",
        "POST /api/patients/{patient_key}/identifiers",
        "POST /api/patients/{patient_key}/identifiers/remove",
        "POST /api/merges/{merge_id}/undo",
        "POST /api/studies/{study_instance_uid}/corrections",
        "POST /api/corrections/{correction_id}/undo",
        "POST /api/quality-tasks/{task_id}/resolve",
        "POST /api/rejections/{rejection_id}/restore",
        "GET /api/studies/{study_instance_uid}/instances/{sop_instance_uid}/received",
        "GET /api/studies/{study_instance_uid}/aside-instances",
        "GET /api/aside-instances/{aside_id}",
    ),
    *_doors(
        Right.RECOVER,
        "DELETE /api/studies/{study_instance_uid}",
        "GET /api/deleted-studies",
        "POST /api/deleted-studies/{study_instance_uid}/restore",
    ),
    *_doors(
        Right.ERASE,
        "DELETE /api/deleted-studies/{study_instance_uid}",
        "DELETE /api/studies/{study_instance_uid}/instances/{sop_instance_uid}",
    ),
    *_doors(
        (Right.APPROVE_DESTRUCTION, Right.ERASE),
        "GET /api/erasures",
        "GET /api/erasures/{record_id}/certificate",
        "GET /api/erasures/{record_id}/certificate.html",
    ),
    *_doors(Right.MANAGE_STORAGE, "GET /api/keys", "POST /api/keys/{institution_id}/rotate"),
    *_doors(Right.READ, "GET /api/studies/{study_instance_uid}/retention"),
    *_doors(
        Right.CORRECT,
        "GET /api/patients/{patient_key}/visits",
        "POST /api/patients/{patient_key}/visits",
        "POST /api/patients/{patient_key}/admissions",
        "POST /api/patients/{patient_key}/discharges",
        "POST /api/visits/{visit_id}/withdraw",
        "POST /api/visits/import",
    ),
    *_doors((Right.APPROVE_DESTRUCTION, Right.MANAGE_STORAGE), "GET /api/retention/policy"),
    *_doors(Right.MANAGE_STORAGE, "POST /api/nodes/{node}/drain", "POST /api/nodes/{node}/gone"),
    *_doors(Right.MANAGE_STORAGE, "PUT /api/retention/policy", "POST /api/retention/clock"),
    *_doors(
        Right.APPROVE_DESTRUCTION,
        "GET /api/retention/studies",
        "GET /api/retention/studies/{study_instance_uid}/steps",
        "POST /api/retention/look",
        "GET /api/retention/destructions",
        "POST /api/retention/destructions",
        "GET /api/retention/destructions/{destruction_id}",
        "POST /api/retention/destructions/{destruction_id}/approve",
        "POST /api/retention/destructions/{destruction_id}/withdraw",
    ),
    *_doors(
        Right.SEND,
        "GET /api/destinations",
        "POST /api/destinations/{destination_id}/echo",
        "POST /api/studies/{study_instance_uid}/send",
        "GET /api/transfers",
        "GET /api/transfers/{transfer_id}",
        "POST /api/transfers/{transfer_id}/retry",
    ),
    *_doors(
        Right.MANAGE_DESTINATIONS,
        "POST /api/destinations",
        "PATCH /api/destinations/{destination_id}",
        "DELETE /api/destinations/{destination_id}",
    ),
    *_doors(Right.MANAGE_DEVICES, "GET /api/senders", "PUT /api/senders"),
    *_doors(
        Right.SEE_OPERATIONS,
        "GET /api/nodes",
        "GET /api/operations",
        "GET /api/sites",
        "GET /api/drills",
        "GET /api/drills/{drill_id}/evidence",
        "GET /api/metered-days",
        "GET /api/metered-days/export",
    ),
    *_doors(
        (Right.MANAGE_DEVICES, Right.MANAGE_REGION),
        "GET /api/devices",
        "POST /api/devices",
        "GET /api/devices/export",
        "POST /api/devices/import",
        "GET /api/devices/{device_id}",
        "PATCH /api/devices/{device_id}",
        "DELETE /api/devices/{device_id}",
        "POST /api/devices/{device_id}/echo",
        "POST /api/devices/{device_id}/first-store",
        "GET /api/devices/{device_id}/first-store",
        "GET /api/refused-calls",
        "DELETE /api/refused-calls/{refused_call_id}",
        "GET /api/called-ae-title",
        "PUT /api/called-ae-title",
    ),
    *_doors(
        Right.MANAGE_USERS,
        "POST /api/people/search",
        "POST /api/people",
        "GET /api/people/export",
        "POST /api/people/import",
        "GET /api/people/{user_id}",
        "PATCH /api/people/{user_id}",
        "PUT /api/people/{user_id}/roles",
        "POST /api/people/{user_id}/disable",
        "POST /api/people/{user_id}/enable",
        "POST /api/people/{user_id}/sign-in-reset",
        "GET /api/invitations",
        "POST /api/invitations",
        "DELETE /api/invitations/{invitation_id}",
        "GET /api/identity-providers/account-rules",
        "PUT /api/identity-providers/{provider_id}/account-rules",
        "GET /api/program-roles",
        "GET /api/clients",
        "POST /api/clients",
        "PATCH /api/clients/{client_id}",
        "DELETE /api/clients/{client_id}",
        "POST /api/clients/{client_id}/secrets",
        "DELETE /api/clients/{client_id}/secrets/{secret_id}",
        "GET /api/tokens",
        "POST /api/tokens",
        "DELETE /api/tokens/{token_id}",
        "GET /scim/v2/ServiceProviderConfig",
        "GET /scim/v2/ResourceTypes",
        "GET /scim/v2/ResourceTypes/{word}",
        "GET /scim/v2/Schemas",
        "GET /scim/v2/Schemas/{word}",
        "GET /scim/v2/Users",
        "POST /scim/v2/Users",
        "POST /scim/v2/Users/.search",
        "GET /scim/v2/Users/{word}",
        "PUT /scim/v2/Users/{word}",
        "PATCH /scim/v2/Users/{word}",
        "DELETE /scim/v2/Users/{word}",
        "GET /scim/v2/Groups",
        "POST /scim/v2/Groups",
        "POST /scim/v2/Groups/.search",
        "GET /scim/v2/Groups/{word}",
        "PUT /scim/v2/Groups/{word}",
        "PATCH /scim/v2/Groups/{word}",
        "DELETE /scim/v2/Groups/{word}",
        "POST /scim/v2/.search",
        "GET /scim/v2/{rest:path}",
    ),
    *_doors(
        (Right.MANAGE_INSTITUTION, Right.MANAGE_REGION),
        "GET /api/institutions/{institution_id}",
        "PATCH /api/institutions/{institution_id}",
        "POST /api/departments",
        "POST /api/departments/import",
        "PATCH /api/departments/{department_id}",
        "DELETE /api/departments/{department_id}",
    ),
    *_doors(
        Right.MANAGE_REGION,
        "POST /api/institutions",
        "POST /api/institutions/import",
        "POST /api/institutions/{institution_id}/deactivate",
        "POST /api/institutions/{institution_id}/activate",
        "POST /api/institutions/{institution_id}/first-administrator",
        "GET /api/alliances",
        "POST /api/alliances",
        "DELETE /api/alliances/{alliance_id}",
        "POST /api/alliances/{alliance_id}/members",
        "DELETE /api/alliances/{alliance_id}/members/{institution_id}",
    ),
    *_doors(
        Right.MANAGE_SHARING,
        "GET /api/allies",
        "GET /api/sharing-rules",
        "POST /api/sharing-rules",
        "DELETE /api/sharing-rules/{rule_id}",
        "GET /api/sharing-rules/export",
        "POST /api/sharing-rules/import",
    ),
    *_doors(
        Right.RESTRICT,
        "GET /api/restrictions",
        "GET /api/patients/{patient_key}/restrictions",
        "POST /api/patients/{patient_key}/restrictions",
        "POST /api/patients/{patient_key}/restrictions/{restriction_id}/lift",
        "GET /api/care-relationships",
        "POST /api/care-relationships",
        "GET /api/carers",
        "DELETE /api/care-relationships/{care_id}",
    ),
    *_doors(Right.BREAK_GLASS, "POST /api/break-glass"),
    *_doors(Right.REVIEW_ACCESS, "GET /api/access-reviews", "POST /api/access-reviews/{glass_id}"),
    *_doors(
        Right.MANAGE_SECURITY,
        "PUT /api/sign-in-policy",
        "GET /api/sessions",
        "DELETE /api/sessions/{sitting}",
        "GET /api/identity-providers",
        "POST /api/identity-providers",
        "POST /api/identity-providers/check",
        "PUT /api/identity-providers/{provider_id}",
        "DELETE /api/identity-providers/{provider_id}",
    ),
    *_doors(
        Right.READ_AUDIT,
        "GET /api/audit/state",
        "POST /api/audit/search",
        "POST /api/audit/export",
    ),
    *_doors(Right.SEE_STATUS, "GET /api/status"),
    *_doors((Right.MANAGE_STORAGE, Right.SEE_OPERATIONS), "GET /api/storages", "GET /api/placement-policies"),
    *_doors(
        Right.MANAGE_STORAGE,
        "POST /api/storages",
        "PATCH /api/storages/{storage_id}",
        "POST /api/storages/{storage_id}/test",
        "POST /api/storages/{storage_id}/verify",
        "POST /api/storages/{storage_id}/retire",
        "POST /api/placement-policies",
        "PATCH /api/placement-policies/{policy_id}",
        "DELETE /api/placement-policies/{policy_id}",
    ),
    *_doors(
        Right.MANAGE_SECURITY,
        "GET /api/certificates",
        "GET /api/certificates/authority",
        "POST /api/certificates",
        "POST /api/certificates/trusted",
        "DELETE /api/certificates/trusted/{fingerprint}",
        "POST /api/certificates/{fingerprint}/revoke",
    ),
)
DICOMWEB: Final = (
    *_doors(
        Right.READ,
        "GET studies",
        "GET series",
        "GET instances",
        "GET studies/*",
        "GET studies/*/series",
        "GET studies/*/instances",
        "GET studies/*/metadata",
        "GET studies/*/rendered",
        "GET studies/*/thumbnail",
        "GET studies/*/bulkdata",
        "GET studies/*/series/*",
        "GET studies/*/series/*/instances",
        "GET studies/*/series/*/metadata",
        "GET studies/*/series/*/rendered",
        "GET studies/*/series/*/thumbnail",
        "GET studies/*/series/*/bulkdata",
        "GET studies/*/series/*/instances/*",
        "GET studies/*/series/*/instances/*/metadata",
        "GET studies/*/series/*/instances/*/rendered",
        "GET studies/*/series/*/instances/*/thumbnail",
        "GET studies/*/series/*/instances/*/bulkdata",
        "GET studies/*/series/*/instances/*/frames/*",
        "GET studies/*/series/*/instances/*/frames/*/rendered",
        "GET studies/*/series/*/instances/*/frames/*/thumbnail",
    ),
    *_doors(Right.STORE, "POST studies", "POST studies/*"),
    *_doors(Right.RECOVER, "DELETE studies/*"),
)
DIMSE: Final = (
    *_doors(Asks.NOTHING, "DIMSE C-ECHO"),
    *_doors(Right.STORE, "DIMSE C-STORE", "DIMSE N-ACTION (storage commitment)"),
    *_doors(Right.READ, "DIMSE C-FIND", "DIMSE C-GET", "DIMSE C-MOVE"),
)
