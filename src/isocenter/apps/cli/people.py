"""`isocenter user`: people's accounts and the roles they hold."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from isocenter.access.caller import Caller
from isocenter.access.people import accounts, invitations, lists, roles_held
from isocenter.access.people.accounts import Person, Search
from isocenter.access.roles import FIRST_ADMINISTRATOR, ROLES_OF_PEOPLE, roles_of_person
from isocenter.access.sign_in.resets import issue_reset
from isocenter.apps.cli.list_files import print_list, read_list, show_report
from isocenter.apps.cli.options import InstitutionOption, JsonOption
from isocenter.apps.cli.running import Running, caller_in, running_isocenter
from isocenter.apps.cli.terminal import err, out, tell_json

app = typer.Typer()
RoleOption = Annotated[
    list[str], typer.Option("--role", help=f"One of {', '.join(ROLES_OF_PEOPLE)}; give it again for more roles.")
]
NameArgument = Annotated[str, typer.Argument(help="The user name.")]

_FIRST: list[str] = list(FIRST_ADMINISTRATOR)


@app.command()
def add(
    username: Annotated[str, typer.Argument(help="The name to sign in with.")],
    role: RoleOption,
    institution: InstitutionOption = "",
) -> None:
    """Prepare an account: prints a one-time link (24 hours) with which the person sets name and password."""
    wanted = roles_of_person(role)
    with running_isocenter() as running:
        secret = invitations.invite(running.database, caller_in(running, institution), wanted, username=username)
        _print_link(running, secret)


@app.command()
def link(role: RoleOption = _FIRST, institution: InstitutionOption = "") -> None:
    """Print a one-time link (24 hours) that creates an account with a name of the person's choice."""
    wanted = roles_of_person(role)
    with running_isocenter() as running:
        _print_link(running, invitations.invite(running.database, caller_in(running, institution), wanted))


@app.command("list")
def list_(
    institution: InstitutionOption = "",
    as_json: JsonOption = False,
) -> None:
    """Everyone with an account."""
    with running_isocenter() as running:
        known = _everyone(running, caller_in(running, institution))
    if as_json:
        tell_json([_as_json(each) for each in known])
        return
    table = Table("User name", "Name", "Roles", "State")
    for each in known:
        user = each.user
        table.add_row(user.username, user.display_name, ", ".join(user.roles), _state(each))
    out.print(table)


@app.command()
def disable(username: NameArgument, institution: InstitutionOption = "") -> None:
    """End an account and all its sessions."""
    with running_isocenter() as running:
        caller = caller_in(running, institution)
        accounts.disable(running.database, caller, accounts.user_named(running.database, caller, username))
    out.print(f"{username} can no longer sign in.", markup=False)


@app.command()
def enable(username: NameArgument, institution: InstitutionOption = "") -> None:
    """Let a disabled person sign in again."""
    with running_isocenter() as running:
        caller = caller_in(running, institution)
        accounts.enable(running.database, caller, accounts.user_named(running.database, caller, username))
    out.print(f"{username} can sign in again.", markup=False)


@app.command()
def reset(
    username: NameArgument,
    forget_factors: Annotated[
        bool, typer.Option("--forget-factors", help="Second factors too, because they are lost.")
    ] = False,
    institution: InstitutionOption = "",
) -> None:
    """Print a one-time link (24 hours) with which the person sets a new password."""
    with running_isocenter() as running:
        caller = caller_in(running, institution)
        user_id = accounts.user_named(running.database, caller, username)
        secret = issue_reset(running.database, caller, user_id, forget_factors=forget_factors)
        err.print("This link works once, for 24 hours:")
        sys.stdout.write(f"{running.state.http_url}/reset/{secret}\n")


@app.command()
def role(
    username: NameArgument,
    give: Annotated[list[str] | None, typer.Option("--give", help="A role to give; may be repeated.")] = None,
    end: Annotated[list[str] | None, typer.Option("--end", help="A role to end; may be repeated.")] = None,
    institution: InstitutionOption = "",
) -> None:
    """Give and end roles, then show every role that the person holds and held."""
    with running_isocenter() as running:
        database, caller = running.database, caller_in(running, institution)
        user_id = accounts.user_named(database, caller, username)
        if give or end:
            held = {str(each) for each in accounts.person_of(database, caller, user_id).user.roles}
            roles_held.set_roles(database, caller, user_id, (held | set(give or ())) - set(end or ()))
        history = roles_held.role_history(database, caller, user_id)
    table = Table("Role", "Since", "Given by", "Until", "Ended by")
    for each in history:
        until = f"{each.until:%Y-%m-%d %H:%M}" if each.until else ""
        table.add_row(each.role, f"{each.since:%Y-%m-%d %H:%M}", each.given_by, until, each.ended_by or "")
    out.print(table)


@app.command("export")
def export_(
    form: Annotated[str, typer.Option("--as", help="csv or json.")] = "csv", institution: InstitutionOption = ""
) -> None:
    """Write everyone as a list to standard output, to keep or to change and import."""
    with running_isocenter() as running:
        rows = lists.export_people(running.database, caller_in(running, institution))
    print_list(lists.COLUMNS, rows, form)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A list as `isocenter user export` writes it: CSV, or JSON by name.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    institution: InstitutionOption = "",
) -> None:
    """Bring the accounts to what a list says, all or nothing; new ones have no password yet."""
    lines = read_list(lists.COLUMNS, file)
    with running_isocenter() as running:
        report = lists.import_people(running.database, caller_in(running, institution), lines, dry_run=dry_run)
    show_report(report)


def _everyone(running: Running, caller: Caller) -> list[Person]:
    """All pages; each one begins after the last name of the one before."""
    found: list[Person] = []
    while page := accounts.people(
        running.database, caller, Search(after=found[-1].user.username if found else "", limit=accounts.MOST)
    ):
        found += page
    return found


def _as_json(person: Person) -> dict[str, object]:
    user = person.user
    return {
        "username": user.username,
        "display_name": user.display_name,
        "roles": user.roles,
        "disabled": user.disabled,
    }


def _state(person: Person) -> str:
    if person.user.disabled:
        return "disabled"
    return "active" if person.has_password else "without password"


def _print_link(running: Running, secret: str) -> None:
    err.print("This link works once, for 24 hours:")
    sys.stdout.write(f"{running.state.http_url}/enrol/{secret}\n")
