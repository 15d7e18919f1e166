"""Restrictions and legal holds in the fact log, so that an index that is rebuilt knows them again.

A fact names an object that holds the values, as corrections have it: who the patient is, and the reason.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final
from uuid import uuid4

from blake3 import blake3

from isocenter.access.caller import Caller
from isocenter.kit.database import Connection
from isocenter.storage.encrypted_store import key_for
from isocenter.storage.facts import FactLog
from isocenter.storage.object_store import ObjectStore

RESTRICTION_FORMAT: Final = "restriction/1"
SET: Final = "patient-restricted"
LIFTED: Final = "restriction-lifted"


class RestrictionFacts:
    """Where restrictions are written down besides the database. key_file: signs."""

    def __init__(self, store: ObjectStore, key_file: Path) -> None:
        self._store = store
        self._key_file = key_file

    def append(
        self, connection: Connection, caller: Caller, kind: str, patient_key: int, restriction: str, reason: str
    ) -> None:
        """Write a fact: of what is set before the commit, of what is lifted after it.

        Whatever is interrupted between the two, an index that is rebuilt holds rather too much than too little.
        kind: SET or LIFTED. Raises ForgedFact, StorageFull, StoreAway.
        """
        row = connection.execute(
            "SELECT patient_id, issuer_of_patient_id FROM patient WHERE patient_key = %s", [patient_key]
        ).fetchone()
        assert row is not None
        body = {"format": RESTRICTION_FORMAT, "patient": list(row), "restriction": restriction, "reason": reason}
        data = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        key = key_for(self._store, f"restrictions/{caller.institution_id}/{uuid4().hex}.json", caller.institution_id)
        self._store.put(key, data)
        FactLog(self._store, caller.institution_id, self._key_file).append(
            {
                "kind": kind,
                "values": key,
                "digest": blake3(data).hexdigest(),
                "caller_kind": str(caller.kind),
                "caller_id": caller.id,
            }
        )
