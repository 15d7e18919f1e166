"""WADO-RS (PS3.18 10.4): studies, series, instances, metadata, bulk data. Frames and pictures have their own doors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from isocenter.adapters.dicomweb.answers import Answer, Part, multipart, once
from isocenter.adapters.dicomweb.frames_rs import FramesDoor
from isocenter.adapters.dicomweb.negotiation import (
    DICOM,
    DICOM_JSON,
    OCTET_STREAM,
    NotAcceptable,
    accepted,
    choose,
    dicom_forms,
)
from isocenter.adapters.dicomweb.rendered_rs import RenderedDoor
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.adapters.dicomweb.retrieval import Retrieval, addressed, matches
from isocenter.delivery.bulk_data import bulk_data_of
from isocenter.delivery.instances import Delivery, delivery_of, prepared
from isocenter.delivery.library import Library
from isocenter.delivery.metadata import metadata_answer, metadata_etag

Handler = Callable[[DicomwebRequest], Awaitable[Answer]]


class RetrieveDoor:
    """The retrieve service of one process."""

    def __init__(self, library: Library) -> None:
        self._retrieval = Retrieval(library)
        self._library = library
        self._frames = FramesDoor(self._retrieval)
        self._rendered = RenderedDoor(self._retrieval)

    def resources(self) -> dict[str, Handler]:
        """Handlers by resource, for the router."""
        study, series = "studies/*", "studies/*/series/*"
        instance = f"{series}/instances/*"
        found: dict[str, Handler] = {f"{instance}/frames/*": self._frames.frames}
        for resource in (study, series, instance):
            found[resource] = self._retrieval.retrying(self.objects)
            found[f"{resource}/metadata"] = self._retrieval.retrying(self.metadata)
            found[f"{resource}/rendered"] = self._retrieval.retrying(self._rendered.rendered)
            found[f"{resource}/thumbnail"] = self._retrieval.retrying(self._rendered.thumbnail)
        found[f"{instance}/frames/*/rendered"] = self._retrieval.retrying(self._rendered.rendered)
        found[f"{instance}/frames/*/thumbnail"] = self._retrieval.retrying(self._rendered.thumbnail)
        found[f"{instance}/bulkdata"] = self._retrieval.retrying(self.bulk_data)
        return found

    def close(self) -> None:
        """End the threads."""
        self._retrieval.close()

    async def objects(self, request: DicomwebRequest) -> Answer:
        """Objects as files, each a part of a multipart answer; one object alone as application/dicom if so asked."""
        forms = dicom_forms(request.accept())
        view = await self._retrieval.view(request)
        _, instances = addressed(request, view)
        deliveries = [delivery_of(instance, [form.transfer_syntax for form in forms]) for instance in instances]
        missing = next((one for one, found in zip(instances, deliveries, strict=True) if found is None), None)
        if missing is not None:
            raise NotAcceptable(
                "An object cannot be given in a transfer syntax that the Accept header names.",
                sop_instance_uid=missing.sop_instance_uid,
                transfer_syntax_uid=missing.form.transfer_syntax_uid,
            )
        found = [delivery for delivery in deliveries if delivery is not None]
        self._retrieval.sending.admit()
        await self._retrieval.run(self._retrieval.check_here, found)
        if not forms[0].multipart and len(found) == 1:
            return await self._alone(found[0])
        parts = [self._part(request, delivery) for delivery in found]
        answer = multipart(parts, DICOM)
        assert answer.pieces is not None
        answer.pieces = self._retrieval.sending.counted(answer.pieces)
        return answer

    async def _alone(self, delivery: Delivery) -> Answer:
        if not delivery.is_prepared:
            delivery = await self._retrieval.work(prepared, self._library, delivery)
        pieces = self._retrieval.sending.counted(self._pieces(delivery))
        return Answer(media_type=_dicom_type(delivery.transfer_syntax_uid), pieces=pieces, length=delivery.length)

    def _part(self, request: DicomwebRequest, delivery: Delivery) -> Part:
        instance = delivery.instance
        location = (
            f"{request.base_url()}/studies/{request.segments[1]}/series/{instance.series_instance_uid}"
            f"/instances/{instance.sop_instance_uid}"
        )
        syntax = delivery.transfer_syntax_uid
        headers = (("Content-Type", _dicom_type(syntax).decode()), ("Content-Location", location))
        return Part(headers, delivery.length, self._pieces(delivery))

    async def _pieces(self, delivery: Delivery) -> AsyncIterator[bytes]:
        if not delivery.is_prepared:
            delivery = await self._retrieval.work(prepared, self._library, delivery)
        yield delivery.head
        async for piece in self._retrieval.sending.pieces(delivery.pieces):
            yield piece

    async def metadata(self, request: DicomwebRequest) -> Answer:
        """DICOM JSON, gzip when accepted, with a weak ETag that follows the study's version."""
        media_type = choose(request.accept(), [DICOM_JSON, "application/json"])
        view = await self._retrieval.view(request)
        scope, instances = addressed(request, view)
        base_url = request.base_url()
        etag = metadata_etag(view, scope, base_url)
        headers = [(b"etag", etag), (b"vary", b"accept, accept-encoding")]
        if matches(request.header(b"if-none-match"), etag):
            return Answer(status=304, headers=headers)
        compressed = "gzip" in request.header(b"accept-encoding").lower()
        body = await self._retrieval.work(
            metadata_answer, self._library, view, scope, instances, base_url, compressed=compressed
        )
        if compressed:
            headers.append((b"content-encoding", b"gzip"))
        return Answer(media_type=media_type.encode(), body=body, headers=headers)

    async def bulk_data(self, request: DicomwebRequest) -> Answer:
        """The value that a BulkDataURI of the metadata names; of encapsulated pixel data one part for each frame."""
        view, instance = await self._retrieval.view_of_instance(request)
        path = request.segments[7:]
        if [segment.upper() for segment in path] == ["7FE00010"]:
            form = await self._retrieval.form(view, instance)
            if form.pixel_offset is not None:
                return await self._frames.all_frames(request, view, instance, form)
        content = await self._retrieval.work(bulk_data_of, self._library, view.institution_id, instance, path)
        if any(wanted.media_type == OCTET_STREAM and not wanted.multipart for wanted in accepted(request.accept())):
            return Answer(media_type=OCTET_STREAM.encode(), body=content)
        return multipart([Part((("Content-Type", OCTET_STREAM),), len(content), once(content))], OCTET_STREAM)


def _dicom_type(transfer_syntax_uid: str) -> bytes:
    return f"{DICOM}; transfer-syntax={transfer_syntax_uid}".encode()
