"""Large answers, piece by piece: bounded memory, a turn for everybody after each piece, so many at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from isocenter.delivery.errors import TooBusy
from isocenter.delivery.files import Files
from isocenter.storage.extents import Extent

PIECE_BYTES = 512 << 10
MAX_SENDERS = 64


@dataclass(slots=True)
class BulkSending:
    """Reads extents for answers that are being sent. One per process; used on the event loop."""

    files: Files
    executor: Executor
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
