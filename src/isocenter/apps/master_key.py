"""The master key of a home: made at the first start with encryption, never again beside keys that another one wraps."""

from __future__ import annotations

from isocenter.apps.wiring import master_keys_of, open_stored_objects
from isocenter.kit.errors import Exhausted
from isocenter.kit.logging import get_logger
from isocenter.kit.settings import Settings
from isocenter.storage.errors import KeyLost
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
