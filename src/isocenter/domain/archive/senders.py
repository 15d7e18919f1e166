"""The verbs on senders: what an administrator says about application entities that leave something unsaid."""

from __future__ import annotations

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.devices.errors import InvalidDevice
from isocenter.access.devices.fields import defined_term, issuer_of_patient_id
from isocenter.access.roles import Right
from isocenter.domain.archive.errors import InvalidSender
from isocenter.index import senders as index
from isocenter.index.senders import Sender
from isocenter.kit.database import Database
from isocenter.standards.dicom.ae_titles import check_ae_title

__all__ = ["Sender", "senders_of", "set_sender"]


def senders_of(database: Database, caller: Caller) -> list[Sender]:
    """Every sender of the caller's institution that something is known of. Raises Refused."""
    caller.require(Right.MANAGE_DEVICES)
    with database.transaction(caller.institution_id) as connection:
        return index.senders(connection)


def set_sender(database: Database, caller: Caller, sender: Sender) -> Sender:
    """Say what holds for a sender from now on, within seconds in every process; objects that are here stay as they are.

    The AE title * stands for every sender of whom nothing is said. With nothing said it is forgotten. Returns it as
    it is kept. Raises Refused, InvalidAeTitle, InvalidSender.
    """
    caller.require(Right.MANAGE_DEVICES)
    kept = _checked(sender)
    with database.transaction(caller.institution_id) as connection:
        index.put_sender(connection, caller.institution_id, kept)
        audit.record(
            connection,
            caller,
            audit.Action.SENDER_CHANGED,
            ae_title=kept.ae_title,
            default_character_set=kept.default_character_set,
            issuer_of_patient_id=kept.issuer_of_patient_id,
        )
    return kept


def _checked(sender: Sender) -> Sender:
    ae_title = check_ae_title(sender.ae_title)
    try:
        return Sender(
            ae_title, defined_term(sender.default_character_set), issuer_of_patient_id(sender.issuer_of_patient_id)
        )
    except InvalidDevice as error:
        raise InvalidSender(error.message) from None
