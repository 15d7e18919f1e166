"""An instance that does not exist, to be recorded and taken back before the first that does (decision 0395)."""

from __future__ import annotations

from uuid import uuid4

from isocenter.index.ingest_row import IngestRow
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection
from isocenter.standards.dicom.attributes import index_attributes
from isocenter.standards.dicom.transfer_syntaxes import IMPLICIT_VR_LITTLE_ENDIAN


def nobodys_row(connection: Connection) -> IngestRow | None:
    """An instance of some institution that nobody has sent; None before there is an institution."""
    found = connection.execute("SELECT min(institution_id) FROM institution").fetchone()
    institution_id = None if found is None else found[0]
    if not isinstance(institution_id, int):
        return None
    uid = f"2.25.{uuid4().int}"
    values = {
        0x00080016: "1.2.840.10008.1.1",
        0x00080018: f"{uid}.1.1",
        0x00080060: "OT",
        0x00100010: "Rehearsal",
        0x00100020: uid[:64],
        0x0020000D: uid,
        0x0020000E: f"{uid}.1",
    }
    attributes = index_attributes({tag: value.encode() for tag, value in values.items()}, big_endian=False)
    return IngestRow(
        institution_id=institution_id,
        attributes=attributes,
        segment_node="rehearsal",
        segment_epoch=uuid4().int >> 97,
        segment_sequence=1,
        member_offset=0,
        data_set_offset=0,
        data_set_length=0,
        digest=bytes(32),
        received_at=utc_now(),
        calling_ae_title="",
        transfer_syntax_uid=IMPLICIT_VR_LITTLE_ENDIAN,
        pixel_value_offset=None,
        pixel_length=None,
        header_length=0,
        door="",
    )
