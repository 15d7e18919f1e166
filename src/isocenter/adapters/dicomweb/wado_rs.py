"""WADO-RS (PS3.18 10.4): which door answers which resource, and metadata."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from isocenter.adapters.dicomweb.answers import Answer
from isocenter.adapters.dicomweb.bulk_data_rs import BulkDataDoor
from isocenter.adapters.dicomweb.frames_rs import FramesDoor
from isocenter.adapters.dicomweb.negotiation import DICOM_JSON, choose
from isocenter.adapters.dicomweb.objects_rs import ObjectsDoor
from isocenter.adapters.dicomweb.rendered_rs import RenderedDoor
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.adapters.dicomweb.retrieval import Retrieval, addressed, matches
from isocenter.delivery.library import Library
from isocenter.delivery.metadata import metadata_answer, metadata_etag

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
        found[f"{instance}/frames/*/rendered"] = retrying(self._rendered.rendered)
        found[f"{instance}/frames/*/thumbnail"] = retrying(self._rendered.thumbnail)
        found[f"{instance}/bulkdata"] = retrying(self._bulk_data.bulk_data)
        return found

    def close(self) -> None:
        """End the threads."""
        self._retrieval.close()

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
