"""What several files of this folder share."""

from __future__ import annotations

import pytest
from tests.adapters.web.reading_room import room

from isocenter.apps.phantom import chest_ct, part10

__all__ = ["room"]


@pytest.fixture(scope="session")
def phantom_files() -> list[bytes]:
    """Three slices of the phantom as files."""
    return [part10(each) for each in chest_ct(range(3))]
