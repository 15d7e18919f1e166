"""QIDO-RS (PS3.18 10.6): studies, series and instances by the main keys. Every search is bounded and says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Executor
from itertools import chain, islice

import msgspec

from isocenter.access.caller import Right
from isocenter.adapters.dicomweb.answers import Answer, Headers
from isocenter.adapters.dicomweb.negotiation import DICOM_JSON, choose
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.adapters.dicomweb.search_parameters import SearchParameters, search_parameters
from isocenter.adapters.dicomweb.search_results import Result, instance_result, series_result, study_result
from isocenter.delivery.library import Library
from isocenter.delivery.study_view import InstanceView, StudyView
from isocenter.index.locators import resolve
from isocenter.index.queries import SeriesQuery, StudyQuery, search_series, search_studies, study_by_id

STUDIES_LOOKED_INTO = 200
"""A search for instances over all studies looks into so many of them, newest first."""

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
            "studies": self._handler(self._studies),
            "series": self._handler(self._series),
            "instances": self._handler(self._instances),
            "studies/*/series": self._handler(self._series),
            "studies/*/instances": self._handler(self._instances_of_study),
            "studies/*/series/*/instances": self._handler(self._instances_of_study),
        }

    def _handler(self, search: Search) -> Handler:
        async def handle(request: DicomwebRequest) -> Answer:
            request.caller.require(Right.READ)
            media_type = choose(request.accept(), [DICOM_JSON, "application/json"])
            parameters = search_parameters(request.query())
            loop = asyncio.get_running_loop()
            body, more = await loop.run_in_executor(self._executor, self._page, search, request, parameters)
            headers = _warnings(request, parameters, more)
            return Answer(media_type=media_type.encode("ascii"), body=body, headers=headers)

        return handle

    def _page(self, search: Search, request: DicomwebRequest, parameters: SearchParameters) -> tuple[bytes, bool]:
        """(the page as a JSON array, whether there is more). Searches give the page's results and one more."""
        found = list(islice(search(request, parameters), parameters.limit + 1))
        return msgspec.json.encode(found[: parameters.limit]), len(found) > parameters.limit

    def _studies(self, request: DicomwebRequest, parameters: SearchParameters) -> Iterator[Result]:
        with self._library.database.transaction(request.caller.institution_id) as connection:
            page = search_studies(
                connection, study_query(parameters), limit=parameters.limit + 1, offset=parameters.offset
            )
        base_url = request.base_url()
        return (study_result(study, base_url) for study in page.studies)

    def _series(self, request: DicomwebRequest, parameters: SearchParameters) -> Iterator[Result]:
        of_study = len(request.segments) > 1
        if of_study:
            uid = self._library.view(request.caller, request.study_instance_uid).study_instance_uid
            parameters.filters["StudyInstanceUID"] = (uid,)
        if "SeriesNumber" in parameters.filters and parameters.number("SeriesNumber") is None:
            return iter(())
        with self._library.database.transaction(request.caller.institution_id) as connection:
            found = search_series(
                connection,
                study_query(parameters),
                series_query(parameters),
                limit=parameters.limit + 1,
                offset=parameters.offset,
            )
        base_url = request.base_url()
        if of_study:
            found.sort(key=lambda row: (row[1].series_number is None, row[1].series_number or 0, row[1].series_id))
        return (
            ({} if of_study else study_result(study, base_url))
            | series_result(study.study_instance_uid, series, base_url)
            for study, series in found
        )

    def _instances_of_study(self, request: DicomwebRequest, parameters: SearchParameters) -> Iterator[Result]:
        view = self._library.view(request.caller, request.study_instance_uid)
        if len(request.segments) > 3:
            view.of_series(request.series_instance_uid)
            parameters.filters["SeriesInstanceUID"] = (request.series_instance_uid,)
        return islice(instances_of(view, parameters, request.base_url()), parameters.offset, None)

    def _instances(self, request: DicomwebRequest, parameters: SearchParameters) -> Iterator[Result]:
        found = chain.from_iterable(
            instances_of(self._library.view(request.caller, uid), parameters, request.base_url())
            for uid in self._studies_to_look_into(request, parameters)
        )
        return islice(found, parameters.offset, None)

    def _studies_to_look_into(self, request: DicomwebRequest, parameters: SearchParameters) -> list[str]:
        """UIDs of the studies that may hold matching instances; those asked for by UID are looked up."""
        wanted = parameters.filters.get("SOPInstanceUID")
        with self._library.database.transaction(request.caller.institution_id) as connection:
            if wanted is None:
                page = search_studies(connection, study_query(parameters), limit=STUDIES_LOOKED_INTO)
                parameters.capped = parameters.capped or page.next_cursor is not None
                return [study.study_instance_uid for study in page.studies]
            places = [place for uid in wanted if (place := resolve(connection, uid)) is not None]
            studies = [study_by_id(connection, study_id) for study_id in dict.fromkeys(p.study_id for p in places)]
        return [study.study_instance_uid for study in studies if study is not None]


def study_query(parameters: SearchParameters) -> StudyQuery:
    """The keys of the study level."""
    return StudyQuery(
        patient_name=parameters.one("PatientName"),
        patient_id=parameters.one("PatientID"),
        issuer_of_patient_id=parameters.one("IssuerOfPatientID"),
        patient_birth_date=parameters.one("PatientBirthDate"),
        patient_sex=parameters.one("PatientSex"),
        accession_number=parameters.one("AccessionNumber"),
        study_date=parameters.one("StudyDate"),
        study_time=parameters.one("StudyTime"),
        dicom_study_id=parameters.one("StudyID"),
        study_description=parameters.one("StudyDescription"),
        referring_physician_name=parameters.one("ReferringPhysicianName"),
        study_instance_uids=parameters.filters.get("StudyInstanceUID", ()),
        modalities=parameters.filters.get("ModalitiesInStudy", ()),
    )


def series_query(parameters: SearchParameters) -> SeriesQuery:
    """The keys of the series level."""
    return SeriesQuery(
        series_instance_uids=parameters.filters.get("SeriesInstanceUID", ()),
        modalities=parameters.filters.get("Modality", ()),
        series_number=parameters.number("SeriesNumber"),
        series_description=parameters.one("SeriesDescription"),
    )


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


def instance_matches(instance: InstanceView, parameters: SearchParameters) -> bool:
    """Whether an instance matches the keys of its level (PS3.4 C.2.2.2)."""
    filters = parameters.filters
    return (
        _uid_matches(filters.get("SOPInstanceUID"), instance.sop_instance_uid)
        and _uid_matches(filters.get("SOPClassUID"), instance.sop_class_uid)
        and ("InstanceNumber" not in filters or parameters.number("InstanceNumber") == instance.instance_number)
    )


def _uid_matches(wanted: tuple[str, ...] | None, uid: str) -> bool:
    return wanted is None or uid in wanted


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


def _warnings(request: DicomwebRequest, parameters: SearchParameters, more: bool) -> Headers:
    host = request.header(b"host") or "isocenter"
    texts = []
    if parameters.fuzzy:
        texts.append("The fuzzymatching parameter is not supported. Only literal matching has been performed.")
    if more or parameters.capped:
        texts.append("There may be more results than were given; ask for the next page or for less.")
    if parameters.ignored:
        texts.append("These matching keys are not supported and were ignored: " + " ".join(parameters.ignored[:20]))
    return [(b"warning", f'299 {host} "{text}"'.encode("latin-1", "replace")) for text in texts]
