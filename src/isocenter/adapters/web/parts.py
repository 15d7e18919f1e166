"""What the web process hands its doors: built once by `apps.web`, found again through the request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from fastapi import Request

from isocenter.access.attempts import SignInAttempts
from isocenter.access.federation.discovery import Discovery
from isocenter.access.sealed_secrets import SealingKey
from isocenter.adapters.web.authentication import Authenticator
from isocenter.delivery.library import Library
from isocenter.domain.archive.deletions import Deletions
from isocenter.domain.archive.store import Archive
from isocenter.domain.continuity.evidence import EvidenceStores
from isocenter.domain.exchange.peers import Echo
from isocenter.domain.identity.acts import Records
from isocenter.domain.placement.storages import Opening
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings


@dataclass(frozen=True, slots=True)
class WebParts:
    """ready: raises Exhausted when a store or a query would fail. run_state: what `up` wrote about this run.

    library, archive: None only where no study is ever opened (tests of other doors). echo: asks a peer if it answers.
    records: where corrections are written down. sealing_key: of the home; None only where nobody has a second factor.
    discovery: what identity providers say of themselves. opening: how storages are opened.
    evidence: where that of drills lies; None only in tests of other doors.
    """

    settings: Settings
    database: Database
    authenticator: Authenticator
    attempts: SignInAttempts
    ready: Callable[[], None]
    run_state: Callable[[], dict[str, Any] | None]
    library: Library | None = None
    archive: Archive | None = None
    deletions: Deletions | None = None
    records: Records | None = None
    echo: Echo | None = None
    sealing_key: SealingKey | None = None
    discovery: Discovery | None = None
    opening: Opening | None = None
    evidence: Callable[[], EvidenceStores] | None = None


def parts_of(request: Request) -> WebParts:
    """The parts of the running web process."""
    return cast("WebParts", request.app.state.parts)


def sealing_key_of_parts(request: Request) -> SealingKey:
    """The home's key for secrets that are kept sealed."""
    key = parts_of(request).sealing_key
    assert key is not None, "this process was made without a sealing key"
    return key
