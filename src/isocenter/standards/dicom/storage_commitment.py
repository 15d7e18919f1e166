"""Storage Commitment Push Model (PS3.4 Annex J): what its actions ask and its events report. Not their exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.identifiers import Attribute, encode_identifier
from isocenter.standards.dicom.json_model import data_set_to_json
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax
from isocenter.standards.dicom.uids import check_uid

STORAGE_COMMITMENT_PUSH_MODEL: Final = "1.2.840.10008.1.20.1"
STORAGE_COMMITMENT_INSTANCE: Final = "1.2.840.10008.1.20.1.1"
"""The well-known instance of the SOP class (PS3.4 J.3.5)."""
REQUEST_STORAGE_COMMITMENT: Final = 1
"""Action Type ID (PS3.4 table J.3-1)."""
ALL_COMMITTED, FAILURES_EXIST = 1, 2
"""Event Type IDs (PS3.4 table J.3-2)."""
MAX_REFERENCES: Final = 60_000

_TRANSACTION_UID, _REFERENCED_SOP, _FAILED_SOP = 0x00081195, 0x00081199, 0x00081198
_CLASS, _INSTANCE, _FAILURE_REASON = 0x00081150, 0x00081155, 0x00081197


class FailureReason(IntEnum):
    """Why an instance is not committed (PS3.3 C.14.1.1)."""

    PROCESSING_FAILURE = 0x0110
    NO_SUCH_OBJECT_INSTANCE = 0x0112
    CLASS_INSTANCE_CONFLICT = 0x0119


class InvalidCommitmentRequest(Invalid):
    """The data set of an N-ACTION does not hold what table J.3-1 asks for."""

    reason = "invalid-commitment-request"


@dataclass(frozen=True, slots=True)
class CommitmentRequest:
    """references: (SOP Class UID, SOP Instance UID) in the order asked, each instance once."""

    transaction_uid: str
    references: tuple[tuple[str, str], ...]


def read_commitment_request(data: bytes, transfer_syntax_uid: str) -> CommitmentRequest:
    """The Action Information of an N-ACTION. Raises InvalidCommitmentRequest, InvalidUid, MalformedDataSet."""
    model = data_set_to_json(data, transfer_syntax(transfer_syntax_uid), bulk_data_uri=str)
    transaction_uid = check_uid(_text(model, _TRANSACTION_UID), "TransactionUID")
    items = model.get(f"{_REFERENCED_SOP:08X}", {}).get("Value") or ()
    references: dict[str, str] = {}
    for item in items:
        instance = check_uid(_text(item, _INSTANCE), "ReferencedSOPInstanceUID")
        references.setdefault(instance, check_uid(_text(item, _CLASS), "ReferencedSOPClassUID"))
    if not 0 < len(references) <= MAX_REFERENCES:
        raise InvalidCommitmentRequest(
            "Referenced SOP Sequence names no instance, or too many.", tag="(0008,1199)", limit=MAX_REFERENCES
        )
    return CommitmentRequest(transaction_uid, tuple((of, instance) for instance, of in references.items()))


def commitment_report(
    transaction_uid: str,
    committed: Sequence[tuple[str, str]],
    failed: Sequence[tuple[str, str, int]],
    transfer_syntax_uid: str,
) -> bytes:
    """The Event Information of an N-EVENT-REPORT (PS3.4 table J.3-2); failed ones with their reason."""
    attributes: dict[int, Attribute] = {_TRANSACTION_UID: ("UI", (transaction_uid,))}
    if committed:
        attributes[_REFERENCED_SOP] = ("SQ", tuple(_reference(*each) for each in committed))
    if failed:
        attributes[_FAILED_SOP] = (
            "SQ",
            tuple(_reference(of, instance) | {_FAILURE_REASON: ("US", (reason,))} for of, instance, reason in failed),
        )
    return encode_identifier(attributes, transfer_syntax_uid)


def _reference(sop_class_uid: str, sop_instance_uid: str) -> dict[int, Attribute]:
    return {_CLASS: ("UI", (sop_class_uid,)), _INSTANCE: ("UI", (sop_instance_uid,))}


def _text(model: Mapping[str, Any], tag: int) -> str:
    values = model.get(f"{tag:08X}", {}).get("Value") or ("",)
    return str(values[0] or "")
