"""Who the nodes are: joining with the region's keys, one home under a name, draining, being gone, coming back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.domain.nodes.errors import NodeAnswers, NodeNameTaken, OtherKeys, UnknownNode
from isocenter.domain.nodes.registry import (
    Membership,
    beat,
    declare_gone,
    declare_silent_gone,
    drain,
    home_id_of,
    join,
    leave,
    nodes,
)
from isocenter.index.institutions import Institution
from isocenter.index.peers import node_addresses
from isocenter.kit.database import Database
from isocenter.kit.errors import Refused


@pytest.fixture
def operator(institution: Institution) -> Caller:
    return Caller(CallerKind.USER, "7", institution.institution_id, (Role.REGION_ADMINISTRATOR,), "s")


def a_node(folder: Path, node: str, home: str | None = None) -> tuple[Membership, Path]:
    path = folder / (home or node)
    (path / "secrets").mkdir(parents=True, exist_ok=True)
    return Membership(node, home_id_of(path), f"{node}:11190", "1.0", False), path / "secrets"


def silent(database: Database, node: str, seconds: int) -> None:
    """The node was heard of so long ago."""
    with database.transaction() as connection:
        connection.execute(
            "UPDATE node SET seen_at = clock_timestamp() - make_interval(secs => %s) WHERE node = %s", [seconds, node]
        )


def states(database: Database, caller: Caller) -> dict[str, str]:
    return {row.node: row.state for row in nodes(caller, database)}


def test_a_node_joins_and_leaves_and_the_others_know_where_it_is(
    database: Database, operator: Caller, tmp_path: Path
) -> None:
    for name in ("node-a", "node-b"):
        join(database, *a_node(tmp_path, name))
    with database.transaction() as connection:
        assert [(each.node, each.port) for each in node_addresses(connection)] == [("node-a", 11190), ("node-b", 11190)]
    leave(database, a_node(tmp_path, "node-a")[0])
    assert states(database, operator) == {"node-a": "stopped", "node-b": "up"}
    with database.transaction() as connection:
        assert [each.node for each in node_addresses(connection)] == ["node-b"]


def test_two_homes_never_run_under_one_name(database: Database, tmp_path: Path) -> None:
    first, secrets = a_node(tmp_path, "node-a")
    second, other_secrets = a_node(tmp_path, "node-a", "copy-of-a-machine")
    join(database, first, secrets)
    with pytest.raises(NodeNameTaken, match="another name"):
        join(database, second, other_secrets)
    join(database, first, secrets)  # the same home, after a crash
    silent(database, "node-a", 60)  # its disk died, and a new home takes the name
    join(database, second, other_secrets)
    with pytest.raises(NodeNameTaken):
        beat(database, first)
    assert beat(database, second) == "up"


def test_a_home_with_other_keys_does_not_join(database: Database, tmp_path: Path) -> None:
    first, secrets = a_node(tmp_path, "node-a")
    second, other_secrets = a_node(tmp_path, "node-b")
    for name in ("facts.key", "cluster.key"):
        (secrets / name).write_text("11" * 32)
        (other_secrets / name).write_text("11" * 32)
    join(database, first, secrets)
    join(database, second, other_secrets)
    (other_secrets / "facts.key").write_text("22" * 32)
    with pytest.raises(OtherKeys, match=r"facts\.key"):
        join(database, second, other_secrets)


def test_a_node_that_was_told_to_leave_hears_it(database: Database, operator: Caller, tmp_path: Path) -> None:
    member, secrets = a_node(tmp_path, "node-a")
    join(database, member, secrets)
    assert beat(database, member) == "up"
    assert drain(operator, database, "node-a").state == "draining"
    assert beat(database, member) == "draining"
    leave(database, member)
    join(database, member, secrets)
    assert beat(database, member) == "up", "it was started again"


def test_only_a_silent_node_is_declared_gone_and_it_is_up_again_when_it_lives(
    database: Database, operator: Caller, tmp_path: Path
) -> None:
    member, secrets = a_node(tmp_path, "node-a")
    join(database, member, secrets)
    with pytest.raises(NodeAnswers):
        declare_gone(operator, database, "node-a")
    silent(database, "node-a", 60)
    row = declare_gone(operator, database, "node-a")
    assert (row.state, row.said_by) == ("gone", "user:7")
    with database.transaction() as connection:
        assert node_addresses(connection) == []
    assert beat(database, member) == "up", "it was only cut off"
    with pytest.raises(UnknownNode):
        declare_gone(operator, database, "node-z")


def test_silence_declares_gone_only_who_has_nothing_that_others_lack(
    database: Database, operator: Caller, tmp_path: Path
) -> None:
    for name, two_copies in (("node-a", True), ("node-b", False)):
        member, secrets = a_node(tmp_path, name)
        join(database, replace(member, two_copies=two_copies), secrets)
        silent(database, name, 700)
    assert declare_silent_gone(database, 800) == []
    assert declare_silent_gone(database, 600) == ["node-a"]
    assert states(database, operator) == {"node-a": "gone", "node-b": "up"}


def test_nodes_are_the_region_administrators_affair(database: Database, operator: Caller) -> None:
    radiologist = replace(operator, roles=(Role.RADIOLOGIST,))
    with pytest.raises(Refused):
        nodes(radiologist, database)
    with pytest.raises(Refused):
        drain(replace(operator, roles=(Role.ADMINISTRATOR,)), database, "node-a")
    with pytest.raises(Refused):
        declare_gone(replace(operator, roles=(Role.ADMINISTRATOR,)), database, "node-a")
