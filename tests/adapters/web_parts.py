"""The parts of a web process without its archive: enough for every door that opens no study."""

from __future__ import annotations

from typing import Any

from isocenter.access.attempts import SignInAttempts
from isocenter.adapters.web.authentication import Authenticator
from isocenter.adapters.web.parts import WebParts
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings


def web_parts(database: Database, settings: Settings, **more: Any) -> WebParts:
    """Ready, with nothing running beside it. more: further parts, or others instead."""
    usual: dict[str, Any] = {
        "authenticator": Authenticator(database),
        "attempts": SignInAttempts(database),
        "ready": lambda: None,
        "run_state": lambda: None,
    }
    return WebParts(settings=settings, database=database, **usual | more)
