"""Where the instances of a study lie: open ones in journals by their rows, sealed ones in packs by their manifests.

Every function runs inside `Database.transaction(institution_id)` and sees that institution alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from isocenter.index.uid_hash import uid_hash
from isocenter.kit.database import Connection, current_institution


@dataclass(frozen=True, slots=True)
class OpenInstance:
    """An instance in a journal. Offsets as in IngestRow; digest: BLAKE3 of the received data set."""

    study_id: int
    ordinal: int
    series_id: int
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    segment_node: str
    segment_epoch: int
    segment_sequence: int
    member_offset: int
    data_set_offset: int
    data_set_length: int
    pixel_value_offset: int | None
    pixel_length: int | None
    header_length: int
    digest: bytes
    received_at: datetime
    calling_ae_title: str
    door: str
    instance_number: int | None
    number_of_frames: int
    rows: int | None
    columns: int | None
    bits_allocated: int | None
    samples_per_pixel: int | None
    photometric_interpretation: str | None
    warnings: str | None

    @property
    def source(self) -> str:
        """Name of the segment as extents name it: journal/node/epoch/sequence."""
        return f"journal/{self.segment_node}/{self.segment_epoch}/{self.segment_sequence}"


@dataclass(frozen=True, slots=True)
class AsideInstance:
    """A version that is not current, still in a journal. study_id: of the study that holds the current version."""

    aside_id: int
    study_id: int
    reason: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    segment_node: str
    segment_epoch: int
    segment_sequence: int
    member_offset: int
    data_set_offset: int
    data_set_length: int
    digest: bytes
    received_at: datetime
    calling_ae_title: str
    door: str

    @property
    def source(self) -> str:
        """Name of the segment as extents name it: journal/node/epoch/sequence."""
        return f"journal/{self.segment_node}/{self.segment_epoch}/{self.segment_sequence}"


@dataclass(frozen=True, slots=True)
class PackRow:
    """A pack of a study, oldest first. received_bytes: of the data sets in it as they were received."""

    pack_id: int
    object_key: str
    size_bytes: int
    received_bytes: int
    instance_count: int
    digest: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A series. instance_count and frame_count are of all that is not rejected, open_instance_count of what is not
    sealed yet."""

    study_id: int
    series_id: int
    series_instance_uid: str
    modality: str | None
    series_number: int | None
    series_description: str | None
    body_part_examined: str | None
    laterality: str | None
    protocol_name: str | None
    station_name: str | None
    instance_count: int
    frame_count: int
    open_instance_count: int


@dataclass(frozen=True, slots=True)
class StudyPlaces:
    """Everything the index knows about where a study lies, of one moment."""

    study_id: int
    study_instance_uid: str
    version: int
    state: str
    series: list[SeriesRow]
    packs: list[PackRow]
    instances: list[OpenInstance]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance belongs."""

    study_id: int
    series_id: int
    ordinal: int


_OPEN = b"""
    SELECT i.study_id, i.ordinal, i.series_id, e.series_instance_uid, i.sop_instance_uid, i.sop_class_uid,
        i.transfer_syntax_uid, g.node AS segment_node, g.epoch AS segment_epoch, g.sequence AS segment_sequence,
        i.member_offset, i.data_set_offset, i.data_set_length, i.pixel_value_offset, i.pixel_length, i.header_length,
        i.digest, i.received_at, i.calling_ae_title, i.door, i.instance_number, i.number_of_frames, i.rows, i.columns,
        i.bits_allocated, i.samples_per_pixel, i.photometric_interpretation, i.warnings
    FROM instance i JOIN series e USING (institution_id, study_id, series_id) JOIN segment g USING (segment_id)
    WHERE i.study_id = %(study_id)s
"""

_SERIES = b"""
    SELECT e.study_id, e.series_id, e.series_instance_uid, e.modality, e.series_number, e.series_description,
        e.body_part_examined, e.laterality, e.protocol_name, e.station_name,
        (e.sealed_instance_count + coalesce(o.instances, 0) - coalesce(h.instances, 0))::integer AS instance_count,
        (e.sealed_frame_count + coalesce(o.frames, 0) - coalesce(h.frames, 0))::integer AS frame_count,
        coalesce(o.instances, 0)::integer AS open_instance_count
    FROM series e LEFT JOIN (
        SELECT i.series_id, count(*) AS instances, sum(i.number_of_frames) AS frames
        FROM instance i WHERE i.study_id = %(study_id)s GROUP BY i.series_id
    ) o USING (series_id) LEFT JOIN (
        SELECT i.series_id, count(*) AS instances, sum(i.number_of_frames) AS frames
        FROM hidden_instance i WHERE i.study_id = %(study_id)s GROUP BY i.series_id
    ) h USING (series_id)
    WHERE e.study_id = %(study_id)s
    ORDER BY e.series_number NULLS LAST, e.series_id
"""


def study_version(connection: Connection, study_instance_uid: str) -> int | None:
    """The version of the study, which changes with everything visible in it; None: no such study."""
    found = connection.execute(
        "SELECT version FROM study WHERE study_instance_uid = %s", [study_instance_uid], prepare=True
    ).fetchone()
    return None if found is None else int(str(found[0]))


def study_places(connection: Connection, study_instance_uid: str) -> StudyPlaces | None:
    """Where everything of a study lies.

    Takes no lock, so that nothing that arrives has to wait for a reader. Read in this order, an instance that is being
    sealed meanwhile is found twice, in its journal and in its pack, never not at all; the version is then an old one.
    """
    found = connection.execute(
        "SELECT study_id, version, state FROM study WHERE study_instance_uid = %s", [study_instance_uid]
    ).fetchone()
    if found is None:
        return None
    study_id = int(str(found[0]))
    instances = open_instances(connection, study_id)
    packs = packs_of(connection, study_id)
    series = series_of(connection, study_id)
    return StudyPlaces(study_id, study_instance_uid, int(str(found[1])), str(found[2]), series, packs, instances)


def series_of(connection: Connection, study_id: int) -> list[SeriesRow]:
    """The series of a study by series number."""
    with connection.cursor(row_factory=class_row(SeriesRow)) as cursor:
        return cursor.execute(_SERIES, {"study_id": study_id}).fetchall()


def open_instances(connection: Connection, study_id: int, series_id: int | None = None) -> list[OpenInstance]:
    """The instances of a study, or of one series, that are not sealed yet, by ordinal."""
    query = _OPEN + (b"" if series_id is None else b" AND i.series_id = %(series_id)s") + b" ORDER BY i.ordinal"
    return _open(connection, query, {"study_id": study_id, "series_id": series_id})


def open_instance(connection: Connection, study_id: int, ordinal: int) -> OpenInstance | None:
    """One instance while it is not sealed."""
    found = _open(connection, _OPEN + b" AND i.ordinal = %(ordinal)s", {"study_id": study_id, "ordinal": ordinal})
    return found[0] if found else None


def packs_of(connection: Connection, study_id: int) -> list[PackRow]:
    """The packs of a study, oldest first."""
    query = """
        SELECT pack_id, object_key, size_bytes, received_bytes, instance_count, digest, created_at
        FROM pack WHERE study_id = %s ORDER BY pack_id
    """
    with connection.cursor(row_factory=class_row(PackRow)) as cursor:
        return cursor.execute(query, [study_id]).fetchall()


def aside_instances(connection: Connection, study_id: int) -> list[AsideInstance]:
    """Versions kept aside with this study that are still in a journal."""
    query = """
        SELECT a.aside_id, a.study_id, a.reason, a.study_instance_uid, a.series_instance_uid, a.sop_instance_uid,
            a.sop_class_uid, a.transfer_syntax_uid, g.node AS segment_node, g.epoch AS segment_epoch,
            g.sequence AS segment_sequence, a.member_offset, a.data_set_offset, a.data_set_length, a.digest,
            a.received_at, a.calling_ae_title, a.door
        FROM aside_instance a JOIN segment g USING (segment_id) WHERE a.study_id = %s ORDER BY a.aside_id
    """
    with connection.cursor(row_factory=class_row(AsideInstance)) as cursor:
        return cursor.execute(query, [study_id]).fetchall()


def resolve(connection: Connection, sop_instance_uid: str) -> Place | None:
    """The study, series and ordinal of an instance, sealed or open; what storage commitment asks."""
    found = connection.execute(
        """
        SELECT l.study_id, l.series_id, l.ordinal FROM instance_lookup l JOIN study s USING (institution_id, study_id)
        WHERE l.uid_hash = %s
        """,
        [uid_hash(current_institution(connection), sop_instance_uid)],
        prepare=True,
    ).fetchone()
    return None if found is None else Place(*(int(str(value)) for value in found))


def _open(connection: Connection, query: bytes, parameters: dict[str, Any]) -> list[OpenInstance]:
    with connection.cursor(row_factory=class_row(OpenInstance)) as cursor:
        return cursor.execute(query, parameters).fetchall()
