"""The DICOMweb service as one lean ASGI application (PS3.18 10): who asks, which resource, and the answer out.

Every even segment of a DICOMweb path is a word and every odd one an identifier, so that a path is looked up in a
table and never matched against patterns; frames pass through here by the thousand.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from isocenter.access.caller import Caller
from isocenter.adapters.dicomweb.answers import Answer, error_answer, send_answer
from isocenter.adapters.dicomweb.capabilities import capabilities
from isocenter.adapters.dicomweb.delete_rs import DeleteDoor
from isocenter.adapters.dicomweb.errors import MethodNotAllowed, NoSuchResource
from isocenter.adapters.dicomweb.qido_rs import SearchDoor
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.adapters.dicomweb.stow_rs import StoreDoor
from isocenter.adapters.dicomweb.wado_rs import RetrieveDoor
from isocenter.delivery.library import Library
from isocenter.domain.archive.deletions import Deletions
from isocenter.domain.archive.store import Archive
from isocenter.kit.errors import IsocenterError
from isocenter.kit.logging import get_logger

log = get_logger(__name__)

PREFIX = "/dicom-web"
CALLER_BELIEVED_FOR_S = 2.0
CALLERS_REMEMBERED = 1024
STORE_THREADS = 16
SEARCH_THREADS = 8
MAX_PATH_SEGMENTS = 24

Handler = Callable[[DicomwebRequest], Awaitable[Answer]]
CallerOf = Callable[[Request], Any]


def resource_of(segments: Sequence[str]) -> str:
    """The resource that a path names: its words in order, "*" for each identifier; bulk data is cut after its word."""
    if len(segments) > 6 and segments[6] == "bulkdata":
        segments = segments[:7]
    return "/".join(word if index % 2 == 0 else "*" for index, word in enumerate(segments))


class DicomwebService:
    """The ASGI application. Made once per process; `close` ends its threads."""

    def __init__(
        self, archive: Archive | None, library: Library, caller_of: CallerOf, deletions: Deletions | None = None
    ) -> None:
        self.library = library
        self._caller_of = caller_of
        self._callers: OrderedDict[tuple[bytes, bytes], tuple[float, Caller]] = OrderedDict()
        self._search_threads = ThreadPoolExecutor(SEARCH_THREADS, "dicomweb-search")
        self._store_threads = ThreadPoolExecutor(STORE_THREADS, "dicomweb-store")
        self._retrieve = RetrieveDoor(library)
        search = SearchDoor(library, self._search_threads)
        self._reading: dict[str, Handler] = self._retrieve.resources() | search.resources()
        self._storing: dict[str, Handler] = {}
        if archive is not None:
            store = StoreDoor(archive, self._store_threads).store
            self._storing = {"studies": store, "studies/*": store}
        self._deleting: dict[str, Handler] = {}
        if deletions is not None:
            self._deleting = {"studies/*": DeleteDoor(deletions, library, self._store_threads).delete}
        self._describing: dict[str, Handler] = {"": self._capabilities}

    def resources(self) -> list[tuple[str, str]]:
        """Every (method, resource) that is answered; HEAD goes with GET."""
        tables = (
            ("GET", self._reading),
            ("POST", self._storing),
            ("DELETE", self._deleting),
            ("OPTIONS", self._describing),
        )
        return [(method, resource) for method, table in tables for resource in table]

    async def _capabilities(self, request: DicomwebRequest) -> Answer:
        """OPTIONS, on the service or anything in it."""
        return capabilities(request, self.resources())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", "the DICOMweb service speaks HTTP only"
        answer = await self._answer(scope, receive)
        try:
            direct = scope.get("extensions", {}).get("isocenter.direct")
            await send_answer(answer, send, head_only=scope["method"] == "HEAD", direct=direct)
        except IsocenterError as error:
            # The head is out already: the only honest end is a broken body, which uvicorn makes of an exception.
            log.warning("dicomweb.broken-off", reason=error.reason, detail=str(error))
            raise
        except TimeoutError:
            log.info("dicomweb.reader-too-slow", path=scope["path"][:400])
            raise

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        try:
            handler, segments = self._handler(scope)
            caller = await self._caller(scope, receive)
            return await handler(DicomwebRequest(scope, receive, caller, segments))
        except MethodNotAllowed as error:
            return error_answer(error, [(b"allow", str(error.fields["allowed"]).encode("ascii"))])
        except IsocenterError as error:
            answer = error_answer(error)
            if answer.status >= 500:
                log.warning("dicomweb.failed", path=scope["path"][:400], reason=error.reason, detail=str(error))
            return answer
        except Exception:
            log.exception("dicomweb.defect", path=scope["path"][:400])
            return error_answer(IsocenterError("Something went wrong on our side; it is noted in the log."))

    def _handler(self, scope: Scope) -> tuple[Handler, list[str]]:
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        segments = path.strip("/").split("/")
        resource = resource_of(segments) if len(segments) <= MAX_PATH_SEGMENTS else ""
        reading, storing = self._reading.get(resource), self._storing.get(resource)
        deleting = self._deleting.get(resource)
        method = scope["method"]
        if method in ("GET", "HEAD") and reading is not None:
            return reading, segments
        if method == "POST" and storing is not None:
            return storing, segments
        if method == "DELETE" and deleting is not None:
            return deleting, segments
        if method == "OPTIONS" and (reading is not None or resource == ""):
            return self._capabilities, segments
        if reading is None and storing is None:
            raise NoSuchResource("The DICOMweb service has no such resource.")
        allowed = ["GET", "HEAD"] * (reading is not None) + ["POST"] * (storing is not None)
        allowed += ["DELETE"] * (deleting is not None) + ["OPTIONS"]
        raise MethodNotAllowed("This resource has no such method.", allowed=", ".join(allowed))

    def caller_at_hand(self, headers: Iterable[tuple[bytes, bytes]]) -> Caller | None:
        """Who asks, for reading, when that was looked up less than two seconds ago. Never waits."""
        since, caller = self._callers.get(_credentials(headers), (0.0, None))
        return caller if time.monotonic() - since < CALLER_BELIEVED_FOR_S else None

    async def _caller(self, scope: Scope, receive: Receive) -> Caller:
        """Who asks; for reading, an answer is believed for two seconds, so that frames cost no look-up each."""
        reading = scope["method"] in ("GET", "HEAD")
        caller = self.caller_at_hand(scope["headers"]) if reading else None
        if caller is not None:
            scope.setdefault("state", {})["caller_id"] = caller.id
            return caller
        found = await self._look_up(Request(scope, receive))
        if reading:
            key = _credentials(scope["headers"])
            self._callers[key] = (time.monotonic(), found)
            self._callers.move_to_end(key)
            while len(self._callers) > CALLERS_REMEMBERED:
                self._callers.popitem(last=False)
        return found

    async def _look_up(self, request: Request) -> Caller:
        if inspect.iscoroutinefunction(self._caller_of):
            found = await self._caller_of(request)
        else:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._search_threads, self._caller_of, request)
        assert isinstance(found, Caller)
        return found

    def close(self) -> None:
        """End the threads of this service; the library and the archive belong to the process."""
        self._search_threads.shutdown(wait=False, cancel_futures=True)
        self._store_threads.shutdown(wait=True)
        self._retrieve.close()


def _credentials(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
    authorization = cookie = b""
    for name, value in headers:
        if name == b"authorization":
            authorization = value
        elif name == b"cookie":
            cookie = value
    return authorization, cookie


def dicomweb_router(service: DicomwebService, *, prefix: str = PREFIX) -> APIRouter:
    """The service as a router for the web application, under the prefix."""
    return APIRouter(routes=[Mount(prefix, app=service)])
