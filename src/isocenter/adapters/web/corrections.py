"""Correcting: patients and their merges, studies, quality tasks. Searches come in a body: URLs must not hold names."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.identity import corrections as archive
from isocenter.domain.identity import patients as room
from isocenter.domain.identity import quality
from isocenter.domain.identity.acts import Records
from isocenter.domain.identity.errors import InvalidCorrection
from isocenter.index.correction_acts import ActRow
from isocenter.index.patients import PatientRow
from isocenter.index.quality import TaskRow
from isocenter.standards.dicom.uids import check_uid

router = APIRouter(tags=["Corrections"])

MaxReason = Annotated[str, Field(min_length=1, max_length=500)]


class Identifier(BaseModel):
    """One identifier of a patient."""

    patient_id: str
    issuer_of_patient_id: str | None


class Patient(BaseModel):
    """One patient. merged_into: the patient_key of whom she became; null while she stands for herself."""

    patient_key: int
    patient_id: str
    issuer_of_patient_id: str | None
    patient_name: str | None
    patient_birth_date: str | None
    patient_sex: str | None
    identifiers: list[Identifier]
    study_count: int
    merged_into: int | None


class Patients(BaseModel):
    """Patients by Patient ID."""

    patients: list[Patient]


class PatientSearch(StrictModel):
    """text: the beginning of an identifier, or words of a name."""

    text: str = Field("", max_length=200)
    limit: int = Field(50, ge=1, le=200)


class MergeRequest(StrictModel):
    """into_patient_key: who stays."""

    into_patient_key: int
    reason: MaxReason


class IdentifierRequest(StrictModel):
    """An identifier to give to a patient or to take."""

    patient_id: str = Field(max_length=64)
    issuer_of_patient_id: str = Field("", max_length=64)
    reason: MaxReason


class MergeMade(BaseModel):
    """What to undo it by."""

    merge_id: int


class Merge(BaseModel):
    """One merge. patient became into; as both are now."""

    merge_id: int
    patient: Patient | None
    into: Patient | None
    reason: str
    merged_at: datetime
    merged_by: str
    undone_at: datetime | None


class Merges(BaseModel):
    """Merges, newest first, undone ones too."""

    merges: list[Merge]


class CorrectionRequest(StrictModel):
    """Either patient_key (the study belongs to that patient) or attributes (keyword → text, "" makes it empty).

    series_instance_uid: with attributes of a series.
    """

    patient_key: int | None = None
    attributes: dict[str, Annotated[str, Field(max_length=400)]] | None = Field(None, max_length=20)
    series_instance_uid: str | None = Field(None, max_length=64)
    reason: MaxReason


class Correction(BaseModel):
    """One act. kind: merge, move, attributes, version-chosen, reception. before, after: attributes by keyword."""

    correction_id: int
    kind: str
    series_instance_uid: str | None
    reason: str
    created_at: datetime
    created_by: str
    before: dict[str, str | None]
    after: dict[str, str | None]
    undone_at: datetime | None


class CorrectionMade(BaseModel):
    """What to undo it by."""

    correction_id: int


class Corrections(BaseModel):
    """What was corrected in a study, newest first; correctable: the keywords that may be corrected."""

    corrections: list[Correction]
    correctable: list[str]
    correctable_of_series: list[str]


class QualityTask(BaseModel):
    """One matter. choices: what `resolve` takes for it; empty once it is resolved."""

    task_id: int
    kind: str
    study_instance_uid: str | None
    created_at: datetime
    detail: dict[str, Any]
    resolved_at: datetime | None
    resolution: str | None
    note: str | None
    choices: list[str]


class QualityTasks(BaseModel):
    """Open ones oldest first, resolved ones newest first; count: of all that match, not only of these."""

    tasks: list[QualityTask]
    count: int


class Resolution(StrictModel):
    """patient_key: with the choice assign-patient."""

    choice: str = Field(max_length=64)
    note: str | None = Field(None, max_length=1000)
    patient_key: int | None = None


Who = Annotated[Caller, Depends(caller)]


@router.post("/api/patients/search", summary="Find patients")
def search_patients(request: Request, body: PatientSearch, who: Who) -> Patients:
    """By the beginning of an identifier or by words of a name."""
    found = room.search_patients(who, _records(request), body.text, body.limit)
    return Patients(patients=[_patient(one) for one in found])


@router.post("/api/patients/{patient_key}/merge", summary="Merge a patient into another")
def merge(request: Request, patient_key: int, body: MergeRequest, who: Who) -> MergeMade:
    """All studies of the patient become the other's. 404 unknown-patient, 409 patient-is-merged."""
    made = room.merge_patients(who, _records(request), patient_key, body.into_patient_key, body.reason)
    return MergeMade(merge_id=made)


@router.get("/api/merges", summary="Merges of patients")
def merges(request: Request, who: Who) -> Merges:
    """Newest first."""
    return Merges(merges=[_merge(*one) for one in room.merges(who, _records(request))])


@router.post("/api/merges/{merge_id}/undo", status_code=204, summary="Undo a merge")
def undo_merge(request: Request, merge_id: int, who: Who) -> None:
    """Everything is as before the merge. 404 unknown-correction, 409 already-undone, corrected-since."""
    room.unmerge_patients(who, _records(request), merge_id)


@router.post("/api/patients/{patient_key}/identifiers", summary="Give a patient a further identifier")
def add_identifier(request: Request, patient_key: int, body: IdentifierRequest, who: Who) -> CorrectionMade:
    """409 identifier-in-use: another patient has it; merge the two."""
    made = room.add_identifier(
        who, _records(request), patient_key, body.patient_id, body.issuer_of_patient_id, body.reason
    )
    return CorrectionMade(correction_id=made)


@router.post("/api/patients/{patient_key}/identifiers/remove", summary="Take an identifier from a patient")
def remove_identifier(request: Request, patient_key: int, body: IdentifierRequest, who: Who) -> CorrectionMade:
    """409 identifier-in-use: studies are under it."""
    made = room.remove_identifier(
        who, _records(request), patient_key, body.patient_id, body.issuer_of_patient_id, body.reason
    )
    return CorrectionMade(correction_id=made)


@router.post("/api/studies/{study_instance_uid}/corrections", summary="Correct a study")
def correct(request: Request, study_instance_uid: str, body: CorrectionRequest, who: Who) -> CorrectionMade:
    """404 unknown-study, unknown-patient; 400 invalid-correction says which attribute."""
    uid = check_uid(study_instance_uid, "StudyInstanceUID")
    if (body.patient_key is None) == (body.attributes is None):
        raise InvalidCorrection("Give either patient_key or attributes.", attribute="patient_key")
    if body.patient_key is not None:
        made = archive.move_study_to_patient(who, _records(request), uid, body.patient_key, body.reason)
    else:
        made = archive.correct_attributes(
            who,
            _records(request),
            uid,
            body.attributes or {},
            body.reason,
            series_instance_uid=body.series_instance_uid,
        )
    return CorrectionMade(correction_id=made)


@router.get("/api/studies/{study_instance_uid}/corrections", summary="What was corrected in a study")
def corrections(request: Request, study_instance_uid: str, who: Who) -> Corrections:
    """Newest first, undone ones too."""
    found = archive.corrections_of(who, _records(request), check_uid(study_instance_uid, "StudyInstanceUID"))
    of_series = {keyword for keyword, one in archive.CORRECTABLE.items() if one.of_series}
    return Corrections(
        corrections=[_correction(one) for one in found],
        correctable=[keyword for keyword in archive.CORRECTABLE if keyword not in of_series],
        correctable_of_series=[keyword for keyword in archive.CORRECTABLE if keyword in of_series],
    )


@router.post("/api/corrections/{correction_id}/undo", status_code=204, summary="Undo a correction")
def undo(request: Request, correction_id: int, who: Who) -> None:
    """404 unknown-correction, 409 already-undone, corrected-since."""
    archive.undo(who, _records(request), correction_id)


@router.get("/api/quality-tasks", summary="What does not fit together")
def quality_tasks(
    request: Request,
    who: Who,
    state: Literal["open", "resolved"] = "open",
    kind: Annotated[str | None, Query(max_length=64)] = None,
    study_instance_uid: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> QualityTasks:
    """Tasks of the caller's institution."""
    tasks, count = quality.list_tasks(
        who,
        _records(request),
        is_open=state == "open",
        kind=kind or None,
        study_instance_uid=study_instance_uid or None,
        limit=limit,
    )
    return QualityTasks(tasks=[_task(one) for one in tasks], count=count)


@router.post("/api/quality-tasks/{task_id}/resolve", status_code=204, summary="Resolve a quality task")
def resolve(request: Request, task_id: int, body: Resolution, who: Who) -> None:
    """Does what was chosen. 404 unknown-task, 409 already-resolved, 400 invalid-correction."""
    quality.resolve(who, _records(request), task_id, body.choice, body.note, patient_key=body.patient_key)


def _records(request: Request) -> Records:
    records = parts_of(request).records
    assert records is not None
    return records


def _patient(row: PatientRow) -> Patient:
    return Patient(
        patient_key=row.patient_key,
        patient_id=row.patient_id,
        issuer_of_patient_id=row.issuer_of_patient_id or None,
        patient_name=row.patient_name,
        patient_birth_date=row.patient_birth_date,
        patient_sex=row.patient_sex,
        identifiers=[
            Identifier(patient_id=one, issuer_of_patient_id=issuer or None) for one, issuer in row.identifiers
        ],
        study_count=row.study_count,
        merged_into=row.merged_into,
    )


def _merge(act: ActRow, patient: PatientRow | None, into: PatientRow | None) -> Merge:
    return Merge(
        merge_id=act.correction_id,
        patient=None if patient is None else _patient(patient),
        into=None if into is None else _patient(into),
        reason=act.reason,
        merged_at=act.created_at,
        merged_by=act.caller_id,
        undone_at=act.undone_at,
    )


def _correction(act: ActRow) -> Correction:
    return Correction(
        correction_id=act.correction_id,
        kind=act.kind,
        series_instance_uid=act.series_instance_uid,
        reason=act.reason,
        created_at=act.created_at,
        created_by=act.caller_id,
        before=act.before,
        after=act.after,
        undone_at=act.undone_at,
    )


def _task(row: TaskRow) -> QualityTask:
    return QualityTask(
        task_id=row.task_id,
        kind=row.kind,
        study_instance_uid=row.study_instance_uid,
        created_at=row.created_at,
        detail=row.detail,
        resolved_at=row.resolved_at,
        resolution=row.resolution,
        note=row.note,
        choices=[] if row.resolved_at is not None else list(quality.choices_of(row.kind)),
    )
