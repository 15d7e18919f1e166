"""Orthanc as a source, by its own REST: the file of every instance as it lies, and the MD5 that it keeps of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isocenter.adapters.peers.http_peer import HttpPeer, chunks_of
from isocenter.domain.migration.errors import NotGiven, SourceMisbehaves
from isocenter.domain.migration.source import Intake, SourceObject, SourceSeries

PAGE = 500


class Orthanc:
    """An Orthanc at the base address of its REST API."""

    arrives_elsewhere = False

    def __init__(self, peer: HttpPeer) -> None:
        """Raises SourceMisbehaves when it is no Orthanc."""
        self._peer = peer
        system = peer.json("/system")
        if not isinstance(system, dict) or "DicomAet" not in system:
            raise SourceMisbehaves("This is not the REST address of an Orthanc.")
        self.name = f"Orthanc {str(system.get('Version'))[:32]} at {peer.base_url}"

    def series(self) -> Iterator[SourceSeries]:
        """Every series of every study, page by page."""
        since = 0
        while studies := self._peer.json(f"/studies?since={since}&limit={PAGE}"):
            for study in studies:
                yield from self._series_of(str(study))
            since += len(studies)

    def _series_of(self, study: str) -> Iterator[SourceSeries]:
        try:
            uid = self._peer.json(f"/studies/{_plain(study)}")["MainDicomTags"]["StudyInstanceUID"]
            found = self._peer.json(f"/studies/{_plain(study)}/series")
        except NotGiven:
            return  # deleted since it was listed
        for each in found:
            series_uid = each["MainDicomTags"]["SeriesInstanceUID"]
            yield SourceSeries(str(uid), str(series_uid), _plain(each["ID"]))

    def objects(self, series: SourceSeries) -> list[SourceObject]:
        """The instances of a series."""
        try:
            found = self._peer.json(f"/series/{series.handle}/instances")
        except NotGiven:
            return []
        return [SourceObject(str(each["MainDicomTags"]["SOPInstanceUID"]), handle=_plain(each["ID"])) for each in found]

    def retrieve(self, series: SourceSeries, wanted: Sequence[SourceObject], intake: Intake) -> None:  # noqa: ARG002
        """File after file over one connection; what is gone meanwhile is not given."""
        for each in wanted:
            try:
                with (
                    self._peer.get(f"/instances/{each.handle}/file", "application/dicom") as answer,
                    intake.object(each) as arriving,
                ):
                    for chunk in chunks_of(answer):
                        arriving.write(chunk)
            except NotGiven:
                continue

    def md5(self, found: SourceObject) -> str | None:
        """What Orthanc keeps of the file; None when it is configured not to, or the file is gone."""
        try:
            with self._peer.get(f"/instances/{found.handle}/attachments/dicom/md5", "text/plain") as answer:
                said = answer.read(64).decode("ascii", "replace").strip()
        except NotGiven:
            return None
        return said or None

    def close(self) -> None:
        """Let go of connections."""
        self._peer.close()


def _plain(identifier: str) -> str:
    """An identifier of Orthanc (hexadecimal and dashes), so that it names nothing else in a path."""
    if not identifier or not all(c.isalnum() or c == "-" for c in identifier):
        raise SourceMisbehaves("The source answers an identifier that is none.")
    return identifier
