"""One request to the DICOMweb service, read from ASGI: path segments, headers, query; nothing is trusted yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from isocenter.access.caller import Caller
from isocenter.adapters.dicomweb.errors import BadParameter
from isocenter.adapters.dicomweb.negotiation import accept_header
from isocenter.standards.dicom.uids import check_uid

MAX_QUERY_BYTES = 16384
MAX_QUERY_FIELDS = 200


@dataclass(slots=True)
class DicomwebRequest:
    """A request whose caller is known. segments: the path below the service, percent-decoded, cut at the slashes."""

    scope: Scope
    receive: Receive
    caller: Caller
    segments: Sequence[str]

    def header(self, name: bytes) -> str:
        """The value of a header; "" when there is none, joined with commas when there are several."""
        return ", ".join(value.decode("latin-1") for key, value in self.scope["headers"] if key == name)

    def query(self) -> list[tuple[str, str]]:
        """The query parameters in order. Raises BadParameter when there are too many."""
        raw: bytes = self.scope.get("query_string", b"")
        if not raw:
            return []
        if len(raw) > MAX_QUERY_BYTES:
            raise BadParameter("The query is too long.", limit_bytes=MAX_QUERY_BYTES)
        try:
            return parse_qsl(
                raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY_FIELDS
            )
        except ValueError as error:
            raise BadParameter("The query does not parse: it must be percent-encoded UTF-8.") from error

    def accept(self) -> str:
        """The Accept header in force, with the accept query parameter before it."""
        query = [value for name, value in self.query() if name == "accept"] if self.scope.get("query_string") else []
        header = self.header(b"accept")
        return accept_header([header] if header else [], query)

    @property
    def study_instance_uid(self) -> str:
        """The study of the path, checked. Raises InvalidUid."""
        return check_uid(self.segments[1], "StudyInstanceUID")

    @property
    def series_instance_uid(self) -> str:
        """The series of the path, checked. Raises InvalidUid."""
        return check_uid(self.segments[3], "SeriesInstanceUID")

    @property
    def sop_instance_uid(self) -> str:
        """The instance of the path, checked. Raises InvalidUid."""
        return check_uid(self.segments[5], "SOPInstanceUID")

    def base_url(self) -> str:
        """Absolute address of the service, as the client sees it."""
        scheme = self.scope.get("scheme", "http")
        host = self.header(b"host") or "localhost"
        return f"{scheme}://{host}{self.scope.get('root_path', '')}"

    def peer_address(self) -> str:
        """Address of the client, "" when unknown."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""
