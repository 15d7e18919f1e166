"""F17, F18: a real program under a faked clock, through leap days, 2038 and thirty years."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.access.builders import restrict_id
from tests.domain.conftest import Hospital, a_ct_slice
from tests.domain.retention import through_the_years
from tests.domain.retention.conftest import People

from isocenter.access.roles import Role
from isocenter.domain.retention.visits import COLUMNS, import_visits
from isocenter.kit.lists import lines_of_csv


@pytest.fixture(scope="module")
def faked_time() -> str:
    """The library that fakes the clock of a process."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        reason = "libfaketime is not installed (Debian package libfaketime)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return str(found[0])


def lived(hospital: Hospital, faked_time: str, patient_key: int) -> dict[str, object]:
    clock = hospital.home / "clock"
    clock.write_text("@2026-11-21 12:00:00")
    arguments = [hospital.database.url, str(hospital.home), str(clock), str(hospital.caller.institution_id)]
    done = subprocess.run(
        [sys.executable, through_the_years.__file__, *arguments, str(patient_key)],
        env={
            **os.environ,
            "LD_PRELOAD": faked_time,
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "TZ": "UTC",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_thirty_years(kept: Hospital, person: People, faked_time: str) -> None:
    for number in range(1, 5):
        uid = f"1.{number}"
        kept.store(a_ct_slice(1, study=uid, series=f"{uid}.1", patient_id=f"Y{number}"), uid=f"{uid}.1.1")
    stay = lines_of_csv(COLUMNS, b"patient_id,kind,began_on,ended_on\nY2,stay,2024-01-20,2024-02-10\n")
    assert import_visits(kept.database, person(1, Role.ADMINISTRATOR), stay, dry_run=False).applied
    restrict_id(kept.database, kept.caller.institution_id, "Y3", "legal-hold")
    [(key,)] = kept.rows("SELECT patient_key FROM patient WHERE patient_id = 'Y4'")
    found = lived(kept, faked_time, int(str(key)))
    also = {"1.2.3": "due"}  # the hospital's first study
    assert found == {
        "the later policy": 15,
        "after 29 February": "2043-03-01",
        "+14.9 years": [{}, "kept-by-law"],
        "on its day": {},
        "+15.1 years": [{"1.1": "due", "1.3": "held", **also}, "awaits-approval", 1, "gone"],
        "+30.1 years": [{"1.2": "due", "1.3": "held", "1.4": "due", **also}, "legal-hold", 1, "gone"],
    }
    assert kept.rows("SELECT count(*) FROM audit_event WHERE action = 'study-destroyed'") == [(2,)]
    assert kept.rows("SELECT state, count(*) FROM destruction_study GROUP BY 1 ORDER BY 1") == [
        ("destroyed", 2),
        ("due", 2),
        ("held", 1),
    ]
