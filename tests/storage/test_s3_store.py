"""The S3 driver against a real Swift, on good days and on bad ones (reliability row F08)."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.storage import fault_proxy as faults
from tests.storage.fault_proxy import FaultProxy, fault_proxy
from tests.storage.swift import CREDENTIALS, Swift, store_url

from isocenter.storage import s3_store
from isocenter.storage.credentials import StoreCredentials
from isocenter.storage.drivers import open_store
from isocenter.storage.errors import Damaged, NoSuchObject, ObjectExists, StorageFull, StoreAway
from isocenter.storage.object_store import ObjectStore

KEY = "packs/ab/abcdef.tar"
_prefixes = itertools.count()


@pytest.fixture
def prefix() -> str:
    """A folder of the bucket for one test."""
    return f"faults-{next(_prefixes)}"


@pytest.fixture
def proxy(swift: Swift) -> Iterator[FaultProxy]:
    """Between the driver and Swift."""
    with fault_proxy(swift.port) as made:
        yield made


@pytest.fixture
def store(proxy: FaultProxy, prefix: str) -> ObjectStore:
    """The driver, through the proxy."""
    return open_store(store_url(proxy.endpoint, prefix), credentials=CREDENTIALS)


@pytest.fixture
def behind(swift: Swift, prefix: str) -> ObjectStore:
    """The same folder, past the proxy."""
    return open_store(swift.url(prefix), credentials=CREDENTIALS)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once, and parts are small."""
    monkeypatch.setattr(s3_store, "_PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr(s3_store, "PART_BYTES", 64 << 10)


@pytest.mark.parametrize("fault", [faults.status(500), faults.status(503), faults.hang_up, faults.lost_answer])
def test_a_put_that_fails_once_is_put_again(
    store: ObjectStore, behind: ObjectStore, proxy: FaultProxy, fault: faults.Fault
) -> None:
    proxy.faults = [("PUT", fault)]
    store.put(KEY, b"content")
    assert behind.get(KEY) == b"content"


def test_a_store_that_lies_is_not_believed(store: ObjectStore, behind: ObjectStore, proxy: FaultProxy) -> None:
    proxy.faults = [("PUT", faults.lie)]
    store.put(KEY, b"content")
    assert behind.get(KEY) == b"content"
    proxy.faults = [("PUT", faults.lie)] * s3_store.TRIES
    with pytest.raises(StoreAway) as away:
        store.put("packs/other", b"content")
    assert away.value.fields["cause"] == "not-stored"


def test_other_bytes_than_ours_are_no_success(store: ObjectStore, behind: ObjectStore, proxy: FaultProxy) -> None:
    """The store damaged them, or another writer's request overlapped: Swift tells both that they won."""
    proxy.faults = [("PUT", faults.instead(lambda: behind.put(KEY, b"other 7"), faults.lie))]
    with pytest.raises(ObjectExists) as taken:
        store.put(KEY, b"content")
    assert taken.value.fields["cause"] == "other-bytes"
    assert behind.get(KEY) == b"other 7"


def test_what_another_stored_while_we_were_not_answered_stays(
    store: ObjectStore, behind: ObjectStore, proxy: FaultProxy
) -> None:
    proxy.faults = [("PUT", faults.instead(lambda: behind.put(KEY, b"theirs"), faults.status(500)))]
    with pytest.raises(ObjectExists):
        store.put(KEY, b"ours")
    assert behind.get(KEY) == b"theirs"


def test_a_silent_store_is_given_up(prefix: str, proxy: FaultProxy) -> None:
    store = open_store(store_url(proxy.endpoint, prefix, timeout="0.2"), credentials=CREDENTIALS)
    proxy.faults = [("PUT", faults.silence)] * 9 + [("GET", faults.silence)] * 9
    for ask in (lambda: store.put(KEY, b"x"), lambda: store.get(KEY)):
        with pytest.raises(StoreAway) as away:
            ask()
        assert away.value.fields["cause"] == "time-out"
    assert proxy.asked.count("PUT") == s3_store.TRIES
    assert 1 < proxy.asked.count("GET") <= 4


def test_nobody_at_the_endpoint_is_said_so(prefix: str) -> None:
    with fault_proxy(0) as closed:
        endpoint = closed.endpoint
    store = open_store(store_url(endpoint, prefix, timeout="0.1"), credentials=CREDENTIALS)
    for ask in (lambda: store.put(KEY, b"x"), lambda: store.get(KEY)):
        with pytest.raises(StoreAway) as away:
            ask()
        assert away.value.fields["cause"] == "unreachable"


@pytest.mark.parametrize("fault", [faults.status(500), faults.hang_up, faults.cut, faults.flip])
def test_a_reading_that_fails_once_is_read_again(
    store: ObjectStore, behind: ObjectStore, proxy: FaultProxy, fault: faults.Fault
) -> None:
    behind.put(KEY, os.urandom(50_000))
    proxy.faults = [("GET", fault)]
    assert store.get(KEY) == behind.get(KEY)


def test_what_is_damaged_twice_is_damaged(store: ObjectStore, behind: ObjectStore, proxy: FaultProxy) -> None:
    behind.put(KEY, b"content")
    proxy.faults = [("GET", faults.flip)] * 2
    with pytest.raises(Damaged):
        store.get(KEY)


def test_a_range_whose_line_ends_is_read_again(store: ObjectStore, behind: ObjectStore, proxy: FaultProxy) -> None:
    data = os.urandom(50_000)
    behind.put(KEY, data)
    proxy.faults = [("GET", faults.cut)]
    assert store.get_range(KEY, 100, 40_000) == data[100:40_100]


def test_a_large_file_goes_in_parts_and_is_compared(
    store: ObjectStore, behind: ObjectStore, proxy: FaultProxy, tmp_path: Path
) -> None:
    data = os.urandom(300_000)
    staged = tmp_path / "pack"
    staged.write_bytes(data)
    proxy.faults = [("PUT", faults.status(500)), ("PUT", faults.hang_up)]
    store.put_file(KEY, staged)
    assert proxy.asked.count("PUT") == 5 + 2
    assert (behind.get(KEY), staged.exists()) == (data, False)
    staged.write_bytes(data)
    with pytest.raises(ObjectExists):
        store.put_file(KEY, staged)
    assert staged.exists()


def test_an_upload_whose_end_was_not_answered_is_recognised(
    store: ObjectStore, behind: ObjectStore, proxy: FaultProxy, tmp_path: Path
) -> None:
    data = os.urandom(200_000)
    staged = tmp_path / "pack"
    staged.write_bytes(data)
    proxy.faults = [
        ("POST", faults.passes),
        ("POST", faults.lost_answer),
    ]  # the first begins the upload, the other ends it
    store.put_file(KEY, staged)
    assert behind.get(KEY) == data


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (faults.status(507), StorageFull),
        (faults.status(403, b"<Error><Code>QuotaExceeded</Code></Error>"), StorageFull),
        (faults.status(403, b"<Error><Code>AccessDenied</Code></Error>"), StoreAway),
        (faults.status(404, b"<Error><Code>NoSuchBucket</Code></Error>"), StoreAway),
        (faults.status(404, b"<html>nginx</html>"), StoreAway),
        (faults.status(404, b"<Error><Code>NoSuchKey</Code></Error>"), NoSuchObject),
    ],
)
def test_errors_are_told_apart(
    store: ObjectStore, proxy: FaultProxy, answer: faults.Fault, error: type[Exception]
) -> None:
    proxy.faults = [("GET", answer)] * 4
    with pytest.raises(error):
        store.get(KEY)


def test_a_bucket_that_is_not_there_is_no_missing_object(swift: Swift) -> None:
    store = open_store(swift.url().replace("s3://isocenter", "s3://another"), credentials=CREDENTIALS)
    for ask in (
        lambda: store.head(KEY),
        lambda: store.get(KEY),
        lambda: store.put(KEY, b""),
        lambda: list(store.list()),
    ):
        with pytest.raises(StoreAway) as away:
            ask()
        assert away.value.fields["cause"] == "no-bucket"


def test_wrong_credentials_are_said_so_and_never_repeated(swift: Swift) -> None:
    store = open_store(swift.url(), credentials=StoreCredentials("test:tester", "planted-secret"))
    for ask in (
        lambda: store.get(KEY),
        lambda: store.head(KEY),
        lambda: store.put(KEY, b""),
        lambda: list(store.list()),
    ):
        with pytest.raises(StoreAway) as away:
            ask()
        assert away.value.fields["cause"] == "refused"
    assert "planted-secret" not in repr(away.value) + str(away.value) + repr(StoreCredentials("a", "planted-secret"))


@pytest.mark.parametrize("options", [{"etag": "opaque"}, {"create": "check"}])
def test_stores_that_can_less(proxy: FaultProxy, behind: ObjectStore, prefix: str, options: dict[str, str]) -> None:
    store = open_store(store_url(proxy.endpoint, prefix, **options), credentials=CREDENTIALS)
    store.put(KEY, b"content")
    with pytest.raises(ObjectExists):
        store.put(KEY, b"second")
    proxy.faults = [("PUT", faults.lie)]
    store.put("packs/2", b"content")
    assert behind.get(KEY) == behind.get("packs/2") == b"content"


def test_of_racing_writers_with_one_lock_one_wins(swift: Swift, prefix: str) -> None:
    lock = threading.Lock()
    stores = [
        open_store(swift.url(prefix), credentials=CREDENTIALS, exclusively=lambda _: lock_as_context(lock))
        for _ in range(4)
    ]
    won: list[int] = []
    lost: list[int] = []

    def race(number: int) -> None:
        try:
            stores[number].put(KEY, b"writer %d" % number)
            won.append(number)
        except ObjectExists:
            lost.append(number)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(won), len(lost)) == (1, 3)
    assert stores[0].get(KEY) == b"writer %d" % won[0]


@contextmanager
def lock_as_context(lock: threading.Lock) -> Iterator[None]:
    with lock:
        yield


def test_who_was_overtaken_while_it_settled_has_lost(proxy: FaultProxy, behind: ObjectStore, prefix: str) -> None:
    """As Swift does with two requests that overlap: both are told 200, the later one stays."""
    store = open_store(store_url(proxy.endpoint, prefix, create="settle"), credentials=CREDENTIALS)
    store._settling_s = 0.01

    def overtake() -> None:
        behind.delete(KEY)
        behind.put(KEY, b"theirs")

    proxy.faults = [("HEAD", faults.passes), ("HEAD", faults.instead(overtake, faults.passes))]
    with pytest.raises(ObjectExists):
        store.put(KEY, b"ours")
    assert behind.get(KEY) == b"theirs"


def test_the_order_of_a_listing_is_that_of_the_keys(behind: ObjectStore) -> None:
    for name in ("b/1", "a-b/1", "a/b", "a.b"):
        behind.put(name, b"")
    assert [head.key for head in behind.list()] == ["a-b/1", "a.b", "a/b", "b/1"]


def test_a_store_that_only_fails_is_given_up(store: ObjectStore, proxy: FaultProxy) -> None:
    proxy.faults = [("PUT", faults.status(500))] * 20 + [("GET", faults.status(500))] * 20
    for ask in (lambda: store.put(KEY, b"x"), lambda: store.get(KEY)):
        with pytest.raises(StoreAway):
            ask()
    assert len(proxy.faults) >= 20 + 20 - s3_store.TRIES - 4
