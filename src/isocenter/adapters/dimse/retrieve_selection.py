"""Which instances a C-GET or C-MOVE identifier means (PS3.4 C.4.2.2.1), and how each of them can go out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from isocenter.access.caller import Caller
from isocenter.access.sight import transaction_of
from isocenter.adapters.dimse.query_retrieve_request import Identifier, unique_tags
from isocenter.delivery.errors import BytesAway, UnknownStudy
from isocenter.delivery.instances import Delivery, delivery_of, prepared, read_pieces
from isocenter.delivery.library import Library
from isocenter.delivery.study_view import InstanceView, StudyView
from isocenter.index.dicom_query import DicomQuery, Key, Level
from isocenter.index.find import find
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.dimse import Status
from isocenter.standards.dicom.explicit_vr import to_implicit_little_endian
from isocenter.standards.dicom.identifiers import InvalidIdentifier
from isocenter.standards.dicom.query_retrieve import UNIQUE_KEYS
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.storage.extents import Extent

log = get_logger(__name__)

MOST_STUDIES = 10_000
"""One request retrieves from at most so many studies; more are refused before anything is sent."""
_PATIENT_ID, _STUDY, _SERIES, _IMAGE = UNIQUE_KEYS.values()


class TooManyStudies(Exhausted):
    """The request means more studies than are retrieved at once."""

    reason = "too-many-studies"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An instance to be retrieved, and the view of its study that it was found in."""

    view: StudyView
    instance: InstanceView

    @property
    def sop_instance_uid(self) -> str:
        """Its SOP Instance UID."""
        return self.instance.sop_instance_uid


def wanted_of(library: Library, caller: Caller, identifier: Identifier) -> list[Wanted]:
    """The instances meant, study by study, series by series, in order. Unknown UIDs mean nothing.

    Keys of levels above may be missing, as in relational retrieval: UIDs say enough.
    Raises InvalidIdentifier without the unique key of the level, or with a wildcard in one; TooManyStudies, Exhausted.
    """
    tags = unique_tags(identifier.model, identifier.level)
    keys = {tag: identifier.single_values(tag) for tag in {*tags, _PATIENT_ID}}
    if not keys[tags[-1]]:
        raise InvalidIdentifier("The unique key of the level is missing.", tag=f"({tags[-1]:08x})")
    found: list[Wanted] = []
    for uid in _studies(library, caller, keys):
        try:
            view = library.view(caller, uid)
        except UnknownStudy:
            continue
        members = _of_study(view, frozenset(keys.get(_SERIES, ())), frozenset(keys.get(_IMAGE, ())))
        found += [Wanted(view, instance) for instance in members]
    return found


def _studies(library: Library, caller: Caller, values_of: dict[int, tuple[str, ...]]) -> list[str]:
    """The studies to look into: as named, or found by whatever else is."""
    named = values_of.get(_STUDY, ())
    if named and not values_of[_PATIENT_ID]:
        found = list(dict.fromkeys(named))
    else:
        keys = tuple(
            Key(tag, "LO" if tag == _PATIENT_ID else "UI", values) for tag, values in values_of.items() if values
        )
        query = DicomQuery(Level.STUDY, keys, relational=True)
        matches = islice(find(partial(transaction_of, library.database, caller), query), MOST_STUDIES + 1)
        found = [each.study_instance_uid for each in matches if each.study_instance_uid]
    if len(found) > MOST_STUDIES:
        raise TooManyStudies("The request means too many studies.", limit=MOST_STUDIES)
    return found


def _of_study(view: StudyView, series: frozenset[str], single: frozenset[str]) -> Iterator[InstanceView]:
    for each in view.series.values():
        if not series or each.series_instance_uid in series:
            yield from (one for one in each.instances if not single or one.sop_instance_uid in single)


class CannotSend(IsocenterError):
    """An instance that does not go out: status is what its sub-operation counts as."""

    reason = "cannot-send"

    def __init__(self, status: Status, why: str) -> None:
        super().__init__("The instance cannot be sent.", why=why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A data set on its way out: its transfer syntax, and its bytes without copying what lies somewhere."""

    transfer_syntax_uid: str
    pieces: Sequence[bytes | memoryview]


def going_out(library: Library, caller: Caller, wanted: Wanted, accepted: Iterable[str]) -> Outgoing:
    """The instance in a transfer syntax that the peer accepts: as it lies if possible, else decoded into explicit VR
    little endian, for who takes nothing else into implicit.

    Bytes that are no longer where the view has them (sealed meanwhile, and the journal reclaimed) are looked for once
    more. Raises CannotSend.
    """
    taken = frozenset(accepted)
    try:
        try:
            return _outgoing(library, wanted.instance, taken)
        except BytesAway:
            library.locator.doubt(wanted.view)
            fresh = library.view(caller, wanted.view.study_instance_uid).instances.get(wanted.sop_instance_uid)
            if fresh is None:
                raise
            return _outgoing(library, fresh, taken)
    except CannotSend:
        raise
    except IsocenterError as error:
        log.warning("retrieve.cannot-send", sop_instance_uid=wanted.sop_instance_uid, reason=error.reason)
        raise CannotSend(Status.OUT_OF_RESOURCES, error.reason) from error


def _outgoing(library: Library, instance: InstanceView, taken: frozenset[str]) -> Outgoing:
    stored = [form.transfer_syntax_uid for form in instance.forms]
    order = [uid for uid in dict.fromkeys([*stored, EXPLICIT_VR_LITTLE_ENDIAN]) if uid in taken]
    chosen = delivery_of(instance, order)
    if chosen is None and IMPLICIT_VR_LITTLE_ENDIAN in taken:
        delivery = in_implicit(library, instance)
    else:
        delivery = None if chosen is None else prepared(library, chosen)
    if delivery is None or delivery.transfer_syntax_uid not in taken:
        log.info("retrieve.no-common-syntax", sop_instance_uid=instance.sop_instance_uid)
        raise CannotSend(Status.SOP_CLASS_NOT_SUPPORTED, "no-accepted-transfer-syntax")
    pieces = [library.files.view(piece) if isinstance(piece, Extent) else piece for piece in delivery.pieces]
    return Outgoing(delivery.transfer_syntax_uid, pieces)


def in_implicit(library: Library, instance: InstanceView) -> Delivery | None:
    """Decoded into the one transfer syntax that every application entity has to take (PS3.5 10.1)."""
    chosen = delivery_of(instance, [EXPLICIT_VR_LITTLE_ENDIAN])
    delivery = None if chosen is None else prepared(library, chosen)
    if delivery is None or delivery.transfer_syntax_uid != EXPLICIT_VR_LITTLE_ENDIAN:
        return None
    data_set = to_implicit_little_endian(memoryview(read_pieces(library, delivery)))
    return replace(delivery, transfer_syntax_uid=IMPLICIT_VR_LITTLE_ENDIAN, head=b"", pieces=(data_set,))
