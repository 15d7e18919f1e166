"""Answers as they go out: every one with Content-Length, nosniff and a short life in caches that ask again.

A small answer is one buffer. A bulk answer is a series of pieces of known total length, fetched one by one while it is
being sent, so that a gigabyte is never in memory and a slow reader costs one piece.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from starlette.types import Send

from isocenter.adapters.dicomweb.errors import RangeNotSatisfiable, error_body, http_status
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.wire.direct_sending import Piece
from isocenter.wire.multipart import closing, new_boundary, part_head

SEND_TIMEOUT_S = 60.0
"""A client that takes nothing for this long is let go."""
COMMON_HEADERS: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"private, no-cache"),
]
COMMON_LINES = b"".join(b"%s: %s\r\n" % header for header in COMMON_HEADERS)

Headers = list[tuple[bytes, bytes]]


class Plan(Protocol):
    """A large answer whose parts are known before it begins: made by `bulk.BulkSending.plan`."""

    async def send_direct(self, direct: Direct) -> None:
        """Send the whole body from files."""

    def pieces(self) -> AsyncGenerator[bytes, None]:
        """The whole body through memory."""


class Direct(Protocol):
    """The server's extension "isocenter.direct": a whole body sent from bytes and files (`apps.http_protocol`)."""

    def available(self) -> bool:
        """Whether this answer can be sent so now."""

    def hold_back(self, held: bool) -> None:
        """While held, head and body leave together."""

    async def send(self, pieces: Sequence[Piece], timeout_s: float) -> bool:
        """Send all of them; False when the client is gone."""

    async def send_beside(self, pieces: Iterable[Piece], timeout_s: float, executor: Executor) -> bool:
        """Send all of them from a thread, which also makes them; False when the client is gone."""


@dataclass(slots=True)
class Answer:
    """What a handler gives back: body; or pieces that add up to `length` bytes (None: not known ahead); or a plan."""

    status: int = 200
    media_type: bytes = b"application/dicom+json"
    body: bytes | bytearray | memoryview = b""
    headers: Headers = field(default_factory=list)
    pieces: AsyncGenerator[bytes, None] | None = None
    length: int | None = 0
    plan: Plan | None = None

    def header_list(self) -> Headers:
        """All headers of the answer."""
        length = len(self.body) if self.pieces is None and self.plan is None else self.length
        content: Headers = []
        if length is not None and self.status not in (204, 304):
            content.append((b"content-length", b"%d" % length))
        if length != 0:
            content.append((b"content-type", self.media_type))
        return content + COMMON_HEADERS + self.headers


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart answer: headers, its exact length if known, and where its bytes come from."""

    headers: tuple[tuple[str, str], ...]
    length: int | None
    pieces: AsyncIterator[bytes]


async def once(content: bytes) -> AsyncIterator[bytes]:
    """Bytes that are here already, as pieces."""
    yield content


def multipart(parts: list[Part], media_type: str) -> Answer:
    """A multipart/related answer (PS3.18 8.6.1.2.1); its length is known ahead when those of all parts are."""
    boundary = new_boundary()
    heads = [part_head(boundary, part.headers, first=number == 0) for number, part in enumerate(parts)]
    tail = closing(boundary)

    async def pieces() -> AsyncGenerator[bytes, None]:
        for head, part in zip(heads, parts, strict=True):
            yield head
            async for piece in part.pieces:
                yield piece
        yield tail

    lengths = [part.length for part in parts]
    known = [length for length in lengths if length is not None]
    length = sum(map(len, heads)) + sum(known) + len(tail) if len(known) == len(lengths) else None
    return Answer(media_type=multipart_type(boundary, media_type), pieces=pieces(), length=length)


def multipart_type(boundary: bytes, media_type: str) -> bytes:
    """The Content-Type of a multipart/related answer whose parts are of one type."""
    return b'multipart/related; type="%s"; boundary=%s' % (media_type.encode("ascii"), boundary)


def error_answer(error: IsocenterError, extra: Iterable[tuple[bytes, bytes]] = ()) -> Answer:
    """The answer to a request that failed: JSON with reason, message and fields."""
    headers = list(extra)
    if isinstance(error, Exhausted):
        headers.append((b"retry-after", b"%d" % error.retry_after_s))
    if isinstance(error, RangeNotSatisfiable):
        headers.append((b"content-range", b"bytes */%d" % int(str(error.fields["length"]))))
    status = http_status(error)
    if status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="isocenter"'))
    return Answer(status=status, media_type=b"application/json", body=error_body(error), headers=headers)


async def send_answer(answer: Answer, send: Send, *, head_only: bool, direct: Direct | None = None) -> None:
    """Send an answer; of a bulk answer the next piece is fetched when the client has taken the last one."""
    plan = answer.plan
    if plan is not None and not head_only:
        if direct is not None and direct.available():
            direct.hold_back(True)
            try:
                await send({"type": "http.response.start", "status": answer.status, "headers": answer.header_list()})
                await plan.send_direct(direct)
            finally:
                direct.hold_back(False)
            await send({"type": "http.response.body", "body": b""})
            return
        answer.pieces = plan.pieces()
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.header_list()})
    if head_only or answer.pieces is None:
        await send({"type": "http.response.body", "body": b"" if head_only else answer.body})
        return
    async with aclosing(answer.pieces) as pieces:
        async for piece in pieces:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
