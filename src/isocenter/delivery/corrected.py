"""Data sets with their corrections laid over the header; pixels, and whatever else is long, stay where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isocenter.delivery.errors import NotCorrectable
from isocenter.delivery.study_view import UNSCANNED, Form, InstanceView
from isocenter.standards.dicom.elements import scan
from isocenter.standards.dicom.overlay import can_overlay, overlay_pieces
from isocenter.standards.dicom.transfer_syntaxes import TransferSyntax, transfer_syntax
from isocenter.storage.extents import Extent

if TYPE_CHECKING:
    from isocenter.delivery.library import Library

LEFT_WHERE_IT_LIES_BYTES: Final = 64 << 10


def corrected_pieces(library: Library, instance: InstanceView, form: Form) -> tuple[bytes | Extent, ...]:
    """The data set of a form that `can_overlay`, in pieces. Raises BytesAway, MalformedDataSet, NotConvertible."""
    length = _header_length(library, form)
    header = library.files.view(form.within(0, length))
    pieces: list[bytes | Extent] = []
    try:
        for one in overlay_pieces(header, form.syntax, instance.corrections, instance.default_character_set):
            if isinstance(one, tuple) and one[1] >= LEFT_WHERE_IT_LIES_BYTES:
                pieces.append(form.within(*one))
            else:
                part = bytes(header[one[0] : one[0] + one[1]]) if isinstance(one, tuple) else one
                if pieces and isinstance(pieces[-1], bytes):
                    pieces[-1] += part
                else:
                    pieces.append(part)
    finally:
        header.release()
    rest = form.data_set.length - length
    return (*pieces, form.within(length, rest)) if rest else tuple(pieces)


def corrected_data_set(instance: InstanceView, transfer_syntax_uid: str, data_set: bytes) -> tuple[bytes, ...]:
    """The same for a data set in memory. Raises NotCorrectable, MalformedDataSet, NotConvertible."""
    syntax = transfer_syntax(transfer_syntax_uid)
    if not can_overlay(syntax):
        raise NotCorrectable(
            "A correction cannot be laid over this object.", sop_instance_uid=instance.sop_instance_uid
        )
    view = memoryview(data_set)
    length = _before_pixels(view, syntax)
    found = overlay_pieces(view[:length], syntax, instance.corrections, instance.default_character_set)
    parts = [bytes(view[one[0] : one[0] + one[1]]) if isinstance(one, tuple) else one for one in found]
    return (b"".join(parts), data_set[length:]) if length < len(data_set) else (b"".join(parts),)


def _header_length(library: Library, form: Form) -> int:
    if form.header_length != UNSCANNED:
        return form.header_length
    data = library.files.view(form.data_set)
    try:
        return _before_pixels(data, form.syntax)
    finally:
        data.release()


def _before_pixels(data: memoryview, syntax: TransferSyntax) -> int:
    span = scan(data, syntax, frozenset()).pixel_data
    return len(data) if span is None else span.element_offset
