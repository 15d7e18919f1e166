"""A hospital under retention, its people, and what day it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.domain.conftest import Hospital, a_ct_slice

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.domain.archive import keeping
from isocenter.domain.archive.deletions import Deletions
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.retention.destroying import Destructions
from isocenter.domain.retention.policy import set_policy
from isocenter.storage.drivers import open_store
from isocenter.storage.facts import make_key_file

STUDY = "1.2.3"
Late = Callable[[date], None]
People = Callable[..., Caller]


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> Late:
    """What day it is for whoever asks what keeps a study."""

    def make_it(day: date) -> None:
        evening = datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
        monkeypatch.setattr(keeping, "utc_now", lambda: evening)

    return make_it


@pytest.fixture
def person(hospital: Hospital) -> People:
    """Somebody of the hospital, by number and roles."""

    def make(number: int, *roles: Role) -> Caller:
        return Caller(CallerKind.USER, str(number), hospital.caller.institution_id, roles, "sitting")

    return make


@pytest.fixture
def administrator(person: People) -> Caller:
    return person(1, Role.ADMINISTRATOR)


@pytest.fixture
def region_administrator(person: People) -> Caller:
    return person(9, Role.REGION_ADMINISTRATOR)


@pytest.fixture
def kept(hospital: Hospital, region_administrator: Caller, tmp_path: Path) -> Hospital:
    """The hospital, under the law, with one study of 31 January 2024."""
    hospital.store(a_ct_slice(1), uid=f"{STUDY}.1.1")
    set_policy(hospital.database, region_administrator, outpatient_years=15, inpatient_years=30, reason="by law")
    make_key_file(facts_key_path(tmp_path))
    return hospital


@pytest.fixture
def deletions(kept: Hospital) -> Deletions:
    """What is deleted can be restored for no time at all."""
    store = open_store((kept.home / "store").as_uri())
    return Deletions(kept.database, store, facts_key_path(kept.home), timedelta(0))


@pytest.fixture
def destructions(deletions: Deletions) -> Destructions:
    return Destructions(deletions.database, deletions.store, deletions.key_file)
