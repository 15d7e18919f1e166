"""Groups of commands, such as `isocenter token`: what each is for, and the module that has its commands.

A module is imported when a command of its group is given, so that every command waits for its own imports alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Final

import typer
from typer._click import Command, Context  # typer carries its own click
from typer.core import TyperGroup


@dataclass(frozen=True, slots=True)
class Group:
    """help: the line in `isocenter --help`. module: beside this one. app: the name of its Typer."""

    help: str
    module: str
    app: str = "app"


GROUPS: Final = {
    "token": Group("Bearer tokens for programs.", "tokens"),
    "audit": Group("The audit trail: verify, anchor, send and archive it.", "audit"),
    "user": Group("People's accounts.", "people"),
    "institution": Group("Institutions: the hospitals under this roof.", "institutions"),
    "department": Group("Departments of an institution.", "institutions", "department_app"),
    "destination": Group("Destinations: DICOM nodes that studies are sent to.", "destinations"),
    "device": Group("Devices: scanners, workstations and archives that call us.", "devices"),
    "certificates": Group("Certificates: HTTPS, DICOM over TLS, devices.", "certificates"),
    "keys": Group("Keys of stored data: see, change, and keep them elsewhere.", "keys"),
    "rejection": Group("Rejection notes: what they hid, and taking them back.", "rejections"),
    "retention": Group("Retention: how long studies are kept, and their destruction.", "retention"),
    "node": Group("Nodes: the hosts of a region.", "nodes"),
    "sender": Group("Senders: their character set and issuer of patient IDs, where objects do not say.", "senders"),
    "storage": Group("Storages: where stored objects and their copies lie.", "storages"),
    "site": Group("The other site: invite it, look how far behind it is, compare, come back.", "sites"),
    "samples": Group("Sample studies: real ones that pydicom ships, and a synthetic chest CT.", "samples"),
}


class ImportedWhenNeeded(TyperGroup):
    """One of GROUPS, by its name."""

    @cached_property
    def _imported(self) -> TyperGroup:
        group = GROUPS[self.name or ""]
        module = import_module(f"isocenter.apps.cli.{group.module}")
        return typer.main.get_group(getattr(module, group.app))

    def list_commands(self, ctx: Context) -> list[str]:
        """The names of its commands, in their order."""
        return self._imported.list_commands(ctx)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command of this name."""
        return self._imported.get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """The command that is meant; who knows the names can suggest one."""
        return self._imported.resolve_command(ctx, args)


def add_groups(app: typer.Typer) -> None:
    """Every group, after the commands that are there."""
    for name, group in GROUPS.items():
        app.add_typer(typer.Typer(), name=name, cls=ImportedWhenNeeded, help=group.help, no_args_is_help=True)
