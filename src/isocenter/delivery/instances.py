"""Whole objects as files (PS3.10): as they lie, corrected, or in the transfer syntax that a client asks for.

What belongs to a corrected study leaves as its current form: a new header before the pixels as they lie. `delivery_of`
decides without reading anything; `prepared` reads what has to be made first. Every door through which whole objects
leave (WADO-RS, C-GET, C-MOVE, send-to, archives of files) uses these two and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from isocenter.delivery.corrected import corrected_data_set, corrected_pieces
from isocenter.delivery.errors import BytesAway, NotCorrectable
from isocenter.delivery.frames import VIDEO
from isocenter.delivery.own_packs import expected_length, explicit_data_set, is_ours
from isocenter.delivery.study_view import Form, InstanceView
from isocenter.delivery.transcode import transcoded
from isocenter.kit.errors import Invalid
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.elements import MalformedDataSet
from isocenter.standards.dicom.explicit_vr import NotConvertible
from isocenter.standards.dicom.overlay import can_overlay
from isocenter.standards.dicom.part10 import file_meta
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from isocenter.storage.errors import Damaged, NoSuchObject
from isocenter.storage.extents import Extent
from isocenter.storage.manifest_layout import Rebuild

if TYPE_CHECKING:
    from isocenter.delivery.library import Library

log = get_logger(__name__)

STORED = "*"
Piece = bytes | Extent
"""A part of a data set: bytes that were made, or where they lie."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one instance goes out.

    head: of the file, up to its data set (preamble, PS3.10 7.1); whoever sends the data set alone leaves it out.
    pieces: the data set in order, one Extent when it goes out as it lies; none while it must be made (`prepared`).
    form: what it is made of by laying corrections over its header; None: by decoding.
    """

    instance: InstanceView
    transfer_syntax_uid: str
    head: bytes
    pieces: tuple[Piece, ...]
    form: Form | None = None

    @property
    def is_prepared(self) -> bool:
        """Whether the pieces are known; else call `prepared`, which reads."""
        return bool(self.pieces)

    @property
    def data_set_length(self) -> int | None:
        """Bytes of the data set; None when it has to be made first."""
        return sum(_length(piece) for piece in self.pieces) if self.pieces else None

    @property
    def expected_length(self) -> int | None:
        """Bytes of the file, also of one that has to be made first where that is known; else None."""
        if self.is_prepared or self.form is not None or self.instance.corrections:
            return self.length
        length = expected_length(self.instance.form)
        if length is None or self.transfer_syntax_uid != EXPLICIT_VR_LITTLE_ENDIAN:
            return None
        head = file_meta(self.instance.sop_class_uid, self.instance.sop_instance_uid, self.transfer_syntax_uid)
        return len(head) + length

    @property
    def length(self) -> int | None:
        """Bytes of the file; None when it has to be made first."""
        length = self.data_set_length
        return None if length is None else len(self.head) + length

    @property
    def sources(self) -> tuple[str, ...]:
        """Where its bytes lie: what `Files.check` can look for before an answer begins."""
        return tuple(piece.source for piece in self.pieces if isinstance(piece, Extent))


def _length(piece: Piece) -> int:
    return piece.length if isinstance(piece, Extent) else len(piece)


def as_it_lies(instance: InstanceView, form: Form) -> Delivery | None:
    """A form sent without touching its pixels; None when corrections cannot be laid over this encoding."""
    if not instance.corrections:
        head = file_meta(instance.sop_class_uid, instance.sop_instance_uid, form.transfer_syntax_uid)
        return Delivery(instance, form.transfer_syntax_uid, head, (form.data_set,))
    return Delivery(instance, form.transfer_syntax_uid, b"", (), form) if can_overlay(form.syntax) else None


def delivery_of(instance: InstanceView, wanted: Iterable[str]) -> Delivery | None:
    """The first of the wanted transfer syntaxes ("*": as stored) that the instance can be given in; None if none.

    Never reads. Give the answer to `prepared` before its pieces are used.
    """
    decoded = None
    if instance.form.transfer_syntax_uid not in VIDEO:
        decoded = Delivery(instance, EXPLICIT_VR_LITTLE_ENDIAN, b"", ())
    for syntax in wanted:
        if syntax == STORED:
            return as_it_lies(instance, instance.form) or decoded
        for form in instance.forms:
            if form.transfer_syntax_uid == syntax and (found := as_it_lies(instance, form)) is not None:
                return found
        if syntax == EXPLICIT_VR_LITTLE_ENDIAN and decoded is not None:
            return decoded
    return None


def prepared(library: Library, delivery: Delivery) -> Delivery:
    """The delivery with all its pieces; itself when it has them. Waits for disks and confined processes.

    Its transfer syntax is the one it really got: as it lies when explicit VR little endian cannot be made of it.
    Raises BytesAway; NotCorrectable when corrections cannot be laid over it.
    """
    if delivery.is_prepared:
        return delivery
    instance, syntax = delivery.instance, delivery.transfer_syntax_uid
    try:
        if delivery.form is not None:
            pieces = corrected_pieces(library, instance, delivery.form)
        elif (ours := _ours(library, instance)) is not None:
            pieces = ours
        else:
            syntax, data_set = _decoded(library, instance)
            pieces = corrected_data_set(instance, syntax, data_set) if instance.corrections else (data_set,)
    except (MalformedDataSet, NotConvertible) as error:
        raise NotCorrectable(
            "A correction cannot be laid over this object.", sop_instance_uid=instance.sop_instance_uid
        ) from error
    head = file_meta(instance.sop_class_uid, instance.sop_instance_uid, syntax)
    return replace(delivery, transfer_syntax_uid=syntax, head=head, pieces=pieces)


def read_pieces(library: Library, delivery: Delivery) -> bytes:
    """The data set of a prepared delivery, read whole. Raises BytesAway."""
    return b"".join(
        bytes(library.files.read(piece)) if isinstance(piece, Extent) else piece for piece in delivery.pieces
    )


def make_file(library: Library, instance: InstanceView) -> tuple[str, bytes]:
    """(transfer syntax, file): in explicit VR little endian, or as it lies when that cannot be made of it."""
    found = delivery_of(instance, [EXPLICIT_VR_LITTLE_ENDIAN, STORED])
    assert found is not None
    delivery = prepared(library, found)
    return delivery.transfer_syntax_uid, delivery.head + read_pieces(library, delivery)


def _ours(library: Library, instance: InstanceView) -> tuple[bytes, ...] | None:
    """What we recompressed ourselves and nobody corrected, decoded in this process; None: the general path."""
    if instance.corrections or not is_ours(instance.form):
        return None
    return explicit_data_set(library, instance.form)


def _decoded(library: Library, instance: InstanceView) -> tuple[str, bytes]:
    """(transfer syntax, data set) in explicit VR little endian, if that can be made of it.

    A sealed object whose pixels we recompressed is rebuilt as received first; every other is read where it lies.
    """
    form = instance.form
    data_set, syntax = bytes(library.files.read(form.data_set)), form.transfer_syntax_uid
    packed = form.packed
    if packed is not None and packed.entry.rebuild is not Rebuild.VERBATIM and library.rebuild_received is not None:
        try:
            data_set = library.rebuild_received(library.store, packed.manifest, packed.entry)
        except (NoSuchObject, Damaged) as error:
            raise BytesAway("The object cannot be read now.", sop_instance_uid=instance.sop_instance_uid) from error
        syntax = packed.entry.received_transfer_syntax_uid
    if syntax == EXPLICIT_VR_LITTLE_ENDIAN:
        return syntax, data_set
    try:
        return EXPLICIT_VR_LITTLE_ENDIAN, library.confined.call(transcoded, data_set, syntax)
    except Invalid as error:  # and ConfinedFailure, which is one
        log.info("delivery.not-transcoded", sop_instance_uid=instance.sop_instance_uid, reason=error.reason)
        return syntax, data_set
