"""An archive behind the doors, as the archive's own tests have it, and the Query/Retrieve doors open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.adapters.dimse.query_retrieve import Pacs, opened
from tests.domain.conftest import Hospital, hospital, open_archive

from isocenter.apps.wiring import open_library
from isocenter.delivery.library import Library

__all__ = ["hospital", "open_archive"]


@pytest.fixture
def library(hospital: Hospital, tmp_path: Path) -> Iterator[Library]:
    """The read path of the hospital."""
    with open_library(hospital.database, hospital.data, memory_bytes=1 << 30) as made:
        yield made


@pytest.fixture
def pacs(hospital: Hospital, library: Library) -> Iterator[Pacs]:
    """All doors of the hospital, open to every workstation."""
    with opened(hospital, library) as made:
        yield made
