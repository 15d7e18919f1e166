"""Who the nodes of the region are: joining, saying that one lives, draining, and being declared gone.

A node is `up` from its start, `draining` when it was told to leave, `stopped` when it left in order, `gone` when it is
not expected back. A node that was declared gone and lives is up again with its next word: nothing is taken from it.
It is `given-up` when what it had alone was taken out of the index (`giving_up`): that home stays out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from blake3 import blake3

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.nodes.errors import NodeAnswers, NodeGivenUp, NodeNameTaken, OtherKeys, UnknownNode
from isocenter.index import nodes as index
from isocenter.index.nodes import NodeRow
from isocenter.kit.database import Connection, Database, set_institution
from isocenter.kit.files import write_whole
from isocenter.kit.logging import get_logger
from isocenter.storage.segments import check_node

log = get_logger(__name__)

BEAT_EVERY_S: Final = 3.0
ALIVE_FOR_S: Final = 20.0
"""A node that has been silent for longer may be declared gone, and its name may be taken by another home."""
KEYS_OF_THE_REGION: Final = ("facts.key", "sealing.key", "cluster.key")
"""Files of home/secrets that are the same on every node."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Who this node is. home_id: of its home. address: host:port where other nodes reach it, None: nobody asks it.

    two_copies: what it acknowledges lies on another node's disk too.
    """

    node: str
    home_id: UUID
    address: str | None
    version: str
    two_copies: bool


def home_id_of(home: Path) -> UUID:
    """The home's own number, in home/node.id; made now when there is none."""
    path = home / "node.id"
    try:
        return UUID(path.read_text("ascii").strip())
    except FileNotFoundError:
        write_whole(path, f"{uuid4()}\n".encode("ascii"))
        return UUID(path.read_text("ascii").strip())


def join(database: Database, member: Membership, secrets: Path) -> None:
    """Be up. secrets: the home's folder of keys, which must be those of the region.

    Raises NodeNameTaken, NodeGivenUp (their messages say what to do), OtherKeys, Exhausted.
    """
    check_node(member.node)
    with database.transaction() as connection:
        _check_keys(connection, secrets)
        before = index.hold(connection, member.node)
        if before is not None and before.home_id != member.home_id and _is_alive(before):
            raise NodeNameTaken(
                f"Another home runs as the node {member.node}, last seen {before.silent_for_s:.0f} s ago: give this one"
                " another name (ISOCENTER_NODE), or stop that one.",
                node=member.node,
            )
        if before is not None and before.state == "given-up" and before.home_id == member.home_id:
            raise _given_up(member.node)
        index.put(connection, member.node, member.home_id, member.address, member.version, member.two_copies)
    if before is not None and before.state in ("up", "gone"):
        log.warning("nodes.back", node=member.node, was=before.state, silent_for_s=round(before.silent_for_s))


def _given_up(node: str) -> NodeGivenUp:
    return NodeGivenUp(
        f"What {node} had alone was given up while it was away. Unpack its journal segments (tar) elsewhere, import"
        " what is in them with `isocenter import`, and start with an empty home.",
        node=node,
    )


def _is_alive(row: NodeRow) -> bool:
    return row.state in ("up", "draining") and row.silent_for_s < ALIVE_FOR_S


def _check_keys(connection: Connection, secrets: Path) -> None:
    known = index.keys_of_region(connection)
    ours = {name: _fingerprint(secrets / name) for name in KEYS_OF_THE_REGION}
    for name, fingerprint in ours.items():
        if fingerprint is not None and known.get(name, fingerprint) != fingerprint:
            raise OtherKeys(
                f"secrets/{name} of this home is not the one of the region: copy the folder secrets of another node.",
                key=name,
            )
    index.record_keys(connection, [(name, found) for name, found in ours.items() if found is not None])


def _fingerprint(path: Path) -> bytes | None:
    """Says which key it is and nothing of it: the keys are random."""
    try:
        return blake3(b"isocenter region key\0" + path.read_bytes()).digest(16)
    except FileNotFoundError:
        return None


def beat(database: Database, member: Membership) -> str:
    """Say that this node lives; its state, "draining" when it was told to leave.

    Raises NodeNameTaken when another home has its name by now, NodeGivenUp: this one must stop. Raises Exhausted.
    """
    with database.transaction() as connection:
        state = index.beat(connection, member.node, member.home_id)
    if state == "given-up":
        raise _given_up(member.node)
    if state is None:
        raise NodeNameTaken(f"Another home bears the name {member.node} now.", node=member.node)
    return state


def leave(database: Database, member: Membership) -> None:
    """This node has stopped in order."""
    with database.transaction() as connection:
        row = index.hold(connection, member.node)
        if row is not None and row.home_id == member.home_id:
            index.set_state(connection, member.node, "stopped", row.said_by)


def nodes(caller: Caller, database: Database) -> list[NodeRow]:
    """Every node that ever started, by name. Raises Refused."""
    caller.require(Right.SEE_OPERATIONS)
    with database.transaction() as connection:
        return index.nodes(connection)


def drain(caller: Caller, database: Database, node: str) -> NodeRow:
    """Tell a node to leave: it takes no more associations, finishes, ships its journals and stops.

    Raises Refused, UnknownNode.
    """
    caller.require(Right.MANAGE_STORAGE)
    return _changed(caller, database, node, "draining", audit.Action.NODE_DRAINED)


def declare_gone(caller: Caller, database: Database, node: str) -> NodeRow:
    """Say that a node is not expected back: it is not asked any more, and replicas of its journals take its place.

    Raises Refused, UnknownNode, NodeAnswers when it was heard of a moment ago.
    """
    caller.require(Right.MANAGE_STORAGE)
    return _changed(caller, database, node, "gone", audit.Action.NODE_DECLARED_GONE)


def _changed(caller: Caller, database: Database, node: str, state: str, action: audit.Action) -> NodeRow:
    with database.transaction() as connection:
        set_institution(connection, caller.institution_id)
        row = index.hold(connection, node)
        if row is None:
            raise UnknownNode("There is no such node; `isocenter node list` shows all.", node=node)
        if state == "gone" and _is_alive(row):
            raise NodeAnswers(
                f"{node} said {row.silent_for_s:.0f} s ago that it lives: stop it, or drain it.", node=node
            )
        if state == "draining" and not _is_alive(row):
            return row  # nobody is there to hear it
        index.set_state(connection, node, state, f"{caller.kind}:{caller.id}")
        audit.record(connection, caller, action, None, node=node, alone_bytes=row.alone_bytes)
        changed = index.node_of(connection, node)
    assert changed is not None
    log.warning("nodes.state", node=node, state=state, alone_bytes=row.alone_bytes)
    return changed


def declare_silent_gone(database: Database, silent_for_s: float) -> list[str]:
    """Declare nodes gone that have been silent for so long and whose journals lie on other nodes too; their names.

    The others wait for a person: what they alone have is answered with 503 until they are back.
    """
    with database.transaction() as connection:
        gone = [
            row.node
            for row in index.nodes(connection)
            if row.state in ("up", "draining") and row.two_copies and row.silent_for_s >= silent_for_s
        ]
        for node in gone:
            index.set_state(connection, node, "gone", "system:silence")
    for node in gone:
        log.warning("nodes.state", node=node, state="gone", silent_for_s=silent_for_s)
    return gone
