"""Matching and reading attributes that only objects hold, from their DICOM JSON (PS3.4 C.2.2.2, PS3.18 F.2)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from isocenter.index.dicom_query import Attribute, DataSetJson, Key
from isocenter.index.matching import time_bounds, wildcard_matches
from isocenter.index.text import fold
from isocenter.standards.dicom.person_name import joined_name

EMPTY = '""'
MAX_DEPTH = 16
_EXACT = frozenset({"UI", "AT"})
_NUMBERS = frozenset({"DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"})
_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


def matches(data_set: DataSetJson, keys: tuple[Key, ...], depth: int = 0) -> bool:
    """Whether a data set matches every one of these keys."""
    return all(_matches(data_set, key, depth) for key in keys if key.matches_something)


def attribute_of(element: Mapping[str, Any] | None, vr: str = "UN", depth: int = 0) -> Attribute:
    """An element of the JSON model as an attribute; an absent one is empty, bulk data are left out."""
    if element is None:
        return (vr, ())
    vr = str(element.get("vr", vr))
    if "InlineBinary" in element:
        try:
            return (vr, (base64.b64decode(element["InlineBinary"]),))
        except (binascii.Error, ValueError, TypeError):
            return (vr, ())
    values = element.get("Value") or ()
    if vr == "SQ":
        items = values if depth < MAX_DEPTH else ()
        return (vr, tuple(attributes_of(item or {}, depth + 1) for item in items))
    if vr == "PN":
        return (vr, tuple(_name(value) for value in values))
    return (vr, tuple("" if value is None else value for value in values))


def attributes_of(data_set: DataSetJson, depth: int = 0) -> dict[int, Attribute]:
    """A whole data set as attributes by tag."""
    return {int(tag, 16): attribute_of(element, depth=depth) for tag, element in data_set.items()}


def _matches(data_set: DataSetJson, key: Key, depth: int) -> bool:
    element = data_set.get(f"{key.tag:08X}")
    values = (element or {}).get("Value") or []
    if key.items:
        items = [item for item in values if isinstance(item, Mapping)] if depth < MAX_DEPTH else []
        return any(matches(item, key.items, depth + 1) for item in items)
    vr = str((element or {}).get("vr", key.vr))
    if vr in _BINARY or vr == "SQ":
        return True
    return any(_matches_value(wanted, vr, values) for wanted in key.values)


def _matches_value(wanted: str, vr: str, values: list[Any]) -> bool:
    if wanted == EMPTY:
        return not any(value not in (None, "") for value in values)
    if not wanted.strip("* "):
        return True
    return any(_one(wanted, vr, value) for value in values if value is not None)


def _one(wanted: str, vr: str, value: Any) -> bool:
    if vr == "PN":
        return name_matches(wanted, _name(value))
    if vr in _NUMBERS:
        return _same_number(wanted, value)
    text = str(value).strip(" ")
    if vr in _EXACT:
        return wanted.strip() == text
    if vr in ("DA", "DT", "TM"):
        return _in_range(wanted.strip(), text, vr)
    return wildcard_matches(wanted.strip(" "), text)


def name_matches(wanted: str, name: str) -> bool:
    """A name as `matching.match_name` compares it: each group, component by component, without regard to case."""
    pattern = [component.strip() for component in fold(wanted).split("^")]
    for group in fold(name).split("="):
        components = group.split("^")
        components += [""] * (len(pattern) - len(components))
        pairs = zip(pattern, components, strict=False)
        if all(not part or wildcard_matches(part, component.strip()) for part, component in pairs):
            return True
        if wildcard_matches("^".join(pattern), group):
            return True
    return False


def _in_range(wanted: str, text: str, vr: str) -> bool:
    if vr == "TM":
        first, beyond = time_bounds(wanted)
        return first <= text and (beyond is None or text < beyond)
    # A minus before four digits at the end of a DT is an offset from UTC, not a range; offsets are not compared.
    first, dash, last = wanted.partition("-")
    if not dash:
        return text.startswith(first) if vr == "DT" else text == first
    return (not first or text >= first) and (not last or text <= last + ("~" if vr == "DT" else ""))


def _same_number(wanted: str, value: Any) -> bool:
    try:
        return float(wanted) == float(value)
    except (ValueError, TypeError):
        return False


def _name(value: Any) -> str:
    if not isinstance(value, Mapping):
        return "" if value is None else str(value)
    return joined_name(value)
