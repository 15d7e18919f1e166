"""Images of the shared data, opened by our own parsers, for comparisons with other toolkits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isocenter.kit.errors import Invalid
from isocenter.pixels.decode import decode_frame
from isocenter.pixels.description import ImageDescription, image_description
from isocenter.pixels.encapsulation import frame_fragments
from isocenter.pixels.native import Samples, frame_span
from isocenter.standards.dicom.elements import PixelDataSpan, ScannedDataSet, inflate, scan
from isocenter.standards.dicom.json_model import data_set_to_json
from isocenter.standards.dicom.part10 import read_file_meta
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, TransferSyntax, transfer_syntax


@dataclass
class Image:
    """One image file: its JSON model, and its frames."""

    path: Path
    data: memoryview
    syntax: TransferSyntax
    scanned: ScannedDataSet
    span: PixelDataSpan
    json: dict[str, Any]

    @property
    def description(self) -> ImageDescription:
        return image_description(self.json)

    def description_is_palette(self) -> bool:
        return (self.json.get("00280004") or {}).get("Value") == ["PALETTE COLOR"]

    def frame(self, index: int = 0) -> Samples:
        description = self.description
        if self.scanned.fragments is not None:
            frames = frame_fragments(self.scanned.fragments, description.number_of_frames, self._read)
            raw = b"".join(self._read(*fragment) for fragment in frames[index])
            return decode_frame(raw, self.syntax.uid, description)
        span = frame_span(description, index, big_endian=not self.syntax.little_endian)
        raw = self._read(self.span.value_offset + span.offset, span.length)
        return decode_frame(raw, self.syntax.uid, description, bit_offset=span.bit_offset)

    def _read(self, offset: int, length: int) -> bytes:
        return bytes(self.data[offset : offset + length])


def images(shared_data: Path, *folders: str) -> Iterator[Image]:
    """Every file with pixel data that we can parse; of long series only some slices."""
    for path in sorted(shared_data.rglob("*")):
        folder = path.relative_to(shared_data).parts[0]
        if not path.is_file() or path.suffix in (".md", ".tsv") or (folders and folder not in folders):
            continue
        if folder in ("ct-chest-cmbcrc", "mr-brain-remind", "petct-cervix") and path.stem[-1] != "1":
            continue
        image = open_image(path)
        if image is not None:
            yield image


def open_image(path: Path) -> Image | None:
    raw = memoryview(path.read_bytes())
    try:
        meta = read_file_meta(raw)
        data, syntax = raw[meta.data_set_offset :], transfer_syntax(meta.transfer_syntax_uid)
        if syntax.deflated:
            data, syntax = memoryview(inflate(data)), transfer_syntax(EXPLICIT_VR_LITTLE_ENDIAN)
        scanned = scan(data, syntax)
        if scanned.pixel_data is None:
            return None
        model = data_set_to_json(data, syntax, bulk_data_uri=str, max_inline_bytes=1 << 20)
    except Invalid:
        return None
    return Image(path, data, syntax, scanned, scanned.pixel_data, model)
