"""The C-STORE sub-operations of a C-MOVE on one association (PS3.4 C.4.2.2.1), or as many as its contexts need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from isocenter.access.caller import Caller
from isocenter.adapters.dimse.retrieve_selection import CannotSend, Wanted, going_out
from isocenter.adapters.dimse.storage_scu import groups_of
from isocenter.delivery.library import Library
from isocenter.kit.errors import IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.dimse import Status
from isocenter.wire.requestor import ProposedContext, Remote, RequestedAssociation, request_association

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """One sub-operation that has ended; status as in C-STORE."""

    sop_instance_uid: str
    status: int


@dataclass(frozen=True, slots=True)
class Order:
    """What all sub-associations of a C-MOVE share. originator: AE title of the mover, message ID of its request."""

    library: Library
    caller: Caller
    remote: Remote
    decoded: bool
    originator: tuple[str, int]
    stopping: Callable[[], bool]
    report: Callable[[Done], None]


def send_to(order: Order, instances: Sequence[Wanted]) -> None:
    """Send these; every one is reported once unless we are stopped. Raises nothing."""
    left = {wanted.sop_instance_uid: wanted for wanted in instances}

    def report(done: Done) -> None:
        left.pop(done.sop_instance_uid, None)
        order.report(done)

    try:
        for contexts, group in groups_of([wanted.instance for wanted in instances], decoded=order.decoded):
            if order.stopping():
                return
            proposed = [ProposedContext(sop_class, (syntax,)) for sop_class, syntax in contexts]
            with request_association(order.remote, proposed) as association:
                _send_group(order, association, [left[each.sop_instance_uid] for each in group], report)
    except IsocenterError as error:
        log.warning("move.sub-association-failed", reason=error.reason, detail=str(error))
    except Exception:
        log.exception("move.sub-association-failed")
    for uid in [] if order.stopping() else list(left):
        report(Done(uid, Status.OUT_OF_RESOURCES_FOR_SUB_OPERATIONS))


def _send_group(
    order: Order, association: RequestedAssociation, group: Sequence[Wanted], report: Callable[[Done], None]
) -> None:
    for wanted in group:
        if order.stopping():
            return
        report(Done(wanted.sop_instance_uid, _send(order, association, wanted)))


def _send(order: Order, association: RequestedAssociation, wanted: Wanted) -> int:
    sop_class_uid = wanted.instance.sop_class_uid
    accepted = [syntax for _, syntax in association.accepted(sop_class_uid)]
    try:
        going = going_out(order.library, order.caller, wanted, accepted)
    except CannotSend as error:
        return error.status
    return association.store(
        sop_class_uid=sop_class_uid,
        sop_instance_uid=wanted.sop_instance_uid,
        transfer_syntax_uid=going.transfer_syntax_uid,
        pieces=going.pieces,
        move_originator=order.originator,
    ).status
