"""The local store is durable, and open_store knows its URLs."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from isocenter.kit import files
from isocenter.kit.errors import Invalid
from isocenter.storage.drivers import open_store
from isocenter.storage.errors import ObjectExists, StorageFull
from isocenter.storage.object_store import LocalObjectStore, RemoteObjectStore, clear_staging


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths in the order in which they are synced."""
    paths: list[str] = []
    real = os.fsync

    def fsync(file: int) -> None:
        paths.append(str(Path(f"/proc/self/fd/{file}").readlink()))
        real(file)

    monkeypatch.setattr(files.os, "fsync", fsync)
    return paths


def test_a_put_syncs_the_file_and_every_folder_that_is_new(tmp_path: Path, synced: list[str]) -> None:
    store = LocalObjectStore(tmp_path)
    synced.clear()
    store.put("packs/ab/cd.tar", b"x")
    assert Path(synced[0]).parent == tmp_path / ".incoming"
    assert synced[1:] == [str(tmp_path), str(tmp_path / "packs"), str(tmp_path / "packs" / "ab")]
    synced.clear()
    store.put("packs/ab/ef.tar", b"x")
    assert synced[1:] == [str(tmp_path / "packs" / "ab")]


def test_a_file_of_the_same_file_system_is_linked_not_copied(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    staged = store.staging_path()
    staged.write_bytes(b"x")
    inode = staged.stat().st_ino
    store.put_file("packs/x", staged)
    assert (tmp_path / "packs" / "x").stat().st_ino == inode


def failing_fsync(number: int) -> Callable[[int], None]:
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    return fsync


def test_a_put_that_cannot_be_synced_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalObjectStore(tmp_path)
    monkeypatch.setattr(files.os, "fsync", failing_fsync(errno.ENOSPC))
    with pytest.raises(StorageFull):
        store.put("packs/x", b"x")
    assert list(store.list()) == []
    assert list((tmp_path / ".incoming").iterdir()) == []


def test_leftovers_of_dead_processes_are_cleared_by_age(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    staged = store.staging_path()
    staged.write_bytes(b"x")
    made_at = staged.stat().st_mtime
    assert clear_staging(tmp_path, older_than_s=100, now=made_at + 99) == 0
    assert clear_staging(tmp_path, older_than_s=100, now=made_at + 101) == 1
    assert not staged.exists()


def test_only_staging_folders_are_cleared(tmp_path: Path) -> None:
    for name in ("staging", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "left").write_bytes(b"x")
    assert clear_staging(tmp_path / "staging", older_than_s=-1, now=time.time()) == 1
    assert clear_staging(tmp_path / "other", older_than_s=-1, now=time.time()) == 0
    assert clear_staging(tmp_path / "nothing", older_than_s=-1, now=time.time()) == 0


def test_staged_files_are_never_listed(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    store.staging_path().write_bytes(b"x")
    assert list(store.list()) == []


def test_a_url_opens_a_store(tmp_path: Path) -> None:
    local = open_store(f"file://{tmp_path}/with%20space")
    assert isinstance(local, LocalObjectStore)
    local.put("a", b"x")
    assert (tmp_path / "with space" / "a").read_bytes() == b"x"
    assert isinstance(open_store("memory:///"), RemoteObjectStore)
    with pytest.raises(Invalid):
        open_store("nonsense://x")


def test_two_stores_on_one_folder_respect_each_other(tmp_path: Path) -> None:
    LocalObjectStore(tmp_path).put("a", b"x")
    with pytest.raises(ObjectExists):
        LocalObjectStore(tmp_path).put("a", b"y")
