"""What the archive wants to know of a data set before it keeps it, and the index row that comes of it."""

from __future__ import annotations

from dataclasses import replace

from isocenter.index.ingest_row import IngestRow
from isocenter.pixels.codestreams import Coding, declared_coding, identify
from isocenter.pixels.errors import UndecodableFrame
from isocenter.standards.dicom.attributes import IndexAttributes, index_attributes
from isocenter.standards.dicom.elements import ScannedDataSet, scan
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax
from isocenter.storage.journal import MemberHeader, MemberLocation


def examine(
    data_set: memoryview,
    transfer_syntax_uid: str,
    default_character_set: str | None,
    default_issuer_of_patient_id: str | None = None,
) -> tuple[ScannedDataSet, IndexAttributes]:
    """Walk a whole data set and decode what the index keeps of it; the defaults hold where the object is silent.

    Raises Invalid when it cannot be walked to its end or lacks a usable Study, Series or SOP Instance UID.
    """
    scanned = scan(data_set, transfer_syntax(transfer_syntax_uid))
    attributes = index_attributes(
        scanned.values,
        big_endian=scanned.big_endian,
        default_character_set=default_character_set,
        default_issuer_of_patient_id=default_issuer_of_patient_id,
    )
    found = _other_coding(data_set, scanned, transfer_syntax_uid)
    if found is not None:
        attributes = replace(attributes, warnings=(*attributes.warnings, f"code-stream-is-{found}"))
    return scanned, attributes


def _other_coding(data_set: memoryview, scanned: ScannedDataSet, transfer_syntax_uid: str) -> Coding | None:
    """What the pixels are really coded as, when that is not what the transfer syntax says; None when it fits.

    The object is stored as it came and decoded by what it is; this leaves a trace for those who look after quality.
    """
    declared = declared_coding(transfer_syntax_uid)
    fragments = scanned.fragments
    if declared is None or fragments is None or len(fragments) < 2:
        return None
    offset, length = fragments[1]  # the first is the basic offset table
    try:
        stream = identify(data_set[offset : offset + length])
    except UndecodableFrame:
        return None
    return None if stream is None or stream.coding is declared else stream.coding


def ingest_row(
    header: MemberHeader, location: MemberLocation, scanned: ScannedDataSet, attributes: IndexAttributes
) -> IngestRow:
    """The index row of one journal member; used at reception and again when a journal is read back."""
    assert header.digest is not None
    span = scanned.pixel_data
    return IngestRow(
        institution_id=header.institution_id,
        attributes=attributes,
        segment_node=location.segment.node,
        segment_epoch=location.segment.epoch,
        segment_sequence=location.segment.sequence,
        member_offset=location.member_offset,
        data_set_offset=location.data_set_offset,
        data_set_length=location.data_set_length,
        digest=header.digest,
        received_at=header.received_at,
        calling_ae_title=header.calling_ae_title,
        transfer_syntax_uid=header.transfer_syntax_uid,
        pixel_value_offset=None if span is None else span.value_offset,
        pixel_length=None if span is None else span.length,
        header_length=location.data_set_length if span is None else span.element_offset,
        door=header.door,
    )
