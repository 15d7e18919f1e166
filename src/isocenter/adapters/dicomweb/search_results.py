"""Search results in DICOM JSON (PS3.18 10.6.3, Tables 10.6.3-3 to -5, Annex F). Absent values have no "Value"."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection
from typing import Any

from isocenter.delivery.study_view import InstanceView
from isocenter.index.find import Attribute, Found, Level
from isocenter.index.query_keys import (
    INSTANCE_VRS,
    PATIENT_COLUMNS,
    PATIENT_COUNTS,
    SERIES_COLUMNS,
    SERIES_INSTANCES,
    STUDY_COLUMNS,
)
from isocenter.standards.dicom.person_name import COMPONENT_GROUPS

Result = dict[str, dict[str, Any]]

_OF_STUDY = frozenset({*PATIENT_COLUMNS, *STUDY_COLUMNS})
# Given when there is something to give; what the standard lists for an answer is given empty too.
_ONLY_WITH_VALUE = frozenset({0x00080201, 0x00081010, 0x00100021, 0x00180015, 0x00181030, 0x00200060})
_NAMES = {tag: f"{tag:08X}" for tag in (*_OF_STUDY, *SERIES_COLUMNS, *INSTANCE_VRS, SERIES_INSTANCES)}

_STUDY_MODULES = frozenset(
    {0x00080020, 0x00080030, 0x00080050, 0x00080051, 0x00080061, 0x00080062, 0x00080080, 0x00080090, 0x00080096}
    | {0x0008009C, 0x0008009D, 0x00080201, 0x00081030, 0x00081032, 0x00081048, 0x00081049, 0x00081060, 0x00081062}
    | {0x00081080, 0x00081084, 0x00081110, 0x0020000D, 0x00200010, 0x00201206, 0x00201208, 0x00120010, 0x00120040}
)
_SERIES_MODULES = frozenset(
    {0x00080021, 0x00080031, 0x00080060, 0x00080064, 0x00080068, 0x00080070, 0x00080080, 0x00080081, 0x00081010}
    | {0x0008103E, 0x0008103F, 0x00081040, 0x00081050, 0x00081052, 0x00081070, 0x00081072, 0x00081090, 0x00081111}
    | {0x00081250, 0x00180015, 0x00181000, 0x00181016, 0x00181020, 0x00181030, 0x00185100, 0x0020000E, 0x00200011}
    | {0x00200052, 0x00200060, 0x00201040, 0x00201209, 0x00400244, 0x00400245, 0x00400253, 0x00400254, 0x00400260}
    | {0x00400275, 0x00400250, 0x00400251, 0x00400280, 0x0008010A, 0x00080005}
)


def json_of(attribute: Attribute) -> dict[str, Any]:
    """One attribute; values that are empty among others are null (PS3.18 F.2.5)."""
    vr, values = attribute
    if not values:
        return {"vr": vr}
    if vr == "PN":
        return {"vr": vr, "Value": [_person_name(value) for value in values]}
    if vr == "SQ":
        return {"vr": vr, "Value": [{f"{tag:08X}": json_of(one) for tag, one in item.items()} for item in values]}
    if isinstance(values[0], bytes):
        return {"vr": vr, "InlineBinary": b64encode(values[0]).decode("ascii")}
    return {"vr": vr, "Value": values if "" not in values else [value if value != "" else None for value in values]}


def _person_name(name: str) -> dict[str, str] | None:
    """A PN value from alphabetic=ideographic=phonetic."""
    groups = zip(COMPONENT_GROUPS, name.split("="), strict=False)
    return {group: value for group, value in groups if value} or None


def result_of(found: Found, base_url: str, *, path_studies: bool, wanted: Collection[int]) -> Result:
    """One result. path_studies: the path names the study, whose attributes are then left out (10.6.3.3.2, .3).

    wanted: tags that were asked for by name, and are given though they belong to the study or are empty.
    """
    level = found.level
    hidden = _OF_STUDY - {0x0020000D} if path_studies and level is not Level.STUDY else frozenset()
    result: Result = {}
    for tag, attribute in found.attributes.items():
        if tag in wanted or (tag not in hidden and (attribute[1] or tag not in _ONLY_WITH_VALUE)):
            result[_NAMES.get(tag) or f"{tag:08X}"] = json_of(attribute)
    url = f"{base_url}/studies/{found.study_instance_uid}"
    if level is not Level.STUDY:
        url += f"/series/{found.series_instance_uid}"
    if isinstance(found.instance, InstanceView):
        url += f"/instances/{found.instance.sop_instance_uid}"
        syntaxes = tuple(dict.fromkeys(form.transfer_syntax_uid for form in found.instance.forms))
        result["00083002"] = json_of(("UI", syntaxes))
    result["00080005"] = {"vr": "CS", "Value": ["ISO_IR 192"]}
    result["00080056"] = {"vr": "CS", "Value": ["ONLINE"]}
    result["00081190"] = {"vr": "UR", "Value": [url]}
    return result


def belongs_to(level: Level, tag: int, wanted: Collection[int]) -> bool:
    """Whether includefield=all gives this tag at a level: attributes of lower levels are not those of the study."""
    if level is Level.IMAGE or tag in wanted or tag in PATIENT_COUNTS:
        return True
    of_patient_or_study = tag >> 16 in (0x0010, 0x0032, 0x0038) or tag in _STUDY_MODULES
    return of_patient_or_study or (level is Level.SERIES and tag in _SERIES_MODULES)
