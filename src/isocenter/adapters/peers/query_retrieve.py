"""Any Query/Retrieve SCP as a source, Study Root (PS3.4 C.6.2): C-FIND for the list, C-GET or C-MOVE for objects."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

from isocenter.domain.migration.errors import SourceAway, SourceMisbehaves, SourceRefuses
from isocenter.domain.migration.source import Intake, SourceObject, SourceSeries
from isocenter.standards.dicom.dimse import CommandField, CommandSet, Element, Status, encode_response
from isocenter.standards.dicom.json_model import data_set_to_json
from isocenter.standards.dicom.sop_classes import STORAGE_SOP_CLASSES
from isocenter.standards.dicom.transfer_syntaxes import IMPLICIT_VR_LITTLE_ENDIAN, transfer_syntax
from isocenter.wire.pdu import AnsweredContext
from isocenter.wire.requestor import (
    AssociationRefused,
    NoAcceptedContext,
    PeerAway,
    PeerMisbehaved,
    ProposedContext,
    Remote,
    RequestedAssociation,
    Role,
    request_association,
)
from isocenter.wire.service import Peer, Response

FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{number}" for number in (1, 2, 3))
_LEVEL, _CLASS, _INSTANCE, _STUDY, _SERIES = 0x00080052, 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
_UNKNOWN_DESTINATION = 0xA801
FEW = 4
"""So many objects of a series are asked for by their UIDs rather than with the whole series."""
CLASSES_AT_A_TIME = 4
_COMPRESSED = (50, 51, 57, 70, 80, 81, 90, 91, 92, 93, 100, 101, 102, 103, 104, 105, 106, 107, 108, 110, 111, 112)
SYNTAXES = (
    "1.2.840.10008.1.2.1",
    IMPLICIT_VR_LITTLE_ENDIAN,
    *(f"1.2.840.10008.1.2.4.{number}" for number in (*_COMPRESSED, 201, 202, 203)),
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
)
"""One presentation context each, so that the source can send every object in the transfer syntax that it keeps."""


class QueryRetrieve:
    """An application entity. move_to: our AE title as the source knows it, or None to fetch with C-GET."""

    def __init__(self, remote: Remote, *, move_to: str | None = None) -> None:
        """Asks for an association, so that a wrong address or AE title is told at once."""
        self.name = f"{'C-MOVE' if move_to else 'C-GET'} from {remote.ae_title} at {remote.host} port {remote.port}"
        self.arrives_elsewhere = move_to is not None
        self._remote = remote
        self._move_to = move_to
        self._listing: RequestedAssociation | None = None
        with _told():
            request_association(remote, [_context(FIND)]).release()

    def series(self) -> Iterator[SourceSeries]:
        """Every series of every study."""
        for study in self._found({_LEVEL: "STUDY", _STUDY: ""}):
            uid = _text(study, _STUDY)
            for series in self._found({_LEVEL: "SERIES", _STUDY: uid, _SERIES: ""}):
                yield SourceSeries(uid, _text(series, _SERIES))

    def objects(self, series: SourceSeries) -> list[SourceObject]:
        """The instances of a series."""
        asked = {_LEVEL: "IMAGE", _CLASS: "", _INSTANCE: "", **_keys(series)}
        return [SourceObject(_text(each, _INSTANCE), _text(each, _CLASS)) for each in self._found(asked)]

    def retrieve(self, series: SourceSeries, wanted: Sequence[SourceObject], intake: Intake) -> None:
        """C-GET of the series on one association, or C-MOVE to our listener."""
        asked = _keys(series) | {_LEVEL: "SERIES"}
        if len(wanted) <= FEW:
            asked |= {_LEVEL: "IMAGE", _INSTANCE: "\\".join(each.sop_instance_uid for each in wanted)}
        with _told():
            if self._move_to is None:
                for contexts in _storage_contexts({each.sop_class_uid for each in wanted}):
                    self._get(asked, contexts, intake)
            else:
                self._move(asked, self._move_to)

    def md5(self, found: SourceObject) -> str | None:  # noqa: ARG002 - DIMSE has no digests
        """None: DIMSE has no digests."""
        return None

    def close(self) -> None:
        """Release the association of the queries."""
        if self._listing is not None:
            self._listing.release()
            self._listing = None

    def _found(self, keys: Mapping[int, str]) -> list[dict[str, Any]]:
        """All answers to one C-FIND; the association is kept for the next, and renewed once when it is gone."""
        with _told():
            if self._listing is not None:
                try:
                    return _find(self._listing, keys)
                except PeerAway:
                    self._listing = None
            self._listing = request_association(self._remote, [_context(FIND)])
            return _find(self._listing, keys)

    def _get(self, keys: Mapping[int, str], contexts: Sequence[ProposedContext], intake: Intake) -> None:
        with request_association(self._remote, [_context(GET), *contexts]) as association:
            answers = association.get(_accepted(association, GET), encode_identifier(keys), _Receiving(intake))
            for _ in answers:
                pass
            assert answers.last is not None
            _check(answers.last.status)

    def _move(self, keys: Mapping[int, str], destination: str) -> None:
        with request_association(self._remote, [_context(MOVE)]) as association:
            answers = association.move(_accepted(association, MOVE), encode_identifier(keys), destination)
            for _ in answers:
                pass
            assert answers.last is not None
            if answers.last.status == _UNKNOWN_DESTINATION:
                raise SourceRefuses(f"The source does not know {destination}: enter our AE title, host and port there.")
            _check(answers.last.status)


class _Receiving:
    """The storage service of a C-GET: what comes goes to the intake."""

    command_field = int(CommandField.C_STORE_RQ)

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def accepts(self, abstract_syntax: str) -> bool:  # noqa: ARG002 - what we proposed
        return True

    def transfer_syntax(self, proposed: list[str]) -> str | None:
        return proposed[0]

    def extended_negotiation(self, sop_class_uid: str, information: bytes) -> bytes | None:  # noqa: ARG002
        return None

    def receive(self, peer: Peer, context: AnsweredContext, command: CommandSet) -> _Received:  # noqa: ARG002
        return _Received(self._intake, context, command)


class _Received:
    """One C-STORE sub-operation."""

    def __init__(self, intake: Intake, context: AnsweredContext, command: CommandSet) -> None:
        self._command = command
        uid = command.text(Element.AFFECTED_SOP_INSTANCE_UID)
        self._context = intake.object(SourceObject(uid))
        self._arriving = self._context.__enter__()
        self._arriving.begin_data_set(command.text(Element.AFFECTED_SOP_CLASS_UID), uid, context.transfer_syntax)

    def write(self, chunk: memoryview) -> None:
        self._arriving.write(chunk)

    def finish(self) -> Response:
        self._context.__exit__(None, None, None)
        refused = self._arriving.refusal is not None
        status = Status.CANNOT_UNDERSTAND if refused else Status.SUCCESS
        return Response(encode_response(self._command, status), succeeded=not refused)

    def abandon(self) -> None:
        gone = SourceAway("The association broke in the middle of an object.")
        with suppress(SourceAway):
            self._context.__exit__(SourceAway, gone, None)


def encode_identifier(keys: Mapping[int, str]) -> bytes:
    """An identifier of CS and UI keys in implicit VR little endian, padded as PS3.5 6.2 says."""
    pieces = []
    for tag in sorted(keys):
        value = keys[tag].encode("ascii", "replace")
        if len(value) & 1:
            value += b" " if tag == _LEVEL else b"\0"
        pieces.append(struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value)
    return b"".join(pieces)


def _find(association: RequestedAssociation, keys: Mapping[int, str]) -> list[dict[str, Any]]:
    found = []
    answers = association.find(_accepted(association, FIND), encode_identifier(keys))
    for answer in answers:
        if answer.is_pending and answer.data_set is not None:
            syntax = transfer_syntax(IMPLICIT_VR_LITTLE_ENDIAN)
            found.append(cast(dict[str, Any], data_set_to_json(answer.data_set, syntax, bulk_data_uri=str)))
    assert answers.last is not None
    _check(answers.last.status)
    return found


def _check(status: int) -> None:
    """Success and warnings (some sub-operations failed: their objects are missed afterwards) pass."""
    if status == 0 or status >> 12 == 0xB:
        return
    said = f"The source answers with status {status:04X}."
    if status >> 8 == 0xA7:
        raise SourceAway(said)
    if status in (0x0122, 0x0124, 0x0211):
        raise SourceRefuses(said)
    raise SourceMisbehaves(said)


def _storage_contexts(sop_classes: set[str]) -> Iterator[list[ProposedContext]]:
    """The contexts of each association that is needed: every transfer syntax of a few SOP classes.

    Where the source does not say which SOP classes it has, every class in any of the syntaxes.
    """
    if "" in sop_classes or not sop_classes:
        usual = list(STORAGE_SOP_CLASSES)[:120]
        yield [ProposedContext(uid, SYNTAXES, Role.SCP) for uid in usual]
        return
    classes = sorted(sop_classes)
    for start in range(0, len(classes), CLASSES_AT_A_TIME):
        some = classes[start : start + CLASSES_AT_A_TIME]
        yield [ProposedContext(uid, [syntax], Role.SCP) for uid in some for syntax in SYNTAXES]


def _context(abstract_syntax: str) -> ProposedContext:
    return ProposedContext(abstract_syntax, [IMPLICIT_VR_LITTLE_ENDIAN])


def _accepted(association: RequestedAssociation, abstract_syntax: str) -> int:
    accepted = association.accepted(abstract_syntax)
    if not accepted:
        raise NoAcceptedContext("The source does not offer this service.", abstract_syntax=abstract_syntax)
    return accepted[0][0]


def _keys(series: SourceSeries) -> dict[int, str]:
    return {_STUDY: series.study_instance_uid, _SERIES: series.series_instance_uid}


def _text(found: dict[str, Any], tag: int) -> str:
    values = found.get(f"{tag:08X}", {}).get("Value") or [""]
    return str(values[0])


@contextmanager
def _told() -> Iterator[None]:
    """Errors of associations in the words of a migration."""
    try:
        yield
    except PeerAway as error:
        raise SourceAway(error.message, cause=error.fields.get("cause")) from None
    except AssociationRefused as error:
        kind = SourceAway if error.transient else SourceRefuses
        raise kind(error.message, why=error.fields.get("why")) from None
    except NoAcceptedContext as error:
        raise SourceRefuses(error.message, **error.fields) from None
    except PeerMisbehaved as error:
        raise SourceMisbehaves(error.message, **error.fields) from None
