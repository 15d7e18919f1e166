"""What a client will take (PS3.18 8.6, 8.7): Accept headers and query parameters read, one representation chosen.

A representation is a media type, perhaps inside multipart/related, and for DICOM bytes a transfer syntax. "*" as
transfer syntax means "as stored". Nothing here reads or converts an object.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar

from isocenter.kit.errors import Invalid
from isocenter.wire.multipart import MediaType, parse_media_type, split_quoted

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
DICOM_XML = "application/dicom+xml"
OCTET_STREAM = "application/octet-stream"
ZIP = "application/zip"
MULTIPART = "multipart/related"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
STORED = "*"
MAX_ACCEPT_CHARACTERS = 4096
MAX_RANGES = 32

FRAME_MEDIA_TYPES: dict[str, str] = {
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.92": "image/jpx",
    "1.2.840.10008.1.2.4.93": "image/jpx",
    "1.2.840.10008.1.2.4.110": "image/jxl",
    "1.2.840.10008.1.2.4.111": "image/jxl",
    "1.2.840.10008.1.2.4.112": "image/jxl",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{last}" for last in ("100", "100.1", "101", "101.1")), "video/mpeg"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}{part}" for n in range(102, 107) for part in ("", ".1")), "video/mp4"),
    **dict.fromkeys(("1.2.840.10008.1.2.4.107", "1.2.840.10008.1.2.4.108"), "video/H265"),
}
"""The bulk data media type of a compressed transfer syntax (PS3.18 Tables 8.7.3-5 and 8.7.3-6)."""


class NotAcceptable(Invalid):
    """Nothing that this resource can be given as is in the Accept header."""

    reason: ClassVar[str] = "not-acceptable"


@dataclass(frozen=True, slots=True)
class Range:
    """One media range of an Accept header. multipart: it stood as the type parameter of multipart/related."""

    media_type: str
    multipart: bool
    transfer_syntax: str | None
    quality: float

    def matches(self, media_type: str) -> bool:
        """Whether a media type falls into this range."""
        main, _, sub = self.media_type.partition("/")
        media_type = media_type.lower()
        return self.media_type in ("*/*", media_type) or (sub == "*" and media_type.startswith(f"{main}/"))


def _range(media_type: MediaType) -> Range | None:
    parameters = media_type.parameters
    try:
        quality = min(1.0, max(0.0, float(parameters.get("q", "1"))))
    except ValueError:
        quality = 0.0
    multipart = media_type.name == MULTIPART
    name = parameters.get("type", "*/*").lower() if multipart else media_type.name
    return Range(name, multipart, parameters.get("transfer-syntax"), quality) if quality > 0 else None


@lru_cache(maxsize=512)
def accepted(header: str) -> tuple[Range, ...]:
    """The ranges of an Accept header, most wanted first; none at all means anything (RFC 9110 12.5.1).

    Raises NotAcceptable when it is over-long, MalformedMediaType when it does not parse.
    """
    if len(header) > MAX_ACCEPT_CHARACTERS:
        raise NotAcceptable("The Accept header is too long.", limit=MAX_ACCEPT_CHARACTERS)
    pieces = [piece.strip() for piece in split_quoted(header, ",") if piece.strip()]
    if len(pieces) > MAX_RANGES:
        raise NotAcceptable("The Accept header names too many media types.", limit=MAX_RANGES)
    ranges = [r for piece in pieces if (r := _range(parse_media_type(piece))) is not None]
    if not pieces:
        return (Range("*/*", False, None, 1.0),)
    # Sorting is stable: what is wanted equally stays in the order of the header. "*/*" goes last at its quality.
    return tuple(sorted(ranges, key=lambda r: (-r.quality, r.media_type == "*/*" and not r.multipart)))


def accept_header(values: Iterable[str], query: Sequence[str]) -> str:
    """The Accept header in force: the accept query parameter goes before the header (PS3.18 8.3.3.1)."""
    return ", ".join([*query, *values]) if query else ", ".join(values)


class Container(StrEnum):
    """What whole objects go out in."""

    MULTIPART = MULTIPART
    ALONE = DICOM
    ZIP = ZIP


@dataclass(frozen=True, slots=True)
class DicomForm:
    """How whole objects are wanted: in what, and in which transfer syntaxes, most wanted first ("*" as stored)."""

    container: Container
    transfer_syntaxes: tuple[str, ...]


def dicom_forms(header: str) -> tuple[DicomForm, ...]:
    """The acceptable forms of whole objects, most wanted first, one for each container (PS3.18 8.7.3.4, 10.4.3).

    No transfer syntax means Explicit VR Little Endian, and as stored what cannot be given so (video; 8.7.3.5.1).
    A plain */* is answered as multipart. Raises NotAcceptable.
    """
    wanted: dict[Container, list[str]] = {}
    for r in accepted(header):
        container = _container(r)
        if container is not None:
            syntaxes = wanted.setdefault(container, [])
            syntaxes += [r.transfer_syntax] if r.transfer_syntax else [EXPLICIT_LITTLE, STORED]
    if not wanted:
        raise NotAcceptable('Objects are given as multipart/related; type="application/dicom", or as application/zip.')
    return tuple(DicomForm(container, tuple(dict.fromkeys(syntaxes))) for container, syntaxes in wanted.items())


def _container(r: Range) -> Container | None:
    if r.matches(DICOM):
        return Container.MULTIPART if r.multipart or r.media_type != DICOM else Container.ALONE
    return Container.ZIP if r.media_type == ZIP and not r.multipart else None


@dataclass(frozen=True, slots=True)
class FrameForm:
    """How frames are given: stored: the bytes as they lie; else decoded to little endian native pixels."""

    stored: bool
    media_type: str
    transfer_syntax: str
    multipart: bool


def frame_form(header: str, stored_syntax: str, encapsulated: bool, decodable: bool) -> FrameForm:
    """Choose the form of frames whose stored transfer syntax is known. Raises NotAcceptable.

    stored_syntax is Explicit VR Little Endian for every uncompressed one: the bytes of a frame are the same.
    decodable: False for what we never decode (video); a client that takes anything then gets the stored bytes.
    """
    for wanted in accepted(header):
        form = _offer(wanted, stored_syntax, encapsulated, decodable)
        if form is not None:
            return form
    raise NotAcceptable(
        "The frames cannot be given in a form that the Accept header names; transfer-syntax=* gives them as stored.",
        transfer_syntax_uid=stored_syntax,
    )


def _offer(wanted: Range, stored_syntax: str, encapsulated: bool, decodable: bool) -> FrameForm | None:
    multipart = wanted.multipart or wanted.media_type == "*/*"
    image_type = FRAME_MEDIA_TYPES.get(stored_syntax)
    if wanted.matches(OCTET_STREAM):
        if not encapsulated and wanted.transfer_syntax in (None, STORED, EXPLICIT_LITTLE):
            return FrameForm(True, OCTET_STREAM, EXPLICIT_LITTLE, multipart)
        if wanted.transfer_syntax in (STORED, stored_syntax):
            return FrameForm(True, OCTET_STREAM, stored_syntax, multipart)
        if decodable and wanted.transfer_syntax in (None, EXPLICIT_LITTLE):
            return FrameForm(False, OCTET_STREAM, EXPLICIT_LITTLE, multipart)
        if wanted.media_type == "*/*" and wanted.transfer_syntax is None:
            return FrameForm(True, OCTET_STREAM, stored_syntax, multipart)
    elif (
        image_type is not None
        and wanted.matches(image_type)
        and wanted.transfer_syntax in (None, STORED, stored_syntax)
    ):
        return FrameForm(True, image_type, stored_syntax, multipart)
    return None


def choose(header: str, offers: Sequence[str]) -> str:
    """The first of the offered media types in the client's order of preference. Raises NotAcceptable."""
    for wanted in accepted(header):
        for offer in offers:
            if not wanted.multipart and wanted.matches(offer):
                return offer
    raise NotAcceptable("This resource is given as " + ", ".join(offers) + ".")
