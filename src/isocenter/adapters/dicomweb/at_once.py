"""Requests that can be answered without waiting for anything: by the connection itself, with no task in between.

A viewer asks for frames by the thousand, and what stands around a request costs more than the frame. Whatever is less
simple here is no answer, and takes the way of every other request: a caller who was not looked up just now, a study
whose look is not on record, bytes that are not in memory, a parameter that only the service knows, an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from isocenter.access.caller import Caller
from isocenter.adapters.dicomweb.frames_at_once import frame_at_once
from isocenter.adapters.dicomweb.pictures_at_once import picture_at_once
from isocenter.adapters.dicomweb.router import PREFIX, DicomwebService
from isocenter.delivery.library import Library
from isocenter.delivery.study_view import InstanceView, StudyView
from isocenter.wire.direct_sending import Piece

Headers = Sequence[tuple[bytes, bytes]]
Found = tuple[bytes, tuple[Piece, ...]]


class Kind(Protocol):
    """Answers one kind of request at once, or not at all."""

    def __call__(
        self,
        library: Library,
        view: StudyView,
        instance: InstanceView,
        path: str,
        accept: str,
        query: str,
        /,
        *,
        decoding: bool,
    ) -> Found | None:
        """(header lines, body). path: what stands behind the instance."""


_FOR_THE_SERVICE = frozenset({b"content-length", b"transfer-encoding", b"upgrade", b"expect", b"if-none-match"})
_INSTANCE_NAMES = 5
_KINDS: dict[str, Kind] = {"frames": frame_at_once, "rendered": picture_at_once}


@dataclass(frozen=True, slots=True)
class AtOnce:
    """An answer 200. head: its header lines, each ended, without those of every answer; pieces: the body, in order."""

    head: bytes
    pieces: tuple[Piece, ...]
    path: str
    caller_id: str


class AnswersAtOnce:
    """Of one process, on its event loop. Called with the URL and the headers (names in lower case) of a GET request.

    decoding: whether small frames that we recompressed are decoded here. That holds the loop for two or three
    milliseconds, and is quicker than a thread only where no processor is left for it.
    """

    def __init__(self, service: DicomwebService, *, decoding: bool = True, prefix: str = PREFIX) -> None:
        self._service = service
        self._decoding = decoding
        self._library = service.library
        self._prefix = f"{prefix}/studies/"

    def __call__(self, url: bytes, headers: Headers) -> AtOnce | None:
        """The answer; None: ask the service."""
        path, _, query = url.decode("ascii", "replace").partition("?")
        names = path.removeprefix(self._prefix).split("/")
        if len(names) <= _INSTANCE_NAMES or not path.startswith(self._prefix) or "%" in path:
            return None
        kind = _KINDS.get(names[-1] if names[-1] == "rendered" else names[_INSTANCE_NAMES])
        accept = _accept(headers)
        if kind is None or accept is None or (names[1], names[3]) != ("series", "instances"):
            return None
        caller = self._service.caller_at_hand(headers)
        if caller is None:
            return None
        try:
            found = self._found(kind, caller, names, accept, query)
        except Exception:
            return None  # said by the service, which looks again
        return None if found is None else AtOnce(*found, path, caller.id)

    def _found(self, kind: Kind, caller: Caller, names: Sequence[str], accept: str, query: str) -> Found | None:
        study, _, series, _, uid = names[:_INSTANCE_NAMES]
        view = self._library.view_at_hand(caller, study)
        instance = None if view is None else view.instances.get(uid)
        if view is None or instance is None or instance.series_instance_uid != series:
            return None
        rest = "/".join(names[_INSTANCE_NAMES:])
        return kind(self._library, view, instance, rest, accept, query, decoding=self._decoding)


def _accept(headers: Headers) -> str | None:
    """The Accept header; None when there are several, or another header that changes what is to be answered."""
    accept = b""
    for name, value in headers:
        if name in _FOR_THE_SERVICE or (name == b"accept" and accept):
            return None
        if name == b"accept":
            accept = value
    return accept.decode("latin-1")
