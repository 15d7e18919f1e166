"""Content items of structured reports (PS3.3 C.17.3, C.18) as DICOM JSON: made here, read in `content_tree`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from isocenter.standards.dicom.data_set_writing import decimal_string
from isocenter.standards.dicom.new_objects import (
    Model,
    ReferencedImage,
    code,
    element,
    person_name,
    referenced_sop,
    sequence,
)

Concept = tuple[str, str, str]
"""Code value, coding scheme, meaning."""


def item(relationship: str, value_type: str, name: Concept | None, **more: Any) -> Model:
    """Any content item. more: t<tag> → element."""
    made: Model = {"0040A010": element("CS", relationship)} if relationship else {}
    made["0040A040"] = element("CS", value_type)
    if name is not None:
        made["0040A043"] = sequence(code(*name))
    made |= {tag.removeprefix("t"): value for tag, value in more.items()}
    return made


def container(relationship: str, name: Concept, children: Iterable[Model], template: str | None = None) -> Model:
    """A container whose parts stand for themselves. template: of DCMR (PS3.16)."""
    made = item(relationship, "CONTAINER", name, t0040A050=element("CS", "SEPARATE"))
    if template is not None:
        made["0040A504"] = sequence({"00080105": element("CS", "DCMR"), "0040DB00": element("CS", template)})
    made["0040A730"] = sequence(*children)
    return made


def with_children(made: Model, *children: Model) -> Model:
    """The item with what modifies or supports it."""
    return made | {"0040A730": sequence(*children)} if children else made


def text_item(relationship: str, name: Concept, text: str) -> Model:
    """Words."""
    return item(relationship, "TEXT", name, t0040A160=element("UT", text))


def code_item(relationship: str, name: Concept, value: Concept) -> Model:
    """A coded value."""
    return item(relationship, "CODE", name, t0040A168=sequence(code(*value)))


def uid_item(relationship: str, name: Concept, uid: str) -> Model:
    """A UID."""
    return item(relationship, "UIDREF", name, t0040A124=element("UI", uid))


def name_item(relationship: str, name: Concept, person: str) -> Model:
    """A person's name."""
    return item(relationship, "PNAME", name, t0040A123=element("PN", person_name(person)))


def number_item(relationship: str, name: Concept, value: float, unit: Concept, *children: Model) -> Model:
    """A number with its unit: as decimal string, and exactly (Floating Point Value, PS3.3 C.18.1)."""
    measured: Model = {
        "0040A30A": element("DS", decimal_string(value)),
        "0040A161": element("FD", value),
        "004008EA": sequence(code(*unit)),
    }
    return with_children(item(relationship, "NUM", name, t0040A300=sequence(measured)), *children)


def place_item(
    relationship: str,
    name: Concept | None,
    graphic_type: str,
    points: Sequence[Sequence[float]],
    image: ReferencedImage,
) -> Model:
    """Points on an image (SCOORD, PS3.3 C.18.6): [column, row] each, with the image that they are selected from."""
    flat = [coordinate for point in points for coordinate in point]
    made = item(relationship, "SCOORD", name, t00700022=element("FL", *flat), t00700023=element("CS", graphic_type))
    return with_children(made, image_item("SELECTED FROM", image))


def image_item(relationship: str, image: ReferencedImage) -> Model:
    """A reference to an image (PS3.3 C.18.4)."""
    return item(relationship, "IMAGE", None, t00081199=sequence(referenced_sop(image)))
