"""One frame, answered by the connection (see `at_once`): from memory, by the kernel from its file, or decoded."""

from __future__ import annotations

from isocenter.adapters.dicomweb.answers import COMMON_LINES, multipart_type
from isocenter.adapters.dicomweb.frames_rs import DIRECT_BYTES, frame_head, named_form, part_type
from isocenter.adapters.dicomweb.negotiation import FrameForm, frame_form
from isocenter.delivery import own_packs
from isocenter.delivery.frames import VIDEO, check_frame, label_of
from isocenter.delivery.library import Library
from isocenter.delivery.pixels import frame_at_hand, is_small
from isocenter.delivery.study_view import Form, InstanceView, StudyView
from isocenter.storage.extents import Extent
from isocenter.wire.direct_sending import FileRange, Piece
from isocenter.wire.multipart import closing, new_boundary

MOST_FRAME_DIGITS = 9


def frame_at_once(
    library: Library, view: StudyView, instance: InstanceView, path: str, accept: str, query: str, *, decoding: bool
) -> tuple[bytes, tuple[Piece, ...]] | None:
    """path: "frames/{one number}". decoding: small frames that we recompressed as well, which take two milliseconds."""
    index = frame_index(path.removeprefix("frames/"))
    if query or index is None:
        return None
    form = named_form(instance, accept) or library.form_at_hand(view.institution_id, instance)
    if form is None:
        return None
    check_frame(instance, form, index)
    choice = frame_form(accept, label_of(form), form.encapsulated, form.transfer_syntax_uid not in VIDEO)
    if not choice.stored:
        decoded = _decoded(library, view, instance, form, index) if decoding else None
        return None if decoded is None else _answer(decoded, len(decoded), choice)
    extents = library.frame_extents_at_hand(view.institution_id, instance, form, index)
    content = _content(library, extents[0]) if extents is not None and len(extents) == 1 else None
    return None if extents is None or content is None else _answer(content, extents[0].length, choice)


def frame_index(number: str) -> int | None:
    """The index, from 0, of the one frame that is named by a short decimal number; else None."""
    if not (number.isascii() and number.isdigit() and len(number) <= MOST_FRAME_DIGITS):
        return None
    return int(number) - 1


def _answer(content: Piece, length: int, choice: FrameForm) -> tuple[bytes, tuple[Piece, ...]]:
    before = after = b""
    media_type = part_type(choice).encode("ascii")
    if choice.multipart:
        boundary = new_boundary()
        before, after = frame_head(boundary, choice), closing(boundary)
        media_type = multipart_type(boundary, choice.media_type)
    length += len(before) + len(after)
    head = b"content-length: %d\r\ncontent-type: %s\r\n%s" % (length, media_type, COMMON_LINES)
    return head, tuple(piece for piece in (before, content, after) if piece)


def _decoded(library: Library, view: StudyView, instance: InstanceView, form: Form, index: int) -> bytes | None:
    """The frame as native pixels, when it was recompressed by us and is in memory."""
    plain = library.plain_grey_at_hand(view.institution_id, form)
    if plain is None or not own_packs.is_ours(form) or not is_small(instance):
        return None
    frame = frame_at_hand(library, view.institution_id, instance, form, index)
    return None if frame is None else own_packs.decoded_frame(library, form, frame, plain)


def _content(library: Library, extent: Extent) -> Piece | None:
    """The frame, when its bytes are in memory."""
    files = library.files
    if extent.length < DIRECT_BYTES:
        buffer = bytearray(extent.length)
        return bytes(buffer) if files.read_hot(extent, memoryview(buffer)) else None
    opened = files.opened(extent.source) if files.is_hot(extent) else None
    return None if opened is None else FileRange(opened, extent.offset, extent.length)
