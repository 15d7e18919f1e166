"""WADO-RS rendered and thumbnail resources (PS3.18 10.4.1.1.3, 10.4.1.1.5).

A client that takes a picture alone gets one: of an instance the middle frame, of a series its middle drawable instance,
of a study its first such series. One that asks for multipart/related gets every frame of every drawable instance, each
a part. A video is not drawn: its stream is the rendered form (PS3.18 8.7.4.1.3).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from itertools import islice

from isocenter.adapters.dicomweb.answers import Answer, Headers, multipart_type
from isocenter.adapters.dicomweb.errors import BadParameter
from isocenter.adapters.dicomweb.frames_rs import MAX_FRAMES_ASKED, frame_indexes
from isocenter.adapters.dicomweb.negotiation import FRAME_MEDIA_TYPES, NotAcceptable, accepted
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.adapters.dicomweb.retrieval import Retrieval, addressed, matches
from isocenter.delivery.errors import NoPixels
from isocenter.delivery.rendered import Subject, is_drawable, picture_etag, picture_of, subject_of
from isocenter.delivery.rendering import Rendering, rendering_of, thumbnail_of, unsupported
from isocenter.delivery.study_view import Form, InstanceView, StudyView
from isocenter.wire.multipart import closing, new_boundary, part_head

PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp")
PICTURE_HEADERS: Headers = [(b"vary", b"accept"), (b"content-disposition", b"inline")]
PICTURE_LINES = b"".join(b"%s: %s\r\n" % header for header in PICTURE_HEADERS)
Video = Callable[[DicomwebRequest, StudyView, InstanceView, Form], Awaitable[Answer]]


class RenderedDoor:
    """Pictures of one process. video: answers with the stream of an instance that is one."""

    def __init__(self, retrieval: Retrieval, video: Video) -> None:
        self._retrieval = retrieval
        self._video = video

    async def rendered(self, request: DicomwebRequest) -> Answer:
        """GET …/rendered."""
        query = request.query()
        warnings = [(b"warning", f'299 isocenter "{text}"'.encode("ascii")) for text in unsupported(query)]
        answer = await self._answer(request, lambda media_type: rendering_of(query, media_type))
        answer.headers += warnings
        return answer

    async def thumbnail(self, request: DicomwebRequest) -> Answer:
        """GET …/thumbnail: always one picture."""
        media_type, _ = picture_type(request.accept(), multipart=False)
        rendering = thumbnail_of(request.query(), media_type)
        view, subjects = await self._subjects(request)
        return await self._picture(request, view, _middle(view, request, subjects), rendering)

    async def _answer(self, request: DicomwebRequest, rendering: Callable[[str], Rendering]) -> Answer:
        view, subjects = await self._subjects(request)
        video = await self._as_video(request, view)
        if video is not None:
            return video
        media_type, several = picture_type(request.accept(), multipart=True)
        named = len(request.segments) > 7 and len(subjects) > 1
        if several or (named and "*/*" in {wanted.media_type for wanted in accepted(request.accept())}):
            return self._pictures(view, subjects, rendering(media_type))
        if named:
            raise BadParameter("Several frames are given as multipart/related.")
        return await self._picture(request, view, _middle(view, request, subjects), rendering(media_type))

    async def _as_video(self, request: DicomwebRequest, view: StudyView) -> Answer | None:
        names = request.segments
        if len(names) <= 5 or names[4] != "instances":
            return None
        instance = view.of_instance(request.series_instance_uid, request.sop_instance_uid)
        form = await self._retrieval.form(view, instance)
        media_type = FRAME_MEDIA_TYPES.get(form.transfer_syntax_uid, "")
        if not media_type.startswith("video/"):
            return None
        return await self._video(request, view, instance, form)

    async def _picture(self, request: DicomwebRequest, view: StudyView, subject: Subject, how: Rendering) -> Answer:
        etag = picture_etag(view.institution_id, subject, how)
        headers: Headers = [(b"etag", etag), *PICTURE_HEADERS]
        if matches(request.header(b"if-none-match"), etag):
            return Answer(status=304, headers=headers)
        picture = await self._drawn(view, subject, how, etag)
        return Answer(media_type=how.media_type.encode("ascii"), body=picture, headers=headers)

    async def _drawn(self, view: StudyView, subject: Subject, how: Rendering, etag: bytes) -> bytes:
        library = self._retrieval.library
        known = library.pictures.get(etag)
        if known is not None:
            return known
        return await self._retrieval.work(picture_of, library, view.institution_id, subject, how, etag)

    def _pictures(self, view: StudyView, subjects: Sequence[Subject], how: Rendering) -> Answer:
        """Every picture a part, drawn one after another while the last is being sent."""
        if not subjects:
            raise NoPixels("Nothing here has pixels that we can draw.")
        if len(subjects) > MAX_FRAMES_ASKED:
            raise BadParameter("Too many pictures in one request; ask by series or by frames.", limit=MAX_FRAMES_ASKED)
        self._retrieval.sending.admit()
        boundary = new_boundary()

        async def pieces() -> AsyncGenerator[bytes, None]:
            for number, subject in enumerate(subjects):
                etag = picture_etag(view.institution_id, subject, how)
                picture = await self._drawn(view, subject, how, etag)
                yield part_head(boundary, (("Content-Type", how.media_type),), first=number == 0) + picture
            yield closing(boundary)

        counted = self._retrieval.sending.counted(pieces())
        return Answer(media_type=multipart_type(boundary, how.media_type), pieces=counted, length=None)

    async def _subjects(self, request: DicomwebRequest) -> tuple[StudyView, list[Subject]]:
        names = request.segments
        if len(names) > 7 and names[6] == "frames":
            view, instance = await self._retrieval.view_of_instance(request)
            return view, [Subject(instance, index) for index in frame_indexes(names[7])]
        if len(names) > 5 and names[4] == "instances":
            view, one = await self._retrieval.view_of_instance(request)
            return view, _subjects_of([one])
        view = await self._retrieval.view(request)
        _, instances = addressed(request, view)
        return view, _subjects_of(instance for instance in instances if is_drawable(instance))


def _subjects_of(instances: Iterable[InstanceView]) -> list[Subject]:
    """Every frame, up to one more than are given at once: an object may claim two thousand million of them."""
    frames = (Subject(one, index) for one in instances for index in range(one.number_of_frames))
    return list(islice(frames, MAX_FRAMES_ASKED + 1))


def _middle(view: StudyView, request: DicomwebRequest, subjects: Sequence[Subject]) -> Subject:
    """The one picture of what the path names."""
    names = request.segments
    if len(names) > 5 and names[4] == "instances":
        one = view.of_instance(request.series_instance_uid, request.sop_instance_uid)
        return subjects[0] if len(names) > 7 else Subject(one, one.number_of_frames // 2)
    if len(names) > 3 and names[2] == "series":
        return subject_of([view.of_series(request.series_instance_uid)])
    return subject_of(list(view.series.values()))


def picture_type(header: str, *, multipart: bool) -> tuple[str, bool]:
    """(media type, whether as parts): the first picture format of ours that an Accept header takes.

    Raises NotAcceptable.
    """
    for wanted in accepted(header):
        for offer in PICTURE_TYPES:
            if wanted.matches(offer) and (multipart or not wanted.multipart):
                return offer, wanted.multipart
    raise NotAcceptable("This resource is given as " + ", ".join(PICTURE_TYPES) + ".")
