"""The current form of an object: what was received with the corrections of its study laid over it.

One function in two shapes: over encoded bytes and over DICOM JSON. Every change is written down in the Original
Attributes Sequence (PS3.3 C.12.1.1.9), behind the items that the object brought along. Pixel data is never touched.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from isocenter.standards.dicom.character_sets import CharacterSet, character_set
from isocenter.standards.dicom.element_spans import ElementSpan, element_spans, is_explicit, items_are_explicit
from isocenter.standards.dicom.elements import LONG_FORM_VRS
from isocenter.standards.dicom.explicit_vr import to_explicit_little_endian
from isocenter.standards.dicom.json_values import json_value
from isocenter.standards.dicom.text_conversion import UTF_8, encodable, in_utf_8
from isocenter.standards.dicom.transfer_syntaxes import TransferSyntax

ORIGINAL_ATTRIBUTES: Final = 0x04000561
MODIFIED_ATTRIBUTES: Final = 0x04000550
MODIFICATION_DATETIME: Final = 0x04000562
MODIFYING_SYSTEM: Final = 0x04000563
SOURCE_OF_PREVIOUS_VALUES: Final = 0x04000564
REASON_FOR_MODIFICATION: Final = 0x04000565
SPECIFIC_CHARACTER_SET: Final = 0x00080005
_LENGTH_TO_END: Final = 0x00080001

JsonDataSet = dict[str, dict[str, Any]]
Span = tuple[int, int]
"""(offset, length) of bytes that stay as they are."""


class Reason(StrEnum):
    """Reason for the Attribute Modification (0400,0565), its defined terms."""

    COERCE = "COERCE"  # replaced by what another system says, such as the merged patient's
    CORRECT = "CORRECT"  # what was sent was wrong


@dataclass(frozen=True, slots=True)
class Replacement:
    """One attribute and its new value. vr: of a text or string; text: decoded, several values joined by "\\", a name
    as "alphabetic=ideographic=phonetic", "" for empty."""

    tag: int
    vr: str
    text: str

    @property
    def values(self) -> list[Any]:
        """The value as in DICOM JSON; [] when empty."""
        return json_value(self.vr, self.text.encode(), little_endian=True, declared=UTF_8)


@dataclass(frozen=True, slots=True)
class Correction:
    """One act of correcting. source: Source of Previous Values; system: Modifying System; at: aware."""

    replacements: tuple[Replacement, ...]
    reason: Reason
    at: datetime
    system: str
    source: str = ""

    @property
    def modification_datetime(self) -> str:
        """As a DT value in UTC."""
        return self.at.astimezone(UTC).strftime("%Y%m%d%H%M%S.%f+0000")


def can_overlay(syntax: TransferSyntax) -> bool:
    """Whether bytes in this transfer syntax can be overlaid as they are; decode others to explicit VR first."""
    return syntax.little_endian and not syntax.deflated


# Over DICOM JSON ----------------------------------------------------------------------------------------------------


def overlay_json(data_set: JsonDataSet, corrections: Sequence[Correction]) -> JsonDataSet:
    """The current form of a data set in DICOM JSON; the given one stays as it is."""
    current, items = dict(data_set), []
    for correction in corrections:
        previous: JsonDataSet = {}
        for one in correction.replacements:
            key = f"{one.tag:08X}"
            before, values = current.get(key), one.values
            if (before or {}).get("Value", []) == values:
                continue
            previous[key] = before or {"vr": one.vr}
            current[key] = {"vr": one.vr, "Value": values} if values else {"vr": one.vr}
        if previous:
            items.append(_json_item(correction, dict(sorted(previous.items()))))
    if not items:
        return data_set
    if any(not one.text.isascii() for correction in corrections for one in correction.replacements):
        current[f"{SPECIFIC_CHARACTER_SET:08X}"] = {"vr": "CS", "Value": ["ISO_IR 192"]}
    key = f"{ORIGINAL_ATTRIBUTES:08X}"
    current[key] = {"vr": "SQ", "Value": [*current.get(key, {}).get("Value", []), *items]}
    return dict(sorted(current.items()))


def _json_item(correction: Correction, previous: JsonDataSet) -> JsonDataSet:
    item: JsonDataSet = {f"{MODIFIED_ATTRIBUTES:08X}": {"vr": "SQ", "Value": [previous]}}
    for one in _particulars(correction):
        item[f"{one.tag:08X}"] = {"vr": one.vr, "Value": one.values} if one.values else {"vr": one.vr}
    return item


def _particulars(correction: Correction) -> tuple[Replacement, ...]:
    """What an item says besides the previous values, in the order of the tags."""
    return (
        Replacement(MODIFICATION_DATETIME, "DT", correction.modification_datetime),
        Replacement(MODIFYING_SYSTEM, "LO", correction.system),
        Replacement(SOURCE_OF_PREVIOUS_VALUES, "LO", correction.source),
        Replacement(REASON_FOR_MODIFICATION, "CS", str(correction.reason)),
    )


# Over bytes ---------------------------------------------------------------------------------------------------------


def overlay_header(
    header: bytes | memoryview,
    syntax: TransferSyntax,
    corrections: Sequence[Correction],
    default_character_set: str | None = None,
) -> bytes:
    """The current form of the elements before the pixel data, or of a whole data set without, in the same encoding.

    syntax: one that `can_overlay`. default_character_set: of a sender that declares none.
    Raises MalformedDataSet, NotConvertible.
    """
    view = memoryview(header)
    pieces = overlay_pieces(view, syntax, corrections, default_character_set)
    return b"".join(bytes(view[one[0] : one[0] + one[1]]) if isinstance(one, tuple) else one for one in pieces)


def overlay_pieces(
    header: memoryview,
    syntax: TransferSyntax,
    corrections: Sequence[Correction],
    default_character_set: str | None = None,
) -> list[bytes | Span]:
    """The same as parts in order: new bytes, and where the header goes on as it is."""
    return _Overlay(header, is_explicit(header, syntax.explicit_vr), default_character_set).run(corrections)


class _Overlay:
    """One header on its way. `elements`: by tag in order, as bytes once they are new, as spans while they are not."""

    def __init__(self, header: memoryview, explicit: bool, default_character_set: str | None) -> None:
        self.header = header
        self.explicit = explicit
        self.default = default_character_set
        self.elements: list[tuple[int, ElementSpan | bytes]] = []
        seen: set[int] = set()
        for span in element_spans(header, explicit=explicit):
            if span.tag not in seen:  # of duplicates the first counts
                seen.add(span.tag)
                self.elements.append((span.tag, span))
        self.declared = self._declared()

    def _declared(self) -> CharacterSet:
        found = self._find(SPECIFIC_CHARACTER_SET)
        return character_set(b"" if found is None else self._value(found)[:256], self.default)

    def run(self, corrections: Sequence[Correction]) -> list[bytes | Span]:
        if not any(map(self._changes, corrections)):
            return [(0, len(self.header))]
        texts = [one.text for correction in corrections for one in correction.replacements]
        if not all(encodable(text, self.declared) for text in texts):
            self._to_utf_8()
        items = [item for item in map(self._apply, corrections) if item]
        self._put(ORIGINAL_ATTRIBUTES, self._original_attributes(b"".join(items)))
        return self._pieces()

    def _changes(self, correction: Correction) -> bool:
        """Whether anything is not yet as the correction wants it, before others have been laid on."""
        return any(self._json(one.tag) != one.values for one in correction.replacements)

    def _apply(self, correction: Correction) -> bytes:
        """Lay one correction on; returns its item, empty when it changed nothing."""
        previous: list[tuple[int, bytes]] = []
        for one in correction.replacements:
            if self._json(one.tag) == one.values:
                continue
            found = self._find(one.tag)
            previous.append((one.tag, self._encoded(one.tag, one.vr, b"") if found is None else self._raw(found)))
            self._put(one.tag, self._text_element(one))
        if not previous:
            return b""
        inner = self._item(b"".join(raw for _, raw in sorted(previous)))
        content = self._encoded(MODIFIED_ATTRIBUTES, "SQ", inner)
        return self._item(content + b"".join(self._text_element(one) for one in _particulars(correction)))

    def _original_attributes(self, items: bytes) -> bytes:
        found = self._find(ORIGINAL_ATTRIBUTES)
        return self._encoded(ORIGINAL_ATTRIBUTES, "SQ", (b"" if found is None else self._items_of(found)) + items)

    def _items_of(self, found: ElementSpan | bytes) -> bytes:
        """The items of a sequence in our encoding, without its header and delimiter."""
        raw = self._raw(found)
        span = next(element_spans(memoryview(raw), explicit=self.explicit))
        items = raw[span.value_at : span.value_end]
        if not items or not self.explicit or items_are_explicit(memoryview(raw), span):
            return items
        plain = struct.pack("<HHI", ORIGINAL_ATTRIBUTES >> 16, ORIGINAL_ATTRIBUTES & 0xFFFF, len(items)) + items
        written = to_explicit_little_endian(memoryview(plain), explicit_vr=False, little_endian=True)
        return written[12:-8]  # between the open header and the delimiter

    def _to_utf_8(self) -> None:
        """Everything in UTF-8 from here on, so that any text can stand beside what was sent."""
        self.elements = [
            (tag, in_utf_8(self.header, one, self.declared) or one) if isinstance(one, ElementSpan) else (tag, one)
            for tag, one in self.elements
        ]
        self.declared = UTF_8
        self._put(SPECIFIC_CHARACTER_SET, self._encoded(SPECIFIC_CHARACTER_SET, "CS", b"ISO_IR 192"))

    # Elements one by one

    def _find(self, tag: int) -> ElementSpan | bytes | None:
        return next((one for known, one in self.elements if known == tag), None)

    def _put(self, tag: int, element: bytes) -> None:
        for place, (known, _) in enumerate(self.elements):
            if known == tag:
                self.elements[place] = (tag, element)
                return
        place = next((place for place, (known, _) in enumerate(self.elements) if known > tag), len(self.elements))
        self.elements.insert(place, (tag, element))

    def _raw(self, found: ElementSpan | bytes) -> bytes:
        return found if isinstance(found, bytes) else bytes(self.header[found.start : found.end])

    def _value(self, found: ElementSpan | bytes) -> bytes:
        raw = self._raw(found)
        span = next(element_spans(memoryview(raw), explicit=self.explicit))
        return raw[span.value_at : span.value_end]

    def _json(self, tag: int) -> list[Any]:
        """The value as DICOM JSON has it; [] when absent or empty."""
        found = self._find(tag)
        if found is None:
            return []
        raw = self._raw(found)
        span = next(element_spans(memoryview(raw), explicit=self.explicit))
        value = raw[span.value_at : span.value_end]
        return json_value(span.known_vr, value, little_endian=True, declared=self.declared) if value else []

    def _text_element(self, one: Replacement) -> bytes:
        value = one.text.encode("gbk" if "GBK" in self.declared.terms else self.declared.codec)
        return self._encoded(one.tag, one.vr, value)

    def _encoded(self, tag: int, vr: str, value: bytes) -> bytes:
        if len(value) % 2:
            value += b"\0" if vr == "UI" else b" "
        place = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
        if not self.explicit:
            return place + struct.pack("<I", len(value)) + value
        form = vr.encode()
        if form in LONG_FORM_VRS:
            return place + struct.pack("<2sHI", form, 0, len(value)) + value
        return place + struct.pack("<2sH", form, len(value)) + value

    @staticmethod
    def _item(content: bytes) -> bytes:
        return b"\xfe\xff\x00\xe0" + struct.pack("<I", len(content)) + content

    def _pieces(self) -> list[bytes | Span]:
        """Neighbours joined. Group lengths go: they would be wrong, and may be left out (PS3.5 7.2)."""
        pieces: list[bytes | Span] = []
        for tag, one in self.elements:
            if tag & 0xFFFF == 0 or tag == _LENGTH_TO_END:
                continue
            last = pieces[-1] if pieces else None
            if isinstance(one, bytes):
                if isinstance(last, bytes):
                    pieces[-1] = last + one
                else:
                    pieces.append(one)
            elif isinstance(last, tuple) and last[0] + last[1] == one.start:
                pieces[-1] = (last[0], one.end - last[0])
            else:
                pieces.append((one.start, one.end - one.start))
        return pieces
