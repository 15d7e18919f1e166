"""What a site that was overtaken had, and the one that leads does not: kept aside there, reported, and taken in.

The old leader brings it (`bring_aside`) into `aside/<site>-<generation>/` of the leader's store when it comes back to
follow; the leader takes in (`adopt`) what belongs to it: journals with what was acknowledged and never shipped, and
objects that its index names and lacks. Everything else stays aside for people: nothing of it is lost, nothing silent.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.archive.duplicates import Holdings
from isocenter.domain.archive.recovery import replay_copies
from isocenter.domain.continuity.comparison import Difference, differences
from isocenter.domain.nodes.shipping import ship_file
from isocenter.index import nodes
from isocenter.index.erasures import erased_at
from isocenter.index.institutions import institutions
from isocenter.index.sites import is_missing, names_pack, note_found, record_comparison
from isocenter.kit.errors import IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.storage.copying import content_of, content_of_file, fetch_object, put_staged
from isocenter.storage.errors import NoSuchObject, ObjectExists, StoreAway
from isocenter.storage.manifest import read_manifest
from isocenter.storage.object_store import ObjectStore, copy_into_staging
from isocenter.storage.segments import SegmentName, segments

log = get_logger(__name__)

FOLDER: Final = "aside"
REPORT: Final = "report.json"
DONE: Final = "adopted.json"
_OPENS: Final = re.compile(rb'"object":\s*"([^"\\]+)"')


@dataclass(slots=True)
class Brought:
    """What an old leader brought. by_folder: objects that only it had, or had otherwise, by what they are."""

    site: str
    generation: int
    segments: int = 0
    objects: int = 0
    bytes: int = 0
    by_folder: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Adopted:
    """What the leader took in. recorded: instances that its index lacked; restored: objects that it had missed.

    destroyed: keys and packs of what was erased here meanwhile, which must not come back. left: what stays aside, by
    folder; damaged: pieces of journals that are no members.
    """

    name: str
    segments: int = 0
    members: int = 0
    recorded: int = 0
    damaged: int = 0
    restored: int = 0
    destroyed: int = 0
    left: dict[str, int] = field(default_factory=dict)


def bring_aside(
    journal: Path, own: ObjectStore, leader: ObjectStore, site: str, generation: int, heard_until: datetime | None
) -> Brought:
    """Copy to the leader's store what only this site has, and remove it here; may be repeated.

    journal: of this home, at rest. heard_until: segments that were not touched after it are the leader's, too.
    Raises StoreAway, StorageFull, Damaged: then nothing was removed that is not safe.
    """
    brought, prefix = Brought(site, generation), f"{FOLDER}/{site}-{generation}"
    for name in segments(journal):
        path = name.path(journal)
        if heard_until is None or path.stat().st_mtime >= heard_until.timestamp():
            brought.bytes += _put_segment(leader, f"{prefix}/{name.key}", name, path)
            brought.segments += 1
    kinds: Counter[str] = Counter()
    for each in list(_only_ours(own, leader)):
        brought.bytes += _put_object(own, leader, each, f"{prefix}/{each.key}")
        brought.objects += 1
        kinds[each.key.partition("/")[0]] += 1
        own.delete(each.key)
    brought.by_folder = dict(kinds)
    _put_json(leader, f"{prefix}/{REPORT}", asdict(brought))
    log.warning("site.brought-aside", site=site, segments=brought.segments, objects=brought.objects)
    return brought


def _only_ours(own: ObjectStore, leader: ObjectStore) -> Iterator[Difference]:
    """What the leader lacks; and what both have otherwise, where it is small enough to be a fact: those are read."""
    for each in differences(own, leader, digests=False):
        if isinstance(each, Difference):
            if each.ours is not None:
                yield each
        elif not each.key.startswith(("packs/", "segments/")) and content_of(own, each.key) != content_of(
            leader, each.key
        ):
            yield Difference(each.key, each.size, each.size)


def _put_segment(leader: ObjectStore, key: str, name: SegmentName, path: Path) -> int:
    """The file of a segment, unless the leader has the same one shipped."""
    size = path.stat().st_size
    for known in (name.key, key):
        try:
            if leader.head(known).size == size and content_of(leader, known) == content_of_file(path):
                return 0
        except NoSuchObject:
            continue
    staged = copy_into_staging(leader, path)
    try:
        put_staged(leader, key, staged, content_of_file(staged))
    finally:
        staged.unlink(missing_ok=True)
    return size


def _put_object(own: ObjectStore, leader: ObjectStore, each: Difference, key: str) -> int:
    assert each.ours is not None
    staged = leader.staging_path()
    try:
        content = fetch_object(own, each.key, staged)
        put_staged(leader, key, staged, content)
    finally:
        staged.unlink(missing_ok=True)
    if content_of(leader, key) != content:
        raise NoSuchObject("What was kept aside reads back otherwise; give the command again.", key=key)
    return each.ours


def _put_json(store: ObjectStore, key: str, value: dict[str, Any]) -> None:
    data = json.dumps(value, separators=(",", ":")).encode()
    try:
        store.put(key, data)
    except ObjectExists:
        store.delete(key)
        store.put(key, data)


def kept_aside(store: ObjectStore) -> list[str]:
    """Names ("<site>-<generation>") of what lies aside and was not taken in yet."""
    found: dict[str, set[str]] = {}
    for head in store.list(FOLDER):
        _, name, rest = head.key.split("/", 2)
        found.setdefault(name, set()).add(rest)
    return sorted(name for name, keys in found.items() if REPORT in keys and DONE not in keys)


def adopt(caller: Caller, holdings: Holdings, stored: ObjectStore) -> list[Adopted]:
    """Take in what lies aside, each name once; may be repeated after an interruption. Raises Exhausted.

    stored: our store below encryption, and such that the other site is told of what is put.
    """
    caller.require(Right.MANAGE_STORAGE)
    done = []
    for name in kept_aside(stored):
        adopted = _adopt_one(holdings, stored, name)
        _put_json(stored, f"{FOLDER}/{name}/{DONE}", asdict(adopted))
        with holdings.database.transaction() as connection:
            record_comparison(connection, digests=False, account={"kind": "adopted", **asdict(adopted)})
        log.warning("site.adopted", name=name, recorded=adopted.recorded, restored=adopted.restored)
        done.append(adopted)
    return done


def _adopt_one(holdings: Holdings, stored: ObjectStore, name: str) -> Adopted:
    adopted, prefix = Adopted(name), f"{FOLDER}/{name}/"
    left: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir=holdings.journal_directory.parent, prefix=".aside-") as folder:
        for head in list(stored.list(prefix)):
            key = head.key.removeprefix(prefix)
            if key in (REPORT, DONE):
                continue
            if key.startswith("segments/"):
                _, node, file = key.split("/", 2)
                path = Path(folder) / node / file
                path.parent.mkdir(parents=True, exist_ok=True)
                fetch_object(stored, head.key, path)
            elif _is_wanted(holdings, stored, head.key, key):
                _restore(holdings, stored, head.key, key)
                adopted.restored += 1
            elif _is_destroyed(holdings, stored, head.key):
                stored.delete(head.key)
                adopted.destroyed += 1
            else:
                left[key.partition("/")[0]] += 1
        _adopt_segments(holdings, Path(folder), adopted)
    adopted.left = dict(left)
    return adopted


def _is_wanted(holdings: Holdings, stored: ObjectStore, aside_key: str, key: str) -> bool:
    """Whether our index names an object that we lack; of a key, whether it names what that opens."""
    if _is_here(stored, key):
        return False
    wanted = key
    if key.startswith("keys/"):
        match = _OPENS.search(stored.get(aside_key))
        if match is None:
            return True  # an institution's key: nothing can be read without it
        wanted = match[1].decode("ascii")
    with holdings.database.transaction() as connection:
        if is_missing(connection, key) or is_missing(connection, wanted):
            return True
        every = institutions(connection)
    return any(_names(holdings, one.institution_id, wanted) for one in every)


def _names(holdings: Holdings, institution_id: int, key: str) -> bool:
    with holdings.database.transaction(institution_id) as connection:
        return names_pack(connection, key)


def _is_destroyed(holdings: Holdings, stored: ObjectStore, aside_key: str) -> bool:
    """Whether it is a key that opens nothing of ours, or a pack of a study that was erased here."""
    if "/keys/" in aside_key:
        return True
    if "/packs/" not in aside_key:
        return False
    try:
        manifest = read_manifest(stored, aside_key)
    except IsocenterError:  # encrypted, and its key is judged for itself
        return False
    with holdings.database.transaction(manifest.institution_id) as connection:
        return erased_at(connection, manifest.study_instance_uid) is not None


def _is_here(stored: ObjectStore, key: str) -> bool:
    try:
        stored.head(key)
    except (NoSuchObject, StoreAway):
        return False
    return True


def _restore(holdings: Holdings, stored: ObjectStore, aside_key: str, key: str) -> None:
    """Put an object where the index looks for it."""
    staged = stored.staging_path()
    try:
        fetch_object(stored, aside_key, staged)
        stored.put_file(key, staged)
    except ObjectExists:
        pass
    finally:
        staged.unlink(missing_ok=True)
    with holdings.database.transaction() as connection:
        note_found(connection, key)


def _adopt_segments(holdings: Holdings, folder: Path, adopted: Adopted) -> None:
    """Journals that were never shipped: read back into the index, and shipped in the place of their node."""
    for node in sorted(path.name for path in folder.iterdir() if path.is_dir()):
        replay = replay_copies(holdings, folder, node)
        adopted.members += replay.members
        adopted.recorded += replay.recorded
        adopted.damaged += replay.damaged
        with holdings.database.transaction() as connection:
            shipped = nodes.shipped_of(connection, node)
        for name in segments(folder, node):
            try:
                replaces = (name.node, name.epoch, name.sequence) in shipped
                ship_file(holdings.database, holdings.store, name, name.path(folder), replaces, replica=True)
                adopted.segments += 1
            except IsocenterError as error:
                log.error("site.segment-not-adopted", segment=name.source, reason=error.reason)
                raise
