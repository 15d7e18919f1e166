"""Scopes: the rights that a program's token is bound to (RFC 6749 3.3), each named by the word of its `Right`."""

from __future__ import annotations

from collections.abc import Iterable

from isocenter.access.caller import Caller
from isocenter.access.people.roles_held import require_giving
from isocenter.access.programs.errors import InvalidScope
from isocenter.access.roles import Right, Role, rights_of


def scopes_of(words: Iterable[str], roles: Iterable[Role]) -> frozenset[Right]:
    """The rights of these names. Raises InvalidScope for an unknown one, none, or one that the roles do not include."""
    wanted = set(words)
    known = rights_of(roles)
    if wanted - {str(right) for right in known}:
        raise InvalidScope(f"A scope of these roles is one of: {', '.join(sorted(known)) or 'none'}.")
    if not wanted:
        raise InvalidScope("At least one scope is needed.")
    return frozenset(Right(word) for word in wanted)


def require_giving_to_program(caller: Caller, roles: Iterable[Role], only: frozenset[Right] | None) -> None:
    """Raise Refused unless the caller may let a program in with these roles and scopes.

    A program never lets another do what its own scopes leave out: a narrow token makes no wide one.
    """
    require_giving(caller, roles)
    if caller.only is not None and (only is None or not only <= caller.only):
        raise InvalidScope("A program cannot give another one more than its own scopes.")
