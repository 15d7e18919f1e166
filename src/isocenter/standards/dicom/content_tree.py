"""The content tree of a structured report (PS3.3 C.17.3) read from DICOM JSON, whoever made it.

Foreign documents are read with patience: what is not as it should be is left out, and never guessed. Bounded in depth
and number of items.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.new_objects import Read, first_of, items_of, number_of, text_of, values_of

MAX_DEPTH: Final = 32
MAX_ITEMS: Final = 50_000

Concept = tuple[str, str, str]
"""Code value, coding scheme, meaning."""


class TooLargeReport(Invalid):
    """A report holds more items, or deeper ones, than are read."""

    reason = "too-large-report"


@dataclass(frozen=True, slots=True)
class Number:
    """value: as exactly as it was sent; None when the report says why there is none."""

    value: float | None
    unit: Concept | None


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to an object. frame_numbers: from 1, () is all of it."""

    sop_class_uid: str
    sop_instance_uid: str
    frame_numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ContentItem:
    """One item. points: of SCOORD, [column, row] each; of SCOORD3D [x, y, z] in mm of its frame of reference."""

    relationship: str
    value_type: str
    name: Concept | None
    text: str | None = None
    code: Concept | None = None
    number: Number | None = None
    references: tuple[Reference, ...] = ()
    graphic_type: str | None = None
    points: tuple[tuple[float, ...], ...] = ()
    frame_of_reference_uid: str | None = None
    observed_at: str | None = None
    children: tuple[ContentItem, ...] = ()

    def is_about(self, *concepts: tuple[str, str]) -> bool:
        """Whether the item's name is one of these concepts: (code value, coding scheme)."""
        return self.name is not None and self.name[:2] in concepts

    def all(self) -> Iterator[ContentItem]:
        """The item and everything under it, in order."""
        yield self
        for child in self.children:
            yield from child.all()

    def first(self, *concepts: tuple[str, str]) -> ContentItem | None:
        """The first child about one of these concepts."""
        return next((each for each in self.children if each.is_about(*concepts)), None)


@dataclass(slots=True)
class _Budget:
    left: int = field(default=MAX_ITEMS)


def content_tree(model: Read) -> ContentItem:
    """The whole tree; its root is the document's own container. Raises TooLargeReport."""
    return _item(model, 0, _Budget())


def concept_of(model: Read) -> Concept | None:
    """A code of a code sequence's item (PS3.3 8.8): short, long or URN; None without value or scheme."""
    value = text_of(model, "00080100") or text_of(model, "00080119") or text_of(model, "00080120")
    scheme = text_of(model, "00080102") or ("URN" if text_of(model, "00080120") else None)
    if value is None or scheme is None:
        return None
    return value, scheme, text_of(model, "00080104") or value


def first_concept(model: Read, tag: str) -> Concept | None:
    """The first code of a code sequence."""
    items = items_of(model, tag)
    return concept_of(items[0]) if items else None


def references_of(model: Read) -> tuple[Reference, ...]:
    """Referenced SOP Sequence (0008,1199)."""
    found = []
    for each in items_of(model, "00081199"):
        uid = text_of(each, "00081155")
        if uid is not None:
            frames = tuple(int(n) for n in values_of(each, "00081160") if isinstance(n, int) and n >= 1)
            found.append(Reference(text_of(each, "00081150") or "", uid, frames))
    return tuple(found)


def _item(model: Read, depth: int, budget: _Budget) -> ContentItem:
    budget.left -= 1
    if depth > MAX_DEPTH or budget.left < 0:
        raise TooLargeReport("The report is too large to be read here.", items=MAX_ITEMS, depth=MAX_DEPTH)
    value_type = text_of(model, "0040A040") or ""
    return ContentItem(
        relationship=text_of(model, "0040A010") or "",
        value_type=value_type,
        name=first_concept(model, "0040A043"),
        text=_text(model, value_type),
        code=first_concept(model, "0040A168"),
        number=_number(model) if value_type == "NUM" else None,
        references=references_of(model),
        graphic_type=text_of(model, "00700023"),
        points=_points(model, 3 if value_type == "SCOORD3D" else 2) if value_type.startswith("SCOORD") else (),
        frame_of_reference_uid=text_of(model, "30060024"),
        observed_at=text_of(model, "0040A032"),
        children=tuple(_item(each, depth + 1, budget) for each in items_of(model, "0040A730")),
    )


_TEXT_TAGS: Final = {"TEXT": "0040A160", "UIDREF": "0040A124", "DATETIME": "0040A120", "DATE": "0040A121"}


def _text(model: Read, value_type: str) -> str | None:
    if value_type == "PNAME":
        name = first_of(model, "0040A123")
        if not isinstance(name, Mapping):
            return None
        return "=".join(str(each) for each in name.values()) or None
    tag = _TEXT_TAGS.get(value_type)
    return None if tag is None else text_of(model, tag)


def _number(model: Read) -> Number:
    measured = items_of(model, "0040A300")
    if not measured:
        return Number(None, None)
    exact = number_of(measured[0], "0040A161")
    value = number_of(measured[0], "0040A30A") if exact is None else exact
    unit = first_concept(measured[0], "004008EA")
    return Number(value if value is None or math.isfinite(value) else None, unit)


def _points(model: Read, dimensions: int) -> tuple[tuple[float, ...], ...]:
    """Whole points only; () when one coordinate is no number."""
    flat: list[float] = []
    for value in values_of(model, "00700022"):
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            return ()
        flat.append(float(value))
    if len(flat) % dimensions:
        return ()
    return tuple(tuple(flat[at : at + dimensions]) for at in range(0, len(flat), dimensions))
