"""`isocenter backup`, `restore` and `rebuild-index`: what they say."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from isocenter.apps.cli.exit_codes import SOME_REFUSED
from isocenter.apps.cli.running import running_isocenter
from isocenter.apps.cli.terminal import complain, err, out, tell_json
from isocenter.apps.home import NotRunning
from isocenter.apps.recovering import (
    back_up_home,
    backup_store,
    forward_index,
    locked,
    rebuild_index,
    restore_home,
)
from isocenter.apps.settings_from_environment import settings_from_environment
from isocenter.domain.continuity.backup import verify_backup
from isocenter.domain.continuity.backup_format import NoBackup, backup_ids
from isocenter.domain.continuity.forward import Forward


def backup(to: str, *, with_packs: bool, keep: int | None, database: str | None, as_json: bool) -> int:
    """Back up the running Isocenter, or the home at rest."""
    with ExitStack() as stack:
        try:
            settings = stack.enter_context(running_isocenter()).settings
        except NotRunning:
            settings = settings_from_environment()
            if not (settings.home / "secrets" / "facts.key").exists():
                raise
            stack.enter_context(locked(settings.home))
        target = backup_store(settings, to)
        done = back_up_home(settings, target, with_packs=with_packs, keep=keep, index_url=database)
    if as_json:
        tell_json(
            {
                "backup_id": done.backup_id,
                "objects": done.object_count,
                "copied_objects": done.copied_objects,
                "copied_bytes": done.copied_bytes,
                "segments": done.segment_count,
                "removed": done.removed_backups,
            }
        )
        return 0
    out.print(f"Backup {done.backup_id} is complete.", markup=False)
    out.print(
        f"{done.object_count} objects, {done.copied_objects} of them new; {done.segment_count} journal segments; "
        f"{done.copied_bytes / 1e6:,.1f} MB written."
    )
    if done.removed_backups:
        out.print(f"{len(done.removed_backups)} older backups removed.")
    return 0


def check_backup(place: str, backup_id: str | None, *, as_json: bool) -> int:
    """Read every byte of a backup."""
    source = backup_store(settings_from_environment(), place)
    wanted = backup_id or next(reversed(backup_ids(source)), None)
    if wanted is None:
        raise NoBackup("There is no finished backup there.")
    problems = verify_backup(source, wanted)
    if as_json:
        tell_json({"backup_id": wanted, "problems": problems})
    else:
        out.print(f"Backup {wanted}: " + (f"{len(problems)} problems." if problems else "sound."), markup=False)
        for name in problems[:100]:
            err.print(f"  {name}", style="red", markup=False)
    return SOME_REFUSED if problems else 0


def restore(place: str, backup_id: str | None, secrets: Path | None, *, as_json: bool) -> int:
    """Make the home of the settings of a backup."""
    settings = settings_from_environment()
    done = restore_home(settings, backup_store(settings, place), backup_id, secrets)
    manifest = done.examined.manifest
    if as_json:
        tell_json(
            {
                "backup_id": manifest.backup_id,
                "home": str(settings.home),
                "rows": dict(manifest.counts),
                "objects": manifest.object_count,
                **_told(done.forward),
            }
        )
    else:
        out.print(f"{settings.home} is made of backup {manifest.backup_id} of {manifest.at:%Y-%m-%d %H:%M:%S} UTC.")
        out.print(
            f"{manifest.counts.get('study', 0)} studies, {manifest.object_count} objects; every row and digest as "
            "saved. `isocenter up` starts it."
        )
        _show(done.forward)
    return SOME_REFUSED if done.forward.problems else 0


def rebuild(*, replace_index: bool, forward_only: bool, as_json: bool) -> int:
    """Make the index of the home at rest anew, or take in what the one that is there does not know."""
    settings = settings_from_environment()
    forward = forward_index(settings) if forward_only else rebuild_index(settings, replace_index=replace_index)
    if as_json:
        tell_json(_told(forward))
    elif forward_only:
        _show(forward)
    else:
        out.print("The index is made anew. People, devices, rules and the audit trail are not in it: enter them again.")
        _show(forward)
    return SOME_REFUSED if forward.problems else 0


def _told(forward: Forward) -> dict[str, object]:
    return {
        "packs": forward.adopted.packs,
        "sealed_instances": forward.adopted.instances,
        "journal_members": forward.journal.members,
        "journal_instances": forward.journal.recorded,
        "facts": {number: one.done for number, one in forward.facts.items()},
        "problems": forward.problems,
    }


def _show(forward: Forward) -> None:
    facts = sum(sum(one.done.values()) for one in forward.facts.values())
    out.print(
        f"Taken in besides: {forward.adopted.packs} packs with {forward.adopted.instances} instances, "
        f"{forward.journal.recorded} instances of journals, {facts} facts."
    )
    if forward.problems:
        complain(f"{len(forward.problems)} things could not be taken in:")
        for one in forward.problems[:100]:
            err.print(f"  {one}", style="red", markup=False)
