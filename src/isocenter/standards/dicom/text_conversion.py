"""Text elements written anew in UTF-8 (ISO_IR 192, PS3.3 C.12.1.1.2), down through every sequence."""

from __future__ import annotations

import struct
from typing import Final

from isocenter.standards.dicom.character_sets import CharacterSet, character_set, decode_text
from isocenter.standards.dicom.element_spans import ElementSpan, element_spans, item_spans, items_are_explicit
from isocenter.standards.dicom.elements import LONG_FORM_VRS, SHORT_FORM_VRS, UNDEFINED_LENGTH, MalformedDataSet

UTF_8: Final = character_set(b"ISO_IR 192")
TEXT_VRS: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
"""The VRs that Specific Character Set is about (PS3.5 6.1.2.3)."""
_SPECIFIC_CHARACTER_SET: Final = 0x00080005
_MULTI_BYTE: Final = frozenset({"ISO_IR 192", "GB18030", "GBK"})


def encodable(text: str, declared: CharacterSet) -> bool:
    """Whether a text can stand in a data set of these character sets without changing them.

    Where code extensions may switch only ASCII can, so that nothing written has to escape.
    """
    if text.isascii():
        return True
    single_byte = declared.codec.startswith(("iso8859", "latin"))
    if declared.code_extensions or not declared.known or not (single_byte or declared.terms[0] in _MULTI_BYTE):
        return False
    try:
        text.encode("gbk" if "GBK" in declared.terms else declared.codec)
    except UnicodeEncodeError:
        return False
    return True


def in_utf_8(data: memoryview, span: ElementSpan, declared: CharacterSet) -> bytes | None:
    """One element with its text in UTF-8; None when it holds none that differs."""
    vr = span.known_vr
    if span.tag == _SPECIFIC_CHARACTER_SET:
        return _element(span, b"ISO_IR 192")
    if vr in TEXT_VRS and not span.undefined:
        raw = bytes(data[span.value_at : span.value_end])
        if raw.isascii() and b"\x1b" not in raw:
            return None
        text = decode_text(raw, declared, person_name=vr == "PN").text
        return _element(span, text.rstrip(" \0").encode("utf_8", "replace"))
    if vr == "SQ" or (span.undefined and span.vr in (b"", b"UN")):  # not the fragments of an icon's pixels
        try:
            return _sequence(data, span, declared) if _has_items(data, span) else None
        except MalformedDataSet:
            return None  # reception jumps over what has a length: what is torn inside stays as it is
    return None


def _has_items(data: memoryview, span: ElementSpan) -> bool:
    return bytes(data[span.value_at : span.value_at + 4]) == b"\xfe\xff\x00\xe0"


def _sequence(data: memoryview, sequence: ElementSpan, declared: CharacterSet) -> bytes | None:
    explicit = items_are_explicit(data, sequence)
    changed, out = False, bytearray()
    for start, end in item_spans(data, sequence, explicit=explicit):
        spans = list(element_spans(data, explicit=explicit, start=start, end=end))
        if any(data[spans[-1].end if spans else start : end]):
            return None  # something follows that we do not understand: it stays as it is
        own = next((one for one in spans if one.tag == _SPECIFIC_CHARACTER_SET), None)
        here = declared if own is None else character_set(bytes(data[own.value_at : own.value_end])[:256])
        content = bytearray()
        for span in spans:
            written = in_utf_8(data, span, here)
            changed = changed or written is not None
            if span.tag & 0xFFFF:  # a group length would be wrong
                content += data[span.start : span.end] if written is None else written
        out += b"\xfe\xff\x00\xe0" + struct.pack("<I", len(content)) + content
    return _element(sequence, bytes(out)) if changed else None


def _element(span: ElementSpan, value: bytes) -> bytes:
    """The element with another value, in the encoding it had; an undefined length stays undefined."""
    value += b" " * (len(value) % 2)
    place = struct.pack("<HH", span.tag >> 16, span.tag & 0xFFFF)
    length = UNDEFINED_LENGTH if span.undefined else len(value)
    if span.undefined:
        value += b"\xfe\xff\xdd\xe0\0\0\0\0"
    if not span.vr:
        return place + struct.pack("<I", length) + value
    vr = span.vr
    if vr in SHORT_FORM_VRS and len(value) > 0xFFFE:
        vr = b"UN"  # PS3.5 6.2.2: what does not fit the short form is sent as UN
    if vr in LONG_FORM_VRS:
        return place + struct.pack("<2sHI", vr, 0, length) + value
    return place + struct.pack("<2sH", vr, len(value)) + value
