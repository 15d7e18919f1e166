"""Search results in DICOM JSON (PS3.18 10.6.3, Tables 10.6.3-3 to -5). Absent values are left out of "Value"."""

from __future__ import annotations

from typing import Any

from isocenter.delivery.study_view import InstanceView
from isocenter.index.locators import SeriesRow
from isocenter.index.queries import StudyRow

Result = dict[str, dict[str, Any]]

_COMPONENT_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def attribute(vr: str, *values: object) -> dict[str, Any]:
    """One attribute; values that are None or empty are no values."""
    present = [value for value in values if value not in (None, "")]
    return {"vr": vr, "Value": present} if present else {"vr": vr}


def person_name(name: str | None) -> dict[str, Any]:
    """A PN attribute from alphabetic=ideographic=phonetic."""
    groups = zip(_COMPONENT_GROUPS, (name or "").split("="), strict=False)
    named = {group: value for group, value in groups if value}
    return {"vr": "PN", "Value": [named]} if named else {"vr": "PN"}


def study_result(study: StudyRow, base_url: str) -> Result:
    """One study."""
    uid = study.study_instance_uid
    result = {
        "00080005": attribute("CS", "ISO_IR 192"),
        "00080020": attribute("DA", study.study_date),
        "00080030": attribute("TM", study.study_time),
        "00080050": attribute("SH", study.accession_number),
        "00080056": attribute("CS", "ONLINE"),
        "00080061": attribute("CS", *study.modalities),
        "00080090": person_name(study.referring_physician_name),
        "00081030": attribute("LO", study.study_description),
        "00081190": attribute("UR", f"{base_url}/studies/{uid}"),
        "00100010": person_name(study.patient_name),
        "00100020": attribute("LO", study.patient_id),
        "00100030": attribute("DA", study.patient_birth_date),
        "00100040": attribute("CS", study.patient_sex),
        "0020000D": attribute("UI", uid),
        "00200010": attribute("SH", study.dicom_study_id),
        "00201206": attribute("IS", study.series_count),
        "00201208": attribute("IS", study.instance_count),
    }
    if study.issuer_of_patient_id:
        result["00100021"] = attribute("LO", study.issuer_of_patient_id)
    if study.timezone_offset_from_utc:
        result["00080201"] = attribute("SH", study.timezone_offset_from_utc)
    return result


def series_result(study_instance_uid: str, series: SeriesRow, base_url: str) -> Result:
    """One series."""
    uid = series.series_instance_uid
    result = {
        "00080005": attribute("CS", "ISO_IR 192"),
        "00080056": attribute("CS", "ONLINE"),
        "00080060": attribute("CS", series.modality),
        "0008103E": attribute("LO", series.series_description),
        "00081190": attribute("UR", f"{base_url}/studies/{study_instance_uid}/series/{uid}"),
        "0020000D": attribute("UI", study_instance_uid),
        "0020000E": attribute("UI", uid),
        "00200011": attribute("IS", series.series_number),
        "00201209": attribute("IS", series.instance_count),
    }
    if series.body_part_examined:
        result["00180015"] = attribute("CS", series.body_part_examined)
    return result


def instance_result(study_instance_uid: str, instance: InstanceView, modality: str | None, base_url: str) -> Result:
    """One instance."""
    series_uid, uid = instance.series_instance_uid, instance.sop_instance_uid
    url = f"{base_url}/studies/{study_instance_uid}/series/{series_uid}/instances/{uid}"
    result = {
        "00080005": attribute("CS", "ISO_IR 192"),
        "00080016": attribute("UI", instance.sop_class_uid),
        "00080018": attribute("UI", uid),
        "00080056": attribute("CS", "ONLINE"),
        "00080060": attribute("CS", modality),
        "00081190": attribute("UR", url),
        "00083002": attribute("UI", *dict.fromkeys(form.transfer_syntax_uid for form in instance.forms)),
        "0020000D": attribute("UI", study_instance_uid),
        "0020000E": attribute("UI", series_uid),
        "00200013": attribute("IS", instance.instance_number),
    }
    if instance.rows is not None and instance.columns is not None:
        result["00280008"] = attribute("IS", instance.number_of_frames)
        result["00280010"] = attribute("US", instance.rows)
        result["00280011"] = attribute("US", instance.columns)
        result["00280100"] = attribute("US", instance.bits_allocated)
    return result
