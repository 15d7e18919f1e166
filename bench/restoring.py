"""How fast a home is backed up and made again: gigabytes a minute, with its index, on one disk."""

from __future__ import annotations

import shutil
import time
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.data import CT, endless, folder_of, load
from bench.failing_disk import SOURCE
from bench.node import new_folder
from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.institutions import ensure_institution
from isocenter.access.roles import Role
from isocenter.apps.home import make_home
from isocenter.apps.recovering import back_up_home, backup_store, database_of, rebuild_index, restore_home
from isocenter.apps.wiring import open_archive, open_bytes
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.archive.seal import Sealer
from isocenter.index.migrate import migrate
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings
from isocenter.storage.facts import make_key_file


@dataclass(frozen=True, slots=True)
class Pace:
    """One round. bytes: of packs and journals that were moved; seconds of each step."""

    studies: int
    instances: int
    bytes: int
    backup_s: float
    restore_s: float
    rebuild_s: float

    def gb_per_minute(self, seconds: float) -> float:
        """The pace of a step."""
        return self.bytes / 1e9 / seconds * 60


def measure(studies: int, slices: int, parent: Path | None = None) -> Pace:
    """Fill a home, back it up, make another of it and its index anew. The disk cache is warm: it is one machine."""
    folder = new_folder("isocenter-restoring-", parent)
    try:
        settings = Settings(home=folder / "home", node="bench")
        count = _fill(settings, studies, slices)
        size = sum(
            path.stat().st_size for name in ("store", "journal") for path in (settings.home / name).rglob("*.tar")
        )
        target = backup_store(settings, str(folder / "backups"))
        began = time.monotonic()
        back_up_home(settings, target, with_packs=True, keep=None, index_url=None)
        backed_up = time.monotonic()
        other = replace(settings, home=folder / "restored")
        restore_home(other, target, None, None)
        restored = time.monotonic()
        rebuild_index(other, replace_index=True)
        rebuilt = time.monotonic()
        return Pace(studies, count, size, backed_up - began, restored - backed_up, rebuilt - restored)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(settings: Settings, studies: int, slices: int) -> int:
    make_home(settings.home)
    make_key_file(facts_key_path(settings.home))
    count = 0
    with database_of(settings) as url:
        migrate(url)
        with closing(Database(url)) as database:
            number = ensure_institution(database, "Bench").institution_id
            data = open_bytes(settings)
            scanner = Caller(CallerKind.APPLICATION_ENTITY, "SCANNER", number, (Role.MODALITY,))
            with closing(open_archive(replace(settings, database_url=url), database, data)) as archive:
                found: dict[str, None] = {}
                for instance in endless(load([folder_of(CT, studies, slices)]), "restoring"):
                    if count == studies * slices:
                        break
                    reception = archive.reception(
                        scanner,
                        SOURCE,
                        sop_class_uid=instance.sop_class_uid,
                        sop_instance_uid=instance.sop_instance_uid,
                        transfer_syntax_uid=instance.transfer_syntax_uid,
                    )
                    for part in instance.data_set:
                        reception.write(part)
                    reception.complete()
                    found[instance.study_instance_uid] = None
                    count += 1
                with closing(Sealer(database=database, data=data, processes=2)) as sealer:
                    for study in list(found)[: max(1, len(found) - 1)]:
                        sealer.seal_study(system_caller(number, "bench"), study)
    return count


def markdown(done: list[Pace]) -> str:
    """A table of the worst round."""
    worst = max(done, key=lambda one: one.restore_s / one.bytes)
    return "\n".join(
        [
            f"{worst.instances} CT images in {worst.studies} studies, {worst.bytes / 1e9:.2f} GB of packs and journals,"
            f" worst of {len(done)}:",
            "",
            "| step | seconds | GB a minute |",
            "|---|---|---|",
            f"| backup, each object read back | {worst.backup_s:.1f} | {worst.gb_per_minute(worst.backup_s):.1f} |",
            f"| restore, each digest compared | {worst.restore_s:.1f} | {worst.gb_per_minute(worst.restore_s):.1f} |",
            f"| index made anew | {worst.rebuild_s:.1f} | {worst.gb_per_minute(worst.rebuild_s):.1f} |",
            "",
        ]
    )


def as_json(done: list[Pace]) -> dict[str, object]:
    """Every round."""
    return {"rounds": [asdict(one) for one in done]}
