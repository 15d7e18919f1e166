"""Reports of measurements: filing a reader's draft as DICOM SR, and reading every report of a study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.archive.store import Archive
from isocenter.domain.reading.drafts import draft_of
from isocenter.domain.reading.errors import InvalidMeasurement
from isocenter.domain.reading.filing import Filed, file_object, making_of
from isocenter.domain.reading.measurements import Measurement, measurements_of
from isocenter.domain.reading.readers import check_document
from isocenter.domain.reading.report_reading import REPORT_CLASSES, MeasurementReport, read_report
from isocenter.domain.reading.report_writing import ReportOrder, report_of
from isocenter.domain.reading.study_at_hand import (
    NotRead,
    StudyAtHand,
    check_owned,
    images_of,
    metadata_of_one,
    read_all,
)
from isocenter.kit.database import Database

MAX_COMMENT_BYTES = 8 << 10


def file_report(
    archive: Archive,
    database: Database,
    caller: Caller,
    study: StudyAtHand,
    *,
    ids: Sequence[str] | None,
    language: str,
    comment: str | None,
) -> Filed:
    """File measurements of the caller's draft, which stays. ids: which of them; None: all.

    Raises Refused, SharedStudy, InvalidMeasurement, UnknownImage, Exhausted.
    """
    caller.require(Right.ANNOTATE)
    check_owned(caller, study)
    check_document(comment, MAX_COMMENT_BYTES)
    chosen = _chosen(draft_of(database, caller, study.study_instance_uid).measurements, ids)
    wanted = [(each.series_instance_uid, each.sop_instance_uid, (each.frame_number,)) for each in chosen]
    images = {uid: image for (uid, _), image in images_of(study, wanted).items()}
    image = metadata_of_one(study, chosen[0].sop_instance_uid)
    order = ReportOrder(chosen, images, _frames(study, images), language, comment)
    model = report_of(image, order, making_of(database, caller, image))
    action, count = audit.Action.MEASUREMENTS_REPORTED, len(chosen)
    return file_object(archive, database, caller, study.study_instance_uid, model, action=action, measurements=count)


def reported(caller: Caller, study: StudyAtHand) -> tuple[list[MeasurementReport], list[NotRead]]:
    """Every report with measurements, newest first, and what could not be read. Raises Refused."""
    caller.require(Right.READ)
    found, failed = read_all(study, REPORT_CLASSES, read_report)
    return sorted(found, key=lambda each: each.document.made_at or "", reverse=True), failed


def _chosen(draft: Sequence[object], ids: Sequence[str] | None) -> list[Measurement]:
    found = {each.id: each for each in measurements_of(draft)}
    missing = [each for each in ids or () if each not in found]
    if missing:
        raise InvalidMeasurement("A measurement is not in your draft. Save it first.", id=missing[0])
    chosen = list(found.values()) if ids is None else [found[each] for each in dict.fromkeys(ids)]
    if not chosen:
        raise InvalidMeasurement("There is nothing to report. Measure something first.")
    return chosen


def _frames(study: StudyAtHand, uids: Iterable[str]) -> dict[str, int]:
    known = {uid: study.instance(uid) for uid in uids}
    return {uid: 1 if each is None else each.number_of_frames for uid, each in known.items()}
