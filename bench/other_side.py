"""What the store of the other site holds, object by object, read from its bytes alone: packs and shipped segments."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.data import digest_of
from isocenter.domain.archive.recompress import rebuild_received
from isocenter.kit.errors import IsocenterError
from isocenter.storage.drivers import open_store
from isocenter.storage.encrypted_store import EncryptedStore
from isocenter.storage.journal import JournalMember, read_segment
from isocenter.storage.journal_cipher import segment_keys_of
from isocenter.storage.key_ring import KeyRing
from isocenter.storage.manifest import read_manifest
from isocenter.storage.master_keys import MasterKeys
from isocenter.storage.segments import SegmentName


class OtherSide:
    """A store, and the digests (BLAKE2b, as in ledgers) of every data set found in it so far, by SOP Instance UID."""

    def __init__(self, folder: Path, master_key: Path) -> None:
        """folder: of the store. master_key: the file that opens what is encrypted; it need not be there."""
        stored = open_store(folder.absolute().as_uri())
        self._store = EncryptedStore(stored, KeyRing(stored, MasterKeys(master_key)), encrypts=False)
        self._seen: set[str] = set()
        self.digests: dict[str, set[str]] = {}

    def look(self) -> None:
        """Read what came since the last look. What cannot be read now is read the next time."""
        for prefix, read in (("packs", self._pack), ("segments", self._segment)):
            for head in list(self._store.list(prefix)):
                if head.key in self._seen:
                    continue
                try:
                    for name, digest in read(head.key):
                        self.digests.setdefault(name, set()).add(digest)
                except (IsocenterError, OSError):  # replaced or removed in this moment
                    continue
                self._seen.add(head.key)

    def _pack(self, key: str) -> Iterator[tuple[str, str]]:
        manifest = read_manifest(self._store, key)
        for entry in manifest.entries():
            yield entry.sop_instance_uid, digest_of([rebuild_received(self._store, manifest, entry)])

    def _segment(self, key: str) -> Iterator[tuple[str, str]]:
        name = SegmentName.from_path(Path(key))
        with tempfile.NamedTemporaryFile() as copy:
            size = self._store.head(key).size
            copy.write(self._store.get_range(key, 0, size))
            copy.flush()
            for item in read_segment(Path(copy.name), segment=name, keys=segment_keys_of(self._store)):
                if isinstance(item, JournalMember):
                    yield item.header.sop_instance_uid, digest_of([item.data_set])
