"""WADO-RS bulk data (PS3.18 10.4.1.1.4): the value that a BulkDataURI names, with Range, and all of an object's values.

Values in the header are found in a confined process; pixel data is sent from where it lies. A video is one stream,
given alone under its own media type so that players can ask for ranges of it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import msgspec

from isocenter.adapters.dicomweb.answers import Answer, Part, multipart, multipart_type, once
from isocenter.adapters.dicomweb.frames_rs import FramesDoor
from isocenter.adapters.dicomweb.negotiation import (
    FRAME_MEDIA_TYPES,
    OCTET_STREAM,
    STORED,
    NotAcceptable,
    Range,
    accepted,
)
from isocenter.adapters.dicomweb.ranges import ranged
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.adapters.dicomweb.retrieval import Retrieval, addressed
from isocenter.delivery.bulk_data import bulk_data_of
from isocenter.delivery.errors import UnknownBulkData
from isocenter.delivery.frames import BIG_ENDIAN_PIXELS, VIDEO
from isocenter.delivery.metadata import metadata_of
from isocenter.delivery.study_view import Form, InstanceView, StudyView
from isocenter.storage.extents import Extent
from isocenter.wire.multipart import closing, new_boundary, part_head

PIXEL_DATA = "7FE00010"
PIXELS = frozenset({PIXEL_DATA, "7FE00008", "7FE00009"})
"""Pixel Data, Float Pixel Data, Double Float Pixel Data."""
_MARK = "bulkdata/"


class BulkDataDoor:
    """Bulk data of one process."""

    def __init__(self, retrieval: Retrieval, frames: FramesDoor) -> None:
        self._retrieval = retrieval
        self._library = retrieval.library
        self._frames = frames

    async def bulk_data(self, request: DicomwebRequest) -> Answer:
        """GET …/instances/*/bulkdata/{path}; without a path, all values of the instance."""
        path = request.segments[7:]
        if not path:
            return await self.all_bulk_data(request)
        view, instance = await self._retrieval.view_of_instance(request)
        if [segment.upper() for segment in path] == [PIXEL_DATA]:
            form = await self._retrieval.form(view, instance)
            if form.pixel_offset is not None:
                return await self._pixel_data(request, view, instance, form)
        wanted = _alone(request.accept(), OCTET_STREAM)
        content = await self._retrieval.work(bulk_data_of, self._library, view.institution_id, instance, path)
        if wanted:
            return ranged(self._retrieval.sending, request.header(b"range"), [content], OCTET_STREAM)
        return multipart([Part((("Content-Type", OCTET_STREAM),), len(content), once(content))], OCTET_STREAM)

    async def _pixel_data(
        self, request: DicomwebRequest, view: StudyView, instance: InstanceView, form: Form
    ) -> Answer:
        """Native pixels and videos alone and in ranges where the client takes them so; else each frame a part."""
        accept, range_header = request.accept(), request.header(b"range")
        if form.transfer_syntax_uid in VIDEO:
            return await self.video(request, view, instance, form)
        native = form.pixel_length is not None and form.transfer_syntax_uid not in BIG_ENDIAN_PIXELS
        if native and form.pixel_offset is not None and form.pixel_length and _alone(accept, OCTET_STREAM):
            extent = form.within(form.pixel_offset, form.pixel_length)
            return ranged(self._retrieval.sending, range_header, [extent], OCTET_STREAM)
        return await self._frames.all_frames(request, view, instance, form)

    async def video(self, request: DicomwebRequest, view: StudyView, instance: InstanceView, form: Form) -> Answer:
        """The stream of a video: alone, in ranges, unless the client asks for multipart. Raises NotAcceptable."""
        extents = await self._retrieval.run(self._library.frame_extents, view.institution_id, instance, form, 0)
        if extents is None:
            raise UnknownBulkData("The instance has no such bulk data.", sop_instance_uid=instance.sop_instance_uid)
        media_type = FRAME_MEDIA_TYPES[form.transfer_syntax_uid]
        wanted, offer = _of_video(request.accept(), form.transfer_syntax_uid, media_type)
        if wanted.multipart:
            length = sum(extent.length for extent in extents)
            part = Part((("Content-Type", offer),), length, self._retrieval.sending.pieces(extents))
            return multipart([part], offer)
        etag = f'"{instance.digest.hex()[:32]}"'.encode()
        return ranged(self._retrieval.sending, request.header(b"range"), extents, offer, etag)

    async def all_bulk_data(self, request: DicomwebRequest) -> Answer:
        """GET …/studies/*/bulkdata, …/series/*/bulkdata, …/instances/*/bulkdata: every value, each a part."""
        return await self._all(request, lambda _: True)

    async def pixel_data(self, request: DicomwebRequest) -> Answer:
        """GET …/studies/*/pixeldata, …/series/*/pixeldata, …/instances/*/pixeldata: the pixels among them."""
        return await self._all(request, PIXELS.__contains__)

    async def _all(self, request: DicomwebRequest, wanted_path: Callable[[str], bool]) -> Answer:
        if not any(
            wanted.matches(OCTET_STREAM) and (wanted.multipart or "*" in wanted.media_type)
            for wanted in accepted(request.accept())
        ):
            raise NotAcceptable('Bulk data of several elements is given as multipart/related; type="' + OCTET_STREAM)
        view = await self._retrieval.view(request)
        _, instances = addressed(request, view)
        self._retrieval.sending.admit()
        boundary = new_boundary()
        parts = self._parts(request, view, instances, boundary, wanted_path)
        pieces = self._retrieval.sending.counted(parts)
        return Answer(media_type=multipart_type(boundary, OCTET_STREAM), pieces=pieces, length=None)

    async def _parts(
        self,
        request: DicomwebRequest,
        view: StudyView,
        instances: tuple[InstanceView, ...],
        boundary: bytes,
        wanted_path: Callable[[str], bool],
    ) -> AsyncGenerator[bytes, None]:
        first = True
        base = f"{request.base_url()}/studies/{view.study_instance_uid}/series/"
        for instance in instances:
            text = await self._retrieval.work(metadata_of, self._library, view, [instance], "")
            address = f"{base}{instance.series_instance_uid}/instances/{instance.sop_instance_uid}/bulkdata/"
            for path in filter(wanted_path, bulk_data_paths(msgspec.json.decode(text)[0])):
                syntax, pieces = await self._value(view, instance, path)
                headers = (
                    ("Content-Type", OCTET_STREAM + (f"; transfer-syntax={syntax}" if syntax else "")),
                    ("Content-Location", address + path),
                )
                yield part_head(boundary, headers, first=first)
                async for piece in pieces:
                    yield piece
                first = False
        yield closing(boundary) if not first else b"--" + boundary + b"--\r\n"

    async def _value(self, view: StudyView, instance: InstanceView, path: str) -> tuple[str, AsyncIterator[bytes]]:
        """(transfer syntax if it matters, the value): encapsulated pixel data as it lies, items and all."""
        if path.upper() == PIXEL_DATA:
            form = await self._retrieval.form(view, instance)
            if form.pixel_offset is not None:
                length = form.pixel_length
                if length is None:
                    length = form.data_set.length - form.pixel_offset
                    return form.transfer_syntax_uid, self._pixels(form, form.pixel_offset, length)
                return "", self._pixels(form, form.pixel_offset, length)
        content = await self._retrieval.work(
            bulk_data_of, self._library, view.institution_id, instance, path.split("/")
        )
        return "", once(content)

    def _pixels(self, form: Form, offset: int, length: int) -> AsyncIterator[bytes]:
        extents: list[bytes | Extent] = [form.within(offset, length)]
        return self._retrieval.sending.pieces(extents)


def bulk_data_paths(data_set: Mapping[str, Any]) -> Iterator[str]:
    """The paths below …/bulkdata/ that the metadata of an instance names, in their order."""
    for element in data_set.values():
        uri = element.get("BulkDataURI")
        if isinstance(uri, str) and _MARK in uri:
            yield uri.rpartition(f"/{_MARK}")[2] if f"/{_MARK}" in uri else uri.removeprefix(_MARK)
        if element.get("vr") == "SQ":
            for item in element.get("Value") or ():
                yield from bulk_data_paths(item or {})


def _alone(accept: str, media_type: str) -> bool:
    """Whether the client names the media type outside multipart/related."""
    return any(wanted.media_type == media_type and not wanted.multipart for wanted in accepted(accept))


def _of_video(accept: str, syntax: str, media_type: str) -> tuple[Range, str]:
    """The range of an Accept header that takes a stored video, and the media type that it is then given as."""
    for wanted in accepted(accept):
        if wanted.transfer_syntax not in (None, STORED, syntax):
            continue
        if wanted.matches(media_type):
            return wanted, media_type
        if wanted.matches(OCTET_STREAM) and (wanted.transfer_syntax or not wanted.multipart):
            return wanted, OCTET_STREAM
    raise NotAcceptable(f"The video is given as {media_type}.", transfer_syntax_uid=syntax)
