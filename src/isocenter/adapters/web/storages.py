"""Storages, their copies and what is wrong with them, and the policies that place copies. For region administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.row_numbers import row_number
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.placement import policies as policy_verbs
from isocenter.domain.placement import storages as verbs
from isocenter.domain.placement.errors import UnknownPolicy, UnknownStorage
from isocenter.domain.placement.storages import Opening
from isocenter.index import storages as index
from isocenter.kit.database import Database

router = APIRouter(tags=["Storages"])

Shown = TypeVar("Shown", bound=BaseModel)
Role = Literal["hot", "warm", "cold", "second-site"]


class StorageChange(StrictModel):
    """The fields to change. retain_days: nothing is deleted from it before it has lain there so long; never shortened.

    max_bytes: no copy is written beyond it, null: no such limit. takes_records: facts, corrections, audit files and
    keys are copied there too, which what is retained cannot be. credentials: the name of a file of the node's secrets.
    """

    name: str = Field("", max_length=64)
    role: Role = "warm"
    credentials: str = Field("", max_length=64)
    retain_days: int = 0
    max_bytes: int | None = None
    takes_records: bool = False


class NewStorage(StorageChange):
    """url: file:///folder, which is there and empty, or s3://bucket/prefix?endpoint=…"""

    name: str = Field(max_length=64)
    url: str = Field(max_length=2000)
    role: Role


class Storage(BaseModel):
    """One storage, as in StorageChange. url: null is the store of the settings, where objects are born.

    state: active, retiring (its copies are on their way elsewhere), retired. Counts are as of counted_at.
    """

    storage_id: int
    name: str
    url: str | None
    credentials: str
    role: str
    state: str
    retain_days: int
    max_bytes: int | None
    takes_records: bool
    created_at: datetime
    verify_asked_at: datetime | None
    object_count: int
    byte_count: int
    unverified_count: int
    damaged_count: int
    oldest_verified_at: datetime | None
    counted_at: datetime | None


class Alarm(BaseModel):
    """Something to look at. kind: storage-away, storage-full, copy-lost, deletions-late, mass-deletion."""

    kind: str
    subject: str
    since: datetime
    seen_at: datetime
    detail: dict[str, Any]
    ended_at: datetime | None


class Finding(BaseModel):
    """A copy that was missing or damaged; outcome: repaired, not-repaired, repair-failed, no-sound-copy."""

    finding_id: int
    storage_id: int
    object_key: str
    found_at: datetime
    problem: str
    outcome: str


class StorageOverview(BaseModel):
    """alarms: those that last first. findings: the last fifty."""

    storages: list[Storage]
    alarms: list[Alarm]
    findings: list[Finding]


class TriedStep(BaseModel):
    """One thing that was tried; reason and message are null when it worked."""

    name: str
    ms: int
    reason: str | None
    message: str | None


class StorageTest(BaseModel):
    """What was tried on a storage, up to the first step that failed."""

    ok: bool
    steps: list[TriedStep]


class PolicyChange(StrictModel):
    """The fields to change; null asks nothing. older_than_days: since the study's last instance arrived.

    unused_for_days: since it was last looked at, or arrived. storage_ids: where copies of the packs that fit belong.
    """

    name: str = Field("", max_length=100)
    rank: int | None = None
    of_institution_id: int | None = None
    modality: str | None = Field(None, max_length=16)
    min_bytes: int | None = None
    older_than_days: int | None = None
    unused_for_days: int | None = None
    storage_ids: list[int] = Field(default_factory=list, max_length=64)
    active: bool = True


class NewPolicy(PolicyChange):
    """A policy needs a name and storages; without a rank it decides last."""

    name: str = Field(max_length=100)
    storage_ids: list[int] = Field(max_length=64)


class Policy(BaseModel):
    """One placement policy, as in PolicyChange."""

    policy_id: int
    rank: int
    name: str
    of_institution_id: int | None
    modality: str | None
    min_bytes: int | None
    older_than_days: int | None
    unused_for_days: int | None
    storage_ids: list[int]
    active: bool
    changed_at: datetime


class PolicyList(BaseModel):
    """All policies in the order in which they decide: the first that fits a pack says where its copies belong."""

    policies: list[Policy]


@router.get("/api/storages", summary="Storages, alarms and findings")
def list_storages(request: Request, who: Annotated[Caller, Depends(caller)]) -> StorageOverview:
    """For who manages storages or sees operations."""
    found = verbs.overview(who, _database(request))
    return StorageOverview(
        storages=[_shown(each) for each in found.storages],
        alarms=[_as(Alarm, each) for each in found.alarms],
        findings=[_as(Finding, each) for each in found.findings],
    )


@router.post("/api/storages", summary="Add a storage", status_code=201)
def add_storage(request: Request, body: NewStorage, who: Annotated[Caller, Depends(caller)]) -> Storage:
    """It is opened and marked first. 400 invalid-storage, 409 storage-exists, storage-in-use, 503 store-away."""
    values = body.model_dump(exclude_unset=True)
    return _shown(verbs.add_storage(who, _database(request), _opening(request).open_storage, values))


@router.patch("/api/storages/{storage_id}", summary="Change a storage")
def change_storage(
    request: Request, storage_id: int, body: StorageChange, who: Annotated[Caller, Depends(caller)]
) -> Storage:
    """Not where it is. 400 invalid-storage, 404 unknown-storage, 409 storage-in-use."""
    values = body.model_dump(exclude_unset=True)
    return _shown(verbs.change_storage(who, _database(request), _storage(storage_id), values))


@router.post("/api/storages/{storage_id}/test", summary="Write, read, list and delete on a storage")
def test_storage(request: Request, storage_id: int, who: Annotated[Caller, Depends(caller)]) -> StorageTest:
    """A storage that fails is ok: false, not an error."""
    steps = verbs.try_storage(who, _database(request), _opening(request), _storage(storage_id))
    shown = [_as(TriedStep, each) for each in steps]
    return StorageTest(ok=all(step.reason is None for step in shown), steps=shown)


@router.post("/api/storages/{storage_id}/verify", summary="Read every copy in a storage again")
def verify_storage(request: Request, storage_id: int, who: Annotated[Caller, Depends(caller)]) -> Storage:
    """At the pace of scrubbing, beginning now; what is not sound is mended from another copy."""
    return _shown(verbs.ask_verification(who, _database(request), _storage(storage_id)))


@router.post("/api/storages/{storage_id}/retire", summary="Empty a storage, and use it no more")
def retire_storage(request: Request, storage_id: int, who: Annotated[Caller, Depends(caller)]) -> Storage:
    """Its copies go elsewhere first. 409 storage-in-use: objects are born there, or policies name it."""
    return _shown(verbs.retire_storage(who, _database(request), _storage(storage_id)))


@router.get("/api/placement-policies", summary="Where copies belong")
def list_policies(request: Request, who: Annotated[Caller, Depends(caller)]) -> PolicyList:
    """For who manages storages or sees operations."""
    found = policy_verbs.list_policies(who, _database(request))
    return PolicyList(policies=[_as(Policy, each) for each in found])


@router.post("/api/placement-policies", summary="Add a placement policy", status_code=201)
def add_policy(request: Request, body: NewPolicy, who: Annotated[Caller, Depends(caller)]) -> Policy:
    """400 invalid-placement-policy, 409 placement-policy-exists."""
    return _as(Policy, policy_verbs.add_policy(who, _database(request), body.model_dump(exclude_unset=True)))


@router.patch("/api/placement-policies/{policy_id}", summary="Change a placement policy")
def change_policy(
    request: Request, policy_id: int, body: PolicyChange, who: Annotated[Caller, Depends(caller)]
) -> Policy:
    """404 unknown-placement-policy, 409 placement-policy-exists."""
    values = body.model_dump(exclude_unset=True)
    return _as(Policy, policy_verbs.change_policy(who, _database(request), _policy(policy_id), values))


@router.delete("/api/placement-policies/{policy_id}", summary="Remove a placement policy", status_code=204)
def remove_policy(request: Request, policy_id: int, who: Annotated[Caller, Depends(caller)]) -> Response:
    """What it placed goes where the others say."""
    policy_verbs.remove_policy(who, _database(request), _policy(policy_id))
    return Response(status_code=204)


def _as(shown: type[Shown], row: object) -> Shown:
    return shown(**{name: getattr(row, name) for name in shown.model_fields})


def _shown(storage: index.Storage) -> Storage:
    return _as(Storage, storage)


def _database(request: Request) -> Database:
    return parts_of(request).database


def _opening(request: Request) -> Opening:
    opening = parts_of(request).opening
    assert opening is not None, "this process was made without a way to open storages"
    return opening


def _storage(storage_id: int) -> int:
    return row_number(storage_id, UnknownStorage("There is no such storage."))


def _policy(policy_id: int) -> int:
    return row_number(policy_id, UnknownPolicy("There is no such placement policy."))
