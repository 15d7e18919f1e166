"""QIDO-RS (PS3.18 10.6): studies, series and instances by any attribute. Every search is bounded and says so.

Pages: `limit` and `offset` as the standard has them; and, for a page behind the last one that stays right while studies
arrive, the address in the Link header (rel="next"), which holds a cursor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

import msgspec
from blake3 import blake3

from isocenter.access.roles import Right
from isocenter.access.trail.asking import queried
from isocenter.adapters.dicomweb.answers import Answer, Headers
from isocenter.adapters.dicomweb.descriptions import description_type, xml_answer
from isocenter.adapters.dicomweb.negotiation import DICOM_XML
from isocenter.adapters.dicomweb.requests import DicomwebRequest
from isocenter.adapters.dicomweb.search_parameters import SearchParameters, search_parameters
from isocenter.adapters.dicomweb.search_results import Result, belongs_to, result_of
from isocenter.delivery.library import Library
from isocenter.delivery.searching import search
from isocenter.index.find import DicomQuery, Found, Key, Level, LookedFarEnough
from isocenter.index.query_keys import SERIES_INSTANCE_UID, STUDY_INSTANCE_UID, held, keys_to_look_for_inside

DESCRIBED_AT_MOST = 200
"""A page whose results need an object read each is no longer than this; instances of one series come together."""
DESCRIBED_INSTANCES_AT_MOST = 1000

Handler = Callable[[DicomwebRequest], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Page:
    """Results in order. next_cursor: None when these are the last."""

    found: list[Found]
    next_cursor: str | None
    looked_far_enough: bool = False


class SearchDoor:
    """The search service of one process. executor: threads that wait for the database."""

    def __init__(self, library: Library, executor: Executor) -> None:
        self._library = library
        self._executor = executor

    def resources(self) -> dict[str, Handler]:
        """Handlers by resource, for the router (Table 10.6.1-2)."""
        return {
            "studies": self._handler(Level.STUDY),
            "series": self._handler(Level.SERIES),
            "instances": self._handler(Level.IMAGE),
            "studies/*/series": self._handler(Level.SERIES),
            "studies/*/instances": self._handler(Level.IMAGE),
            "studies/*/series/*/instances": self._handler(Level.IMAGE),
        }

    def _handler(self, level: Level) -> Handler:
        async def handle(request: DicomwebRequest) -> Answer:
            request.caller.require(Right.READ)
            media_type = description_type(request.accept())
            parameters = search_parameters(request.query())
            query = query_of(request, level, parameters)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, self._answer, request, parameters, query, media_type)

        return handle

    def _answer(
        self, request: DicomwebRequest, parameters: SearchParameters, query: DicomQuery, media_type: str
    ) -> Answer:
        page = self._page(request, query)
        if not page.found and len(request.segments) > 1 and query.cursor is None and not query.offset:
            self._check_path(request)
        results = self._results(request, parameters, query, page.found)
        headers = [*_paging(request, query, page), *_warnings(request, parameters, page)]
        if not results:
            return Answer(status=204, headers=headers, body=b"")
        if media_type == DICOM_XML:
            answer = xml_answer(results, headers)
        else:
            answer = Answer(media_type=media_type.encode("ascii"), body=msgspec.json.encode(results), headers=headers)
        etag = b'W/"%s"' % blake3(answer.body).hexdigest(16).encode()
        headers.append((b"etag", etag))
        return Answer(status=304, headers=headers, body=b"") if _knows(request, etag) else answer

    def _page(self, request: DicomwebRequest, query: DicomQuery) -> Page:
        """One result more than asked for is looked for, to know whether there is a next page."""
        keys = [(key.tag, key.values) for key in query.keys]
        queried(self._library.database, request.caller, "qido-rs", str(query.level), keys)
        wanted = query.limit or 0
        found: list[Found] = []
        more = replace(query, limit=wanted + 1)
        try:
            found.extend(search(self._library, request.caller, more))
        except LookedFarEnough as error:
            return Page(found[:wanted], error.cursor if len(found) <= wanted else found[wanted - 1].cursor, True)
        cursor = found[wanted - 1].cursor if len(found) > wanted > 0 else None
        return Page(found[:wanted], cursor)

    def _results(
        self, request: DicomwebRequest, parameters: SearchParameters, query: DicomQuery, found: list[Found]
    ) -> list[Result]:
        path_studies = len(request.segments) > 1
        # What is a key of the query is asked for as well (10.6.3.3); of a study named by the path that says itself.
        wanted = {*parameters.included} | (set() if path_studies else {key.tag for key in query.keys})
        base_url = request.base_url()
        return [
            result_of(one, base_url, path_studies=path_studies, wanted=wanted)
            for one in self._in_order(request, query, _trimmed(found, query, wanted))
        ]

    def _in_order(self, request: DicomwebRequest, query: DicomQuery, found: list[Found]) -> list[Found]:
        """The series of one study by number, as people expect them, when they are all on this page."""
        whole = query.cursor is None and not query.offset and len(found) < (query.limit or 0)
        if query.level is not Level.SERIES or len(request.segments) < 2 or not whole:
            return found
        numbers = [(one.attributes[0x00200011][1] or (2**31,))[0] for one in found]
        return [found[at] for at in sorted(range(len(found)), key=numbers.__getitem__)]

    def _check_path(self, request: DicomwebRequest) -> None:
        """Raises UnknownStudy, UnknownSeries: nothing found may mean that the path names nothing."""
        study_uid = request.study_instance_uid
        self._library.looking_as(request.caller, study_uid)
        if len(request.segments) > 3:
            self._library.view(request.caller, study_uid).of_series(request.series_instance_uid)


def query_of(request: DicomwebRequest, level: Level, parameters: SearchParameters) -> DicomQuery:
    """The search that a request asks for; UIDs of the path are keys like others."""
    keys = [key for key in parameters.keys if len(key.values) or key.items]
    if len(request.segments) > 1:
        keys = _with_path(keys, STUDY_INSTANCE_UID, request.study_instance_uid)
    if len(request.segments) > 3:
        keys = _with_path(keys, SERIES_INSTANCE_UID, request.series_instance_uid)
    query = DicomQuery(
        level=level,
        keys=(*keys, *(Key(tag, "UN") for tag in parameters.included)),
        relational=True,
        fuzzy=parameters.fuzzy,
        timezone_offset=parameters.zone,
        all_attributes=parameters.all_attributes,
        described=bool(set(parameters.included) - held(level)),
        limit=parameters.limit,
        cursor=parameters.cursor,
        offset=parameters.offset,
    )
    most = parameters.limit
    if query.described or query.all_attributes or keys_to_look_for_inside(query):
        most = DESCRIBED_INSTANCES_AT_MOST if level is Level.IMAGE else DESCRIBED_AT_MOST
    if parameters.limit > most:
        parameters.capped = True
        query = replace(query, limit=most)
    return query


def _with_path(keys: list[Key], tag: int, uid: str) -> list[Key]:
    """The UID of the path in the place of what the query says of it: both must hold."""
    asked = next((key for key in keys if key.tag == tag), None)
    values = (uid,) if asked is None or uid in asked.values else ("",)
    return [*(key for key in keys if key.tag != tag), Key(tag, "UI", values if values[0] else ("0",))]


def _trimmed(found: list[Found], query: DicomQuery, wanted: set[int]) -> list[Found]:
    """With includefield=all, without what belongs to lower levels than the one asked for."""
    if not query.all_attributes or query.level is Level.IMAGE:
        return found
    return [
        replace(
            one,
            attributes={
                tag: attribute for tag, attribute in one.attributes.items() if belongs_to(query.level, tag, wanted)
            },
        )
        for one in found
    ]


def _paging(request: DicomwebRequest, query: DicomQuery, page: Page) -> Headers:
    """The address of the next page, or the total when this page is the last of a search that began at the beginning."""
    if page.next_cursor is None:
        total = query.offset + len(page.found)
        known = query.cursor is None and query.limit and (page.found or not query.offset)
        return [(b"x-total-count", b"%d" % total)] if known else []
    pairs = [(name, value) for name, value in request.query() if name.lower() not in ("offset", "cursor")]
    path = "/".join(quote(segment, safe="") for segment in request.segments)
    address = f"{request.base_url()}/{path}?{urlencode([*pairs, ('cursor', page.next_cursor)])}"
    return [(b"link", f'<{address}>; rel="next"'.encode("latin-1", "replace"))]


def _knows(request: DicomwebRequest, etag: bytes) -> bool:
    """If-None-Match (RFC 9110 13.1.2), compared weakly."""
    known = request.header(b"if-none-match")
    return known.strip() == "*" or etag.decode().removeprefix("W/") in [
        one.strip().removeprefix("W/") for one in known.split(",")
    ]


def _warnings(request: DicomwebRequest, parameters: SearchParameters, page: Page) -> Headers:
    return [
        (b"warning", f'299 {request.header(b"host") or "isocenter"} "{text}"'.encode("latin-1", "replace"))
        for text in _texts(parameters, page)
    ]


def _texts(parameters: SearchParameters, page: Page) -> Iterator[str]:
    if page.looked_far_enough:
        yield "The search had to look into objects and stopped at its limit; the next page goes on, or ask for less."
    elif page.next_cursor is not None:
        yield "There may be more results than were given; ask for the next page or for less."
    elif parameters.capped:
        yield "A limit or offset was made smaller."
    if parameters.ignored:
        yield "These parameters are no attributes and were ignored: " + " ".join(parameters.ignored[:20])
