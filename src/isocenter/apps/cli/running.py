"""Finding the Isocenter that runs, for the commands that speak to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from isocenter.access import institutions
from isocenter.access.caller import Caller, system_caller
from isocenter.apps.home import RunState, running_state
from isocenter.apps.settings_from_environment import database_url_of, default_home, settings_from_environment
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings


@dataclass(frozen=True, slots=True)
class Running:
    """A connection to the running Isocenter. caller: whoever may read its home may administer it."""

    state: RunState
    settings: Settings
    database: Database
    caller: Caller


def homes_to_try() -> list[Path]:
    """ISOCENTER_HOME alone when it is set; else the usual home and then the demo's."""
    home = settings_from_environment().home
    return [home] if os.environ.get("ISOCENTER_HOME") else [home, default_home(os.environ, demo=True)]


@contextmanager
def running_isocenter() -> Iterator[Running]:
    """The Isocenter that runs on the home. Raises NotRunning."""
    state = running_state(homes_to_try())
    settings = settings_from_environment(state.settings)
    database = Database(database_url_of(settings), max_connections=4)
    try:
        yield Running(state, settings, database, system_caller(state.institution_id, "command-line"))
    finally:
        database.close()


def caller_in(running: Running, code: str) -> Caller:
    """The command line acting in the institution with this code, '' is the first. Raises UnknownInstitution."""
    if not code:
        return running.caller
    return replace(running.caller, institution_id=institutions.institution_coded(running.database, code).institution_id)
