"""How much hardware a region needs: a model of measured constants, and the tables of docs/capacity.md.

    python -m bench.capacity            prints the tables
    python -m bench.capacity --docs     writes them into docs/capacity.md

Everything assumed is in `REGION` and `KINDS`, everything measured in `MEASURED`, each with where it was measured.
Change them to your own and run it again; a test holds that the page says what the model says.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Final

PAGE = Path(__file__).parents[1] / "docs" / "capacity.md"
YEAR_S: Final = 365 * 86400
MB: Final = 1e6


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of examination. share: of all; megabytes: of one object; packed: received bytes per sealed byte."""

    name: str
    share: float
    objects: int
    megabytes: float
    packed: float


KINDS: Final = (
    Kind("CT", 0.25, 600, 0.53, 2.37),
    Kind("MR", 0.06, 600, 0.20, 2.2),
    Kind("X-ray", 0.40, 2, 12.0, 2.5),
    Kind("ultrasound", 0.24, 25, 0.9, 1.0),
    Kind("mammography", 0.02, 4, 40.0, 2.5),
    Kind("other", 0.03, 40, 1.5, 1.2),
)
"""Assumed: the mix of a county region. CT's ratio is measured (bench sealing); lossy ultrasound stays as it came."""


@dataclass(frozen=True, slots=True)
class Region:
    """What is asked of it. exams: in a year; peak_gbit: upload that must be taken without waiting."""

    name: str
    hospitals: int
    centres: int
    exams: float
    peak_gbit: float
    years: int = 15
    copies: int = 3
    """Of every pack: hot, cold, second site."""
    working_days: int = 300
    busiest_day: float = 1.6
    """Times an average working day."""
    busiest_hour: float = 0.15
    """Share of a day."""
    hot_days: int = 7
    """ISOCENTER_HOT_CACHE_FOR."""
    looked_at: float = 3.0
    """Times that an examination is opened whole: reading, comparison, ward."""
    audit_events: float = 40.0
    """For each examination, over its life in the index."""
    people: int = 4000
    busy: float = 0.6
    """How far a core, a disk or a line is planned to be used."""


REGION: Final = Region("The region", 12, 168, 1.57e6, 6.0)
TEN_TIMES: Final = replace(
    REGION, name="Ten times", hospitals=120, centres=1680, exams=15.7e6, peak_gbit=60.0, people=40000
)


@dataclass(frozen=True, slots=True)
class Constants:
    """Measured on two cores of the bench machine, see docs/performance.md (2026-11-22) unless said otherwise."""

    ct_mb: float = 0.53
    ct_ms: float = 2.70
    """Processor time of the whole server for a CT object: `bench ingest`."""
    mr_mb: float = 0.034
    mr_ms: float = 1.38
    """… and for an MR object."""
    seal_ms_per_mb: float = 11.3 / 0.53
    """`bench sealing`."""
    frame_ms: float = 0.96
    """One frame with rights and trail: `bench region`."""
    crowd_cores: float = 0.71
    crowd_people: int = 1000
    """A thousand signed-in people at their lists: `bench region`."""
    index_instance_bytes: float = 101.0
    index_study_bytes: float = 3300.0
    """Of sealed studies with all indexes: `bench query`."""
    audit_event_bytes: float = 724.0
    """`bench.audit`."""
    node_mb_s: float = 210.0
    """Ingest of one node of two cores by four senders, the senders beside it: `bench ingest`."""
    copy_row_bytes: float = 250.0
    """A row of object_copy with its indexes; estimated from its columns."""
    packs_per_study: float = 1.15
    """Late instances make a second pack until it is merged; estimated."""

    @property
    def ingest_ms_per_mb(self) -> float:
        """What each megabyte costs."""
        return (self.ct_ms - self.mr_ms) / (self.ct_mb - self.mr_mb)

    @property
    def ingest_ms_per_object(self) -> float:
        """What each object costs, whatever its size."""
        return self.mr_ms - self.mr_mb * self.ingest_ms_per_mb


MEASURED: Final = Constants()


@dataclass(frozen=True, slots=True)
class Need:
    """What a region needs. Bytes of a year unless said otherwise; cores at the planned use."""

    objects: float
    received_bytes: float
    packed_bytes: float
    packs: float
    day_bytes: float
    peak_mb_s: float
    peak_objects_s: float
    ingest_cores: float
    seal_cores: float
    read_cores: float
    people_cores: float
    hot_bytes: float
    index_bytes: float
    audit_bytes: float
    all_packed_bytes: float
    all_packs: float
    all_index_bytes: float
    listeners: int
    line_mbit: float


def mean(values: Sequence[tuple[float, float]]) -> float:
    """Sum of weighted values."""
    return sum(weight * value for weight, value in values)


def need_of(region: Region, measured: Constants = MEASURED) -> Need:
    """The model."""
    objects = region.exams * mean([(kind.share, kind.objects) for kind in KINDS])
    received = region.exams * mean([(kind.share, kind.objects * kind.megabytes * MB) for kind in KINDS])
    packed = region.exams * mean([(kind.share, kind.objects * kind.megabytes * MB / kind.packed) for kind in KINDS])
    day = received / region.working_days * region.busiest_day
    peak = region.peak_gbit * 1e9 / 8 / MB
    peak_objects = peak / (received / MB / objects)
    packs = region.exams * measured.packs_per_study
    index = _index_bytes(region, measured, objects, packs)
    audit = region.exams * region.audit_events * measured.audit_event_bytes
    return Need(
        objects=objects,
        received_bytes=received,
        packed_bytes=packed,
        packs=packs,
        day_bytes=day,
        peak_mb_s=peak,
        peak_objects_s=peak_objects,
        ingest_cores=_cores(peak_objects * measured.ingest_ms_per_object + peak * measured.ingest_ms_per_mb, region),
        seal_cores=_cores(day / MB * measured.seal_ms_per_mb / 86400, region),
        read_cores=_reading(region, measured, objects),
        people_cores=_cores(1000 * measured.crowd_cores * region.people / measured.crowd_people, region),
        hot_bytes=day * region.hot_days,
        index_bytes=index,
        audit_bytes=audit,
        all_packed_bytes=packed * region.years * region.copies,
        all_packs=packs * region.years * region.copies,
        all_index_bytes=index * region.years + audit,
        listeners=ceil(peak / measured.node_mb_s) + 1,
        line_mbit=_line_mbit(region, packed + received),
    )


def _index_bytes(region: Region, measured: Constants, objects: float, packs: float) -> float:
    of_studies = objects * measured.index_instance_bytes + region.exams * measured.index_study_bytes
    return of_studies + packs * region.copies * measured.copy_row_bytes


def _line_mbit(region: Region, year_bytes: float) -> float:
    """What crosses to the second site in the busiest hour of the busiest day."""
    return year_bytes / region.working_days * region.busiest_day * region.busiest_hour * 8 / 3600 / MB


def _cores(ms_per_second: float, region: Region) -> float:
    return ms_per_second / 1000 / region.busy


def _reading(region: Region, measured: Constants, objects: float) -> float:
    """Every object looked at so often, in the busiest hour of the busiest day."""
    in_hour = objects * region.looked_at / region.working_days * region.busiest_day * region.busiest_hour
    return _cores(in_hour * measured.frame_ms / 3600, region)


def in_bytes(value: float) -> str:
    """Three figures and a unit."""
    for unit in ("MB", "GB", "TB", "PB"):
        value /= 1000 if unit != "MB" else MB
        if value < 1000 or unit == "PB":
            return f"{_figures(value)} {unit}"
    raise AssertionError


def _figures(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def in_millions(value: float) -> str:
    """Millions, or billions."""
    return f"{_figures(value / 1e9)} billion" if value >= 1e9 else f"{_figures(value / 1e6)} million"


def tables(regions: Sequence[Region]) -> str:
    """What is asked, what comes in, what it takes, what it grows to."""
    needs = [need_of(region) for region in regions]
    head = "| " + " | ".join(["", *(region.name.lower() for region in regions)]) + " |\n"
    head += "|---" * (len(regions) + 1) + "|\n"
    parts = (("In a year", _year), ("At the busiest", _peak), ("Machines", _machines), ("After 15 years", _end))
    text = ""
    for title, rows in parts:
        columns = [rows(region, need) for region, need in zip(regions, needs, strict=True)]
        lines = [f"| {name} | " + " | ".join(column[name] for column in columns) + " |\n" for name in columns[0]]
        text += f"**{title}**\n\n{head}{''.join(lines)}\n"
    return text


def _year(region: Region, need: Need) -> dict[str, str]:
    return {
        "hospitals, community centres": f"{region.hospitals}, {region.centres}",
        "examinations": in_millions(region.exams),
        "objects": in_millions(need.objects),
        "bytes received": in_bytes(need.received_bytes),
        "bytes sealed (one copy)": in_bytes(need.packed_bytes),
        "packs (instead of so many files)": in_millions(need.packs),
        "index": in_bytes(need.index_bytes),
        "audit trail in the index": in_bytes(need.audit_bytes),
    }


def _peak(region: Region, need: Need) -> dict[str, str]:
    return {
        "upload that must be taken": f"{region.peak_gbit:.0f} Gbit/s = {need.peak_mb_s:.0f} MB/s",
        "objects a second": f"{need.peak_objects_s:.0f}",
        "busiest day": in_bytes(need.day_bytes),
        "busiest hour's mean": f"{need.day_bytes * region.busiest_hour / 3600 / MB:.0f} MB/s",
        "line to the second site, to be level each hour": f"{need.line_mbit:.0f} Mbit/s",
    }


def _machines(region: Region, need: Need) -> dict[str, str]:
    cores = need.ingest_cores + need.seal_cores + need.read_cores + need.people_cores
    return {
        "cores: receiving at the peak": f"{need.ingest_cores:.1f}",
        "cores: sealing the busiest day in a day": f"{need.seal_cores:.1f}",
        "cores: frames in the busiest hour": f"{need.read_cores:.1f}",
        "cores: people at their lists": f"{need.people_cores:.1f} ({region.people:,} people)",
        "cores together": f"{cores:.0f}",
        "nodes that receive, one of them to spare": f"{need.listeners}",
        "journals: hot bytes on all nodes": in_bytes(need.hot_bytes),
        "journals: writing at the peak, with a second copy": f"{2 * need.peak_mb_s:.0f} MB/s",
    }


def _end(region: Region, need: Need) -> dict[str, str]:
    return {
        "objects in storages": f"{in_millions(need.all_packs)} ({region.copies} copies of each pack)",
        "bytes in storages": in_bytes(need.all_packed_bytes),
        "the same as received, unsealed": in_bytes(need.received_bytes * region.years * region.copies),
        "index, a year of trail included": in_bytes(need.all_index_bytes),
        "scrubbing every copy once in 90 days": f"{need.all_packed_bytes / 90 / 86400 / MB:.0f} MB/s",
    }


def into_page(text: str) -> None:
    """Replace the marked part of the page."""
    page = PAGE.read_text()
    PAGE.write_text(_MARKED.sub(lambda match: f"{match[1]}\n{text}{match[2]}", page))


_MARKED = re.compile(r"(<!-- bench:capacity -->\n).*?(<!-- /bench -->)", re.S)


def main() -> None:
    """Print, or write into the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=__doc__)
    parser.add_argument("--docs", action="store_true", help="write docs/capacity.md")
    chosen = parser.parse_args()
    text = tables((REGION, TEN_TIMES))
    if chosen.docs:
        into_page(text)
    print(text)


if __name__ == "__main__":
    main()
