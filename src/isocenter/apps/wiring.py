"""How a process gets its archive: the same for listener, web, import and worker."""

from __future__ import annotations

import socket

from isocenter.domain.archive.store import Archive
from isocenter.kit.database import Database
from isocenter.kit.errors import Invalid
from isocenter.kit.settings import Settings
from isocenter.storage.object_store import ObjectStore, open_store


def database_url_of(settings: Settings) -> str:
    """The database's address. Raises Invalid when a process is started alone, without one."""
    if settings.database_url is None:
        raise Invalid("This process needs ISOCENTER_DATABASE_URL; `isocenter up` starts it with one.")
    return settings.database_url


def open_object_store(settings: Settings) -> ObjectStore:
    """Where packs and facts live."""
    return open_store(settings.storage_url or (settings.home / "store").absolute().as_uri())


def open_archive(settings: Settings, database: Database, store: ObjectStore) -> Archive:
    """An archive with a leased journal of its own; close it."""
    return Archive(
        journal_directory=settings.home / "journal",
        node=node_name(),
        database=database,
        store=store,
        max_object_bytes=settings.max_object_bytes,
    )


def node_name() -> str:
    """This machine's name in journal paths: letters, digits and dashes."""
    name = "".join(c if c.isalnum() and c.isascii() else "-" for c in socket.gethostname().partition(".")[0])
    return name.strip("-").lower() or "node"
