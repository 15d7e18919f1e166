"""What all retrieve doors share: views without waiting where possible, threads for what blocks, a second try."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from isocenter.adapters.dicomweb.answers import Answer
from isocenter.adapters.dicomweb.bulk import MAX_SENDERS, BulkSending
from isocenter.adapters.dicomweb.made_ahead import MadePlan
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.delivery.errors import BytesAway
from isocenter.delivery.instances import Delivery
from isocenter.delivery.library import Library
from isocenter.delivery.study_view import Form, InstanceView, StudyView

P = ParamSpec("P")
T = TypeVar("T")
Handler = Callable[[DicomwebRequest], Awaitable[Answer]]

READING_THREADS = 8
WORKING_THREADS = 8
"""Threads that wait for confined processes; apart from reading, so that decoding never holds up a frame as it lies."""


class Retrieval:
    """Of one process; used on the event loop."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._reading = ThreadPoolExecutor(READING_THREADS, "dicomweb-read")
        self._working = ThreadPoolExecutor(WORKING_THREADS, "dicomweb-work")
        self._senders = ThreadPoolExecutor(MAX_SENDERS, "dicomweb-send")
        self.sending = BulkSending(library.files, self._reading, self._senders)
        self._working.submit(library.warm)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call something that reads, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._reading, partial(function, *args, **kwargs))

    async def work(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call something that waits for a confined process, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._working, partial(function, *args, **kwargs))

    def made_ahead(self, deliveries: Sequence[Delivery], heads: Sequence[bytes], tail: bytes) -> MadePlan:
        """An answer of objects that have to be made first, a head before each."""
        return MadePlan(self.sending, self.library, self._working, deliveries, heads, tail)

    async def view(self, request: DicomwebRequest) -> StudyView:
        """The study of the request's path as it is now. Raises InvalidUid, Refused, UnknownStudy, Exhausted."""
        return await self.run(self.library.view, request.caller, request.study_instance_uid)

    async def view_of_instance(self, request: DicomwebRequest) -> tuple[StudyView, InstanceView]:
        """The study and the instance of the request's path; without waiting when they were there a second ago."""
        view = self.library.view_at_hand(request.caller, request.study_instance_uid)
        if view is not None:
            instance = view.instances.get(request.segments[5])
            if instance is not None and instance.series_instance_uid == request.segments[3]:
                return view, instance
        view = await self.view(request)
        return view, view.of_instance(request.series_instance_uid, request.sop_instance_uid)

    async def form(self, view: StudyView, instance: InstanceView) -> Form:
        """The preferred form of an instance, its layout known."""
        form = self.library.form_at_hand(view.institution_id, instance)
        return form if form is not None else await self.run(self.library.form, view.institution_id, instance)

    def check_here(self, deliveries: Sequence[Delivery]) -> None:
        """Raise BytesAway before an answer begins when a file of it is not here."""
        for source in {source for delivery in deliveries for source in delivery.sources}:
            self.library.files.check(source)

    def retrying(self, handler: Handler) -> Handler:
        """The handler, tried once more with a new view when bytes were not where an old one said."""

        async def handle(request: DicomwebRequest) -> Answer:
            try:
                return await handler(request)
            except BytesAway:
                view = self.library.view_at_hand(request.caller, request.study_instance_uid)
                if view is not None:
                    self.library.locator.doubt(view)
                return await handler(request)

        return handle

    def close(self) -> None:
        """End the threads."""
        self._reading.shutdown(wait=False, cancel_futures=True)
        self._senders.shutdown(wait=False, cancel_futures=True)
        self._working.shutdown(wait=False, cancel_futures=True)


def addressed(request: DicomwebRequest, view: StudyView) -> tuple[str, tuple[InstanceView, ...]]:
    """(a name for the part of the study that the path names, its instances in order)."""
    names = request.segments
    if len(names) > 5 and names[4] == "instances":
        return names[5], (view.of_instance(request.series_instance_uid, request.sop_instance_uid),)
    if len(names) > 3 and names[2] == "series":
        series = view.of_series(request.series_instance_uid)
        return names[3], series.instances
    return "", tuple(one for series in view.series.values() for one in series.instances)


def matches(if_none_match: str, etag: bytes) -> bool:
    """Whether If-None-Match names the entity tag (weak comparison, RFC 9110 8.8.3.2)."""
    if not if_none_match:
        return False
    opaque = etag.decode("ascii").removeprefix("W/")
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return opaque in tags or tags == ["*"]
