"""Frames that can be answered without waiting for anything: asked by the connection itself, with no task in between.

A viewer asks for frames by the thousand, and what stands around a request costs more than the frame. Whatever is less
simple here is no answer, and takes the way of every other request: a caller who was not looked up just now, a study
whose look is not on record, bytes that are not in memory, a query, an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isocenter.access.caller import Caller
from isocenter.adapters.dicomweb.answers import COMMON_HEADERS, multipart_type
from isocenter.adapters.dicomweb.frames_rs import DIRECT_BYTES, frame_head, named_form, part_type
from isocenter.adapters.dicomweb.negotiation import FrameForm, frame_form
from isocenter.adapters.dicomweb.router import PREFIX, DicomwebService
from isocenter.delivery.frames import VIDEO, check_frame, label_of
from isocenter.kit.errors import IsocenterError
from isocenter.storage.extents import Extent
from isocenter.wire.direct_sending import FileRange
from isocenter.wire.multipart import closing, new_boundary

Headers = Sequence[tuple[bytes, bytes]]

_COMMON = b"".join(b"%s: %s\r\n" % header for header in COMMON_HEADERS)
_WITH_A_BODY = frozenset({b"content-length", b"transfer-encoding", b"upgrade", b"expect"})
_MOST_FRAME_DIGITS = 9


@dataclass(frozen=True, slots=True)
class AtOnce:
    """An answer 200. head: its header lines, each ended, without those of every answer; pieces: the body, in order."""

    head: bytes
    pieces: tuple[bytes | FileRange, ...]
    path: str
    caller_id: str


class FramesAtOnce:
    """Of one process, on its event loop. Called with the URL and the headers (names in lower case) of a GET request."""

    def __init__(self, service: DicomwebService, prefix: str = PREFIX) -> None:
        self._service = service
        self._library = service.library
        self._prefix = f"{prefix}/studies/".encode("ascii")

    def __call__(self, url: bytes, headers: Headers) -> AtOnce | None:
        """The answer; None: ask the service."""
        if not url.startswith(self._prefix) or b"/frames/" not in url or b"?" in url or b"%" in url:
            return None
        accept = b""
        for name, value in headers:
            if name in _WITH_A_BODY or (name == b"accept" and accept):
                return None
            if name == b"accept":
                accept = value
        caller = self._service.caller_at_hand(headers)
        path = url.decode("ascii", "replace")
        names = path[len(self._prefix) :].split("/")
        if caller is None or len(names) != 7 or (names[1], names[3], names[5]) != ("series", "instances", "frames"):
            return None
        try:
            found = self._frame(caller, names, accept.decode("latin-1"))
        except IsocenterError:
            return None  # said by the service, which looks again
        return None if found is None else self._answer(path, caller, *found)

    def _frame(self, caller: Caller, names: Sequence[str], accept: str) -> tuple[Extent, FrameForm] | None:
        """Where the frame lies, and how it is wanted; None when that is not known without waiting."""
        study, _, series, _, uid, _, number = names
        if not (number.isascii() and number.isdigit() and len(number) <= _MOST_FRAME_DIGITS):
            return None
        view = self._library.view_at_hand(caller, study)
        instance = None if view is None else view.instances.get(uid)
        if view is None or instance is None or instance.series_instance_uid != series:
            return None
        form = named_form(instance, accept) or self._library.form_at_hand(view.institution_id, instance)
        if form is None:
            return None
        index = int(number) - 1
        check_frame(instance, form, index)
        choice = frame_form(accept, label_of(form), form.encapsulated, form.transfer_syntax_uid not in VIDEO)
        if not choice.stored:
            return None
        extents = self._library.frame_extents_at_hand(view.institution_id, instance, form, index)
        return None if extents is None or len(extents) != 1 else (extents[0], choice)

    def _answer(self, path: str, caller: Caller, extent: Extent, choice: FrameForm) -> AtOnce | None:
        content = self._content(extent)
        if content is None:
            return None
        before = after = b""
        media_type = part_type(choice).encode("ascii")
        if choice.multipart:
            boundary = new_boundary()
            before, after = frame_head(boundary, choice), closing(boundary)
            media_type = multipart_type(boundary, choice.media_type)
        length = len(before) + extent.length + len(after)
        head = b"content-length: %d\r\ncontent-type: %s\r\n%s" % (length, media_type, _COMMON)
        pieces = tuple(piece for piece in (before, content, after) if piece)
        return AtOnce(head, pieces, path, caller.id)

    def _content(self, extent: Extent) -> bytes | FileRange | None:
        """The frame, when its bytes are in memory."""
        files = self._library.files
        if extent.length < DIRECT_BYTES:
            buffer = bytearray(extent.length)
            return bytes(buffer) if files.read_hot(extent, memoryview(buffer)) else None
        opened = files.opened(extent.source) if files.is_hot(extent) else None
        return None if opened is None else FileRange(opened[0], extent.offset, extent.length, opened[1])
