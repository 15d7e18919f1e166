"""Quality tasks: what does not fit together and waits for a person, with the choices that there are for each kind."""

from __future__ import annotations

from typing import Any, Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.domain.identity.acts import Records
from isocenter.domain.identity.corrections import CORRECTABLE, correct_attributes, move_study_to_patient
from isocenter.domain.identity.errors import AlreadyResolved, InvalidCorrection, UnknownTask, UnknownVersion
from isocenter.domain.identity.versions import OTHER_CONTENT, choose_version
from isocenter.index import quality as index
from isocenter.index.asides import asides_of
from isocenter.index.first_sight import PATIENT_DATA_DIFFER, PATIENT_ID_MISSING, task_fingerprint
from isocenter.index.quality import TaskRow

MAX_TASKS = 500
MAX_NOTE = 1000
DISMISS: Final = "dismiss"

CHOICES: Final[dict[str, tuple[str, ...]]] = {
    PATIENT_DATA_DIFFER: ("keep-first", "take-found"),
    PATIENT_ID_MISSING: ("assign-patient", DISMISS),
    OTHER_CONTENT: ("keep-current", "make-other-current"),
    "other-study-or-series": ("keep-current",),
    "code-stream": (DISMISS,),
}
"""Kind → what a person can choose. Kinds that are not here can be dismissed."""
_KEYWORDS: Final = {
    "patient_id": "PatientID",
    "issuer_of_patient_id": "IssuerOfPatientID",
    "patient_name": "PatientName",
    "patient_birth_date": "PatientBirthDate",
    "patient_sex": "PatientSex",
}


def choices_of(kind: str) -> tuple[str, ...]:
    """What can be chosen about a task of a kind."""
    return CHOICES.get(kind, (DISMISS,))


def list_tasks(
    caller: Caller,
    records: Records,
    *,
    is_open: bool = True,
    kind: str | None = None,
    study_instance_uid: str | None = None,
    limit: int = 100,
) -> tuple[list[TaskRow], int]:
    """(tasks of the caller's institution, how many there are in all). Raises Refused."""
    caller.require(Right.READ)
    with transaction_of(records.database, caller) as connection:
        return index.list_tasks(
            connection,
            is_open=is_open,
            kind=kind,
            study_instance_uid=study_instance_uid,
            limit=max(1, min(limit, MAX_TASKS)),
        )


def resolve(
    caller: Caller,
    records: Records,
    task_id: int,
    choice: str,
    note: str | None = None,
    *,
    patient_key: int | None = None,
) -> None:
    """Do what was chosen and close the task.

    note: why, shown with the task and given as the reason of what is corrected. patient_key: for assign-patient.
    Raises Refused, UnknownTask, AlreadyResolved, InvalidCorrection (no such choice), and what the correction raises.
    """
    caller.require(Right.CORRECT)
    task = _open_task(caller, records, task_id)
    if choice not in choices_of(task.kind):
        raise InvalidCorrection("This cannot be chosen for a task of this kind.", attribute="choice", kind=task.kind)
    if note is not None and len(note) > MAX_NOTE:
        raise InvalidCorrection("The note is too long.", attribute="note")
    _do(caller, records, task, choice, (note or "").strip()[:500] or f"Quality task {task_id}", patient_key)
    with transaction_of(records.database, caller) as connection:
        if not index.resolve_task(connection, task_id, choice, note, caller.id):
            raise AlreadyResolved("Somebody resolved this task before.", task_id=task_id)
        audit.record(
            connection,
            caller,
            audit.Action.TASK_RESOLVED,
            task.study_instance_uid,
            task_id=task_id,
            task_kind=task.kind,
            choice=choice,
        )


def _open_task(caller: Caller, records: Records, task_id: int) -> TaskRow:
    with transaction_of(records.database, caller) as connection:
        task = index.task_of(connection, task_id)
    if task is None:
        raise UnknownTask("There is no such quality task.", task_id=task_id)
    if task.resolved_at is not None:
        raise AlreadyResolved("Somebody resolved this task before.", task_id=task_id)
    return task


def _do(caller: Caller, records: Records, task: TaskRow, choice: str, reason: str, patient_key: int | None) -> None:
    uid = task.study_instance_uid or ""
    if choice == "take-found":
        correct_attributes(caller, records, uid, _found(task.detail), reason)
    elif choice == "make-other-current":
        choose_version(caller, records, uid, _aside_of(caller, records, task), reason)
    elif choice == "assign-patient":
        if patient_key is None:
            raise InvalidCorrection("Name the patient: patient_key.", attribute="patient_key")
        move_study_to_patient(caller, records, uid, patient_key, reason)


def _aside_of(caller: Caller, records: Records, task: TaskRow) -> int:
    """The version that the task is about."""
    with transaction_of(records.database, caller) as connection:
        for one in asides_of(connection, task.study_instance_uid or ""):
            if task_fingerprint(f"{one.sop_instance_uid} {one.digest.hex()}") == task.fingerprint:
                return one.aside_id
    raise UnknownVersion("The version kept aside is not there any more.", task_id=task.task_id)


def _found(detail: dict[str, Any]) -> dict[str, str]:
    """What the later instance said, where it can stand as a value."""
    differing = detail.get("attributes") or {}
    wanted = {_KEYWORDS[name]: str(pair.get("found") or "") for name, pair in differing.items() if name in _KEYWORDS}
    return {keyword: text for keyword, text in wanted.items() if text and CORRECTABLE[keyword].is_valid(text)}
