"""Encrypted objects: what was put is got, ranges work, and nothing but the very object under its key is ever read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from isocenter.kit.errors import Invalid
from isocenter.storage import key_ring
from isocenter.storage.cipher import (
    CHUNK_BYTES,
    HEADER_LENGTH,
    TAG_BYTES,
    data_key_name,
    encrypted_name,
    plain_length,
    stored_length,
)
from isocenter.storage.encrypted_store import EncryptedStore, create_staged, key_for
from isocenter.storage.errors import Damaged, KeyDestroyed, KeyLost, NoSuchObject, ObjectExists, UnknownFormat
from isocenter.storage.key_ring import KeyRing
from isocenter.storage.master_keys import (
    MasterKeys,
    MasterState,
    master_key_path,
    new_master_key,
    read_master_keys,
    write_master_keys,
)
from isocenter.storage.object_store import LocalObjectStore, random_key

KEY = encrypted_name("packs/ab/" + "ab" * 16 + ".tar", 7)
OTHER = encrypted_name("packs/cd/" + "cd" * 16 + ".tar", 7)
CONTENT = bytes(range(256)) * 1000  # 256,000 bytes: four chunks, the last one short
STORED_CHUNK = CHUNK_BYTES + TAG_BYTES


@pytest.fixture
def master(tmp_path: Path) -> Path:
    path = master_key_path(tmp_path)
    write_master_keys(path, [new_master_key(MasterState.CURRENT)])
    return path


@pytest.fixture
def inner(tmp_path: Path) -> LocalObjectStore:
    return LocalObjectStore(tmp_path / "store")


@pytest.fixture
def store(inner: LocalObjectStore, master: Path) -> EncryptedStore:
    return EncryptedStore(inner, KeyRing(inner, MasterKeys(master)), encrypts=True)


@pytest.fixture
def again(inner: LocalObjectStore, master: Path) -> Callable[[], EncryptedStore]:
    """The same store as another process opens it, which remembers nothing."""
    return lambda: EncryptedStore(inner, KeyRing(inner, MasterKeys(master)), encrypts=True)


@pytest.mark.parametrize("length", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, len(CONTENT)])
def test_what_was_put_is_got_and_has_its_length(
    store: EncryptedStore, inner: LocalObjectStore, again: Callable[[], EncryptedStore], length: int
) -> None:
    content = CONTENT[:length]
    store.put(KEY, content)
    assert store.get(KEY) == again().get(KEY) == content
    assert store.head(KEY).size == length
    assert [head.size for head in store.list("packs")] == [length]
    assert inner.head(KEY).size == stored_length(length)
    assert length < 1000 or content[:64] not in inner.get(KEY)


def test_a_file_that_was_staged_encrypted_reads_alike_and_was_never_plain(
    store: EncryptedStore, inner: LocalObjectStore, again: Callable[[], EncryptedStore]
) -> None:
    path = store.staging_path()
    file = create_staged(store, KEY, path)
    for start in range(0, len(CONTENT), 100_001):
        file.write(CONTENT[start : start + 100_001])
    file.close()
    assert CONTENT[:64] not in path.read_bytes()
    store.put_file(KEY, path)
    assert again().get(KEY) == CONTENT
    assert not path.exists()
    staged = store.staging_path()
    staged.write_bytes(CONTENT)
    store.put_file(OTHER, staged)
    assert again().get(OTHER) == CONTENT
    assert not staged.exists()
    assert [head.key.split("/")[0] for head in inner.list()].count("packs") == 2


def test_ranges_are_exact(store: EncryptedStore) -> None:
    store.put(KEY, CONTENT)
    edges = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES - 1, len(CONTENT)]
    ranges = [(start, end - start) for start in edges for end in edges if end >= start]
    assert store.get_ranges(KEY, ranges) == [CONTENT[start : start + length] for start, length in ranges]
    with pytest.raises(Damaged):
        store.get_range(KEY, len(CONTENT) - 1, 2)


def _changed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a bit in the header": lambda data: _changed(data, 50),
    "a bit in the salt": lambda data: _changed(data, 60),
    "a bit in a chunk": lambda data: _changed(data, HEADER_LENGTH + 5),
    "a bit in the last tag": lambda data: _changed(data, len(data) - 1),
    "cut in a chunk": lambda data: data[:-1000],
    "cut behind a chunk": lambda data: data[: HEADER_LENGTH + 3 * STORED_CHUNK],
    "cut to nothing": lambda data: b"",
    "chunks exchanged": lambda data: (
        data[:HEADER_LENGTH]
        + data[HEADER_LENGTH + STORED_CHUNK : HEADER_LENGTH + 2 * STORED_CHUNK]
        + data[HEADER_LENGTH : HEADER_LENGTH + STORED_CHUNK]
        + data[HEADER_LENGTH + 2 * STORED_CHUNK :]
    ),
    "a chunk twice": lambda data: (
        data[: HEADER_LENGTH + STORED_CHUNK] + data[HEADER_LENGTH : HEADER_LENGTH + STORED_CHUNK] * 3
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_changed_is_never_read(
    store: EncryptedStore, inner: LocalObjectStore, again: Callable[[], EncryptedStore], damage: str
) -> None:
    store.put(KEY, CONTENT)
    data = inner.get(KEY)
    inner.delete(KEY)
    inner.put(KEY, DAMAGES[damage](data))
    with pytest.raises(Damaged):
        again().get(KEY)


def test_an_object_under_the_name_of_another_is_never_read(
    store: EncryptedStore, inner: LocalObjectStore, again: Callable[[], EncryptedStore]
) -> None:
    store.put(KEY, CONTENT)
    store.put(OTHER, CONTENT)
    inner.delete(OTHER)
    inner.put(OTHER, inner.get(KEY))
    with pytest.raises(Damaged):
        again().get(OTHER)


def test_a_version_or_algorithm_that_is_not_known_is_refused(
    store: EncryptedStore, inner: LocalObjectStore, again: Callable[[], EncryptedStore]
) -> None:
    store.put(KEY, CONTENT)
    data = inner.get(KEY)
    inner.delete(KEY)
    inner.put(KEY, data.replace(b"aes-256-gcm", b"sm4-gcm\0\0\0\0", 1))
    with pytest.raises(UnknownFormat):
        again().get(KEY)


def test_no_length_of_a_file_is_taken_for_that_of_an_object_that_it_is_not() -> None:
    lengths = {stored_length(plain): plain for plain in (*range(60), *range(CHUNK_BYTES - 20, CHUNK_BYTES + 40))}
    for stored in (*range(HEADER_LENGTH + 60), *range(HEADER_LENGTH + CHUNK_BYTES, HEADER_LENGTH + CHUNK_BYTES + 60)):
        if stored in lengths:
            assert plain_length(stored, KEY) == lengths[stored]
        else:
            with pytest.raises(Damaged):
                plain_length(stored, KEY)


def test_plain_objects_pass_through_with_their_file(store: EncryptedStore, inner: LocalObjectStore) -> None:
    store.put("packs/a.tar", CONTENT)
    path = store.local_path("packs/a.tar")
    assert path is not None
    assert path.read_bytes() == store.get("packs/a.tar") == inner.get("packs/a.tar") == CONTENT
    store.put(KEY, CONTENT)
    assert store.local_path(KEY) is None


def test_new_names_are_encrypted_when_the_store_encrypts(store: EncryptedStore, inner: LocalObjectStore) -> None:
    plain = random_key("packs", ".tar")
    assert key_for(store, plain, 7) == f"{plain}.i7.enc"
    assert key_for(inner, plain, 7) == plain
    assert key_for(EncryptedStore(inner, store.ring, encrypts=False), plain, 7) == plain
    with pytest.raises(Invalid):
        encrypted_name("facts/7/000000000001.json", 7)


def test_deleting_destroys_the_key_so_that_a_copy_is_worth_nothing(
    store: EncryptedStore, inner: LocalObjectStore, again: Callable[[], EncryptedStore]
) -> None:
    store.put(KEY, CONTENT)
    copy = inner.get(KEY)
    store.delete(KEY)
    store.delete(KEY)
    assert not list(inner.list("keys/7/data"))
    inner.put(KEY, copy)
    for one in (store, again()):
        with pytest.raises(KeyDestroyed):
            one.get(KEY)


def test_an_object_that_is_there_keeps_its_key_when_another_of_its_name_is_refused(
    store: EncryptedStore, again: Callable[[], EncryptedStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(KEY, CONTENT)
    with pytest.raises(ObjectExists):
        store.put(KEY, b"other")
    monkeypatch.setattr(key_ring, "RETIRED_AFTER_S", 3600.0)
    store.ring.rotate(7)
    with pytest.raises(ObjectExists):
        store.put(KEY, b"other")
    assert store.get(KEY) == again().get(KEY) == CONTENT


def test_an_object_that_did_not_come_leaves_no_key(
    store: EncryptedStore, inner: LocalObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inner, "put", _only_keys(inner.put))
    with pytest.raises(NoSuchObject):
        store.put(KEY, CONTENT)
    assert not list(inner.list("keys/7/data"))


def _only_keys(put: Callable[[str, bytes], None]) -> Callable[[str, bytes], None]:
    def refusing(key: str, data: bytes) -> None:
        if not key.startswith("keys/"):
            raise NoSuchObject("planned")
        put(key, data)

    return refusing


def test_rotating_wraps_every_key_anew_and_lets_the_old_version_go(
    store: EncryptedStore, inner: LocalObjectStore, again: Callable[[], EncryptedStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(KEY, CONTENT)
    assert store.ring.rotate(7) == 2
    store.put(OTHER, b"new")
    assert store.ring.rewrap(7) == 1
    assert store.ring.rewrap(7) == 0
    assert [one.version for one in store.ring.institution_keys(7)] == [1, 2]  # somebody may still be wrapping with it
    monkeypatch.setattr(key_ring, "RETIRED_AFTER_S", 0.0)
    store.ring.rewrap(7)
    assert [one.version for one in store.ring.institution_keys(7)] == [2]
    assert {head.key.split(".")[1] for head in inner.list("keys/7/data")} == {"0002"}
    assert (again().get(KEY), again().get(OTHER)) == (CONTENT, b"new")


def test_an_interrupted_re_wrapping_is_finished(store: EncryptedStore, inner: LocalObjectStore) -> None:
    store.put(KEY, CONTENT)
    [old] = [head.key for head in inner.list("keys/7/data")]
    data = inner.get(old)
    store.ring.rotate(7)
    store.ring.rewrap(7)
    inner.put(old, data)
    assert store.ring.rewrap(7) == 1
    assert [head.key for head in inner.list("keys/7/data")] == [old.replace(".0001.", ".0002.")]


def test_a_new_master_key_wraps_the_institutions_keys_and_nothing_else(
    store: EncryptedStore, master: Path, again: Callable[[], EncryptedStore], inner: LocalObjectStore
) -> None:
    store.put(KEY, CONTENT)
    before = [head.key for head in inner.list("keys/7/data")]
    [old] = read_master_keys(master)
    fresh = new_master_key(MasterState.CURRENT)
    write_master_keys(master, [type(old)(old.key_id, MasterState.FORMER, old.secret), fresh])
    assert store.ring.rewrap_institution(7) == 1
    assert store.ring.rewrap_institution(7) == 0
    write_master_keys(master, [fresh])
    assert again().get(KEY) == CONTENT
    assert [head.key for head in inner.list("keys/7/data")] == before


def test_a_lost_master_key_is_a_clear_refusal_that_loses_nothing(
    store: EncryptedStore, master: Path, again: Callable[[], EncryptedStore], inner: LocalObjectStore
) -> None:
    store.put(KEY, CONTENT)
    kept = master.read_bytes()
    write_master_keys(master, [new_master_key(MasterState.CURRENT)])
    with pytest.raises(KeyLost, match="another version"):
        again().get(KEY)
    with pytest.raises(KeyLost):
        again().put(OTHER, b"new")
    master.unlink()
    with pytest.raises(KeyLost, match=r"put secrets/master\.key back"):
        again().get(KEY)
    master.write_text("current 0000000000000000 not hex\n")
    with pytest.raises(Invalid, match="damaged"):
        again().get(KEY)
    assert [head.key for head in inner.list("packs")] == [KEY]
    master.write_bytes(kept)
    assert again().get(KEY) == CONTENT


def test_a_key_object_that_was_changed_or_exchanged_is_not_used(
    store: EncryptedStore, inner: LocalObjectStore, again: Callable[[], EncryptedStore]
) -> None:
    store.put(KEY, CONTENT)
    store.put(OTHER, CONTENT)
    places = {head.key: inner.get(head.key) for head in inner.list("keys/7/data")}
    one, other = sorted(places)
    inner.delete(one)
    inner.put(one, places[other])
    with pytest.raises(Damaged):
        again().get(KEY)
    inner.delete(one)
    inner.put(one, places[one].replace(b'"institution_id":7', b'"institution_id":8'))
    with pytest.raises(Damaged):
        again().get(KEY)
    assert data_key_name(KEY).key_id.hex() in one
