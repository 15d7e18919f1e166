"""`isocenter user`: people's accounts."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.table import Table

from isocenter.access import enrolment, users
from isocenter.access.roles import FIRST_ADMINISTRATOR, ROLES_OF_PEOPLE, Role, roles_of_person
from isocenter.apps.cli.running import Running, running_isocenter
from isocenter.apps.cli.terminal import err, out, tell_json

app = typer.Typer(help="People's accounts.", no_args_is_help=True)
RoleOption = Annotated[
    list[str], typer.Option("--role", help=f"One of {', '.join(ROLES_OF_PEOPLE)}; give it again for more roles.")
]

_FIRST: list[str] = list(FIRST_ADMINISTRATOR)


@app.command()
def add(username: Annotated[str, typer.Argument(help="The name to sign in with.")], role: RoleOption) -> None:
    """Prepare an account: prints a one-time link (24 hours) with which the person sets name and password."""
    wanted = roles_of_person(role)
    with running_isocenter() as running:
        _print_link(running, wanted, username)


@app.command()
def link(role: RoleOption = _FIRST) -> None:
    """Print a one-time link (24 hours) that creates an account with a name of the person's choice."""
    wanted = roles_of_person(role)
    with running_isocenter() as running:
        _print_link(running, wanted, None)


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False) -> None:
    """Everyone with an account."""
    with running_isocenter() as running:
        known = users.users_of(running.database, running.caller)
    if as_json:
        tell_json(
            [
                {
                    "username": each.username,
                    "display_name": each.display_name,
                    "roles": each.roles,
                    "disabled": each.disabled,
                }
                for each in known
            ]
        )
        return
    table = Table("User name", "Name", "Roles", "State")
    for each in known:
        table.add_row(
            each.username, each.display_name, ", ".join(each.roles), "disabled" if each.disabled else "active"
        )
    out.print(table)


@app.command()
def disable(username: Annotated[str, typer.Argument(help="The user name.")]) -> None:
    """End an account and all its sessions."""
    with running_isocenter() as running:
        users.disable_user(running.database, running.caller, username)
    out.print(f"{username} can no longer sign in.", markup=False)


def _print_link(running: Running, roles: tuple[Role, ...], username: str | None) -> None:
    secret = enrolment.issue_enrolment(running.database, running.caller, roles, username=username)
    err.print("This link works once, for 24 hours:")
    sys.stdout.write(f"{running.state.http_url}/enrol/{secret}\n")
