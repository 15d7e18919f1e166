"""Other studies of the same person, as far as the caller sees them: what a reader compares with."""

from __future__ import annotations

from typing import Final

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.index.locators import study_version
from isocenter.index.priors import PriorRow, other_studies
from isocenter.kit.database import Database

MAX_PRIORS: Final = 200


def priors_of(database: Database, caller: Caller, study_instance_uid: str) -> tuple[list[PriorRow], bool]:
    """The newest of them, and whether there are more. caller: as the study sees her (a guest at an ally's).

    Only of the institution that holds the study: nobody has said yet that patients of two hospitals are one person.
    Raises Refused, UnknownStudy.
    """
    caller.require(Right.READ)
    with transaction_of(database, caller) as connection:
        if study_version(connection, study_instance_uid) is None:
            raise UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)
        found = other_studies(connection, study_instance_uid, MAX_PRIORS + 1)
    return found[:MAX_PRIORS], len(found) > MAX_PRIORS
