"""What placing and scrubbing work with in this home."""

from __future__ import annotations

from isocenter.apps.wiring import open_places
from isocenter.domain.archive.reclaim import is_superfluous
from isocenter.domain.placement.jobs import Pacing
from isocenter.domain.placement.placing import Placement
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.kit.settings import Settings
from isocenter.storage.encrypted_store import EncryptedStore
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.pack import verify_pack


def placement_of(settings: Settings, database: Database, store: ObjectStore) -> Placement:
    """store: through which readers read."""

    def proven(alone: ObjectStore, key: str) -> bool:
        readable = EncryptedStore(alone, store.ring, encrypts=False) if isinstance(store, EncryptedStore) else alone
        try:
            return not verify_pack(readable, key)
        except Exhausted:
            raise
        except IsocenterError:
            return False

    def superfluous(key: str) -> bool:
        return is_superfluous(database, store, key)

    return Placement(database, open_places(settings, database), proven, superfluous)


def pacing_of(settings: Settings) -> Pacing:
    """How eagerly this home reads its copies again."""
    return Pacing(settings.scrub_bytes_per_s, settings.scrub_every, settings.deletion_alarm)
