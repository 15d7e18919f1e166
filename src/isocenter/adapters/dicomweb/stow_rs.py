"""STOW-RS (PS3.18 10.5): objects in a multipart/related body, or one alone, received into the archive: as files, or
described by metadata in JSON or XML beside their bulk data.

A worker thread reads the body from the connection, hashes and appends it. Where it may not (TLS, a body of unknown
length), it hashes and appends what has come while the event loop reads on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import ClassVar, Protocol

import msgspec
from starlette.types import Receive

from isocenter.access.roles import Right
from isocenter.adapters.dicomweb.answers import Answer
from isocenter.adapters.dicomweb.composed_session import METADATA_TYPES, ComposedSession
from isocenter.adapters.dicomweb.errors import UnsupportedMediaType
from isocenter.adapters.dicomweb.negotiation import DICOM, DICOM_JSON, DICOM_XML, MULTIPART, choose
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.adapters.dicomweb.store_report import store_report, store_status
from isocenter.adapters.dicomweb.store_results import DOOR, StoreResults
from isocenter.adapters.dicomweb.store_session import StoreSession
from isocenter.domain.archive.reception import Source
from isocenter.domain.archive.store import Archive
from isocenter.kit.errors import Exhausted, Invalid
from isocenter.standards.dicom.native_model import native_model
from isocenter.wire.multipart import MultipartParser, boundary_of, parse_media_type

BATCH_BYTES = 512 << 10
RECEIVE_TIMEOUT_S = 60.0
MAX_REQUESTS = 64


Session = StoreSession | ComposedSession


class TooManyStores(Exhausted):
    """As many store requests are being received as this process takes at once."""

    reason: ClassVar[str] = "too-many-stores"


class BrokenOff(Invalid):
    """The client went away, or sent nothing for a minute, before its request was over."""

    reason: ClassVar[str] = "request-broken-off"


class EmptyRequest(Invalid):
    """A store request without any object."""

    reason: ClassVar[str] = "nothing-to-store"


class DirectBody(Protocol):
    """The server's extension "isocenter.direct": a whole body read by threads (`apps.http_protocol`)."""

    async def take_beside(self, take: Callable[[bytes], None], timeout_s: float, executor: Executor) -> bool:
        """Hand all of it to `take`; False when it has to be received."""


@dataclass(slots=True)
class StoreDoor:
    """The STOW-RS service of one process. executor: threads for blocking work, not shared with reading."""

    archive: Archive
    executor: Executor
    active: int = 0

    async def store(self, request: DicomwebRequest) -> Answer:
        """POST /studies and /studies/{study}: store what the body holds."""
        request.caller.require(Right.STORE)
        media_type = choose(request.accept(), [DICOM_JSON, "application/json", DICOM_XML])
        session = self._session(request)
        if self.active >= MAX_REQUESTS:
            raise TooManyStores("Too many store requests are being received; try again in a moment.")
        self.active += 1
        try:
            await self._receive(request, session)
        finally:
            self.active -= 1
        if not session.objects:
            raise EmptyRequest("The request holds no object.")
        results = session.results
        status = store_status(results.outcomes, results.refusals)
        report = store_report(results.outcomes, results.refusals, request.base_url())
        body = native_model(report) if media_type == DICOM_XML else msgspec.json.encode(report)
        headers = [(b"retry-after", b"5")] if status in (503, 507) else []
        return Answer(status=status, media_type=media_type.encode(), body=body, headers=headers)

    def _session(self, request: DicomwebRequest) -> Session:
        if request.header(b"content-encoding") not in ("", "identity"):
            raise UnsupportedMediaType("Store requests are taken without Content-Encoding.")
        media_type = parse_media_type(request.header(b"content-type") or "none/none")
        kind, parser = media_type.name, None
        if kind == MULTIPART:
            kind = media_type.parameters.get("type", DICOM).lower()
            parser = MultipartParser(boundary_of(media_type))
        study = request.study_instance_uid if len(request.segments) > 1 else None
        source, results = Source("", "", request.peer_address(), DOOR), StoreResults(self.archive)
        if kind == DICOM:
            return StoreSession(results, request.caller, source, study, parser)
        if kind in METADATA_TYPES:
            return ComposedSession(results, request.caller, source, study, kind, parser)
        raise UnsupportedMediaType(
            "Objects are taken as application/dicom, or described in application/dicom+json or application/dicom+xml;"
            " alone, or inside multipart/related with that type."
        )

    async def _receive(self, request: DicomwebRequest, session: Session) -> None:
        loop = asyncio.get_running_loop()
        direct: DirectBody | None = request.scope.get("extensions", {}).get("isocenter.direct")
        working: asyncio.Future[None] | None = None
        try:
            if direct is not None and await self._taken(direct, session):
                await loop.run_in_executor(self.executor, session.finish)
                return
            async for batch in _batches(request.receive):
                if working is not None:
                    await working
                working = loop.run_in_executor(self.executor, session.feed, batch)
            if working is not None:
                await working
            await loop.run_in_executor(self.executor, session.finish)
        except BaseException:
            await asyncio.shield(self._abandon(working, session))
            raise

    async def _taken(self, direct: DirectBody, session: Session) -> bool:
        try:
            return await direct.take_beside(session.feed, RECEIVE_TIMEOUT_S, self.executor)
        except TimeoutError as error:
            raise BrokenOff("Nothing of the request came for a minute.") from error
        except ConnectionError as error:
            raise BrokenOff("The client went away before its request was over.") from error

    async def _abandon(self, working: asyncio.Future[None] | None, session: Session) -> None:
        """The session belongs to the worker thread until its last batch is done."""
        if working is not None and not working.done():
            await asyncio.wait([working])
        await asyncio.get_running_loop().run_in_executor(self.executor, session.abandon)


async def _batches(receive: Receive) -> AsyncIterator[bytes]:
    """The body in batches of about BATCH_BYTES. Raises BrokenOff."""
    held: list[bytes] = []
    size = 0
    while True:
        try:
            async with asyncio.timeout(RECEIVE_TIMEOUT_S):
                message = await receive()
        except TimeoutError as error:
            raise BrokenOff("Nothing of the request came for a minute.") from error
        if message["type"] != "http.request":
            raise BrokenOff("The client went away before its request was over.")
        chunk = message.get("body", b"")
        assert isinstance(chunk, bytes)
        held.append(chunk)
        size += len(chunk)
        more = bool(message.get("more_body"))
        if size >= BATCH_BYTES or not more:
            yield held[0] if len(held) == 1 else b"".join(held)
            held, size = [], 0
        if not more:
            return
