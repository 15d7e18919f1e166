"""Query/Retrieve information models (PS3.4 C.3, C.6): their SOP classes, levels and unique keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from isocenter.standards.dicom.dimse import CommandField

PATIENT, STUDY, SERIES, IMAGE = "PATIENT", "STUDY", "SERIES", "IMAGE"
UNIQUE_KEYS: Final[dict[str, int]] = {
    PATIENT: 0x00100020,  # PatientID
    STUDY: 0x0020000D,  # StudyInstanceUID
    SERIES: 0x0020000E,  # SeriesInstanceUID
    IMAGE: 0x00080018,  # SOPInstanceUID
}
"""Query/Retrieve Level → its unique key (PS3.4 C.6.1.1, C.6.2.1), from the top down."""

RELATIONAL, COMBINED_DATE_TIME, FUZZY_NAMES, TIMEZONE = range(4)
"""Bytes of SOP class extended negotiation for C-FIND (PS3.4 C.5.1.1); C-MOVE and C-GET have the first (C.5.2.1)."""


@dataclass(frozen=True, slots=True)
class InformationModel:
    """One SOP class. levels: those it has, from the top down."""

    sop_class_uid: str
    name: str
    operation: CommandField
    levels: tuple[str, ...]

    def at_or_above(self, level: str) -> tuple[str, ...]:
        """The levels from the top down to this one."""
        return self.levels[: self.levels.index(level) + 1]


def _models() -> dict[str, InformationModel]:
    roots = {
        "1": ("Patient Root", (PATIENT, STUDY, SERIES, IMAGE)),
        "2": ("Study Root", (STUDY, SERIES, IMAGE)),
        "3": ("Patient/Study Only (retired)", (PATIENT, STUDY)),
    }
    operations = {
        "1": ("FIND", CommandField.C_FIND_RQ),
        "2": ("MOVE", CommandField.C_MOVE_RQ),
        "3": ("GET", CommandField.C_GET_RQ),
    }
    found = {}
    for root, (root_name, levels) in roots.items():
        for operation, (operation_name, command_field) in operations.items():
            uid = f"1.2.840.10008.5.1.4.1.2.{root}.{operation}"
            name = f"{root_name} Query/Retrieve Information Model - {operation_name}"
            found[uid] = InformationModel(uid, name, command_field, levels)
    return found


INFORMATION_MODELS: Final[dict[str, InformationModel]] = _models()


def agreed(option: int, answered: bytes) -> bool:
    """Whether an option of extended negotiation was agreed on. answered: our answer, b"" without negotiation."""
    return len(answered) > option and answered[option] == 1


def answer_options(proposed: bytes, supported: int) -> bytes:
    """Our answer: each of the first `supported` options as proposed, every further one refused."""
    return bytes(int(value == 1 and option < supported) for option, value in enumerate(proposed))
