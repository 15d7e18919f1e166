"""What is written of an arriving instance, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from isocenter.standards.dicom.attributes import IndexAttributes


class IngestResult(StrEnum):
    """What became of one row."""

    STORED = "stored"
    EXISTS = "exists"  # the UID is known in the same study and series; the caller compares the digests
    MISPLACED = "misplaced"  # the UID is known in another study or series


@dataclass(slots=True)  # not frozen: decision 0005
class IngestRow:
    """One instance that lies in the journal. Offsets and lengths are bytes.

    member_offset and data_set_offset: from the start of the segment. pixel_value_offset, pixel_length: of the value of
    Pixel Data, from the start of the data set; None where there is none, the length None also where it is undefined
    (encapsulated). header_length: bytes of the data set before Pixel Data. digest: BLAKE3 of the
    received data set, 32 bytes. received_at: aware.
    """

    institution_id: int
    attributes: IndexAttributes
    segment_node: str
    segment_epoch: int
    segment_sequence: int
    member_offset: int
    data_set_offset: int
    data_set_length: int
    digest: bytes
    received_at: datetime
    calling_ae_title: str
    transfer_syntax_uid: str
    pixel_value_offset: int | None
    pixel_length: int | None
    header_length: int
    door: str


@dataclass(slots=True)  # not frozen: decision 0005
class IngestOutcome:
    """What became of one row, and the place of the instance that is current under its UID.

    existing_digest: for EXISTS and MISPLACED, of the current version while it is open; None when it is sealed (then the
    manifest of its pack has it). tasks: kinds of quality tasks this row raised.
    """

    result: IngestResult
    study_id: int
    series_id: int
    ordinal: int
    existing_digest: bytes | None = None
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything of this journal before end_offset of this segment is in the index for good."""

    node: str
    epoch: int
    sequence: int
    end_offset: int
