"""WADO-URI (PS3.18 9): one object or one picture of it by a query, for who knows nothing newer.

A request is read, turned into one for the same object over WADO-RS, and answered by that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec

from isocenter.access.roles import Right
from isocenter.adapters.dicomweb.answers import Answer
from isocenter.adapters.dicomweb.errors import BadParameter
from isocenter.adapters.dicomweb.negotiation import DICOM, FRAME_MEDIA_TYPES, choose
from isocenter.adapters.dicomweb.rendered_rs import PICTURE_TYPES
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.adapters.dicomweb.retrieval import Retrieval
from isocenter.delivery.metadata import metadata_of
from isocenter.delivery.rendered import is_drawable
from isocenter.delivery.rendering import MAX_VIEWPORT
from isocenter.delivery.study_view import InstanceView, StudyView

RESOURCE: Final = "wado"
_REFUSED: Final = {
    "anonymize": "Objects are not de-identified here; take them as they are, without anonymize.",
    "presentationUID": "Pictures are not drawn with a presentation state here; the viewer does.",
}
_ROWS: Final = "00280010"
_COLUMNS: Final = "00280011"

Handler = Callable[[DicomwebRequest], Awaitable[Answer]]


class UriDoor:
    """The URI service of one process. objects, rendered: the WADO-RS handlers of an instance."""

    def __init__(self, retrieval: Retrieval, objects: Handler, rendered: Handler) -> None:
        self._retrieval = retrieval
        self._objects = objects
        self._rendered = rendered

    async def wado(self, request: DicomwebRequest) -> Answer:
        """GET wado?requestType=WADO&studyUID=…&seriesUID=…&objectUID=…"""
        request.caller.require(Right.READ)
        asked = _parameters(request)
        path = ["studies", asked["studyUID"], "series", asked["seriesUID"], "instances", asked["objectUID"]]
        named = DicomwebRequest(request.scope, request.receive, request.caller, path)
        view, instance = await self._retrieval.view_of_instance(named)
        form = await self._retrieval.form(view, instance)
        video = FRAME_MEDIA_TYPES.get(form.transfer_syntax_uid, "")
        pictures = [video] if video.startswith("video/") else PICTURE_TYPES if is_drawable(instance) else []
        wanted = choose(asked.get("contentType") or request.header(b"accept"), [*pictures, DICOM])
        if wanted == DICOM:
            syntax = asked.get("transferSyntax")
            return await self._objects(_over_rs(named, path, f"{DICOM}; transfer-syntax={syntax}" if syntax else DICOM))
        query = await self._query(asked, view, instance)
        if wanted != video:
            path += ["frames", asked.get("frameNumber", "1")]
        return await self._rendered(_over_rs(named, [*path, "rendered"], wanted, query))

    async def _query(self, asked: Mapping[str, str], view: StudyView, instance: InstanceView) -> dict[str, str]:
        """The same in the words of WADO-RS (8.3.5.1)."""
        query: dict[str, str] = {}
        if "windowCenter" in asked or "windowWidth" in asked:
            query["window"] = f"{asked.get('windowCenter', '')},{asked.get('windowWidth', '')},linear"
        if "imageQuality" in asked:
            query["quality"] = asked["imageQuality"]
        if "annotation" in asked:
            query["annotation"] = asked["annotation"]
        size = [asked.get("columns"), asked.get("rows")]
        region = _region(asked["region"]) if "region" in asked else None
        if region is not None:
            rows, columns = await self._retrieval.work(self._shape, view, instance)
            left, top, right, bottom = region[0] * columns, region[1] * rows, region[2] * columns, region[3] * rows
            if size == [None, None]:
                size = [str(max(round(right - left), 1)), str(max(round(bottom - top), 1))]
            query["viewport"] = _viewport(size) + f",{left:g},{top:g},{right - left:g},{bottom - top:g}"
        elif size != [None, None]:
            query["viewport"] = _viewport(size)
        return query

    def _shape(self, view: StudyView, instance: InstanceView) -> tuple[int, int]:
        [model] = msgspec.json.decode(metadata_of(self._retrieval.library, view, [instance], ""))
        rows, columns = (model.get(tag, {}).get("Value") or [0] for tag in (_ROWS, _COLUMNS))
        return int(rows[0]), int(columns[0])


def _parameters(request: DicomwebRequest) -> dict[str, str]:
    """What is asked, each once. Raises BadParameter."""
    asked = dict(request.query())
    if asked.get("requestType") != "WADO":
        raise BadParameter("requestType is WADO.", parameter="requestType")
    for name in ("studyUID", "seriesUID", "objectUID"):
        if not asked.get(name):
            raise BadParameter(f"{name} is missing: this service gives one object.", parameter=name)
    for name, why in _REFUSED.items():
        if name in asked:
            raise BadParameter(why, parameter=name)
    frame = asked.get("frameNumber", "1")
    if not frame.isascii() or not frame.isdigit():
        raise BadParameter("frameNumber is one number, from 1.", parameter="frameNumber")
    return asked


def _region(text: str) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the part that is shown, from 0 to 1 (9.1.2.2.5)."""
    try:
        left, top, right, bottom = (float(piece) for piece in text.split(","))
    except ValueError:
        raise BadParameter("region is left,top,right,bottom, each from 0 to 1.", parameter="region") from None
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise BadParameter("region is left,top,right,bottom, each from 0 to 1.", parameter="region")
    return left, top, right, bottom


def _viewport(size: list[str | None]) -> str:
    """Columns and rows, of which one may be left to the shape of the image."""
    return ",".join(str(MAX_VIEWPORT) if each is None else each for each in size)


def _over_rs(
    request: DicomwebRequest, path: list[str], accept: str, query: Mapping[str, str] | None = None
) -> DicomwebRequest:
    headers = [header for header in request.scope["headers"] if header[0] != b"accept"]
    scope = {
        **request.scope,
        "headers": [*headers, (b"accept", accept.encode("latin-1", "replace"))],
        "query_string": urlencode(query or {}).encode(),
    }
    return DicomwebRequest(scope, request.receive, request.caller, path)
