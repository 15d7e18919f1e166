"""Builds encoded data sets byte by byte, right ones and wrong ones, for the tests of the skip-parser."""

from __future__ import annotations

import struct

from isocenter.standards.dicom.elements import LONG_FORM_VRS

UNDEFINED = 0xFFFFFFFF
STUDY_INSTANCE_UID = 0x0020000D
SOP_INSTANCE_UID = 0x00080018
PATIENT_ID = 0x00100020
SOME_SEQUENCE = 0x00081140
PIXEL_DATA = 0x7FE00010


class Encoding:
    """One of the three native encodings."""

    def __init__(self, *, explicit: bool, little: bool) -> None:
        self.explicit = explicit
        self.order = "<" if little else ">"

    def header(self, tag: int, vr: bytes, length: int) -> bytes:
        where = struct.pack(self.order + "HH", tag >> 16, tag & 0xFFFF)
        if not self.explicit:
            return where + struct.pack(self.order + "I", length)
        if vr in LONG_FORM_VRS:
            return where + vr + b"\0\0" + struct.pack(self.order + "I", length)
        return where + vr + struct.pack(self.order + "H", length)

    def element(self, tag: int, vr: bytes, value: bytes) -> bytes:
        return self.header(tag, vr, len(value)) + value

    def text(self, tag: int, vr: bytes, text: str) -> bytes:
        value = text.encode()
        return self.element(tag, vr, value + (b"\0" if vr == b"UI" else b" ") * (len(value) & 1))

    def item(self, content: bytes) -> bytes:
        return struct.pack(self.order + "HHI", 0xFFFE, 0xE000, len(content)) + content

    def open_item(self, content: bytes) -> bytes:
        start = struct.pack(self.order + "HHI", 0xFFFE, 0xE000, UNDEFINED)
        return start + content + struct.pack(self.order + "HHI", 0xFFFE, 0xE00D, 0)

    def sequence_end(self) -> bytes:
        return struct.pack(self.order + "HHI", 0xFFFE, 0xE0DD, 0)

    def sequence(self, tag: int, *items: bytes, vr: bytes = b"SQ") -> bytes:
        """A sequence of undefined length."""
        return self.header(tag, vr, UNDEFINED) + b"".join(items) + self.sequence_end()

    def encapsulated(self, *fragments: bytes) -> bytes:
        """Encapsulated pixel data; the first fragment is the basic offset table."""
        return self.sequence(PIXEL_DATA, *(self.item(each) for each in fragments), vr=b"OB")


EXPLICIT = Encoding(explicit=True, little=True)
IMPLICIT = Encoding(explicit=False, little=True)
BIG_ENDIAN = Encoding(explicit=True, little=False)


def elements_of_a_data_set(encoding: Encoding = EXPLICIT, *, pixels: bytes = bytes(32)) -> list[bytes]:
    """A small image: identity, a nested sequence in both delimitations, native pixel data."""
    inner = encoding.text(0x00081150, b"UI", "1.2.840.10008.5.1.4.1.1.2")
    return [
        encoding.text(SOP_INSTANCE_UID, b"UI", "1.2.3.4"),
        encoding.sequence(SOME_SEQUENCE, encoding.item(inner), encoding.open_item(inner)),
        encoding.text(PATIENT_ID, b"LO", "P1"),
        encoding.text(STUDY_INSTANCE_UID, b"UI", "1.2.3"),
        encoding.element(PIXEL_DATA, b"OW", pixels),
    ]


def a_data_set(encoding: Encoding = EXPLICIT, *, pixels: bytes = bytes(32)) -> bytes:
    """The elements of a small image, joined."""
    return b"".join(elements_of_a_data_set(encoding, pixels=pixels))
