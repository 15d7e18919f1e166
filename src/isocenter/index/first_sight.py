"""Rows that a study or series gets when its first instance arrives, and the memory that saves asking again.

The first instance names the patient and the study; later ones that differ raise one quality task per difference.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from psycopg.types.json import Jsonb

from isocenter.index.corrections import assume_issuer, follow_merges
from isocenter.index.patients import MAX_KEY, Identity, ensure_patient_of
from isocenter.index.text import clean, fold
from isocenter.index.tokens import TOKEN_RULES, insert_tokens
from isocenter.kit.database import Connection
from isocenter.standards.dicom.attributes import ISSUER_ASSUMED, IndexAttributes

PATIENT_DATA_DIFFER = "patient-data-differ"
PATIENT_ID_MISSING = "patient-id-missing"
CODE_STREAM = "code-stream"
MAX_KNOWN_SERIES = 8192

IDENTITY_ATTRIBUTES = (
    "patient_id",
    "issuer_of_patient_id",
    "patient_name",
    "patient_birth_date",
    "patient_sex",
)


@dataclass(slots=True)
class KnownStudy:
    """A study as its first instance made it. raised: identities that already have their quality task."""

    study_id: int
    identity: Identity
    raised: set[Identity] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class KnownSeries:
    """A series with its study."""

    study: KnownStudy
    series_id: int


class SeriesBook:
    """The series and studies seen lately, so that their further instances need no question to the database."""

    def __init__(self) -> None:
        self._series: dict[tuple[int, str, str], KnownSeries] = {}
        self._studies: dict[tuple[int, str], KnownStudy] = {}
        self._segments: dict[tuple[str, int, int], int] = {}

    def find(self, institution_id: int, attributes: IndexAttributes) -> KnownSeries | None:
        """The series when it is known and nothing about the patient needs writing down; None: call `learn`."""
        known = self._series.get((institution_id, attributes.study_instance_uid, attributes.series_instance_uid))
        if known is None:
            return None
        identity = identity_of(attributes)
        if identity == known.study.identity or identity in known.study.raised:
            return known
        return None

    def learn(
        self, connection: Connection, institution_id: int, attributes: IndexAttributes, received_at: object
    ) -> tuple[KnownSeries, tuple[str, ...]]:
        """Find or make study and series and raise what differs; returns the series and the kinds of tasks raised."""
        study_key = (institution_id, attributes.study_instance_uid)
        series_key = (*study_key, attributes.series_instance_uid)
        study = self._studies.get(study_key)
        if study is None:
            study = _ensure_study(connection, institution_id, attributes, received_at)
        known = self._series.get(series_key)
        if known is None:
            known = KnownSeries(study, _ensure_series(connection, institution_id, study.study_id, attributes))
            _compare_code_stream(connection, institution_id, study.study_id, attributes)
        tasks = _compare_patient(connection, institution_id, study, attributes)
        _remember(self._studies, study_key, study)
        _remember(self._series, series_key, known)
        return known, tasks

    def segment_id(self, node: str, epoch: int, sequence: int) -> int | None:
        """Number of a journal segment when it is known."""
        return self._segments.get((node, epoch, sequence))

    def learn_segment(self, connection: Connection, node: str, epoch: int, sequence: int) -> int:
        """Number of a journal segment, given now when it has none."""
        segment_id = ensure_segment(connection, node, epoch, sequence)
        _remember(self._segments, (node, epoch, sequence), segment_id)
        return segment_id

    def forget(self) -> None:
        """Forget everything: a transaction that taught us something was rolled back, or rows are gone."""
        self._series.clear()
        self._studies.clear()
        self._segments.clear()


def identity_of(attributes: IndexAttributes) -> Identity:
    """What must not differ inside one study."""
    return (
        attributes.patient_id,
        attributes.issuer_of_patient_id,
        attributes.patient_name,
        attributes.patient_birth_date,
        attributes.patient_sex,
    )


def ensure_segment(connection: Connection, node: str, epoch: int, sequence: int) -> int:
    """Number of a journal segment, given now when it has none."""
    row = connection.execute(
        """
        INSERT INTO segment (node, epoch, sequence) VALUES (%s, %s, %s)
        ON CONFLICT (node, epoch, sequence) DO UPDATE SET sequence = excluded.sequence RETURNING segment_id
        """,
        [node, epoch, sequence],
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def _remember(memory: dict, key: object, value: object) -> None:  # type: ignore[type-arg]
    if key not in memory and len(memory) >= MAX_KNOWN_SERIES:
        del memory[next(iter(memory))]
    memory[key] = value


def _ensure_study(
    connection: Connection, institution_id: int, attributes: IndexAttributes, received_at: object
) -> KnownStudy:
    known = _find_study(connection, institution_id, attributes.study_instance_uid)
    if known is not None:
        return known
    patient = ensure_patient_of(connection, institution_id, identity_of(attributes))
    row = connection.execute(
        """
        INSERT INTO study (
            institution_id, study_instance_uid, patient_key, patient_id, issuer_of_patient_id, patient_name,
            patient_birth_date, patient_sex, study_date, study_time, accession_number, dicom_study_id,
            study_description, referring_physician_name, timezone_offset_from_utc, sort_name,
            first_received_at, last_received_at, token_rules)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (institution_id, study_instance_uid) DO NOTHING RETURNING study_id
        """,
        [
            institution_id,
            attributes.study_instance_uid,
            None if patient is None else patient.patient_key,
            *(clean(text) for text in identity_of(attributes)),
            attributes.study_date or "",
            clean(attributes.study_time),
            clean(attributes.accession_number),
            clean(attributes.study_id),
            clean(attributes.study_description),
            clean(attributes.referring_physician_name),
            clean(attributes.timezone_offset_from_utc),
            fold(attributes.patient_name)[:MAX_KEY],
            received_at,
            received_at,
            TOKEN_RULES,
        ],
    ).fetchone()
    if row is None:  # another listener was faster
        known = _find_study(connection, institution_id, attributes.study_instance_uid)
        assert known is not None
        return known
    study_id = int(str(row[0]))
    insert_tokens(connection, institution_id, study_id, attributes.patient_name, attributes.study_description)
    if ISSUER_ASSUMED in attributes.warnings:
        assume_issuer(connection, study_id, attributes.issuer_of_patient_id or "", "")
    if patient is None:
        detail: dict[str, object] = {"sop_instance_uid": attributes.sop_instance_uid}
        raise_task(connection, institution_id, study_id, PATIENT_ID_MISSING, "", detail)
    elif patient.is_merged:
        follow_merges(connection, study_id, patient.patient_key)
    return KnownStudy(study_id, _cleaned(identity_of(attributes)))


def _find_study(connection: Connection, institution_id: int, study_instance_uid: str) -> KnownStudy | None:
    row = connection.execute(
        """
        SELECT s.study_id, s.patient_id, s.issuer_of_patient_id, s.patient_name, s.patient_birth_date, s.patient_sex,
            r.received
        FROM study s LEFT JOIN study_received r
            ON r.institution_id = s.institution_id AND r.study_id = s.study_id AND r.series_id = 0
        WHERE s.institution_id = %s AND s.study_instance_uid = %s
        """,
        [institution_id, study_instance_uid],
    ).fetchone()
    if row is None:
        return None
    current = tuple(None if value is None else str(value) for value in row[1:6])
    received = row[6]
    if received is None:
        return KnownStudy(int(str(row[0])), current)  # type: ignore[arg-type]
    assert isinstance(received, dict)  # of a corrected study both are right: as received, and as corrected
    identity = tuple(received[name] for name in IDENTITY_ATTRIBUTES)
    return KnownStudy(int(str(row[0])), identity, {current})  # type: ignore[arg-type]


def _ensure_series(connection: Connection, institution_id: int, study_id: int, attributes: IndexAttributes) -> int:
    """Number of the series inside its study; the study's row is locked while a new one is given."""
    key = [institution_id, study_id, attributes.series_instance_uid]
    find = "SELECT series_id FROM series WHERE institution_id = %s AND study_id = %s AND series_instance_uid = %s"
    found = connection.execute(find, key).fetchone()
    if found is None:
        connection.execute("SELECT FROM study WHERE institution_id = %s AND study_id = %s FOR UPDATE", key[:2])
        found = connection.execute(find, key).fetchone() or _insert_series(connection, key, attributes)
    return int(str(found[0]))


def _insert_series(connection: Connection, key: list[object], attributes: IndexAttributes) -> tuple[object, ...]:
    modality = clean(attributes.modality)
    found = connection.execute(
        """
        UPDATE study SET series_count = series_count + 1, version = version + 1,
            modalities = CASE WHEN %(modality)s::text IS NULL OR %(modality)s = ANY (modalities) THEN modalities
                              ELSE modalities || %(modality)s::text END
        WHERE institution_id = %(institution_id)s AND study_id = %(study_id)s RETURNING series_count, study_date
        """,
        {"modality": modality, "institution_id": key[0], "study_id": key[1]},
    ).fetchone()
    assert found is not None
    series_id, study_date = found
    connection.execute(
        """
        INSERT INTO series (
            institution_id, study_id, series_instance_uid, series_id, modality, series_number, series_description,
            body_part_examined, laterality, protocol_name, station_name)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        [
            *key,
            series_id,
            modality,
            attributes.series_number,
            clean(attributes.series_description),
            clean(attributes.body_part_examined),
            clean(attributes.laterality),
            clean(attributes.protocol_name),
            clean(attributes.station_name),
        ],
    )
    if modality is not None:
        connection.execute(
            """
            INSERT INTO study_modality (institution_id, study_id, modality, study_date) VALUES (%s, %s, %s, %s)
            ON CONFLICT DO NOTHING
            """,
            [key[0], key[1], modality, study_date],
        )
    return (series_id,)


def _compare_patient(
    connection: Connection, institution_id: int, study: KnownStudy, attributes: IndexAttributes
) -> tuple[str, ...]:
    """Raise a quality task when the patient of this instance contradicts that of the study, once per contradiction."""
    sent = identity_of(attributes)
    if sent == study.identity or sent in study.raised:
        return ()
    now = _find_study(connection, institution_id, attributes.study_instance_uid)
    if now is not None and sent in now.raised:  # as corrected since we looked
        study.raised.add(sent)
        return ()
    pairs = zip(IDENTITY_ATTRIBUTES, study.identity, _cleaned(sent), strict=True)
    differing = {name: {"first": first, "found": found} for name, first, found in pairs if _differ(first, found)}
    study.raised.add(sent)
    if not differing:
        return ()
    detail: dict[str, object] = {
        "attributes": differing,
        "series_instance_uid": attributes.series_instance_uid,
        "sop_instance_uid": attributes.sop_instance_uid,
    }
    found = "\0".join(fold(text) for text in sent)
    raised = raise_task(connection, institution_id, study.study_id, PATIENT_DATA_DIFFER, found, detail)
    return (PATIENT_DATA_DIFFER,) if raised else ()


def _compare_code_stream(
    connection: Connection, institution_id: int, study_id: int, attributes: IndexAttributes
) -> None:
    """Raise a quality task for a series whose first instance is not in the transfer syntax that it was sent as."""
    found = next((word for word in attributes.warnings if word.startswith("code-stream-is-")), None)
    if found is not None:
        series = attributes.series_instance_uid
        detail: dict[str, object] = {"series_instance_uid": series, "found": found.removeprefix("code-stream-is-")}
        raise_task(connection, institution_id, study_id, CODE_STREAM, f"{series} {found}", detail)


def task_fingerprint(subject: str) -> str:
    """What makes tasks of one kind about one subject the same task."""
    return hashlib.sha256(clean(subject).encode()).hexdigest()[:32]


def raise_task(
    connection: Connection, institution_id: int, study_id: int, kind: str, subject: str, detail: dict[str, object]
) -> bool:
    """Write a quality task unless the study has one of that kind about the same subject; True when it is new."""
    done = connection.execute(
        """
        INSERT INTO quality_task (institution_id, study_id, kind, fingerprint, detail) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT DO NOTHING
        """,
        [institution_id, study_id, kind, task_fingerprint(subject), Jsonb(detail)],
    )
    return done.rowcount == 1


def _cleaned(identity: Identity) -> Identity:
    patient_id, issuer, name, birth_date, sex = identity
    return clean(patient_id), clean(issuer), clean(name), clean(birth_date), clean(sex)


def _differ(first: str | None, found: str | None) -> bool:
    """Something missing on one side is no contradiction; neither are case and trailing delimiters."""
    return bool(first) and bool(found) and fold(first) != fold(found)
