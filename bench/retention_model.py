"""One study on its way to destruction, with everybody and everything that may come between, in every order.

The rules are those of domain/retention/states.py, called and not copied; the order of small steps is that of
domain/retention/destroying.py. Between any two steps a hold, a visit, a late image or a crash may come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from bench.model_check import Model
from isocenter.domain.retention import states
from isocenter.domain.retention.errors import NotInThisState, SamePerson, SamePower
from isocenter.domain.retention.states import Approval, Power, Standing, State, World

PEOPLE = (
    Approval("ada", frozenset({Power.ADMINISTRATION})),
    Approval("bob", frozenset({Power.ADMINISTRATION})),
    Approval("cleo", frozenset({Power.SECURITY})),
    Approval("dan", frozenset({Power.ADMINISTRATION, Power.MEDICINE})),
    Approval("eve", frozenset()),
)
_SETTLES_WITHIN = 6
_ALLOWED = (NotInThisState, SamePerson, SamePower)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the model takes for granted; a test breaks one after the other."""

    look: Callable[[Standing, World], Standing] = states.look
    approve: Callable[[Standing, World, Approval], Standing] = states.approve
    destroy: Callable[[Standing, World], Standing] = states.destroy
    locks_while_erasing: bool = True


@dataclass(frozen=True, slots=True)
class Study:
    """standing: as its row says. world: as it is. is_there: its rows and bytes. erasing: the job looked and lets it go.

    recorded: it was erased, and the transaction that erased it said by which destruction. fresh: who approved since it
    was last proposed, by the model's own counting. at_erasing: what was true when it went, and who had approved it.
    """

    standing: Standing
    world: World
    is_there: bool = True
    erasing: bool = False
    recorded: bool = False
    fresh: frozenset[str] = frozenset()
    at_erasing: tuple[World, frozenset[str]] | None = None


def retention_model(rules: Rules = Rules()) -> Model[Study]:
    """Promises about one study."""
    promises = (
        "nothing goes before its day is over, or while it is held",
        "two different people of two powers approved what went, in one proposal that it never left, and as it was",
        "what went stays gone and is said to be destroyed; what is said to be destroyed is gone",
        "whatever is interrupted, our job and a look bring it to an end",
    )
    steps, first = _Steps(rules), Study(Standing(), World(is_over=False))
    return Model("one study on its way to destruction", promises, (first,), steps.moves, _wrong, steps.settles)


def _wrong(study: Study) -> str | None:
    if study.standing.state is State.DESTROYED and study.is_there:
        return "it is said to be destroyed and is there"
    if study.at_erasing is None:
        return None if study.is_there else "it went without anybody's doing"
    world, people = study.at_erasing
    if not world.is_over or world.is_held:
        return "it went although something kept it"
    if not world.is_same:
        return "what went is not what was approved"
    if len(people) < 2 or not _of_two_powers(people):
        return "it went without two people of two powers"
    return None


def _of_two_powers(people: frozenset[str]) -> bool:
    powers = [each.powers for each in PEOPLE if each.by in people]
    return any(
        one != other
        for number, mine in enumerate(powers)
        for theirs in powers[number + 1 :]
        for one in mine
        for other in theirs
    )


@dataclass(frozen=True, slots=True)
class _Steps:
    rules: Rules

    def moves(self, study: Study) -> Iterable[tuple[str, Study]]:
        """Everything that can happen next."""
        if not (study.erasing and self.rules.locks_while_erasing):  # a hold waits until the erasing is over
            yield from _world(study)
        if not study.erasing:
            yield from self._people(study)
            yield "a look", self._stands(study, self.rules.look(study.standing, study.world))
        yield from self._job(study)

    def settles(self, study: Study) -> str | None:
        """What is wrong with where our job and a look bring a study."""
        for _ in range(_SETTLES_WITHIN):
            job = [after for label, after in self._job(study) if not label.startswith("job: is killed")]
            if job:
                study = job[0]
            elif study.is_there:
                study = self._stands(study, self.rules.look(study.standing, study.world))
        if study.is_there == (study.standing.state is State.DESTROYED):
            return "it is neither destroyed nor there"
        return "two approvals and nothing done" if study.standing.state is State.APPROVED else None

    def _people(self, study: Study) -> Iterable[tuple[str, Study]]:
        if not study.is_there:
            return
        for word, step in (("proposes", states.propose), ("withdraws", states.withdraw)):
            after = _tried(lambda step=step: step(study.standing, study.world))  # type: ignore[misc]
            if after is not None:
                yield f"somebody {word}", self._stands(study, after)
        for person in PEOPLE:
            after = _tried(lambda person=person: self.rules.approve(study.standing, study.world, person))  # type: ignore[misc]
            if after is not None:
                yield f"{person.by} approves", self._stands(study, after, study.fresh | {person.by})

    def _job(self, study: Study) -> Iterable[tuple[str, Study]]:
        if study.standing.state is not State.APPROVED:
            return
        if study.recorded:
            yield "job: finds it erased", replace(study, standing=Standing(State.DESTROYED), erasing=False)
        elif not study.erasing:
            if _tried(lambda: self.rules.destroy(study.standing, study.world)) is not None:
                yield "job: looks, and nothing keeps it", replace(study, erasing=True)
        else:
            yield "job: is killed before it erased", replace(study, erasing=False)
            gone = replace(study, is_there=False, recorded=True, erasing=False, at_erasing=(study.world, study.fresh))
            yield "job: erases", replace(gone, standing=Standing(State.DESTROYED))
            yield "job: erases, is killed before the row says so", gone

    def _stands(self, study: Study, standing: Standing, fresh: frozenset[str] | None = None) -> Study:
        """In the new standing; who fell out of a proposal has nobody's approval, and what it has is what it has now."""
        going_on = standing.state in (State.PROPOSED, State.APPROVED_ONCE, State.APPROVED)
        world = study.world if going_on and standing.state is not State.PROPOSED else replace(study.world, is_same=True)
        people = (study.fresh if fresh is None else fresh) if going_on else frozenset()
        return replace(study, standing=standing, world=world, fresh=people)


def _world(study: Study) -> Iterable[tuple[str, Study]]:
    if not study.is_there:
        return
    over, held = study.world.is_over, study.world.is_held
    changes = (
        ("a day passes" if not over else "a visit or a longer policy moves the day", {"is_over": not over}),
        ("a hold is set" if not held else "the hold is lifted", {"is_held": not held}),
        ("a late image arrives", {"is_same": False}),
    )
    for label, change in changes:
        yield label, replace(study, world=replace(study.world, **change))


def _tried(step: Callable[[], Standing]) -> Standing | None:
    try:
        return step()
    except _ALLOWED:
        return None
