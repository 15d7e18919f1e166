"""`isocenter retention`: how long studies are kept, which are due, and what people decide about them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from isocenter.apps.cli.list_files import read_list, show_report
from isocenter.apps.cli.options import InstitutionOption, JsonOption
from isocenter.apps.cli.person import person
from isocenter.apps.cli.running import Running, caller_in, running_isocenter
from isocenter.apps.cli.terminal import out, tell_json

if TYPE_CHECKING:
    from isocenter.domain.retention.destroying import Destructions

app = typer.Typer()
AsOption = Annotated[str, typer.Option("--as", help="Your user name; you are asked for the password and a code.")]
ReasonOption = Annotated[str, typer.Option(help="Why; it is kept.")]
NumberArgument = Annotated[int, typer.Argument(help="Number of the proposal (`isocenter retention proposals`).")]


@app.command()
def due(
    look: Annotated[bool, typer.Option("--look", help="Look now; it is done every night.")] = False,
    institution: InstitutionOption = "",
    as_json: JsonOption = False,
) -> None:
    """Studies that the law keeps no longer, and where each stands."""
    from isocenter.domain.retention.looking import look_for_due

    with running_isocenter() as running:
        caller = caller_in(running, institution)
        if look:
            look_for_due(running.database, caller)
        found = _destructions(running).studies(caller)
    if as_json:
        tell_json([dataclasses.asdict(each) for each in found])
        return
    table = Table("Study", "Patient ID", "Date", "Was kept until", "State", "Proposal")
    for each in found:
        proposal = "" if each.destruction_id is None else str(each.destruction_id)
        day = str(each.kept_until)
        table.add_row(each.study_instance_uid, each.patient_id or "", each.study_date, day, each.state, proposal)
    out.print(table)


@app.command()
def propose(
    studies: Annotated[list[str], typer.Argument(help="Study Instance UIDs, all due.", metavar="STUDY...")],
    reason: ReasonOption,
    as_: AsOption,
) -> None:
    """Propose that studies be destroyed; two people of two powers have to approve."""
    with running_isocenter() as running, person(running, as_) as who:
        number = _destructions(running).propose(who, studies, reason)
    out.print(f"Proposal {number} of {len(set(studies))} studies waits for two approvals.")


@app.command()
def approve(number: NumberArgument, as_: AsOption) -> None:
    """Approve a proposal; with the second approval its studies are destroyed."""
    with running_isocenter() as running, person(running, as_) as who:
        approved = _destructions(running).approve(who, number)
    states = ", ".join(f"{count} {state}" for state, count in sorted(approved.counts.items()))
    out.print(f"Proposal {number}: {states}.")


@app.command()
def withdraw(number: NumberArgument, reason: ReasonOption, as_: AsOption) -> None:
    """Take a proposal back; what is not destroyed yet is due again."""
    with running_isocenter() as running, person(running, as_) as who:
        _destructions(running).withdraw(who, number, reason)
    out.print(f"Proposal {number} is withdrawn.")


@app.command()
def proposals(institution: InstitutionOption = "", as_json: JsonOption = False) -> None:
    """Proposals with their approvals, last first."""
    with running_isocenter() as running:
        found = _destructions(running).overview(caller_in(running, institution))
    if as_json:
        tell_json([dataclasses.asdict(each) for each in found.destructions])
        return
    table = Table("Number", "Proposed", "By", "Reason", "Approvals", "Studies")
    for each in found.destructions:
        states = ", ".join(f"{count} {state}" for state, count in sorted(each.counts.items()))
        by = found.names.get(each.proposed_by, each.proposed_by)
        at = f"{each.proposed_at:%Y-%m-%d %H:%M}"
        table.add_row(str(each.destruction_id), at, by, each.reason, str(len(each.approvals)), states)
    out.print(table)


@app.command()
def policy(
    outpatient_years: Annotated[int | None, typer.Option(help="Years after the last visit.")] = None,
    inpatient_years: Annotated[int | None, typer.Option(help="Years after the last discharge.")] = None,
    reason: ReasonOption = "",
    institution: InstitutionOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show how long an institution keeps studies; with options, change it first."""
    from isocenter.domain.retention.policy import policies, set_policy

    with running_isocenter() as running:
        caller = caller_in(running, institution)
        now, history = policies(running.database, caller)
        if outpatient_years is not None or inpatient_years is not None:
            set_policy(
                running.database,
                caller,
                outpatient_years=now.outpatient_years if outpatient_years is None else outpatient_years,
                inpatient_years=now.inpatient_years if inpatient_years is None else inpatient_years,
                reason=reason,
            )
            now, history = policies(running.database, caller)
    if as_json:
        tell_json({**dataclasses.asdict(now), "history": [dataclasses.asdict(each) for each in history]})
        return
    if not now.applies:
        out.print("A demo: nothing is kept by law.")
        return
    out.print(f"{now.outpatient_years} years after the last visit, {now.inpatient_years} after the last discharge.")
    if now.below_the_law:
        out.print(f"That is shorter than the law asks for: {history[0].reason}", markup=False)


@app.command("confirm-clock")
def confirm_clock(institution: InstitutionOption = "") -> None:
    """Say that the clock is right, after it leapt or the archive was off for long."""
    from isocenter.domain.retention import clock

    with running_isocenter() as running:
        state = clock.confirm_clock(running.database, caller_in(running, institution))
    out.print(f"{state.today} is believed.")


@app.command("import-visits")
def import_visits(
    file: Annotated[Path, typer.Argument(help="CSV or JSON: patient_id, kind, began_on, ended_on, number …")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    institution: InstitutionOption = "",
) -> None:
    """Visits and stays of patients, from whose last day the years are counted; all or nothing."""
    from isocenter.domain.retention import visits

    lines = read_list(visits.COLUMNS, file)
    with running_isocenter() as running:
        caller = caller_in(running, institution)
        report = visits.import_visits(running.database, caller, lines, dry_run=dry_run)
    show_report(report)


def _destructions(running: Running) -> Destructions:
    from isocenter.apps.wiring import open_object_store
    from isocenter.domain.archive.erase import facts_key_path
    from isocenter.domain.retention.destroying import Destructions

    store = open_object_store(running.settings, running.database)
    return Destructions(running.database, store, facts_key_path(running.settings.home))
