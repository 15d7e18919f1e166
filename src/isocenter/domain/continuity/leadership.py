"""Leadership: every process of a site that may write knows, at any moment, whether it still may.

With a witness, a site leads while it renews its lease there, and stops before anybody else can begin. Without one it
leads until it hears of a higher generation, which the other site writes into its own store when it takes over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from isocenter.kit.errors import IsocenterError
from isocenter.kit.leading import NotLeading
from isocenter.kit.logging import get_logger
from isocenter.storage.lead import LeadEntry, LeadView, Witness, boot_time_s

log = get_logger(__name__)

_RENEWALS = 3.0
_LOOKS = 10.0
_LONGEST_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class LeadState:
    """For people. holder: the site of the newest entry; heard: whether the witness answered the last time."""

    leads: bool
    holder: str | None
    generation: int
    heard: bool
    leads_for_s: float | None


class Leadership:
    """One process's knowledge of the lead, kept by a thread of its own. Call start and close, or step yourself.

    renews: the witness is the judge, and the lease is renewed there. Else the store of the other site is looked at, and
    only a higher generation there ends our lead.
    """

    def __init__(
        self,
        witness: Witness,
        site: str,
        generation: int,
        *,
        valid_for_s: float,
        renews: bool = True,
        on_fenced: Callable[[LeadEntry], None] | None = None,
        clock: Callable[[], float] = boot_time_s,
    ) -> None:
        self._witness = witness
        self._site = site
        self._generation = generation
        self._valid_for_s = valid_for_s
        self._renews = renews
        self._on_fenced = on_fenced
        self._clock = clock
        self._view = LeadView(site, generation, clock)
        self._fenced_by: LeadEntry | None = None
        self._heard = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> Leadership:
        """Look once, so that what is known is known at once, and then go on looking."""
        self.step()
        self._thread = threading.Thread(target=self._watch, name="leadership", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop looking; the lease runs out by itself."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def leads(self) -> bool:
        """Whether this site may write now."""
        return self._fenced_by is None and (self._view.leads() if self._renews else True)

    def require(self) -> None:
        """Raise NotLeading, with who leads if that is known, unless this site may write now."""
        if self.leads():
            return
        entry = self._fenced_by or self._view.entry
        if entry is None or self._view.is_ours():
            raise NotLeading("The witness does not answer, so this site cannot know whether it leads; try again soon.")
        raise NotLeading(f"The site {entry.site} leads; send there.", generation=entry.generation)

    def state(self) -> LeadState:
        """What there is to show."""
        entry = self._fenced_by or self._view.entry
        return LeadState(
            leads=self.leads(),
            holder=entry.site if entry is not None else self._site,
            generation=entry.generation if entry is not None else self._generation,
            heard=self._heard,
            leads_for_s=self._view.leads_for_s() if self._renews else None,
        )

    def step(self) -> None:
        """Look at the newest entry, and renew ours when it is time. Never raises: what is not heard runs out."""
        asked_at = self._clock()
        try:
            self._look(asked_at)
            self._heard = True
        except IsocenterError as error:
            if self._heard:
                log.warning("lead.witness-away", reason=error.reason, detail=str(error))
            self._heard = False

    def _look(self, asked_at: float) -> None:
        entry = self._witness.latest()
        self._view.saw(asked_at, entry)
        if entry is not None and not self._view.is_ours() and entry.generation >= self._generation:
            self._fence(entry)
        elif self._renews and self._view.is_ours() and self._due():
            self._renew()

    def _due(self) -> bool:
        return not self._view.leads() or self._view.age_s() >= self._valid_for_s / _RENEWALS

    def _renew(self) -> None:
        began_at = self._clock()
        entry = self._view.next_entry(self._valid_for_s)
        if self._witness.append(entry):  # else another process of ours was quicker: the next look shows it
            self._view.appended(began_at, entry)

    def _fence(self, entry: LeadEntry) -> None:
        if self._fenced_by is None:
            log.error("lead.lost", to=entry.site, generation=entry.generation)
            if self._on_fenced is not None:
                self._on_fenced(entry)
        self._fenced_by = entry

    def _watch(self) -> None:
        pause_s = min(_LONGEST_PAUSE_S, self._valid_for_s / _LOOKS)
        while not self._stop.wait(pause_s):
            try:
                self.step()
            except Exception:
                log.exception("lead.watch-failed")
