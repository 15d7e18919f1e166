"""The master key of a home: made at the first start with encryption, never again beside keys that another one wraps."""

from __future__ import annotations

from collections.abc import Iterable

from isocenter.apps.wiring import master_keys_of, open_stored_objects
from isocenter.kit.errors import Exhausted
from isocenter.kit.logging import get_logger
from isocenter.kit.settings import Settings
from isocenter.storage.errors import KeyLost, StoreAway
from isocenter.storage.key_ring import KeyRing
from isocenter.storage.master_keys import MasterState, master_key_path, new_master_key, write_master_keys

log = get_logger(__name__)


def ensure_master_key(settings: Settings) -> None:
    """Make the master key when encryption is on and nothing was encrypted yet.

    Raises KeyLost when the store holds keys that the home's master key should open and it is not there; Invalid when
    its file is damaged. Nothing is changed then.
    """
    path = master_key_path(settings.home)
    if path.exists():
        master_keys_of(settings).current()
        return
    try:
        keys = next(iter(open_stored_objects(settings).list("keys")), None)
    except Exhausted:
        if settings.encryption == "on":
            raise  # a second master key would lock out what the first one encrypted
        return  # a store that is away holds nothing up
    if keys is not None:
        raise KeyLost(
            f"What is stored is encrypted, and its master key is not here: put {path} back, from another node or from "
            "the recovery file (`isocenter keys import-recovery`). Nothing was changed.",
        )
    if settings.encryption == "on":
        write_master_keys(path, [new_master_key(MasterState.CURRENT)])
        log.warning("keys.master-key-made", advice="keep a copy elsewhere: isocenter keys export-recovery")


def check_master_key(settings: Settings, institution_ids: Iterable[int]) -> None:
    """Raise KeyLost when the home's master key is another than the one that wraps what is stored.

    A node with another one would write what the region cannot read. institution_ids: of the region; the first that has
    keys is looked at. A store that is away holds nothing up.
    """
    if not master_key_path(settings.home).exists():
        return
    ring = KeyRing(open_stored_objects(settings), master_keys_of(settings))
    try:
        next((each for each in institution_ids if ring.institution_secrets(each)), None)
    except StoreAway:
        log.warning("keys.not-compared", advice="the store is away")
