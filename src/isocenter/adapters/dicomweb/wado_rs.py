"""WADO-RS (PS3.18 10.4) and WADO-URI (9): which door answers which resource, and metadata."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from isocenter.adapters.dicomweb import wado_uri
from isocenter.adapters.dicomweb.answers import Answer, Headers
from isocenter.adapters.dicomweb.bulk_data_rs import BulkDataDoor
from isocenter.adapters.dicomweb.descriptions import description_type, xml_answer
from isocenter.adapters.dicomweb.frames_rs import FramesDoor
from isocenter.adapters.dicomweb.negotiation import DICOM_XML
from isocenter.adapters.dicomweb.objects_rs import ObjectsDoor
from isocenter.adapters.dicomweb.rendered_rs import RenderedDoor
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.adapters.dicomweb.retrieval import Retrieval, addressed, matches
from isocenter.adapters.dicomweb.wado_uri import UriDoor
from isocenter.delivery.library import Library
from isocenter.delivery.metadata import metadata_answer, metadata_etag, metadata_of
from isocenter.delivery.study_view import InstanceView, StudyView

Handler = Callable[[DicomwebRequest], Awaitable[Answer]]


class RetrieveDoor:
    """The retrieve service of one process."""

    def __init__(self, library: Library) -> None:
        self._retrieval = Retrieval(library)
        self._library = library
        self._frames = FramesDoor(self._retrieval)
        self._bulk_data = BulkDataDoor(self._retrieval, self._frames)
        self._rendered = RenderedDoor(self._retrieval, self._bulk_data.video)
        self._objects = ObjectsDoor(self._retrieval)

    def resources(self) -> dict[str, Handler]:
        """Handlers by resource, for the router."""
        study, series = "studies/*", "studies/*/series/*"
        instance = f"{series}/instances/*"
        retrying = self._retrieval.retrying
        found: dict[str, Handler] = {f"{instance}/frames/*": self._frames.frames}
        for resource in (study, series, instance):
            found[resource] = retrying(self._objects.objects)
            found[f"{resource}/metadata"] = retrying(self.metadata)
            found[f"{resource}/rendered"] = retrying(self._rendered.rendered)
            found[f"{resource}/thumbnail"] = retrying(self._rendered.thumbnail)
            found[f"{resource}/bulkdata"] = retrying(self._bulk_data.all_bulk_data)
            found[f"{resource}/pixeldata"] = retrying(self._bulk_data.pixel_data)
        found[f"{instance}/frames/*/rendered"] = retrying(self._rendered.rendered)
        found[f"{instance}/frames/*/thumbnail"] = retrying(self._rendered.thumbnail)
        found[f"{instance}/bulkdata"] = retrying(self._bulk_data.bulk_data)
        found[wado_uri.RESOURCE] = UriDoor(self._retrieval, found[instance], found[f"{instance}/rendered"]).wado
        return found

    def close(self) -> None:
        """End the threads."""
        self._retrieval.close()

    async def metadata(self, request: DicomwebRequest) -> Answer:
        """DICOM JSON or XML, gzip when accepted, with a weak ETag that follows the study's version."""
        media_type = description_type(request.accept())
        view = await self._retrieval.view(request)
        scope, instances = addressed(request, view)
        base_url = request.base_url()
        as_xml = media_type == DICOM_XML
        etag = metadata_etag(view, f"{scope} xml" if as_xml else scope, base_url)
        headers = [(b"etag", etag), (b"vary", b"accept, accept-encoding")]
        if matches(request.header(b"if-none-match"), etag):
            return Answer(status=304, headers=headers)
        if as_xml:
            return await self._retrieval.work(self._xml, view, instances, base_url, headers)
        compressed = "gzip" in request.header(b"accept-encoding").lower()
        body = await self._retrieval.work(
            metadata_answer, self._library, view, scope, instances, base_url, compressed=compressed
        )
        if compressed:
            headers.append((b"content-encoding", b"gzip"))
        return Answer(media_type=media_type.encode(), body=body, headers=headers)

    def _xml(self, view: StudyView, instances: Sequence[InstanceView], base_url: str, headers: Headers) -> Answer:
        return xml_answer(msgspec.json.decode(metadata_of(self._library, view, instances, base_url)), headers)
