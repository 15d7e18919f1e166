"""The objects of one STOW-RS request (PS3.18 10.5), from body bytes to acknowledged or refused, one after another.

Blocking and used by one thread at a time: the door feeds it from a worker thread. Whatever the request holds, memory
is one object's buffer; complete objects are appended to the journal at once and committed in groups.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from isocenter.access.caller import Caller
from isocenter.adapters.dicomweb.errors import UnsupportedMediaType
from isocenter.adapters.dicomweb.store_results import StoreResults
from isocenter.domain.archive.reception import Reception, Source
from isocenter.kit.errors import IsocenterError
from isocenter.standards.dicom.part10 import META_LIMIT_BYTES, PREAMBLE_LENGTH, FileMeta, read_file_meta
from isocenter.wire.multipart import MultipartParser, PartBegin, PartData, parse_media_type

HEAD_BYTES = PREAMBLE_LENGTH + 4 + META_LIMIT_BYTES
"""Held of every object until its file meta information can be read whole."""


@dataclass(slots=True)
class StoreSession:
    """Objects of one request on their way into the archive. After an exception call `abandon`."""

    results: StoreResults
    caller: Caller
    source: Source
    study_instance_uid: str | None
    parser: MultipartParser | None
    objects: int = 0
    _head: bytearray = field(default_factory=bytearray)
    _meta: FileMeta | None = None
    _reception: Reception | None = None
    _skipping: bool = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the request's body. Raises MalformedMultipart, MultipartTooLarge."""
        if self.parser is None:
            if chunk and self.objects == 0:
                self._begin({})
            if chunk:
                self._data(memoryview(chunk))
            return
        for event in self.parser.feed(chunk):
            if isinstance(event, PartData):
                self._data(event.data)
            elif isinstance(event, PartBegin):
                self._begin(dict(event.headers))
            else:
                self._end()

    def finish(self) -> None:
        """The body is over: commit what waits. Raises MalformedMultipart when the closing boundary is missing."""
        if self.parser is not None:
            self.parser.finish()
        elif self.objects:
            self._end()
        self.results.commit()

    def abandon(self) -> None:
        """The request broke off: forget the object that was arriving; those that were whole are kept."""
        if self._reception is not None:
            self._reception.abandon()
            self._reception = None
        self.results.commit()

    def _begin(self, headers: dict[str, str]) -> None:
        self.objects += 1
        self._head.clear()
        self._meta, self._reception, self._skipping = None, None, False
        try:
            kind = headers.get("content-type", "application/dicom")
            if parse_media_type(kind).name != "application/dicom":
                raise UnsupportedMediaType("A part is not of the type application/dicom.")
        except IsocenterError as error:
            self._refuse(error)

    def _data(self, data: memoryview) -> None:
        if self._skipping:
            return
        try:
            if self._reception is None and not self._head and len(data) >= HEAD_BYTES:
                self._open(data)
            elif self._reception is None:
                self._head += data
                if len(self._head) >= HEAD_BYTES:
                    self._open_held()
            else:
                self._reception.write(data)
        except Exception as error:
            self._refuse(error)

    def _open_held(self) -> None:
        with memoryview(self._head) as head:
            self._open(head)

    def _open(self, head: memoryview) -> None:
        self._meta = meta = read_file_meta(head)
        self._reception = self.results.archive.reception(
            self.caller,
            self.source,
            sop_class_uid=meta.sop_class_uid,
            sop_instance_uid=meta.sop_instance_uid,
            transfer_syntax_uid=meta.transfer_syntax_uid,
        )
        self._reception.expected_study_instance_uid = self.study_instance_uid
        with head[meta.data_set_offset :] as data_set:
            self._reception.write(data_set)

    def _end(self) -> None:
        if self._skipping:
            return
        try:
            if self._reception is None:
                self._open_held()
            assert self._reception is not None
            appended = self._reception.append()
            self._reception = None
        except Exception as error:
            self._refuse(error)
        else:
            self.results.append(appended)

    def _refuse(self, error: Exception) -> None:
        """Note why an object is refused and pass over the rest of it; the objects after it go on."""
        self._skipping = True
        if self._reception is not None:
            self._reception.abandon()
            self._reception = None
        meta = self._meta
        self.results.refuse(meta.sop_class_uid if meta else "", meta.sop_instance_uid if meta else "", error)
