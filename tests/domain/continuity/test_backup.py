"""A backup of a home that goes on working, what it refuses, and the home that is made of it."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.domain.continuity.conftest import Kept

from isocenter.domain.continuity import backup_format
from isocenter.domain.continuity.backup import back_up, verify_backup
from isocenter.domain.continuity.backup_format import BackupUnfit, NoBackup, backup_ids
from isocenter.domain.continuity.restore import (
    HomeNotEmpty,
    abandon_restore,
    begin_restore,
    end_restore,
    examine_backup,
    is_unfinished,
    lay_out,
)
from isocenter.kit.clock import utc_now
from isocenter.kit.errors import Invalid, Refused
from isocenter.storage.errors import Damaged
from isocenter.storage.facts import FactLog
from isocenter.storage.object_store import LocalObjectStore


def a_backup(kept: Kept) -> str:
    kept.slices(2)
    kept.seal()
    kept.slices(1, "1.2.4")
    return back_up(kept.system, kept.source, kept.target).backup_id


def files(kept: Kept, part: str) -> list[Path]:
    """Files of the backup whose path holds this."""
    root = kept.target.local_path("backups")
    assert root is not None
    return sorted(path for path in root.parent.rglob("*") if path.is_file() and part in str(path))


def test_a_backup_holds_all_that_the_index_names_and_comes_back_byte_for_byte(kept: Kept, tmp_path: Path) -> None:
    backup_id = a_backup(kept)
    assert verify_backup(kept.target, backup_id) == []
    examined = examine_backup(kept.system, kept.target)
    assert examined.manifest.counts["study"] == 2
    assert examined.manifest.counts["pack"] == 1
    home = tmp_path / "restored"
    begin_restore(home)
    store = LocalObjectStore(home / "store")
    dump = lay_out(kept.target, examined, home, store)
    assert dump.stat().st_size > 1000
    end_restore(home)
    for head in kept.data.store.list():
        assert store.get(head.key) == kept.data.store.get(head.key)
    for path in sorted((kept.home / "journal").rglob("*.tar")):
        assert (home / path.relative_to(kept.home)).read_bytes() == path.read_bytes()
    assert (home / "secrets" / "facts.key").read_bytes() == (kept.home / "secrets" / "facts.key").read_bytes()


def test_the_next_backup_copies_only_what_is_new_and_old_ones_go(kept: Kept) -> None:
    a_backup(kept)
    kept.slices(2, "1.2.5")
    kept.seal("1.2.5")
    second = back_up(kept.system, kept.source, kept.target)
    assert (second.object_count, second.copied_objects) == (2, 1)
    third = back_up(kept.system, kept.source, kept.target, keep=1)
    assert third.copied_objects == 0
    assert backup_ids(kept.target) == [third.backup_id]
    assert verify_backup(kept.target, third.backup_id) == []


def test_backups_are_in_order_though_the_clock_went_back(kept: Kept) -> None:
    now = utc_now()
    made: list[str] = []
    for moment in (now, now, now - timedelta(days=1), now + timedelta(microseconds=5)):
        made.append(backup_format.next_backup_id(kept.target, moment))
        kept.target.put(f"backups/{made[-1]}/manifest.json", b"{}")
    assert backup_ids(kept.target) == made


def test_an_interrupted_backup_is_none_and_what_it_copied_is_used_by_the_next(kept: Kept) -> None:
    kept.slices(2)
    kept.seal()

    def killed(_snapshot_id: str, _path: Path) -> None:
        with pytest.raises(BackupUnfit, match="Another backup"):
            back_up(kept.system, kept.source, kept.target)
        raise KeyboardInterrupt

    left = kept.home / "run" / "backup-of-one-that-was-killed"
    left.mkdir(parents=True)

    with pytest.raises(KeyboardInterrupt):
        back_up(kept.system, replace(kept.source, dump=killed), kept.target)
    assert backup_ids(kept.target) == []
    assert [path.name for path in (kept.home / "run").iterdir()] == ["backup.lock"]
    done = back_up(kept.system, kept.source, kept.target)
    assert verify_backup(kept.target, done.backup_id) == []
    assert len(files(kept, "objects/packs/")) == 1


def test_packs_that_have_their_copies_elsewhere_can_be_left_out(kept: Kept) -> None:
    kept.slices(2)
    kept.seal()
    FactLog(kept.data.store, kept.caller.institution_id, kept.home / "secrets" / "facts.key").append({"kind": "test"})
    done = back_up(kept.system, kept.source, kept.target, with_packs=False)
    assert done.object_count == 1
    assert not files(kept, "packs/")


def test_a_pack_that_is_replaced_while_the_index_is_read_takes_a_new_snapshot(kept: Kept) -> None:
    """The dump names a pack that is gone before it was copied: a merge of packs in that moment."""
    kept.slices(2)
    kept.seal()
    kept.slices(2, "1.2.4")
    dumped: list[str] = []

    def dump_and_seal(snapshot_id: str, path: Path) -> None:
        kept.source.dump(snapshot_id, path)
        dumped.append(snapshot_id)
        if len(dumped) == 1:  # the pack that this snapshot names goes, and another takes its place
            kept.slices(2, first=10)
            kept.seal()

    done = back_up(kept.system, replace(kept.source, dump=dump_and_seal), kept.target)
    examined = examine_backup(kept.system, kept.target, done.backup_id)
    named = {str(row[0]) for row in kept.rows("SELECT object_key FROM pack")}
    assert named <= {key for key, _, _ in examined.objects}


def test_who_does_not_look_after_storage_backs_nothing_up(kept: Kept) -> None:
    with pytest.raises(Refused):
        back_up(kept.caller, kept.source, kept.target)


def harmed(data: bytes) -> list[bytes | None]:
    """What may have become of a file: gone, cut, one bit flipped."""
    middle = len(data) // 2
    return [None, data[:-10], data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]]


def test_a_damaged_backup_is_refused_before_anything_is_written(kept: Kept) -> None:
    backup_id = a_backup(kept)
    for part in ("index.dump", "secrets.tar", "journal", "objects.ndjson", "manifest.json"):
        [path, *_] = files(kept, f"{backup_id}/{part}")
        data = path.read_bytes()
        for content in harmed(data):
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content)
            with pytest.raises((Damaged, NoBackup, BackupUnfit, Invalid)):
                examine_backup(kept.system, kept.target, backup_id)
        path.write_bytes(data)
    assert examine_backup(kept.system, kept.target, backup_id).manifest.backup_id == backup_id
    [pack] = files(kept, "objects/packs/")
    os.truncate(pack, 100)
    with pytest.raises(Damaged, match="missing or cut"):
        examine_backup(kept.system, kept.target)


def test_a_damaged_pack_of_a_backup_ends_the_restore_and_leaves_no_home(kept: Kept, tmp_path: Path) -> None:
    a_backup(kept)
    [pack] = files(kept, "objects/packs/")
    data = bytearray(pack.read_bytes())
    data[600] ^= 1
    pack.write_bytes(data)
    examined = examine_backup(kept.system, kept.target)
    assert verify_backup(kept.target, examined.manifest.backup_id) == [key for key, _, _ in examined.objects]
    home = tmp_path / "restored"
    begin_restore(home)
    with pytest.raises(Damaged):
        lay_out(kept.target, examined, home, LocalObjectStore(home / "store"))
    assert is_unfinished(home)
    abandon_restore(home)
    assert not list(home.iterdir())


def test_a_backup_of_later_of_another_key_or_with_another_manifest_is_refused(kept: Kept, tmp_path: Path) -> None:
    backup_id = a_backup(kept)
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "facts.key").write_text("ab" * 32 + "\n")
    with pytest.raises(BackupUnfit, match="key that signed"):
        examine_backup(kept.system, kept.target, secrets_folder=tmp_path / "others")
    manifest, data = backup_format.read_manifest(kept.target, backup_id)
    [path] = files(kept, f"{backup_id}/manifest.json")
    path.write_bytes(data.replace(b'"study":2', b'"study":1'))
    with pytest.raises(Damaged, match="signature"):
        examine_backup(kept.system, kept.target)
    path.write_bytes(backup_format.encode_manifest(replace(manifest, revision="9999_later"), kept.source.key))
    with pytest.raises(BackupUnfit, match="newer Isocenter"):
        examine_backup(kept.system, kept.target)
    path.write_bytes(data.replace(b'"backup/1"', b'"backup/7"'))
    with pytest.raises(Invalid, match="format"):
        examine_backup(kept.system, kept.target)


def test_a_restore_never_writes_over_a_home_and_begins_anew_after_a_kill(kept: Kept, tmp_path: Path) -> None:
    with pytest.raises(HomeNotEmpty):
        begin_restore(kept.home)
    home = tmp_path / "half"
    begin_restore(home)
    (home / "secrets").mkdir()
    (home / "index.dump").touch()
    begin_restore(home)
    assert [path.name for path in home.iterdir()] == ["restoring"]
    with pytest.raises(NoBackup):
        examine_backup(kept.system, kept.target)
