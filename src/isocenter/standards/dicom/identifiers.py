"""Identifiers of C-FIND, C-MOVE and C-GET (PS3.4 C.2.2, C.4): data sets of keys read, data sets of answers written.

Little endian, implicit or explicit VR. Keys are read in the character set that they declare; answers are in UTF-8 and
say so with (0008,0005) ISO_IR 192 (PS3.4 C.4.1.1.3), unless they are plain ASCII and need not.
"""

from __future__ import annotations

import struct
from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.data_dictionary import vr_of
from isocenter.standards.dicom.elements import LONG_FORM_VRS
from isocenter.standards.dicom.json_model import data_set_to_json
from isocenter.standards.dicom.person_name import joined_name
from isocenter.standards.dicom.transfer_syntaxes import IMPLICIT_VR_LITTLE_ENDIAN, transfer_syntax

SPECIFIC_CHARACTER_SET: Final = 0x00080005
QUERY_RETRIEVE_LEVEL: Final = 0x00080052
MAX_IDENTIFIER_BYTES: Final = 1 << 20
"""A longer identifier is refused: 16000 UIDs fit into it."""

Attribute = tuple[str, tuple[Any, ...]]
"""(VR, values): str, int, float, bytes, or mappings of attributes by tag for items; PN as its three groups with "="."""

_NUMBERS: Final = {
    "US": struct.Struct("<H"),
    "SS": struct.Struct("<h"),
    "UL": struct.Struct("<I"),
    "SL": struct.Struct("<i"),
    "UV": struct.Struct("<Q"),
    "SV": struct.Struct("<q"),
    "FL": struct.Struct("<f"),
    "FD": struct.Struct("<d"),
}
_BINARY: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_LONG_FORMS: Final = frozenset(vr.decode() for vr in LONG_FORM_VRS)
_SHORT_TEXTS: Final = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UI"})
_CHOSEN: Final = {"XS": "US", "LU": "OW"}  # what the dictionary calls a VR that depends on other elements
_SHORT, _LONG, _IMPLICIT = struct.Struct("<HH2sH"), struct.Struct("<HH2s2xI"), struct.Struct("<HHI")
_ITEM: Final = 0xE000FFFE


class InvalidIdentifier(Invalid):
    """The identifier cannot be read, or lacks what its request needs."""

    reason = "invalid-identifier"


@dataclass(frozen=True, slots=True)
class IdentifierKey:
    """One attribute of an identifier: the values any of which may match, all as text; items: of its first item."""

    tag: int
    vr: str
    values: tuple[str, ...] = ()
    items: tuple[IdentifierKey, ...] = ()


def decode_identifier(data: bytes, transfer_syntax_uid: str) -> tuple[IdentifierKey, ...]:
    """The keys of an identifier in the order of their tags, (0008,0005) left out.

    Raises InvalidIdentifier, MalformedDataSet.
    """
    if len(data) > MAX_IDENTIFIER_BYTES:
        raise InvalidIdentifier("The identifier is too long.", limit=MAX_IDENTIFIER_BYTES)
    found = data_set_to_json(data, transfer_syntax(transfer_syntax_uid), bulk_data_uri=lambda path: path)
    return _keys(found)


def encode_identifier(attributes: Mapping[int, Attribute], transfer_syntax_uid: str) -> bytes:
    """A data set of these attributes; (0008,0005) is ours to say. What does not fit its VR is left empty."""
    writer = _Writer(explicit=transfer_syntax_uid != IMPLICIT_VR_LITTLE_ENDIAN)
    tags = [tag for tag in sorted(attributes) if tag != SPECIFIC_CHARACTER_SET]
    elements = [writer.element(tag, attributes[tag]) for tag in tags]
    if not writer.is_ascii:
        character_set = writer.element(SPECIFIC_CHARACTER_SET, ("CS", ("ISO_IR 192",)))
        elements.insert(bisect(tags, SPECIFIC_CHARACTER_SET), character_set)
    return b"".join(elements)


def _keys(data_set: Mapping[str, Any]) -> tuple[IdentifierKey, ...]:
    keys = []
    for tag, element in data_set.items():
        number = int(tag, 16)
        if number == SPECIFIC_CHARACTER_SET or not number & 0xFFFF:
            continue
        values = element.get("Value") or ()
        items = next((_keys(value) for value in values if element["vr"] == "SQ" and value), ())
        texts = () if element["vr"] == "SQ" else tuple(_text(value) for value in values if value is not None)
        keys.append(IdentifierKey(number, element["vr"], texts, items))
    return tuple(keys)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return joined_name(value)
    return str(value)


class _Writer:
    __slots__ = ("explicit", "is_ascii")

    def __init__(self, *, explicit: bool) -> None:
        self.explicit = explicit
        self.is_ascii = True

    def data_set(self, attributes: Mapping[int, Attribute]) -> bytes:
        return b"".join([self.element(tag, attributes[tag]) for tag in sorted(attributes)])

    def element(self, tag: int, attribute: Attribute) -> bytes:
        vr, values = attribute
        if self.explicit and vr in _SHORT_TEXTS and len(values) < 2:
            return self._text(tag, vr, values)
        vr = _CHOSEN.get(vr, vr)
        value = self._value(vr, values) if values else b""
        group, element = tag >> 16, tag & 0xFFFF
        if not self.explicit:
            return _IMPLICIT.pack(group, element, len(value)) + value
        if vr in _LONG_FORMS:
            return _LONG.pack(group, element, vr.encode(), len(value)) + value
        if len(value) > 0xFFFE:
            value = b""
        return _SHORT.pack(group, element, vr.encode(), len(value)) + value

    def _text(self, tag: int, vr: str, values: tuple[Any, ...]) -> bytes:
        """Most elements of most answers: at most one value of text."""
        content = self._padded(vr, _as_text(values[0])) if values else b""
        length = len(content)
        return _head(tag, vr) + (length.to_bytes(2, "little") + content if length <= 0xFFFE else b"\0\0")

    def _padded(self, vr: str, text: str) -> bytes:
        self.is_ascii = self.is_ascii and text.isascii()
        return _even(text.encode("utf-8", "replace"), b"\0" if vr == "UI" else b" ")

    def _value(self, vr: str, values: tuple[Any, ...]) -> bytes:
        if vr == "SQ":
            return b"".join(self._item(item) for item in values if isinstance(item, Mapping))
        try:
            if vr in _NUMBERS:
                return b"".join(_NUMBERS[vr].pack(value) for value in values)
            if vr == "AT":
                return b"".join(struct.pack("<HH", int(value[:4], 16), int(value[4:], 16)) for value in values)
        except (struct.error, ValueError, TypeError):
            return b""
        if vr in _BINARY:
            return _even(b"".join(value for value in values if isinstance(value, bytes)), b"\0")
        return self._padded(vr, "\\".join(_as_text(value) for value in values))

    def _item(self, attributes: Mapping[int, Attribute]) -> bytes:
        content = self.data_set(attributes)
        return _ITEM.to_bytes(4, "little") + len(content).to_bytes(4, "little") + content


@lru_cache(maxsize=4096)
def _head(tag: int, vr: str) -> bytes:
    """Of an explicit element in the short form, up to its length."""
    return _SHORT.pack(tag >> 16, tag & 0xFFFF, vr.encode(), 0)[:6]


def _even(value: bytes, padding: bytes) -> bytes:
    return value + padding if len(value) & 1 else value


def _as_text(value: Any) -> str:
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    """At most 16 characters, as DS asks (PS3.5 6.2)."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.9g}"


def vr_of_key(key: IdentifierKey) -> str:
    """The VR that an empty answer for the key has: what was asked with, or what the dictionary says."""
    return key.vr if key.vr != "UN" else vr_of(key.tag)
