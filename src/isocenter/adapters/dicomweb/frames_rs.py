"""WADO-RS frames (PS3.18 10.4.1.1.6): the hottest resource. A frame that lies somewhere is one read."""

from __future__ import annotations

from collections.abc import AsyncIterator

from isocenter.adapters.dicomweb.answers import Answer, Part, multipart, multipart_type
from isocenter.adapters.dicomweb.errors import BadParameter
from isocenter.adapters.dicomweb.negotiation import FrameForm, accepted, frame_form
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.adapters.dicomweb.retrieval import Retrieval
from isocenter.delivery.errors import BytesAway
from isocenter.delivery.frames import VIDEO, check_frame, label_of
from isocenter.delivery.pixels import decoded_frame, stored_frame
from isocenter.delivery.study_view import UNSCANNED, Form, InstanceView, StudyView
from isocenter.storage.extents import Extent
from isocenter.wire.multipart import closing, new_boundary, part_head

MAX_FRAMES_ASKED = 4096
MAX_FRAMES_AT_ONCE = 65_536
DIRECT_BYTES = 64 << 10
"""A frame of this size goes from its file to the socket; a smaller one is cheaper through memory."""


def frame_indexes(text: str) -> list[int]:
    """The frame list of a path, "1,2,3", as indexes from 0. Raises BadParameter."""
    pieces = text.split(",", MAX_FRAMES_ASKED)
    if len(pieces) > MAX_FRAMES_ASKED:
        raise BadParameter("Too many frames in one request.", limit=MAX_FRAMES_ASKED)
    if not all(piece.isascii() and piece.isdigit() and len(piece) < 10 and int(piece) > 0 for piece in pieces):
        raise BadParameter("Frames are asked for by their numbers from 1, separated by commas.")
    return [int(piece) - 1 for piece in pieces]


class FramesDoor:
    """Frames as they lie, or decoded to native little endian pixels."""

    def __init__(self, retrieval: Retrieval) -> None:
        self._retrieval = retrieval
        self._library = retrieval.library

    async def frames(self, request: DicomwebRequest) -> Answer:
        """GET …/frames/{list}."""
        try:
            return await self._frames(request)
        except BytesAway:
            view = self._library.view_at_hand(request.caller, request.study_instance_uid)
            if view is not None:
                self._library.locator.doubt(view)
            return await self._frames(request)

    async def _frames(self, request: DicomwebRequest) -> Answer:
        view, instance = await self._retrieval.view_of_instance(request)
        indexes = frame_indexes(request.segments[7])
        form = named_form(instance, request.accept()) or await self._retrieval.form(view, instance)
        for index in indexes:
            check_frame(instance, form, index)
        choice = frame_form(request.accept(), label_of(form), form.encapsulated, form.transfer_syntax_uid not in VIDEO)
        if len(indexes) == 1:
            return await self._one(view, instance, form, indexes[0], choice)
        return await self._several(view, instance, form, indexes, choice)

    async def all_frames(self, request: DicomwebRequest, view: StudyView, instance: InstanceView, form: Form) -> Answer:
        """The pixel data as bulk data: each frame a part, as stored unless the client asks otherwise."""
        if instance.number_of_frames > MAX_FRAMES_AT_ONCE:
            raise BadParameter("There are too many frames for one answer; ask for some.", limit=MAX_FRAMES_AT_ONCE)
        indexes = list(range(instance.number_of_frames))
        for index in indexes[:1]:
            check_frame(instance, form, index)
        accept = request.accept()
        choice = frame_form(accept, label_of(form), form.encapsulated, "transfer-syntax=1." in accept)
        return await self._several(view, instance, form, indexes, choice)

    async def _one(self, view: StudyView, instance: InstanceView, form: Form, index: int, choice: FrameForm) -> Answer:
        extents = None
        if choice.stored:
            extents = self._library.frame_extents_at_hand(view.institution_id, instance, form, index)
        if extents is not None and len(extents) == 1:
            return await self._in_one_read(extents[0], choice)
        content = await self._content(view, instance, form, index, choice)
        if not choice.multipart:
            return Answer(media_type=part_type(choice).encode(), body=content)
        boundary = new_boundary()
        body = b"".join((frame_head(boundary, choice), content, closing(boundary)))
        return Answer(media_type=multipart_type(boundary, choice.media_type), body=body)

    async def _in_one_read(self, extent: Extent, choice: FrameForm) -> Answer:
        head = tail = boundary = b""
        if choice.multipart:
            boundary = new_boundary()
            head, tail = frame_head(boundary, choice), closing(boundary)
        media_type = multipart_type(boundary, choice.media_type) if boundary else part_type(choice).encode()
        if extent.length >= DIRECT_BYTES:
            self._library.files.check(extent.source)
            plan = self._retrieval.sending.plan([part for part in (head, extent, tail) if part], large=False)
            return Answer(media_type=media_type, plan=plan, length=plan.length)
        body = bytearray(len(head) + extent.length + len(tail))
        end = len(head) + extent.length
        body[: len(head)] = head
        body[end:] = tail
        await self._retrieval.sending.fill(extent, memoryview(body)[len(head) : end])
        return Answer(media_type=media_type, body=body)

    async def _content(
        self, view: StudyView, instance: InstanceView, form: Form, index: int, choice: FrameForm
    ) -> bytes:
        read = self._retrieval.run if choice.stored else self._retrieval.work
        function = stored_frame if choice.stored else decoded_frame
        return await read(function, self._library, view.institution_id, instance, form, index)

    async def _several(
        self, view: StudyView, instance: InstanceView, form: Form, indexes: list[int], choice: FrameForm
    ) -> Answer:
        """Several frames in one multipart answer; of unknown length when they are decoded one by one meanwhile."""
        self._retrieval.sending.admit()
        parts = []
        for index in indexes:
            length = None
            if choice.stored:
                extents = await self._extents(view, instance, form, index)
                length = None if extents is None else sum(extent.length for extent in extents)
            pieces = self._pieces(view, instance, form, index, choice)
            parts.append(Part((("Content-Type", part_type(choice)),), length, pieces))
        answer = multipart(parts, choice.media_type)
        assert answer.pieces is not None
        answer.pieces = self._retrieval.sending.counted(answer.pieces)
        return answer

    async def _extents(
        self, view: StudyView, instance: InstanceView, form: Form, index: int
    ) -> tuple[Extent, ...] | None:
        known = self._library.frame_extents_at_hand(view.institution_id, instance, form, index)
        if known is not None or not form.encapsulated:
            return known
        return await self._retrieval.run(self._library.frame_extents, view.institution_id, instance, form, index)

    async def _pieces(
        self, view: StudyView, instance: InstanceView, form: Form, index: int, choice: FrameForm
    ) -> AsyncIterator[bytes]:
        extents = await self._extents(view, instance, form, index) if choice.stored else None
        if extents is None:
            yield await self._content(view, instance, form, index, choice)
            return
        async for piece in self._retrieval.sending.extents(extents):
            yield piece


def named_form(instance: InstanceView, accept: str) -> Form | None:
    """The form in the transfer syntax that a client wants most by its name, if the instance lies in it; else None.

    A sealed image that is still in the journal too is given as received to whoever takes anything: that is read
    fastest. A client on a slow line names the syntax of our packs first.
    """
    if len(instance.forms) < 2:
        return None
    wanted = accepted(accept)[0].transfer_syntax
    found = next((form for form in instance.forms if form.transfer_syntax_uid == wanted), None)
    return found if found is not None and found.header_length != UNSCANNED else None


def part_type(choice: FrameForm) -> str:
    """The media type of a frame with its transfer syntax."""
    return f"{choice.media_type}; transfer-syntax={choice.transfer_syntax}"


def frame_head(boundary: bytes, choice: FrameForm) -> bytes:
    """What goes before the bytes of a frame that is the only part."""
    return part_head(boundary, (("Content-Type", part_type(choice)),), first=True)
