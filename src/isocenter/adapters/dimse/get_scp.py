"""Query/Retrieve SCP, C-GET (PS3.4 C.4.3): instances go back on the association that asked for them."""

from __future__ import annotations

from isocenter.access.caller import Caller
from isocenter.adapters.dimse.query_retrieve_request import Identifier, QueryRetrieveRequest, QueryRetrieveScp
from isocenter.adapters.dimse.retrieve_selection import CannotSend, Wanted, going_out, wanted_of
from isocenter.adapters.dimse.sub_operations import SubOperations
from isocenter.standards.dicom.dimse import CommandField, CommandSet
from isocenter.standards.dicom.sop_classes import is_storage_sop_class
from isocenter.wire.pdu import AnsweredContext
from isocenter.wire.service import Channel, Peer, Response


class GetScp(QueryRetrieveScp):
    """Takes C-GET, relational too."""

    command_field = int(CommandField.C_GET_RQ)

    def calls_back(self, abstract_syntax: str) -> bool:
        """Peers may be SCP of every storage SOP class (PS3.7 D.3.3.4)."""
        return is_storage_sop_class(abstract_syntax)

    def receive(self, peer: Peer, context: AnsweredContext, command: CommandSet) -> GetRequest:
        """Begin to take one C-GET-RQ."""
        return GetRequest(peer, context, command, self._caller_of, self._library)


class GetRequest(QueryRetrieveRequest):
    """One C-GET."""

    def serve(self, channel: Channel, caller: Caller, identifier: Identifier) -> Response:
        """One instance after the other, counts in between, until the end or a cancel."""
        instances = wanted_of(self._library, caller, identifier)
        progress = SubOperations(self._command, self._context.transfer_syntax, len(instances))
        for wanted in instances:
            if channel.cancelled:
                return progress.final(cancelled=True)
            progress.done(wanted.sop_instance_uid, self._send(channel, caller, wanted))
            progress.tell(channel)
        return progress.final()

    def _send(self, channel: Channel, caller: Caller, wanted: Wanted) -> int:
        contexts = {each.transfer_syntax: each for each in channel.storage_contexts(wanted.instance.sop_class_uid)}
        try:
            going = going_out(self._library, caller, wanted, contexts)
        except CannotSend as error:
            return error.status
        return channel.store(contexts[going.transfer_syntax_uid], wanted.sop_instance_uid, going.pieces).status
