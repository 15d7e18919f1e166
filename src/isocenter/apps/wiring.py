"""How a process gets its archive: the same for listener, web, import and worker.

What takes time to import (numpy, pydicom, codecs) is imported where it is needed: `isocenter status` has no use for it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from isocenter.apps.settings_from_environment import database_url_of
from isocenter.domain.placement.register import Register, places_of
from isocenter.domain.placement.storages import Opening
from isocenter.index.site_changes import announce
from isocenter.index.sites import is_missing
from isocenter.kit.confined import Confined
from isocenter.kit.database import Database
from isocenter.kit.errors import NotFound
from isocenter.kit.exclusive import exclusive_by_name
from isocenter.kit.settings import GIB, Settings
from isocenter.storage.announced import AnnouncedStore
from isocenter.storage.credentials import StoreCredentials, credentials_file, read_credentials
from isocenter.storage.drivers import open_store
from isocenter.storage.extents import Bytes, Elsewhere
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.places import Places
from isocenter.storage.s3_address import s3_address
from isocenter.storage.segments import check_node
from isocenter.wire.tls import TlsFiles

if TYPE_CHECKING:
    from isocenter.delivery.library import Library
    from isocenter.domain.archive.deletions import Deletions
    from isocenter.domain.archive.destruction_certificate import ErasureWork
    from isocenter.domain.archive.store import Archive
    from isocenter.storage.master_keys import MasterKeys

DECODE_MEMORY_BYTES = 2 * GIB
"""Of a confined process that decodes."""


class NoCertificate(NotFound):
    """TLS is wanted and there is no certificate to show."""

    reason = "no-certificate"


def open_object_store(settings: Settings, database: Database | None = None) -> ObjectStore:
    """Where packs and facts live, read and written as what they are: encryption happens here.

    database: where what the other site has to be told is written down; without it, a connection of its own.
    """
    from isocenter.storage.encrypted_store import EncryptedStore
    from isocenter.storage.key_ring import KeyRing

    stored = announced(settings, database, open_stored_objects(settings, database))
    return EncryptedStore(stored, KeyRing(stored, master_keys_of(settings)), encrypts=settings.encryption == "on")


def open_stored_objects(settings: Settings, database: Database | None = None) -> ObjectStore:
    """The same objects as they are stored, encrypted or not: for whoever copies them.

    database: where the storages besides the primary are written down; without it, only the primary is read.
    """
    return open_primary(settings) if database is None else open_places(settings, database)


def staging_folders(settings: Settings) -> list[Path]:
    """Where files wait on their way into the storages of this home."""
    primary = urlsplit(settings.storage_url or (settings.home / "store").absolute().as_uri())
    return [settings.home / "staging", *([Path(unquote(primary.path))] if primary.scheme == "file" else [])]


def open_primary(settings: Settings) -> ObjectStore:
    """The storage where objects are born."""
    return open_storage(settings, settings.storage_url or (settings.home / "store").absolute().as_uri())


def open_places(settings: Settings, database: Database) -> Places:
    """Every storage of the region, read as one."""
    register = Register(database, open_primary(settings), partial(open_storage, settings))
    return places_of(database, register)


def opening_of(settings: Settings) -> Opening:
    """How this home opens storages."""
    return Opening(partial(open_storage, settings), open_primary(settings))


def announced(settings: Settings, database: Database | None, store: ObjectStore) -> ObjectStore:
    """The stored objects, and a note of each one that the other site has to be told of."""
    if settings.second_site_url is None or (database is None and settings.database_url is None):
        return store
    known = database or Database(database_url_of(settings), max_connections=2)

    def write_down(key: str, size: int, gone: bool) -> None:
        with known.transaction() as connection:
            announce(connection, key, size, gone)

    def missing(key: str) -> bool:
        with known.transaction() as connection:
            return is_missing(connection, key)

    return AnnouncedStore(store, write_down, missing)


def master_keys_of(settings: Settings) -> MasterKeys:
    """The master key of this home; its file need not be there as long as nothing is encrypted."""
    from isocenter.storage.master_keys import MasterKeys, master_key_path

    return MasterKeys(master_key_path(settings.home))


def open_storage(
    settings: Settings, url: str, credentials: str | None = None, *, one_database: bool = True
) -> ObjectStore:
    """A store of this home by its URL. credentials: their name, when the URL does not say it. Raises Invalid.

    one_database: all who write one key there share our PostgreSQL and take its lock (decision 0301); not so a witness.
    """
    if urlsplit(url).scheme != "s3":
        return open_store(url)
    return open_store(
        url,
        credentials=credentials_of(settings, s3_address(url).credentials or credentials),
        staging=settings.home / "staging",
        exclusively=exclusive_by_name(settings.database_url) if settings.database_url and one_database else None,
    )


def credentials_of(settings: Settings, name: str | None) -> StoreCredentials:
    """What an S3 store knows this home by: the file of this name in its secrets; without one the settings, or "main".

    Raises Invalid.
    """
    key_id, secret = settings.storage_access_key_id, settings.storage_secret_access_key
    if name is None and key_id is not None and secret is not None:
        return StoreCredentials(key_id, secret)
    return read_credentials(credentials_file(settings.home / "secrets", name or "main"))


def open_bytes(settings: Settings, database: Database | None = None) -> Bytes:
    """The bytes of this node, of the store and of other nodes: one object for everything in a process that reads.

    database: where the other nodes are written down; without it only this node and the store are read.
    """
    store = open_object_store(settings, database)
    return Bytes(settings.home / "journal", store, elsewhere=elsewhere_of(settings, database))


def elsewhere_of(settings: Settings, database: Database | None) -> Elsewhere | None:
    """How other nodes are asked for the newest bytes of their journals; None when there are no others."""
    if settings.node_port is None or database is None:
        return None
    from isocenter.apps.region import client_of

    return client_of(settings, database).read


def open_archive(settings: Settings, database: Database, data: Bytes, *, ready_segments: int = 0) -> Archive:
    """An archive with a leased journal of its own; close it. ready_segments: see `Archive`."""
    from isocenter.apps.region import two_copies_of
    from isocenter.domain.archive.store import Archive

    return Archive(
        data=data,
        node=node_name(settings),
        database=database,
        max_object_bytes=settings.max_object_bytes,
        ready_segments=ready_segments,
        two_copies=two_copies_of(settings, database),
    )


@contextmanager
def open_library(
    database: Database,
    data: Bytes,
    *,
    memory_bytes: int = DECODE_MEMORY_BYTES,
    timeout_s: float = 30.0,
) -> Iterator[Library]:
    """The read path of a process, with confined processes that decode (started when they are first needed)."""
    from isocenter.delivery.library import CONFINED_MODULES, Library
    from isocenter.domain.archive.recompress import rebuild_received

    with ExitStack() as stack:
        confined = Confined(
            processes=max(1, min(4, os.cpu_count() or 1)),
            memory_bytes=memory_bytes,
            timeout_s=timeout_s,
            preload=CONFINED_MODULES,
        )
        stack.enter_context(closing(confined))
        library = Library(
            database=database,
            data=data,
            confined=confined,
            rebuild_received=rebuild_received,
        )
        yield stack.enter_context(closing(library))


def deletions_of(settings: Settings, database: Database, store: ObjectStore) -> Deletions:
    """Deleting and restoring studies of this home."""
    from isocenter.domain.archive.deletions import Deletions
    from isocenter.domain.archive.erase import facts_key_path

    return Deletions(database, store, facts_key_path(settings.home), settings.recoverable_for)


def erasure_work(settings: Settings, database: Database, store: ObjectStore) -> ErasureWork:
    """What finishing erasures needs on this node."""
    from isocenter.domain.archive.destruction_certificate import ErasureWork
    from isocenter.domain.archive.erase import facts_key_path

    journals, replicas = settings.home / "journal", settings.home / "replicas"
    return ErasureWork(database, store, facts_key_path(settings.home), node_name(settings), journals, replicas)


def tls_files_of(settings: Settings) -> TlsFiles:
    """What our TLS is made from; the files need not be there yet."""
    from isocenter.access.certificates.facts import Kind
    from isocenter.access.certificates.store import store_of

    store = store_of(settings.home)
    return TlsFiles(store.own(Kind.DICOM), store.trusted, store.authorities, store.revoked)


def check_certificates(settings: Settings) -> None:
    """Raise NoCertificate when the settings ask for TLS and there is nothing to show."""
    from isocenter.access.certificates.facts import Kind
    from isocenter.access.certificates.store import store_of

    store = store_of(settings.home)
    for kind, wanted in ((Kind.WEB, settings.http_tls == "on"), (Kind.DICOM, settings.dicom_tls_port is not None)):
        if wanted and not store.own(kind).exists():
            message = f"There is no certificate for {kind}; `isocenter certificates init` makes one."
            raise NoCertificate(message, folder=str(store.folder))


def node_name(settings: Settings) -> str:
    """This node's name in journal paths: letters, digits and dashes. Raises Invalid when the setting is no name."""
    if settings.node is not None:
        return check_node(settings.node)
    name = "".join(c if c.isalnum() and c.isascii() else "-" for c in socket.gethostname().partition(".")[0])
    return name.strip("-").lower() or "node"
