"""The bench itself: its data, its arithmetic, and one small run of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pydicom
import pytest
from bench.data import CT, MR, digest_of, folder_of, load, renamed, uid
from bench.ingest import Run, Size, markdown, measure, summarize

from bench import ingest, servers


def a_run(server: str, scene: str = "ct1", *, seconds: float = 1.0, cpu: float = 0.1, failure: str = "") -> Run:
    return Run(server, scene, 0, instances=100, megabytes=50, seconds=seconds, server_cpu_seconds=cpu, failure=failure)


def test_medians_and_ranges_are_over_the_repeats_and_the_ratio_is_to_orthanc_in_the_same_run() -> None:
    ours = [a_run("isocenter", seconds=seconds) for seconds in (1.0, 0.5, 0.25)]
    peer = [a_run("orthanc", seconds=seconds) for seconds in (2.0, 2.5, 2.0)]

    first, second = summarize([*ours, *peer])

    assert (first.megabytes_per_second, first.lowest, first.highest) == (100, 50, 200)
    assert first.cpu_ms == 1.0
    assert first.times_orthanc == 4.0
    assert second.times_orthanc == 1.0


def test_a_run_that_failed_is_counted_and_not_averaged() -> None:
    only = summarize([a_run("isocenter"), a_run("isocenter", failure="refused")])[0]

    assert (only.repeats, only.failures, only.megabytes_per_second) == (1, 1, 50)


def test_the_table_has_a_row_per_server_and_a_column_per_scene() -> None:
    table = markdown(summarize([a_run("isocenter"), a_run("orthanc", seconds=4), a_run("isocenter", "mr4")]))

    assert table.count("\n") == 4
    assert "CT ×1, MB/s | MR ×4, MB/s" in table
    assert "50 (50–50) = 4.0×" in table


def test_uids_can_be_patched_in_place() -> None:
    assert {len(uid(number)) for number in range(1000)} == {44}
    assert uid("a", 1) == uid("a", 1) != uid("a", 2)


@pytest.mark.parametrize(("kind", "length"), [(CT, 530_000), (MR, 34_000)])
def test_objects_are_readable_and_as_large_as_the_real_ones(kind: ingest.Kind, length: int, tmp_path: Path) -> None:
    folder = folder_of(kind, 1, 2, cache=tmp_path)

    for instance, path in zip(load([folder]), sorted(folder.rglob("*.dcm")), strict=True):
        header = pydicom.dcmread(path)
        assert abs(instance.length - length) < 2000
        assert header.pixel_array.shape == (kind.side, kind.side)
        assert instance.sop_instance_uid == header.SOPInstanceUID


def test_a_renamed_object_differs_in_its_uids_only(tmp_path: Path) -> None:
    one = load([folder_of(MR, 1, 1, cache=tmp_path)])[0]
    other = renamed(one, "again")

    whole = b"".join(other.data_set)
    for keyword in ("study_instance_uid", "series_instance_uid", "sop_instance_uid"):
        assert getattr(one, keyword) != getattr(other, keyword)
        whole = whole.replace(getattr(other, keyword).encode(), getattr(one, keyword).encode())
    assert digest_of([whole]) == one.digest()


def test_a_small_run_measures_the_limit_and_us() -> None:
    wanted = [server for server in servers.SERVERS if server.name in ("limit-null", "isocenter")]

    runs = measure(wanted, ingest.SCENES[:1], repeats=1, size=Size(ct=(1, 8), mr=(1, 8)), say=lambda _: None)

    assert [run.failure for run in runs] == ["", ""]
    assert all(run.megabytes_per_second > 0 for run in runs)


@pytest.mark.skipif(
    shutil.which("Orthanc", path="/usr/sbin:/usr/bin") is None, reason="Debian package orthanc is not installed"
)
def test_a_small_run_measures_orthanc() -> None:
    runs = measure([servers.ORTHANC], ingest.SCENES[:1], repeats=1, size=Size(ct=(1, 8), mr=(1, 8)), say=lambda _: None)

    assert [run.failure for run in runs] == [""]
    assert runs[0].cpu_ms > 0
