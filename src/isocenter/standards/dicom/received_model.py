"""A DICOM JSON model of somebody else made into one that can be written (`data_set_writing`), or refused.

What people mean is taken: numbers as text, names as text, text as numbers, a VR left out. What would not come back as
it was sent is refused, with its tag.
"""

from __future__ import annotations

import math
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from typing import Any, Final

from isocenter.standards.dicom.data_dictionary import vr_of
from isocenter.standards.dicom.data_set_writing import UTF_8, NotWritable
from isocenter.standards.dicom.elements import LONG_FORM_VRS, SHORT_FORM_VRS
from isocenter.standards.dicom.json_values import BINARY_VRS
from isocenter.standards.dicom.person_name import COMPONENT_GROUPS

MAX_DEPTH: Final = 64
MAX_ELEMENTS: Final = 200_000
NAMED_VRS: Final = BINARY_VRS | {"DS", "FL", "FD", "IS", "LT", "SL", "SS", "ST", "SV", "UC", "UL", "US", "UT", "UV"}
"""Values that may lie elsewhere (PS3.18 10.4.3.3.2)."""
_VRS: Final = frozenset(vr.decode() for vr in SHORT_FORM_VRS | LONG_FORM_VRS)
_ONE_TEXT: Final = frozenset({"ST", "LT", "UT", "UR"})
_INTEGERS: Final = frozenset({"US", "SS", "UL", "SL", "SV", "UV"})
_FLOATS: Final = frozenset({"FL", "FD"})
_PIXEL_REPRESENTATION: Final = "00280103"
_CHARACTER_SET: Final = "00080005"
_FIRST_GROUP: Final = 0x0008
_LAST_GROUP: Final = 0xFFFC

Element = dict[str, Any]
Model = dict[str, Element]


def writable_model(received: Any) -> Model:
    """The model as it can be written, in UTF-8. Command and file meta elements and group lengths are left out.

    Raises NotWritable.
    """
    representation = received.get(_PIXEL_REPRESENTATION) if isinstance(received, dict) else None
    signed = isinstance(representation, dict) and representation.get("Value") == [1]
    model = _Checking(signed).data_set(received, 0)
    model[_CHARACTER_SET] = {"vr": "CS", "Value": [UTF_8]}
    return model


class _Checking:
    """One pass over a model."""

    def __init__(self, signed: bool) -> None:
        self._signed = signed
        self._elements = 0

    def data_set(self, received: Any, depth: int) -> Model:
        if not isinstance(received, dict) or depth > MAX_DEPTH:
            raise NotWritable("A data set is an object of JSON, and not nested deeper than 64.")
        model: Model = {}
        for name, element in received.items():
            tag = str(name).upper()
            group = _group_of(tag)
            if group < _FIRST_GROUP or tag.endswith("0000") or (tag == _CHARACTER_SET):
                continue
            self._elements += 1
            if self._elements > MAX_ELEMENTS:
                raise NotWritable("The data set has too many elements.", limit=MAX_ELEMENTS)
            if group > _LAST_GROUP or not isinstance(element, dict):
                raise NotWritable("This is no element of a data set.", tag=tag)
            model[tag] = self._element(tag, element, depth)
        return model

    def _element(self, tag: str, element: Mapping[str, Any], depth: int) -> Element:
        vr = element.get("vr")
        if vr is None or " or " in str(vr):  # as pydicom says it of what it did not settle
            known = vr_of(int(tag, 16))
            vr = {"XS": "SS" if self._signed else "US", "LU": "OW"}.get(known, known)
        if vr not in _VRS:
            raise NotWritable("This is no value representation.", tag=tag, vr=str(vr)[:16])
        if "BulkDataURI" in element:
            if vr not in NAMED_VRS or not isinstance(element["BulkDataURI"], str):
                raise NotWritable("A value of this kind does not lie elsewhere.", tag=tag, vr=vr)
            return {"vr": vr, "BulkDataURI": element["BulkDataURI"]}
        if "InlineBinary" in element:
            return {"vr": vr, "InlineBinary": _base64(tag, vr, element["InlineBinary"])}
        values = element.get("Value", [])
        if not isinstance(values, list) or (values and vr in BINARY_VRS):
            raise NotWritable("The values are not given as their VR asks.", tag=tag, vr=vr)
        if vr == "SQ":
            return {"vr": vr, "Value": [self.data_set({} if item is None else item, depth + 1) for item in values]}
        if vr in _ONE_TEXT and len(values) > 1:
            raise NotWritable("This has one value only.", tag=tag, vr=vr)
        return {"vr": vr, "Value": [_value(tag, vr, value) for value in values]}


def _group_of(tag: str) -> int:
    try:
        if len(tag) == 8 and tag.isascii() and tag.isalnum():
            return int(tag, 16) >> 16
    except ValueError:
        pass
    raise NotWritable("A tag is not eight hexadecimal digits.", found=tag[:64])


def _base64(tag: str, vr: str, text: Any) -> str:
    try:
        plain = "".join(text.split())
        b64decode(plain, validate=True)
    except (NotBase64, AttributeError, ValueError):
        raise NotWritable("InlineBinary is not base64.", tag=tag, vr=vr) from None
    return plain


def _value(tag: str, vr: str, value: Any) -> Any:
    if vr == "PN":
        return _name(tag, value)
    if vr in _INTEGERS or vr in _FLOATS:
        return _number(tag, vr, value)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NotWritable("This is neither text nor number.", tag=tag, vr=vr)
    if isinstance(value, float) and vr != "DS":
        value = int(value) if value.is_integer() else value
    if isinstance(value, str) and "\\" in value and vr not in _ONE_TEXT:
        raise NotWritable("A backslash would make two values of one.", tag=tag, vr=vr)
    return value


def _name(tag: str, value: Any) -> dict[str, str]:
    groups = {"Alphabetic": value} if isinstance(value, str) else {} if value is None else value
    if not isinstance(groups, dict) or not all(isinstance(groups.get(group) or "", str) for group in COMPONENT_GROUPS):
        raise NotWritable("This is no name.", tag=tag)
    if any("\\" in (groups.get(group) or "") or "=" in (groups.get(group) or "") for group in COMPONENT_GROUPS):
        raise NotWritable("A name holds a backslash or an equals sign.", tag=tag)
    return {group: groups[group] for group in COMPONENT_GROUPS if groups.get(group)}


def _number(tag: str, vr: str, value: Any) -> int | float:
    try:
        if isinstance(value, bool):
            raise TypeError
        number = float(value) if vr in _FLOATS else int(value)
        if vr in _INTEGERS and isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise NotWritable("This is no number that fits its element.", tag=tag, vr=vr) from None
    return number
