"""What the viewer needs before it can show anything, in one answer; and the headers of a series, said once.

On a long line every question costs a round trip. The first one is answered with the study, the header of its first
picture and that picture's bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from blake3 import blake3
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from isocenter import __version__
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.studies import Study, study, study_of
from isocenter.delivery.frames import check_frame, label_of
from isocenter.delivery.library import Library
from isocenter.delivery.metadata import metadata_etag, metadata_of
from isocenter.delivery.pixels import stored_frame
from isocenter.delivery.shared_metadata import shared_metadata_answer
from isocenter.delivery.study_view import InstanceView, StudyView
from isocenter.kit.errors import IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.uids import check_uid
from isocenter.wire.multipart import closing, new_boundary, part_head

router = APIRouter(tags=["Studies"])
log = get_logger(__name__)

HTJ2K_LOSSLESS = "1.2.840.10008.1.2.4.201"
MAX_FRAME_BYTES = 64 << 20
"""A larger first frame is left to be asked for by itself."""
_CACHED = "private, no-cache"
_Ahead = Annotated[
    bool,
    Query(
        description="The study has not been opened: it is the next one on a reader's list. The audit trail says that it"
        " was fetched ahead; that it was opened is recorded when it is asked for in any other way. Only for people, and"
        " only for what they see by their role alone."
    ),
]


@dataclass(frozen=True, slots=True)
class _Part:
    media_type: str
    body: bytes


@router.get(
    "/api/studies/{study_instance_uid}/opening",
    summary="A study, and the header and pixels of its first picture, in one answer",
    response_class=Response,
    responses={
        200: {
            "content": {"multipart/related": {}},
            "description": "Parts: the study as JSON; the DICOM JSON of the first picture's instance, in an array; its"
            " first frame as stored. The last two are left out when nothing can be drawn.",
        }
    },
)
def opening(
    request: Request, study_instance_uid: str, who: Annotated[Caller, Depends(caller)], ahead: _Ahead = False
) -> Response:
    """Records that the caller opened the study, or that it was fetched ahead. 404 unknown-study, 409 not-ahead."""
    who.require(Right.READ)
    parts = parts_of(request)
    assert parts.library is not None
    if ahead:
        view = parts.library.view_ahead(who, check_uid(study_instance_uid, "StudyInstanceUID"))
        shown = study_of(parts.database, who, view)
    else:
        shown = study(request, study_instance_uid, who)
        view = parts.library.view(who, study_instance_uid, trusted_for_s=1.0)
    first = _first_picture(shown, view)
    summary = shown.model_dump_json().encode()
    etag = _etag(view, summary)
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": _CACHED})
    found = [_Part("application/json", summary)]
    if first is not None:
        found += _picture(parts.library, view, first, _base_url(request))
    boundary = new_boundary()
    return Response(
        _joined(boundary, found),
        media_type=f"multipart/related; boundary={boundary.decode()}",
        headers={"ETag": etag, "Cache-Control": _CACHED},
    )


@router.get(
    "/api/studies/{study_instance_uid}/series/{series_instance_uid}/metadata",
    summary="The headers of a series; what its instances share is said once",
    response_class=Response,
    responses={
        200: {
            "content": {"application/json": {}},
            "description": '{"shared": elements, "instances": [elements, …]} in DICOM JSON (PS3.18 F), by number.',
        }
    },
)
def series_metadata(
    request: Request, study_instance_uid: str, series_instance_uid: str, who: Annotated[Caller, Depends(caller)]
) -> Response:
    """404 unknown-study, unknown-series."""
    library = parts_of(request).library
    assert library is not None
    view = library.view(who, check_uid(study_instance_uid, "StudyInstanceUID"))
    series = view.of_series(check_uid(series_instance_uid, "SeriesInstanceUID"))
    base_url = _base_url(request)
    etag = metadata_etag(view, f"shared {series_instance_uid}", base_url).decode()
    headers = {"ETag": etag, "Cache-Control": _CACHED, "Vary": "Accept-Encoding"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    compressed = "gzip" in request.headers.get("accept-encoding", "").lower()
    if compressed:
        headers["Content-Encoding"] = "gzip"
    body = shared_metadata_answer(library, view, series_instance_uid, series.instances, base_url, compressed=compressed)
    return Response(body, media_type="application/json", headers=headers)


def _first_picture(shown: Study, view: StudyView) -> InstanceView | None:
    """The instance from which the first series that can be drawn is shown first."""
    for series in shown.series:
        if series.drawable and series.first is not None:
            return view.instances.get(series.first.sop_instance_uid)
    return None


def _picture(library: Library, view: StudyView, instance: InstanceView, base_url: str) -> list[_Part]:
    """Its header and first frame; nothing when they cannot be read now: who asks for them by name is told why."""
    try:
        header = metadata_of(library, view, [instance], base_url)
        packed = next((form for form in instance.forms if form.transfer_syntax_uid == HTJ2K_LOSSLESS), None)
        form = packed or library.form(view.institution_id, instance)
        check_frame(instance, form, 0)
        pixels = stored_frame(library, view.institution_id, instance, form, 0)
    except IsocenterError as error:
        log.info("opening.no-picture", sop_instance_uid=instance.sop_instance_uid, reason=error.reason)
        return []
    if len(pixels) > MAX_FRAME_BYTES:
        return [_Part("application/dicom+json", header)]
    media_type = f"application/octet-stream; transfer-syntax={label_of(form)}"
    return [_Part("application/dicom+json", header), _Part(media_type, pixels)]


def _joined(boundary: bytes, found: list[_Part]) -> bytes:
    pieces = []
    for number, part in enumerate(found):
        headers = (("Content-Type", part.media_type), ("Content-Length", str(len(part.body))))
        pieces += [part_head(boundary, headers, first=number == 0), part.body]
    return b"".join([*pieces, closing(boundary)])


def _etag(view: StudyView, summary: bytes) -> str:
    """Weak: it changes with the study's version, with what the list says of it, and with our own version."""
    words = f"{view.institution_id}\n{view.version}\n{__version__}\n".encode()
    return f'W/"{blake3(words + summary).hexdigest(16)}"'


def _base_url(request: Request) -> str:
    """Address of the DICOMweb service, under which bulk data is named."""
    return f"{request.url.scheme}://{request.headers.get('host', 'localhost')}/dicom-web"
