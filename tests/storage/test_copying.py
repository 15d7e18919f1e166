"""Copies between stores: proven by reading back, finished after an interruption, never wrong in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from blake3 import blake3

from isocenter.storage import copying
from isocenter.storage.copying import Content, Pace, UnsoundSource, content_of, copy_object
from isocenter.storage.drivers import open_store
from isocenter.storage.errors import Damaged, NoSuchObject
from isocenter.storage.object_store import LocalObjectStore, ObjectStore

KEY = "packs/ab/abcdef.tar"
DATA = bytes(range(256)) * 40
CONTENT = Content(len(DATA), blake3(DATA).digest())


@pytest.fixture(params=["local", "remote"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return LocalObjectStore(tmp_path / "target") if request.param == "local" else open_store("memory:///")


@pytest.fixture(params=["local", "remote"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return LocalObjectStore(tmp_path / "source") if request.param == "local" else open_store("memory:///")


def test_a_copy_is_the_same_and_says_what_it_is(
    source: ObjectStore, target: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PIECE", 1000)
    source.put(KEY, DATA)
    assert content_of(source, KEY) == CONTENT
    assert copy_object(source, target, KEY, CONTENT) == CONTENT
    assert target.get(KEY) == source.get(KEY) == DATA


@pytest.mark.parametrize("left_over", [DATA, DATA[:100], b""])
def test_what_an_interrupted_copy_left_is_finished(source: ObjectStore, target: ObjectStore, left_over: bytes) -> None:
    source.put(KEY, DATA)
    target.put(KEY, left_over)
    assert copy_object(source, target, KEY) == CONTENT
    assert target.get(KEY) == DATA


def test_a_source_that_is_not_as_expected_is_not_copied(source: ObjectStore, target: ObjectStore) -> None:
    source.put(KEY, b"rotten" + DATA[6:])
    with pytest.raises(UnsoundSource):
        copy_object(source, target, KEY, CONTENT)
    with pytest.raises(NoSuchObject):
        target.head(KEY)
    with pytest.raises(NoSuchObject):
        copy_object(source, target, "packs/ab/nothing.tar")


def test_a_store_that_keeps_other_bytes_is_found_out(source: ObjectStore, tmp_path: Path) -> None:
    class Forgetful(LocalObjectStore):
        def put_file(self, key: str, path: Path) -> None:
            path.write_bytes(path.read_bytes()[:-1] + b"?")
            super().put_file(key, path)

    source.put(KEY, DATA)
    target = Forgetful(tmp_path / "forgetful")
    with pytest.raises(Damaged, match="reads back otherwise"):
        copy_object(source, target, KEY)
    with pytest.raises(NoSuchObject):
        target.head(KEY)
    assert list((tmp_path / "forgetful" / ".incoming").iterdir()) == []


def test_a_pace_holds_a_stream_to_its_rate() -> None:
    now, waits = [0.0], []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    pace = Pace(100, clock=lambda: now[0], wait=wait)
    for _ in range(10):
        pace.spend(50)
    assert sum(waits) == pytest.approx(5.0)
    Pace(0, clock=lambda: now[0], wait=wait).spend(1 << 40)
    assert len(waits) == 10
