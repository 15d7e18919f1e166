"""A model of two sites and their witness: every order of looks, puts, delays and lost answers, in ticks of a second.

The decisions are taken by the real `LeadView`; the model says what may happen around it. `python -m bench lead-model`
walks every order up to a number of ticks (minutes); a test walks thousands of random ones.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from isocenter.storage.lead import LeadEntry, LeadView


@dataclass(frozen=True)
class Site:
    """looking: the look under way, (began, what it will show or None while it has not been served)."""

    name: str
    generation: int
    number: int = 0
    holder: str = ""
    first_seen: int = 0
    looked: int | None = None
    until: int = -99
    look: tuple[int, tuple[int, str] | None, bool] | None = None
    put: tuple[int, int, str] | None = None  # began, number, state: sent, won, lost


@dataclass(frozen=True)
class World:
    entries: tuple[str, ...] = ()
    a: Site = Site("a", 1)
    b: Site = Site("b", 2)
    now: int = 0


VALID = 2
MOST = 3
"""Entries at the witness: a lead, a renewal, a take-over; beyond that the orders repeat."""


def entry(number: int, generation: int, site: str) -> LeadEntry:
    """As it is at the witness."""
    return LeadEntry(number, generation, site, VALID)


def view_of(site: Site, now: int) -> LeadView:
    """The real thing, as this site has it."""
    view = LeadView(site.name, site.generation, clock=lambda: float(now))
    if site.looked is not None:
        view._looked_at = float(site.looked)
    if site.number:
        view.entry = entry(site.number, 1 if site.holder == "a" else 2, site.holder)
        view._first_seen_at, view._until = float(site.first_seen), float(site.until)
    return view


def taken_from(site: Site, view: LeadView) -> Site:
    looked = None if view._looked_at is None else int(view._looked_at)
    if view.entry is None:
        return replace(site, looked=looked)
    until = int(max(-99.0, view._until))
    return replace(
        site,
        number=view.entry.number,
        holder=view.entry.site,
        first_seen=int(view._first_seen_at),
        looked=looked,
        until=until,
    )


def moves(world: World, site: Site) -> Iterator[tuple[Site, tuple[str, ...]]]:
    """Everything that this site, or the line between it and the witness, may do next."""
    entries, now = world.entries, world.now
    shown = (len(entries), entries[-1]) if entries else None
    if site.look is None and site.put is None:
        yield replace(site, look=(now, None, False)), entries
        view = view_of(site, now)
        if len(entries) >= MOST:
            return
        if (site.name == "a" and view.is_ours()) or (site.name == "b" and (view.is_ours() or view.may_be_taken())):
            number = 1 if view.entry is None else view.entry.number + 1
            if site.looked is not None:
                yield replace(site, put=(now, number, "sent")), entries
    if site.look is not None:
        began, seen, served = site.look
        if not served:
            yield replace(site, look=(began, shown, True)), entries
        else:
            view = view_of(site, now)
            view.saw(float(began), None if seen is None else entry(seen[0], 1 if seen[1] == "a" else 2, seen[1]))
            yield replace(taken_from(site, view), look=None), entries
    if site.put is not None:
        began, number, state = site.put
        if state == "sent":
            won = number == len(entries) + 1
            after = (*entries, site.name) if won else entries
            yield replace(site, put=(began, number, "won" if won else "lost")), after
            yield replace(site, put=None), after  # done, and the answer is lost
        else:
            view = view_of(site, now)
            if state == "won" and len(entries) == number:
                view.appended(float(began), entry(number, site.generation, site.name))
            yield replace(taken_from(site, view), put=None), entries


def next_worlds(world: World, last: int) -> list[World]:
    """What may come after."""
    following = [replace(world, a=site, entries=entries) for site, entries in moves(world, world.a)]
    following += [replace(world, b=site, entries=entries) for site, entries in moves(world, world.b)]
    if world.now < last:
        following.append(replace(world, now=world.now + 1))
    return following


def leading(world: World) -> list[str]:
    """Which sites lead for certain: never two."""
    return [site.name for site in (world.a, world.b) if view_of(site, world.now).leads()]


def everything(last: int) -> tuple[int, set[str]]:
    """Walk every order up to this tick: how many states there are, and who led in some of them."""
    seen: set[World] = set()
    edge, led = [World()], set()
    while edge:
        world = edge.pop()
        if world in seen:
            continue
        seen.add(world)
        now = leading(world)
        assert len(now) < 2, world
        led.update(now)
        edge += next_worlds(world, last)
    return len(seen), led


def walks(count: int, steps: int, seed: int) -> dict[str, int]:
    """Random orders: in how many steps each site led."""
    chance = random.Random(seed)
    led = {"a": 0, "b": 0}
    for _ in range(count):
        world = World()
        for _ in range(steps):
            world = chance.choice(next_worlds(world, steps))
            now = leading(world)
            assert len(now) < 2, world
            for site in now:
                led[site] += 1
    return led


def main(chosen: argparse.Namespace) -> int:
    """Print how many states were looked at. chosen.ticks: seconds of the model; each multiplies the states."""
    states, led = everything(chosen.ticks)
    sys.stdout.write(f"{states} states in {chosen.ticks} ticks: never two sites led; led at some time: {sorted(led)}\n")
    return 0
