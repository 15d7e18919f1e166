"""A program whose clock is faked (libfaketime): one hospital through thirty years. Prints what it found, as JSON.

Arguments: address of the database, home, file that says what time it is, number of the institution.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.roles import Role
from isocenter.domain.archive.erase import erase_study, facts_key_path
from isocenter.domain.retention.clock import confirm_clock
from isocenter.domain.retention.destroying import Destructions
from isocenter.domain.retention.looking import look_for_due
from isocenter.domain.retention.policy import policies, set_policy
from isocenter.domain.retention.visits import record_visit
from isocenter.index.retention import kept_until
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.errors import IsocenterError
from isocenter.storage.drivers import open_store


class Hospital:
    """The verbs, in the names of its people, and the hands of the clock."""

    def __init__(self, database: Database, home: Path, clock: Path, institution_id: int) -> None:
        self.database, self.clock = database, clock
        self.store = open_store((home / "store").as_uri())
        self.key_file = facts_key_path(home)
        self.destructions = Destructions(database, self.store, self.key_file)
        self.administrator, self.officer, self.region = (
            Caller(CallerKind.USER, str(number), institution_id, (role,))
            for number, role in enumerate((Role.ADMINISTRATOR, Role.SECURITY_OFFICER, Role.REGION_ADMINISTRATOR), 1)
        )

    def at(self, moment: str) -> None:
        self.clock.write_text(f"@{moment}")
        assert utc_now().isoformat(" ").startswith(moment[:10]), "the clock is not faked"

    def years(self, years: int) -> None:
        set_policy(self.database, self.region, outpatient_years=years, inpatient_years=30, reason="by law")

    def until(self, uid: str) -> str:
        with self.database.transaction(self.region.institution_id) as connection:
            kept = kept_until(connection, uid)
        return "gone" if kept is None else str(kept.until)

    def states(self) -> dict[str, str]:
        return {each.study_instance_uid: each.state for each in self.destructions.studies(self.administrator)}

    def look(self) -> dict[str, str]:
        """Somebody confirms the clock, which leapt, and looks."""
        assert refusal(lambda: look_for_due(self.database, self.administrator)) == "clock-leapt"
        confirm_clock(self.database, self.region)
        look_for_due(self.database, self.administrator)
        return self.states()

    def erase(self, uid: str) -> str:
        caller = system_caller(self.region.institution_id, "test")
        return refusal(lambda: erase_study(caller, self.database, self.store, self.key_file, uid, reason="test"))

    def destroy(self, uid: str) -> int:
        number = self.destructions.propose(self.administrator, [uid], "kept long enough")
        self.destructions.approve(self.administrator, number)
        assert self.destructions.destroy_approved() == 0
        self.destructions.approve(self.officer, number)
        return self.destructions.destroy_approved()


def refusal(act: Callable[[], object]) -> str:
    try:
        act()
    except IsocenterError as error:
        return error.reason
    return "done"


def through_the_years(hospital: Hospital, patient_key: int) -> dict[str, object]:
    """Studies 1.1 (outpatient), 1.2 (inpatient until 10 February 2024), 1.3 (on hold), 1.4, all of 31 January 2024."""
    found: dict[str, object] = {}
    hospital.at("2026-11-23 12:00:00")
    hospital.years(16)
    hospital.at("2026-11-21 12:00:00")  # the clock went back: the order of numbers counts
    hospital.years(15)
    found["the later policy"] = policies(hospital.database, hospital.region)[0].outpatient_years
    look_for_due(hospital.database, hospital.administrator)
    hospital.at("2028-02-29 12:00:00")
    record_visit(hospital.database, hospital.administrator, patient_key, date(2028, 2, 29))
    found["after 29 February"] = hospital.until("1.4")
    hospital.at("2038-12-19 12:00:00")
    found["+14.9 years"] = [hospital.look(), hospital.erase("1.1")]
    hospital.at("2039-02-01 11:59:00")  # it is still 31 January somewhere
    look_for_due(hospital.database, hospital.administrator)
    found["on its day"] = hospital.states()
    hospital.at("2039-03-08 12:00:00")
    look_for_due(hospital.database, hospital.administrator)
    found["+15.1 years"] = [hospital.states(), hospital.erase("1.1"), hospital.destroy("1.1"), hospital.until("1.1")]
    hospital.at("2054-03-18 12:00:00")
    found["+30.1 years"] = [hospital.look(), hospital.erase("1.3"), hospital.destroy("1.2"), hospital.until("1.2")]
    return found


if __name__ == "__main__":
    url, home, clock, institution_id, patient_key = sys.argv[1:]
    with closing(Database(url)) as database:
        hospital = Hospital(database, Path(home), Path(clock), int(institution_id))
        sys.stdout.write("\n" + json.dumps(through_the_years(hospital, int(patient_key))) + "\n")
