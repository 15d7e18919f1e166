"""An archive with its Query/Retrieve doors open, and what other toolkits ask of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.association import Association
from tests.adapters.dimse.doubles import workstations_of
from tests.domain.conftest import Hospital, a_ct_slice
from tests.wire.peers import ENVIRONMENT, dcmtk_program
from tests.wire.upper_layer import listening

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.adapters.dimse.admission import CallerOf
from isocenter.adapters.dimse.get_scp import GetScp
from isocenter.adapters.dimse.move_scp import MoveScp
from isocenter.adapters.dimse.query_retrieve_scp import FindScp
from isocenter.adapters.dimse.storage_scp import StorageScp
from isocenter.adapters.dimse.verification_scp import VerificationScp
from isocenter.delivery.library import Library
from isocenter.domain.exchange.destinations import add_destination
from isocenter.wire.listener import Listener
from isocenter.wire.service import Service

CT = "1.2.840.10008.5.1.4.1.1.2"
FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{number}" for number in (1, 2, 3))
PATIENT_FIND, PATIENT_MOVE, PATIENT_GET = (f"1.2.840.10008.5.1.4.1.2.1.{number}" for number in (1, 2, 3))
AE_TITLE = "ISOCENTER"


@dataclass
class Pacs:
    """A listener with every door, and the hospital behind it."""

    listener: Listener
    hospital: Hospital
    library: Library

    def store(self, *, studies: int = 1, series: int = 1, slices: int = 3, patient_id: str = "P1") -> list[str]:
        """Small CT studies 1.2.<patient>.<n>; returns the UIDs of their instances."""
        stored = []
        for study in range(1, studies + 1):
            for one in range(1, series + 1):
                study_uid = f"1.2.{patient_id[1:]}.{study}"
                for number in range(1, slices + 1):
                    uid = f"{study_uid}.{one}.{number}"
                    data = a_ct_slice(number, study=study_uid, series=f"{study_uid}.{one}", patient_id=patient_id)
                    self.hospital.store(data, uid=uid)
                    stored.append(uid)
        return stored

    def add_destination(self, ae_title: str, port: int, **fields: object) -> None:
        """As an administrator would."""
        caller = Caller(CallerKind.USER, "1", self.hospital.caller.institution_id, (Role.ADMINISTRATOR,))
        values = {"name": ae_title, "ae_title": ae_title, "host": "127.0.0.1", "port": port, **fields}
        add_destination(caller, self.hospital.database, values)

    @contextmanager
    def associated(
        self, *contexts: str, storage: bool = False, handlers: Any = (), extended: Any = ()
    ) -> Iterator[Association]:
        """An association of pynetdicom's. storage: CT with the role of SCP."""
        entity = AE("WORKSTATION")
        for each in contexts:
            entity.add_requested_context(each)
        roles = []
        if storage:
            entity.add_requested_context(CT)
            roles = [build_role(CT, scp_role=True)]
        host, port = self.listener.address
        association = entity.associate(
            host, port, ae_title=AE_TITLE, ext_neg=[*roles, *extended], evt_handlers=list(handlers)
        )
        assert association.is_established
        try:
            yield association
        finally:
            association.release()

    def dcmtk(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One of DCMTK's programs against this listener."""
        host, port = self.listener.address
        return subprocess.run(
            [dcmtk_program(program), "-aec", AE_TITLE, *arguments, host, str(port)],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@contextmanager
def opened(
    hospital: Hospital, library: Library, caller_of: CallerOf | None = None, *, answer_timeout_s: float = 30.0
) -> Iterator[Pacs]:
    """The doors of a hospital."""
    institution_id = hospital.caller.institution_id
    caller_of = caller_of or workstations_of(institution_id)
    services: list[Service] = [
        StorageScp(hospital.archive, caller_of),
        VerificationScp(),
        FindScp(library, caller_of),
        GetScp(library, caller_of),
        MoveScp(library, caller_of, AE_TITLE, answer_timeout_s=answer_timeout_s),
    ]
    with listening(services) as listener:
        yield Pacs(listener, hospital, library)


def identifier(level: str, **keys: Any) -> Dataset:
    """An identifier of keywords."""
    made = Dataset()
    made.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(made, keyword, value)
    return made


def answers(responses: Any) -> tuple[list[Dataset], Dataset]:
    """(identifiers of the pending answers, the final command) of pynetdicom's responses."""
    pending = []
    final = Dataset()
    for status, found in responses:
        assert "Status" in status, "the association broke"
        if status.Status in (0xFF00, 0xFF01):
            pending.append(found)
        final = status
    return pending, final


def received_by(folder: Path) -> set[str]:
    """SOP Instance UIDs of the files in a folder."""
    from pydicom import dcmread

    return {str(dcmread(path, stop_before_pixels=True).SOPInstanceUID) for path in folder.iterdir()}


def keeping(kept: dict[str, Dataset], status: int = 0) -> tuple[Any, Any]:
    """A handler of C-STORE for pynetdicom that keeps what comes."""

    def take(event: Any) -> int:
        kept[str(event.request.AffectedSOPInstanceUID)] = event.dataset
        return status

    return (evt.EVT_C_STORE, take)
