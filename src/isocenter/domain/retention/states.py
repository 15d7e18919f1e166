"""Where a study stands on its way to destruction: a pure machine, without clock, database or people's names.

    kept ──day over──► due ──propose──► proposed ──approve──► approved-once ──approve──► approved ──destroy──► destroyed
      ▲                 ▲ │                 │                      │                        │
      │                 │ └──────── hold ───┴──────────┬───────────┴────────────────────────┘
      │                 └──── hold lifted ──── held ◄──┘
      └── a visit, a discharge or a longer policy moves the day: from everywhere but destroyed

Nothing is done on what was true earlier: every step first looks at the world again. What falls back loses its
approvals. `bench/retention_model.py` visits every state with every event.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from isocenter.access.roles import Role
from isocenter.domain.retention.errors import NotInThisState, SamePerson, SamePower


class State(StrEnum):
    """Where a study stands."""

    KEPT = "kept"
    DUE = "due"
    PROPOSED = "proposed"
    APPROVED_ONCE = "approved-once"
    APPROVED = "approved"
    HELD = "held"
    DESTROYED = "destroyed"


class Power(StrEnum):
    """Whose approval it is; the two come from two of them."""

    ADMINISTRATION = "administration"
    SECURITY = "security"
    MEDICINE = "medicine"


_POWER_OF = {
    Role.ADMINISTRATOR: Power.ADMINISTRATION,
    Role.SECURITY_OFFICER: Power.SECURITY,
    Role.SENIOR_RADIOLOGIST: Power.MEDICINE,
}


@dataclass(frozen=True, slots=True)
class World:
    """What is true now. is_over: the law keeps the study no longer. is_held: its patient is on legal hold.

    is_same: it has what it had when it was proposed; False when something arrived or went since.
    """

    is_over: bool
    is_held: bool = False
    is_same: bool = True


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved, and with which powers of hers."""

    by: str
    powers: frozenset[Power]


@dataclass(frozen=True, slots=True)
class Standing:
    """One study. approvals: of the proposal it is in, in their order; empty before it was approved."""

    state: State = State.KEPT
    approvals: tuple[Approval, ...] = ()


def powers_of(roles: tuple[Role, ...]) -> frozenset[Power]:
    """The powers that a person's roles give her in a destruction."""
    return frozenset(_POWER_OF[role] for role in roles if role in _POWER_OF)


def look(standing: Standing, world: World) -> Standing:
    """Where the study stands now that the world is so. What is destroyed stays destroyed."""
    if standing.state is State.DESTROYED:
        return standing
    if not world.is_over:
        return Standing(State.KEPT)
    if world.is_held:
        return Standing(State.HELD)
    if standing.state in (State.KEPT, State.HELD) or not world.is_same:
        return Standing(State.DUE)
    return standing


def propose(standing: Standing, world: World) -> Standing:
    """Somebody proposes that it be destroyed. Raises NotInThisState unless it is due."""
    return replace(_in(look(standing, world), State.DUE), state=State.PROPOSED)


def approve(standing: Standing, world: World, approval: Approval) -> Standing:
    """One of the two approvals. Raises NotInThisState, SamePerson, SamePower."""
    now = _in(look(standing, world), State.PROPOSED, State.APPROVED_ONCE)
    check_approval(now.approvals, approval)
    state = State.APPROVED_ONCE if now.state is State.PROPOSED else State.APPROVED
    return Standing(state, (*now.approvals, approval))


def check_approval(before: tuple[Approval, ...], approval: Approval) -> None:
    """Raises SamePerson, SamePower when this approval adds nothing to those before it."""
    if any(each.by == approval.by for each in before):
        raise SamePerson("You approved this already; the second approval comes from another person.")
    if not approval.powers or any(not _apart(each.powers, approval.powers) for each in before):
        raise SamePower("The two approvals come from two of: administration, security, medicine.")


def withdraw(standing: Standing, world: World) -> Standing:
    """The proposal is taken back. Raises NotInThisState unless it is proposed or approved, and not destroyed."""
    now = look(standing, world)
    if now.state in (State.HELD, State.KEPT):
        return now
    _in(now, State.PROPOSED, State.APPROVED_ONCE, State.APPROVED)
    return Standing(State.DUE)


def destroy(standing: Standing, world: World) -> Standing:
    """It is destroyed now. Raises NotInThisState unless two people approved it and nothing keeps it."""
    return replace(_in(look(standing, world), State.APPROVED), state=State.DESTROYED)


def _in(standing: Standing, *states: State) -> Standing:
    if standing.state not in states:
        raise NotInThisState(f"The study is {standing.state}; this does not follow from it.", state=str(standing.state))
    return standing


def _apart(one: frozenset[Power], other: frozenset[Power]) -> bool:
    """Whether each can stand for a power of its own."""
    return any(mine != theirs for mine in one for theirs in other)
