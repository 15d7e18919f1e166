"""From error families to exit codes: the command line's one table."""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Exhausted, Invalid, IsocenterError, NotFound, Refused

FAMILY_EXIT_CODE: dict[type[IsocenterError], int] = {
    Invalid: 2,
    NotFound: 3,
    Conflict: 4,
    Refused: 5,
    Exhausted: 75,  # EX_TEMPFAIL: the same command may succeed later
}
SOME_REFUSED = 1
"""A command did its work, and some of what it was given was refused."""


def exit_code_of(error: IsocenterError) -> int:
    """The exit code of an error's family."""
    return next((code for family, code in FAMILY_EXIT_CODE.items() if isinstance(error, family)), 70)
