"""The isocenter command."""

from __future__ import annotations

import sys
from logging import WARNING

import typer
from typer._click import exceptions as click  # typer carries its own click

from isocenter.apps.cli.commands import app
from isocenter.apps.cli.exit_codes import exit_code_of
from isocenter.apps.cli.terminal import complain
from isocenter.kit import logging
from isocenter.kit.errors import IsocenterError


def main() -> None:
    """Run one command: an error of ours is one line and an exit code, never a traceback."""
    logging.configure("text", "command", level=WARNING)
    try:
        code = app(standalone_mode=False)
    except typer.Exit as end:
        code = end.exit_code
    except typer.Abort:
        complain("Stopped.")
        code = 130
    except KeyboardInterrupt:
        code = 130
    except click.NoArgsIsHelpError as mistake:
        sys.stderr.write(mistake.format_message() + "\n")
        code = 2
    except click.ClickException as mistake:
        command = mistake.ctx.command_path if isinstance(mistake, click.UsageError) and mistake.ctx else "isocenter"
        sentence = mistake.format_message().rstrip(".")
        complain(f"{sentence}{'' if sentence.endswith('?') else '.'} See `{command} --help`.")
        code = 2
    except IsocenterError as error:
        complain(str(error.message))
        code = exit_code_of(error)
    sys.exit(code if isinstance(code, int) else 0)
