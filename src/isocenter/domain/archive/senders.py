"""The verbs on senders: what an administrator says about application entities that leave something unsaid."""

from __future__ import annotations

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.archive.errors import InvalidSender
from isocenter.index import senders as index
from isocenter.index.senders import Sender
from isocenter.kit.database import Database
from isocenter.standards.dicom.ae_titles import check_ae_title
from isocenter.standards.dicom.character_sets import character_set

MAX_ISSUER = 64

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
    kept = Sender(
        check_ae_title(sender.ae_title), _term(sender.default_character_set), _issuer(sender.issuer_of_patient_id)
    )
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


def _term(text: str | None) -> str | None:
    """Defined terms joined by backslashes, as written in (0008,0005), in their usual spelling."""
    term = (text or "").strip()
    if not term:
        return None
    found = character_set(term.encode("ascii", "replace"))
    if not found.known or len(term) > 128:
        raise InvalidSender("This is no defined term of Specific Character Set, such as GB18030 or ISO_IR 192.")
    return "\\".join(found.terms)


def _issuer(text: str | None) -> str | None:
    issuer = (text or "").strip()
    if len(issuer) > MAX_ISSUER or "\\" in issuer or not (issuer.isprintable() or not issuer):
        raise InvalidSender("An issuer of patient IDs is up to 64 printable characters without backslash.")
    return issuer or None
