"""What an object of ours or of others says of itself: who made it, when, with what (PS3.3 C.7.5.1, C.12.1, C.17.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from isocenter.standards.dicom.new_objects import MANUFACTURER, Read, items_of, name_of, text_of

_UID_TAGS: Final = ("0020000D", "0020000E", "00080018", "00080016")


@dataclass(frozen=True, slots=True)
class Document:
    """One object. by: its author's name as sent; made_at: DA and TM as sent, joined; None when it does not say."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    series_description: str | None
    by: str | None
    made_at: str | None
    manufacturer: str | None
    ours: bool


def document_of(model: Read, *, by: str | None, when: tuple[str, str]) -> Document:
    """What the object says. when: tags of its date and its time."""
    date, time = (text_of(model, tag) for tag in when)
    manufacturer = text_of(model, "00080070")
    study, series, instance, sop_class = (text_of(model, tag) or "" for tag in _UID_TAGS)
    return Document(
        study,
        series,
        instance,
        sop_class,
        text_of(model, "0008103E"),
        by or name_of(model, "00700084") or _observer(model),
        None if date is None else date + (time or ""),
        manufacturer,
        manufacturer == MANUFACTURER,
    )


def _observer(model: Read) -> str | None:
    """Of Author Observer or Verifying Observer Sequence (PS3.3 C.17.2)."""
    for tag, name in (("0040A078", "0040A123"), ("0040A073", "0040A075")):
        for item in items_of(model, tag):
            found = name_of(item, name)
            if found is not None:
                return found
    return None


def images_in_evidence(model: Read) -> dict[str, tuple[str, str]]:
    """SOP Instance UID → (study, series) of all that the evidence and referenced series of an object name."""
    found: dict[str, tuple[str, str]] = {}
    for tag in ("0040A375", "0040A385", "0040A525"):
        for study in items_of(model, tag):
            for series in items_of(study, "00081115"):
                for reference in items_of(series, "00081199"):
                    uid = text_of(reference, "00081155")
                    if uid is not None:
                        found[uid] = (text_of(study, "0020000D") or "", text_of(series, "0020000E") or "")
    return found
