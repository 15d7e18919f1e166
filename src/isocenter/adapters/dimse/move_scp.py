"""Query/Retrieve SCP, C-MOVE (PS3.4 C.4.2): instances go to a destination that an administrator has entered.

Several associations share the instances, so that a destination that takes its time over each is kept busy. A
destination is never ourselves, and one that hangs costs its time-out, not the mover's association.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from isocenter.access.audit import Action, record
from isocenter.access.caller import Caller
from isocenter.adapters.dimse.admission import CallerOf
from isocenter.adapters.dimse.move_sub_associations import Done, Order, send_to
from isocenter.adapters.dimse.peers_scu import PeersScu
from isocenter.adapters.dimse.query_retrieve_request import Identifier, QueryRetrieveRequest, QueryRetrieveScp
from isocenter.adapters.dimse.retrieve_selection import Wanted, wanted_of
from isocenter.adapters.dimse.sub_operations import SubOperations
from isocenter.delivery.library import Library
from isocenter.domain.exchange.peers import peer_of
from isocenter.index.destinations import Destination, destination_by_ae
from isocenter.kit.errors import NotFound
from isocenter.standards.dicom.dimse import CommandField, CommandSet, Element, Status, encode_response
from isocenter.standards.dicom.uids import printable
from isocenter.wire.pdu import AnsweredContext
from isocenter.wire.service import Channel, Peer, Response

MOST_SUB_ASSOCIATIONS: Final = 4
FEW: Final = 8
"""So many instances are not worth another association."""
LOOKS_EVERY_S: Final = 0.2
"""A cancel is noticed within this while sub-operations take their time."""


class UnknownDestination(NotFound):
    """The move destination is not entered here, may not be sent to, or is ourselves."""

    reason = "move-destination-unknown"


class MoveScp(QueryRetrieveScp):
    """Takes C-MOVE, relational too.

    ae_title: ours. peers: who calls the destinations. answer_timeout_s: the longest silence of one.
    """

    command_field = int(CommandField.C_MOVE_RQ)

    def __init__(
        self,
        library: Library,
        caller_of: CallerOf,
        ae_title: str,
        *,
        peers: PeersScu | None = None,
        answer_timeout_s: float = 60.0,
    ) -> None:
        super().__init__(library, caller_of)
        self._ae_title = ae_title
        self._peers = peers or PeersScu(ae_title)
        self._answer_timeout_s = answer_timeout_s

    def receive(self, peer: Peer, context: AnsweredContext, command: CommandSet) -> MoveRequest:
        """Begin to take one C-MOVE-RQ."""
        return MoveRequest(
            peer, context, command, self._caller_of, self._library, self._peers, self._ae_title, self._answer_timeout_s
        )


class MoveRequest(QueryRetrieveRequest):
    """One C-MOVE."""

    def __init__(
        self,
        peer: Peer,
        context: AnsweredContext,
        command: CommandSet,
        caller_of: CallerOf,
        library: Library,
        peers: PeersScu,
        ae_title: str,
        answer_timeout_s: float,
    ) -> None:
        super().__init__(peer, context, command, caller_of, library)
        self._ae_title = ae_title
        self._peers = peers
        self._answer_timeout_s = answer_timeout_s

    def serve(self, channel: Channel, caller: Caller, identifier: Identifier) -> Response:
        """Send everything to the destination, counts meanwhile, until the end or a cancel."""
        try:
            destination = self._destination(caller)
        except UnknownDestination as error:
            status = Status.MOVE_DESTINATION_UNKNOWN
            return Response(encode_response(self._command, status, error_comment=error.message), succeeded=False)
        instances = wanted_of(self._library, caller, identifier)
        self._record(caller, destination, instances)
        progress = SubOperations(self._command, self._context.transfer_syntax, len(instances))
        stop = threading.Event()
        try:
            results = self._start(caller, destination, instances, stop)
            while progress.remaining:
                if channel.cancelled:
                    return progress.final(cancelled=True)
                _take(results, progress)
                progress.tell(channel, waiting=results.empty())
        finally:
            stop.set()
        return progress.final()

    def _destination(self, caller: Caller) -> Destination:
        """Where to. Raises UnknownDestination: unknown, closed to us, or ourselves, which would go round for ever."""
        ae_title = self._command.text(Element.MOVE_DESTINATION).strip()
        if ae_title in (self._ae_title, self._peer.called_ae_title):
            raise UnknownDestination("The move destination is this archive itself.")
        with self._library.database.transaction(caller.institution_id) as connection:
            destination = destination_by_ae(connection, ae_title)
        if destination is None:
            raise UnknownDestination("The move destination is not known here.", ae_title=printable(ae_title))
        if not destination.send_allowed:
            raise UnknownDestination("Nothing may be sent to this destination.", ae_title=printable(ae_title))
        return destination

    def _record(self, caller: Caller, destination: Destination, instances: Sequence[Wanted]) -> None:
        """Which studies were disclosed to whom, before the first object leaves."""
        studies = dict.fromkeys(wanted.view.study_instance_uid for wanted in instances)
        with self._library.database.transaction(caller.institution_id) as connection:
            for uid in studies:
                record(connection, caller, Action.STUDY_SENT, uid, ae_title=destination.ae_title, by="c-move")

    def _start(
        self, caller: Caller, destination: Destination, instances: Sequence[Wanted], stop: threading.Event
    ) -> queue.SimpleQueue[Done]:
        """Sub-associations on threads of their own; each instance comes out of the queue once."""
        results: queue.SimpleQueue[Done] = queue.SimpleQueue()
        remote = self._peers.remote(peer_of(destination))
        remote = replace(remote, answer_timeout_s=self._answer_timeout_s)
        order = Order(
            library=self._library,
            caller=caller,
            remote=remote,
            decoded=destination.transfer_syntaxes == "decoded",
            originator=(self._peer.calling_ae_title, self._command.message_id),
            stopping=stop.is_set,
            report=results.put,
        )
        number = sub_associations(destination, len(instances))
        for index in range(number):
            _run_beside(lambda part=instances[index::number]: send_to(order, part))  # type: ignore[misc]
        return results


def sub_associations(destination: Destination, instances: int) -> int:
    """How many associations share the instances: as many as the destination allows, fewer for a handful."""
    most = min(max(destination.associations, 1), MOST_SUB_ASSOCIATIONS)
    return min(most, max(1, instances // FEW))


def _take(results: queue.SimpleQueue[Done], progress: SubOperations) -> None:
    """Count what has come, waiting a moment for the first."""
    try:
        done = results.get(timeout=LOOKS_EVERY_S)
        while True:
            progress.done(done.sop_instance_uid, done.status)
            done = results.get_nowait()
    except queue.Empty:
        return


def _run_beside(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="sub-association", daemon=True).start()
