"""Which keys stored data is under, and changing them. For region administrators; no answer holds a key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from isocenter.access.caller import Caller
from isocenter.access.keys import verbs
from isocenter.access.keys.errors import NothingEncrypted
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.row_numbers import row_number
from isocenter.storage.object_store import ObjectStore

router = APIRouter(tags=["Keys"])


class MasterKeyVersion(BaseModel):
    """state: current, prepared (known, and nothing is under it yet), former."""

    key_id: str
    state: str


class InstitutionKeyVersions(BaseModel):
    """versions: numbers, oldest first; with more than one, what is under old ones is being wrapped anew."""

    institution_id: int
    code: str
    versions: list[int]


class Keys(BaseModel):
    """encrypts: whether new objects are encrypted. master: [] where nothing is."""

    encrypts: bool
    master: list[MasterKeyVersion]
    institutions: list[InstitutionKeyVersions]


class RotatedKey(BaseModel):
    """The number of the version that wraps what is new from now on."""

    version: int


@router.get("/api/keys", summary="Which keys stored data is under")
def keys(request: Request, who: Annotated[Caller, Depends(caller)]) -> Keys:
    """Versions and their states, never keys."""
    found = verbs.keys(who, parts_of(request).database, _store(request))
    return Keys(
        encrypts=found.encrypts,
        master=[MasterKeyVersion(key_id=one.key_id, state=one.state) for one in found.master],
        institutions=[
            InstitutionKeyVersions(
                institution_id=one.institution.institution_id,
                code=one.institution.code,
                versions=[each.version for each in one.versions],
            )
            for one in found.institutions
        ],
    )


@router.post("/api/keys/{institution_id}/rotate", summary="Change an institution's key")
def rotate(request: Request, institution_id: int, who: Annotated[Caller, Depends(caller)]) -> RotatedKey:
    """Everything stays readable; what is there is wrapped anew within minutes. 404 nothing-encrypted."""
    number = row_number(institution_id, NothingEncrypted("Nothing of this institution is encrypted."))
    return RotatedKey(version=verbs.rotate_institution_key(who, parts_of(request).database, _store(request), number))


def _store(request: Request) -> ObjectStore:
    library = parts_of(request).library
    assert library is not None
    return library.store
