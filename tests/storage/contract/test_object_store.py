"""What every object store does, run against each of them."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from obstore.store import MemoryStore
from tests.storage.swift import CREDENTIALS, Swift

from isocenter.kit.clock import utc_now
from isocenter.kit.errors import Invalid
from isocenter.storage.drivers import open_store
from isocenter.storage.errors import Damaged, NoSuchObject, ObjectExists
from isocenter.storage.object_store import (
    LocalObjectStore,
    ObjectStore,
    RemoteObjectStore,
    copy_into_staging,
    random_key,
)

KEY = "packs/ab/abcdef.tar"


_prefixes = count()


@pytest.fixture(params=["local", "memory", "swift"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """Each store that we have; the S3 driver is run against a real Swift."""
    if request.param == "local":
        return LocalObjectStore(tmp_path / "a store")
    if request.param == "memory":
        return RemoteObjectStore(MemoryStore())
    swift: Swift = request.getfixturevalue("swift")
    return open_store(swift.url(f"contract-{next(_prefixes)}"), credentials=CREDENTIALS)


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 5000])
def test_what_was_put_is_got(store: ObjectStore, content: bytes) -> None:
    store.put(KEY, content)
    assert store.get(KEY) == content
    head = store.head(KEY)
    assert (head.key, head.size) == (KEY, len(content))
    assert abs(utc_now() - head.last_modified) < timedelta(hours=1)
    assert list(store.list()) == [head]


def test_a_key_is_created_once(store: ObjectStore) -> None:
    store.put(KEY, b"first")
    with pytest.raises(ObjectExists):
        store.put(KEY, b"second")
    assert store.get(KEY) == b"first"


def test_a_file_is_put_and_gone(store: ObjectStore) -> None:
    staged = store.staging_path()
    staged.write_bytes(b"content" * 1000)
    store.put_file(KEY, staged)
    assert store.get(KEY) == b"content" * 1000
    assert not staged.exists()


def test_a_file_whose_key_is_taken_stays(store: ObjectStore) -> None:
    store.put(KEY, b"first")
    staged = store.staging_path()
    staged.write_bytes(b"second")
    with pytest.raises(ObjectExists):
        store.put_file(KEY, staged)
    assert (staged.read_bytes(), store.get(KEY)) == (b"second", b"first")
    staged.unlink()


def test_a_file_from_anywhere_may_be_put(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"content")
    store.put_file("a/1", copy_into_staging(store, tmp_path / "elsewhere"))
    store.put_file("a/2", tmp_path / "elsewhere")
    assert store.get("a/1") == store.get("a/2") == b"content"
    assert not (tmp_path / "elsewhere").exists()


def test_ranges_are_exact(store: ObjectStore) -> None:
    store.put(KEY, b"0123456789")
    assert store.get_range(KEY, 2, 3) == b"234"
    assert store.get_range(KEY, 10, 0) == b""
    assert store.get_ranges(KEY, [(8, 2), (0, 1), (5, 0), (0, 10)]) == [b"89", b"0", b"", b"0123456789"]
    assert store.get_ranges(KEY, []) == []


@pytest.mark.parametrize("wanted", [(8, 3), (11, 1)])
def test_a_range_beyond_the_end_is_never_shortened(store: ObjectStore, wanted: tuple[int, int]) -> None:
    store.put(KEY, b"0123456789")
    with pytest.raises(Damaged):
        store.get_range(KEY, *wanted)


def test_what_is_not_there_is_said_so(store: ObjectStore) -> None:
    store.put("packs/there", b"")
    for key in (KEY, "packs"):
        with pytest.raises(NoSuchObject):
            store.get(key)
        with pytest.raises(NoSuchObject):
            store.get_range(key, 0, 1)
        with pytest.raises(NoSuchObject):
            store.head(key)


def test_deleting_is_done_even_when_there_is_nothing(store: ObjectStore) -> None:
    store.put(KEY, b"x")
    store.delete(KEY)
    store.delete(KEY)
    with pytest.raises(NoSuchObject):
        store.get(KEY)
    store.put(KEY, b"y")
    assert store.get(KEY) == b"y"


def test_objects_are_listed_in_order_below_a_folder(store: ObjectStore) -> None:
    for key in ("facts/1/000000000002.json", "facts/1/000000000001.json", "facts/10/000000000001.json", "packs/a"):
        store.put(key, key.encode())
    store.staging_path().unlink(missing_ok=True)
    assert [head.key for head in store.list("facts/1")] == ["facts/1/000000000001.json", "facts/1/000000000002.json"]
    assert [head.size for head in store.list("facts/1/")] == [25, 25]
    assert len(list(store.list())) == 4
    store.put("facts-9/1", b"")
    assert [head.key for head in store.list()] == sorted(head.key for head in store.list())
    assert list(store.list("nothing")) == []


def test_the_local_path_holds_the_object(store: ObjectStore) -> None:
    store.put(KEY, b"content")
    path = store.local_path(KEY)
    assert path is None or path.read_bytes() == b"content"


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.b", ".incoming/a", "A", "a b", "a\0", "ü"]
)
def test_what_is_no_key_is_refused(store: ObjectStore, key: str) -> None:
    with pytest.raises(Invalid):
        store.put(key, b"")
    with pytest.raises(Invalid):
        store.get(key)
    with pytest.raises(Invalid):
        store.local_path(key)


def test_random_keys_differ(store: ObjectStore) -> None:
    keys = {random_key("packs", ".tar") for _ in range(100)}
    assert len(keys) == 100
    for key in list(keys)[:3]:
        store.put(key, b"")
