"""Corrections in the index: what lies over a study, what it said as received, and its columns as the current form.

A study's columns are always what it said as received with its active corrections laid over in order: `settle` writes
them anew after every act and every undoing. Every function runs inside `Database.transaction(institution_id)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from isocenter.index.patients import MAX_KEY, MAX_MERGES, ensure_patient_of, identity_replacements, patient_of
from isocenter.index.text import fold
from isocenter.index.tokens import retokenise_study
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, current_institution
from isocenter.standards.dicom.overlay import Correction, Reason, Replacement

SYSTEM: Final = "ISOCENTER"

STUDY_COLUMNS: Final[dict[int, str]] = {
    0x00100010: "patient_name",
    0x00100020: "patient_id",
    0x00100021: "issuer_of_patient_id",
    0x00100030: "patient_birth_date",
    0x00100040: "patient_sex",
    0x00080020: "study_date",
    0x00080030: "study_time",
    0x00080050: "accession_number",
    0x00200010: "dicom_study_id",
    0x00081030: "study_description",
    0x00080090: "referring_physician_name",
}
SERIES_COLUMNS: Final[dict[int, str]] = {
    0x0008103E: "series_description",
    0x00180015: "body_part_examined",
    0x00200060: "laterality",
    0x00181030: "protocol_name",
}
PATIENT_ID: Final = 0x00100020
ISSUER_OF_PATIENT_ID: Final = 0x00100021
_STUDY = ("patient_key", *STUDY_COLUMNS.values())
_SERIES = tuple(SERIES_COLUMNS.values())

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Layer:
    """What one act laid over a study, or over one series of it. step: their order in the study."""

    step: int
    correction_id: int
    series_id: int | None
    patient_key: int | None
    correction: Correction

    @property
    def tags(self) -> frozenset[int]:
        """The attributes it replaces."""
        return frozenset(one.tag for one in self.correction.replacements)


def layers_of(connection: Connection, study_id: int) -> list[Layer]:
    """The active corrections of a study, in order."""
    rows = connection.execute(
        """
        SELECT l.step, l.correction_id, l.series_id, l.patient_key, l.replacements, l.reason_code, l.source, l.at
        FROM study_correction l WHERE l.study_id = %s ORDER BY l.step
        """,
        [study_id],
        prepare=True,
    ).fetchall()
    return [
        Layer(step, correction_id, series_id, patient_key, _correction(replacements, reason, source, at))  # type: ignore[arg-type]
        for step, correction_id, series_id, patient_key, replacements, reason, source, at in rows
    ]


def _correction(replacements: Any, reason: object, source: object, at: object) -> Correction:
    assert isinstance(at, datetime)
    made = tuple(Replacement(tag, vr, text) for tag, vr, text in replacements)
    return Correction(made, Reason(str(reason)), at, SYSTEM, str(source))


def lay(
    connection: Connection,
    study_id: int,
    correction_id: int,
    replacements: Iterable[Replacement],
    reason: Reason,
    *,
    source: str = "",
    series_id: int | None = None,
    patient_key: int | None = None,
) -> None:
    """Lay a correction over a study, whose row must be locked; call `settle` when all are laid."""
    _keep_received(connection, study_id, series_id)
    connection.execute(
        """
        INSERT INTO study_correction (institution_id, study_id, correction_id, series_id, patient_key, replacements,
            reason_code, source, at)
        VALUES (isocenter_institution(), %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        [
            study_id,
            correction_id,
            series_id,
            patient_key,
            Jsonb([[one.tag, one.vr, one.text] for one in replacements]),
            str(reason),
            source,
            utc_now(),
        ],
    )


def take_off(connection: Connection, correction_id: int) -> list[int]:
    """Take what an act laid off again; returns the studies it lay on, to be settled."""
    rows = connection.execute(
        "DELETE FROM study_correction WHERE correction_id = %s RETURNING study_id", [correction_id]
    ).fetchall()
    return sorted({int(str(row[0])) for row in rows})


def studies_under(connection: Connection, correction_id: int) -> list[int]:
    """The studies that an act lies on."""
    rows = connection.execute(
        "SELECT DISTINCT study_id FROM study_correction WHERE correction_id = %s ORDER BY 1", [correction_id]
    ).fetchall()
    return [int(str(row[0])) for row in rows]


def settle(connection: Connection, study_id: int) -> None:
    """Write the columns of a study and its series as the current form, with a new version."""
    layers = layers_of(connection, study_id)
    received = _received(connection, study_id)
    was = connection.execute(
        "SELECT patient_name, study_description FROM study WHERE study_id = %s FOR UPDATE", [study_id]
    ).fetchone()
    assert was is not None
    current = _overlaid(received.get(0, {}), [one for one in layers if one.series_id is None], STUDY_COLUMNS)
    if current:
        _write_study(connection, study_id, current)
        retokenise_study(connection, study_id, (_text(was[0]), _text(was[1])))
    for series_id, columns in received.items():
        if series_id:
            own = [one for one in layers if one.series_id in (None, series_id)]
            _write_series(connection, study_id, series_id, _overlaid(columns, own, SERIES_COLUMNS))
    connection.execute("UPDATE study SET version = version + 1 WHERE study_id = %s", [study_id])
    if not layers:
        connection.execute("DELETE FROM study_received WHERE study_id = %s", [study_id])


def follow_merges(connection: Connection, study_id: int, patient_key: int) -> bool:
    """Lay over a study that has just come what its patient became by merges; False when it was never merged."""
    followed = False
    for _ in range(MAX_MERGES):
        act = connection.execute(
            """
            SELECT correction_id, into_patient_key FROM correction
            WHERE kind = 'merge' AND undone_at IS NULL AND patient_key = %s
            """,
            [patient_key],
        ).fetchone()
        survivor = None if act is None else patient_of(connection, int(str(act[1])))
        if act is None or survivor is None:
            break
        replacements = identity_replacements(survivor, whole=False)
        key = survivor.patient_key
        lay(connection, study_id, int(str(act[0])), replacements, Reason.COERCE, patient_key=key)
        followed, patient_key = True, key
    if followed:
        settle(connection, study_id)
    return followed


def assume_issuer(connection: Connection, study_id: int, issuer: str, source: str) -> None:
    """Lay over a study that has just come what its sender leaves unsaid: it is shown so at every door (COERCE)."""
    row = connection.execute(
        """
        INSERT INTO correction (institution_id, kind, study_instance_uid, reason, before, after, caller_kind, caller_id)
        SELECT institution_id, 'reception', study_instance_uid, 'issuer of patient ID of the sender', %s, %s,
            'system', 'reception' FROM study WHERE study_id = %s
        RETURNING correction_id
        """,
        [Jsonb({"IssuerOfPatientID": None}), Jsonb({"IssuerOfPatientID": issuer}), study_id],
    ).fetchone()
    assert row is not None
    replacement = Replacement(ISSUER_OF_PATIENT_ID, "LO", issuer)
    lay(connection, study_id, int(str(row[0])), [replacement], Reason.COERCE, source=source)
    connection.execute(
        """
        UPDATE study_received SET received = received || '{"issuer_of_patient_id": null}'
        WHERE study_id = %s AND series_id = 0
        """,
        [study_id],
    )


def received_of(connection: Connection, study_id: int) -> Columns | None:
    """What a corrected study said as received; None when it was never corrected."""
    return _received(connection, study_id).get(0)


def _overlaid(received: Columns, layers: Sequence[Layer], tags: dict[int, str]) -> Columns:
    current = dict(received)
    for layer in layers:
        if layer.patient_key is not None and "patient_key" in current:
            current["patient_key"] = layer.patient_key
        for one in layer.correction.replacements:
            if one.tag in tags:
                current[tags[one.tag]] = one.text or None
    return current


def _keep_received(connection: Connection, study_id: int, series_id: int | None) -> None:
    """Remember what the study, and the series, said before anything was laid over them."""
    kept = [(0, "study", _STUDY, "study_id = %(study_id)s")]
    if series_id is not None:
        kept.append((series_id, "series", _SERIES, "study_id = %(study_id)s AND series_id = %(series_id)s"))
    for key, table, columns, condition in kept:
        pairs = ", ".join(f"'{column}', {column}" for column in columns)
        connection.execute(
            f"""
            INSERT INTO study_received (institution_id, study_id, series_id, received)
            SELECT institution_id, study_id, %(key)s, jsonb_build_object({pairs}) FROM {table} WHERE {condition}
            ON CONFLICT DO NOTHING
            """.encode(),  # noqa: S608 - names of ours
            {"key": key, "study_id": study_id, "series_id": series_id},
        )


def _received(connection: Connection, study_id: int) -> dict[int, Columns]:
    rows = connection.execute(
        "SELECT series_id, received FROM study_received WHERE study_id = %s", [study_id]
    ).fetchall()
    return {int(str(row[0])): dict(row[1]) for row in rows}  # type: ignore[call-overload]


def _write_study(connection: Connection, study_id: int, current: Columns) -> None:
    current["patient_key"] = _living_patient(connection, current)
    current["study_date"] = current["study_date"] or ""
    names = ", ".join(f"{column} = %({column})s" for column in _STUDY)
    connection.execute(
        f"UPDATE study SET {names}, sort_name = %(sort_name)s WHERE study_id = %(study_id)s".encode(),  # noqa: S608
        current | {"sort_name": fold(current["patient_name"])[:MAX_KEY], "study_id": study_id},
    )
    connection.execute(
        "UPDATE study_modality SET study_date = %s WHERE study_id = %s", [current["study_date"], study_id]
    )


def _write_series(connection: Connection, study_id: int, series_id: int, current: Columns) -> None:
    names = ", ".join(f"{column} = %({column})s" for column in _SERIES)
    connection.execute(
        f"UPDATE series SET {names} WHERE study_id = %(study_id)s AND series_id = %(series_id)s".encode(),  # noqa: S608
        current | {"study_id": study_id, "series_id": series_id},
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _living_patient(connection: Connection, current: Columns) -> int | None:
    """The patient of the columns; one whose row went with an erased study is made again from what the study says."""
    key = current["patient_key"]
    if key is None and not current["patient_id"]:
        return None
    if key is not None and patient_of(connection, int(key)) is not None:
        return int(key)
    identity = tuple(current[column] for column in STUDY_COLUMNS.values())[:5]
    name, patient_id, issuer, birth_date, sex = identity
    if not patient_id:
        return None
    known = ensure_patient_of(connection, current_institution(connection), (patient_id, issuer, name, birth_date, sex))
    return None if known is None else known.patient_key
