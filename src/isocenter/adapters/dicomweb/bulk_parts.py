"""Bulk data of a STOW-RS request (PS3.18 10.5.1): parts held until the object they belong to is composed."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, ClassVar, Final

from isocenter.adapters.dicomweb.errors import UnsupportedMediaType
from isocenter.adapters.dicomweb.negotiation import FRAME_MEDIA_TYPES, OCTET_STREAM, STORED
from isocenter.kit.errors import Invalid
from isocenter.pixels.coded_image import HEAD_BYTES, CodedImage, coded_image
from isocenter.pixels.errors import UnsupportedSyntax
from isocenter.standards.dicom.data_set_writing import BulkValue
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, transfer_syntax
from isocenter.storage.errors import StorageFull
from isocenter.wire.multipart import MediaType

IN_MEMORY_BYTES: Final = 1 << 20
"""Longer parts wait on the disk where objects arrive, in files without a name."""
PIECE_BYTES: Final = 256 << 10
_ITEM: Final = struct.Struct("<HHI")
_SEQUENCE_END: Final = _ITEM.pack(0xFFFE, 0xE0DD, 0)
_NO_OFFSETS: Final = _ITEM.pack(0xFFFE, 0xE000, 0)
_LONGEST_FRAGMENT: Final = 0xFFFFFFFE
_UNTOLD: Final = {
    "image/dicom-rle": "1.2.840.10008.1.2.5",
    "video/mpeg": "1.2.840.10008.1.2.4.100",
    "video/mpeg2": "1.2.840.10008.1.2.4.100",
    "video/mp4": "1.2.840.10008.1.2.4.102",
    "video/h265": "1.2.840.10008.1.2.4.107",
}
"""What is compressed and does not say how: the default of its media type (PS3.18 Table 8.7.3-5)."""


class NoSuchPart(Invalid):
    """A BulkDataURI of the metadata names no part of the request."""

    reason: ClassVar[str] = "no-such-part"


@dataclass(slots=True)
class BulkPart:
    """One part, written once and then read. media_type: of the part; length: its bytes so far."""

    media_type: MediaType
    file: SpooledTemporaryFile[bytes]
    length: int = 0

    def write(self, data: memoryview) -> None:
        """The next bytes. Raises StorageFull."""
        try:
            self.file.write(data)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise StorageFull("There is no room for the bulk data of the request.") from None
        self.length += len(data)

    def pieces(self, start: int = 0) -> Iterator[bytes]:
        """Its bytes from there on."""
        self.file.seek(start)
        while piece := self.file.read(PIECE_BYTES):
            yield piece

    def head(self) -> bytes:
        """Its first bytes, enough to know what image it is."""
        self.file.seek(0)
        return self.file.read(HEAD_BYTES)

    def close(self) -> None:
        """Forget it."""
        self.file.close()


def new_part(media_type: MediaType, folder: Path) -> BulkPart:
    """An empty part. folder: where a long one waits."""
    return BulkPart(media_type, SpooledTemporaryFile(IN_MEMORY_BYTES, dir=str(folder)))


@dataclass(frozen=True, slots=True)
class PixelParts:
    """Pixel data that came as parts, one for each frame or one for all. image: what the first says of itself."""

    parts: Sequence[BulkPart]
    transfer_syntax_uid: str
    image: CodedImage | None

    @property
    def encapsulated(self) -> bool:
        """Whether the frames are compressed."""
        return transfer_syntax(self.transfer_syntax_uid).encapsulated

    def value(self, model: Mapping[str, Any]) -> BulkValue:
        """Pixel Data (PS3.5 8.2, A.4). model: the data set, for its Bits Allocated."""
        if self.encapsulated:
            return BulkValue("OB", None, self._items())
        allocated = (model.get("00280100", {}).get("Value") or [16])[0]
        return raw_value(self.parts, "OB" if allocated == 8 else "OW")

    def _items(self) -> Iterator[bytes]:
        """An empty offset table, one fragment for each frame, the end."""
        yield _NO_OFFSETS
        for part in self.parts:
            start = 0 if self.image is None else coded_image(part.head()).code_stream
            length = part.length - start
            if length + length % 2 > _LONGEST_FRAGMENT:
                raise UnsupportedMediaType("A compressed frame or video is longer than a fragment may be.")
            yield _ITEM.pack(0xFFFE, 0xE000, length + length % 2)
            yield from part.pieces(start)
            yield b"\0" * (length % 2)
        yield _SEQUENCE_END


def raw_value(parts: Sequence[BulkPart], vr: str) -> BulkValue:
    """A value as it came, in little endian; parts of one name follow each other."""
    return BulkValue(vr, sum(part.length for part in parts), (piece for part in parts for piece in part.pieces()))


def pixel_parts(parts: Sequence[BulkPart]) -> PixelParts:
    """What the parts of Pixel Data are, by their media type, its transfer-syntax parameter and their own first bytes.

    Raises UnsupportedMediaType, UnsupportedSyntax, UndecodableFrame.
    """
    media_type = parts[0].media_type
    if any(part.media_type.name != media_type.name for part in parts):
        raise UnsupportedMediaType("The frames of one image come in different media types.")
    told = media_type.parameters.get("transfer-syntax")
    told = None if told == STORED else told
    if media_type.name == OCTET_STREAM and (told is None or not transfer_syntax(told).encapsulated):
        return PixelParts(parts, EXPLICIT_VR_LITTLE_ENDIAN, None)
    if media_type.name in _UNTOLD:
        return PixelParts(parts, told or _UNTOLD[media_type.name], None)
    if media_type.name != OCTET_STREAM and media_type.name not in FRAME_MEDIA_TYPES.values():
        raise UnsupportedMediaType("Pixel data are not taken in this media type.", media_type=media_type.name[:64])
    if told is not None and media_type.name not in (OCTET_STREAM, FRAME_MEDIA_TYPES.get(told)):
        raise UnsupportedMediaType("The transfer syntax is not one of the media type.", transfer_syntax_uid=told[:64])
    try:
        image = coded_image(parts[0].head())
    except UnsupportedSyntax:
        if told is None:
            raise
        return PixelParts(parts, told, None)
    return PixelParts(parts, told or image.transfer_syntax_uid, image)
