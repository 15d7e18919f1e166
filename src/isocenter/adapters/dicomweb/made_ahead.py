"""Many objects in one answer, some of which are decoded first: a few are in the making while those before are sent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from isocenter.adapters.dicomweb.answers import SEND_TIMEOUT_S, Direct
from isocenter.adapters.dicomweb.bulk import BulkSending
from isocenter.delivery.instances import Delivery, prepared
from isocenter.delivery.library import Library
from isocenter.kit.logging import get_logger
from isocenter.wire.direct_sending import Piece

log = get_logger(__name__)

MADE_AHEAD = 3


@dataclass(frozen=True, slots=True)
class MadePlan:
    """A multipart body. heads: what stands before each object. working: where objects are made."""

    sending: BulkSending
    library: Library
    working: Executor
    deliveries: Sequence[Delivery]
    heads: Sequence[bytes]
    tail: bytes

    @property
    def length(self) -> int | None:
        """Bytes of the body; None when that of an object is not known before it is made."""
        lengths = [one.expected_length for one in self.deliveries]
        known = [length for length in lengths if length is not None]
        return sum(map(len, self.heads)) + sum(known) + len(self.tail) if len(known) == len(lengths) else None

    def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body through memory."""
        return self.sending.counted(self._pieces())

    async def send_direct(self, direct: Direct) -> None:
        """The body by a thread of its own, from what the decoder gave; only where its length is known.

        Raises BytesAway, TimeoutError, OSError.
        """
        self.sending.senders += 1
        try:
            await direct.send_beside(self._ranges(), SEND_TIMEOUT_S, self.sending.senders_executor)
        finally:
            self.sending.senders -= 1

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        coming = self._coming()
        try:
            for head, future in zip(self.heads, coming, strict=True):
                made = await asyncio.wrap_future(future)
                yield head + made.head
                async for piece in self.sending.pieces(made.pieces):
                    yield piece
        finally:
            coming.close()
        yield self.tail

    def _ranges(self) -> Iterator[Piece]:
        for head, delivery, future in zip(self.heads, self.deliveries, self._coming(), strict=True):
            made = future.result()
            if made.length != delivery.expected_length:
                # The length of the whole is said already; a client must not take what follows for the next answer.
                log.error("dicomweb.other-length", sop_instance_uid=delivery.instance.sop_instance_uid)
                raise ConnectionError("an object has another length than was said")
            yield head + made.head
            yield from self.sending.ranges(made.pieces)
        yield self.tail

    def _coming(self) -> Generator[Future[Delivery], None, None]:
        """The objects with all their pieces, in order."""
        waiting: deque[Future[Delivery]] = deque()
        remaining = iter(self.deliveries)
        try:
            while True:
                while len(waiting) < MADE_AHEAD and (delivery := next(remaining, None)) is not None:
                    waiting.append(self._begun(delivery))
                if not waiting:
                    return
                yield waiting.popleft()
        finally:
            for future in waiting:
                future.cancel()

    def _begun(self, delivery: Delivery) -> Future[Delivery]:
        if not delivery.is_prepared:
            return self.working.submit(prepared, self.library, delivery)
        here: Future[Delivery] = Future()
        here.set_result(delivery)
        return here
