"""What is known of those who send: the character set and the issuer of patient IDs that they leave unsaid."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.archive import senders as archive

router = APIRouter(tags=["Senders"])


class Sender(StrictModel):
    """ae_title: * is every other sender. default_character_set: a defined term of (0008,0005); null: nothing assumed."""

    ae_title: str = Field(max_length=64)
    default_character_set: str | None = Field(None, max_length=128)
    issuer_of_patient_id: str | None = Field(None, max_length=256)


class Senders(BaseModel):
    """Every sender that something is known of, by AE title."""

    senders: list[Sender]


@router.get("/api/senders", summary="Senders and what they leave unsaid")
def senders(request: Request, who: Annotated[Caller, Depends(caller)]) -> Senders:
    """403 without the right to manage senders."""
    known = archive.senders_of(parts_of(request).database, who)
    return Senders(senders=[_shown(each) for each in known])


@router.put("/api/senders", summary="Say what a sender leaves unsaid")
def put_sender(request: Request, body: Sender, who: Annotated[Caller, Depends(caller)]) -> Sender:
    """Holds for what arrives from then on. A sender with neither is forgotten. 400 invalid-ae-title, invalid-sender."""
    wanted = archive.Sender(body.ae_title, body.default_character_set, body.issuer_of_patient_id)
    return _shown(archive.set_sender(parts_of(request).database, who, wanted))


def _shown(sender: archive.Sender) -> Sender:
    return Sender(
        ae_title=sender.ae_title,
        default_character_set=sender.default_character_set,
        issuer_of_patient_id=sender.issuer_of_patient_id,
    )
