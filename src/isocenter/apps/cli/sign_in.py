"""`isocenter sign-in-policy`: how people of an institution sign in, shown and changed."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from rich.table import Table

from isocenter.access.sign_in.policy import SecondFactor, policy_of, set_policy
from isocenter.apps.cli.running import caller_in, running_isocenter
from isocenter.apps.cli.terminal import out, tell_json
from isocenter.kit.errors import Invalid


def sign_in_policy(institution: str, changes: dict[str, Any], *, as_json: bool) -> None:
    """Change what is not None, then show the policy. Raises InvalidPolicy, UnknownInstitution."""
    wanted = {name: value for name, value in changes.items() if value is not None}
    if "second_factor" in wanted:
        wanted["second_factor"] = _second_factor(wanted["second_factor"])
    with running_isocenter() as running:
        caller = caller_in(running, institution)
        policy = policy_of(running.database, caller.institution_id)
        if wanted:
            policy = set_policy(running.database, caller, replace(policy, **wanted))
    if as_json:
        tell_json(asdict(policy))
        return
    table = Table("Rule", "Value")
    for name, value in asdict(policy).items():
        table.add_row(name.replace("_", " "), str(value))
    out.print(table)


def _second_factor(word: str) -> SecondFactor:
    if word not in tuple(SecondFactor):
        raise Invalid(f"A second factor is {' or '.join(SecondFactor)}.")
    return SecondFactor(word)
