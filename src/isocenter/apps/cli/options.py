"""Options that many commands have."""

from __future__ import annotations

from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
InstitutionOption = Annotated[
    str, typer.Option("--institution", help="Code of the institution; empty: the first one of this home.")
]
