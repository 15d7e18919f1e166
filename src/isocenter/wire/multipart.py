"""multipart/related, both ways (RFC 2046 5.1, RFC 2387; PS3.18 8.6.1.2): a streaming parser and the pieces of a writer.

The parser holds at most one delimiter's worth of body and one part's headers, whatever is sent to it; the limits are
the caller's. It knows nothing of DICOM. Whole lines end with CRLF as the standard says; nothing is guessed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import ClassVar, TypeAlias

from isocenter.kit.errors import Invalid

LONGEST_BOUNDARY = 200
_BOUNDARY_CHARACTERS = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'()+_,-./:=? ")
_TOKEN_CHARACTERS = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class MalformedMultipart(Invalid):
    """The body is not the multipart that its Content-Type promises."""

    reason: ClassVar[str] = "malformed-multipart"


class MultipartTooLarge(Invalid):
    """A limit on parts, headers or preamble was passed."""

    reason: ClassVar[str] = "multipart-too-large"


class MalformedMediaType(Invalid):
    """A Content-Type that does not parse (RFC 9110 8.3.1)."""

    reason: ClassVar[str] = "malformed-media-type"


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type and its parameters: names in lower case, values as sent without their quotes."""

    name: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one multipart body may hold."""

    parts: int = 20_000
    part_header_bytes: int = 8192
    preamble_bytes: int = 4096


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part begins. headers: names in lower case; of a repeated name the first."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartData:
    """The next bytes of the part; the view is good until the parser is fed again."""

    data: memoryview


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part is complete."""


Event: TypeAlias = PartBegin | PartData | PartEnd


def split_quoted(text: str, separator: str) -> list[str]:
    """Cut at separators that are not inside a quoted string. Raises MalformedMediaType for an open quote."""
    pieces: list[str] = []
    start = position = 0
    quoted = False
    while position < len(text):
        character = text[position]
        if quoted and character == "\\":
            position += 1
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            pieces.append(text[start:position])
            start = position + 1
        position += 1
    if quoted:
        raise MalformedMediaType("A quoted string in the media type is not closed.")
    pieces.append(text[start:])
    return pieces


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)
    # Clients send type=application/dicom without the quotes that RFC 2387 asks for; "/" is harmless here.
    if not value or not all(c in _TOKEN_CHARACTERS or c in "/:=?()," for c in value):
        raise MalformedMediaType("A parameter of the media type is not a token or a quoted string.")
    return value


def parse_media_type(text: str) -> MediaType:
    """Parse a media type with parameters, or a media range. Raises MalformedMediaType."""
    if len(text) > 1024:
        raise MalformedMediaType("The media type is longer than 1024 characters.")
    name, *rest = split_quoted(text, ";")
    name = name.strip().lower()
    main, slash, subtype = name.partition("/")
    if not slash or not _is_token(main) or not _is_token(subtype):
        raise MalformedMediaType("The media type is not of the form type/subtype.")
    parameters: dict[str, str] = {}
    for piece in rest:
        key, equals, value = piece.strip().partition("=")
        if not key and not equals:
            continue
        if not equals or not _is_token(key.strip()):
            raise MalformedMediaType("A parameter of the media type is not of the form name=value.")
        parameters.setdefault(key.strip().lower(), _unquoted(value.strip()))
    return MediaType(name, parameters)


def _is_token(text: str) -> bool:
    return bool(text) and all(c in _TOKEN_CHARACTERS for c in text)


def boundary_of(media_type: MediaType) -> bytes:
    """The boundary parameter, checked. RFC 2046 5.1.1 allows 70 characters; Orthanc's DICOMweb client sends 73.

    Raises MalformedMultipart.
    """
    text = media_type.parameters.get("boundary", "")
    try:
        boundary = text.encode("ascii")
    except UnicodeEncodeError:
        boundary = b""
    legal = _BOUNDARY_CHARACTERS.issuperset(boundary) and not boundary.endswith(b" ")
    if not 0 < len(boundary) <= LONGEST_BOUNDARY or not legal:
        raise MalformedMultipart("The Content-Type has no valid boundary (RFC 2046 5.1.1).")
    return boundary


class _State(Enum):
    PREAMBLE = auto()
    AFTER_DELIMITER = auto()
    HEADERS = auto()
    BODY = auto()
    EPILOGUE = auto()


@dataclass(slots=True)
class MultipartParser:
    """Push parser: `feed` yields the events of the bytes given; `finish` raises unless the body was whole.

    Events of one feed must be consumed before the next. After an exception the parser is of no further use.
    """

    boundary: bytes
    limits: Limits = field(default_factory=Limits)
    parts: int = 0
    _state: _State = _State.PREAMBLE
    _held: bytes = b"\r\n"  # so that a delimiter on the very first line is found like every other
    _preamble_bytes: int = 0

    def feed(self, chunk: bytes | bytearray | memoryview) -> Iterator[Event]:
        """Events of the next bytes. Raises MalformedMultipart, MultipartTooLarge."""
        data = self._held + bytes(chunk) if self._held else bytes(chunk)
        self._held = b""
        position = 0
        while position < len(data):
            if self._state is _State.EPILOGUE:
                return
            before = (position, self._state)
            if self._state is _State.BODY:
                end, position = self._to_delimiter(data, position)
                if end > before[0]:
                    yield PartData(memoryview(data)[before[0] : end])
                if position > end:
                    yield PartEnd()
            elif self._state is _State.PREAMBLE:
                end, position = self._to_delimiter(data, position)
                self._count_preamble(end - before[0])
            elif self._state is _State.AFTER_DELIMITER:
                position = self._after_delimiter(data, position)
            else:
                headers, position = self._headers(data, position)
                if headers is not None:
                    yield PartBegin(headers)
            if (position, self._state) == before:
                self._held = data[position:]
                return

    def finish(self) -> None:
        """Call at the end of the body. Raises MalformedMultipart when the closing delimiter has not come."""
        if self._state is not _State.EPILOGUE:
            raise MalformedMultipart("The body ends before its closing boundary.", parts=self.parts)

    def _to_delimiter(self, data: bytes, position: int) -> tuple[int, int]:
        """(end of the content that is certain, where to go on: further only when a delimiter was passed)."""
        delimiter = b"\r\n--" + self.boundary
        found = data.find(delimiter, position)
        if found >= 0:
            self._state = _State.AFTER_DELIMITER
            return found, found + len(delimiter)
        # A delimiter may have begun in the last bytes: hold them from the first CR that could start it.
        start = max(position, len(data) - len(delimiter) + 1)
        while (start := data.find(b"\r", start)) >= 0:
            if delimiter.startswith(data[start:]):
                return start, start
            start += 1
        return len(data), len(data)

    def _count_preamble(self, count: int) -> None:
        self._preamble_bytes += count
        if self._preamble_bytes > self.limits.preamble_bytes:
            raise MalformedMultipart("The body does not begin with the boundary that its Content-Type names.")

    def _after_delimiter(self, data: bytes, position: int) -> int:
        if data.startswith(b"--", position):
            self._state = _State.EPILOGUE
            return len(data)
        line_end = data.find(b"\r\n", position)
        padding = data[position : line_end if line_end >= 0 else None]
        if line_end < 0 and padding.rstrip(b" \t") in (b"", b"-", b"\r") and len(padding) < 256:
            return position
        if line_end < 0 or padding.strip(b" \t") or len(padding) > 256:
            raise MalformedMultipart("A boundary is followed by something that is neither its end nor a new line.")
        if self.parts >= self.limits.parts:
            raise MultipartTooLarge("The body has too many parts.", limit=self.limits.parts)
        self.parts += 1
        self._state = _State.HEADERS
        return line_end  # the CRLF stays: headers end with CRLF CRLF even when there are none

    def _headers(self, data: bytes, position: int) -> tuple[dict[str, str] | None, int]:
        end = data.find(b"\r\n\r\n", position)
        size = (end if end >= 0 else len(data)) - position
        if size > self.limits.part_header_bytes:
            raise MultipartTooLarge("The headers of a part are too long.", limit=self.limits.part_header_bytes)
        if end < 0:
            return None, position
        self._state = _State.BODY
        return _parse_headers(data[position + 2 : end]), end + 4


def _parse_headers(block: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in block.split(b"\r\n") if block else []:
        name, colon, value = line.partition(b":")
        key = name.decode("latin-1").strip().lower()
        if not colon or not _is_token(key) or b"\0" in value or b"\n" in value or b"\r" in value:
            raise MalformedMultipart("A header line of a part is not of the form name: value.")
        headers.setdefault(key, value.decode("latin-1").strip())
    return headers


def new_boundary() -> bytes:
    """A boundary that no body holds but by a chance of 2^-128."""
    return b"isocenter-" + secrets.token_hex(16).encode()


def part_head(boundary: bytes, headers: Iterable[tuple[str, str]], *, first: bool) -> bytes:
    """The delimiter line and headers that go before a part's bytes."""
    lines = [(b"--" if first else b"\r\n--") + boundary]
    lines += [f"{name}: {value}".encode("latin-1") for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def closing(boundary: bytes) -> bytes:
    """What goes after the last part's bytes."""
    return b"\r\n--" + boundary + b"--\r\n"
