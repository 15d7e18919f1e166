"""The modules that every object we make shares: patient, study, series, equipment, SOP common (PS3.3 C.7, C.12.1).

A model is DICOM JSON (PS3.18 Annex F); what is about the patient and the study is taken from an image of that study, as
it is shown now.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from isocenter import __version__
from isocenter.standards.dicom.data_set_writing import UTF_8
from isocenter.standards.dicom.person_name import joined_name

Model = dict[str, dict[str, Any]]
Read = Mapping[str, Any]

MANUFACTURER: Final = "Isocenter"
_COPIED: Final = (
    # Patient and patient study: PS3.3 C.7.1.1, C.7.2.2. General study: C.7.2.1.
    "00100010", "00100020", "00100021", "00100024", "00100030", "00100032", "00100040", "00101000", "00101001",
    "00101010", "00102160", "00104000", "0020000D", "00080020", "00080030", "00080050", "00080051", "00080090",
    "00200010", "00081030", "00080201",
)  # fmt: skip
_MUST_STAND: Final = (
    ("00100010", "PN"),
    ("00100020", "LO"),
    ("00100030", "DA"),
    ("00100040", "CS"),
    ("00080020", "DA"),
    ("00080030", "TM"),
    ("00080050", "SH"),
    ("00080090", "PN"),
    ("00200010", "SH"),
)
"""Type 2: there, empty if not known."""


@dataclass(frozen=True, slots=True)
class Making:
    """Who makes an object, where and when. at: aware, in the zone of the study's own times."""

    by: str
    institution_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReferencedImage:
    """An image that an object refers to. frame_numbers: from 1, () is the whole image."""

    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    frame_numbers: tuple[int, ...] = ()


def element(vr: str, *values: Any) -> dict[str, Any]:
    """An element with its values; none at all is an empty one."""
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}


def sequence(*items: Model) -> dict[str, Any]:
    """A sequence with its items."""
    return element("SQ", *items)


def code(value: str, scheme: str, meaning: str) -> Model:
    """An item of a code sequence (PS3.3 8.8). A value beyond SH becomes a Long Code Value."""
    tag, vr = ("00080100", "SH") if len(value) <= 16 else ("00080119", "UC")
    return {tag: element(vr, value), "00080102": element("SH", scheme), "00080104": element("LO", meaning[:64])}


def new_uid() -> str:
    """A UID of its own under 2.25 (PS3.5 B.2)."""
    return f"2.25.{secrets.randbits(128)}"


def person_name(name: str) -> dict[str, str]:
    """A name that somebody typed, as PN: the ideographic group when it is written in Chinese characters."""
    plain = " ".join(name.translate(_NOT_IN_A_NAME).split())[:64] or "Unknown"
    return {"Ideographic" if any(_is_han(letter) for letter in plain) else "Alphabetic": plain}


def heading(image: Read, making: Making, *, sop_class_uid: str, modality: str, series: tuple[int, str]) -> Model:
    """The shared modules of a new object in the image's study. series: number and description of its own new series."""
    model: Model = {tag: dict(image[tag]) for tag in _COPIED if tag in image and _is_whole(image[tag])}
    for tag, vr in _MUST_STAND:
        model.setdefault(tag, element(vr))
    date, time = making.at.strftime("%Y%m%d"), making.at.strftime("%H%M%S.%f")
    model |= {
        "00080005": element("CS", UTF_8),
        "00080012": element("DA", date),
        "00080013": element("TM", time),
        "00080016": element("UI", sop_class_uid),
        "00080018": element("UI", new_uid()),
        "00080060": element("CS", modality),
        "00080070": element("LO", MANUFACTURER),
        "00080080": element("LO", *([making.institution_name[:64]] if making.institution_name else [])),
        "0008103E": element("LO", series[1]),
        "00081090": element("LO", MANUFACTURER),
        "00181020": element("LO", __version__),
        "0020000E": element("UI", new_uid()),
        "00200011": element("IS", series[0]),
        "00200013": element("IS", 1),
    }
    return model


def by_series(images: Iterable[ReferencedImage]) -> dict[str, list[ReferencedImage]]:
    """Images by their series, each image once, with all frames that are meant."""
    found: dict[str, dict[str, ReferencedImage]] = {}
    for image in images:
        series = found.setdefault(image.series_instance_uid, {})
        known = series.get(image.sop_instance_uid)
        series[image.sop_instance_uid] = image if known is None else _joined(known, image)
    return {uid: list(series.values()) for uid, series in found.items()}


def referenced_sop(image: ReferencedImage, *, frames: bool = True) -> Model:
    """The item of a reference to an image (PS3.3 10.3 Image SOP Instance Reference Macro)."""
    item = {"00081150": element("UI", image.sop_class_uid), "00081155": element("UI", image.sop_instance_uid)}
    if frames and image.frame_numbers:
        item["00081160"] = element("IS", *image.frame_numbers)
    return item


def referenced_series(images: Iterable[ReferencedImage], *, frames: bool = True) -> dict[str, Any]:
    """Referenced Series Sequence (0008,1115): the images, series by series."""
    return sequence(
        *(
            {
                "0020000E": element("UI", uid),
                "00081199" if not frames else "00081140": sequence(
                    *(referenced_sop(each, frames=frames) for each in members)
                ),
            }
            for uid, members in by_series(images).items()
        )
    )


def evidence(image: Read, images: Sequence[ReferencedImage]) -> dict[str, Any]:
    """Current Requested Procedure Evidence Sequence (0040,A375; PS3.3 C.17.2.3) of one study."""
    return sequence({"0020000D": dict(image["0020000D"]), "00081115": referenced_series(images, frames=False)})


def values_of(model: Read, tag: str) -> Sequence[Any]:
    """The values of an element; () when it is absent or empty."""
    found = model.get(tag)
    values = found.get("Value") if isinstance(found, Mapping) else None
    return values if isinstance(values, list) else ()


def first_of(model: Read, tag: str) -> Any:
    """The first value of an element, else None."""
    values = values_of(model, tag)
    return values[0] if values else None


def items_of(model: Read, tag: str) -> Sequence[Read]:
    """The items of a sequence."""
    return [each for each in values_of(model, tag) if isinstance(each, Mapping)]


def text_of(model: Read, tag: str) -> str | None:
    """The first value of an element as text, None when it is absent or empty."""
    value = first_of(model, tag)
    return None if value in (None, "") or isinstance(value, Mapping) else str(value)


def number_of(model: Read, tag: str) -> float | None:
    """The first value of an element as a number; None when it is none."""
    value = first_of(model, tag)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def name_of(model: Read, tag: str) -> str | None:
    """The first name of an element, its groups joined by "="."""
    value = first_of(model, tag)
    return (joined_name(value) or None) if isinstance(value, Mapping) else None


_NOT_IN_A_NAME: Final = str.maketrans(dict.fromkeys("^=\\", " ") | dict.fromkeys(map(chr, range(32)), " "))


def _is_han(letter: str) -> bool:
    return "\u3400" <= letter <= "\u9fff" or "\uf900" <= letter <= "\ufaff" or letter >= "\U00020000"


def _is_whole(found: Any) -> bool:
    """Whether an element of a foreign object can stand in ours: no long value elsewhere, nothing that is not JSON's."""
    return isinstance(found, Mapping) and isinstance(found.get("vr"), str) and "BulkDataURI" not in found


def _joined(one: ReferencedImage, other: ReferencedImage) -> ReferencedImage:
    whole = not one.frame_numbers or not other.frame_numbers
    frames = () if whole else tuple(dict.fromkeys((*one.frame_numbers, *other.frame_numbers)))
    return ReferencedImage(one.series_instance_uid, one.sop_instance_uid, one.sop_class_uid, frames)
