"""The capacity model: its page is current, it grows as regions do, and its units are right."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench.capacity import KINDS, MEASURED, REGION, TEN_TIMES, in_bytes, in_millions, need_of, tables

from bench import capacity


def test_the_page_says_what_the_model_says() -> None:
    assert tables((REGION, TEN_TIMES)) in capacity.PAGE.read_text()


def test_a_region_by_hand() -> None:
    """Shares add up to one; objects, bytes and cores as on paper."""
    assert sum(kind.share for kind in KINDS) == pytest.approx(1)
    need = need_of(REGION)
    assert need.objects == pytest.approx(1.57e6 * (150 + 36 + 0.8 + 6 + 0.08 + 1.2))
    assert need.peak_mb_s == 750
    objects_ms, megabytes_ms = MEASURED.ingest_ms_per_object, MEASURED.ingest_ms_per_mb
    assert objects_ms + 0.53 * megabytes_ms == pytest.approx(2.70)
    assert need.ingest_cores == pytest.approx((need.peak_objects_s * objects_ms + 750 * megabytes_ms) / 600)
    assert need.packed_bytes < need.received_bytes / 2


def test_ten_times_the_region_needs_ten_times_as_much() -> None:
    one, ten = need_of(REGION), need_of(TEN_TIMES)
    for name in ("objects", "packed_bytes", "index_bytes", "ingest_cores", "read_cores", "hot_bytes", "line_mbit"):
        assert getattr(ten, name) == pytest.approx(10 * getattr(one, name)), name


def test_fewer_copies_and_years_are_fewer_bytes() -> None:
    less = need_of(replace(REGION, copies=1, years=5))
    assert less.all_packed_bytes == pytest.approx(need_of(REGION).all_packed_bytes / 9)


@pytest.mark.parametrize(
    ("value", "said"),
    [(1.2e6, "1.20 MB"), (999e6, "999 MB"), (1e9, "1.00 GB"), (3.45e15, "3.45 PB"), (4e18, "4000 PB")],
)
def test_bytes_are_readable(value: float, said: str) -> None:
    assert in_bytes(value) == said


def test_counts_are_readable() -> None:
    assert (in_millions(1.57e6), in_millions(3.05e9)) == ("1.57 million", "3.05 billion")
