"""Rejection notes (IHE RAD-66): key object selections (PS3.3 A.35.4) whose title says why objects are rejected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.json_model import data_set_to_json
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax
from isocenter.standards.dicom.uids import check_uid

KEY_OBJECT_SELECTION_DOCUMENT: Final = "1.2.840.10008.5.1.4.1.1.88.59"
REJECTION_CODES: Final[Mapping[str, str]] = {
    "113001": "Rejected for Quality Reasons",
    "113037": "Rejected for Patient Safety Reasons",
    "113038": "Incorrect Modality Worklist Entry",
    "113039": "Data Retention Policy Expired",
}
"""Document titles of CID 7011 in the coding scheme DCM (PS3.16)."""
NOTE_IS_HIDDEN_TOO: Final = frozenset({"113039"})
"""Codes after which the note itself is out of sight as well: what has expired leaves nothing to be read."""
MAX_REFERENCES: Final = 100_000
MAX_DEPTH: Final = 16

_DESIGNATORS: Final = frozenset({"DCM", "99DCM"})


class TooManyReferences(Invalid):
    """A rejection note refers to more objects than we follow."""

    reason = "too-many-references"


@dataclass(frozen=True, slots=True)
class RejectionNote:
    """code: of REJECTION_CODES. references: (Study Instance UID, SOP Instance UID), each instance once."""

    code: str
    references: tuple[tuple[str, str], ...]


def read_rejection_note(data: bytes, transfer_syntax_uid: str) -> RejectionNote | None:
    """The note in a key object selection; None when its title rejects nothing. For confined processes.

    Rejected is what the content tree refers to; the evidence sequence tells of which study it is. A document without
    references in its tree rejects its evidence. Raises MalformedDataSet, InvalidUid, TooManyReferences.
    """
    model = data_set_to_json(data, transfer_syntax(transfer_syntax_uid), bulk_data_uri=str)
    code = _title(model)
    if code is None:
        return None
    own_study = _uid(model, "0020000D", "StudyInstanceUID")
    evidence = dict(_evidence(model))
    named = list(dict.fromkeys(_named(model, 0)))
    found = [(evidence.get(uid, own_study), uid) for uid in named] or [(study, uid) for uid, study in evidence.items()]
    if len(found) > MAX_REFERENCES:
        raise TooManyReferences("A rejection note refers to too many objects.", limit=MAX_REFERENCES)
    return RejectionNote(code, tuple(found))


def _title(model: Mapping[str, Any]) -> str | None:
    """Concept Name Code Sequence of the document (PS3.3 C.17.3)."""
    for item in _items(model, "0040A043"):
        code = str(_first(item, "00080100") or "")
        if code in REJECTION_CODES and str(_first(item, "00080102") or "") in _DESIGNATORS:
            return code
    return None


def _evidence(model: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(SOP Instance UID, Study Instance UID) of Current Requested Procedure Evidence (PS3.3 C.17.2)."""
    for study in _items(model, "0040A375"):
        study_uid = _uid(study, "0020000D", "StudyInstanceUID")
        for series in _items(study, "00081115"):
            for reference in _items(series, "00081199"):
                yield _uid(reference, "00081155", "ReferencedSOPInstanceUID"), study_uid


def _named(content: Mapping[str, Any], depth: int) -> Iterator[str]:
    """SOP Instance UIDs that the content tree refers to."""
    if depth > MAX_DEPTH:
        return
    for item in _items(content, "0040A730"):
        for reference in _items(item, "00081199"):
            yield _uid(reference, "00081155", "ReferencedSOPInstanceUID")
        yield from _named(item, depth + 1)


def _items(model: Mapping[str, Any], tag: str) -> Sequence[Mapping[str, Any]]:
    return [each for each in model.get(tag, {}).get("Value") or () if isinstance(each, Mapping)]


def _first(model: Mapping[str, Any], tag: str) -> Any:
    values = model.get(tag, {}).get("Value") or (None,)
    return values[0]


def _uid(model: Mapping[str, Any], tag: str, keyword: str) -> str:
    return check_uid(str(_first(model, tag) or ""), keyword)
