"""Matching the keys of the level IMAGE against what is known of an instance without reading it."""

from __future__ import annotations

from dataclasses import dataclass

from isocenter.index.dicom_query import Attribute, DicomQuery, InstanceFacts
from isocenter.index.matching import wildcard_matches
from isocenter.index.query_keys import INSTANCE_VRS

_NAMES = {
    0x00080016: "sop_class_uid",
    0x00080018: "sop_instance_uid",
    0x00200013: "instance_number",
    0x00280008: "number_of_frames",
    0x00280010: "rows",
    0x00280011: "columns",
    0x00280100: "bits_allocated",
}


@dataclass(frozen=True, slots=True)
class InstanceMatch:
    """Keys of the level IMAGE: by the attribute's name, the values any of which may match."""

    wanted: tuple[tuple[str, str, frozenset[str]], ...]

    @classmethod
    def of(cls, query: DicomQuery) -> InstanceMatch:
        """The keys of a query that are answered here."""
        keys = [key for key in query.keys if key.tag in _NAMES and key.matches_something]
        return cls(
            tuple(
                (_NAMES[key.tag], INSTANCE_VRS[key.tag], frozenset(value.strip() for value in key.values))
                for key in keys
            )
        )

    @staticmethod
    def attributes(facts: InstanceFacts) -> dict[int, Attribute]:
        """What an answer holds of the instance; what describes pixels only where there are pixels."""
        tags = _NAMES if facts.rows is not None and facts.columns is not None else list(_NAMES)[:3]
        found: dict[int, Attribute] = {}
        for tag in tags:
            value = getattr(facts, _NAMES[tag])
            found[tag] = (INSTANCE_VRS[tag], () if value is None else (value,))
        return found


def instance_matches(match: InstanceMatch, facts: InstanceFacts) -> bool:
    """Whether an instance matches (PS3.4 C.2.2.2): UIDs and numbers by equality."""
    return all(_matches(values, vr, getattr(facts, name)) for name, vr, values in match.wanted)


def _matches(wanted: frozenset[str], vr: str, value: object) -> bool:
    if value is None or value == "":
        return '""' in wanted
    text = str(value)
    if vr == "UI":
        return text in wanted
    return any(_number(one) == text or (set("*?") & set(one) and wildcard_matches(one, text)) for one in wanted)


def _number(text: str) -> str:
    return str(int(text)) if text.isascii() and text.lstrip("+-").isdigit() and len(text) <= 12 else text
