"""Any DICOMweb origin server as a source (PS3.18 10.6 QIDO-RS, 10.4 WADO-RS)."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

from isocenter.adapters.peers.http_peer import HttpPeer, chunks_of
from isocenter.domain.migration.errors import NotGiven, SourceMisbehaves
from isocenter.domain.migration.source import Arriving, Intake, SourceObject, SourceSeries
from isocenter.kit.errors import Invalid
from isocenter.wire.multipart import MultipartParser, PartBegin, PartData, boundary_of, parse_media_type

PAGE = 200
_JSON = "application/dicom+json, application/json;q=0.5"
_OBJECTS = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_STUDY, _SERIES, _INSTANCE, _CLASS = "0020000D", "0020000E", "00080018", "00080016"
FEW = 4
"""So many objects of a series are asked for one by one rather than with the whole series."""


class DicomwebSource:
    """The origin server at a base address ("…/dicom-web")."""

    arrives_elsewhere = False

    def __init__(self, peer: HttpPeer) -> None:
        """Asks for one study, so that a wrong address or missing credentials are told at once."""
        self._peer = peer
        self.name = f"DICOMweb at {peer.base_url}"
        peer.json("/studies?limit=1", _JSON)

    def series(self) -> Iterator[SourceSeries]:
        """Every series of every study."""
        for study in self._found("/studies", _STUDY):
            uid = _text(study, _STUDY)
            for series in self._found(f"/studies/{_quoted(uid)}/series", _SERIES):
                yield SourceSeries(uid, _text(series, _SERIES))

    def objects(self, series: SourceSeries) -> list[SourceObject]:
        """The instances of a series."""
        return [
            SourceObject(_text(each, _INSTANCE), _text(each, _CLASS))
            for each in self._found(f"{_path(series)}/instances", _INSTANCE)
        ]

    def retrieve(self, series: SourceSeries, wanted: Sequence[SourceObject], intake: Intake) -> None:
        """The series as a whole, or a few objects one by one, in the transfer syntax that the source keeps."""
        if len(wanted) > FEW:
            self._stream(_path(series), None, intake)
            return
        for each in wanted:
            try:
                self._stream(f"{_path(series)}/instances/{_quoted(each.sop_instance_uid)}", each, intake)
            except NotGiven:
                continue

    def md5(self, found: SourceObject) -> str | None:  # noqa: ARG002 - DICOMweb has no digests
        """None: DICOMweb has no digests."""
        return None

    def close(self) -> None:
        """Let go of connections."""
        self._peer.close()

    def _stream(self, path: str, announced: SourceObject | None, intake: Intake) -> None:
        with self._peer.get(path, f"{_OBJECTS}, application/dicom; transfer-syntax=*;q=0.5") as answer:
            try:
                media_type = parse_media_type(answer.headers.get("Content-Type", ""))
                if media_type.name == "application/dicom":
                    with intake.object(announced) as arriving:
                        for chunk in chunks_of(answer):
                            arriving.write(chunk)
                    return
                parts(answer, MultipartParser(boundary_of(media_type)), announced, intake)
            except Invalid as error:
                raise SourceMisbehaves(f"The source's answer cannot be read: {error.message}") from None

    def _found(self, path: str, key: str) -> Iterator[dict[str, Any]]:
        """All pages of a search. A server that gives the same page again, whatever the offset, has given all."""
        seen: set[str] = set()
        offset = 0
        while True:
            page = self._peer.json(f"{path}?limit={PAGE}&offset={offset}", _JSON) or []
            if not isinstance(page, list):
                raise SourceMisbehaves("The source answers a search with something that is no list.")
            new = [each for each in page if _text(each, key) and _text(each, key) not in seen]
            seen.update(_text(each, key) for each in new)
            yield from new
            if not new:
                return
            offset += len(page)


def parts(
    answer: http.client.HTTPResponse, parser: MultipartParser, announced: SourceObject | None, intake: Intake
) -> None:
    """Every part of a multipart/related answer is one object. Raises MalformedMultipart."""
    with ExitStack() as broken_off:
        arriving: Arriving | None = None
        for chunk in chunks_of(answer):
            for event in parser.feed(chunk):
                if isinstance(event, PartData):
                    assert arriving is not None
                    arriving.write(event.data)
                elif isinstance(event, PartBegin):
                    arriving = broken_off.enter_context(intake.object(announced))
                else:
                    broken_off.close()
        parser.finish()


def _path(series: SourceSeries) -> str:
    return f"/studies/{_quoted(series.study_instance_uid)}/series/{_quoted(series.series_instance_uid)}"


def _quoted(uid: str) -> str:
    """A UID in a path, whatever the source says it is: "..", "/" and "?" lead nowhere else."""
    return quote(uid, safe="") if uid.strip(".") else "-"


def _text(found: dict[str, Any], tag: str) -> str:
    try:
        return str(found[tag]["Value"][0])
    except (KeyError, IndexError, TypeError):
        return ""
