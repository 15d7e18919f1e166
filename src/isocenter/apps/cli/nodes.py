"""`isocenter node`: the hosts of a region, and how another one joins it."""

from __future__ import annotations

import dataclasses
import os
import tarfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table

from isocenter.apps.cli.options import JsonOption
from isocenter.apps.cli.running import Running, running_isocenter
from isocenter.apps.cli.terminal import out, tell_json
from isocenter.apps.home import is_running, make_home
from isocenter.apps.settings_from_environment import settings_from_environment
from isocenter.kit.errors import Conflict, Invalid

if TYPE_CHECKING:
    from isocenter.adapters.nodes.client import NodeClient
    from isocenter.domain.nodes.giving_up import LostStudy

app = typer.Typer()

NodeArgument = Annotated[str, typer.Argument(help="Its name in `isocenter node list`.")]
_OF_THIS_HOST_ALONE: Final = ("postgres.pgpass",)
_MOST_BYTES: Final = 1 << 16


class NotAnEmptyHome(Conflict):
    """The home has keys of its own already."""

    reason = "not-an-empty-home"


class NoJoinFile(Invalid):
    """The file is not one that `isocenter node join-file` wrote."""

    reason = "no-join-file"


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """Every node that ever started."""
    from isocenter.domain.nodes import registry as verbs

    with running_isocenter() as running:
        found = verbs.nodes(running.caller, running.database)
    if as_json:
        tell_json([dataclasses.asdict(each) for each in found])
        return
    table = Table("Node", "State", "Silent for", "Address", "Version", "Only there", "Shipped")
    for each in found:
        table.add_row(
            each.node,
            "silent" if each.state == "up" and each.silent_for_s > verbs.ALIVE_FOR_S else each.state,
            f"{each.silent_for_s:.0f} s" if each.state in ("up", "draining") else "-",
            each.address or "-",
            each.version,
            f"{each.alone_bytes / 1e6:.1f} MB",
            f"{each.shipped_bytes / 1e6:.1f} MB",
        )
    out.print(table)


@app.command()
def drain(node: NodeArgument) -> None:
    """Tell a node to leave: it takes no more associations, finishes, ships its journals and stops."""
    from isocenter.domain.nodes import registry as verbs

    with running_isocenter() as running:
        row = verbs.drain(running.caller, running.database, node)
    out.print(f"{node} is {row.state}; `isocenter node list` shows when it has stopped.")


@app.command()
def gone(node: NodeArgument) -> None:
    """Declare a node gone that does not come back soon: replicas take the place of its journals."""
    from isocenter.domain.nodes import registry as verbs

    with running_isocenter() as running:
        row = verbs.declare_gone(running.caller, running.database, node)
    out.print(f"{node} is {row.state}.")
    if row.alone_bytes and not row.two_copies:
        megabytes = row.alone_bytes / 1e6
        out.print(f"About {megabytes:.1f} MB lay on its disk alone: they are answered with 503 until it is back.")


@app.command()
def lost(node: NodeArgument) -> None:
    """List what only the disk of a node had that is gone. Changes nothing."""
    from isocenter.apps.wiring import open_object_store
    from isocenter.domain.nodes.giving_up import lost_with

    with running_isocenter() as running, closing(_asking(running)) as client:
        store = open_object_store(running.settings, running.database)
        found = lost_with(running.caller, running.database, store, client.is_nowhere, node)
    _tell_lost(found)


@app.command("give-up")
def give_up(
    node: NodeArgument,
    reason: Annotated[str, typer.Option(help="Why it does not come back; it stays in the audit trail.")],
) -> None:
    """Take out of the index what only a lost disk had, so that the rest of those studies is readable again."""
    from isocenter.apps.wiring import open_object_store
    from isocenter.domain.nodes import giving_up as verbs

    with running_isocenter() as running, closing(_asking(running)) as client:
        store = open_object_store(running.settings, running.database)
        found = verbs.give_up(running.caller, running.database, store, client.is_nowhere, node, reason=reason)
    _tell_lost(found)
    out.print(f"{node} is given up; each study has a quality task that names what it lost.")


def _asking(running: Running) -> NodeClient:
    """Raises Invalid where no other node is ever asked."""
    from isocenter.apps.region import client_of

    if running.settings.node_port is None:
        raise Invalid("This home has no other nodes (ISOCENTER_NODE_PORT is not set).", setting="NODE_PORT")
    return client_of(running.settings, running.database)


def _tell_lost(found: list[LostStudy]) -> None:
    for each in found:
        aside = f" and {each.kept_aside} kept aside" if each.kept_aside else ""
        out.print(f"{each.study_instance_uid}: {len(each.sop_instance_uids)} instances{aside}")
    out.print(f"{len(found)} studies lost something.")


@app.command("join-file")
def join_file(file: Annotated[Path, typer.Argument(help="File to write, for your eyes only.")]) -> None:
    """Write the keys that every node of the region has. Carry the file to the new host, join, and delete it."""
    secrets = settings_from_environment().home / "secrets"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream, tarfile.open(fileobj=stream, mode="w") as archive:
        for path in sorted(secrets.iterdir()):
            if path.is_file() and path.name not in _OF_THIS_HOST_ALONE:
                archive.add(path, path.name, recursive=False)
    out.print(f"{file} opens everything that this region keeps: delete it when the new node has joined.")


@app.command()
def join(file: Annotated[Path, typer.Argument(help="What `isocenter node join-file` wrote on another node.")]) -> None:
    """Take the region's keys into this home, which has none yet; afterwards start it with `isocenter up`."""
    home = settings_from_environment().home
    make_home(home)
    secrets = home / "secrets"
    keys = _read_keys(file)
    if is_running(home) or any((secrets / name).exists() for name in keys):
        raise NotAnEmptyHome(f"{home} has keys already: join with an empty home.")
    for name, content in keys.items():
        descriptor = os.open(secrets / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    out.print(f"{len(keys)} keys are in {secrets}. Delete {file}.")


def _read_keys(file: Path) -> dict[str, bytes]:
    """Plain names and contents. Raises NoJoinFile, before anything is written."""
    keys: dict[str, bytes] = {}
    try:
        with tarfile.open(file, mode="r:") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is None or "/" in member.name or member.name.startswith(".") or member.size > _MOST_BYTES:
                    raise NoJoinFile("This is not a file of `isocenter node join-file`.", file=file.name)
                keys[member.name] = content.read(_MOST_BYTES)
    except (tarfile.TarError, OSError) as error:
        raise NoJoinFile(f"The file cannot be read ({type(error).__name__}).", file=file.name) from None
    if "facts.key" not in keys:
        raise NoJoinFile("This is not a file of `isocenter node join-file`.", file=file.name)
    return keys
