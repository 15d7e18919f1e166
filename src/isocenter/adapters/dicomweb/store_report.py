"""The answer to a STOW-RS request (PS3.18 10.5.3, I.2): what became of each object, and the status code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isocenter.adapters.dicomweb.errors import COERCED_OR_KEPT_ASIDE, failure_reason
from isocenter.adapters.dicomweb.store_results import Refusal
from isocenter.domain.archive.errors import ObjectTooLarge
from isocenter.domain.archive.outcome import StoreKind, StoreOutcome
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.storage.errors import StorageFull

RETRIEVE_URL = "00081190"
REFERENCED_SOP_CLASS_UID = "00081150"
REFERENCED_SOP_INSTANCE_UID = "00081155"
WARNING_REASON = "00081196"
FAILURE_REASON = "00081197"
ERROR_COMMENT = "00000902"
"""Not in the table of PS3.18: why, in words, as PS3.7 C.4.2 has it for messages."""
FAILED_SOP_SEQUENCE = "00081198"
REFERENCED_SOP_SEQUENCE = "00081199"
OTHER_FAILURES_SEQUENCE = "0008119A"
_LONGEST_COMMENT = 64


def store_status(outcomes: Sequence[StoreOutcome], refusals: Sequence[Refusal]) -> int:
    """200 all stored, 202 some or with warnings, 409 none; 413, 503 and 507 when that alone is why none was."""
    if not refusals:
        return 202 if any(outcome.kind is StoreKind.KEPT_ASIDE for outcome in outcomes) else 200
    if outcomes:
        return 202
    if all(isinstance(refusal.error, StorageFull) for refusal in refusals):
        return 507
    if all(isinstance(refusal.error, Exhausted) for refusal in refusals):
        return 503
    return 413 if all(isinstance(refusal.error, ObjectTooLarge) for refusal in refusals) else 409


def store_report(outcomes: Sequence[StoreOutcome], refusals: Sequence[Refusal], base_url: str) -> dict[str, Any]:
    """The response data set. base_url: absolute address of the DICOMweb service, without a slash at its end."""
    report: dict[str, Any] = {}
    studies = {outcome.study_instance_uid for outcome in outcomes if outcome.kind is not StoreKind.KEPT_ASIDE}
    if len(studies) == 1:
        report[RETRIEVE_URL] = _uri(f"{base_url}/studies/{studies.pop()}")
    if outcomes:
        report[REFERENCED_SOP_SEQUENCE] = _sequence([_referenced(outcome, base_url) for outcome in outcomes])
    named = [refusal for refusal in refusals if refusal.sop_instance_uid]
    if named:
        report[FAILED_SOP_SEQUENCE] = _sequence([_failed(refusal) for refusal in named])
    if len(named) < len(refusals):
        nameless = [refusal for refusal in refusals if not refusal.sop_instance_uid]
        report[OTHER_FAILURES_SEQUENCE] = _sequence([_reason(refusal.error) for refusal in nameless])
    return report


def _referenced(outcome: StoreOutcome, base_url: str) -> dict[str, Any]:
    url = (
        f"{base_url}/studies/{outcome.study_instance_uid}/series/{outcome.series_instance_uid}"
        f"/instances/{outcome.sop_instance_uid}"
    )
    item = _reference(outcome.sop_class_uid, outcome.sop_instance_uid)
    if outcome.kind is StoreKind.KEPT_ASIDE:
        # Kept, and not what a client would retrieve there: no address.
        return item | {WARNING_REASON: _short(COERCED_OR_KEPT_ASIDE)}
    return item | {RETRIEVE_URL: _uri(url)}


def _failed(refusal: Refusal) -> dict[str, Any]:
    item = _reference(refusal.sop_class_uid, refusal.sop_instance_uid)
    return item | _reason(refusal.error)


def _reason(error: Exception) -> dict[str, Any]:
    reason = {FAILURE_REASON: _short(failure_reason(error))}
    if isinstance(error, IsocenterError):
        tag = error.fields.get("tag")
        comment = f"{tag}: {error.message}" if tag else error.message
        reason[ERROR_COMMENT] = {"vr": "LO", "Value": [comment[:_LONGEST_COMMENT].replace("\\", "/")]}
    return reason


def _reference(sop_class_uid: str, sop_instance_uid: str) -> dict[str, Any]:
    item: dict[str, Any] = {REFERENCED_SOP_INSTANCE_UID: {"vr": "UI", "Value": [sop_instance_uid]}}
    if sop_class_uid:
        item[REFERENCED_SOP_CLASS_UID] = {"vr": "UI", "Value": [sop_class_uid]}
    return item


def _sequence(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"vr": "SQ", "Value": items}


def _uri(url: str) -> dict[str, Any]:
    return {"vr": "UR", "Value": [url]}


def _short(value: int) -> dict[str, Any]:
    return {"vr": "US", "Value": [value]}
