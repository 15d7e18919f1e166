"""The objects of one STOW-RS request that come as metadata and bulk data (PS3.18 10.5.1, 8.6.1.2.2, 10.5.2).

Metadata, in JSON or XML, name long values by the Content-Location of parts that follow; several parts of one name are
the frames of one image. An object is composed in Explicit VR Little Endian, or with its compressed frames as they are,
and received as every other as soon as its last part is there. What an image says of itself need not be said again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import msgspec

from isocenter.access.caller import Caller
from isocenter.adapters.dicomweb.bulk_parts import BulkPart, NoSuchPart, PixelParts, new_part, pixel_parts, raw_value
from isocenter.adapters.dicomweb.negotiation import DICOM_JSON, DICOM_XML, OCTET_STREAM
from isocenter.adapters.dicomweb.store_results import StoreResults
from isocenter.domain.archive.errors import ObjectTooLarge
from isocenter.domain.archive.reception import Source
from isocenter.kit.errors import Invalid
from isocenter.pixels.coded_image import image_elements
from isocenter.standards.dicom.data_set_writing import BulkValue, data_set_pieces
from isocenter.standards.dicom.native_model_reading import read_native_model
from isocenter.standards.dicom.received_model import Model, writable_model
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, transfer_syntax
from isocenter.wire.multipart import MultipartParser, PartBegin, PartData, parse_media_type

METADATA_BYTES: Final = 16 << 20
METADATA_TYPES: Final = (DICOM_JSON, DICOM_XML)
PIXEL_DATA: Final = "7FE00010"
_SOP_CLASS_UID: Final = "00080016"
_SOP_INSTANCE_UID: Final = "00080018"
_NUMBER_OF_FRAMES: Final = "00280008"
_LOSSY_IMAGE_COMPRESSION: Final = "00282110"
_IMAGE_PIXEL: Final = frozenset(
    {"00280002", "00280004", "00280010", "00280011", "00280100", "00280101", "00280102", "00280103"}
)
_TOGETHER_BYTES: Final = 64 << 10


class MalformedMetadata(Invalid):
    """The metadata of a request cannot be read."""

    reason: ClassVar[str] = "malformed-metadata"


@dataclass(slots=True)
class ComposedSession:
    """As `StoreSession`: blocking, used by one thread at a time. media_type: of the metadata."""

    results: StoreResults
    caller: Caller
    source: Source
    study_instance_uid: str | None
    media_type: str
    parser: MultipartParser | None
    objects: int = 0
    _metadata: bytearray | None = None
    _part: BulkPart | None = None
    _location: str = ""
    _parts: dict[str, list[BulkPart]] = field(default_factory=dict)
    _held_bytes: int = 0
    _waiting: list[Model] = field(default_factory=list)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the request's body. Raises MalformedMultipart, MultipartTooLarge, ObjectTooLarge."""
        if self.parser is None:
            if self._metadata is None:
                self._metadata = bytearray()
            self._data(memoryview(chunk))
            return
        for event in self.parser.feed(chunk):
            if isinstance(event, PartData):
                self._data(event.data)
            elif isinstance(event, PartBegin):
                self._begin(event.headers)
            else:
                self._end()

    def finish(self) -> None:
        """The body is over: compose what waits, whole or not. Raises MalformedMultipart when its end is missing."""
        if self.parser is not None:
            self.parser.finish()
        else:
            self._end()
        waiting, self._waiting = self._waiting, []
        for model in waiting:
            self._compose(model)
        self.results.commit()
        self._forget()

    def abandon(self) -> None:
        """The request broke off: objects that were whole are kept, what waited is forgotten."""
        self._waiting.clear()
        self.results.commit()
        self._forget()

    def _begin(self, headers: Mapping[str, str]) -> None:
        location = headers.get("content-location", "")
        media_type = parse_media_type(headers.get("content-type") or (OCTET_STREAM if location else self.media_type))
        if media_type.name in METADATA_TYPES:
            self._metadata = bytearray()
            return
        if location != self._location:
            self._compose_whole()  # the next name: those before it are complete
        self._location = location
        self._part = new_part(media_type, self.results.archive.journal_directory)
        self._parts.setdefault(location, []).append(self._part)

    def _data(self, data: memoryview) -> None:
        if self._part is not None:
            self._held_bytes += len(data)
            if self._held_bytes > self.results.archive.max_object_bytes:
                raise ObjectTooLarge("The bulk data that wait are more than one object may have.")
            self._part.write(data)
        elif self._metadata is not None:
            self._metadata += data
            if len(self._metadata) > METADATA_BYTES:
                raise ObjectTooLarge("The metadata are too long.", limit_bytes=METADATA_BYTES)

    def _end(self) -> None:
        metadata, self._metadata, self._part = self._metadata, None, None
        if metadata is None:
            return
        try:
            described = _read(bytes(metadata), self.media_type)
        except Exception as error:
            self.objects += 1
            self.results.refuse("", "", error)
            return
        self.objects += len(described)
        for received in described:
            try:
                self._waiting.append(writable_model(received))
            except Exception as error:
                self.results.refuse(_uid(received, _SOP_CLASS_UID), _uid(received, _SOP_INSTANCE_UID), error)

    def _compose_whole(self) -> None:
        """Compose the objects whose parts have all come, and forget those parts."""
        whole = [model for model in self._waiting if all(uri in self._parts for uri in _uris(model))]
        if not whole:
            return
        self._waiting = [model for model in self._waiting if not any(model is each for each in whole)]
        for model in whole:
            self._compose(model)
        named = {uri for model in self._waiting for uri in _uris(model)}
        for location in [location for location in self._parts if location not in named]:
            for part in self._parts.pop(location):
                self._held_bytes -= part.length
                part.close()

    def _compose(self, model: Model) -> None:
        reception = None
        try:
            pixels = self._pixels(model)
            if pixels is not None:
                _describe_pixels(model, pixels)
            reception = self.results.archive.reception(
                self.caller,
                self.source,
                sop_class_uid=_uid(model, _SOP_CLASS_UID),
                sop_instance_uid=_uid(model, _SOP_INSTANCE_UID),
                transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN if pixels is None else pixels.transfer_syntax_uid,
            )
            reception.expected_study_instance_uid = self.study_instance_uid
            for piece in _together(data_set_pieces(model, self._finder(pixels))):
                reception.write(piece)
            appended = reception.append()
        except Exception as error:
            if reception is not None:
                reception.abandon()
            self.results.refuse(_uid(model, _SOP_CLASS_UID), _uid(model, _SOP_INSTANCE_UID), error)
        else:
            self.results.append(appended)

    def _pixels(self, model: Model) -> PixelParts | None:
        """The parts of Pixel Data; None where there are none, or where they stand in the metadata."""
        uri = model.get(PIXEL_DATA, {}).get("BulkDataURI")
        return None if uri is None else pixel_parts(self._named(PIXEL_DATA, uri))

    def _finder(self, pixels: PixelParts | None) -> Callable[[str, str, Mapping[str, Any]], BulkValue]:
        def find(tag: str, uri: str, model: Mapping[str, Any]) -> BulkValue:
            if tag == PIXEL_DATA and pixels is not None:
                return pixels.value(model)
            parts = self._named(tag, uri)
            if len(parts) > 1:
                raise NoSuchPart("Several parts have the name of one value.", tag=tag)
            return raw_value(parts, model[tag]["vr"])

        return find

    def _named(self, tag: str, uri: str) -> list[BulkPart]:
        parts = self._parts.get(uri)
        if parts is None:
            raise NoSuchPart("No part has the Content-Location that a BulkDataURI names.", tag=tag)
        return parts

    def _forget(self) -> None:
        for parts in self._parts.values():
            for part in parts:
                part.close()
        self._parts.clear()


def _read(metadata: bytes, media_type: str) -> list[Any]:
    """The data sets of one part: an array of JSON, or one document of XML. Raises MalformedMetadata, NotNativeModel."""
    if media_type == DICOM_XML:
        return [read_native_model(metadata)]
    try:
        found = msgspec.json.decode(metadata)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise MalformedMetadata("The metadata are not JSON.") from None
    if isinstance(found, dict):
        return [found]
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise MalformedMetadata("The metadata are no array of data sets.")
    return found


def _uris(model: Mapping[str, Any]) -> Iterator[str]:
    for element in model.values():
        if "BulkDataURI" in element:
            yield element["BulkDataURI"]
        elif element["vr"] == "SQ":
            for item in element["Value"]:
                yield from _uris(item)


def _describe_pixels(model: Model, pixels: PixelParts) -> None:
    """Say of the image what its metadata leave out (PS3.18 10.5.2)."""
    if pixels.image is not None and not _IMAGE_PIXEL.issubset(model):
        for tag, element in image_elements(pixels.image).items():
            model.setdefault(tag, element)
    if transfer_syntax(pixels.transfer_syntax_uid).lossy:
        model.setdefault(_LOSSY_IMAGE_COMPRESSION, {"vr": "CS", "Value": ["01"]})
    if pixels.encapsulated and len(pixels.parts) > 1:
        model.setdefault(_NUMBER_OF_FRAMES, {"vr": "IS", "Value": [len(pixels.parts)]})


def _uid(model: Any, tag: str) -> str:
    """A UID of a data set, however wrong the data set is."""
    element = model.get(tag) if isinstance(model, dict) else None
    values = element.get("Value") if isinstance(element, dict) else None
    return str(values[0])[:64] if isinstance(values, list) and values else ""


def _together(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Small pieces joined."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= _TOGETHER_BYTES:
            yield bytes(held)
            held.clear()
    yield bytes(held)
