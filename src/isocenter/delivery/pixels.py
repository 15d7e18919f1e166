"""The pixels of one frame: the stored bytes, or native little endian samples decoded in a confined process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from isocenter.delivery import frames, own_packs
from isocenter.delivery.errors import NoPixels, NotDrawable
from isocenter.delivery.study_view import Form, InstanceView
from isocenter.kit.confined import ConfinedFailure
from isocenter.pixels.decode import decode_frame
from isocenter.pixels.description import ImageDescription, image_description
from isocenter.pixels.native import Samples
from isocenter.pixels.render import MAX_TABLE_BYTES
from isocenter.standards.dicom.elements import PIXEL_DATA, PixelDataSpan, inflate, scan
from isocenter.standards.dicom.json_model import JsonDataSet, data_set_to_json
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, TransferSyntax, transfer_syntax

if TYPE_CHECKING:
    from isocenter.delivery.library import Library

_INFLATED = TransferSyntax("", "inflated")


def stored_frame(library: Library, institution_id: int, instance: InstanceView, form: Form, frame_index: int) -> bytes:
    """The bytes of a frame as stored; native ones little endian from a whole byte. Raises NotDrawable, NoPixels."""
    return bytes(frame_as_read(library, institution_id, instance, form, frame_index))


def frame_as_read(
    library: Library, institution_id: int, instance: InstanceView, form: Form, frame_index: int
) -> bytes | bytearray:
    """`stored_frame`, without the copy that makes it bytes."""
    extents = library.frame_extents(institution_id, instance, form, frame_index)
    if extents is not None:
        pieces = [library.files.read(extent) for extent in extents]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if form.pixel_length is not None:
        return frames.derive_native(library.files, instance, form, frame_index)
    if form.syntax.deflated:
        data_set = bytes(library.files.read(form.data_set))
        return bytes(confined(library, deflated_frame, data_set, frame_index))
    raise NotDrawable("The fragments of the pixel data cannot be told apart into frames.", cause="fragments")


def is_small(instance: InstanceView) -> bool:
    """Whether drawing or decoding a frame takes so little that a connection may do it by itself."""
    return 0 < (instance.rows or 0) * (instance.columns or 0) <= frames.SMALL_PIXELS


def frame_at_hand(
    library: Library, institution_id: int, instance: InstanceView, form: Form, frame_index: int
) -> memoryview | None:
    """`frame_as_read` when its bytes lie together in memory; None: ask that. Never waits. Raises NoPixels.

    For the event loop alone: what it gives is good until it is called again, because fresh memory costs as much as
    reading into it.
    """
    frames.check_frame(instance, form, frame_index)
    extents = library.frame_extents_at_hand(institution_id, instance, form, frame_index)
    if extents is None or len(extents) != 1 or extents[0].length > len(library.scratch):
        return None
    frame = library.scratch[: extents[0].length]
    return frame if library.files.read_hot(extents[0], frame) else None


def decoded_frame(library: Library, institution_id: int, instance: InstanceView, form: Form, frame_index: int) -> bytes:
    """A frame as native little endian pixels, as an explicit VR little endian object would hold it.

    Raises NotDrawable, NoPixels, UndecodableFrame.
    """
    stored = stored_frame(library, institution_id, instance, form, frame_index)
    if not form.encapsulated:
        return stored
    if own_packs.is_ours(form):
        ours = own_packs.decoded_frame(library, form, stored, library.plain_grey(institution_id, form))
        if ours is not None:
            return ours
    header = bytes(library.files.read(form.within(0, form.header_length)))
    return bytes(confined(library, native_frame, header, form.transfer_syntax_uid, stored))


def confined(library: Library, function: Callable[..., bytes], *arguments: object) -> bytes:
    """A confined call whose failure means that there is no picture. Raises NotDrawable and what the function raises."""
    try:
        found = library.confined.call(function, *arguments)
    except ConfinedFailure as error:
        raise NotDrawable("The image could not be decoded.", cause=f"decoder-{error.what}") from error
    assert isinstance(found, (bytes, bytearray))
    return bytes(found)


# --- in a confined process ----------------------------------------------------------------------------------------


def native_frame(header: bytes, transfer_syntax_uid: str, frame: bytes) -> bytes:
    """Decode one frame to native little endian samples, colour by pixel, 1-bit samples packed."""
    _, description = described(header, transfer_syntax_uid)
    return native_bytes(decode_frame(frame, transfer_syntax_uid, description, to_rgb=False), description)


def native_bytes(pixels: Samples, description: ImageDescription) -> bytes:
    """A decoded frame as its bytes in explicit VR little endian (PS3.5 8.1)."""
    if description.bits_allocated == 1:
        return np.packbits(pixels.ravel(), bitorder="little").tobytes()
    return np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)).tobytes()


def described(header: bytes, transfer_syntax_uid: str) -> tuple[JsonDataSet, ImageDescription]:
    """The JSON model of a header and the image description in it. Raises MalformedDataSet, InvalidImageDescription."""
    syntax = transfer_syntax(transfer_syntax_uid)
    span = PixelDataSpan(PIXEL_DATA, b"OB" if syntax.encapsulated else b"OW", len(header), len(header), None)
    model = data_set_to_json(header, syntax, bulk_data_uri=str, pixel_data=span, max_inline_bytes=MAX_TABLE_BYTES)
    return model, image_description(model)


def deflated_frame(data_set: bytes, frame_index: int) -> bytes:
    """One frame of a deflated data set with native pixels. Raises NoPixels, NotDrawable, MalformedDataSet."""
    inflated = memoryview(inflate(memoryview(data_set)))
    span = scan(inflated, _INFLATED, frozenset()).pixel_data
    if span is None or span.length is None:
        raise NoPixels("This object has no native pixel data.")
    _, description = described(bytes(inflated[: span.element_offset]), EXPLICIT_VR_LITTLE_ENDIAN)
    bits = description.native_frame_bits
    first, last = bits * frame_index // 8, (bits * (frame_index + 1) + 7) // 8
    if last > span.length:
        raise NotDrawable("The pixel data is shorter than the object says.", cause="pixel-data-too-short")
    content = bytes(inflated[span.value_offset + first : span.value_offset + last])
    return content if bits % 8 == 0 else frames.cut_bits(content, bits * frame_index % 8, bits)
