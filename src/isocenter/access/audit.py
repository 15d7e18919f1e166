"""Who did what, when: append-only rows in the caller's institution (the audit trail in its first form; ATNA follows).

Looking at a study is recorded once per caller, study and sitting, not once per frame.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import StrEnum
from threading import Lock
from weakref import WeakKeyDictionary

from psycopg.types.json import Jsonb

from isocenter.access.caller import Caller
from isocenter.kit.database import Connection, Database


class Action(StrEnum):
    """What is recorded."""

    SIGNED_IN = "signed-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGNED_OUT = "signed-out"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - a word for the trail, not a secret
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
    STUDY_OPENED = "study-opened"
    STUDY_ERASED = "study-erased"
    STUDY_DOWNLOADED = "study-downloaded"
    STUDY_DELETED = "study-deleted"
    STUDY_RESTORED = "study-restored"
    IMPORTED = "imported"
    CORRECTED = "corrected"
    CORRECTION_UNDONE = "correction-undone"
    TASK_RESOLVED = "task-resolved"
    RECEIVED_FORM_GIVEN = "received-form-given"
    SENDER_CHANGED = "sender-changed"
    DESTINATION_ADDED = "destination-added"
    DESTINATION_CHANGED = "destination-changed"
    DESTINATION_REMOVED = "destination-removed"
    STUDY_SENT = "study-sent"
    REJECTION_RESTORED = "rejection-restored"


_INSERT = """
insert into audit_event (institution_id, caller_kind, caller_id, action, study_instance_uid, sitting, detail)
values (%s, %s, %s, %s, %s, %s, %s)
on conflict do nothing
"""


def record(
    connection: Connection, caller: Caller, action: Action, study_instance_uid: str | None = None, **detail: object
) -> None:
    """Append one row in the transaction of what it tells about. detail holds ids and counts, never names."""
    connection.execute(
        _INSERT,
        (
            caller.institution_id,
            str(caller.kind),
            caller.id,
            str(action),
            study_instance_uid,
            caller.sitting or None,
            Jsonb(detail),
        ),
    )


class StudyLooks:
    """Remembers which looks are already recorded, so that a thousand frames cost one row. Thread-safe, bounded."""

    def __init__(self, remembered: int = 20_000) -> None:
        self._remembered = remembered
        self._seen: OrderedDict[tuple[int, str, str, str, str], None] = OrderedDict()
        self._lock = Lock()

    def record(self, database: Database, caller: Caller, study_instance_uid: str) -> None:
        """Record that the caller looked at the study, unless this sitting's look is recorded already."""
        key = (caller.institution_id, str(caller.kind), caller.id, caller.sitting, study_instance_uid)
        with self._lock:
            if key in self._seen:
                self._seen.move_to_end(key)
                return
        with database.transaction(caller.institution_id) as connection:
            record(connection, caller, Action.STUDY_OPENED, study_instance_uid)
        with self._lock:
            self._seen[key] = None
            while len(self._seen) > self._remembered:
                self._seen.popitem(last=False)


_LOOKS: WeakKeyDictionary[Database, StudyLooks] = WeakKeyDictionary()
_LOOKS_LOCK = Lock()


def study_opened(database: Database, caller: Caller, study_instance_uid: str) -> None:
    """Record that the caller looked at the study, once per sitting. Our own jobs look at nothing."""
    if not caller.sitting:
        return
    with _LOOKS_LOCK:
        looks = _LOOKS.setdefault(database, StudyLooks())
    looks.record(database, caller, study_instance_uid)
