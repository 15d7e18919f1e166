"""The meter: what is held, what arrived on which day, each hospital by itself, and never at a price."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.domain.conftest import Hospital, a_ct_slice

from isocenter.domain.archive.metering import SHARE_OF_TIME, meter_institutions
from isocenter.index.institutions import Institution
from isocenter.index.metering import MeteredDay, metered_days
from isocenter.kit.clock import utc_now


def a_study(hospital: Hospital, number: int, slices: int = 1) -> None:
    study = f"1.2.{number}"
    for each in range(1, slices + 1):
        hospital.store(a_ct_slice(each, study=study, series=f"{study}.1"), uid=f"{study}.1.{each}")


def arrived(hospital: Hospital, number: int, at: datetime) -> None:
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute(
            "UPDATE study SET first_received_at = %s WHERE study_instance_uid = %s", [at, f"1.2.{number}"]
        )


def days(hospital: Hospital, institution_id: int | None = None) -> list[MeteredDay]:
    with hospital.database.transaction(institution_id or hospital.caller.institution_id) as connection:
        return list(metered_days(connection, datetime(2000, 1, 1).date(), datetime(2100, 1, 1).date()))


def test_a_day_says_what_was_held_and_what_arrived(hospital: Hospital, other_institution: Institution) -> None:
    a_study(hospital, 1, slices=2)
    a_study(hospital, 2)
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute(
            "INSERT INTO pack (institution_id, study_id, object_key, size_bytes, received_bytes, instance_count,"
            " digest) SELECT institution_id, study_id, 'packs/a', 7000, 9000, 1, ''"
            " FROM study ORDER BY study_id LIMIT 1"
        )
        connection.execute(
            "INSERT INTO object_copy (institution_id, object_key, storage_id, state, size_bytes, digest)"
            " VALUES (isocenter_institution(), 'packs/a', 1, 'verified', 7000, '')"
        )
    now = utc_now()
    assert meter_institutions(hospital.database, now) == 2
    [day] = days(hospital)
    assert (day.studies, day.instances, day.packs, day.packed_bytes, day.copy_bytes) == (2, 3, 1, 7000, 7000)
    assert day.open_bytes == 3 * len(a_ct_slice(1, study="1.2.1", series="1.2.1.1"))
    assert (day.day, day.first_received, day.counted_at) == (now.date(), 2, now)
    [other] = days(hospital, other_institution.institution_id)
    assert (other.studies, other.packed_bytes, other.first_received) == (0, 0, 0)


def test_what_is_indexed_after_midnight_counts_for_its_day(hospital: Hospital) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    a_study(hospital, 1)
    arrived(hospital, 1, noon)
    meter_institutions(hospital.database, noon)
    a_study(hospital, 2)
    arrived(hospital, 2, noon + timedelta(hours=11))
    a_study(hospital, 3)
    arrived(hospital, 3, noon + timedelta(hours=13))
    meter_institutions(hospital.database, noon + timedelta(days=1))
    assert [(day.day.day, day.first_received, day.studies) for day in days(hospital)] == [(20, 2, 1), (21, 1, 3)]


def test_old_days_stay_as_they_were_and_days_without_a_count_say_so(hospital: Hospital) -> None:
    noon = datetime(2026, 11, 10, 12, tzinfo=UTC)
    a_study(hospital, 1)
    arrived(hospital, 1, noon)
    meter_institutions(hospital.database, noon)
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute("UPDATE metered_day SET first_received = 900")
    a_study(hospital, 2)
    arrived(hospital, 2, noon + timedelta(days=9))
    meter_institutions(hospital.database, noon + timedelta(days=10))
    found = [(day.day.day, day.first_received, day.studies) for day in days(hospital)]
    assert found == [(10, 900, 1), (19, 1, None), (20, 0, 2)]


def test_an_institution_that_takes_long_is_counted_less_often(hospital: Hospital) -> None:
    morning = datetime(2026, 11, 20, 8, tzinfo=UTC)
    meter_institutions(hospital.database, morning)
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute("UPDATE metered_day SET took_ms = 10000")
    assert meter_institutions(hospital.database, morning + timedelta(seconds=10 * SHARE_OF_TIME - 1)) == 0
    assert meter_institutions(hospital.database, morning + timedelta(seconds=10 * SHARE_OF_TIME + 1)) == 1
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute("UPDATE metered_day SET took_ms = 1000000")
    assert meter_institutions(hospital.database, morning + timedelta(days=1)) == 1
