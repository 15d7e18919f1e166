"""`isocenter send STUDY --to NAME`."""

from __future__ import annotations

import dataclasses
import time

from isocenter.apps.cli.exit_codes import SOME_REFUSED
from isocenter.apps.cli.running import running_isocenter
from isocenter.apps.cli.terminal import err, out, tell_json
from isocenter.domain.exchange import sending as verbs
from isocenter.domain.exchange.destinations import destination_named
from isocenter.domain.exchange.peers import WantedInstances
from isocenter.index.transfers import Failure, Transfer
from isocenter.standards.dicom.uids import check_uid

LOOK_EVERY_S = 0.5


def send(study: str, *, to: str, series: list[str], wait: bool, as_json: bool) -> int:
    """Order the transfer, and wait for its end if asked. The exit code: 0 sent or ordered, 1 when it failed."""
    wanted = WantedInstances(
        check_uid(study, "StudyInstanceUID"), tuple(check_uid(each, "SeriesInstanceUID") for each in series)
    )
    with running_isocenter() as running:
        destination = destination_named(running.caller, running.database, to)
        transfer_id = verbs.send(running.caller, running.database, destination.destination_id, wanted)
        found, failures = verbs.transfer(running.caller, running.database, transfer_id)
        told: str | None = None
        while wait and found.state not in ("done", "failed"):
            time.sleep(LOOK_EVERY_S)
            found, failures = verbs.transfer(running.caller, running.database, transfer_id)
            told = _tell_trouble(found, told)
    if as_json:
        tell_json(dataclasses.asdict(found) | {"failures": [dataclasses.asdict(each) for each in failures]})
    else:
        _show(found, failures)
    return SOME_REFUSED if found.state == "failed" else 0


def _tell_trouble(found: Transfer, told: str | None) -> str | None:
    """Why an attempt failed, once for each reason, while somebody waits."""
    if found.state == "waiting" and found.last_error not in (None, told):
        err.print(f"Not yet: {found.last_error}; the next attempt is at {found.next_attempt_at:%H:%M:%S}.")
        return found.last_error
    return told


def _show(found: Transfer, failures: list[Failure]) -> None:
    for each in failures:
        status = f"{each.status:04X}" if each.status >= 0 else "not sent"
        out.print(f"refused  {each.sop_instance_uid}: {status} {each.comment or ''}", markup=False)
    if found.state in ("done", "failed"):
        out.print(
            f"{found.done} of {found.total} sent to {found.destination_name}, {found.failed} refused.", markup=False
        )
    else:
        out.print(f"Transfer {found.transfer_id} to {found.destination_name} is on its way.", markup=False)
