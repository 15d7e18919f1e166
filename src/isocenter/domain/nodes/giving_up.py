"""Giving up what a node had alone that never comes back: its studies are readable again without those instances.

Until then whatever lay on a lost disk alone is away (503), for its home might come back. When a person says that it
does not, every instance that no node and no store has is taken out of the index, and a quality task tells each study
which ones they were, so that their senders can be asked for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.nodes.errors import NodeNotGone, NodesSilent, UnknownNode
from isocenter.domain.nodes.registry import ALIVE_FOR_S
from isocenter.index import nodes as index
from isocenter.index.institutions import institutions
from isocenter.index.lost_bytes import Held, forget_held, held_in_journals_of
from isocenter.index.quality import raise_task
from isocenter.kit.database import Connection, Database, set_institution
from isocenter.kit.errors import Invalid
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import Damaged, NoSuchObject
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.segments import SegmentName

log = get_logger(__name__)

BYTES_LOST: Final = "bytes-lost"
"""The kind of quality task that names instances which are gone."""
MOST_NAMED: Final = 1000
"""SOP Instance UIDs that one task names; it counts all."""

IsNowhere = Callable[[str, int], bool]
"""(source of a segment, offset of a byte) → whether every other node that is up says that it does not have it.

Raises Exhausted when one of them does not answer.
"""


@dataclass(frozen=True, slots=True)
class LostStudy:
    """What is lost of one study: SOP Instance UIDs of current instances, and how many versions kept aside."""

    institution_id: int
    study_instance_uid: str
    sop_instance_uids: tuple[str, ...]
    kept_aside: int


def lost_with(
    caller: Caller, database: Database, store: ObjectStore, is_nowhere: IsNowhere, node: str
) -> list[LostStudy]:
    """What only the disk of a node that is gone had, of every institution. Changes nothing.

    Raises Refused, UnknownNode, NodeNotGone, NodesSilent, Exhausted (a node or the store does not answer now).
    """
    caller.require(Right.MANAGE_STORAGE)
    return _studies(_lost(database, store, is_nowhere, node))


def give_up(
    caller: Caller, database: Database, store: ObjectStore, is_nowhere: IsNowhere, node: str, *, reason: str
) -> list[LostStudy]:
    """Take out of the index what `lost_with` finds, and never let that home write into this region again.

    Raises as `lost_with`, and Invalid without a reason.
    """
    caller.require(Right.MANAGE_STORAGE)
    if not reason.strip():
        raise Invalid("Say why it does not come back.", field="reason")
    lost = _lost(database, store, is_nowhere, node)
    with database.transaction() as connection:
        _check_gone(connection, node, lock=True)
        for institution_id, held in groupby(lost, key=lambda each: each.institution_id):
            set_institution(connection, institution_id)
            _forget(connection, institution_id, list(held), node)
        set_institution(connection, caller.institution_id)
        index.set_state(connection, node, "given-up", f"{caller.kind}:{caller.id}")
        audit.record(connection, caller, audit.Action.NODE_GIVEN_UP, None, node=node, instances=len(lost), why=reason)
    log.warning("nodes.given-up", node=node, instances=len(lost))
    return _studies(lost)


def _lost(database: Database, store: ObjectStore, is_nowhere: IsNowhere, node: str) -> list[Held]:
    """Of every institution, ordered by institution and study."""
    with database.transaction() as connection:
        _check_gone(connection, node, lock=False)
        known = institutions(connection)
    found: list[Held] = []
    for institution in known:
        with database.transaction(institution.institution_id) as connection:
            held = held_in_journals_of(connection, institution.institution_id, node)
        found.extend(each for each in held if _is_lost(store, is_nowhere, each))
    return found


def _check_gone(connection: Connection, node: str, *, lock: bool) -> None:
    row = index.hold(connection, node) if lock else index.node_of(connection, node)
    if row is None:
        raise UnknownNode("There is no such node; `isocenter node list` shows all.", node=node)
    if row.state not in ("gone", "given-up"):
        raise NodeNotGone(f"{node} is {row.state}: declare it gone first (`isocenter node gone {node}`).", node=node)
    silent = [each.node for each in index.nodes(connection) if _is_silent(each)]
    if silent:
        raise NodesSilent(
            "A node that may hold a replica is silent: wait for it, or declare it gone too.", nodes=",".join(silent)
        )


def _is_silent(row: index.NodeRow) -> bool:
    return row.state in ("up", "draining") and row.silent_for_s > ALIVE_FOR_S


def _is_lost(store: ObjectStore, is_nowhere: IsNowhere, held: Held) -> bool:
    """Asks for the last byte: a shorter copy is none. Raises StoreAway, Exhausted."""
    last = held.data_set_offset + max(held.data_set_length, 1) - 1
    try:
        store.get_range(SegmentName.from_source(held.source).key, last, 1)
    except (NoSuchObject, Damaged):
        return is_nowhere(held.source, last)
    return False


def _forget(connection: Connection, institution_id: int, held: Sequence[Held], node: str) -> None:
    for study_id, group in groupby(held, key=lambda each: each.study_id):
        of_study = list(group)
        uids = sorted({each.sop_instance_uid for each in of_study})
        detail: dict[str, object] = {
            "node": node,
            "count": len(of_study),
            "sop_instance_uids": uids[:MOST_NAMED],
        }
        raise_task(connection, institution_id, study_id, BYTES_LOST, f"{node} {' '.join(uids)}", detail)
    forget_held(connection, held)


def _studies(held: Sequence[Held]) -> list[LostStudy]:
    found = []
    for (institution_id, study), group in groupby(
        held, key=lambda each: (each.institution_id, each.study_instance_uid)
    ):
        of_study = list(group)
        current = tuple(each.sop_instance_uid for each in of_study if each.aside_id is None)
        found.append(LostStudy(institution_id, study, current, len(of_study) - len(current)))
    return found
