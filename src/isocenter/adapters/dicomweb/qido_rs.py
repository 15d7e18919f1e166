"""QIDO-RS (PS3.18 10.6): studies, series and instances by the main keys. Every search is bounded and says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Executor
from itertools import islice

import msgspec

from isocenter.access.caller import Right
from isocenter.adapters.dicomweb.answers import Answer, Headers
from isocenter.adapters.dicomweb.negotiation import DICOM_JSON, choose
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.adapters.dicomweb.search_parameters import SearchParameters, search_parameters
from isocenter.adapters.dicomweb.search_results import Result, instance_result, series_result
from isocenter.delivery.library import Library
from isocenter.delivery.study_view import InstanceView, StudyView
from isocenter.index.locators import SeriesRow, series_of

Handler = Callable[[DicomwebRequest], Awaitable[Answer]]
Search = Callable[[DicomwebRequest, SearchParameters], Iterable[Result]]


class SearchDoor:
    """The search service of one process. executor: threads that wait for the database."""

    def __init__(self, library: Library, executor: Executor) -> None:
        self._library = library
        self._executor = executor

    def resources(self) -> dict[str, Handler]:
        """Handlers by resource, for the router."""
        return {
            "studies/*/series": self._handler(self._series_of_study),
            "studies/*/instances": self._handler(self._instances_of_study),
            "studies/*/series/*/instances": self._handler(self._instances_of_study),
        }

    def _handler(self, search: Search) -> Handler:
        async def handle(request: DicomwebRequest) -> Answer:
            request.caller.require(Right.READ)
            media_type = choose(request.accept(), [DICOM_JSON, "application/json"])
            parameters = search_parameters(request.query())
            loop = asyncio.get_running_loop()
            body = await loop.run_in_executor(self._executor, self._body, search, request, parameters)
            return Answer(media_type=media_type.encode("ascii"), body=body, headers=_warnings(request, parameters))

        return handle

    def _body(self, search: Search, request: DicomwebRequest, parameters: SearchParameters) -> bytes:
        found = search(request, parameters)
        page = list(islice(found, parameters.offset, parameters.offset + parameters.limit))
        return msgspec.json.encode(page)

    def _series_of_study(self, request: DicomwebRequest, parameters: SearchParameters) -> Iterator[Result]:
        view = self._library.view(request.caller, request.study_instance_uid)
        with self._library.database.transaction(request.caller.institution_id) as connection:
            rows = series_of(connection, view.study_id)
        for row in rows:
            if series_matches(row, parameters):
                yield series_result(view.study_instance_uid, row, request.base_url())

    def _instances_of_study(self, request: DicomwebRequest, parameters: SearchParameters) -> Iterator[Result]:
        view = self._library.view(request.caller, request.study_instance_uid)
        if len(request.segments) > 3:
            view.of_series(request.series_instance_uid)
            parameters.filters["SeriesInstanceUID"] = (request.series_instance_uid,)
        yield from instances_of(view, parameters, request.base_url())


def instances_of(view: StudyView, parameters: SearchParameters, base_url: str) -> Iterator[Result]:
    """The instances of a study that match, series by series."""
    for series in view.series.values():
        if not _uid_matches(parameters.filters.get("SeriesInstanceUID"), series.series_instance_uid):
            continue
        if not _text_matches(parameters.filters.get("Modality"), series.modality):
            continue
        for instance in series.instances:
            if instance_matches(instance, parameters):
                yield instance_result(view.study_instance_uid, instance, series.modality, base_url)


def series_matches(row: SeriesRow, parameters: SearchParameters) -> bool:
    """Whether a series matches the keys of its level (PS3.4 C.2.2.2)."""
    filters = parameters.filters
    return (
        _uid_matches(filters.get("SeriesInstanceUID"), row.series_instance_uid)
        and _text_matches(filters.get("Modality"), row.modality)
        and _text_matches(filters.get("SeriesDescription"), row.series_description)
        and _number_matches(filters.get("SeriesNumber"), row.series_number)
    )


def instance_matches(instance: InstanceView, parameters: SearchParameters) -> bool:
    """Whether an instance matches the keys of its level (PS3.4 C.2.2.2)."""
    filters = parameters.filters
    return (
        _uid_matches(filters.get("SOPInstanceUID"), instance.sop_instance_uid)
        and _uid_matches(filters.get("SOPClassUID"), instance.sop_class_uid)
        and _number_matches(filters.get("InstanceNumber"), instance.instance_number)
    )


def _uid_matches(wanted: tuple[str, ...] | None, uid: str) -> bool:
    return wanted is None or uid in wanted


def _number_matches(wanted: tuple[str, ...] | None, number: int | None) -> bool:
    if wanted is None:
        return True
    text = wanted[0].strip().lstrip("+")
    return number is not None and text.lstrip("-").isdigit() and len(text) < 13 and int(text) == number


def _text_matches(wanted: tuple[str, ...] | None, text: str | None) -> bool:
    """Single value or wildcard matching; several values are alternatives."""
    return wanted is None or (text is not None and any(wildcard_matches(one, text) for one in wanted))


def wildcard_matches(pattern: str, text: str) -> bool:
    """Wildcard matching with * and ? (PS3.4 C.2.2.2.4), in time that no pattern can drive up."""
    at_pattern = at_text = 0
    star, resume = -1, 0
    while at_text < len(text):
        if at_pattern < len(pattern) and pattern[at_pattern] == "*":
            star, resume = at_pattern, at_text
            at_pattern += 1
        elif at_pattern < len(pattern) and pattern[at_pattern] in ("?", text[at_text]):
            at_pattern, at_text = at_pattern + 1, at_text + 1
        elif star >= 0:
            resume += 1
            at_pattern, at_text = star + 1, resume
        else:
            return False
    return not pattern[at_pattern:].strip("*")


def _warnings(request: DicomwebRequest, parameters: SearchParameters) -> Headers:
    host = request.header(b"host") or "isocenter"
    texts = []
    if parameters.fuzzy:
        texts.append("The fuzzymatching parameter is not supported. Only literal matching has been performed.")
    if parameters.capped:
        texts.append("The number of results was limited; ask for the next page.")
    if parameters.ignored:
        texts.append("These matching keys are not supported and were ignored: " + " ".join(parameters.ignored[:20]))
    return [(b"warning", f'299 {host} "{text}"'.encode("latin-1", "replace")) for text in texts]
