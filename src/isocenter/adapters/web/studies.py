"""The study list and one study, as the web client shows them. Searches come in a body: URLs must not hold names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.trail.asking import queried
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.delivery.frames import VIDEO
from isocenter.delivery.rendered import is_drawable
from isocenter.delivery.study_list import ListedStudy, list_studies, study_in_list
from isocenter.delivery.study_view import InstanceView, StudyView
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.index.locators import SeriesRow
from isocenter.index.queries import StudyQuery, StudySort
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.pixels.decode import is_decodable
from isocenter.standards.dicom.uids import check_uid

router = APIRouter(tags=["Studies"])

ARRIVING_FOR = timedelta(seconds=15)
"""A study is shown as arriving this long after its last instance."""
_ENCAPSULATED_DOCUMENTS = "1.2.840.10008.5.1.4.1.1.104."
_ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
_SEGMENTATIONS = frozenset({"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"})
"""Their pixels say what belongs to what: they are shown over the images that they were made from, never as images."""

State = Literal["arriving", "complete", "sealed"]
Sort = Literal["study_date", "-study_date", "patient_name", "-patient_name", "received_at", "-received_at"]


class StudySearch(StrictModel):
    """What to look for; an absent field matches everything.

    patient_name: words, each the beginning of a part of the name; study_date: YYYYMMDD or a range YYYYMMDD-YYYYMMDD,
    open at either end; text: words found in name, ID, accession number or description; known_version: the version of
    the answer that the client shows.
    """

    patient_name: str | None = Field(None, max_length=200)
    patient_id: str | None = Field(None, max_length=64)
    accession_number: str | None = Field(None, max_length=64)
    study_date: str | None = Field(None, pattern=r"^(\d{8})?(-(\d{8})?)?$", max_length=17)
    modality: list[Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,16}$")]] = Field(default=[], max_length=30)
    text: str | None = Field(None, max_length=200)
    sort: Sort = "-study_date"
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=1000)
    known_version: str | None = Field(None, max_length=100)


class StudyRow(BaseModel):
    """One line of the list. Dates are civil dates as sent (YYYYMMDD); received_at is the last arrival, UTC.

    shared_by: name of the allied institution that owns it, null at home. restricted: a VIP's or one of staff's.
    """

    study_instance_uid: str
    patient_name: str | None
    patient_id: str | None
    patient_birth_date: str | None
    patient_sex: str | None
    study_date: str | None
    study_time: str | None
    accession_number: str | None
    study_description: str | None
    modalities: list[str]
    series_count: int
    instance_count: int
    received_at: datetime
    state: State
    shared_by: str | None = None
    restricted: bool = False


class StudyPage(BaseModel):
    """unchanged: the client's known_version is current, and nothing else is filled in."""

    unchanged: bool = False
    version: str
    studies: list[StudyRow] = []
    next_cursor: str | None = None
    count: int = 0
    count_is_exact: bool = True


class FirstInstance(BaseModel):
    """What a thumbnail is drawn from; its SOP class says what can show the series."""

    sop_instance_uid: str
    sop_class_uid: str
    frames: int
    rows: int | None
    columns: int | None
    transfer_syntax_uid: str


class Series(BaseModel):
    """One series. why_not: why nothing can be drawn, null when drawable."""

    series_instance_uid: str
    modality: str | None
    series_number: int | None
    series_description: str | None
    body_part_examined: str | None
    instance_count: int
    frame_count: int
    arriving: bool
    drawable: bool
    why_not: str | None
    first: FirstInstance | None


class Study(StudyRow):
    """One study with its series by series number."""

    series: list[Series]


@router.post("/api/studies/search", summary="Search the study list")
def search(request: Request, body: StudySearch, who: Annotated[Caller, Depends(caller)]) -> StudyPage:
    """Studies of the caller's institution and those that allies share with her, sorted and paged by cursor."""
    who.require(Right.READ)
    query = StudyQuery(
        name_words=body.patient_name,
        text=body.text,
        patient_id=_beginning(body.patient_id),
        accession_number=_beginning(body.accession_number),
        study_date=body.study_date,
        modalities=body.modality,
    )
    queried(parts_of(request).database, who, "web", "STUDY", _asked(body))
    found = list_studies(parts_of(request).database, who, query, StudySort(body.sort), body.limit, body.cursor)
    now = utc_now()
    studies = [_row(each, now) for each in found.studies]
    version = _version(studies, found.count)
    if version == body.known_version:
        return StudyPage(unchanged=True, version=version)
    return StudyPage(
        version=version,
        studies=studies,
        next_cursor=found.next_cursor,
        count=found.count,
        count_is_exact=found.count_is_exact,
    )


@router.get("/api/studies/{study_instance_uid}", summary="One study and its series")
def study(request: Request, study_instance_uid: str, who: Annotated[Caller, Depends(caller)]) -> Study:
    """Records that the caller opened the study. 404 unknown-study."""
    who.require(Right.READ)
    parts = parts_of(request)
    assert parts.library is not None
    view = parts.library.view(who, check_uid(study_instance_uid, "StudyInstanceUID"))
    return study_of(parts.database, parts.library.looking_as(who, study_instance_uid), view)


def study_of(database: Database, looking: Caller, view: StudyView) -> Study:
    """A study with its series, as the list has it. looking: as `Library.looking_as` says. Raises UnknownStudy."""
    found = study_in_list(database, looking, view.study_instance_uid)
    if found is None:
        raise UnknownStudy("There is no such study.", study_instance_uid=view.study_instance_uid)
    listed, series = found
    shown = _row(listed, utc_now())
    arriving = shown.state == "arriving"
    return Study(
        **shown.model_dump(), series=[_series(each, view, arriving=arriving) for each in series if each.instance_count]
    )


def _asked(body: StudySearch) -> list[tuple[int, Sequence[str]]]:
    """The search as attributes, for the audit trail; free text counts as a name, which it may be."""
    return [
        (0x00100010, [body.patient_name or "", body.text or ""]),
        (0x00100020, [body.patient_id or ""]),
        (0x00080050, [body.accession_number or ""]),
        (0x00080020, [body.study_date or ""]),
        (0x00080061, body.modality),
    ]


def _beginning(text: str | None) -> str | None:
    """In the list an ID is found by its beginning; whoever writes a wildcard means what she writes."""
    if not text or not text.strip():
        return None
    return text.strip() if "*" in text or "?" in text else text.strip() + "*"


def _row(listed: ListedStudy, now: datetime) -> StudyRow:
    row = listed.row
    state: State = "sealed" if row.state == "sealed" else "complete"
    if row.state != "sealed" and now - row.last_received_at < ARRIVING_FOR:
        state = "arriving"
    return StudyRow(
        study_instance_uid=row.study_instance_uid,
        patient_name=row.patient_name,
        patient_id=row.patient_id,
        patient_birth_date=row.patient_birth_date,
        patient_sex=row.patient_sex,
        study_date=row.study_date or None,
        study_time=row.study_time,
        accession_number=row.accession_number,
        study_description=row.study_description,
        modalities=row.modalities,
        series_count=row.series_count,
        instance_count=row.instance_count,
        received_at=row.last_received_at,
        state=state,
        shared_by=listed.shared_by,
        restricted=listed.restricted,
    )


def _version(studies: list[StudyRow], count: int) -> str:
    """Changes whenever anything that the list shows changes."""
    shown = "\n".join(each.model_dump_json() for each in studies)
    return blake2b(f"{count}\n{shown}".encode(), digest_size=12).hexdigest()


def _series(row: SeriesRow, view: StudyView, *, arriving: bool) -> Series:
    seen = view.series.get(row.series_instance_uid)
    instances = () if seen is None else seen.instances
    drawn = next((each for each in instances if _is_picture(each)), None)
    first = drawn or next(iter(instances), None)
    return Series(
        series_instance_uid=row.series_instance_uid,
        modality=row.modality,
        series_number=row.series_number,
        series_description=row.series_description,
        body_part_examined=row.body_part_examined,
        instance_count=row.instance_count,
        frame_count=row.frame_count,
        arriving=arriving,
        drawable=drawn is not None,
        why_not=None if drawn is not None else _why_not(first),
        first=None if first is None else _first(first),
    )


def _is_picture(instance: InstanceView) -> bool:
    return (
        instance.sop_class_uid not in _SEGMENTATIONS
        and is_drawable(instance)
        and is_decodable(instance.received_syntax_uid)
    )


def _first(instance: InstanceView) -> FirstInstance:
    return FirstInstance(
        sop_instance_uid=instance.sop_instance_uid,
        sop_class_uid=instance.sop_class_uid,
        frames=instance.number_of_frames,
        rows=instance.rows,
        columns=instance.columns,
        transfer_syntax_uid=instance.form.transfer_syntax_uid,
    )


def _why_not(instance: InstanceView | None) -> str:
    """A stable word for why nothing of a series is drawn."""
    if instance is None:
        return "no-pixels"
    if instance.sop_class_uid == _ENCAPSULATED_PDF:
        return "pdf"
    if instance.sop_class_uid.startswith(_ENCAPSULATED_DOCUMENTS):
        return "encapsulated-document"
    if instance.sop_class_uid in _SEGMENTATIONS:
        return "overlay"
    if instance.received_syntax_uid in VIDEO:
        return "video"
    if not (instance.rows and instance.columns) or instance.without_pixels:
        return "no-pixels"
    return "unsupported-syntax"
