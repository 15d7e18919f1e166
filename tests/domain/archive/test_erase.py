"""Erasing: a signed fact first, then nothing of the study is found any more, and sending it anew works."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.domain.conftest import Hospital, a_ct_slice

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.roles import Role
from isocenter.domain.archive.erase import ErasedStudy, erase_study, facts_key_path
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.domain.archive.outcome import StoreKind
from isocenter.kit.errors import Refused
from isocenter.storage.drivers import open_store
from isocenter.storage.facts import FactLog, make_key_file


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = facts_key_path(tmp_path)
    make_key_file(path)
    return path


def erase(hospital: Hospital, key_file: Path, caller: Caller | None = None) -> ErasedStudy:
    who = caller or system_caller(hospital.caller.institution_id, "test")
    store = open_store((hospital.home / "store").as_uri())
    return erase_study(who, hospital.database, store, key_file, "1.2.3", reason="test")


def test_an_erased_study_is_gone_and_a_signed_fact_says_so(hospital: Hospital, key_file: Path) -> None:
    hospital.store(a_ct_slice(1))
    hospital.store(a_ct_slice(2), uid="1.2.3.1.2")
    assert erase(hospital, key_file) == ErasedStudy("1.2.3", 2, 0)
    for table in ("study", "series", "instance", "instance_lookup", "study_token", "patient"):
        assert hospital.rows(f"SELECT count(*) FROM {table}") == [(0,)], table
    [fact] = FactLog(open_store((hospital.home / "store").as_uri()), hospital.caller.institution_id, key_file).facts()
    assert (fact.content["kind"], fact.content["study_instance_uid"]) == ("study-erased", "1.2.3")


def test_a_study_can_be_sent_anew_after_it_was_erased(hospital: Hospital, key_file: Path) -> None:
    hospital.store(a_ct_slice())
    erase(hospital, key_file)
    assert hospital.store(a_ct_slice()).kind is StoreKind.STORED


def test_who_may_not_erase_is_refused_and_nothing_happens(hospital: Hospital, key_file: Path) -> None:
    hospital.store(a_ct_slice())
    radiologist = Caller(CallerKind.USER, "7", hospital.caller.institution_id, (Role.RADIOLOGIST,))
    with pytest.raises(Refused):
        erase(hospital, key_file, radiologist)
    assert hospital.rows("SELECT count(*) FROM study") == [(1,)]


def test_an_unknown_study_cannot_be_erased_and_leaves_no_fact(hospital: Hospital, key_file: Path) -> None:
    with pytest.raises(UnknownStudy):
        erase(hospital, key_file)
    store = open_store((hospital.home / "store").as_uri())
    assert not list(FactLog(store, hospital.caller.institution_id, key_file).facts())
