"""`isocenter institution` and `isocenter department`: the hospitals under this roof."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from isocenter.access import departments, institutions
from isocenter.access.people.onboarding import invite_first_administrator
from isocenter.apps.cli.list_files import print_list, read_list, show_report
from isocenter.apps.cli.options import InstitutionOption, JsonOption
from isocenter.apps.cli.running import caller_in, running_isocenter
from isocenter.apps.cli.terminal import err, out, tell_json

app = typer.Typer()
department_app = typer.Typer()
CodeArgument = Annotated[str, typer.Argument(help="Its code (`isocenter institution list`).")]


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """Every institution."""
    with running_isocenter() as running:
        known = institutions.institutions_of(running.database, running.caller)
    if as_json:
        tell_json(
            [
                {"code": each.code, "name": each.name, "other_name": each.other_name, "active": each.active}
                for each in known
            ]
        )
        return
    table = Table("Code", "Name", "In another language", "State")
    for each in known:
        table.add_row(each.code, each.name, each.other_name, "active" if each.active else "deactivated")
    out.print(table)


@app.command()
def add(
    code: Annotated[str, typer.Argument(help="A short name for it, such as st-mary: letters, digits, dashes.")],
    name: Annotated[str, typer.Argument(help="What people call it.")],
    other_name: Annotated[str, typer.Option("--other-name", help="Its name in another language.")] = "",
) -> None:
    """Add an institution and print a one-time link (24 hours) for its first administrator."""
    with running_isocenter() as running:
        made = institutions.add_institution(
            running.database, running.caller, code=code, name=name, other_name=other_name
        )
        out.print(f"{made.name} is institution {made.code}.", markup=False)
        secret = invite_first_administrator(running.database, running.caller, made.institution_id)
        err.print("This link makes its first administrator; it works once, for 24 hours:")
        sys.stdout.write(f"{running.state.http_url}/enrol/{secret}\n")


@app.command()
def change(
    code: CodeArgument,
    name: Annotated[str | None, typer.Option(help="Its new name.")] = None,
    other_name: Annotated[str | None, typer.Option("--other-name", help="Its name in another language.")] = None,
    new_code: Annotated[str | None, typer.Option("--code", help="Its new code.")] = None,
) -> None:
    """Rename an institution."""
    with running_isocenter() as running:
        known = institutions.institution_coded(running.database, code)
        made = institutions.change_institution(
            running.database, running.caller, known.institution_id, code=new_code, name=name, other_name=other_name
        )
    out.print(f"{made.code} is {made.name}.", markup=False)


@app.command()
def deactivate(code: CodeArgument) -> None:
    """Let nobody of it come in any more; what it holds stays."""
    with running_isocenter() as running:
        known = institutions.institution_coded(running.database, code)
        institutions.deactivate_institution(running.database, running.caller, known.institution_id)
    out.print(f"{known.name} is deactivated.", markup=False)


@app.command()
def activate(code: CodeArgument) -> None:
    """Let its people come in again."""
    with running_isocenter() as running:
        known = institutions.institution_coded(running.database, code)
        institutions.activate_institution(running.database, running.caller, known.institution_id)
    out.print(f"{known.name} is active.", markup=False)


@department_app.command("list")
def list_departments(institution: InstitutionOption = "", as_json: JsonOption = False) -> None:
    """Every department."""
    with running_isocenter() as running:
        known = departments.departments_of(running.database, caller_in(running, institution))
    if as_json:
        tell_json(departments.department_rows(known))
        return
    table = Table("Code", "Name", "In another language")
    for each in known:
        table.add_row(each.code, each.name, each.other_name)
    out.print(table)


@department_app.command("add")
def add_department(
    code: Annotated[str, typer.Argument(help="Its code, as other systems know it.")],
    name: Annotated[str, typer.Argument(help="What people call it.")],
    other_name: Annotated[str, typer.Option("--other-name", help="Its name in another language.")] = "",
    institution: InstitutionOption = "",
) -> None:
    """Add a department."""
    with running_isocenter() as running:
        caller = caller_in(running, institution)
        made = departments.add_department(running.database, caller, code=code, name=name, other_name=other_name)
    out.print(f"{made.name} is department {made.code}.", markup=False)


@department_app.command("remove")
def remove_department(
    code: Annotated[str, typer.Argument(help="Its code.")], institution: InstitutionOption = ""
) -> None:
    """Remove a department that nobody is in."""
    with running_isocenter() as running:
        caller = caller_in(running, institution)
        found = departments.department_coded(running.database, caller, code)
        departments.remove_department(running.database, caller, found.department_id)
    out.print(f"{found.name} is removed.", markup=False)


@department_app.command("export")
def export_departments(
    form: Annotated[str, typer.Option("--as", help="csv or json.")] = "csv", institution: InstitutionOption = ""
) -> None:
    """Write the departments as a list to standard output."""
    with running_isocenter() as running:
        known = departments.departments_of(running.database, caller_in(running, institution))
    print_list(departments.COLUMNS, departments.department_rows(known), form)


@department_app.command("import")
def import_departments(
    file: Annotated[Path, typer.Argument(help="A list as `isocenter department export` writes it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    institution: InstitutionOption = "",
) -> None:
    """Add and change departments as a list says, all or nothing."""
    lines = read_list(departments.COLUMNS, file)
    with running_isocenter() as running:
        caller = caller_in(running, institution)
        report = departments.import_departments(running.database, caller, lines, dry_run=dry_run)
    show_report(report)
