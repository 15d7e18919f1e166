"""Correcting studies: attributes, the patient a study belongs to, and taking any act back.

Nothing that was received changes: an act is laid over the study (`index.corrections`), and undoing takes it off again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.domain.identity.acts import Act, Kind, Records, as_json
from isocenter.domain.identity.errors import (
    AlreadyUndone,
    CorrectedSince,
    InvalidCorrection,
    UnknownCorrection,
    UnknownPatient,
)
from isocenter.domain.identity.identifiers import attach, detach
from isocenter.index import correction_acts, corrections, versions
from isocenter.index.correction_acts import ActRow, Corrected
from isocenter.index.corrections import SERIES_COLUMNS, STUDY_COLUMNS
from isocenter.index.deletions import see_deleted
from isocenter.index.patients import PatientRow, ensure_patient_of, identity_replacements, patient_of, survivor_of
from isocenter.kit.database import Connection
from isocenter.standards.dicom.dates import date_of, time_of
from isocenter.standards.dicom.overlay import Reason, Replacement

PATIENT_ATTRIBUTES: Final = frozenset({"PatientID", "IssuerOfPatientID"})


def _text(longest: int) -> Callable[[str], bool]:
    return lambda text: len(text) <= longest and "\\" not in text and text.isprintable()


def _code(text: str) -> bool:
    return len(text) <= 16 and all(letter.isdigit() or letter in " _" or "A" <= letter <= "Z" for letter in text)


def _name(text: str) -> bool:
    groups = text.split("=")
    fits = all(len(group) <= 64 and group.count("^") <= 4 for group in groups)
    return len(groups) <= 3 and fits and "\\" not in text and text.isprintable()


@dataclass(frozen=True, slots=True)
class Correctable:
    """An attribute that may be corrected. is_valid: whether a text that is not empty may stand there (PS3.5 6.2)."""

    tag: int
    vr: str
    is_valid: Callable[[str], bool]

    @property
    def of_series(self) -> bool:
        """Whether it belongs to a series, not to the study."""
        return self.tag in SERIES_COLUMNS


CORRECTABLE: Final[dict[str, Correctable]] = {
    "PatientName": Correctable(0x00100010, "PN", _name),
    "PatientID": Correctable(0x00100020, "LO", _text(64)),
    "IssuerOfPatientID": Correctable(0x00100021, "LO", _text(64)),
    "PatientBirthDate": Correctable(0x00100030, "DA", lambda text: date_of(text) == text),
    "PatientSex": Correctable(0x00100040, "CS", lambda text: text in ("M", "F", "O")),
    "StudyDate": Correctable(0x00080020, "DA", lambda text: date_of(text) == text),
    "StudyTime": Correctable(0x00080030, "TM", lambda text: time_of(text) == text),
    "AccessionNumber": Correctable(0x00080050, "SH", _text(16)),
    "StudyID": Correctable(0x00200010, "SH", _text(16)),
    "StudyDescription": Correctable(0x00081030, "LO", _text(64)),
    "ReferringPhysicianName": Correctable(0x00080090, "PN", _name),
    "SeriesDescription": Correctable(0x0008103E, "LO", _text(64)),
    "BodyPartExamined": Correctable(0x00180015, "CS", _code),
    "Laterality": Correctable(0x00200060, "CS", lambda text: text in ("L", "R")),
    "ProtocolName": Correctable(0x00181030, "LO", _text(64)),
}
KEYWORDS: Final = {one.tag: keyword for keyword, one in CORRECTABLE.items()}
MAY_NOT_BE_EMPTY: Final = frozenset({"PatientID"})


def correct_attributes(
    caller: Caller,
    records: Records,
    study_instance_uid: str,
    attributes: Mapping[str, str],
    reason: str,
    *,
    series_instance_uid: str | None = None,
) -> int:
    """Correct attributes of a study, or of one series of it; returns the correction_id.

    attributes: keyword (see CORRECTABLE) → new text, "" for empty. A new Patient ID or issuer makes the study that of
    the patient who has this identifier, who is made when nobody has it.
    Raises Refused, InvalidCorrection, UnknownStudy, Exhausted.
    """
    replacements = _checked(attributes, of_series=series_instance_uid is not None)
    with records.act(
        caller,
        Kind.ATTRIBUTES,
        reason,
        study_instance_uid=study_instance_uid,
        series_instance_uid=series_instance_uid,
    ) as act:
        study = _study(act.connection, study_instance_uid)
        before, series_id = study.columns, None
        if series_instance_uid is not None:
            series_id, before = _series(act.connection, study, series_instance_uid)
        patient_key = None
        if PATIENT_ATTRIBUTES & attributes.keys():
            patient_key = _patient_as_corrected(act.connection, caller.institution_id, study, replacements)
        lay_over(act, study, replacements, Reason.CORRECT, before, patient_key=patient_key, series_id=series_id)
        act.values = {
            "study_instance_uid": study_instance_uid,
            "series_instance_uid": series_instance_uid,
            "replacements": as_json(replacements),
        }
        return act.correction_id


def move_study_to_patient(
    caller: Caller, records: Records, study_instance_uid: str, patient_key: int, reason: str
) -> int:
    """A study of the wrong patient becomes that of the right one; returns the correction_id.

    Everything that says who the patient is comes from the right one, and what is not known of her becomes empty.
    Raises Refused, InvalidCorrection, UnknownStudy, UnknownPatient, Exhausted.
    """
    with records.act(caller, Kind.MOVE, reason, study_instance_uid=study_instance_uid) as act:
        patient = living_patient(act.connection, patient_key)
        study = _study(act.connection, study_instance_uid)
        if study.columns["patient_key"] == patient.patient_key:
            raise InvalidCorrection("The study belongs to this patient already.", attribute="patient_key")
        replacements = identity_replacements(patient, whole=True)
        lay_over(act, study, replacements, Reason.CORRECT, study.columns, patient_key=patient.patient_key)
        act.values = {"study_instance_uid": study_instance_uid, "replacements": as_json(replacements)}
        return act.correction_id


def corrections_of(caller: Caller, records: Records, study_instance_uid: str) -> list[ActRow]:
    """Everything that was corrected in a study, undone acts too, newest first. Raises Refused."""
    caller.require(Right.READ)
    with transaction_of(records.database, caller) as connection:
        return correction_acts.acts_of_study(connection, study_instance_uid)


def undo(caller: Caller, records: Records, correction_id: int) -> None:
    """Take an act back: everything it lay on is as if it had never been.

    Raises Refused, UnknownCorrection, AlreadyUndone; CorrectedSince when a later act builds on it, which must go first.
    """
    caller.require(Right.CORRECT)
    with transaction_of(records.database, caller) as connection:
        see_deleted(connection)
        act = correction_acts.act_of(connection, correction_id)
        if act is None:
            raise UnknownCorrection("There is no such correction.", correction_id=correction_id)
        if act.undone_at is not None:
            raise AlreadyUndone("This correction is undone already.", correction_id=correction_id)
        with records.undoing(caller, connection, act) as studies:
            if act.kind == Kind.MERGE:
                _unmerge(connection, act)
            elif act.kind in (Kind.IDENTIFIER_ADDED, Kind.IDENTIFIER_REMOVED):
                _take_back_identifier(connection, act)
            elif act.kind == Kind.VERSION_CHOSEN:
                versions.take_back(connection, correction_id)
                studies.append(str(act.study_instance_uid))
            studies.extend(_take_off(connection, correction_id))


def lay_over(
    act: Act,
    study: Corrected,
    replacements: tuple[Replacement, ...],
    reason: Reason,
    before: Mapping[str, Any],
    *,
    patient_key: int | None = None,
    series_id: int | None = None,
) -> None:
    """Lay an act over one study and note what people are shown of it."""
    columns = STUDY_COLUMNS | SERIES_COLUMNS
    act.before |= {KEYWORDS[one.tag]: before[columns[one.tag]] or None for one in replacements}
    act.after |= {KEYWORDS[one.tag]: one.text or None for one in replacements}
    corrections.lay(
        act.connection,
        study.study_id,
        act.correction_id,
        replacements,
        reason,
        series_id=series_id,
        patient_key=patient_key,
    )
    corrections.settle(act.connection, study.study_id)
    act.studies.append(study.study_instance_uid)


def living_patient(connection: Connection, patient_key: int) -> PatientRow:
    """The patient, or who she became by merges; locked. Raises UnknownPatient."""
    found = patient_of(connection, survivor_of(connection, patient_key), locked=True)
    if found is None:
        raise UnknownPatient("There is no such patient.", patient_key=patient_key)
    return found


def _take_back_identifier(connection: Connection, act: ActRow) -> None:
    shown = act.after or act.before
    assert act.patient_key is not None
    change = detach if act.kind == Kind.IDENTIFIER_ADDED else attach
    change(connection, act.patient_key, str(shown["PatientID"]), str(shown["IssuerOfPatientID"] or ""))


def _unmerge(connection: Connection, act: ActRow) -> None:
    survivor = patient_of(connection, act.into_patient_key or 0, locked=True)
    if survivor is not None and survivor.merged_into is not None:
        raise CorrectedSince("The patient was merged again since: undo that first.", correction_id=act.correction_id)
    connection.execute("UPDATE patient SET merged_into = NULL WHERE patient_key = %s", [act.patient_key])


def _take_off(connection: Connection, correction_id: int) -> list[str]:
    studies = correction_acts.locked_studies(connection, corrections.studies_under(connection, correction_id))
    for study in studies:
        _check_nothing_builds_on(corrections.layers_of(connection, study.study_id), correction_id)
    corrections.take_off(connection, correction_id)
    for study in studies:
        corrections.settle(connection, study.study_id)
    return [study.study_instance_uid for study in studies]


def _check_nothing_builds_on(layers: list[corrections.Layer], correction_id: int) -> None:
    """A later act that replaces only some of the same attributes would be left lying on something else."""
    for place, own in enumerate(layers):
        if own.correction_id != correction_id:
            continue
        for later in layers[place + 1 :]:
            if later.series_id != own.series_id or not later.tags & own.tags:
                continue
            if later.tags >= own.tags:
                break  # all of it is covered: nothing changes but what is remembered
            raise CorrectedSince(
                "A later correction changes the same attributes: undo that first.", correction_id=later.correction_id
            )


def _checked(attributes: Mapping[str, str], *, of_series: bool) -> tuple[Replacement, ...]:
    if not attributes:
        raise InvalidCorrection("Nothing is to be corrected.", attribute="attributes")
    found = []
    for keyword, given in attributes.items():
        known, text = CORRECTABLE.get(keyword), given.strip(" ")
        if known is None:
            raise InvalidCorrection("This attribute cannot be corrected.", attribute=keyword[:64])
        if known.of_series != of_series:
            raise InvalidCorrection("Name the series exactly when the attribute is one of a series.", attribute=keyword)
        if (text and not known.is_valid(text)) or (not text and keyword in MAY_NOT_BE_EMPTY):
            raise InvalidCorrection("The new value is not one that may stand here (PS3.5 6.2).", attribute=keyword)
        found.append(Replacement(known.tag, known.vr, text))
    return tuple(sorted(found, key=lambda one: one.tag))


def _study(connection: Connection, study_instance_uid: str) -> Corrected:
    found = correction_acts.locked_study(connection, study_instance_uid)
    if found is None:
        raise UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)
    return found


def _series(connection: Connection, study: Corrected, series_instance_uid: str) -> tuple[int, dict[str, Any]]:
    found = correction_acts.series_of_study(connection, study.study_id, series_instance_uid)
    if found is None:
        raise UnknownStudy("The study has no such series.", series_instance_uid=series_instance_uid)
    return found


def _patient_as_corrected(
    connection: Connection, institution_id: int, study: Corrected, replacements: tuple[Replacement, ...]
) -> int | None:
    """The patient who has the identifier that the study will have, made of what it will say when nobody has it."""
    columns = dict(study.columns)
    columns.update({STUDY_COLUMNS[one.tag]: one.text or None for one in replacements if one.tag in STUDY_COLUMNS})
    identity = tuple(columns[name] for name in ("patient_id", "issuer_of_patient_id", "patient_name"))
    rest = (columns["patient_birth_date"], columns["patient_sex"])
    known = ensure_patient_of(connection, institution_id, (*identity, *rest))
    return None if known is None else survivor_of(connection, known.patient_key)
