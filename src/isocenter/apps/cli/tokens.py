"""`isocenter token`: bearer tokens for programs."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from isocenter.access import api_tokens
from isocenter.access.roles import ROLES_OF_PROGRAMS, roles_of_program
from isocenter.apps.cli.options import InstitutionOption, JsonOption
from isocenter.apps.cli.running import caller_in, running_isocenter
from isocenter.apps.cli.terminal import err, out, tell_json
from isocenter.kit.errors import Invalid

app = typer.Typer()
_VALID_FOR = re.compile(r"(\d{1,5})([hd])")


@app.command()
def issue(
    role: Annotated[
        list[str], typer.Option(help=f"What the program may do: {', '.join(ROLES_OF_PROGRAMS)}; repeat it for more.")
    ],
    label: Annotated[str, typer.Option(help="What the token is for.")] = "",
    expires: Annotated[str, typer.Option(help="How long it works: 12h, 30d; empty for ever.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(help="Only this right of its roles, such as read; repeat it for more.")
    ] = None,
    institution: InstitutionOption = "",
) -> None:
    """Issue a token and print it, once, as the last line."""
    wanted, valid_for = roles_of_program(role), _valid_for(expires)
    with running_isocenter() as running:
        caller = caller_in(running, institution)
        token = api_tokens.issue_token(
            running.database, caller, wanted, label=label, valid_for=valid_for, scopes=scope or None
        )
    err.print("Keep this token like a password; it is shown this once.")
    sys.stdout.write(token + "\n")


@app.command("list")
def list_(
    institution: InstitutionOption = "",
    as_json: JsonOption = False,
) -> None:
    """Every token that was issued; never the secrets."""
    with running_isocenter() as running:
        known = api_tokens.tokens_of(running.database, caller_in(running, institution))
    if as_json:
        tell_json(
            [
                {
                    "token_id": each.token_id,
                    "roles": each.roles,
                    "scopes": each.scopes,
                    "label": each.label,
                    "created_at": each.created_at,
                    "expires_at": each.expires_at,
                    "revoked_at": each.revoked_at,
                    "last_used_at": each.last_used_at,
                }
                for each in known
            ]
        )
        return
    table = Table("Id", "Roles", "Scopes", "Label", "Created", "Expires", "Last used", "State")
    for each in known:
        table.add_row(
            str(each.token_id),
            ", ".join(each.roles),
            "all" if each.scopes is None else " ".join(each.scopes),
            each.label,
            f"{each.created_at:%Y-%m-%d %H:%M}",
            f"{each.expires_at:%Y-%m-%d %H:%M}" if each.expires_at else "never",
            f"{each.last_used_at:%Y-%m-%d %H:%M}" if each.last_used_at else "never",
            "revoked" if each.revoked_at else "valid",
        )
    out.print(table)


@app.command()
def revoke(
    token_id: Annotated[int, typer.Argument(help="Its number in `isocenter token list`.")],
    institution: InstitutionOption = "",
) -> None:
    """End a token."""
    with running_isocenter() as running:
        api_tokens.revoke_token(running.database, caller_in(running, institution), token_id)
    out.print(f"Token {token_id} is revoked.")


def _valid_for(text: str) -> timedelta | None:
    if not text:
        return None
    match = _VALID_FOR.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise Invalid("--expires is a number of hours or days, such as 12h or 30d.")
    return timedelta(hours=int(match[1])) if match[2] == "h" else timedelta(days=int(match[1]))
