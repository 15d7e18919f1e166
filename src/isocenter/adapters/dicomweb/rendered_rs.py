"""WADO-RS rendered and thumbnail resources (PS3.18 10.4.1.1.3, 10.4.1.1.5): one picture for each address.

Of an instance the middle frame is drawn; of a series its middle drawable instance; of a study its first such series.
"""

from __future__ import annotations

from isocenter.adapters.dicomweb.answers import Answer
from isocenter.adapters.dicomweb.errors import BadParameter
from isocenter.adapters.dicomweb.frames_rs import frame_indexes
from isocenter.adapters.dicomweb.negotiation import choose
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.adapters.dicomweb.retrieval import Retrieval, matches
from isocenter.delivery.rendered import Subject, picture_etag, picture_of, subject_of
from isocenter.delivery.rendering import Rendering, rendering_of, thumbnail_of
from isocenter.delivery.study_view import StudyView

PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp")


class RenderedDoor:
    """Pictures of one process."""

    def __init__(self, retrieval: Retrieval) -> None:
        self._retrieval = retrieval

    async def rendered(self, request: DicomwebRequest) -> Answer:
        """GET …/rendered."""
        media_type = choose(request.accept(), PICTURE_TYPES)
        return await self._picture(request, rendering_of(request.query(), media_type))

    async def thumbnail(self, request: DicomwebRequest) -> Answer:
        """GET …/thumbnail."""
        media_type = choose(request.accept(), PICTURE_TYPES)
        return await self._picture(request, thumbnail_of(request.query(), media_type))

    async def _picture(self, request: DicomwebRequest, rendering: Rendering) -> Answer:
        view, subject = await self._subject(request)
        etag = picture_etag(view.institution_id, subject, rendering)
        headers = [(b"etag", etag), (b"vary", b"accept"), (b"content-disposition", b"inline")]
        if matches(request.header(b"if-none-match"), etag):
            return Answer(status=304, headers=headers)
        picture = self._retrieval.library.pictures.get(etag)
        if picture is None:
            picture = await self._retrieval.work(
                picture_of, self._retrieval.library, view.institution_id, subject, rendering
            )
        return Answer(media_type=rendering.media_type.encode("ascii"), body=picture, headers=headers)

    async def _subject(self, request: DicomwebRequest) -> tuple[StudyView, Subject]:
        names = request.segments
        if len(names) > 5 and names[4] == "instances":
            indexes = frame_indexes(names[7]) if len(names) > 7 and names[6] == "frames" else []
            if len(indexes) > 1:
                raise BadParameter("A picture is made of one frame.")
            view, instance = await self._retrieval.view_of_instance(request)
            return view, Subject(instance, indexes[0] if indexes else instance.number_of_frames // 2)
        view = await self._retrieval.view(request)
        if len(names) > 3 and names[2] == "series":
            return view, subject_of([view.of_series(request.series_instance_uid)])
        return view, subject_of(list(view.series.values()))
