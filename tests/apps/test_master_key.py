"""The master key is made once, and nothing starts beside keys that it should open and cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from isocenter.apps.master_key import check_master_key, ensure_master_key
from isocenter.apps.wiring import open_object_store, open_stored_objects
from isocenter.kit.errors import Invalid
from isocenter.kit.settings import Settings
from isocenter.storage.cipher import encrypted_name
from isocenter.storage.encrypted_store import key_for
from isocenter.storage.errors import KeyLost, StoreAway
from isocenter.storage.master_keys import MasterState, master_key_path, new_master_key, write_master_keys
from isocenter.storage.object_store import random_key


def test_a_plain_home_gets_no_key(tmp_path: Path) -> None:
    ensure_master_key(Settings(tmp_path))
    assert not master_key_path(tmp_path).exists()
    assert key_for(open_object_store(Settings(tmp_path)), random_key("packs", ".tar"), 1).endswith(".tar")


def test_an_encrypted_home_gets_one_and_keeps_it(tmp_path: Path) -> None:
    settings = Settings(tmp_path, encryption="on")
    ensure_master_key(settings)
    key = master_key_path(tmp_path).read_bytes()
    assert master_key_path(tmp_path).stat().st_mode & 0o777 == 0o600
    ensure_master_key(settings)
    assert master_key_path(tmp_path).read_bytes() == key
    name = encrypted_name(random_key("packs", ".tar"), 1)
    open_object_store(settings).put(name, b"content" * 100)
    assert b"contentcontent" not in open_stored_objects(settings).get(name)
    assert open_object_store(Settings(tmp_path)).get(name) == b"content" * 100  # off: what is there stays readable


@pytest.mark.parametrize("encryption", ["on", "off"])
def test_a_lost_key_is_told_before_anything_is_written(tmp_path: Path, encryption: str) -> None:
    settings = Settings(tmp_path, encryption="on")
    ensure_master_key(settings)
    open_object_store(settings).put(encrypted_name(random_key("packs", ".tar"), 1), b"content")
    before = [head.key for head in open_stored_objects(settings).list()]
    master_key_path(tmp_path).unlink()
    with pytest.raises(KeyLost, match="Nothing was changed"):
        ensure_master_key(Settings(tmp_path, encryption=encryption))
    assert not master_key_path(tmp_path).exists()
    assert [head.key for head in open_stored_objects(settings).list()] == before
    master_key_path(tmp_path).write_text("nonsense\n")
    with pytest.raises(Invalid, match="damaged"):
        ensure_master_key(Settings(tmp_path, encryption=encryption))


def test_a_store_that_is_away_holds_up_only_who_might_make_a_second_key(tmp_path: Path) -> None:
    away = Settings(
        tmp_path,
        storage_url="s3://bucket?endpoint=http://127.0.0.1:1&timeout=0.1",
        storage_access_key_id="key",
        storage_secret_access_key="secret",
    )
    ensure_master_key(away)
    with pytest.raises(StoreAway):
        ensure_master_key(replace(away, encryption="on"))
    assert not master_key_path(tmp_path).exists()


def test_a_node_with_another_master_key_than_the_regions_does_not_start(tmp_path: Path) -> None:
    settings = Settings(tmp_path, encryption="on")
    check_master_key(settings, [1, 2])
    ensure_master_key(settings)
    open_object_store(settings).put(encrypted_name(random_key("packs", ".tar"), 2), b"content")
    check_master_key(settings, [1, 2])
    write_master_keys(master_key_path(tmp_path), [new_master_key(MasterState.CURRENT)])
    with pytest.raises(KeyLost, match="another version"):
        check_master_key(settings, [1, 2])
