"""Key images of a study: key object selections (PS3.3 A.35.4, PS3.16 TID 2010)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.reading_models import (
    Concept,
    Document,
    Filed,
    ImageReference,
    NotRead,
    concept,
    reference,
    wanted,
)
from isocenter.adapters.web.reading_study import (
    archive_of,
    shown_document,
    shown_filed,
    shown_not_read,
    study_at_hand_of,
)
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.reading import key_images as verbs

router = APIRouter(tags=["Reading"])

Title = Literal[
    "113000",
    "113002",
    "113003",
    "113004",
    "113005",
    "113006",
    "113007",
    "113008",
    "113009",
    "113018",
    "113020",
]
"""Document titles of CID 7010 (DCM): of interest, for referring provider, for surgery, for teaching, for conference,
for therapy, for patient, for peer review, for research, for printing, for report attachment. Those that reject (CID
7011) are not filed by this door."""


class KeyImagesToFile(StrictModel):
    """title: why these images were chosen. note: in the reader's own words."""

    title: Title = "113000"
    note: str | None = Field(None, max_length=1000)
    images: list[ImageReference] = Field(min_length=1, max_length=5000)


class KeyImageNote(BaseModel):
    """One selection. title null: it has none that can be read. references_elsewhere: so many are of other studies."""

    document: Document
    title: Concept | None
    note: str | None
    images: list[ImageReference]
    references_elsewhere: int


class KeyImages(BaseModel):
    """Every key object selection of the study that rejects nothing, newest first."""

    notes: list[KeyImageNote]
    not_read: list[NotRead]


@router.get("/api/studies/{study_instance_uid}/key-images", summary="Key images of a study")
def key_images(request: Request, study_instance_uid: str, who: Annotated[Caller, Depends(caller)]) -> KeyImages:
    """Ours and everybody else's. 404 unknown-study."""
    found, failed = verbs.key_images(who, study_at_hand_of(request, who, study_instance_uid))
    return KeyImages(notes=[_note(each) for each in found], not_read=shown_not_read(failed))


@router.post("/api/studies/{study_instance_uid}/key-images", summary="File key images", status_code=201)
def file_key_images(
    request: Request, study_instance_uid: str, body: KeyImagesToFile, who: Annotated[Caller, Depends(caller)]
) -> Filed:
    """400 unknown-image; 403 shared-study; 404 unknown-study."""
    who.require(Right.ANNOTATE)
    filed = verbs.file_key_images(
        archive_of(request),
        parts_of(request).database,
        who,
        study_at_hand_of(request, who, study_instance_uid),
        title=body.title,
        note=body.note,
        images=[wanted(each) for each in body.images],
    )
    return shown_filed(request, who, filed)


def _note(read: verbs.KeyImageNote) -> KeyImageNote:
    return KeyImageNote(
        document=shown_document(read.document),
        title=concept(read.title),
        note=read.note,
        images=[reference(*each) for each in read.images],
        references_elsewhere=read.references_elsewhere,
    )
