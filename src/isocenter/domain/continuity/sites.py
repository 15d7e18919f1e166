"""What there is to know about the two sites: who leads, how far the other is behind, what is missing, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.index.site_changes import Lag, copied, lag_of
from isocenter.index.sites import Comparison, IndexCopy, comparisons, index_copy, leads, missing_count
from isocenter.kit.database import Connection, Database

DOCUMENTED_IN = "docs/operations/second-site.md"


@dataclass(frozen=True, slots=True)
class LeadSince:
    """Who led from when. account: what the take-over found, as words and numbers."""

    generation: int
    site: str
    since: datetime
    account: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SiteState:
    """site: ours. lag, index: None without a second site. alarms: stable words, each with its line in the manual."""

    site: str
    has_other: bool
    has_witness: bool
    generation: int
    lag: Lag | None
    index: IndexCopy | None
    objects_copied: int
    bytes_copied: int
    objects_removed: int
    last_copied_at: datetime | None
    missing: int
    alarms: list[str]
    history: list[LeadSince]
    comparisons: list[Comparison]


def site_state(
    caller: Caller, database: Database, site: str, *, has_other: bool, has_witness: bool, alarm_after_s: float
) -> SiteState:
    """How the two sites stand. Raises Refused."""
    caller.require(Right.SEE_OPERATIONS)
    with database.transaction() as connection:
        return _state(connection, site, has_other=has_other, has_witness=has_witness, alarm_after_s=alarm_after_s)


def _state(connection: Connection, site: str, *, has_other: bool, has_witness: bool, alarm_after_s: float) -> SiteState:
    history = leads(connection)
    lag = lag_of(connection) if has_other else None
    index = index_copy(connection) if has_other else None
    missing = missing_count(connection)
    objects, size, removed, last = copied(connection)
    return SiteState(
        site=site,
        has_other=has_other,
        has_witness=has_witness,
        generation=history[0].generation if history else 1,
        lag=lag,
        index=index,
        objects_copied=objects,
        bytes_copied=size,
        objects_removed=removed,
        last_copied_at=last,
        missing=missing,
        alarms=alarms(lag, index, missing, alarm_after_s),
        history=[LeadSince(one.generation, one.site, one.since, one.account) for one in history],
        comparisons=comparisons(connection),
    )


def alarms(lag: Lag | None, index: IndexCopy | None, missing: int, alarm_after_s: float) -> list[str]:
    """What somebody has to look after."""
    found = []
    if lag is not None and lag.seconds > alarm_after_s:
        found.append("other-site-behind")
    if lag is not None and lag.stuck:
        found.append("objects-not-copied")
    if index is not None and index.has_slot and not index.connected:
        found.append("index-not-copied")
    if index is not None and index.lost:
        found.append("index-copy-lost")
    if index is not None and index.lag_s is not None and index.lag_s > alarm_after_s:
        found.append("index-behind")
    if missing:
        found.append("objects-missing")
    return found
