"""An archive behind the doors, as the archive's own tests have it."""

from tests.domain.archive.conftest import hospital, open_archive

__all__ = ["hospital", "open_archive"]
