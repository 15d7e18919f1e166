"""One stored frame, answered by the connection (see `at_once`): from memory, or by the kernel from its file."""

from __future__ import annotations

from isocenter.adapters.dicomweb.answers import COMMON_LINES, multipart_type
from isocenter.adapters.dicomweb.frames_rs import DIRECT_BYTES, frame_head, named_form, part_type
from isocenter.adapters.dicomweb.negotiation import FrameForm, frame_form
from isocenter.delivery.frames import VIDEO, check_frame, label_of
from isocenter.delivery.library import Library
from isocenter.delivery.study_view import InstanceView, StudyView
from isocenter.storage.extents import Extent
from isocenter.wire.direct_sending import FileRange
from isocenter.wire.multipart import closing, new_boundary

MOST_FRAME_DIGITS = 9


def frame_at_once(
    library: Library, view: StudyView, instance: InstanceView, path: str, accept: str, query: str
) -> tuple[bytes, tuple[bytes | FileRange, ...]] | None:
    """path: "frames/{one number}"."""
    index = frame_index(path.removeprefix("frames/"))
    if query or index is None:
        return None
    form = named_form(instance, accept) or library.form_at_hand(view.institution_id, instance)
    if form is None:
        return None
    check_frame(instance, form, index)
    choice = frame_form(accept, label_of(form), form.encapsulated, form.transfer_syntax_uid not in VIDEO)
    if not choice.stored:
        return None
    extents = library.frame_extents_at_hand(view.institution_id, instance, form, index)
    return None if extents is None or len(extents) != 1 else _answer(library, extents[0], choice)


def frame_index(number: str) -> int | None:
    """The index, from 0, of the one frame that is named by a short decimal number; else None."""
    if not (number.isascii() and number.isdigit() and len(number) <= MOST_FRAME_DIGITS):
        return None
    return int(number) - 1


def _answer(library: Library, extent: Extent, choice: FrameForm) -> tuple[bytes, tuple[bytes | FileRange, ...]] | None:
    content = _content(library, extent)
    if content is None:
        return None
    before = after = b""
    media_type = part_type(choice).encode("ascii")
    if choice.multipart:
        boundary = new_boundary()
        before, after = frame_head(boundary, choice), closing(boundary)
        media_type = multipart_type(boundary, choice.media_type)
    length = len(before) + extent.length + len(after)
    head = b"content-length: %d\r\ncontent-type: %s\r\n%s" % (length, media_type, COMMON_LINES)
    return head, tuple(piece for piece in (before, content, after) if piece)


def _content(library: Library, extent: Extent) -> bytes | FileRange | None:
    """The frame, when its bytes are in memory."""
    files = library.files
    if extent.length < DIRECT_BYTES:
        buffer = bytearray(extent.length)
        return bytes(buffer) if files.read_hot(extent, memoryview(buffer)) else None
    opened = files.opened(extent.source) if files.is_hot(extent) else None
    return None if opened is None else FileRange(opened[0], extent.offset, extent.length, opened[1])
