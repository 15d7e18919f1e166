"""Taking over: the lead first, so that nobody else has it; then what the index knows is compared with what came.

What the other site acknowledged and had not copied is not here: the index remembers it as missing, answers 503 for it,
and takes it in when the other site comes back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from isocenter.domain.archive.duplicates import Holdings
from isocenter.domain.nodes.takeover import replay_shipped
from isocenter.index import nodes
from isocenter.index.sites import newest_beat, note_missing, record_lead, take_over_changes
from isocenter.kit.errors import Conflict, IsocenterError, Refused
from isocenter.kit.logging import get_logger
from isocenter.storage.copying import content_of
from isocenter.storage.errors import NoSuchObject
from isocenter.storage.lead import LeadEntry, LeadView, Witness, boot_time_s
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.segments import SegmentName

log = get_logger(__name__)

LOOK_EVERY_S = 0.5
_TRIES = 5


class OtherSiteLives(Conflict):
    """The site that leads renews its lease: it is not lost."""

    reason = "other-site-lives"


class WordNeeded(Refused):
    """Without a witness nobody but the operator can know that the other site is down."""

    reason = "word-needed"


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What a take-over found. age_s: of the last sign of life of the other site that its index copy held.

    members: of shipped journals that were looked at; recorded: those of them that the index lacked. missing: objects
    that the index knows and that are not here.
    """

    generation: int
    before: str
    age_s: float | None
    waited_s: float
    members: int
    recorded: int
    damaged: int
    missing: int
    missing_bytes: int


def take_lead(
    witness: Witness,
    site: str,
    known_generation: int,
    valid_for_s: float,
    *,
    view: LeadView | None = None,
    wait: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = boot_time_s,
) -> int:
    """Take the lead at the witness once the old lease has run out; the new generation.

    view: what was seen already, so that nothing is waited for twice. Raises OtherSiteLives when the lease is renewed
    meanwhile, StoreAway when the witness does not answer: without it nobody takes over.
    """
    newest = witness.latest()
    if newest is not None and newest.site == site and newest.generation > known_generation:
        return newest.generation  # an attempt that was interrupted had it already
    generation = max(known_generation, newest.generation if newest is not None else 0) + 1
    seen = view or LeadView(site, generation, clock)
    seen.saw(clock(), newest)
    first = seen.entry.number if seen.entry is not None else 0
    while not seen.may_be_taken():
        wait(min(LOOK_EVERY_S, seen.wait_s()))
        seen.saw(clock(), witness.latest())
        if seen.entry is not None and seen.entry.number != first:
            raise OtherSiteLives(f"The site {seen.entry.site} still renews its lease: stop it first.")
    number = 1 if seen.entry is None else seen.entry.number + 1
    if not witness.append(LeadEntry(number, generation, site, valid_for_s)):
        raise OtherSiteLives("Another site took the lead at this moment.")
    return generation


def say_that_we_lead(own: Witness, site: str, generation: int, valid_for_s: float) -> None:
    """Write the generation into our own store, where the other site looks when there is no witness."""
    for _ in range(_TRIES):
        newest = own.latest()
        if newest is not None and (newest.generation, newest.site) == (generation, site):
            return
        number = 1 if newest is None else newest.number + 1
        if own.append(LeadEntry(number, generation, site, valid_for_s)):
            return
    raise Conflict("Somebody else writes leads into this store.")


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead that was just taken. node: this one; before: the site that had it; waited_s: for its lease to run out."""

    site: str
    node: str
    generation: int
    before: str
    waited_s: float


def settle(holdings: Holdings, stored: ObjectStore, lead: Lead) -> TakenOver:
    """Bring index and store of a site that took over together; may be repeated. stored: our store, below encryption.

    Raises Exhausted.
    """
    database = holdings.database
    with database.transaction() as connection:
        last = newest_beat(connection)
        for other in nodes.nodes(connection):
            if other.node != lead.node and other.state != "gone":
                nodes.set_state(connection, other.node, "gone", f"site {lead.site} took over")
    replay = replay_shipped(holdings)
    _adopt_segments(holdings, stored)
    with database.transaction() as connection:
        absent = [(key, size) for key, size in take_over_changes(connection) if not _is_there(stored, key)]
        note_missing(connection, lead.generation, absent)
        taken = TakenOver(
            generation=lead.generation,
            before=lead.before,
            age_s=None if last is None else round(last.age_s, 3),
            waited_s=round(lead.waited_s, 3),
            members=replay.members,
            recorded=replay.recorded,
            damaged=replay.damaged,
            missing=len(absent),
            missing_bytes=sum(size for _, size in absent),
        )
        record_lead(connection, lead.generation, lead.site, asdict(taken))
    log.warning("site.taken-over", **asdict(taken))
    return taken


def _adopt_segments(holdings: Holdings, stored: ObjectStore) -> None:
    """Shipped segments of which this index has no row get one: else they would be swept as nobody's."""
    rows: dict[str, set[tuple[str, int, int]]] = {}
    for head in list(stored.list("segments")):
        try:
            name = SegmentName.from_source("/".join(["journal", *_parts(head.key)]))
        except IsocenterError:
            continue
        key = (name.node, name.epoch, name.sequence)
        with holdings.database.transaction() as connection:
            if name.node not in rows:
                rows[name.node] = set(nodes.shipped_of(connection, name.node))
            if key not in rows[name.node]:
                content = content_of(holdings.store, name.key)
                nodes.record_shipped(connection, key, content.size, content.digest, 0)


def _parts(key: str) -> list[str]:
    _, node, file = key.split("/", 2)
    epoch, _, sequence = file.split(".", 1)[0].partition("-")
    return [node, str(int(epoch)), str(int(sequence or 0))]


def _is_there(store: ObjectStore, key: str) -> bool:
    try:
        store.head(key)
    except NoSuchObject:
        return False
    return True
