"""What each action of the trail is in the words of PS3.15 A.5.3: event, event types, and what was done (C R U D E)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from isocenter.access.audit import Action


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value; code_system: DCM (PS3.16 Annex D) unless said."""

    value: str
    meaning: str
    code_system: str = "DCM"


APPLICATION_ACTIVITY: Final = Code("110100", "Application Activity")
AUDIT_LOG_USED: Final = Code("110101", "Audit Log Used")
BEGIN_TRANSFERRING: Final = Code("110102", "Begin Transferring DICOM Instances")
INSTANCES_ACCESSED: Final = Code("110103", "DICOM Instances Accessed")
INSTANCES_TRANSFERRED: Final = Code("110104", "DICOM Instances Transferred")
STUDY_DELETED: Final = Code("110105", "DICOM Study Deleted")
EXPORT: Final = Code("110106", "Export")
IMPORT: Final = Code("110107", "Import")
PATIENT_RECORD: Final = Code("110110", "Patient Record")
QUERY: Final = Code("110112", "Query")
SECURITY_ALERT: Final = Code("110113", "Security Alert")
USER_AUTHENTICATION: Final = Code("110114", "User Authentication")

_START = Code("110120", "Application Start")
_STOP = Code("110121", "Application Stop")
_LOGIN = Code("110122", "Login")
_LOGOUT = Code("110123", "Logout")
_NODE_AUTHENTICATION = Code("110126", "Node Authentication")
_RESTRICTED_FUNCTION = Code("110132", "Use of Restricted Function")
_EMERGENCY_OVERRIDE = Code("110127", "Emergency Override Started")
_NETWORK = Code("110128", "Network Configuration")
_SECURITY = Code("110129", "Security Configuration")
_ROLES = Code("110136", "Security Roles Changed")
_USER = Code("110137", "User security Attributes Changed")
_OBJECT = Code("110135", "Object Security Attributes Changed")


@dataclass(frozen=True, slots=True)
class Told:
    """An action as an event of the standard."""

    event: Code
    done: str
    types: tuple[Code, ...] = ()


UNKNOWN: Final = Told(SECURITY_ALERT, "E", (_SECURITY,))
"""What an action of a newer Isocenter is told as."""

_TOLD: dict[str, Told] = {
    **{
        action: Told(USER_AUTHENTICATION, "E", (_LOGIN,))
        for action in (
            "signed-in",
            "sign-in-failed",
            "second-factor-failed",
            "recovery-code-used",
            "federated-sign-in-failed",
            "client-signed-in",
            "client-sign-in-failed",
        )
    },
    **{action: Told(USER_AUTHENTICATION, "E", (_LOGOUT,)) for action in ("signed-out", "session-ended")},
    **{action: Told(SECURITY_ALERT, "U", (_ROLES,)) for action in ("role-given", "role-ended")},
    "application-started": Told(APPLICATION_ACTIVITY, "E", (_START,)),
    "application-stopped": Told(APPLICATION_ACTIVITY, "E", (_STOP,)),
    "audit-searched": Told(AUDIT_LOG_USED, "R"),
    "audit-exported": Told(AUDIT_LOG_USED, "R"),
    "audit-verified": Told(AUDIT_LOG_USED, "R"),
    "study-opened": Told(INSTANCES_ACCESSED, "R"),
    "study-fetched-ahead": Told(INSTANCES_TRANSFERRED, "R"),
    "received-form-given": Told(INSTANCES_ACCESSED, "R"),
    "corrected": Told(INSTANCES_ACCESSED, "U"),
    "correction-undone": Told(INSTANCES_ACCESSED, "U"),
    "task-resolved": Told(INSTANCES_ACCESSED, "U"),
    "study-restored": Told(INSTANCES_ACCESSED, "U"),
    "rejection-restored": Told(INSTANCES_ACCESSED, "U"),
    "transfer-begun": Told(BEGIN_TRANSFERRING, "E"),
    "instances-received": Told(INSTANCES_TRANSFERRED, "C"),
    "study-sent": Told(INSTANCES_TRANSFERRED, "R"),
    "instances-given": Told(INSTANCES_TRANSFERRED, "R"),
    "study-deleted": Told(STUDY_DELETED, "D"),
    "study-erased": Told(STUDY_DELETED, "D"),
    "instance-erased": Told(INSTANCES_ACCESSED, "D"),
    "keys-changed": Told(SECURITY_ALERT, "U", (_SECURITY,)),
    "study-destroyed": Told(STUDY_DELETED, "D"),
    "measurements-reported": Told(INSTANCES_ACCESSED, "C"),
    "presentation-state-filed": Told(INSTANCES_ACCESSED, "C"),
    "key-images-filed": Told(INSTANCES_ACCESSED, "C"),
    "view-handed-over": Told(INSTANCES_ACCESSED, "R"),
    "display-checked": Told(APPLICATION_ACTIVITY, "E"),
    "visit-recorded": Told(PATIENT_RECORD, "C"),
    "visit-withdrawn": Told(PATIENT_RECORD, "D"),
    "study-downloaded": Told(EXPORT, "R"),
    "list-exported": Told(EXPORT, "R"),
    "backup-made": Told(EXPORT, "R"),
    "backup-restored": Told(IMPORT, "C"),
    "index-rebuilt": Told(APPLICATION_ACTIVITY, "E"),
    "imported": Told(IMPORT, "C"),
    "list-imported": Told(IMPORT, "C"),
    "queried": Told(QUERY, "E"),
    "access-refused": Told(SECURITY_ALERT, "E", (_RESTRICTED_FUNCTION,)),
    "glass-broken": Told(SECURITY_ALERT, "E", (_EMERGENCY_OVERRIDE,)),
    "glass-not-broken": Told(SECURITY_ALERT, "E", (_EMERGENCY_OVERRIDE,)),
}
_BY_BEGINNING: tuple[tuple[tuple[str, ...], Told], ...] = (
    (("device-", "node-", "sender-", "destination-", "called-ae-title-"), Told(SECURITY_ALERT, "U", (_NETWORK,))),
    (("association-", "caller-refused", "device-refused"), Told(SECURITY_ALERT, "E", (_NODE_AUTHENTICATION,))),
    (
        ("user-", "password-", "second-factor-", "recovery-", "enrolment-", "sign-in-reset-", "identity-linked"),
        Told(SECURITY_ALERT, "U", (_USER,)),
    ),
    (
        ("patient-", "care-", "restriction-", "hold-", "access-review", "destruction-"),
        Told(SECURITY_ALERT, "U", (_OBJECT,)),
    ),
    (
        (
            "token-",
            "client-",
            "certificate-",
            "identity-provider-",
            "sign-in-policy-",
            "institution-",
            "department-",
            "alliance-",
            "sharing-",
            "retention-",
            "hanging-protocol-",
            "display-check-rule-",
            "site-",
            "storage-",
            "placement-policy-",
            "scim-",
        ),
        Told(SECURITY_ALERT, "U", (_SECURITY,)),
    ),
)


def told_of(action: str) -> Told:
    """What the standard calls the action."""
    known = _TOLD.get(action)
    if known is not None:
        return known
    return next((told for beginnings, told in _BY_BEGINNING if action.startswith(beginnings)), UNKNOWN)


def untold() -> list[Action]:
    """Actions that nobody has said the standard's word for; a test keeps it empty."""
    return [action for action in Action if told_of(action) is UNKNOWN]
