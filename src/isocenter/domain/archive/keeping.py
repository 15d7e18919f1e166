"""What keeps studies from being erased: legal hold, and the law's years. Whoever takes bytes away for good asks here.

Under retention nothing is ever erased by one person or by a job: a study whose day is over waits for a destruction that
two people approve (domain/retention).
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from isocenter.domain.archive.errors import AwaitsApproval, KeptByLaw, OnLegalHold, UnknownStudy
from isocenter.index.retention import Kept, hold_keeping, is_kept_by_law, kept_until
from isocenter.index.retention_rule import today_everywhere
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection


class Authority(StrEnum):
    """On what ground something is erased."""

    ONE_PERSON = "one-person"  # somebody with the right to, or a job of ours
    APPROVED_TWICE = "approved-twice"  # a destruction
    SAMPLE = "sample"  # a study of no patient, which we ship ourselves


def check_may_go(connection: Connection, study_instance_uid: str, authority: Authority = Authority.ONE_PERSON) -> Kept:
    """What kept the study until now, when it may be erased in this transaction.

    Erase in the same one: it holds the institution's lock of keeping, so that nothing that keeps the study is added
    meanwhile, and it sees deleted studies. It must not be narrowed to a caller's sight.
    Raises UnknownStudy, OnLegalHold, KeptByLaw, AwaitsApproval.
    """
    hold_keeping(connection)
    kept = kept_until(connection, study_instance_uid)
    if kept is None:
        raise UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)
    if kept.held:
        raise OnLegalHold("The patient is on legal hold.", study_instance_uid=study_instance_uid)
    if authority is Authority.SAMPLE:
        return kept
    if not kept.reckoned.is_over(today()):
        until = str(kept.until) if kept.until is not None else kept.reckoned.because
        raise KeptByLaw(
            "The law keeps this study; it can be deleted, and stays hidden until its day.",
            study_instance_uid=study_instance_uid,
            kept_until=until,
        )
    if is_kept_by_law(kept) and authority is not Authority.APPROVED_TWICE:
        raise AwaitsApproval(
            "The law keeps this study no longer; propose its destruction, which two people approve.",
            study_instance_uid=study_instance_uid,
        )
    return kept


def today() -> date:
    """The day that the law's years are judged by: one that is over nowhere on Earth is not over."""
    return today_everywhere(utc_now())
