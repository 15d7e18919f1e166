"""A study as a file: plain ZIP, or portable media with a DICOMDIR (IHE PDI). Streamed, nothing is kept here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.delivery.download import Download, DownloadForm, download
from isocenter.kit.clock import utc_now
from isocenter.standards.dicom.uids import check_uid

router = APIRouter(tags=["Studies"])


@router.get(
    "/api/studies/{study_instance_uid}/download",
    summary="Download a study",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}, "description": "A ZIP archive"}},
)
def download_study(
    request: Request,
    study_instance_uid: str,
    who: Annotated[Caller, Depends(caller)],
    form: Annotated[DownloadForm, Query(description="zip: files by series; pdi: with DICOMDIR")] = DownloadForm.ZIP,
    series_instance_uid: Annotated[list[str] | None, Query(max_length=200, description="only these series")] = None,
) -> StreamingResponse:
    """The current form of every object, in Explicit VR Little Endian where that can be made. 404 unknown-study."""
    who.require(Right.READ)
    parts = parts_of(request)
    assert parts.library is not None
    view = parts.library.view(who, check_uid(study_instance_uid, "StudyInstanceUID"))
    chosen = [view.of_series(uid) for uid in series_instance_uid] if series_instance_uid else view.series.values()
    instances = [instance for series in chosen for instance in series.instances]
    made = download(parts.library, view, instances, form=form, at=utc_now().replace(tzinfo=None))
    looking = parts.library.looking_as(who, view.study_instance_uid)
    with transaction_of(parts.database, looking) as connection:
        count = len(instances)
        audit.record(
            connection, looking, audit.Action.STUDY_DOWNLOADED, view.study_instance_uid, form=form, objects=count
        )
    headers = {"Content-Disposition": f'attachment; filename="{view.study_instance_uid}-{form}.zip"'}
    if made.length is not None:
        headers["Content-Length"] = str(made.length)
    return StreamingResponse(_pieces(made), media_type="application/zip", headers=headers)


def _pieces(made: Download) -> Iterator[bytes]:
    with closing(made.pieces) as pieces:
        yield from pieces
