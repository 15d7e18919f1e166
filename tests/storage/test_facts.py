"""The fact log: in order, without gaps, by us."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from isocenter.kit.errors import Invalid
from isocenter.storage.errors import ForgedFact
from isocenter.storage.facts import FactLog, make_key_file, read_key_file
from isocenter.storage.object_store import ObjectStore, RemoteObjectStore


@pytest.fixture
def store() -> ObjectStore:
    """A store in memory."""
    return RemoteObjectStore(MemoryStore())


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A node's key."""
    make_key_file(tmp_path / "secrets" / "facts.key")
    return tmp_path / "secrets" / "facts.key"


@pytest.fixture
def log(store: ObjectStore, key_file: Path) -> FactLog:
    """The log of institution 7 with three facts."""
    log = FactLog(store, 7, key_file)
    for number in (1, 2, 3):
        log.append({"kind": "study-erased", "study_instance_uid": f"1.2.{number}"})
    return log


def replaced(store: ObjectStore, sequence: int, data: bytes) -> None:
    key = f"facts/7/{sequence:012d}.json"
    store.delete(key)
    store.put(key, data)


def test_facts_come_back_in_order(log: FactLog) -> None:
    facts = list(log.facts())
    assert [(fact.sequence, fact.content["study_instance_uid"]) for fact in facts] == [
        (1, "1.2.1"),
        (2, "1.2.2"),
        (3, "1.2.3"),
    ]
    assert all(fact.at.utcoffset() is not None for fact in facts)


def test_another_writer_goes_on_where_the_first_stopped(store: ObjectStore, key_file: Path, log: FactLog) -> None:
    FactLog(store, 7, key_file).append({"kind": "hold"})
    log.append({"kind": "release"})
    assert [fact.sequence for fact in log.facts()] == [1, 2, 3, 4, 5]


def test_many_writers_never_take_the_same_place(store: ObjectStore, key_file: Path) -> None:
    logs = [FactLog(store, 7, key_file) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda log: [log.append({"n": number}) for number in range(10)], logs))
    assert len(list(logs[0].facts())) == 40


def test_appending_reads_one_fact_however_long_the_log_is(
    store: ObjectStore, key_file: Path, log: FactLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = store.get
    monkeypatch.setattr(store, "get", lambda key: (read.append(key), real(key))[1])
    assert FactLog(store, 7, key_file).append({"kind": "hold"}).sequence == 4
    assert [key for key in read if key < "facts/7/000000000004.json"] == ["facts/7/000000000003.json"]


def test_an_older_list_than_the_store_is_no_obstacle(
    store: ObjectStore, key_file: Path, log: FactLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = list(store.list("facts/7"))[:2]
    monkeypatch.setattr(store, "list", lambda prefix="": iter(old))
    assert FactLog(store, 7, key_file).append({"kind": "hold"}).sequence == 4


def test_nothing_is_appended_behind_a_gap(store: ObjectStore, key_file: Path, log: FactLog) -> None:
    store.delete("facts/7/000000000002.json")
    with pytest.raises(ForgedFact, match="missing"):
        FactLog(store, 7, key_file).append({"kind": "hold"})


def test_institutions_have_logs_of_their_own(store: ObjectStore, key_file: Path, log: FactLog) -> None:
    assert FactLog(store, 70, key_file).append({}).sequence == 1
    assert len(list(log.facts())) == 3


def test_a_gap_is_said_so(store: ObjectStore, log: FactLog) -> None:
    store.delete("facts/7/000000000002.json")
    with pytest.raises(ForgedFact, match="missing"):
        list(log.facts())


def test_a_changed_fact_is_said_so(store: ObjectStore, log: FactLog) -> None:
    data = store.get("facts/7/000000000002.json")
    replaced(store, 2, data.replace(b"1.2.2", b"1.2.9"))
    with pytest.raises(ForgedFact, match="signature"):
        list(log.facts())


def test_a_fact_in_anothers_place_is_said_so(store: ObjectStore, log: FactLog) -> None:
    replaced(store, 2, store.get("facts/7/000000000001.json"))
    with pytest.raises(ForgedFact, match="place"):
        list(log.facts())


def test_a_fact_of_another_history_is_said_so(store: ObjectStore, key_file: Path, log: FactLog) -> None:
    other = RemoteObjectStore(MemoryStore())
    elsewhere = FactLog(other, 7, key_file)
    for number in (5, 6):
        elsewhere.append({"n": number})
    replaced(store, 2, other.get("facts/7/000000000002.json"))
    with pytest.raises(ForgedFact, match="follow"):
        list(log.facts())


def test_a_fact_signed_by_a_stranger_is_refused(
    store: ObjectStore, log: FactLog, key_file: Path, tmp_path: Path
) -> None:
    make_key_file(tmp_path / "other.key")
    with pytest.raises(ForgedFact):
        list(FactLog(store, 7, tmp_path / "other.key").facts())
    trusting = FactLog(store, 7, tmp_path / "other.key", trusted_key_files=[key_file])
    trusting.append({"kind": "hold"})
    assert len(list(trusting.facts())) == 4


@pytest.mark.parametrize("data", [b"", b"{}", b"{}\nhmac-sha256", b"{}\nnone x y\n", b"\xff\xff\nhmac-sha256 \xff a\n"])
def test_nonsense_is_refused(store: ObjectStore, log: FactLog, data: bytes) -> None:
    replaced(store, 1, data)
    with pytest.raises(ForgedFact):
        list(log.facts())


def test_facts_may_hold_any_text(log: FactLog) -> None:
    log.append({"reason": "误传\nzweite Zeile"})
    assert list(log.facts())[-1].content == {"reason": "误传\nzweite Zeile"}


def test_a_key_file_is_made_once_and_for_its_owner_only(key_file: Path, tmp_path: Path) -> None:
    key = read_key_file(key_file)
    make_key_file(key_file)
    assert read_key_file(key_file) == key
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    (tmp_path / "bad").write_text("00ff")
    for path in (tmp_path / "bad", tmp_path / "none"):
        with pytest.raises(Invalid):
            read_key_file(path)
