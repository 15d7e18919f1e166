"""Query/Retrieve SCP, C-FIND (PS3.4 C.4.1; IHE RAD-14): a door on the one search of the index.

Answers go out as they are found, batch by batch of the index, so a query of any size costs the same memory; a
C-CANCEL is seen before each few answers and before each look into objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from isocenter.access.caller import Caller
from isocenter.access.sight import transaction_of
from isocenter.access.trail.asking import queried
from isocenter.adapters.dimse.query_retrieve_request import (
    Identifier,
    QueryRetrieveRequest,
    QueryRetrieveScp,
    unique_tags,
)
from isocenter.delivery.contents import StudyContents
from isocenter.index.dicom_query import Contents, DataSetJson, DicomQuery, Found, InstanceFacts, Key, Level
from isocenter.index.find import find
from isocenter.index.query_keys import ANSWER_TAGS, TIMEZONE_OFFSET, held
from isocenter.kit.errors import IsocenterError
from isocenter.standards.dicom.dimse import CommandField, CommandSet, Status, encode_response
from isocenter.standards.dicom.identifiers import Attribute, IdentifierKey, encode_identifier, vr_of_key
from isocenter.standards.dicom.query_retrieve import (
    COMBINED_DATE_TIME,
    FUZZY_NAMES,
    RELATIONAL,
    TIMEZONE,
    agreed,
)
from isocenter.wire.pdu import AnsweredContext
from isocenter.wire.service import Channel, Peer, Response

TOGETHER = 25
"""So many answers go out at once where all of them come from the index; what an object is read for goes out alone."""
QUERY_RETRIEVE_LEVEL, RETRIEVE_AE_TITLE, INSTANCE_AVAILABILITY = 0x00080052, 0x00080054, 0x00080056


class FindScp(QueryRetrieveScp):
    """Takes C-FIND: relational queries, combined date and time, fuzzy names, timezone (PS3.4 C.5.1.1)."""

    command_field = int(CommandField.C_FIND_RQ)
    options = 4

    def receive(self, peer: Peer, context: AnsweredContext, command: CommandSet) -> FindRequest:
        """Begin to take one C-FIND-RQ."""
        return FindRequest(peer, context, command, self._caller_of, self._library)


class Cancelled(Exception):
    """The peer cancelled while objects were looked into. Never leaves this module."""


class FindRequest(QueryRetrieveRequest):
    """One C-FIND."""

    def serve(self, channel: Channel, caller: Caller, identifier: Identifier) -> Response:
        """A pending answer for each match, until the end or a cancel."""
        query = query_of(identifier, self._extended())
        keys = [(key.tag, key.values) for key in query.keys]
        queried(self._library.database, caller, "c-find", str(query.level), keys)
        contents = CancellableContents(StudyContents(self._library, caller), channel)
        pending = encode_response(self._command, _pending_status(query), has_data_set=True)
        try:
            matches = find(partial(transaction_of, self._library.database, caller), query, contents)
            for found in _together(matches, 1 if query.described else TOGETHER):
                if channel.cancelled:
                    return self._final(Status.CANCEL)
                answers = [answer_of(each, identifier, self._peer.called_ae_title) for each in found]
                channel.send(pending, *(encode_identifier(each, self._context.transfer_syntax) for each in answers))
        except Cancelled:
            return self._final(Status.CANCEL)
        return self._final(Status.SUCCESS)

    def _final(self, status: Status) -> Response:
        return Response(encode_response(self._command, status), succeeded=status == Status.SUCCESS)


def _together(matches: Iterator[Found], most: int) -> Iterator[list[Found]]:
    """So many at a time; when the search cannot go on, what it found until then comes first."""
    found: list[Found] = []
    try:
        for one in matches:
            found.append(one)
            if len(found) == most:
                yield found
                found = []
    except IsocenterError:
        if found:
            yield found
        raise
    if found:
        yield found


class CancellableContents:
    """Contents that notice a cancel before each look into a study."""

    def __init__(self, contents: Contents, channel: Channel) -> None:
        self._contents = contents
        self._channel = channel

    def instances(self, study_instance_uid: str) -> Mapping[str, Sequence[InstanceFacts]]:
        """As Contents. Raises Cancelled."""
        self._check()
        return self._contents.instances(study_instance_uid)

    def describe(self, study_instance_uid: str, sop_instance_uids: Sequence[str]) -> Sequence[DataSetJson]:
        """As Contents. Raises Cancelled."""
        self._check()
        return self._contents.describe(study_instance_uid, sop_instance_uids)

    def _check(self) -> None:
        if self._channel.cancelled:
            raise Cancelled


def query_of(identifier: Identifier, options: bytes) -> DicomQuery:
    """The identifier as a query. options: what was agreed in extended negotiation.

    Keys below the level ask for nothing there (PS3.4 C.4.1.1.3.1): they only narrow the search.
    """
    level = Level(identifier.level)
    below = held(Level.IMAGE) - held(level)
    keys = [_key(key) for key in identifier.keys]
    keys = [key for key in keys if key.matches_something or key.tag not in below]
    offset = identifier.values(TIMEZONE_OFFSET) if agreed(TIMEZONE, options) else ()
    known = held(level) | below
    return DicomQuery(
        level=level,
        keys=tuple(keys),
        relational=agreed(RELATIONAL, options),
        fuzzy=agreed(FUZZY_NAMES, options),
        combined_datetime=agreed(COMBINED_DATE_TIME, options),
        timezone_offset=offset[0] if offset else None,
        described=any(key.tag not in known or key.items for key in keys),
    )


def answer_of(found: Found, identifier: Identifier, ae_title: str) -> dict[int, Attribute]:
    """What one match is answered with: what was asked for, empty where nothing is known, and the unique keys."""
    answer: dict[int, Attribute] = {}
    for key in identifier.keys:
        if key.tag not in ANSWER_TAGS or key.tag == TIMEZONE_OFFSET:
            vr, values = found.attributes.get(key.tag, (vr_of_key(key), ()))
            answer[key.tag] = (vr, _only_asked(values, key) if vr == "SQ" and key.items else values)
    for tag in unique_tags(identifier.model, identifier.level):
        answer[tag] = found.attributes.get(tag, ("LO", ()))
    answer[QUERY_RETRIEVE_LEVEL] = ("CS", (identifier.level,))
    answer[RETRIEVE_AE_TITLE] = ("AE", (ae_title,))
    answer[INSTANCE_AVAILABILITY] = ("CS", ("ONLINE",))
    return answer


def _only_asked(items: Iterable[object], key: IdentifierKey) -> tuple[object, ...]:
    """Items of a sequence with the attributes that its key names (PS3.4 C.2.2.2.6)."""
    asked = {each.tag: each for each in key.items}
    return tuple(
        {tag: item.get(tag, (vr_of_key(each), ())) for tag, each in asked.items()}
        for item in items
        if isinstance(item, Mapping)
    )


def _key(key: IdentifierKey) -> Key:
    return Key(key.tag, vr_of_key(key), key.values, tuple(_key(each) for each in key.items))


def _pending_status(query: DicomQuery) -> Status:
    """FF01 says that keys are not supported: those that are of no patient, at the level PATIENT."""
    if query.level is Level.PATIENT and any(key.tag not in held(query.level) for key in query.keys):
        return Status.PENDING_WITH_WARNING
    return Status.PENDING
