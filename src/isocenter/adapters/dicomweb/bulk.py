"""Large answers, piece by piece: bounded memory, a turn for everybody after each piece, so many at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from isocenter.adapters.dicomweb.answers import SEND_TIMEOUT_S, Direct
from isocenter.delivery.errors import TooBusy
from isocenter.delivery.files import Files
from isocenter.storage.extents import Extent
from isocenter.wire.direct_sending import FileRange, Piece

PIECE_BYTES = 512 << 10
MAX_SENDERS = 64


@dataclass(slots=True)
class BulkSending:
    """Reads extents for answers that are being sent. One per process; used on the event loop."""

    files: Files
    executor: Executor
    senders_executor: Executor
    senders: int = 0

    def admit(self) -> None:
        """Raise TooBusy when as many large answers are being sent as this process sends at once."""
        if self.senders >= MAX_SENDERS:
            raise TooBusy("Too many large answers are being sent; try again in a moment.", retry_after_s=2)

    async def counted(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """The same pieces, counted as one large answer while they last."""
        self.senders += 1
        try:
            async for piece in pieces:
                yield piece
                await asyncio.sleep(0)  # small requests take their turn between pieces
        finally:
            self.senders -= 1

    async def extents(self, extents: Sequence[Extent]) -> AsyncIterator[bytes]:
        """The bytes of extents, in order."""
        for extent in extents:
            for start in range(0, extent.length, PIECE_BYTES):
                size = min(PIECE_BYTES, extent.length - start)
                yield await self.read(Extent(extent.source, extent.offset + start, size))

    async def pieces(self, pieces: Sequence[bytes | Extent]) -> AsyncIterator[bytes]:
        """The bytes of pieces that are partly there already, in order."""
        for piece in pieces:
            if isinstance(piece, Extent):
                async for part in self.extents([piece]):
                    yield part
            else:
                yield piece

    async def read(self, extent: Extent) -> bytes:
        """One extent: at once when its pages are in memory, else by a thread."""
        buffer = bytearray(extent.length)
        await self.fill(extent, memoryview(buffer))
        return buffer  # type: ignore[return-value]  # servers take any bytes-like body

    async def fill(self, extent: Extent, buffer: memoryview) -> None:
        """The same into a buffer of its length."""
        if not self.files.read_hot(extent, buffer):
            await asyncio.get_running_loop().run_in_executor(self.executor, self.files.read_into, extent, buffer)

    def ranges(self, parts: Sequence[bytes | Extent]) -> Iterator[Piece]:
        """Parts for a thread that may wait: ranges of local files, bytes of what lies elsewhere. Raises BytesAway."""
        for part in parts:
            opened = self.files.opened(part.source) if isinstance(part, Extent) else None
            if not isinstance(part, Extent):
                yield part
            elif opened is not None:
                yield FileRange(opened, part.offset, part.length)
            else:
                for start in range(0, part.length, PIECE_BYTES):
                    size = min(PIECE_BYTES, part.length - start)
                    yield bytes(self.files.read(Extent(part.source, part.offset + start, size)))

    def plan(self, parts: Sequence[bytes | Extent], *, large: bool = True) -> BulkPlan:
        """An answer of parts that are known now. large: it counts as one while it is sent, and is admitted as one."""
        return BulkPlan(self, parts, large)


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """A whole body: bytes, and where the others lie."""

    sending: BulkSending
    parts: Sequence[bytes | Extent]
    large: bool

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return sum(part.length if isinstance(part, Extent) else len(part) for part in self.parts)

    def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body through memory."""
        pieces = self.sending.pieces(self.parts)
        return self.sending.counted(pieces) if self.large else _generated(pieces)

    async def send_direct(self, direct: Direct) -> None:
        """The body from files: a large one by a thread of its own, a small one here, read by a thread if it must be.

        Raises BytesAway, TimeoutError, OSError.
        """
        if not self.large:
            ready = [part if isinstance(part, bytes) else await self._ranged(part) for part in self.parts]
            await direct.send(ready, SEND_TIMEOUT_S)
            return
        self.sending.senders += 1
        try:
            await direct.send_beside(self.sending.ranges(self.parts), SEND_TIMEOUT_S, self.sending.senders_executor)
        finally:
            self.sending.senders -= 1

    async def _ranged(self, extent: Extent) -> Piece:
        files = self.sending.files
        if not files.is_hot(extent):
            loop = asyncio.get_running_loop()
            content = await loop.run_in_executor(self.sending.executor, files.read, extent)
            return bytes(content)
        opened = files.opened(extent.source)
        if opened is None:
            return await self.sending.read(extent)
        return FileRange(opened, extent.offset, extent.length)


async def _generated(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    async for piece in pieces:
        yield piece
