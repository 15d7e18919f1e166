"""Group commit: callers that arrive together share one costly step, and the first of them takes it for all.

No thread of its own: with a single sender the caller's own thread does the work and nothing is handed over; with many,
whoever arrives while a group is under way waits and goes with the next one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Ticket(Generic[Item, Result]):
    """One caller's items and, later, their results or the error of the whole group."""

    __slots__ = ("error", "items", "results", "turn")

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.results: Sequence[Result] | None = None
        self.error: BaseException | None = None
        self.turn = threading.Lock()
        self.turn.acquire()

    def settled(self) -> bool:
        return self.results is not None or self.error is not None

    def settle(self, results: Sequence[Result] | None, error: BaseException | None) -> None:
        self.results, self.error = results, error


class Grouping(Generic[Item, Result]):
    """Runs `perform` on the items of all callers that arrived together.

    perform: takes the items in order of arrival and returns one result for each, or raises for the whole group.
    most: items in one group at the most (a single caller's items are never split).
    patience_s: how long a group waits at the most for as many callers as there were when the last one ended.
    """

    def __init__(
        self,
        perform: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        most: int = 512,
        patience_s: float = 0.0,
    ) -> None:
        self._perform = perform
        self._most = most
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._waiting: list[_Ticket[Item, Result]] = []
        self._busy = False
        self._company = 1  # callers when the last group ended: its own and those behind it
        self._wanted = 0  # the leader waits for so many
        self._all_here = threading.Lock()  # made for each wait, released when they have come

    def submit(self, items: Sequence[Item]) -> Sequence[Result]:
        """Add the items to the next group and return their results; raises what `perform` raised."""
        ticket: _Ticket[Item, Result] = _Ticket(items)
        with self._lock:
            self._waiting.append(ticket)
            leads = not self._busy
            self._busy = True
            if self._wanted and len(self._waiting) >= self._wanted:
                self._wanted = 0
                self._all_here.release()
        if not leads:
            ticket.turn.acquire()
        if not ticket.settled():
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        assert ticket.results is not None
        return ticket.results

    def _lead(self) -> None:
        """Settle one group, which holds the calling thread's own ticket, then hand the lead to the next waiting."""
        self._await_company()
        with self._lock:
            group = self._take_group()
        try:
            self._settle(group)
        finally:
            with self._lock:
                self._company = len(group) + len(self._waiting)
                successor = self._waiting[0] if self._waiting else None
                self._busy = successor is not None
            for ticket in group:
                ticket.turn.release()
            if successor is not None:
                successor.turn.release()

    def _await_company(self) -> None:
        """Let those who came along the last time come again: a step for several costs little more than one for one."""
        with self._lock:
            if not self._patience_s or len(self._waiting) >= self._company:
                return
            self._wanted = self._company
            all_here = self._all_here = threading.Lock()
            all_here.acquire()
        all_here.acquire(timeout=self._patience_s)
        with self._lock:
            self._wanted = 0

    def _take_group(self) -> list[_Ticket[Item, Result]]:
        count = size = 0
        for ticket in self._waiting:
            if count and size + len(ticket.items) > self._most:
                break
            count += 1
            size += len(ticket.items)
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group

    def _settle(self, group: list[_Ticket[Item, Result]]) -> None:
        try:
            items = [item for ticket in group for item in ticket.items]
            results = self._perform(items)
        except BaseException as error:  # every waiting caller must learn of it, whatever it is
            for ticket in group:
                ticket.settle(None, error)
            if not isinstance(error, Exception):
                raise
            return
        start = 0
        for ticket in group:
            ticket.settle(results[start : start + len(ticket.items)], None)
            start += len(ticket.items)
