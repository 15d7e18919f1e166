"""The trail against somebody who owns the database: whatever is done to the rows, verifying finds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from isocenter.access import audit
from isocenter.access.caller import system_caller
from isocenter.access.trail.anchors import anchor_trail
from isocenter.access.trail.archives import archive_trail, read_archive
from isocenter.access.trail.lines import next_digest
from isocenter.access.trail.verify import Report, verify_trail
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.storage.drivers import open_store
from isocenter.storage.facts import SigningKey, make_key_file, read_key_file
from isocenter.storage.object_store import ObjectStore

AWKWARD = 'back\\slash\ttab\nline "quotes" 中文 \U0001f9ea'


@dataclass
class Trail:
    """One institution's trail, and the owner of the database, who may do what nobody should."""

    database: Database
    owner: psycopg.Connection[tuple[object, ...]]
    store: ObjectStore
    store_path: Path
    key: SigningKey
    institution_id: int

    def record(self, count: int = 1) -> None:
        with self.database.transaction(self.institution_id) as connection:
            for number in range(count):
                caller = system_caller(self.institution_id, "test")
                audit.record(connection, caller, audit.Action.STUDY_DELETED, f"1.2.{number}", reason=AWKWARD)

    def anchor(self) -> int | None:
        return anchor_trail(self.database, self.store, self.institution_id, self.key)

    def verify(self) -> Report:
        return verify_trail(self.database, self.store, self.institution_id, {self.key.key_id: self.key})

    def kinds(self) -> list[tuple[str, int, int]]:
        return [(problem.kind, problem.chain, problem.position) for problem in self.verify().problems]

    def tamper(self, *statements: str) -> None:
        """With the locks taken off and put back, as a thorough intruder would."""
        with self.owner.transaction():
            self.owner.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
            for statement in statements:
                self.owner.execute(statement.encode())
            self.owner.execute("ALTER TABLE audit_event ENABLE TRIGGER USER")


@pytest.fixture
def trail(database: Database, database_url: str, institution: Institution, tmp_path: Path) -> Iterator[Trail]:
    make_key_file(tmp_path / "key")
    store = open_store((tmp_path / "store").as_uri())
    with psycopg.connect(database_url, autocommit=True) as owner:
        key = read_key_file(tmp_path / "key")
        yield Trail(database, owner, store, tmp_path / "store", key, institution.institution_id)


def test_an_untouched_trail_is_sound_whatever_its_rows_hold(trail: Trail) -> None:
    trail.record(20)
    assert trail.anchor() == 1
    assert trail.anchor() is None  # nothing new
    trail.record(5)
    assert trail.anchor() == 2
    report = trail.verify()
    assert report.sound, report.problems
    assert (report.events, report.anchors) == (25, 2)


def test_transactions_that_write_at_one_time_have_chains_of_their_own(trail: Trail) -> None:
    with trail.database.transaction(trail.institution_id) as slow:
        audit.record(slow, system_caller(trail.institution_id, "slow"), audit.Action.CORRECTED, "1.2")
        threads = [Thread(target=trail.record, args=(3,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in threads)  # none waited for the slow one
    report = trail.verify()
    assert report.sound, report.problems
    assert report.events == 13


def test_a_row_that_was_there_already_or_is_rolled_back_leaves_no_gap(trail: Trail) -> None:
    for _ in range(3):
        with trail.database.transaction(trail.institution_id) as connection:
            for uid in ("1.2", "1.3"):
                caller = replace(system_caller(trail.institution_id, "looker"), sitting="today")
                audit.record(connection, caller, audit.Action.STUDY_OPENED, uid)
    trail.record()
    with pytest.raises(ZeroDivisionError), trail.database.transaction(trail.institution_id) as connection:
        audit.record(connection, system_caller(trail.institution_id, "t"), audit.Action.CORRECTED)
        raise ZeroDivisionError
    trail.record()
    assert (trail.verify().sound, trail.verify().events) == (True, 4)


ONE_EDIT_EACH = (
    "caller_id = 'somebody-else'",
    "caller_kind = 'user'",
    "action = 'imported'",
    "at = at + interval '1 microsecond'",
    "detail = '{}'",
    "study_instance_uid = '1.2.9'",
    "outcome = 4",
    "roles = '{}'",
    "address = '10.0.0.1'",
    "sitting = 'x'",
)


def test_edited_rows_are_found_whichever_column(trail: Trail) -> None:
    trail.record(len(ONE_EDIT_EACH) + 2)
    edits = enumerate(ONE_EDIT_EACH, start=2)
    trail.tamper(*(f"UPDATE audit_event SET {edit} WHERE position = {position}" for position, edit in edits))
    assert trail.kinds() == [("edited", 0, position) for position in range(2, len(ONE_EDIT_EACH) + 2)]


def test_a_removed_row_is_found(trail: Trail) -> None:
    trail.record(6)
    trail.tamper("DELETE FROM audit_event WHERE position IN (3, 4)")
    assert trail.kinds() == [("missing", 0, 3)]


def test_a_removed_row_is_found_though_the_rest_moved_up(trail: Trail) -> None:
    trail.record(4)
    trail.tamper(
        "DELETE FROM audit_event WHERE position = 2",
        "UPDATE audit_event SET position = position - 1 WHERE position > 2",
    )
    assert trail.kinds() == [("edited", 0, 2), ("edited", 0, 3)]


def test_exchanged_rows_are_found(trail: Trail) -> None:
    trail.record(4)
    trail.tamper(
        "UPDATE audit_event SET position = -position WHERE position IN (2, 3)",
        "UPDATE audit_event SET position = 5 + position WHERE position < 0",
    )
    assert ("edited", 0, 2) in trail.kinds()


def test_rows_cut_off_at_the_end_are_found_by_the_anchor(trail: Trail) -> None:
    trail.record(5)
    trail.anchor()
    trail.tamper("DELETE FROM audit_event WHERE position > 2")
    assert trail.kinds() == [("cut-off", 0, 5)]
    trail.tamper("DELETE FROM audit_event")
    assert trail.kinds() == [("cut-off", 0, 5)]


def rewrite(trail: Trail) -> None:
    """Edit the second row and make every digest anew: a chain that is perfect in itself."""
    trail.tamper(
        "UPDATE audit_event SET caller_id = 'nobody' WHERE position = 2",
        """
        DO $$ DECLARE e audit_event; head bytea; BEGIN
            FOR e IN SELECT * FROM audit_event ORDER BY position LOOP
                head := isocenter_audit_digest(head, isocenter_audit_line(e));
                UPDATE audit_event SET digest = head WHERE sequence = e.sequence;
            END LOOP; END; $$
        """,
    )


def test_a_chain_written_anew_is_found_by_the_anchor_and_by_nothing_else(trail: Trail) -> None:
    trail.record(5)
    rewrite(trail)
    assert trail.verify().sound
    trail.anchor()
    trail.record()
    assert trail.verify().sound
    rewrite(trail)
    assert trail.verify().sound  # the same edit again
    trail.tamper("UPDATE audit_event SET outcome = 8 WHERE position = 1")
    rewrite(trail)
    assert trail.kinds() == [("rewritten", 0, 5)]


def test_a_removed_or_forged_anchor_is_found(trail: Trail) -> None:
    for _ in range(4):
        trail.record()
        trail.anchor()
    anchors = sorted((trail.store_path / "audit").rglob("*.json"))
    assert trail.verify().sound
    anchors[1].write_bytes(anchors[1].read_bytes().replace(b'"number":2', b'"number": 2'))
    assert ("anchor-forged", -1, 2) in trail.kinds()
    anchors[1].unlink()
    assert trail.kinds() == [("anchor-missing", -1, 2)]
    anchors[3].unlink()
    anchors[2].unlink()
    assert ("anchor-missing", -1, 3) in trail.kinds()


def test_a_trail_without_its_locks_is_told_of(trail: Trail) -> None:
    trail.record()
    trail.owner.execute("ALTER TABLE audit_event DISABLE TRIGGER kept")
    assert trail.kinds() == [("unprotected", -1, 0)]


def test_neither_the_application_nor_the_owner_can_change_remove_or_empty_it(trail: Trail) -> None:
    trail.record(2)
    for statement in (b"UPDATE audit_event SET action = ''", b"DELETE FROM audit_event", b"TRUNCATE audit_event"):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            trail.database.transaction(trail.institution_id) as one,
        ):
            one.execute(statement)
        with pytest.raises(psycopg.Error, match="append-only"):
            trail.owner.execute(statement)


def test_the_application_cannot_choose_the_time_or_the_place_in_the_chain(trail: Trail) -> None:
    with trail.database.transaction(trail.institution_id) as connection:
        connection.execute(
            "INSERT INTO audit_event (institution_id, caller_kind, caller_id, action, at, chain, position, digest)"
            " VALUES (%s, 'user', '1', 'x', '2001-01-01', 7, 99, '')",
            [trail.institution_id],
        )
        row = connection.execute("SELECT chain, position, at > now() - interval '1 hour' FROM audit_event").fetchone()
    assert row == (0, 1, True)


def an_old_trail(trail: Trail, days: int, count: int) -> None:
    """Rows of so many days ago; only the owner can say when they were."""
    trail.owner.execute(
        "INSERT INTO audit_event (institution_id, caller_kind, caller_id, action, at)"
        " SELECT %s, 'user', '7', 'imported', now() - make_interval(days => %s) FROM generate_series(1, %s)",
        [trail.institution_id, days, count],
    )


def archive(trail: Trail, days: int = 365) -> int:
    return archive_trail(trail.database, trail.store, trail.institution_id, trail.key, timedelta(days=days))


def test_what_is_older_than_the_retention_is_sealed_removed_and_still_verified(trail: Trail) -> None:
    an_old_trail(trail, 500, 6)
    an_old_trail(trail, 400, 4)
    trail.anchor()
    trail.record(3)
    assert archive(trail, 450) == 6
    assert archive(trail) == 4
    assert archive(trail) == 0
    report = trail.verify()
    assert report.sound, report.problems
    assert (report.events, report.archived) == (3, 10)
    trail.record()
    assert trail.verify().sound


def test_a_chain_that_was_archived_to_its_end_goes_on(trail: Trail) -> None:
    an_old_trail(trail, 400, 2)
    assert archive(trail) == 2
    trail.record()
    assert trail.verify().sound
    assert trail.verify().events == 1


def test_an_archive_is_verified_with_nothing_but_its_lines(trail: Trail) -> None:
    an_old_trail(trail, 400, 3)
    archive(trail)
    (key,) = [head.key for head in trail.store.list("audit") if head.key.endswith(".zst")]
    previous = b""
    for link in read_archive(trail.store, key, {trail.key.key_id: trail.key}):
        previous = next_digest(previous, link.line)
        assert previous == link.digest
    assert previous


def test_nothing_younger_than_half_a_year_is_removed_whatever_the_policy_says(trail: Trail) -> None:
    an_old_trail(trail, 180, 2)
    assert archive(trail, days=1) == 0


def test_rows_that_follow_an_archive_cannot_be_removed_with_it(trail: Trail) -> None:
    an_old_trail(trail, 400, 2)
    archive(trail)
    an_old_trail(trail, 400, 2)
    with pytest.raises(psycopg.Error, match="append-only"), trail.database.transaction(trail.institution_id) as one:
        one.execute("SELECT isocenter_forget_audit_events(0, 99)")


def test_a_damaged_or_lost_archive_is_found(trail: Trail) -> None:
    an_old_trail(trail, 400, 2)
    archive(trail)
    (path,) = (trail.store_path / "audit").rglob("*.zst")
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    assert ("archive-damaged", 0, 1) in trail.kinds()
    path.unlink()
    assert ("archive-damaged", 0, 1) in trail.kinds()


def test_a_database_restored_from_an_old_backup_is_told_of_and_anchored_on(trail: Trail) -> None:
    trail.record(3)
    trail.anchor()
    trail.tamper("DELETE FROM audit_event", "DELETE FROM audit_anchor")
    trail.record(1)
    assert trail.anchor() == 2
    assert trail.kinds() == [("cut-off", 0, 3)]


def test_two_hospitals_have_trails_of_their_own(trail: Trail, other_institution: Institution) -> None:
    trail.record(3)
    other = Trail(
        trail.database, trail.owner, trail.store, trail.store_path, trail.key, other_institution.institution_id
    )
    other.record(2)
    assert (trail.verify().events, other.verify().events) == (3, 2)
    assert other.verify().sound


def test_no_name_of_anything_keeps_itself_unrecorded(trail: Trail) -> None:
    with trail.database.transaction(trail.institution_id) as connection:
        caller = system_caller(trail.institution_id, "A\0E\ud800")
        audit.record(connection, caller, audit.Action.CORRECTED, None, text="a\0b", many=["\udfff"], map={"x\0": 1})
    assert trail.verify().sound
