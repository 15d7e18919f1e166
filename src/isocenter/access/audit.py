"""Who did what, when, from where: rows of the audit trail in the caller's institution (IHE ATNA; PS3.15 A.5).

The database chains each row to the one before it and lets nobody change or remove it (access/trail verifies, anchors,
archives and sends the trail). Looking at a study is recorded once per caller, study and sitting, not once per frame.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from contextvars import ContextVar
from enum import IntEnum, StrEnum
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from psycopg.types.json import Jsonb

from isocenter.access.caller import Caller
from isocenter.kit.database import Connection, Database


class Action(StrEnum):
    """What is recorded."""

    APPLICATION_STARTED = "application-started"
    APPLICATION_STOPPED = "application-stopped"
    BACKUP_MADE = "backup-made"
    BACKUP_RESTORED = "backup-restored"
    INDEX_REBUILT = "index-rebuilt"
    AUDIT_SEARCHED = "audit-searched"
    AUDIT_EXPORTED = "audit-exported"
    AUDIT_VERIFIED = "audit-verified"
    SIGNED_IN = "signed-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGNED_OUT = "signed-out"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - a word for the trail, not a secret
    SECOND_FACTOR_ADDED = "second-factor-added"
    SECOND_FACTOR_REMOVED = "second-factor-removed"
    SECOND_FACTOR_FAILED = "second-factor-failed"
    RECOVERY_CODES_MADE = "recovery-codes-made"
    RECOVERY_CODE_USED = "recovery-code-used"
    SIGN_IN_POLICY_CHANGED = "sign-in-policy-changed"
    SIGN_IN_RESET_ISSUED = "sign-in-reset-issued"
    SIGN_IN_RESET_USED = "sign-in-reset-used"
    SESSION_ENDED = "session-ended"
    USER_ENROLLED = "user-enrolled"
    USER_CREATED = "user-created"
    USER_CHANGED = "user-changed"
    USER_DISABLED = "user-disabled"
    USER_ENABLED = "user-enabled"
    ROLE_GIVEN = "role-given"
    ROLE_ENDED = "role-ended"
    ENROLMENT_ISSUED = "enrolment-issued"
    ENROLMENT_WITHDRAWN = "enrolment-withdrawn"
    INSTITUTION_ADDED = "institution-added"
    INSTITUTION_CHANGED = "institution-changed"
    INSTITUTION_DEACTIVATED = "institution-deactivated"
    INSTITUTION_ACTIVATED = "institution-activated"
    DEPARTMENT_ADDED = "department-added"
    DEPARTMENT_CHANGED = "department-changed"
    DEPARTMENT_REMOVED = "department-removed"
    LIST_IMPORTED = "list-imported"
    LIST_EXPORTED = "list-exported"
    TOKEN_ISSUED = "token-issued"  # noqa: S105
    TOKEN_REVOKED = "token-revoked"  # noqa: S105
    CLIENT_ADDED = "client-added"
    CLIENT_CHANGED = "client-changed"
    CLIENT_ENDED = "client-ended"
    CLIENT_SECRET_ADDED = "client-secret-added"  # noqa: S105
    CLIENT_SECRET_ENDED = "client-secret-ended"  # noqa: S105
    CLIENT_SIGNED_IN = "client-signed-in"
    CLIENT_SIGN_IN_FAILED = "client-sign-in-failed"
    IDENTITY_PROVIDER_ADDED = "identity-provider-added"
    IDENTITY_PROVIDER_CHANGED = "identity-provider-changed"
    IDENTITY_PROVIDER_REMOVED = "identity-provider-removed"
    IDENTITY_LINKED = "identity-linked"
    FEDERATED_SIGN_IN_FAILED = "federated-sign-in-failed"
    USER_WITHDRAWN = "user-withdrawn"
    ACCESS_REFUSED = "access-refused"
    QUERIED = "queried"
    INSTANCES_RECEIVED = "instances-received"
    STUDY_OPENED = "study-opened"
    STUDY_FETCHED_AHEAD = "study-fetched-ahead"  # sent to somebody who has not opened it
    STUDY_ERASED = "study-erased"
    INSTANCE_ERASED = "instance-erased"
    KEYS_CHANGED = "keys-changed"  # made anew, or taken out for recovery
    STUDY_DOWNLOADED = "study-downloaded"
    STUDY_DELETED = "study-deleted"
    STUDY_RESTORED = "study-restored"
    IMPORTED = "imported"
    CORRECTED = "corrected"
    CORRECTION_UNDONE = "correction-undone"
    TASK_RESOLVED = "task-resolved"
    RECEIVED_FORM_GIVEN = "received-form-given"
    SENDER_CHANGED = "sender-changed"
    DEVICE_ADDED = "device-added"
    DEVICE_CHANGED = "device-changed"
    DEVICE_REMOVED = "device-removed"
    CALLED_AE_TITLE_CHANGED = "called-ae-title-changed"
    ASSOCIATION_REJECTED = "association-rejected"
    DESTINATION_ADDED = "destination-added"
    DESTINATION_CHANGED = "destination-changed"
    DESTINATION_REMOVED = "destination-removed"
    STUDY_SENT = "study-sent"
    REJECTION_RESTORED = "rejection-restored"
    CERTIFICATE_ISSUED = "certificate-issued"
    CERTIFICATE_TRUSTED = "certificate-trusted"
    CERTIFICATE_NOT_TRUSTED = "certificate-not-trusted"
    CERTIFICATE_REVOKED = "certificate-revoked"
    CERTIFICATE_SHOWN = "certificate-shown"  # by this node itself, from then on
    ALLIANCE_ADDED = "alliance-added"
    ALLIANCE_ENDED = "alliance-ended"
    ALLIANCE_JOINED = "alliance-joined"
    ALLIANCE_LEFT = "alliance-left"
    SHARING_RULE_GIVEN = "sharing-rule-given"
    SHARING_RULE_ENDED = "sharing-rule-ended"
    PATIENT_RESTRICTED = "patient-restricted"
    RESTRICTION_LIFTED = "restriction-lifted"
    CARE_BEGUN = "care-begun"
    CARE_ENDED = "care-ended"
    GLASS_BROKEN = "glass-broken"
    GLASS_NOT_BROKEN = "glass-not-broken"
    ACCESS_REVIEWED = "access-reviewed"
    STORAGE_ADDED = "storage-added"
    STORAGE_CHANGED = "storage-changed"
    STORAGE_RETIRED = "storage-retired"
    PLACEMENT_POLICY_ADDED = "placement-policy-added"
    PLACEMENT_POLICY_CHANGED = "placement-policy-changed"
    PLACEMENT_POLICY_REMOVED = "placement-policy-removed"
    NODE_DRAINED = "node-drained"
    NODE_DECLARED_GONE = "node-declared-gone"
    NODE_GIVEN_UP = "node-given-up"
    SITE_INVITED = "site-invited"
    SITE_TOOK_OVER = "site-took-over"
    SITE_ADOPTED = "site-adopted"
    RETENTION_POLICY_SET = "retention-policy-set"
    RETENTION_CLOCK_CONFIRMED = "retention-clock-confirmed"
    VISIT_RECORDED = "visit-recorded"
    VISIT_WITHDRAWN = "visit-withdrawn"
    DESTRUCTION_PROPOSED = "destruction-proposed"
    DESTRUCTION_APPROVED = "destruction-approved"
    DESTRUCTION_WITHDRAWN = "destruction-withdrawn"
    STUDY_DESTROYED = "study-destroyed"
    MEASUREMENTS_REPORTED = "measurements-reported"
    PRESENTATION_STATE_FILED = "presentation-state-filed"
    KEY_IMAGES_FILED = "key-images-filed"
    HANGING_PROTOCOL_CHANGED = "hanging-protocol-changed"  # added, changed or removed
    DISPLAY_CHECKED = "display-checked"
    DISPLAY_CHECK_RULE_SET = "display-check-rule-set"
    VIEW_HANDED_OVER = "view-handed-over"


class Outcome(IntEnum):
    """How it ended: EventOutcomeIndicator (PS3.15 A.5.2)."""

    SUCCESS = 0
    MINOR_FAILURE = 4  # refused, a wrong password
    SERIOUS_FAILURE = 8  # begun and not finished
    MAJOR_FAILURE = 12  # not available any more


_FAILURES = frozenset(
    {
        Action.SIGN_IN_FAILED,
        Action.SECOND_FACTOR_FAILED,
        Action.CLIENT_SIGN_IN_FAILED,
        Action.FEDERATED_SIGN_IN_FAILED,
        Action.ASSOCIATION_REJECTED,
        Action.GLASS_NOT_BROKEN,
        Action.ACCESS_REFUSED,
    }
)

ADDRESS: ContextVar[str | None] = ContextVar("isocenter.audit.address", default=None)
"""The network address that the present request comes from; doors set it once, rows carry it."""

_INSERT = """
insert into audit_event (institution_id, caller_kind, caller_id, roles, action, outcome, address, study_instance_uid,
    sitting, detail)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict do nothing
"""


def record(
    connection: Connection,
    caller: Caller,
    action: Action,
    study_instance_uid: str | None = None,
    *,
    outcome: Outcome | None = None,
    **detail: object,
) -> None:
    """Append one row in the transaction of what it tells about. detail holds ids and counts, never names.

    outcome: None is what the action says of itself: a failure where its word is one, else success.

    What is refused or fails is recorded in a transaction of its own, because the refused one is rolled back.
    """
    if caller.guest is not None:
        detail |= {"home_institution_id": caller.guest.home_institution_id, "rule_id": caller.guest.rule_id}
    connection.execute(
        _INSERT,
        (
            caller.institution_id,
            str(caller.kind),
            _storable(caller.id),
            [str(role) for role in caller.roles],
            str(action),
            int(_outcome_of(action) if outcome is None else outcome),
            ADDRESS.get(),
            study_instance_uid,
            caller.sitting or None,
            Jsonb(_storable(detail)),
        ),
    )


def _outcome_of(action: Action) -> Outcome:
    return Outcome.MINOR_FAILURE if action in _FAILURES else Outcome.SUCCESS


def _storable(value: Any) -> Any:
    """The value without what PostgreSQL cannot hold (NUL, lone surrogates): no sender keeps itself unrecorded."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_storable(str(name)): _storable(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_storable(each) for each in value]
    return value


class StudyLooks:
    """Remembers which looks are already recorded, so that a thousand frames cost one row. Thread-safe, bounded."""

    def __init__(self, remembered: int = 20_000) -> None:
        self._remembered = remembered
        self._seen: OrderedDict[tuple[int, str, str, str, str, str], None] = OrderedDict()
        self._lock = Lock()

    def record(
        self, database: Database, caller: Caller, study_instance_uid: str, action: Action = Action.STUDY_OPENED
    ) -> None:
        """Record that the caller looked at the study, unless this sitting's look is recorded already."""
        key = (caller.institution_id, str(caller.kind), caller.id, caller.sitting, study_instance_uid, str(action))
        with self._lock:
            if key in self._seen:
                self._seen.move_to_end(key)
                return
        with database.transaction(caller.institution_id) as connection:
            record(connection, caller, action, study_instance_uid)
        with self._lock:
            self._seen[key] = None
            while len(self._seen) > self._remembered:
                self._seen.popitem(last=False)


_LOOKS: WeakKeyDictionary[Database, StudyLooks] = WeakKeyDictionary()
_LOOKS_LOCK = Lock()


def study_opened(database: Database, caller: Caller, study_instance_uid: str) -> None:
    """Record that the caller looked at the study, once per sitting. Our own jobs look at nothing."""
    if caller.sitting:
        _looks_of(database).record(database, caller, study_instance_uid)


def study_fetched_ahead(database: Database, caller: Caller, study_instance_uid: str) -> None:
    """Record that images of a study which the caller has not opened were sent to her; by each process once per sitting.

    It says nothing of a look: `study_opened` is recorded beside it when she opens the study.
    """
    _looks_of(database).record(database, caller, study_instance_uid, Action.STUDY_FETCHED_AHEAD)


def _looks_of(database: Database) -> StudyLooks:
    with _LOOKS_LOCK:
        return _LOOKS.setdefault(database, StudyLooks())
