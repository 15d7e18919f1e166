"""Another archive comes in: what breaks, what is refused, what changed, and what is compared with what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from isocenter.access.caller import Caller, system_caller
from isocenter.access.roles import Role
from isocenter.apps.phantom import chest_ct, part10
from isocenter.apps.wiring import open_archive, open_bytes
from isocenter.domain.archive import duplicates
from isocenter.domain.archive.erase import erase_study, facts_key_path
from isocenter.domain.archive.reception import Source as Origin
from isocenter.domain.archive.store import Archive
from isocenter.domain.migration.compare import Report, compare
from isocenter.domain.migration.errors import MigrationUnderWay, SourceAway, SourceRefuses
from isocenter.domain.migration.held import Held
from isocenter.domain.migration.migrate import Destination, Options, migrate
from isocenter.domain.migration.migration_state import Compared, MigrationState, State
from isocenter.domain.migration.source import Intake, SourceObject, SourceSeries
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.errors import Refused
from isocenter.kit.settings import Settings
from isocenter.storage.errors import NoSuchObject
from isocenter.storage.facts import make_key_file

STUDY = "1.2.3"


@dataclass
class Elsewhere:
    """An archive in memory: files by (series, instance), and whatever is to go wrong."""

    files: dict[tuple[str, str], bytes]
    name: str = "an archive in memory"
    arrives_elsewhere: bool = False
    listed_too: list[tuple[str, str]] = field(default_factory=list)
    breaks_at: dict[str, int] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)
    md5s: dict[str, str] = field(default_factory=dict)

    def series(self) -> Iterator[SourceSeries]:
        for series in sorted({series for series, _ in (*self.files, *self.listed_too)}):
            yield SourceSeries(STUDY, series)

    def objects(self, series: SourceSeries) -> list[SourceObject]:
        listed = (*self.files, *self.listed_too)
        return [SourceObject(uid) for each, uid in listed if each == series.series_instance_uid]

    def retrieve(self, series: SourceSeries, wanted: Sequence[SourceObject], intake: Intake) -> None:
        for each in wanted:
            data = self.files.get((series.series_instance_uid, each.sop_instance_uid))
            if data is None:
                continue
            with intake.object(each) as arriving:
                left = self.breaks_at.get(each.sop_instance_uid, 0)
                arriving.write(data[:1000])
                if left:
                    self.breaks_at[each.sop_instance_uid] = left - 1
                    raise SourceAway("The line broke.")
                arriving.write(data[1000:])
            self.given.append(each.sop_instance_uid)

    def md5(self, found: SourceObject) -> str | None:
        return self.md5s.get(found.sop_instance_uid)

    def close(self) -> None:
        pass


@dataclass
class Here:
    """This archive, and a home for the state."""

    to: Destination
    home: Path
    database: Database

    def run(self, source: Elsewhere, **options: object) -> Report:
        with closing(MigrationState(self.home, "memory")) as state:
            migrate(self.to, source, state, Options(pause_s=0, **options), lambda *_: None)  # type: ignore[arg-type]
            return compare(
                self.to.caller, self.to.held, source, state, read_back=True, parallel=2, progress=lambda *_: None
            )


@pytest.fixture
def here(database: Database, institution: Institution, tmp_path: Path) -> Iterator[Here]:
    settings = Settings(home=tmp_path / "home")
    for name in ("journal", "secrets"):
        (settings.home / name).mkdir(parents=True)
    make_key_file(facts_key_path(settings.home))
    data = open_bytes(settings)
    caller = system_caller(institution.institution_id, "test")
    with closing(open_archive(settings, database, data)) as archive:
        held = Held(database, data)
        yield Here(
            Destination(archive, held, caller, Origin("MIGRATION", "ISOCENTER", "127.0.0.1", "import")),
            settings.home,
            database,
        )


@pytest.fixture(scope="module")
def slices() -> dict[tuple[str, str], bytes]:
    """Six slices in what the source says are two series."""
    return {
        (f"1.2.3.{number % 2}", str(each.SOPInstanceUID)): part10(each)
        for number, each in enumerate(chest_ct(range(6)))
    }


def uids(report: Report, what: State | Compared) -> list[str]:
    return [each.object.sop_instance_uid for each in report.problems if what in (each.state, each.compared)]


def test_everything_comes_is_compared_and_a_second_run_fetches_nothing(
    here: Here, slices: dict[tuple[str, str], bytes]
) -> None:
    source = Elsewhere(slices)
    report = here.run(source)
    assert (report.states, report.comparisons, report.whole) == ({State.STORED: 6}, {Compared.SAME: 6}, True)
    assert sorted(source.given) == sorted(uid for _, uid in slices)
    again = here.run(source)
    assert again.whole
    assert len(source.given) == 6


def test_what_is_new_at_the_source_comes_in_the_next_run(here: Here, slices: dict[tuple[str, str], bytes]) -> None:
    first = dict(list(slices.items())[:4])
    assert here.run(Elsewhere(first)).states == {State.STORED: 4}
    source = Elsewhere(slices)
    assert here.run(source).states == {State.STORED: 6}
    assert len(source.given) == 2


def test_a_line_that_breaks_is_tried_again_and_what_came_is_kept(
    here: Here, slices: dict[tuple[str, str], bytes]
) -> None:
    victim = list(slices)[4][1]
    source = Elsewhere(slices, breaks_at={victim: 2})
    report = here.run(source)
    assert report.whole
    assert sorted(source.given) == sorted(uid for _, uid in slices), "no object was fetched twice"


def test_a_source_that_stays_away_leaves_a_reason_and_the_next_run_goes_on(
    here: Here, slices: dict[tuple[str, str], bytes]
) -> None:
    victim = next(iter(slices))[1]
    report = here.run(Elsewhere(slices, breaks_at={victim: 99}))
    failed = [each for each in report.problems if each.state is State.FAILED]
    assert victim in uids(report, State.FAILED)
    assert {each.reason for each in failed} == {"source-away"}
    source = Elsewhere(slices)
    assert here.run(source).whole
    assert sorted(source.given) == sorted(each.object.sop_instance_uid for each in failed)


def test_refused_and_missing_objects_are_listed_with_reasons_and_the_rest_comes(
    here: Here, slices: dict[tuple[str, str], bytes]
) -> None:
    bad = {("1.2.3.0", "1.2.9"): b"no DICOM file" * 100, ("1.2.3.0", "1.2.8"): next(iter(slices.values()))[:3000]}
    source = Elsewhere({**slices, **bad}, listed_too=[("1.2.3.1", "1.2.7")])
    report = here.run(source)
    assert report.states == {State.STORED: 6, State.REFUSED: 2, State.FAILED: 1}
    reasons = {each.object.sop_instance_uid: each.reason for each in report.problems}
    assert reasons == {"1.2.9": "not-a-dicom-file", "1.2.8": "malformed-data-set", "1.2.7": "not-given"}
    assert all(each.message for each in report.problems)
    assert not report.whole


def test_a_file_that_is_another_instance_is_told(here: Here, slices: dict[tuple[str, str], bytes]) -> None:
    (series, _), data = next(iter(slices.items()))
    report = here.run(Elsewhere({(series, "1.2.77"): data}))
    assert [(each.state, each.reason) for each in report.problems] == [(State.REFUSED, "other-instance")]


def test_other_content_under_a_known_uid_is_kept_aside_and_compares(
    here: Here, slices: dict[tuple[str, str], bytes]
) -> None:
    assert here.run(Elsewhere(slices)).whole
    key, data = next(iter(slices.items()))
    changed = data[:-2] + bytes([data[-2] ^ 1, data[-1]])
    source = Elsewhere({**slices, key: changed}, name="another")
    with closing(MigrationState(here.home, "another source")) as state:
        migrate(here.to, source, state, Options(pause_s=0), lambda *_: None)
        report = compare(
            here.to.caller, here.to.held, source, state, read_back=True, parallel=1, progress=lambda *_: None
        )
    assert report.states == {State.ALREADY_STORED: 5, State.KEPT_ASIDE: 1}
    assert report.comparisons == {Compared.SAME: 6}
    assert uids(report, State.KEPT_ASIDE) == [key[1]]


def test_a_digest_of_the_source_is_compared_too(here: Here, slices: dict[tuple[str, str], bytes]) -> None:
    md5s = {uid: hashlib.md5(data).hexdigest() for (_, uid), data in slices.items()}
    assert here.run(Elsewhere(slices, md5s=md5s)).whole
    changed = list(md5s)[3]
    report = here.run(Elsewhere(slices, md5s={**md5s, changed: "0" * 32}))
    assert uids(report, Compared.CHANGED_AT_SOURCE) == [changed]
    assert any("MD5" in how for how in report.compared_how)
    source = Elsewhere(slices, md5s=md5s)
    assert here.run(source).whole
    assert source.given == [changed]


def test_what_was_damaged_or_erased_here_is_found_out_and_comes_again(
    here: Here, slices: dict[tuple[str, str], bytes]
) -> None:
    source = Elsewhere(slices)
    assert here.run(source).whole
    segment = max((here.home / "journal").rglob("*.tar*"), key=lambda path: path.stat().st_size)
    damaged = bytearray(segment.read_bytes())
    at = damaged.index(list(slices.values())[2][2000:2100])
    damaged[at : at + 8] = b"DAMAGED!"
    segment.write_bytes(damaged)
    victim = list(slices)[2][1]
    assert uids(here.run(source), Compared.MISSING) == [victim]
    assert here.run(source).whole, "the next run mended it"
    study = next(iter(chest_ct(range(1)))).StudyInstanceUID
    erase_study(
        here.to.caller,
        here.database,
        here.to.held.data.store,
        facts_key_path(here.home),
        str(study),
        reason="test",
    )
    assert len(uids(here.run(source), Compared.MISSING)) == 6
    assert here.run(source).whole


def test_what_is_trusted_by_its_uid_is_not_fetched_and_said_to_be_present_only(
    here: Here, slices: dict[tuple[str, str], bytes]
) -> None:
    half = dict(list(slices.items())[:3])
    with closing(MigrationState(here.home, "an earlier source")) as state:
        migrate(here.to, Elsewhere(half), state, Options(pause_s=0), lambda *_: None)
    source = Elsewhere(slices)
    report = here.run(source, trust_uids=True)
    assert report.states == {State.STORED: 3, State.TRUSTED: 3}
    assert report.comparisons == {Compared.SAME: 3, Compared.PRESENT: 3}
    assert len(source.given) == 3


def test_a_full_archive_ends_the_run_and_nothing_is_said_to_be_here(
    here: Here, slices: dict[tuple[str, str], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from isocenter.storage.errors import StorageFull

    def full(*_: object) -> None:
        raise StorageFull("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(Archive, "complete_many", full)
        with pytest.raises(StorageFull):
            here.run(Elsewhere(slices))
    source = Elsewhere(slices)
    assert here.run(source).states == {State.STORED: 6}
    assert len(source.given) == 6


def test_two_runs_of_one_source_and_a_caller_without_the_right_are_refused(
    here: Here, slices: dict[tuple[str, str], bytes]
) -> None:
    with closing(MigrationState(here.home, "memory")) as state:
        with pytest.raises(MigrationUnderWay):
            MigrationState(here.home, "memory")
        nobody = Caller(here.to.caller.kind, "reader", here.to.caller.institution_id, (Role.MODALITY,))
        with pytest.raises(Refused):
            here.to.held.versions(nobody, [STUDY])
        assert state.counts() == {}


def test_a_source_that_lets_nobody_in_ends_the_run(here: Here) -> None:
    class Closed(Elsewhere):
        def series(self) -> Iterator[SourceSeries]:
            raise SourceRefuses("Nobody may list this.")

    with pytest.raises(SourceRefuses):
        here.run(Closed({}))


def test_a_pack_that_gives_way_while_versions_are_looked_for_is_looked_for_again(
    here: Here, slices: dict[tuple[str, str], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here.run(Elsewhere(slices)).whole
    uid = next(iter(slices))[1]
    named = [["packs/merged.isopack"], ["packs/merged.isopack"], []]

    def packs_of(_connection: object, _study_id: int) -> list[SimpleNamespace]:
        return [SimpleNamespace(object_key=key) for key in (named.pop(0) if len(named) > 1 else named[0])]

    monkeypatch.setattr("isocenter.domain.migration.held.packs_of", packs_of)
    assert [len(each) for each in here.to.held.versions(here.to.caller, [uid]).values()] == [1]
    named[:] = [["packs/lost.isopack"]]
    with pytest.raises(NoSuchObject):
        here.to.held.versions(here.to.caller, [uid])


def test_a_repeat_that_arrives_while_its_pack_gives_way_is_known(
    here: Here, slices: dict[tuple[str, str], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here.run(Elsewhere(slices)).whole
    real, looks = duplicates.open_instance, []

    def open_instance(*arguments: object) -> object:
        looks.append(arguments)
        return None if len(looks) == 1 else real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(duplicates, "open_instance", open_instance)
    monkeypatch.setattr(duplicates, "packs_of", lambda *_: [SimpleNamespace(object_key="packs/merged.isopack")])
    key = next(iter(slices))
    with closing(MigrationState(here.home, "once more")) as state:
        migrate(here.to, Elsewhere({key: slices[key]}), state, Options(pause_s=0), lambda *_: None)
        assert state.counts() == {State.ALREADY_STORED: 1}
    assert len(looks) == 2
