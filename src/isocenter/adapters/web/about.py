"""What this is, and where a modality sends to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from isocenter import __version__
from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.domain.nodes.status import DicomAddress, dicom_address

router = APIRouter(tags=["About"])

NOTICE = (
    "Isocenter is not a certified medical device. Do not use it for primary diagnosis or treatment decisions"
    " without the approvals that your jurisdiction requires."
)


class About(BaseModel):
    """Name, version, licence and the notice."""

    name: str
    version: str
    licence: str
    notice: str
    dicom: DicomAddress


@router.get("/api/about", summary="Name, version, licence, notice, DICOM address")
def about(request: Request, _caller: Annotated[Caller, Depends(caller)]) -> About:
    """For everybody who is signed in."""
    settings = parts_of(request).settings
    return About(
        name="Isocenter",
        version=__version__,
        licence="Apache-2.0",
        notice=NOTICE,
        dicom=dicom_address(settings),
    )
