"""DICOM JSON of headers, made in confined processes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from isocenter.standards.dicom.elements import PIXEL_DATA, MalformedDataSet, PixelDataSpan
from isocenter.standards.dicom.json_model import data_set_to_json
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax

HeaderWork = tuple[bytes, str, bool, str | None]
"""A header, its transfer syntax, whether pixel data follows it, its character set if it names none itself."""


def headers_to_json(work: Sequence[HeaderWork]) -> list[bytes | None]:
    """The DICOM JSON of each header; None for one that cannot be read. Runs in a confined process."""
    return [_header_to_json(*one) for one in work]


def _header_to_json(header: bytes, transfer_syntax_uid: str, has_pixels: bool, default: str | None) -> bytes | None:
    pixels = PixelDataSpan(PIXEL_DATA, b"OW", len(header), len(header), None) if has_pixels else None
    try:
        model = data_set_to_json(
            header,
            transfer_syntax(transfer_syntax_uid),
            bulk_data_uri="bulkdata/{}".format,
            pixel_data=pixels,
            default_character_set=default,
        )
    except MalformedDataSet:
        return None
    return msgspec.json.encode(model)
